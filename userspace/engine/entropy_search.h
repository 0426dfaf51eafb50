/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The entropy-guided choice of the target perplexity.  Inside the engine only. */
#ifndef ENG_ENTROPY_SEARCH_H
#define ENG_ENTROPY_SEARCH_H

#include "embed.h"

/*
 * Try perplexities and say which is best; see entropy_search.c for how one is
 * scored.  @trace: params->candidates lines (its default where that is 0), or
 * NULL; @ntrace: how many were tried.  -ENOMEM, -ECANCELED, -ERANGE.
 */
int embed_choose_perplexity(const struct eng_env *env, const float *x, size_t d, size_t ld,
			    const struct eng_groups *groups,
			    const struct eng_embed_params *params, struct eng_trace *trace,
			    uint32_t *ntrace, float *perplexity);

/* Count the work of one occupancy entropy of @n points. */
void embed_entropy_count(const struct eng_env *env, size_t n);

#endif /* ENG_ENTROPY_SEARCH_H */

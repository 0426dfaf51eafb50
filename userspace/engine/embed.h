/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The reduced space: neighbours, bandwidths, affinities and t-SNE, of all rows
 * or of each class on its own, at a given perplexity or at one that is chosen
 * by entropy.
 */
#ifndef ENG_EMBED_H
#define ENG_EMBED_H

#include "bandwidth.h"
#include "groups.h"
#include "knn.h"
#include "tsne.h"

/* One line of the trace of an entropy-guided choice. */
struct eng_trace {
	float perplexity;
	float entropy;		/* of the occupancy of the plane, normalised to [0, 1] */
	float fidelity;		/* neighbourhoods kept, [0, 1] */
	float objective;	/* what is maximised */
	float kl;
	uint32_t rows;		/* embedded for this line */
	uint32_t iterations;
	uint32_t chosen;	/* 1 in the line that was returned */
};

struct eng_embed_params {
	struct eng_bandwidth_params bandwidth;	/* perplexity: the target, or the first tried */
	struct eng_tsne_params tsne;
	bool entropy_guided;
	float perplexity_min, perplexity_max;	/* of the search; 0: 5, 100 */
	uint32_t candidates;			/* most perplexities tried; 0: 8 */
	size_t nrows;				/* rows of y; 0: up to the last in a group */
	enum eng_knn_method neighbours;		/* of the result; trials are small and exact */
};

struct eng_embed_stats {
	float perplexity;	/* that of the result, in its largest group */
	float entropy;		/* of the result, weighted by group size */
	float kl;		/* weighted by group size */
	uint32_t iterations;	/* summed over groups, of the result */
	struct eng_bandwidth_stats bandwidth;
	uint32_t ntrace;	/* lines written to the trace */
	struct eng_knn_stats neighbours; /* of the group with the lowest recall; none: zeros */
};

/*
 * Embed each group of @groups on its own: @x is n x @ld float32 features
 * (@d columns), @y n x 2, rows in dataset order; rows in no group get NaN.
 * Each group's picture is centred on the origin; groups overlap in the plane
 * and are told apart by their label alone.
 *
 * A perplexity that a group is too small for is lowered to (size - 1) / 3,
 * groups of fewer than 8 rows get a layout from their features and count as
 * ENG_ROW_ABOVE_K.  @flags: one enum eng_row_flag a row (those of rows in no
 * group stay as they are), or NULL.  @trace: room for params->candidates lines, or
 * NULL.  Progress: in each phase of a group, rows of all groups; in the choice
 * of the perplexity, groups embedded.
 *
 * -EINVAL (no rows, no features, a perplexity not above 1, perplexity_min above
 * perplexity_max), -ENOMEM, -ECANCELED, -ERANGE as eng_tsne() has it.
 */
int eng_embed(const struct eng_env *env, const float *x, size_t d, size_t ld,
	      const struct eng_groups *groups, const struct eng_embed_params *params,
	      float *y, uint8_t *flags, struct eng_trace *trace, struct eng_embed_stats *stats);

/*
 * Most bytes that eng_embed() holds at a time beside what it is given, for
 * groups of at most @largest_group rows at a perplexity of at most @perplexity.
 */
size_t eng_embed_memory(size_t largest_group, size_t d, float perplexity, unsigned int threads);

/*
 * The same of the choice of a perplexity up to @perplexity_max, which is over
 * before the embedding begins: the larger of the two counts.
 */
size_t eng_embed_choice_memory(size_t largest_group, size_t d, float perplexity_max,
			       unsigned int threads);

#endif /* ENG_EMBED_H */

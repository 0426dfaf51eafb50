/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The embedding of one group of rows.  Inside the engine only. */
#ifndef ENG_EMBED_GROUP_H
#define ENG_EMBED_GROUP_H

#include "embed.h"

/* Fewer rows than this have no neighbourhoods worth the name. */
#define EMBED_LEAST_ROWS 8

/* Features of some rows, packed, at least two columns. */
struct embed_rows {
	float *x;		/* n x ld */
	size_t n, d, ld;
};

/* Copy the rows that @row names out of @x.  -ENOMEM.  Free rows->x. */
int embed_gather(const struct eng_env *env, const float *x, size_t d, size_t ld,
		 const uint32_t *row, size_t n, struct embed_rows *rows);

/* The perplexity that @n rows bear, at most (n - 1) / 3, and its neighbours. */
float embed_perplexity(size_t n, float perplexity);
size_t embed_neighbours(size_t n, float perplexity);

/* Start positions @y (n x 2) from the principal axes of the rows. */
int embed_start(const struct eng_env *env, const struct embed_rows *rows, uint64_t seed,
		float *y);

/* The first @k neighbours of each row of @nb, copied.  -ENOMEM. */
int embed_cut(const struct eng_neighbours *nb, size_t k, struct eng_neighbours *out);

/*
 * Bandwidths, affinities and t-SNE: moves @y from its start.  @nb is freed as
 * soon as it is not needed.  @bandwidth->perplexity as it is to be met.
 */
int embed_layout(const struct eng_env *env, struct eng_neighbours *nb,
		 const struct eng_bandwidth_params *bandwidth,
		 const struct eng_tsne_params *tsne, float *y, uint8_t *flags,
		 struct eng_bandwidth_stats *bandwidth_stats, struct eng_tsne_stats *tsne_stats);

/* Move the mean of @y (n x 2) to the origin. */
void embed_centre(float *y, size_t n);

#endif /* ENG_EMBED_GROUP_H */

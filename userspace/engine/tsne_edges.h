/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The affinities as the iterations of t-SNE read them: in the points' spatial order. */
#ifndef ENG_TSNE_EDGES_H
#define ENG_TSNE_EDGES_H

#include "affinity.h"

struct eng_edges;	/* hot/tsne.h */

/* Room for the edges of @p, rows padded to sixteen.  -ENOMEM. */
int eng_edges_create(const struct eng_affinity *p, struct eng_edges *e);
void eng_edges_destroy(struct eng_edges *e);

/*
 * Fill in: row i is row @order[i] of @p, and its columns are renamed by @rank,
 * the inverse of @order.
 */
void eng_edges_fill(const struct eng_env *env, const struct eng_affinity *p,
		    const uint32_t *order, const uint32_t *rank, struct eng_edges *e);

/*
 * The order of @n points of the plane (@y is n x 2, finite) along a Hilbert
 * curve; points of one cell keep their order.  @key is scratch.  -ENOMEM.
 */
int eng_spatial_order(const float *y, size_t n, uint64_t *key, uint32_t *order);

#endif /* ENG_TSNE_EDGES_H */

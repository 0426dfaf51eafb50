/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Symmetric affinities P of stochastic neighbour embedding, sparse. */
#ifndef ENG_AFFINITY_H
#define ENG_AFFINITY_H

#include "knn.h"

/* Compressed rows; the columns of a row ascend; symmetric, and sums to 1. */
struct eng_affinity {
	size_t n;
	size_t *start;		/* n + 1 */
	uint32_t *col;		/* start[n] */
	float *p;		/* start[n]: p_ij = (p(j|i) + p(i|j)) / 2n */
};

/*
 * Symmetrise the conditional probabilities @cond (n x k, as eng_bandwidth()
 * gives them).  -EINVAL (no rows), -ENOMEM, -ECANCELED.  Free with eng_affinity_free().
 */
int eng_affinity(const struct eng_env *env, const struct eng_neighbours *nb,
		 const float *cond, struct eng_affinity *out);

void eng_affinity_free(struct eng_affinity *a);

#endif /* ENG_AFFINITY_H */

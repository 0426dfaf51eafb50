/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Exact k nearest neighbours. */
#ifndef ENG_KNN_H
#define ENG_KNN_H

#include "env.h"

/* Neighbours of n points: row i holds k of them, nearest first, never i itself. */
struct eng_neighbours {
	size_t n, k;
	uint32_t *index;	/* n x k */
	float *dist2;		/* n x k, squared Euclidean distances, ascending in a row */
};

/*
 * The @k nearest neighbours of each of the @n rows of @x (@d columns, @ld
 * floats from one row to the next), by blocked products with a running top-k;
 * the candidates, a few more than @k, are then measured directly, sum of
 * (a - b)^2, and ordered by distance and, where that ties, by index.
 *
 * 1 <= k < n.  Memory beside the result: eng_knn_memory() bytes, linear in n.
 * -EINVAL, -ENOMEM, -ECANCELED.  Free with eng_neighbours_free().
 */
int eng_knn(const struct eng_env *env, const float *x, size_t n, size_t d, size_t ld,
	    size_t k, struct eng_neighbours *out);

void eng_neighbours_free(struct eng_neighbours *nb);

size_t eng_knn_memory(size_t n, size_t d, size_t k, unsigned int threads);

#endif /* ENG_KNN_H */

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* k nearest neighbours: exact, or of many rows approximate with measured recall. */
#ifndef ENG_KNN_H
#define ENG_KNN_H

#include "env.h"

/* Neighbours of n points: row i holds k of them, nearest first, never i itself. */
struct eng_neighbours {
	size_t n, k;
	uint32_t *index;	/* n x k */
	float *dist2;		/* n x k, squared Euclidean distances, ascending in a row */
};

/* How they are found. */
enum eng_knn_method {
	ENG_KNN_AUTO,	/* exact up to ENG_KNN_EXACT_ROWS, else approximate */
	ENG_KNN_EXACT,
	ENG_KNN_IVF,	/* inverted file: approximate */
	ENG_KNN_NMETHODS
};

#define ENG_KNN_EXACT_ROWS 131072

/* What was done. */
struct eng_knn_stats {
	enum eng_knn_method method;	/* that ran: never ENG_KNN_AUTO */
	/* share of the 10 nearest, and of the k nearest, that were found, by a sample; exact: 1 */
	float recall10, recall;
	uint32_t sample;	/* rows that it was measured on */
	uint32_t cells, probed;	/* of the inverted file, and of these looked at for each row */
};

#define ENG_KNN_STATS_EXACT { ENG_KNN_EXACT, 1.0f, 1.0f, 0, 0, 0 }

/*
 * The @k nearest neighbours of each of the @n rows of @x (@d columns, @ld
 * floats from one row to the next), exactly, by blocked products with a running
 * top-k; the candidates, a few more than @k, are then measured directly, sum of
 * (a - b)^2, and ordered by distance and, where that ties, by index.
 *
 * 1 <= k < n.  Memory beside the result: eng_knn_memory() bytes, linear in n.
 * -EINVAL, -ENOMEM, -ECANCELED.  Free with eng_neighbours_free().
 */
int eng_knn(const struct eng_env *env, const float *x, size_t n, size_t d, size_t ld,
	    size_t k, struct eng_neighbours *out);

/*
 * The same among the candidates of an inverted file (Sivic and Zisserman, ICCV
 * 2003; Jegou, Douze and Schmid, PAMI 33, 2011): rows fall into the Voronoi cells
 * of k-means' centres, and the neighbours of a row are sought in the cells nearest
 * to its own.  How many cells are looked at is settled by measurement: the exact
 * neighbours of a sample of rows say how many it takes for a recall of
 * ENG_KNN_RECALL of the 10 nearest and of all k.  Where that takes too many to be
 * worth it the search is exact, as it is where there are too few rows.
 *
 * Candidates are measured and ordered as by eng_knn().  A recall close to the
 * bound is subject to the sample.  @stats may be NULL.  Errors as eng_knn() has them.
 */
#define ENG_KNN_RECALL 0.98f

int eng_knn_ivf(const struct eng_env *env, const float *x, size_t n, size_t d, size_t ld,
		size_t k, struct eng_neighbours *out, struct eng_knn_stats *stats);

/* The lowest recall of several searches, and the method that had it. */
void eng_knn_stats_add(struct eng_knn_stats *sum, const struct eng_knn_stats *one);

/* One or the other. */
int eng_knn_by(const struct eng_env *env, enum eng_knn_method method, const float *x, size_t n,
	       size_t d, size_t ld, size_t k, struct eng_neighbours *out,
	       struct eng_knn_stats *stats);

/* Room for @k neighbours of @n rows.  -ENOMEM. */
int eng_neighbours_create(size_t n, size_t k, struct eng_neighbours *nb);
void eng_neighbours_free(struct eng_neighbours *nb);

/* Most bytes beside the result, whichever the method. */
size_t eng_knn_memory(size_t n, size_t d, size_t k, unsigned int threads);

#endif /* ENG_KNN_H */

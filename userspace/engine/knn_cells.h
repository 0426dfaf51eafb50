/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cells of an inverted file.  Inside the neighbour search only. */
#ifndef ENG_KNN_CELLS_H
#define ENG_KNN_CELLS_H

#include "env.h"

/* Places are numbered cell by cell; a cell's last strip may have empty ones. */
struct knn_cells {
	size_t n, count, places;
	float *centre;		/* count x d */
	size_t *start;		/* count + 1: first place of each, a multiple of ENG_GEMM_NR_MAX */
	size_t *rows;		/* count: in each */
	uint32_t *name;		/* places: the row in it, or KNN_NOBODY */
	uint32_t *of;		/* n: the cell of each row */
};

/*
 * Some rows' k-means, a few iterations of it, and all rows to the nearest of the
 * centres.  Cells that grew far beyond the others (of copies, say) are cut up.
 * count is 0 where there are too few rows for cells.  The same cells with any
 * number of threads.  -ENOMEM, -ECANCELED.
 */
int knn_cells_create(const struct eng_env *env, const float *x, size_t n, size_t d, size_t ld,
		     struct knn_cells *cells);
void knn_cells_destroy(struct knn_cells *cells);

/* Cells that @n rows have, before any are cut; and most places that they take. */
size_t knn_cells_count(size_t n);
size_t knn_cells_places(size_t n);
/* Most bytes that it works in and leaves. */
size_t knn_cells_memory(size_t n, size_t d, unsigned int threads);

#endif /* ENG_KNN_CELLS_H */

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the neighbour search share. */
#ifndef ENG_KNN_INTERNAL_H
#define ENG_KNN_INTERNAL_H

#include <stdatomic.h>

#include "gemm.h"
#include "hot/gemm.h"
#include "knn.h"

#define KNN_STRIPS 16	/* at most, of the left operand in a block */

struct knn {
	const struct eng_env *env;
	const struct eng_gemm_ops *ops;
	const float *x;
	size_t n, d, ld, k;
	size_t keep;		/* candidates after a selection */
	size_t room;		/* candidates before one */
	size_t rows;		/* in a block */
	float *mean;		/* d: taken off for the screening, which rounds less then */
	float *right;		/* all rows less the mean, packed */
	float *seed;		/* -|y|^2 / 2; -infinity beyond the last row */
	double *norm2;		/* n: |y|^2 */
	double longest;		/* the greatest |y| */
	struct knn_worker *workers;
	struct eng_neighbours *out;
	size_t first_block;	/* of the step under way */
	atomic_bool cancelled;
};

struct knn_worker {
	float *left;		/* the block's rows less the mean, packed */
	float *centred;		/* the same not packed */
	float *bound;		/* for each row: what is not above it is no candidate */
	size_t *count;		/* for each row */
	uint64_t *entry;	/* rows x room */
	uint64_t *spare;	/* room */
	uint32_t *index;	/* room */
	float *dist2;		/* room */
	bool again;		/* the block is being screened a second time */
};

/*
 * Copy @rows rows from @first, less the mean, d floats from one to the next.
 * Fewer at the end of x: returns how many.
 */
size_t knn_centre(const struct knn *s, size_t first, size_t rows, float *to);

/* Find the neighbours of one block of rows: a chunk for eng_parallel(). */
void knn_block(void *arg, size_t chunk, unsigned int worker);

#endif /* ENG_KNN_INTERNAL_H */

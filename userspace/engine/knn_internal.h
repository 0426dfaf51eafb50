/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the neighbour search share. */
#ifndef ENG_KNN_INTERNAL_H
#define ENG_KNN_INTERNAL_H

#include <stdatomic.h>

#include "gemm.h"
#include "hot/gemm.h"
#include "knn.h"

#define KNN_STRIPS 16	/* at most, of the left operand in a block */
#define KNN_NOBODY UINT32_MAX	/* the name of a place that no row has */

/* Rows whose neighbours are sought together, and where: in the cells that @list names. */
struct knn_block {
	size_t first, rows;
	const uint32_t *list;
	size_t cells;
	size_t others;		/* rows in them, less one */
};

/*
 * Rows have places 0 ... n - 1, which fall into cells.  In the exact search the
 * place of a row is its number and there is one cell.
 */
struct knn {
	const struct eng_env *env;
	const struct eng_gemm_ops *ops;
	const float *x;
	size_t n, d, ld, k;
	const uint32_t *name;	/* n: of the row in each place; NULL: its place */
	const size_t *start;	/* first place of each cell, a multiple of ENG_GEMM_NR_MAX, and n */
	const struct knn_block *blocks;
	size_t nblocks;
	size_t keep;		/* candidates after a selection */
	size_t room;		/* candidates before one */
	size_t rows;		/* in a block, at most */
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
	size_t looks;		/* strips gone by, for the looks at whether to go on */
};

/* The row in a place. */
static inline uint32_t knn_name(const struct knn *s, size_t place)
{
	return s->name ? s->name[place] : (uint32_t)place;
}

/*
 * Settle keep, room and rows, from ops, the number of rows (not of places: it may
 * hold some that are empty) and k.
 */
void knn_plan(struct knn *s, size_t rows);

/* Make what the search works in; x, n and name are set.  -ENOMEM.  knn_end() in any case. */
int knn_begin(struct knn *s);
void knn_end(struct knn *s);

/* Find the neighbours of all blocks, and count the work. @report: tell of progress. */
int knn_run(struct knn *s, bool report);

/*
 * Copy @rows rows from @first, less the mean, d floats from one to the next.
 * Fewer at the end of x: returns how many.
 */
size_t knn_centre(const struct knn *s, size_t first, size_t rows, float *to);

/* What the inverted file needs beyond the exact search, at most. */
size_t knn_ivf_memory(size_t n, size_t d, unsigned int threads);

/* Find the neighbours of one block of rows: a chunk for eng_parallel(). */
void knn_search(void *arg, size_t chunk, unsigned int worker);

#endif /* ENG_KNN_INTERNAL_H */

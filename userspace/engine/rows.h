/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rows of numbers as the user has them.  Read in blocks, so that a dataset
 * that is mapped from a file and larger than memory works.
 */
#ifndef ENG_ROWS_H
#define ENG_ROWS_H

#include "env.h"

/* Element types.  The numbers are those of enum nms_hw_dtype. */
enum eng_dtype {
	ENG_U8 = 1,
	ENG_I8,
	ENG_F16,	/* IEEE binary16 */
	ENG_BF16,
	ENG_F32,
	ENG_F64,
};

struct eng_rows {
	const void *base;	/* row 0, column 0; not owned; any alignment */
	size_t nrows, ncols;
	size_t stride;		/* bytes from one row to the next */
	enum eng_dtype dtype;	/* little-endian elements, packed within a row */
};

/* Bytes of an element; 0 for a value that is no dtype. */
size_t eng_dtype_size(enum eng_dtype dtype);

/*
 * Convert @count rows from row @first to float32 at @dst, @ld floats from one
 * row to the next (the columns from ncols to @ld are set to zero).  f64 is
 * rounded to nearest.  The caller keeps the range inside the rows.
 */
void eng_rows_load(const struct eng_rows *rows, size_t first, size_t count,
		   float *dst, size_t ld);

/* The same for the rows that @index names. */
void eng_rows_gather(const struct eng_rows *rows, const uint32_t *index, size_t count,
		     float *dst, size_t ld);

/*
 * Look for a value that is not finite, or whose magnitude is above 1e18 (its
 * square would not fit into float32).  -EDOM: env's fault names the first row
 * and column in row order.  -ECANCELED.  Integer rows return at once.
 */
int eng_rows_check(const struct eng_env *env, const struct eng_rows *rows);

/* Rows in a block that fits into a core's second-level cache, at least 16. */
size_t eng_rows_block(const struct eng_rows *rows);

#endif /* ENG_ROWS_H */

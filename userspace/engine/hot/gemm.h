/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inner loops of products and of distances; see gemm.h and knn.h. */
#ifndef ENG_HOT_GEMM_H
#define ENG_HOT_GEMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No variant has larger tiles. */
#define ENG_GEMM_MR_MAX 16
#define ENG_GEMM_NR_MAX 32

struct eng_gemm_ops {
	size_t mr, nr;		/* rows in a strip of the left and of the right operand */

	/* c (mr x nr, @ldc apart) = the product of two strips, or its sum with what @c holds. */
	void (*tile)(const float *a, const float *b, size_t k, float *c, size_t ldc, bool add);

	/*
	 * The product of two strips with column j begun at seed[j].  Bit j of hits[i] says
	 * whether element (i, j) is above bound[i]; @c (mr x nr, packed) is written only where
	 * there are any.  Bit i of what is returned: whether row i has any.
	 */
	uint32_t (*screen)(const float *a, const float *b, size_t k, const float *seed,
			   const float *bound, float *c, uint32_t *hits);

	/* out[i] = sum of (x - y)^2 over @d columns, y being row index[i] of @rows, @ld apart. */
	void (*distances)(const float *x, const float *rows, size_t ld, size_t d,
			  const uint32_t *index, size_t count, float *out);

	/* Sum of x y over @n, held in sixteen lanes; and y += a x. */
	double (*dot)(const double *x, const double *y, size_t n);
	void (*axpy)(double a, const double *x, double *y, size_t n);
};

#endif /* ENG_HOT_GEMM_H */

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Products of float32 matrices, the workhorse of neighbours, kernels and PCA.
 *
 * Each element of a product is one sum over k in ascending order, so neither
 * tiles nor vectors show in the bits.
 */
#ifndef ENG_GEMM_H
#define ENG_GEMM_H

#include "env.h"

struct eng_gemm_ops;

/* The inner loops that serve @env; those of profile "portable" where it names none. */
const struct eng_gemm_ops *eng_gemm_ops(const struct eng_env *env);

/*
 * Panels: rows of a matrix packed in strips, for eng_gemm_tile().  A strip of
 * the left operand has eng_gemm_mr() rows, of the right eng_gemm_nr().
 */
size_t eng_gemm_mr(const struct eng_env *env);
size_t eng_gemm_nr(const struct eng_env *env);
size_t eng_gemm_packed_size(size_t rows, size_t k, size_t strip);	/* floats */

/* Pack @rows rows of @x (@k columns, @ld apart) in strips of @strip; the last is filled with 0. */
void eng_gemm_pack(const float *x, size_t rows, size_t k, size_t ld, size_t strip, float *packed);

/*
 * The same for the transpose: strips of @strip of the @cols columns of @x (@k
 * rows, @ld apart).  A strip of @packed has room for @depth >= @k rows, the
 * first to be written being @from: so a panel can be filled piece by piece.
 */
void eng_gemm_pack_columns(const float *x, size_t k, size_t cols, size_t ld, size_t strip,
			   float *packed, size_t depth, size_t from);

/*
 * C (m x n, @ldc apart) = A B^T, or C += A B^T if @add, from packed panels.
 * One thread.  @ldc at least n rounded up to a strip of the right operand, and
 * C has rows for m rounded up to a strip of the left one.  With @add the sum
 * goes on from what C holds, so that k can be cut without a change of bits.
 */
void eng_gemm_tile(const struct eng_env *env, const float *a, size_t m, const float *b, size_t n,
		   size_t k, float *c, size_t ldc, bool add);

#endif /* ENG_GEMM_H */

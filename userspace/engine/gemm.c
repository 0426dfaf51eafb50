// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gemm.h"

#include <string.h>

#include "hot/gemm.h"
#include "profile.h"

const struct eng_gemm_ops *eng_gemm_ops(const struct eng_env *env)
{
	const struct eng_kernels *kernels = env->kernels;

	if (!kernels)
		kernels = eng_kernels_find("portable", NULL);
	return kernels->gemm;
}

size_t eng_gemm_mr(const struct eng_env *env)
{
	return eng_gemm_ops(env)->mr;
}

size_t eng_gemm_nr(const struct eng_env *env)
{
	return eng_gemm_ops(env)->nr;
}

size_t eng_gemm_packed_size(size_t rows, size_t k, size_t strip)
{
	return (rows + strip - 1) / strip * strip * k;
}

void eng_gemm_pack(const float *x, size_t rows, size_t k, size_t ld, size_t strip, float *packed)
{
	for (size_t first = 0; first < rows; first += strip, packed += strip * k) {
		size_t here = rows - first < strip ? rows - first : strip;

		if (here < strip)
			memset(packed, 0, strip * k * sizeof(*packed));
		for (size_t p = 0; p < k; p++)
			for (size_t r = 0; r < here; r++)
				packed[p * strip + r] = x[(first + r) * ld + p];
	}
}

void eng_gemm_pack_columns(const float *x, size_t k, size_t cols, size_t ld, size_t strip,
			   float *packed, size_t depth, size_t from)
{
	packed += from * strip;
	for (size_t first = 0; first < cols; first += strip, packed += strip * depth) {
		size_t here = cols - first < strip ? cols - first : strip;

		for (size_t p = 0; p < k; p++) {
			memcpy(packed + p * strip, x + p * ld + first, here * sizeof(*packed));
			memset(packed + p * strip + here, 0, (strip - here) * sizeof(*packed));
		}
	}
}

void eng_gemm_tile(const struct eng_env *env, const float *a, size_t m, const float *b, size_t n,
		   size_t k, float *c, size_t ldc, bool add)
{
	const struct eng_gemm_ops *ops = eng_gemm_ops(env);

	/* A strip of the right operand stays in the first-level cache meanwhile. */
	for (size_t j = 0; j < n; j += ops->nr)
		for (size_t i = 0; i < m; i += ops->mr)
			ops->tile(a + i * k, b + j * k, k, c + i * ldc + j, ldc, add);
}

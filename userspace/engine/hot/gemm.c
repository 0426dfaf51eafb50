// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hot.h"

#include "gemm.h"

/*
 * MR x NV accumulators of native vectors, as many as the registers hold beside
 * NV of the right operand and one broadcast: 24 of 32 with AVX-512, 12 of 16
 * with AVX2.  Native, not vf: compilers keep an array of vf in memory.
 */
#if VNATIVE == 16
#define MR 12
#define NV 2
#elif VNATIVE == 8
#define MR 6
#define NV 2
#else
#define MR 2
#define NV 4
#endif
#define NR (NV * VNATIVE)

struct acc {
	eng_native c[MR][NV];
};

ENG_INLINE eng_native n_load(const float *x)
{
#if VNATIVE == 16
	return (eng_native)_mm512_loadu_ps(x);
#elif VNATIVE == 8
	return (eng_native)_mm256_loadu_ps(x);
#else
	eng_native r;

	memcpy(&r, x, sizeof(r));
	return r;
#endif
}

ENG_INLINE void n_store(float *x, eng_native a)
{
#if VNATIVE == 16
	_mm512_storeu_ps(x, (__m512)a);
#elif VNATIVE == 8
	_mm256_storeu_ps(x, (__m256)a);
#else
	memcpy(x, &a, sizeof(a));
#endif
}

/* A broadcast from memory; v_set() would add to zero on the way. */
ENG_INLINE eng_native n_set(float x)
{
#if VNATIVE == 16
	return (eng_native)_mm512_set1_ps(x);
#elif VNATIVE == 8
	return (eng_native)_mm256_set1_ps(x);
#else
	return (eng_native){ x, x, x, x };
#endif
}

/* As v_fma(). */
ENG_INLINE eng_native n_fma(eng_native a, eng_native b, eng_native c)
{
#if !defined(ENG_FMA)
	return a * b + c;
#elif VNATIVE == 16
	return (eng_native)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#else
	return (eng_native)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#endif
}

/* Goes on from the sums in @acc. */
ENG_INLINE void multiply(const float *a, const float *b, size_t k, struct acc *acc)
{
	for (size_t p = 0; p < k; p++, a += MR, b += NR) {
		eng_native right[NV];

		ENG_UNROLL
		for (int j = 0; j < NV; j++)
			right[j] = n_load(b + j * VNATIVE);
		ENG_UNROLL
		for (int i = 0; i < MR; i++) {
			eng_native left = n_set(a[i]);

			ENG_UNROLL
			for (int j = 0; j < NV; j++)
				acc->c[i][j] = n_fma(left, right[j], acc->c[i][j]);
		}
	}
}

static void tile(const float *a, const float *b, size_t k, float *c, size_t ldc, bool add)
{
	struct acc acc;

	ENG_UNROLL
	for (int i = 0; i < MR; i++)
		ENG_UNROLL
		for (int j = 0; j < NV; j++)
			acc.c[i][j] = n_set(0.0f);
	if (add) {
		float *row = c;

		ENG_UNROLL
		for (int i = 0; i < MR; i++, row += ldc)
			ENG_UNROLL
			for (int j = 0; j < NV; j++)
				acc.c[i][j] = n_load(row + j * VNATIVE);
	}
	multiply(a, b, k, &acc);
	ENG_UNROLL
	for (int i = 0; i < MR; i++, c += ldc)
		ENG_UNROLL
		for (int j = 0; j < NV; j++)
			n_store(c + j * VNATIVE, acc.c[i][j]);
}

/* Bit i: lane i of @a is above that of @b. */
ENG_INLINE uint32_t above(eng_native a, eng_native b)
{
#if VNATIVE == 16
	return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_GT_OQ);
#elif VNATIVE == 8
	return (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps((__m256)a, (__m256)b, _CMP_GT_OQ));
#elif defined(__SSE2__)
	return (uint32_t)_mm_movemask_ps(_mm_cmpgt_ps((__m128)a, (__m128)b));
#else
	uint32_t bits = 0;

	for (int i = 0; i < VNATIVE; i++)
		bits |= (uint32_t)(a[i] > b[i]) << i;
	return bits;
#endif
}

static uint32_t screen(const float *a, const float *b, size_t k, const float *seed,
		       const float *bound, float *c, uint32_t *hits)
{
	uint32_t rows = 0;
	struct acc acc;

	ENG_UNROLL
	for (int i = 0; i < MR; i++)
		ENG_UNROLL
		for (int j = 0; j < NV; j++)
			acc.c[i][j] = n_load(seed + j * VNATIVE);
	multiply(a, b, k, &acc);
	ENG_UNROLL
	for (int i = 0; i < MR; i++) {
		eng_native limit = n_set(bound[i]);
		uint32_t row = 0;

		ENG_UNROLL
		for (int j = 0; j < NV; j++)
			row |= above(acc.c[i][j], limit) << (j * VNATIVE);
		hits[i] = row;
		rows |= (uint32_t)(row != 0) << i;
	}
	if (!rows)
		return 0;
	/* All rows: which of them have hits is beyond prediction. */
	ENG_UNROLL
	for (int i = 0; i < MR; i++)
		ENG_UNROLL
		for (int j = 0; j < NV; j++)
			n_store(c + i * NR + j * VNATIVE, acc.c[i][j]);
	return rows;
}

/* Rows ahead whose memory is asked for; they lie anywhere. */
#define AHEAD 6

/* Lanes 16 - n to 15 of the vector at keep_last + n are kept, n of them. */
static const float keep_last[2 * VLANES] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
};

/* A few columns, fewer than lanes. */
ENG_INLINE float distance_short(const float *x, const float *y, size_t d)
{
	float part[VLANES] = { 0 };
	vf t;

	for (size_t i = 0; i < d; i++)
		part[i] = x[i] - y[i];
	t = v_load(part);
	return v_sum(v_mul(t, t));
}

ENG_INLINE float distance(const float *x, const float *y, size_t d)
{
	size_t i = 0;
	vf sum = v_zero(), t;

	for (; i + VLANES <= d; i += VLANES) {
		t = v_sub(v_load(x + i), v_load(y + i));
		sum = v_fma(t, t, sum);
	}
	if (i < d) {
		/* The last sixteen columns, less those that have been added. */
		t = v_sub(v_load(x + d - VLANES), v_load(y + d - VLANES));
		t = v_mul(t, v_load(keep_last + (d - i)));
		sum = v_fma(t, t, sum);
	}
	return v_sum(sum);
}

static void distances(const float *x, const float *rows, size_t ld, size_t d,
		      const uint32_t *index, size_t count, float *out)
{
	for (size_t i = 0; i < count; i++) {
		const float *y = rows + index[i] * ld;

		if (i + AHEAD < count)
			for (size_t j = 0; j < d; j += 64 / sizeof(float))
				__builtin_prefetch(rows + index[i + AHEAD] * ld + j);
		out[i] = d < VLANES ? distance_short(x, y, d) : distance(x, y, d);
	}
}

static double dot(const double *x, const double *y, size_t n)
{
	size_t whole = n / VLANES * VLANES;
	double sum[VLANES] = { 0 };

	for (size_t i = 0; i < whole; i += VLANES)
		for (int j = 0; j < VLANES; j++)
			sum[j] += x[i + (size_t)j] * y[i + (size_t)j];
	for (size_t i = whole; i < n; i++)
		sum[i - whole] += x[i] * y[i];
	for (int half = VLANES / 2; half; half /= 2)
		for (int j = 0; j < half; j++)
			sum[j] += sum[j + half];
	return sum[0];
}

static void axpy(double a, const double *restrict x, double *restrict y, size_t n)
{
	for (size_t i = 0; i < n; i++)
		y[i] += a * x[i];
}

const struct eng_gemm_ops ENG_HOT(gemm) = {
	.mr = MR,
	.nr = NR,
	.tile = tile,
	.screen = screen,
	.distances = distances,
	.dot = dot,
	.axpy = axpy,
};

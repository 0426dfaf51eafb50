/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Quintic B-splines on a grid: charges to nodes, potential and gradient back.
 * Included by one file of hot/ only.  Six nodes a row in eight lanes, the last
 * two with weight zero.
 */
#ifndef ENG_HOT_SPLINE_H
#define ENG_HOT_SPLINE_H

typedef float v8 __attribute__((vector_size(32)));
typedef float v4 __attribute__((vector_size(16)));

ENG_INLINE v8 v8_load(const float *x)
{
	v8 r;

	memcpy(&r, x, sizeof(r));
	return r;
}

/* Not a sum with zero, which takes an addition each and which gcc splits badly. */
ENG_INLINE v8 v8_set(float x)
{
#if VNATIVE > 4
	return (v8)_mm256_set1_ps(x);
#else
	return (v8){ x, x, x, x, x, x, x, x };
#endif
}

ENG_INLINE v8 v8_fma(v8 a, v8 b, v8 c)
{
#if defined(ENG_FMA)
	return (v8)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
	return a * b + c;
#endif
}

#define C8(a, b, c, d, e, f) \
	((v8){ a / 120.0f, b / 120.0f, c / 120.0f, d / 120.0f, e / 120.0f, f / 120.0f, 0, 0 })

/* Weights of the six nodes at @t in [0, 1) past the third of them, less one: M6(t + 5 - j). */
ENG_INLINE v8 spline_weights(float t)
{
	v8 x = v8_set(t), w = C8(-1.0f, 5.0f, -10.0f, 10.0f, -5.0f, 1.0f);

	w = v8_fma(w, x, C8(5.0f, -20.0f, 30.0f, -20.0f, 5.0f, 0.0f));
	w = v8_fma(w, x, C8(-10.0f, 20.0f, 0.0f, -20.0f, 10.0f, 0.0f));
	w = v8_fma(w, x, C8(10.0f, 20.0f, -60.0f, 20.0f, 10.0f, 0.0f));
	w = v8_fma(w, x, C8(-5.0f, -50.0f, 0.0f, 50.0f, 5.0f, 0.0f));
	return v8_fma(w, x, C8(1.0f, 26.0f, 66.0f, 26.0f, 1.0f, 0.0f));
}

/* Their derivatives. */
ENG_INLINE v8 spline_slopes(float t)
{
	v8 x = v8_set(t), w = C8(-5.0f, 25.0f, -50.0f, 50.0f, -25.0f, 5.0f);

	w = v8_fma(w, x, C8(20.0f, -80.0f, 120.0f, -80.0f, 20.0f, 0.0f));
	w = v8_fma(w, x, C8(-30.0f, 60.0f, 0.0f, -60.0f, 30.0f, 0.0f));
	w = v8_fma(w, x, C8(20.0f, 40.0f, -120.0f, 40.0f, 20.0f, 0.0f));
	return v8_fma(w, x, C8(-5.0f, -50.0f, 0.0f, 50.0f, 5.0f, 0.0f));
}

static void spread(const float *at, size_t count, float *grid, size_t ld)
{
	for (size_t i = 0; i < count; i++) {
		int ix = (int)at[2 * i], iy = (int)at[2 * i + 1];
		v8 wx = spline_weights(at[2 * i] - (float)ix);
		v8 wy = spline_weights(at[2 * i + 1] - (float)iy);
		float *row = grid + (size_t)iy * ld + (size_t)ix;

		for (int r = 0; r < ENG_SPLINE; r++, row += ld) {
			v8 g = v8_fma(v8_set(wy[r]), wx, v8_load(row));

			memcpy(row, &g, sizeof(g));
		}
	}
}

/* Sums of three vectors at once, eight lanes each, folded in halves: 8 -> 4 -> 2 -> 1. */
ENG_INLINE v4 sum3(v8 a, v8 b, v8 c)
{
	v4 p = __builtin_shufflevector(a, a, 0, 1, 2, 3) + __builtin_shufflevector(a, a, 4, 5, 6, 7);
	v4 q = __builtin_shufflevector(b, b, 0, 1, 2, 3) + __builtin_shufflevector(b, b, 4, 5, 6, 7);
	v4 r = __builtin_shufflevector(c, c, 0, 1, 2, 3) + __builtin_shufflevector(c, c, 4, 5, 6, 7);
	v4 pq = __builtin_shufflevector(p, q, 0, 1, 4, 5) + __builtin_shufflevector(p, q, 2, 3, 6, 7);
	v4 rr = r + __builtin_shufflevector(r, r, 2, 3, 0, 1);

	return __builtin_shufflevector(pq, rr, 0, 2, 4, 5) +
	       __builtin_shufflevector(pq, rr, 1, 3, 5, 4);
}

static double gather(const float *at, const uint32_t *index, size_t count,
		     const float *grid, size_t ld, float scale, float *force)
{
	double total = 0.0;

	for (size_t i = 0; i < count; i++) {
		int ix = (int)at[2 * i], iy = (int)at[2 * i + 1];
		float tx = at[2 * i] - (float)ix, ty = at[2 * i + 1] - (float)iy;
		v8 wx = spline_weights(tx), wy = spline_weights(ty), sy = spline_slopes(ty);
		const float *row = grid + (size_t)iy * ld + (size_t)ix;
		v8 value = {}, slope = {};
		v4 sum;

		for (int r = 0; r < ENG_SPLINE; r++, row += ld) {
			v8 g = v8_load(row);

			value = v8_fma(v8_set(wy[r]), g, value);
			slope = v8_fma(v8_set(sy[r]), g, slope);
		}
		sum = sum3(value * spline_slopes(tx), slope * wx, value * wx);
		force[2 * (size_t)index[i]] = scale * sum[0];
		force[2 * (size_t)index[i] + 1] = scale * sum[1];
		total += (double)sum[2];
	}
	return total;
}

#endif /* ENG_HOT_SPLINE_H */

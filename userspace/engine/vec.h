/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sixteen float32 lanes, whatever the processor's vectors hold.
 *
 * Files under hot/ are compiled once per variant (profile x instruction set).
 * A profile fixes the bits; an instruction set only the speed:
 *
 *	portable	multiply and add are rounded each on their own
 *	fma		VFMA() rounds once
 *
 * and since a sum is always held in sixteen lanes that are folded in one fixed
 * order, all instruction sets of a profile give the same bits.  Everything is
 * compiled with -ffp-contract=off: nothing is fused but what says VFMA().
 */
#ifndef ENG_VEC_H
#define ENG_VEC_H

#include <stdint.h>
#include <string.h>

#if defined(ENG_FMA) && !defined(__FMA__)
#error "profile fma is for instruction sets that have it"
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define VLANES 16

#if defined(__AVX512F__)
#define VNATIVE 16
#elif defined(__AVX2__)
#define VNATIVE 8
#else
#define VNATIVE 4
#endif
#define VPARTS (VLANES / VNATIVE)

typedef float eng_native __attribute__((vector_size(4 * VNATIVE)));
typedef int32_t eng_nativei __attribute__((vector_size(4 * VNATIVE)));

typedef struct {
	eng_native p[VPARTS];
} vf;

typedef struct {
	eng_nativei p[VPARTS];
} vi;

/*
 * A vf of several native vectors is a struct to the compiler.  gcc keeps it in
 * registers only if loops over its parts are gone before anything else is done,
 * and passes it by way of memory to what is not inlined.
 */
#define ENG_UNROLL _Pragma("GCC unroll 16")
#define ENG_INLINE static inline __attribute__((always_inline))
#define VEACH ENG_UNROLL for (int v_ = 0; v_ < VPARTS; v_++)

ENG_INLINE vf v_set(float x)
{
	vf r;

	/* x + 0 would take an instruction, and make -0 to +0. */
#if VNATIVE == 16
	VEACH r.p[v_] = (eng_native)_mm512_set1_ps(x);
#elif VNATIVE == 8
	VEACH r.p[v_] = (eng_native)_mm256_set1_ps(x);
#else
	VEACH r.p[v_] = (eng_native){ x, x, x, x };
#endif
	return r;
}

ENG_INLINE vf v_zero(void)
{
	return v_set(0.0f);
}

/* Any alignment.  Part by part: gcc copies a whole vf in pieces of 16 bytes, by way of memory. */
ENG_INLINE vf v_load(const float *x)
{
	vf r;

	VEACH memcpy(&r.p[v_], x + v_ * VNATIVE, sizeof(eng_native));
	return r;
}

ENG_INLINE void v_store(float *x, vf a)
{
	VEACH memcpy(x + v_ * VNATIVE, &a.p[v_], sizeof(eng_native));
}

ENG_INLINE vf v_add(vf a, vf b)
{
	VEACH a.p[v_] += b.p[v_];
	return a;
}

ENG_INLINE vf v_sub(vf a, vf b)
{
	VEACH a.p[v_] -= b.p[v_];
	return a;
}

ENG_INLINE vf v_mul(vf a, vf b)
{
	VEACH a.p[v_] *= b.p[v_];
	return a;
}

ENG_INLINE vf v_div(vf a, vf b)
{
	VEACH a.p[v_] /= b.p[v_];
	return a;
}

/* a < b ? a : b, and so on: b where either is NaN. */
ENG_INLINE vf v_min(vf a, vf b)
{
	VEACH {
		eng_nativei m = a.p[v_] < b.p[v_];

		a.p[v_] = (eng_native)((m & (eng_nativei)a.p[v_]) | (~m & (eng_nativei)b.p[v_]));
	}
	return a;
}

ENG_INLINE vf v_max(vf a, vf b)
{
	VEACH {
		eng_nativei m = a.p[v_] > b.p[v_];

		a.p[v_] = (eng_native)((m & (eng_nativei)a.p[v_]) | (~m & (eng_nativei)b.p[v_]));
	}
	return a;
}

/* a * b + c by the profile's rule. */
ENG_INLINE vf v_fma(vf a, vf b, vf c)
{
#if !defined(ENG_FMA)
	VEACH c.p[v_] = a.p[v_] * b.p[v_] + c.p[v_];
#elif VNATIVE == 16
	VEACH c.p[v_] = (eng_native)_mm512_fmadd_ps((__m512)a.p[v_], (__m512)b.p[v_],
						    (__m512)c.p[v_]);
#else
	VEACH c.p[v_] = (eng_native)_mm256_fmadd_ps((__m256)a.p[v_], (__m256)b.p[v_],
						    (__m256)c.p[v_]);
#endif
	return c;
}

/* The same for one number. */
static inline float s_fma(float a, float b, float c)
{
#if defined(ENG_FMA)
	return __builtin_fmaf(a, b, c);
#else
	return a * b + c;
#endif
}

/* Sum of the lanes, folded in halves: 16 -> 8 -> 4 -> 2 -> 1. */
ENG_INLINE float v_sum(vf a)
{
#if defined(__SSE2__)
	__m128 x;

#if VNATIVE == 16
	__m256 half = _mm256_add_ps(_mm512_castps512_ps256((__m512)a.p[0]),
				    _mm512_extractf32x8_ps((__m512)a.p[0], 1));
#elif VNATIVE == 8
	__m256 half = (__m256)(a.p[0] + a.p[1]);
#endif
#if VNATIVE > 4
	x = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
#else
	x = (__m128)((a.p[0] + a.p[2]) + (a.p[1] + a.p[3]));
#endif
	x = _mm_add_ps(x, _mm_movehl_ps(x, x));
	return _mm_cvtss_f32(_mm_add_ss(x, _mm_shuffle_ps(x, x, 1)));
#else
	float x[VLANES];

	v_store(x, a);
	for (int half = VLANES / 2; half; half /= 2)
		for (int i = 0; i < half; i++)
			x[i] += x[i + half];
	return x[0];
#endif
}

/*
 * exp(x) for x <= 0; 0 below -87.  Relative error below 2e-7.  Range reduction
 * by log 2 in two parts (Cody and Waite) and a polynomial of degree 6 fitted
 * on [-log(2)/2, log(2)/2]; coefficients from Cephes expf (S. Moshier).
 */
ENG_INLINE vf v_exp_neg(vf x)
{
	const vf lo = v_set(-87.0f);
	vf xc = v_max(x, lo);
	vf n, r, y;

	/* Nearest integer by the shift trick: exact for |n| < 2^22. */
	n = v_fma(xc, v_set(1.44269504f), v_set(12582912.0f));
	n = v_sub(n, v_set(12582912.0f));
	r = v_fma(n, v_set(-0.693359375f), xc);
	r = v_fma(n, v_set(2.12194440e-4f), r);
	y = v_set(1.9875691500e-4f);
	y = v_fma(y, r, v_set(1.3981999507e-3f));
	y = v_fma(y, r, v_set(8.3334519073e-3f));
	y = v_fma(y, r, v_set(4.1665795894e-2f));
	y = v_fma(y, r, v_set(1.6666665459e-1f));
	y = v_fma(y, r, v_set(5.0000001201e-1f));
	y = v_fma(v_mul(y, r), r, v_add(r, v_set(1.0f)));
	VEACH {
		eng_nativei e = __builtin_convertvector(n.p[v_], eng_nativei);
		eng_nativei keep = x.p[v_] >= lo.p[v_];

		e = (e + 127) << 23;
		y.p[v_] = (eng_native)((eng_nativei)(y.p[v_] * (eng_native)e) & keep);
	}
	return y;
}

#endif /* ENG_VEC_H */

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Exponential and logarithms in double precision, of + - * / and the bits of a
 * number alone: the same bits with every compiler and on every machine, which
 * a C library does not promise.  Nothing may be contracted in here
 * (-ffp-contract=off).
 *
 * Methods and coefficients as in fdlibm (Sun Microsystems, 1993, e_exp.c and
 * e_log.c).  Largest relative error seen in 2e7 arguments: 1.4e-16 of
 * eng_exp(), 1.5e-16 of eng_log(), 3.0e-16 of eng_log2(); promised: 1e-15,
 * wherever argument and result are normal numbers.
 */
#ifndef ENG_FMATH_H
#define ENG_FMATH_H

#include <stdint.h>
#include <string.h>

#define ENG_LN2_HI 6.93147180369123816490e-01	/* 33 bits: k times it is exact */
#define ENG_LN2_LO 1.90821492927058770002e-10
#define ENG_LOG2E 1.44269504088896338700e+00

static inline uint64_t eng_bits(double x)
{
	uint64_t u;

	memcpy(&u, &x, sizeof(u));
	return u;
}

static inline double eng_from_bits(uint64_t u)
{
	double x;

	memcpy(&x, &u, sizeof(x));
	return x;
}

/* 2^k for -1022 <= k <= 1023. */
static inline double eng_pow2(int k)
{
	return eng_from_bits((uint64_t)(k + 1023) << 52);
}

/* e^x.  Infinity above 709.78; falls through the subnormals to 0 below -745.13; NaN for NaN. */
static inline double eng_exp(double x)
{
	double hi, lo, r, t, c, y;
	int k;

	if (!(x <= 709.782712893384))
		return x != x ? x : eng_from_bits(0x7ff0000000000000u);
	if (x < -745.1332191019412)
		return 0.0;
	/* x = k log 2 + r, |r| <= log(2) / 2, r in two parts */
	k = (int)(ENG_LOG2E * x + (x < 0.0 ? -0.5 : 0.5));
	hi = x - k * ENG_LN2_HI;
	lo = k * ENG_LN2_LO;
	r = hi - lo;
	/* e^r = 1 + 2r / (R - r), R = r (e^r + 1) / (e^r - 1), even in r */
	t = r * r;
	c = 4.13813679705723846039e-08;
	c = -1.65339022054652515390e-06 + t * c;
	c = 6.61375632143793436117e-05 + t * c;
	c = -2.77777777770155933842e-03 + t * c;
	c = 1.66666666666666019037e-01 + t * c;
	c = r - t * c;
	y = 1.0 - ((lo - (r * c) / (2.0 - c)) - hi);
	/* in two steps, as 2^k alone need not be a normal number */
	return y * eng_pow2(k / 2) * eng_pow2(k - k / 2);
}

/* Split x = 2^k (1 + f), sqrt(1/2) <= 1 + f < sqrt(2); 0 unless x is positive and finite. */
static inline int eng_log_split(double x, int *k, double *f)
{
	const uint64_t sqrt_half = 0x3fe6a09e667f3bcdu;
	uint64_t u;

	*k = 0;
	if (!(x > 0.0) || eng_bits(x) >= 0x7ff0000000000000u)
		return 0;
	if (x < 0x1p-1022) {
		x *= 0x1p54;
		*k = -54;
	}
	u = eng_bits(x) - sqrt_half;
	*k += (int)((int64_t)u >> 52);
	*f = eng_from_bits((u & 0x000fffffffffffffu) + sqrt_half) - 1.0;
	return 1;
}

/* log(1 + f) = f - (f^2/2 - *tail), sqrt(1/2) <= 1 + f < sqrt(2). */
static inline double eng_log_tail(double f)
{
	double s = f / (2.0 + f);
	double z = s * s, r;

	r = 1.479819860511658591e-01;
	r = 1.531383769920937332e-01 + z * r;
	r = 1.818357216161805012e-01 + z * r;
	r = 2.222219843214978396e-01 + z * r;
	r = 2.857142874366239149e-01 + z * r;
	r = 3.999999999940941908e-01 + z * r;
	r = 6.666666666666735130e-01 + z * r;
	r *= z;
	return s * (0.5 * f * f + r);
}

/* What a logarithm of a number without one is. */
static inline double eng_log_special(double x)
{
	if (x == 0.0)
		return eng_from_bits(0xfff0000000000000u);
	return x > 0.0 || x != x ? x : eng_from_bits(0x7ff8000000000000u);
}

/* Natural logarithm: -infinity at 0, NaN below. */
static inline double eng_log(double x)
{
	double f, half;
	int k;

	if (!eng_log_split(x, &k, &f))
		return eng_log_special(x);
	half = 0.5 * f * f;
	return k * ENG_LN2_HI - ((half - (eng_log_tail(f) + k * ENG_LN2_LO)) - f);
}

/* Logarithm to base 2, exact for powers of two. */
static inline double eng_log2(double x)
{
	double f;
	int k;

	if (!eng_log_split(x, &k, &f))
		return eng_log_special(x);
	return k + (f - (0.5 * f * f - eng_log_tail(f))) * ENG_LOG2E;
}

#endif /* ENG_FMATH_H */

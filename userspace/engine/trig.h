/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Roots of unity in double precision, by + - * / alone, so that every machine
 * and every C library gives the same bits.
 */
#ifndef ENG_TRIG_H
#define ENG_TRIG_H

#include <stdint.h>

/* sin(x) and cos(x) for 0 <= x <= pi/4: Taylor series, remainder below 2^-54. */
static inline double eng_sin_octant(double x)
{
	double x2 = x * x, y = -1.0 / 1307674368000.0;

	y = y * x2 + 1.0 / 6227020800.0;
	y = y * x2 - 1.0 / 39916800.0;
	y = y * x2 + 1.0 / 362880.0;
	y = y * x2 - 1.0 / 5040.0;
	y = y * x2 + 1.0 / 120.0;
	y = y * x2 - 1.0 / 6.0;
	return x + x * x2 * y;
}

static inline double eng_cos_octant(double x)
{
	double x2 = x * x, y = 1.0 / 20922789888000.0;

	y = y * x2 - 1.0 / 87178291200.0;
	y = y * x2 + 1.0 / 479001600.0;
	y = y * x2 - 1.0 / 3628800.0;
	y = y * x2 + 1.0 / 40320.0;
	y = y * x2 - 1.0 / 720.0;
	y = y * x2 + 1.0 / 24.0;
	return 1.0 - 0.5 * x2 + x2 * x2 * y;
}

/*
 * cos and sin of 2 pi k / n, n > 0.  The angle is folded into the first octant
 * in integers, so that symmetric roots agree exactly.  n below 2^60.
 */
static inline void eng_unit_root(uint64_t k, uint64_t n, double *re, double *im)
{
	const double pi4 = 0.78539816339744830962;
	uint64_t eighths = 8 * (k % n);		/* of a turn, in units of 1/n */
	uint64_t octant = eighths / n, rest = eighths % n;
	double x, c, s;

	/* Odd octants are measured back from their upper end. */
	if (octant & 1)
		rest = n - rest;
	x = pi4 * ((double)rest / (double)n);
	c = eng_cos_octant(x);
	s = eng_sin_octant(x);
	if (((octant + 1) / 2) & 1) {
		double t = c;

		c = s;
		s = t;
	}
	*re = octant >= 2 && octant < 6 ? -c : c;
	*im = octant >= 4 ? -s : s;
}

#endif /* ENG_TRIG_H */

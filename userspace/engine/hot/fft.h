/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inside of fft.h: sixteen one-dimensional transforms at a time, one in each
 * lane.  A sequence of n complex numbers for sixteen lanes lies as n groups
 * of 32 floats: 16 real parts, then 16 imaginary parts.
 *
 * Between the two directions data lie in blocks of sixteen vertical
 * frequencies: [block][x][32], @width groups of 32 in a block.  Only vertical
 * frequencies 0 ... n/2 are kept; the others follow because the input is real.
 */
#ifndef ENG_HOT_FFT_H
#define ENG_HOT_FFT_H

#include <stdbool.h>
#include <stddef.h>

#define ENG_FFT_GROUP 32	/* floats in a group: sixteen complex numbers */
#define ENG_FFT_MAX_STEPS 32

/* One pass of the Stockham autosort algorithm: radix r, r * m points left, s done. */
struct eng_fft_step {
	unsigned int radix;
	size_t m, s;
	const float *twiddle;	/* m x (radix - 1) x {re, im} */
};

struct eng_fft_steps {
	unsigned int count;
	struct eng_fft_step step[ENG_FFT_MAX_STEPS];
};

struct eng_fft {
	size_t n, half;
	size_t blocks;		/* of sixteen vertical frequencies, covering 0 ... n/2 */
	struct eng_fft_steps forward;	/* begins with radix 4 or 2 */
	struct eng_fft_steps inverse;	/* ends with it */
	float *twiddles;
};

/* @work: 2 n groups.  @full: all n inputs of a sequence are given, not n/2. */
struct eng_fft_ops {
	/*
	 * Vertical transforms of @cols <= 32 adjacent real columns, n/2 or n rows
	 * of @in; their 32 groups go to each block of @t (at the columns' place).
	 */
	void (*columns_forward)(const struct eng_fft *plan, const float *in, size_t ld,
				size_t cols, bool full, float *t, size_t width, float *work);
	/* Horizontal transforms of one block: n/2 or n groups of @t to n of @spectrum. */
	void (*rows_forward)(const struct eng_fft *plan, const float *t, bool full,
			     float *spectrum, float *work);
	/* Back, of the product by @kernel, times @scale: n groups to n/2 of @t. */
	void (*rows_inverse)(const struct eng_fft *plan, const float *spectrum,
			     const float *kernel, float scale, float *t, float *work);
	/* Both at once for a real spectrum @kernel (n x 16), n/2 groups of @t in place. */
	void (*rows_filter)(const struct eng_fft *plan, const float *kernel, float *t,
			    float *work);
	/* Vertical transforms back to n/2 rows of @cols <= 32 real columns. */
	void (*columns_inverse)(const struct eng_fft *plan, const float *t, size_t width,
				float *out, size_t ld, size_t cols, float *work);
};

#endif /* ENG_HOT_FFT_H */

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Real two-dimensional Fourier transforms in float32, for convolution on a
 * square grid whose data fill one quarter: n x n, of which rows and columns
 * [0, n/2) are given or wanted and the rest is zero or ignored.
 */
#ifndef ENG_FFT_H
#define ENG_FFT_H

#include "env.h"

struct eng_fft;

/* The smallest 2^a 3^b 5^c, even, that is not below @n. */
size_t eng_fft_size(size_t n);

/*
 * A plan for n x n; @n as eng_fft_size() gives it.  Read-only once made: any
 * number of threads may use it at once.  -EINVAL, -ENOMEM.
 */
int eng_fft_create(size_t n, struct eng_fft **plan);
void eng_fft_destroy(struct eng_fft *plan);

/* Floats in a spectrum of this plan, and in the scratch that each call needs. */
size_t eng_fft_spectrum_size(const struct eng_fft *plan);
size_t eng_fft_scratch_size(const struct eng_fft *plan, unsigned int threads);

/*
 * Forward: @in is n/2 x n/2, @ld floats from row to row, zero elsewhere.
 * @full: @in is all n x n instead (for the spectrum of a kernel).
 */
void eng_fft_forward(const struct eng_env *env, const struct eng_fft *plan, const float *in,
		     size_t ld, bool full, float *spectrum, float *scratch);

/*
 * Inverse of the product of @spectrum and @kernel, both of this plan, scaled so
 * that the result is the circular convolution; its rows and columns [0, n/2)
 * go to @out, @ld floats from row to row.
 */
void eng_fft_convolve(const struct eng_env *env, const struct eng_fft *plan,
		      const float *spectrum, const float *kernel, float *out, size_t ld,
		      float *scratch);

/*
 * The same for a kernel that is even in both directions, whose spectrum is
 * real: half the memory, and the spectrum of the data never leaves the cache.
 * eng_fft_real_kernel() makes @kernel (eng_fft_kernel_size() floats) of the
 * kernel's @spectrum; frequency (u, v) is multiplied by @factor[u] @factor[v]
 * (n of them) on the way, and by the scale of the inverse.  eng_fft_filter()
 * convolves @in (n/2 x n/2) to @out; they may be the same.
 */
size_t eng_fft_kernel_size(const struct eng_fft *plan);
void eng_fft_real_kernel(const struct eng_fft *plan, const float *spectrum, const float *factor,
			 float *kernel);
void eng_fft_filter(const struct eng_env *env, const struct eng_fft *plan, const float *in,
		    size_t ld, const float *kernel, float *out, size_t ldout, float *scratch);

#endif /* ENG_FFT_H */

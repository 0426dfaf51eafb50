// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bandwidth.h"

#include "hot.h"

/* Betas that share a pass: enough chains of additions to hide their latency. */
#define SHARED 4

ENG_INLINE void moments_of(const float *d, size_t n, const float *beta, float *sum,
			   const int count)
{
	vf nb[SHARED], e[SHARED], s0[SHARED], s1[SHARED];

	ENG_UNROLL
	for (int b = 0; b < count; b++) {
		nb[b] = v_set(-beta[b]);
		s0[b] = v_zero();
		s1[b] = v_zero();
	}
	for (size_t j = 0; j < n; j += VLANES) {
		vf x = v_load(d + j);

		ENG_UNROLL
		for (int b = 0; b < count; b++)
			e[b] = v_exp_neg(v_mul(nb[b], x));
		ENG_UNROLL
		for (int b = 0; b < count; b++) {
			s0[b] = v_add(s0[b], e[b]);
			s1[b] = v_fma(x, e[b], s1[b]);
		}
	}
	ENG_UNROLL
	for (int b = 0; b < count; b++) {
		sum[2 * b] = v_sum(s0[b]);
		sum[2 * b + 1] = v_sum(s1[b]);
	}
}

static void moments(const float *d, size_t n, const float *beta, unsigned int count, float *sum)
{
	unsigned int b = 0;

	for (; b + SHARED <= count; b += SHARED)
		moments_of(d, n, beta + b, sum + 2 * b, SHARED);
	for (; b + 2 <= count; b += 2)
		moments_of(d, n, beta + b, sum + 2 * b, 2);
	if (b < count)
		moments_of(d, n, beta + b, sum + 2 * b, 1);
}

static void moments3(const float *d, size_t n, float beta, float sum[3])
{
	vf nb = v_set(-beta), s0 = v_zero(), s1 = v_zero(), s2 = v_zero();

	for (size_t j = 0; j < n; j += VLANES) {
		vf x = v_load(d + j);
		vf e = v_exp_neg(v_mul(nb, x));
		vf xe = v_mul(x, e);

		s0 = v_add(s0, e);
		s1 = v_add(s1, xe);
		s2 = v_fma(x, xe, s2);
	}
	sum[0] = v_sum(s0);
	sum[1] = v_sum(s1);
	sum[2] = v_sum(s2);
}

static void weights(const float *d, size_t n, float beta, float *e)
{
	vf nb = v_set(-beta), s = v_zero(), inv;

	for (size_t j = 0; j < n; j += VLANES) {
		vf x = v_exp_neg(v_mul(nb, v_load(d + j)));

		v_store(e + j, x);
		s = v_add(s, x);
	}
	inv = v_set(1.0f / v_sum(s));
	for (size_t j = 0; j < n; j += VLANES)
		v_store(e + j, v_mul(v_load(e + j), inv));
}

const struct eng_bandwidth_ops ENG_HOT(bandwidth) = {
	.moments = moments,
	.moments3 = moments3,
	.weights = weights,
};

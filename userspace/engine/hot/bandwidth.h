/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The loops of the bandwidth search over one row of distances. */
#ifndef ENG_HOT_BANDWIDTH_H
#define ENG_HOT_BANDWIDTH_H

#include <stddef.h>

/* What a row is padded with to a multiple of VLANES: its exponential is 0, and 0 times it is 0. */
#define ENG_ROW_PAD 1e30f

/*
 * @d: @n distances that are not negative and were shifted so that the smallest
 * is 0, @n a multiple of VLANES, padded with ENG_ROW_PAD.  beta in
 * [2^-60, 2^100].
 */
struct eng_bandwidth_ops {
	/*
	 * A generation of @count betas in one pass over the row: for each of
	 * them sum[2 * i] = sum over j of exp(-beta d_j), and sum[2 * i + 1] the
	 * sum of d_j exp(-beta d_j).
	 */
	void (*moments)(const float *d, size_t n, const float *beta, unsigned int count,
			float *sum);
	/* One beta, three sums: that of d_j^2 exp(-beta d_j) last. */
	void (*moments3)(const float *d, size_t n, float beta, float sum[3]);
	/* @e: exp(-beta d_j) divided by their sum. */
	void (*weights)(const float *d, size_t n, float beta, float *e);
};

#endif /* ENG_HOT_BANDWIDTH_H */

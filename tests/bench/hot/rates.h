/* SPDX-License-Identifier: GPL-2.0-only */
/* Loops that do one thing as fast as the processor can, once per variant of the engine's. */
#ifndef HOT_RATES_H
#define HOT_RATES_H

#include <stddef.h>
#include <stdint.h>

#include "profile.h"

struct hot_rates {
	/* n steps in registers; each returns what it has done, in units. */
	double (*flops)(size_t n, float *sink);
	double (*exps)(size_t n, float *sink);
	double (*divs)(size_t n, float *sink);
	/* n floats, a multiple of 128: bytes moved. */
	double (*read)(const float *x, size_t n, float *sink);
	double (*triad)(float *a, const float *b, const float *c, size_t n);
};

/* NULL where the engine has no such variant. */
const struct hot_rates *hot_rates_for(const struct eng_kernels *kernels);

/* @n loads of 8 bytes at index[i]; scalar whatever the variant. */
double hot_gather(const uint64_t *x, const uint32_t *index, size_t n, uint64_t *sink);

#endif /* HOT_RATES_H */

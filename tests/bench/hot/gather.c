// SPDX-License-Identifier: GPL-2.0-only
#include "rates.h"

#include <string.h>

/* Variants as meson.build compiles rates.c for them. */
#if defined(__x86_64__)
extern const struct hot_rates eng_rates_fma_avx512, eng_rates_fma_avx2;
extern const struct hot_rates eng_rates_portable_avx512, eng_rates_portable_avx2;
#endif
extern const struct hot_rates eng_rates_portable_generic;

static const struct {
	const char *profile, *isa;
	const struct hot_rates *rates;
} variants[] = {
#if defined(__x86_64__)
	{ "fma", "avx512", &eng_rates_fma_avx512 },
	{ "fma", "avx2", &eng_rates_fma_avx2 },
	{ "portable", "avx512", &eng_rates_portable_avx512 },
	{ "portable", "avx2", &eng_rates_portable_avx2 },
#endif
	{ "portable", "generic", &eng_rates_portable_generic },
};

const struct hot_rates *hot_rates_for(const struct eng_kernels *kernels)
{
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++)
		if (!strcmp(kernels->profile_name, variants[i].profile) &&
		    !strcmp(kernels->isa, variants[i].isa))
			return variants[i].rates;
	return NULL;
}

double hot_gather(const uint64_t *x, const uint32_t *index, size_t n, uint64_t *sink)
{
	uint64_t s[8] = { 0 };

	for (size_t i = 0; i + 8 <= n; i += 8)
		for (size_t k = 0; k < 8; k++)
			s[k] ^= x[index[i + k]];
	for (size_t k = 0; k < 8; k++)
		*sink ^= s[k];
	return (double)(n / 8 * 8);
}

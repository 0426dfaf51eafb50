// SPDX-License-Identifier: LGPL-2.1-or-later
#include "profile.h"

#include <stdbool.h>
#include <string.h>

/* One table for each variant that meson.build compiles hot/ for, best first. */
#if defined(__x86_64__)
extern const struct eng_kernels eng_kernels_fma_avx512, eng_kernels_fma_avx2;
extern const struct eng_kernels eng_kernels_portable_avx512, eng_kernels_portable_avx2;
#endif
extern const struct eng_kernels eng_kernels_portable_generic;

static const struct eng_kernels *const variants[] = {
#if defined(__x86_64__)
	&eng_kernels_fma_avx512,
	&eng_kernels_fma_avx2,
	&eng_kernels_portable_avx512,
	&eng_kernels_portable_avx2,
#endif
	&eng_kernels_portable_generic,
};

static bool runs_here(const struct eng_kernels *k)
{
#if defined(__x86_64__)
	if (!strcmp(k->isa, "avx512"))
		return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
		       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
		       __builtin_cpu_supports("fma");
	if (!strcmp(k->isa, "avx2"))
		return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
	return !strcmp(k->isa, "generic");
}

const struct eng_kernels *eng_kernels_at(size_t i)
{
	for (size_t v = 0; v < sizeof(variants) / sizeof(variants[0]); v++)
		if (runs_here(variants[v]) && !i--)
			return variants[v];
	return NULL;
}

const struct eng_kernels *eng_kernels_find(const char *profile, const char *isa)
{
	const struct eng_kernels *k;

	for (size_t i = 0; (k = eng_kernels_at(i)); i++) {
		if (isa && strcmp(isa, k->isa))
			continue;
		if (!strcmp(profile, "auto") || !strcmp(profile, k->profile_name))
			return k;
	}
	return NULL;
}

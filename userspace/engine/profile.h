/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Arithmetic profiles, and the tables of compiled loops that serve them.
 *
 * A profile names bits, not instructions: the same profile gives the same
 * answer on every machine that has it.  Which instruction set runs it is
 * chosen at run time and does not show in the result.  See vec.h.
 */
#ifndef ENG_PROFILE_H
#define ENG_PROFILE_H

#include <stddef.h>
#include <stdint.h>

/* Raised whenever a change makes any stage give other bits. */
#define ENG_NUMERICS_VERSION 3

/* The numbers are those of enum nms_hw_profile. */
enum eng_profile {
	ENG_PORTABLE = 1,
	ENG_FMA_PROFILE = 2,
	ENG_FIXED_PROFILE = 3,	/* with the widths above it: fixed.h */
};

struct eng_gemm_ops;
struct eng_bandwidth_ops;
struct eng_tsne_ops;
struct eng_fft_ops;
struct eng_select_ops;
struct eng_fixed;

/* One variant: the hot loops of one profile, compiled for one instruction set. */
struct eng_kernels {
	uint32_t profile;		/* enum eng_profile, or eng_fixed_number() */
	const char *profile_name;	/* "portable", "fma", "fixed8/64/12" */
	const char *isa;		/* "generic", "avx2", "avx512" */
	const struct eng_gemm_ops *gemm;
	const struct eng_bandwidth_ops *bandwidth;
	const struct eng_tsne_ops *tsne;
	const struct eng_fft_ops *fft;
	const struct eng_select_ops *select;
	const struct eng_fixed *fixed;	/* the bandwidth search on words; NULL: in float32 */
};

/*
 * The kernels for a profile by name ("portable", "fma", "auto") on the
 * fastest instruction set that this processor has, or on the one named by
 * @isa if that is not NULL.  "auto" is fma where the processor has it.
 * Static; NULL when there are none.
 */
const struct eng_kernels *eng_kernels_find(const char *profile, const char *isa);

/* Walk all variants that this processor can run: 0, 1, ... until NULL. */
const struct eng_kernels *eng_kernels_at(size_t i);

#endif /* ENG_PROFILE_H */

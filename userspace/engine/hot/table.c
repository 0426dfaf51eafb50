// SPDX-License-Identifier: LGPL-2.1-or-later
/* The table of one variant.  Compiled, as all of hot/, once per variant. */
#include "hot.h"

const struct eng_kernels ENG_HOT(kernels) = {
#if defined(ENG_FMA)
	.profile = ENG_FMA_PROFILE,
	.profile_name = "fma",
#else
	.profile = ENG_PORTABLE,
	.profile_name = "portable",
#endif
	.isa = ENG_ISA,
	.gemm = &ENG_HOT(gemm),
	.bandwidth = &ENG_HOT(bandwidth),
	.tsne = &ENG_HOT(tsne),
	.fft = &ENG_HOT(fft),
	.select = &ENG_HOT(select),
};

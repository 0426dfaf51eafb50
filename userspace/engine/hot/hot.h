/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names of a variant's tables.  meson.build defines ENG_VARIANT (say
 * fma_avx512), ENG_ISA ("avx512") and, for profile fma, ENG_FMA.
 */
#ifndef ENG_HOT_H
#define ENG_HOT_H

#include "profile.h"
#include "vec.h"

#define ENG_HOT_PASTE2(name, variant) eng_##name##_##variant
#define ENG_HOT_PASTE(name, variant) ENG_HOT_PASTE2(name, variant)
#define ENG_HOT(name) ENG_HOT_PASTE(name, ENG_VARIANT)

/* Each file of hot/ defines one of these. */
extern const struct eng_gemm_ops ENG_HOT(gemm);
extern const struct eng_bandwidth_ops ENG_HOT(bandwidth);
extern const struct eng_tsne_ops ENG_HOT(tsne);
extern const struct eng_fft_ops ENG_HOT(fft);
extern const struct eng_select_ops ENG_HOT(select);
extern const struct eng_kernels ENG_HOT(kernels);

#endif /* ENG_HOT_H */

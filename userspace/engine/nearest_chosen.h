/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How well chosen rows stand for all. */
#ifndef ENG_NEAREST_CHOSEN_H
#define ENG_NEAREST_CHOSEN_H

#include "env.h"

/*
 * distance[i]: how far row i of @x (n x @d, packed) lies from the nearest of the
 * @k rows that @index names, Euclidean; 0 for these themselves.  Its mean is the
 * quantisation error of the selection (Gersho and Gray, Vector Quantization and
 * Signal Compression, 1992, with the first power of the distance).
 *
 * Which is nearest is found by eng_nearest(), to the rounding of float32; the
 * distance to it is then measured directly.  1 <= k <= n; indices are below n, which
 * is not checked.  Memory: k rows, n numbers, and that of eng_nearest().
 * -EINVAL, -ENOMEM, -ECANCELED.
 */
int eng_nearest_chosen(const struct eng_env *env, const float *x, size_t n, size_t d,
		 const uint32_t *index, size_t k, float *distance);

#endif /* ENG_NEAREST_CHOSEN_H */

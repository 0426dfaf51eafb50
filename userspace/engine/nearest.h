/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Products of a few points against many, tile by tile, and what is made of them. */
#ifndef ENG_NEAREST_H
#define ENG_NEAREST_H

#include "env.h"

/*
 * nearest[i]: which of the @k centres (k x @d) is nearest to point i of @x
 * (n x @d), by |c|^2 / 2 - x c in float32; ties to the lower centre.  No more
 * than a tile of products a thread is held.  1 <= k < 2^31.
 * -ENOMEM, -ECANCELED.
 */
int eng_nearest(const struct eng_env *env, const float *x, size_t n, size_t d,
		const float *centre, size_t k, uint32_t *nearest);

size_t eng_nearest_memory(size_t d, size_t k, unsigned int threads);

#endif /* ENG_NEAREST_H */

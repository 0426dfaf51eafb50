/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Entropy of an embedding. */
#ifndef ENG_ENTROPY_H
#define ENG_ENTROPY_H

#include "env.h"

/*
 * Entropy of the occupancy of the plane by @n points @y (n x 2): a square grid
 * of g x g cells, g the square root of n / 8 rounded down, over the bounding
 * square (the shorter side centred in it), H = -sum q log q, divided by the
 * entropy that @n points spread evenly would have on it.  In [0, 1]; 1 where
 * the grid is a single cell.  Points that are not finite are left out.
 * -ENOMEM.
 */
int eng_occupancy_entropy(const float *y, size_t n, float *entropy);

#endif /* ENG_ENTROPY_H */

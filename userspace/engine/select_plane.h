/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The square around points of the plane. */
#ifndef ENG_SELECT_PLANE_H
#define ENG_SELECT_PLANE_H

#include "select_share.h"

/* The bounding square: the longer side of the bounding box, from its lower corner. */
struct eng_square {
	double x, y, side;	/* side above 0 */
};

/* Around @n positions of the share. */
struct eng_square eng_square_around(const struct eng_share *share, const uint32_t *position,
				    size_t n);

static inline const float *eng_plane_point(const struct eng_share *share, size_t position)
{
	return share->in->y + 2 * (size_t)share->row[position];
}

/* Which of the @cells parts of width side / @scale @offset lies in; the last one has its end. */
static inline uint32_t eng_square_cell(double offset, double side, double scale, uint32_t cells)
{
	const double at = offset / side * scale;

	if (!(at > 0))
		return 0;
	return at < cells ? (uint32_t)at : cells - 1;
}

#endif /* ENG_SELECT_PLANE_H */

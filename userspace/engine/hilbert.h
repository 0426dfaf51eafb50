/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order of points of the plane along a Hilbert curve. */
#ifndef ENG_HILBERT_H
#define ENG_HILBERT_H

#include <stdint.h>

/*
 * The place of cell (@x, @y) of a 65536 x 65536 grid on the curve of Hilbert,
 * Mathematische Annalen 38 (1891), that begins in (0, 0) and ends in (65535, 0).
 */
static inline uint32_t eng_hilbert(uint32_t x, uint32_t y)
{
	uint32_t place = 0;

	for (uint32_t s = 1u << 15; s; s >>= 1) {
		const uint32_t rx = (x & s) != 0, ry = (y & s) != 0;

		place += s * s * ((3 * rx) ^ ry);
		if (!ry) {	/* turn the quadrant into the place of the first */
			uint32_t t = x;

			if (rx) {
				x = ~x;
				y = ~y;
				t = x;
			}
			x = y;
			y = t;
		}
	}
	return place;
}

#endif /* ENG_HILBERT_H */

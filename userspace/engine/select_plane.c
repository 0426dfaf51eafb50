// SPDX-License-Identifier: LGPL-2.1-or-later
#include "select_plane.h"

struct eng_square eng_square_around(const struct eng_share *share, const uint32_t *position,
				    size_t n)
{
	const float *first = eng_plane_point(share, position[0]);
	double lo[2] = { first[0], first[1] }, hi[2] = { first[0], first[1] };
	double side;

	for (size_t i = 1; i < n; i++) {
		const float *p = eng_plane_point(share, position[i]);

		for (int k = 0; k < 2; k++) {
			lo[k] = p[k] < lo[k] ? p[k] : lo[k];
			hi[k] = p[k] > hi[k] ? p[k] : hi[k];
		}
	}
	side = hi[0] - lo[0] > hi[1] - lo[1] ? hi[0] - lo[0] : hi[1] - lo[1];
	return (struct eng_square){ .x = lo[0], .y = lo[1], .side = side > 0 ? side : 1 };
}

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "entropy.h"
#include "fmath.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define POINTS_A_CELL 8

/* The square that all points lie in. */
struct square {
	float corner[2], side;
	size_t points;		/* in it */
};

static bool is_finite(const float *point)
{
	return isfinite(point[0]) && isfinite(point[1]);
}

static struct square bound(const float *y, size_t n)
{
	float lo[2] = { INFINITY, INFINITY }, hi[2] = { -INFINITY, -INFINITY };
	struct square s = { 0 };

	for (size_t i = 0; i < n; i++) {
		if (!is_finite(y + 2 * i))
			continue;
		s.points++;
		for (int c = 0; c < 2; c++) {
			lo[c] = y[2 * i + c] < lo[c] ? y[2 * i + c] : lo[c];
			hi[c] = y[2 * i + c] > hi[c] ? y[2 * i + c] : hi[c];
		}
	}
	if (!s.points)
		return s;
	s.side = hi[0] - lo[0] > hi[1] - lo[1] ? hi[0] - lo[0] : hi[1] - lo[1];
	for (int c = 0; c < 2; c++)
		s.corner[c] = lo[c] - 0.5f * (s.side - (hi[c] - lo[c]));
	return s;
}

static size_t cell_of(const struct square *s, size_t g, const float *point)
{
	size_t at[2];

	for (int c = 0; c < 2; c++) {
		float t = s->side > 0.0f ? (point[c] - s->corner[c]) / s->side : 0.0f;

		t = t > 0.0f ? t * (float)g : 0.0f;
		at[c] = t < (float)g ? (size_t)t : g - 1;
	}
	return at[1] * g + at[0];
}

/* -q log q for a cell with @count of @n points. */
static double term(size_t count, double n)
{
	double q = (double)count / n;

	return count ? -q * eng_log(q) : 0.0;
}

/* The largest entropy that @n points can have on @cells cells. */
static double even(size_t n, size_t cells)
{
	size_t low = n / cells, more = n % cells;

	return (double)more * term(low + 1, (double)n) +
	       (double)(cells - more) * term(low, (double)n);
}

int eng_occupancy_entropy(const float *y, size_t n, float *entropy)
{
	struct square s = bound(y, n);
	size_t g = (size_t)sqrt((double)(s.points / POINTS_A_CELL));
	double h = 0.0;
	uint32_t *count;

	*entropy = 1.0f;
	if (g < 2)
		return 0;
	count = calloc(g * g, sizeof(*count));
	if (!count)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (is_finite(y + 2 * i))
			count[cell_of(&s, g, y + 2 * i)]++;
	for (size_t c = 0; c < g * g; c++)
		h += term(count[c], (double)s.points);
	*entropy = (float)(h / even(s.points, g * g));
	free(count);
	return 0;
}

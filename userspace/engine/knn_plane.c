// SPDX-License-Identifier: LGPL-2.1-or-later
/* Nearest neighbours in the plane: square cells, searched ring by ring. */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "pool.h"
#include "quality.h"

#define POINTS_IN_CELL 3
#define ROWS 256

struct cells {
	const float *y;
	size_t n, side;		/* side x side cells */
	float lo[2], width;
	uint32_t *start;	/* side^2 + 1 */
	uint32_t *point;	/* n, ascending within a cell */
};

struct search {
	const struct eng_env *env;
	struct cells cells;
	struct eng_neighbours *out;
};

static size_t cell_of(const struct cells *c, float v, int axis)
{
	float at = (v - c->lo[axis]) / c->width;

	if (!(at > 0.0f))
		return 0;
	return at < (float)c->side ? (size_t)at : c->side - 1;
}

static void bounds(struct cells *c)
{
	float hi[2] = { c->y[0], c->y[1] }, span;

	c->lo[0] = hi[0];
	c->lo[1] = hi[1];
	for (size_t i = 0; i < 2 * c->n; i++) {
		c->lo[i & 1] = c->y[i] < c->lo[i & 1] ? c->y[i] : c->lo[i & 1];
		hi[i & 1] = c->y[i] > hi[i & 1] ? c->y[i] : hi[i & 1];
	}
	span = hi[0] - c->lo[0] > hi[1] - c->lo[1] ? hi[0] - c->lo[0] : hi[1] - c->lo[1];
	/* All points in one place: any width will do. */
	c->width = span > 0.0f ? span / (float)c->side : 1.0f;
}

static int cells_create(struct cells *c)
{
	size_t cells;

	c->side = (size_t)sqrt((double)c->n / POINTS_IN_CELL) + 1;
	cells = c->side * c->side;
	c->start = calloc(cells + 2, sizeof(*c->start));
	c->point = malloc(c->n * sizeof(*c->point));
	if (!c->start || !c->point)
		return -ENOMEM;
	bounds(c);
	/* Counting sort; start is kept one ahead, so that filling moves it into place. */
	for (size_t i = 0; i < c->n; i++)
		c->start[cell_of(c, c->y[2 * i + 1], 1) * c->side +
			 cell_of(c, c->y[2 * i], 0) + 2]++;
	for (size_t i = 2; i < cells + 2; i++)
		c->start[i] += c->start[i - 1];
	for (size_t i = 0; i < c->n; i++)
		c->point[c->start[cell_of(c, c->y[2 * i + 1], 1) * c->side +
				  cell_of(c, c->y[2 * i], 0) + 1]++] = (uint32_t)i;
	return 0;
}

/* Keep the k best so far in order of distance, then index. */
static size_t insert(float *dist2, uint32_t *index, size_t have, size_t k, float d, uint32_t j)
{
	size_t at = have;

	if (have == k) {
		if (d > dist2[k - 1] || (d == dist2[k - 1] && j > index[k - 1]))
			return have;
		at = k - 1;
	}
	while (at && (dist2[at - 1] > d || (dist2[at - 1] == d && index[at - 1] > j))) {
		dist2[at] = dist2[at - 1];
		index[at] = index[at - 1];
		at--;
	}
	dist2[at] = d;
	index[at] = j;
	return have < k ? have + 1 : k;
}

static size_t scan_cell(const struct search *s, size_t i, size_t cell, size_t have)
{
	const struct cells *c = &s->cells;
	size_t k = s->out->k;

	for (uint32_t at = c->start[cell]; at < c->start[cell + 1]; at++) {
		uint32_t j = c->point[at];
		float dx = c->y[2 * j] - c->y[2 * i], dy = c->y[2 * j + 1] - c->y[2 * i + 1];

		if (j != i)
			have = insert(s->out->dist2 + i * k, s->out->index + i * k, have, k,
				      dx * dx + dy * dy, j);
	}
	return have;
}

/* The cells at Chebyshev distance @ring from (cx, cy). */
static size_t scan_ring(const struct search *s, size_t i, size_t cx, size_t cy, size_t ring,
			size_t have)
{
	size_t side = s->cells.side;
	size_t x0 = cx > ring ? cx - ring : 0, x1 = cx + ring < side ? cx + ring : side - 1;
	size_t y0 = cy > ring ? cy - ring : 0, y1 = cy + ring < side ? cy + ring : side - 1;

	for (size_t y = y0; y <= y1; y++) {
		bool edge = y + ring == cy || y == cy + ring;

		for (size_t x = x0; x <= x1; x++)
			if (edge || x + ring == cx || x == cx + ring)
				have = scan_cell(s, i, y * side + x, have);
	}
	return have;
}

static void search_point(const struct search *s, size_t i)
{
	const struct cells *c = &s->cells;
	size_t cx = cell_of(c, c->y[2 * i], 0), cy = cell_of(c, c->y[2 * i + 1], 1);
	size_t k = s->out->k, have = 0;

	for (size_t ring = 0; ring < c->side; ring++) {
		/* All within (ring - 1) widths has been seen; half a width for rounding. */
		float seen = ((float)ring - 1.5f) * c->width;

		if (have == k && seen > 0.0f && s->out->dist2[i * k + k - 1] < seen * seen)
			break;
		have = scan_ring(s, i, cx, cy, ring, have);
	}
}

static void search_chunk(void *arg, size_t chunk, unsigned int worker)
{
	const struct search *s = arg;
	size_t end = (chunk + 1) * ROWS < s->cells.n ? (chunk + 1) * ROWS : s->cells.n;

	(void)worker;
	if (eng_cancelled(s->env))
		return;
	for (size_t i = chunk * ROWS; i < end; i++)
		search_point(s, i);
}

int eng_knn_plane(const struct eng_env *env, const float *y, size_t n, size_t k,
		  struct eng_neighbours *out)
{
	struct search s = { .env = env, .cells = { .y = y, .n = n }, .out = out };
	int err;

	*out = (struct eng_neighbours){ .n = n, .k = k };
	if (!k || k >= n || n > UINT32_MAX || k > SIZE_MAX / sizeof(float) / n)
		return -EINVAL;
	for (size_t i = 0; i < 2 * n; i++)
		if (!isfinite(y[i]))
			return eng_fault(env, -EINVAL, i / 2, i % 2, (double)y[i], 0);
	out->index = malloc(n * k * sizeof(*out->index));
	out->dist2 = malloc(n * k * sizeof(*out->dist2));
	err = out->index && out->dist2 ? cells_create(&s.cells) : -ENOMEM;
	if (!err) {
		eng_parallel(env, (n + ROWS - 1) / ROWS, search_chunk, &s);
		if (eng_cancelled(env))
			err = -ECANCELED;
	}
	free(s.cells.start);
	free(s.cells.point);
	if (err)
		eng_neighbours_free(out);
	return err;
}

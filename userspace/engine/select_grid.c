// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Grid sampling: the plane is cut into square cells, the heaviest of those that
 * hold points get an exemplar each, the point nearest to the centre.  The width
 * of a cell is searched for such that as many hold points as there are exemplars
 * wanted, or as few more as can be found.
 */
#include <errno.h>
#include <stdlib.h>

#include "select_plane.h"
#include "sort.h"

/* The finest grid tried, and how often its width is bisected. */
#define FINEST 0x1p20
#define BISECTIONS 24

struct grid {
	struct eng_share *share;
	const uint32_t *rest;	/* the positions to choose among, ascending */
	size_t n;
	struct eng_square square;
	uint64_t *key;		/* n */
	uint32_t *point;	/* n: places in rest */
	uint64_t *order;	/* n: key of the final order */
};

static uint64_t cell_of(const struct grid *g, size_t i, double scale)
{
	const float *p = eng_plane_point(g->share, g->rest[i]);
	const uint32_t whole = (uint32_t)scale;
	const uint32_t cells = whole < scale ? whole + 1 : whole;
	const uint32_t x = eng_square_cell(p[0] - g->square.x, g->square.side, scale, cells);
	const uint32_t y = eng_square_cell(p[1] - g->square.y, g->square.side, scale, cells);

	return (uint64_t)y * cells + x;
}

/* From the centre of its cell, squared, in widths of a cell. */
static float off_centre(const struct grid *g, size_t i, double scale)
{
	const float *p = eng_plane_point(g->share, g->rest[i]);
	double x = (p[0] - g->square.x) / g->square.side * scale;
	double y = (p[1] - g->square.y) / g->square.side * scale;

	x -= eng_square_cell(p[0] - g->square.x, g->square.side, scale, UINT32_MAX) + 0.5;
	y -= eng_square_cell(p[1] - g->square.y, g->square.side, scale, UINT32_MAX) + 0.5;
	return (float)(x * x + y * y);
}

/* How many cells of width side / @scale hold points. */
static int occupied(struct grid *g, double scale, size_t *count)
{
	int err;

	for (size_t i = 0; i < g->n; i++) {
		g->key[i] = cell_of(g, i, scale);
		g->point[i] = (uint32_t)i;
	}
	err = eng_sort(g->key, g->point, g->n);
	*count = 0;
	for (size_t i = 0; i < g->n; i++)
		*count += !i || g->key[i] != g->key[i - 1];
	eng_share_count(g->share, ENG_COUNT_NEAR_READ, g->n * 2 * sizeof(float));
	eng_share_count(g->share, ENG_COUNT_MAC, g->n * 2);
	return err;
}

/* The best grid seen: the fewest cells that are enough, or the most if none are. */
struct best {
	double scale;
	size_t count;
};

static int try_scale(struct grid *g, double scale, size_t want, struct best *best)
{
	size_t count;
	int err = occupied(g, scale, &count);
	bool enough = count >= want, was = best->count >= want;

	if (err)
		return err;
	if (enough == was ? (enough ? count < best->count : count > best->count) : enough)
		*best = (struct best){ .scale = scale, .count = count };
	return enough;
}

static int search_scale(struct grid *g, size_t want, double *scale)
{
	struct best best = { .scale = 1, .count = 0 };
	double lo = 0, hi = 1;
	int enough = try_scale(g, hi, want, &best);

	while (!enough && hi < FINEST) {
		lo = hi;
		hi *= 2;
		enough = try_scale(g, hi, want, &best);
	}
	for (int i = 0; lo > 0 && enough >= 0 && best.count > want && i < BISECTIONS; i++) {
		const double middle = lo + (hi - lo) / 2;

		eng_yield(&g->share->env);
		if (eng_cancelled(&g->share->env))
			return -ECANCELED;
		enough = try_scale(g, middle, want, &best);
		if (enough > 0)
			hi = middle;
		else
			lo = middle;
	}
	*scale = best.scale;
	return enough < 0 ? enough : 0;
}

/* Points by cell, and within a cell by distance from its centre, then by row. */
static int sort_points(struct grid *g, double scale)
{
	int err;

	for (size_t i = 0; i < g->n; i++) {
		g->key[i] = eng_sort_float(off_centre(g, i, scale));
		g->point[i] = (uint32_t)i;
	}
	err = eng_sort(g->key, g->point, g->n);
	if (err)
		return err;
	for (size_t i = 0; i < g->n; i++)
		g->key[i] = cell_of(g, g->point[i], scale);
	return eng_sort(g->key, g->point, g->n);
}

/*
 * Order of choice: the nearest to the centre of every cell come first, then the
 * second nearest and so on (should there be fewer cells than exemplars wanted);
 * among these, by mass of the cell, then by row.
 */
static void set_order(struct grid *g)
{
	size_t end;

	for (size_t from = 0; from < g->n; from = end) {
		double mass = 0;

		for (end = from; end < g->n && g->key[end] == g->key[from]; end++)
			mass += (double)g->share->mass[g->rest[g->point[end]]];
		for (size_t i = from; i < end; i++)
			g->order[g->point[i]] = (uint64_t)(i - from) << 32 |
						(uint32_t)~eng_sort_float((float)mass);
	}
}

static int choose(struct grid *g, size_t want)
{
	struct eng_share *share = g->share;
	double scale;
	int err = search_scale(g, want, &scale);

	if (!err)
		err = sort_points(g, scale);
	if (err)
		return err;
	set_order(g);
	for (size_t i = 0; i < g->n; i++)
		g->point[i] = (uint32_t)i;
	err = eng_sort(g->order, g->point, g->n);
	for (size_t i = 0; i < want; i++)
		share->chosen[share->nkeep + i] = g->rest[g->point[i]];
	return err;
}

int eng_select_grid(struct eng_share *share)
{
	const size_t want = share->budget - share->nkeep;
	uint32_t *rest = calloc(share->n, sizeof(*rest));
	struct grid g = { .share = share, .rest = rest };
	int err = -ENOMEM;

	g.key = calloc(share->n, sizeof(*g.key));
	g.point = calloc(share->n, sizeof(*g.point));
	g.order = calloc(share->n, sizeof(*g.order));
	if (!rest || !g.key || !g.point || !g.order)
		goto out;
	err = 0;
	for (size_t i = 0; i < share->nkeep; i++)
		share->chosen[i] = share->keep[i];
	g.n = eng_share_rest(share, rest);
	if (want) {
		g.square = eng_square_around(share, rest, g.n);
		err = choose(&g, want);
	}
out:
	free(rest);
	free(g.key);
	free(g.point);
	free(g.order);
	return err;
}

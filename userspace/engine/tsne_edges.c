// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tsne_edges.h"

#include <errno.h>
#include <stdlib.h>

#include "hilbert.h"
#include "hot/tsne.h"
#include "pool.h"
#include "sort.h"

#define LANES 16
#define ROWS 1024	/* filled in by one chunk */

static size_t groups_of(const struct eng_affinity *p, size_t row)
{
	return (p->start[row + 1] - p->start[row] + LANES - 1) / LANES;
}

int eng_edges_create(const struct eng_affinity *p, struct eng_edges *e)
{
	size_t groups = 0;

	for (size_t i = 0; i < p->n; i++)
		groups += groups_of(p, i);
	*e = (struct eng_edges){ .n = p->n };
	e->start = calloc(p->n + 1, sizeof(*e->start));
	e->col = calloc(groups + 1, LANES * sizeof(*e->col));
	e->p = calloc(groups + 1, LANES * sizeof(*e->p));
	if (!e->start || !e->col || !e->p) {
		eng_edges_destroy(e);
		return -ENOMEM;
	}
	return 0;
}

void eng_edges_destroy(struct eng_edges *e)
{
	free(e->start);
	free(e->col);
	free(e->p);
	*e = (struct eng_edges){ 0 };
}

struct fill {
	const struct eng_affinity *p;
	const uint32_t *order, *rank;
	struct eng_edges *e;
};

static void fill_rows(void *arg, size_t chunk, unsigned int worker)
{
	const struct fill *f = arg;
	size_t end = (chunk + 1) * ROWS < f->p->n ? (chunk + 1) * ROWS : f->p->n;

	(void)worker;
	for (size_t i = chunk * ROWS; i < end; i++) {
		size_t at = f->e->start[i] * LANES, stop = f->e->start[i + 1] * LANES;
		size_t row = f->order[i];

		for (size_t k = f->p->start[row]; k < f->p->start[row + 1]; k++, at++) {
			f->e->col[at] = f->rank[f->p->col[k]];
			f->e->p[at] = f->p->p[k];
		}
		for (; at < stop; at++) {
			f->e->col[at] = (uint32_t)i;
			f->e->p[at] = 0.0f;
		}
	}
}

void eng_edges_fill(const struct eng_env *env, const struct eng_affinity *p,
		    const uint32_t *order, const uint32_t *rank, struct eng_edges *e)
{
	struct fill f = { .p = p, .order = order, .rank = rank, .e = e };

	for (size_t i = 0; i < p->n; i++)
		e->start[i + 1] = e->start[i] + groups_of(p, order[i]);
	eng_parallel(env, (p->n + ROWS - 1) / ROWS, fill_rows, &f);
}

int eng_spatial_order(const float *y, size_t n, uint64_t *key, uint32_t *order)
{
	float lo[2] = { y[0], y[1] }, hi[2] = { y[0], y[1] }, span, scale;

	for (size_t i = 1; i < n; i++) {
		for (int d = 0; d < 2; d++) {
			float v = y[2 * i + d];

			lo[d] = v < lo[d] ? v : lo[d];
			hi[d] = v > hi[d] ? v : hi[d];
		}
	}
	span = hi[0] - lo[0] > hi[1] - lo[1] ? hi[0] - lo[0] : hi[1] - lo[1];
	/* No cell above 65535, whatever the rounding. */
	scale = span > 0.0f ? 65520.0f / span : 0.0f;
	if (!(scale < 1e30f))
		scale = 0.0f;
	for (size_t i = 0; i < n; i++) {
		key[i] = eng_hilbert((uint32_t)((y[2 * i] - lo[0]) * scale),
				     (uint32_t)((y[2 * i + 1] - lo[1]) * scale));
		order[i] = (uint32_t)i;
	}
	return eng_sort(key, order, n);
}

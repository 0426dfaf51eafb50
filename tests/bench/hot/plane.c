// SPDX-License-Identifier: GPL-2.0-only
/* Loops of an iteration of t-SNE on 60,000 points, and of its repulsion. */
#include "hot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fft.h"
#include "hot/fft.h"
#include "hot/tsne.h"
#include "tsne_edges.h"

#define POINTS 60000
#define EDGES 128	/* of a row, padded */
#define SIDE 320	/* nodes across the grid */

struct points {
	const struct eng_tsne_ops *ops;
	size_t n, at;
	float *y, *out;
	struct eng_edges edges;
};

/* Points all over a disc, in spatial order. */
static struct points *make_points(struct hot_state *s, size_t n, float radius)
{
	struct points *t = hot_alloc(s, 1, sizeof(*t));
	float *raw = hot_alloc(s, n, 2 * sizeof(float));
	uint64_t *key = hot_alloc(s, n, sizeof(*key));
	uint32_t *order = hot_alloc(s, n, sizeof(*order));

	t->ops = s->set.env.kernels->tsne;
	t->n = n;
	t->y = hot_alloc(s, n, 2 * sizeof(float));
	t->out = hot_alloc(s, n, 2 * sizeof(float));
	for (size_t i = 0; i < n; i++) {
		float r = radius * sqrtf(hot_uniform(11, i)), a = 6.2831853f * hot_uniform(12, i);

		raw[2 * i] = r * cosf(a);
		raw[2 * i + 1] = r * sinf(a);
	}
	eng_spatial_order(raw, n, key, order);
	for (size_t i = 0; i < n; i++)
		memcpy(t->y + 2 * i, raw + 2 * (size_t)order[i], 2 * sizeof(float));
	s->data = t;
	return t;
}

/*
 * 128 edges a row: half of them among the 512 points around it in memory, half
 * among 8192, as the neighbours of a row are in its own class.
 */
static void make_edges(struct hot_state *s)
{
	struct points *t = make_points(s, POINTS, 45.0f);
	struct eng_edges *e = &t->edges;
	size_t *start = hot_alloc(s, POINTS + 1, sizeof(*start));

	*e = (struct eng_edges){ .n = POINTS, .start = start };
	e->col = hot_alloc(s, (size_t)POINTS * EDGES, sizeof(*e->col));
	e->p = hot_alloc(s, (size_t)POINTS * EDGES, sizeof(*e->p));
	for (size_t i = 0; i < POINTS; i++) {
		start[i + 1] = (i + 1) * EDGES / 16;
		for (size_t k = i * EDGES; k < (i + 1) * EDGES; k++) {
			float reach = k % 2 ? 512.0f : 8192.0f;
			float to = (float)i + reach * (hot_uniform(13, k) - 0.5f);

			e->col[k] = to < 0.0f ? 0 : to >= POINTS ? POINTS - 1 : (uint32_t)to;
			e->p[k] = 1.0f / ((float)POINTS * EDGES);
		}
	}
}

#define CHUNK 512	/* rows of a call, as tsne.c has them */

static size_t next_chunk(struct points *t)
{
	t->at = t->at + 2 * CHUNK < t->n ? t->at + CHUNK : 0;
	return t->at;
}

/* For each edge 8 bytes of it in order from DRAM, and a point (8 bytes), near in memory, from L1. */
static void edge_work(struct hot_state *s, double flops)
{
	const double edges = (double)CHUNK * EDGES;

	s->work.amount[HOT_FLOPS] = flops * edges;
	s->work.amount[HOT_READ + HOT_DRAM] = 8.0 * edges;
	s->work.amount[HOT_GATHER + HOT_L1] = edges;
	snprintf(s->size, sizeof(s->size), "%d x %d of %d", CHUNK, EDGES, POINTS);
}

/* Two differences, the square of a distance, a product, two sums: 11 flops and a division. */
static void make_attract(struct hot_state *s)
{
	make_edges(s);
	edge_work(s, 11.0);
	s->work.amount[HOT_DIVS] = (double)CHUNK * EDGES;
}

static void run_attract(struct hot_state *s)
{
	struct points *t = s->data;
	size_t first = next_chunk(t);

	for (size_t i = first; i < first + CHUNK; i += ENG_EDGE_ROWS)
		t->ops->attract(&t->edges, t->y, i, i + ENG_EDGE_ROWS, t->out);
}

/* 6 flops for the distance, 2 for the sum, and a logarithm of 24. */
static void make_log(struct hot_state *s)
{
	make_edges(s);
	edge_work(s, 32.0);
}

static void run_log(struct hot_state *s)
{
	struct points *t = s->data;
	size_t first = next_chunk(t);

	t->ops->log_distance(&t->edges, t->y, first, first + CHUNK);
}

struct grid {
	const struct eng_tsne_ops *ops;
	float *at, *nodes, *force;
	uint32_t *index;
	size_t first;
};

static void make_grid(struct hot_state *s)
{
	struct points *p = make_points(s, POINTS, 0.5f * (SIDE - 20));
	struct grid *t = hot_alloc(s, 1, sizeof(*t));

	t->ops = p->ops;
	t->at = p->y;
	t->force = p->out;
	t->nodes = hot_alloc(s, SIDE * SIDE + 16, sizeof(float));
	t->index = hot_alloc(s, POINTS, sizeof(*t->index));
	for (size_t i = 0; i < POINTS; i++) {
		t->index[i] = (uint32_t)i;
		for (size_t c = 0; c < 2; c++)
			t->at[2 * i + c] += 0.5f * (SIDE - 20);
	}
	s->data = t;
}

/*
 * 36 nodes, read, added to and written, in L2; weights are two polynomials of
 * degree 5 in six places.
 */
static void make_spread(struct hot_state *s)
{
	make_grid(s);
	s->work.amount[HOT_FLOPS] = POINTS * (36 * 2 + 2 * 6 * 10.0);
	s->work.amount[HOT_TRIAD + HOT_L2] = POINTS * 2 * 36 * sizeof(float);
	s->work.amount[HOT_READ + HOT_L3] = POINTS * 8.0;
	snprintf(s->size, sizeof(s->size), "%d on %d x %d", POINTS, SIDE, SIDE);
}

static void run_spread(struct hot_state *s)
{
	struct grid *t = s->data;

	t->ops->spread(t->at, POINTS, t->nodes, SIDE);
}

/* 36 nodes read and multiplied twice; weights and slopes in both directions; 3 sums of 6. */
static void make_gather(struct hot_state *s)
{
	make_grid(s);
	s->work.amount[HOT_FLOPS] = POINTS * (36 * 4 + 2 * 6 * (10.0 + 8.0) + 3 * 12);
	s->work.amount[HOT_READ + HOT_L2] = POINTS * 36 * sizeof(float);
	s->work.amount[HOT_TRIAD + HOT_L3] = POINTS * 20.0;
	snprintf(s->size, sizeof(s->size), "%d on %d x %d", POINTS, SIDE, SIDE);
}

static void run_gather(struct hot_state *s)
{
	struct grid *t = s->data;

	t->ops->gather(t->at, t->index, POINTS, t->nodes, SIDE, 1.0f, t->force);
}

struct transform {
	const struct eng_fft_ops *ops;
	struct eng_fft *plan;
	size_t width, block;
	float *grid, *t, *kernel, *work, *scratch;
};

static void end_transform(struct hot_state *s)
{
	struct transform *t = s->data;

	eng_fft_destroy(t->plan);
}

static void make_transform(struct hot_state *s)
{
	struct transform *t = hot_alloc(s, 1, sizeof(*t));

	t->ops = s->set.env.kernels->fft;
	if (eng_fft_create(2 * SIDE, &t->plan))
		exit(1);
	s->end = end_transform;
	t->width = (SIDE + 31) / 32 * 32;
	t->grid = hot_alloc(s, SIDE * SIDE, sizeof(float));
	t->t = hot_alloc(s, t->plan->blocks * t->width * ENG_FFT_GROUP, sizeof(float));
	t->kernel = hot_alloc(s, eng_fft_kernel_size(t->plan), sizeof(float));
	t->work = hot_alloc(s, 2 * t->plan->n * ENG_FFT_GROUP, sizeof(float));
	t->scratch = hot_alloc(s, eng_fft_scratch_size(t->plan, s->set.threads), sizeof(float));
	s->data = t;
	snprintf(s->size, sizeof(s->size), "%d x %d of %d", SIDE, SIDE, 2 * SIDE);
}

/* A complex transform: 5 n log2 n flops (the customary count). */
static double transforms(double count)
{
	return count * 5.0 * 2 * SIDE * log2(2.0 * SIDE);
}

/*
 * A call does one part of the loop: 32 columns, as sixteen complex sequences, or a
 * block of sixteen rows.  The grid and the half transformed one are in L2 or L3;
 * the sequences pass from one array in L2 to the other once for each factor
 * of n = 4 x 5 x 4 x 4 x 2.
 */
static void pass_work(struct hot_state *s, double directions)
{
	s->work.amount[HOT_FLOPS] = transforms(16.0 * directions);
	s->work.amount[HOT_TRIAD + HOT_L2] = directions * 5 * 2 * (2 * SIDE * 128.0);
}

static void make_columns(struct hot_state *s)
{
	make_transform(s);
	pass_work(s, 1.0);
	s->work.amount[HOT_TRIAD + HOT_L3] = SIDE * 32 * 4.0 + (SIDE / 16 + 1) * 32 * 128.0;
}

static size_t next_part(struct transform *t, size_t parts)
{
	t->block = t->block + 1 < parts ? t->block + 1 : 0;
	return t->block;
}

static void run_forward(struct hot_state *s)
{
	struct transform *t = s->data;
	size_t part = next_part(t, SIDE / 32);

	t->ops->columns_forward(t->plan, t->grid + part * 32, SIDE, 32, false,
				t->t + part * 32 * ENG_FFT_GROUP, t->width, t->work);
}

static void run_inverse(struct hot_state *s)
{
	struct transform *t = s->data;
	size_t part = next_part(t, SIDE / 32);

	t->ops->columns_inverse(t->plan, t->t + part * 32 * ENG_FFT_GROUP, t->width,
				t->grid + part * 32, SIDE, 32, t->work);
}

static void make_filter(struct hot_state *s)
{
	make_transform(s);
	pass_work(s, 2.0);
	s->work.amount[HOT_FLOPS] += 2 * SIDE * 32.0;
	s->work.amount[HOT_TRIAD + HOT_L3] = 2 * SIDE * 128.0 + 2 * SIDE * 64.0;
}

static void run_filter(struct hot_state *s)
{
	struct transform *t = s->data;
	size_t part = next_part(t, t->plan->blocks);

	t->ops->rows_filter(t->plan, t->kernel + part * t->plan->n * 16,
			    t->t + part * t->width * ENG_FFT_GROUP, t->work);
}

/* The whole: 3 n / 2 + 2 complex transforms. */
static void make_convolve(struct hot_state *s)
{
	const double n = 2 * SIDE;

	make_transform(s);
	s->work.amount[HOT_FLOPS] = transforms(1.5 * n + 2.0);
	s->work.amount[HOT_TRIAD + HOT_L3] = 2 * SIDE * SIDE * 4.0 + 4 * (n / 2 + 1) * n * 4.0 +
					     (n / 2 + 1) * n * 4.0;
}

static void run_convolve(struct hot_state *s)
{
	struct transform *t = s->data;

	eng_fft_filter(&s->set.env, t->plan, t->grid, SIDE, t->kernel, t->grid, SIDE, t->scratch);
}

struct move {
	const struct eng_tsne_ops *ops;
	size_t at;
	float *plane[5];
};

/* 12 flops, 20 bytes read and 12 written for each coordinate, in L3. */
static void make_move(struct hot_state *s)
{
	struct move *t = hot_alloc(s, 1, sizeof(*t));

	t->ops = s->set.env.kernels->tsne;
	for (int i = 0; i < 5; i++)
		t->plane[i] = hot_alloc(s, POINTS, 2 * sizeof(float));
	s->data = t;
	s->work.amount[HOT_FLOPS] = 12.0 * 2 * POINTS;
	s->work.amount[HOT_TRIAD + HOT_L3] = 32.0 * 2 * POINTS;
	snprintf(s->size, sizeof(s->size), "%d", POINTS);
}

static void run_move(struct hot_state *s)
{
	const struct eng_move m = { .attract = 1.0f, .repel = 1.0f, .rate = 1.0f, .momentum = 0.9f,
				    .longest = 5.0f };
	struct move *t = s->data;

	t->ops->move(&m, 2 * POINTS / 16 * 16, t->plane[0], t->plane[1], t->plane[2], t->plane[3],
		     t->plane[4]);
}

#define PAIR_POINTS 2000
#define PAIR_CHUNK 32

/* 12 flops and a division a pair, from L1. */
static void make_pairs(struct hot_state *s)
{
	struct points *t = make_points(s, 2 * PAIR_POINTS, 20.0f);

	t->n = PAIR_POINTS;
	s->work.amount[HOT_FLOPS] = 12.0 * PAIR_CHUNK * PAIR_POINTS;
	s->work.amount[HOT_DIVS] = PAIR_CHUNK * PAIR_POINTS;
	s->work.amount[HOT_READ + HOT_L1] = 8.0 * PAIR_CHUNK * PAIR_POINTS;
	snprintf(s->size, sizeof(s->size), "%d of %d", PAIR_CHUNK, PAIR_POINTS);
}

static void run_pairs(struct hot_state *s)
{
	struct points *t = s->data;

	t->ops->pairs(t->y, t->y + PAIR_POINTS, PAIR_POINTS, 64, PAIR_CHUNK, t->out);
}

const struct hot_loop hot_plane[] = {
	{ "attract", false, make_attract, run_attract },
	{ "log distance", false, make_log, run_log },
	{ "spread", false, make_spread, run_spread },
	{ "gather", false, make_gather, run_gather },
	{ "fft columns", false, make_columns, run_forward },
	{ "fft rows", false, make_filter, run_filter },
	{ "fft columns back", false, make_columns, run_inverse },
	{ "convolve", true, make_convolve, run_convolve },
	{ "move", false, make_move, run_move },
	{ "pairs", false, make_pairs, run_pairs },
	{ 0 },
};

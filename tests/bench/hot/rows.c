// SPDX-License-Identifier: GPL-2.0-only
/* Loops over rows: conversion, bandwidths, herding. */
#include "hot.h"

#include <stdio.h>

#include "hot/bandwidth.h"
#include "hot/select.h"
#include "rows.h"

#define ROWS 60000
#define COLUMNS 50

struct convert {
	struct eng_rows rows;
	size_t block, at;
	float *out;
};

/* A byte from DRAM and a float to L2 for each element, in blocks as PCA reads them. */
static void make_convert(struct hot_state *s)
{
	struct convert *t = hot_alloc(s, 1, sizeof(*t));
	const size_t columns = 784;

	t->rows = (struct eng_rows){ .base = hot_alloc(s, ROWS, columns), .nrows = ROWS,
				     .ncols = columns, .stride = columns, .dtype = ENG_U8 };
	t->block = eng_rows_block(&t->rows);
	t->out = hot_alloc(s, t->block * columns, sizeof(float));
	s->data = t;
	s->work.amount[HOT_READ + HOT_DRAM] = (double)(t->block * columns);
	s->work.amount[HOT_TRIAD + HOT_L2] = (double)(t->block * columns * sizeof(float));
	snprintf(s->size, sizeof(s->size), "%zu of %d x %zu", t->block, ROWS, columns);
}

static void run_convert(struct hot_state *s)
{
	struct convert *t = s->data;

	t->at = t->at + 2 * t->block < ROWS ? t->at + t->block : 0;
	eng_rows_load(&t->rows, t->at, t->block, t->out, t->rows.ncols);
}

#define PADDED 96	/* 90 neighbours */
#define BETAS 20	/* of a generation */

struct moments {
	const struct eng_bandwidth_ops *ops;
	float *d, beta[BETAS], sum[2 * BETAS];
};

static void make_row(struct hot_state *s)
{
	struct moments *t = hot_alloc(s, 1, sizeof(*t));

	t->ops = s->set.env.kernels->bandwidth;
	t->d = hot_alloc(s, PADDED, sizeof(float));
	for (size_t j = 0; j < PADDED; j++)
		t->d[j] = (float)j / PADDED;
	for (size_t b = 0; b < BETAS; b++)
		t->beta[b] = 1.0f + (float)b;
	s->data = t;
}

/* A product, an exponential, a sum and a multiply-add for each distance and beta, from L1. */
static void make_moments(struct hot_state *s)
{
	make_row(s);
	s->work.amount[HOT_FLOPS] = 4.0 * PADDED * BETAS;
	s->work.amount[HOT_EXPS] = PADDED * BETAS;
	snprintf(s->size, sizeof(s->size), "%d x %d", PADDED, BETAS);
}

static void run_moments(struct hot_state *s)
{
	struct moments *t = s->data;

	t->ops->moments(t->d, PADDED, t->beta, BETAS, t->sum);
}

/* As above, and a product more: 6 flops. */
static void make_moments3(struct hot_state *s)
{
	make_row(s);
	s->work.amount[HOT_FLOPS] = 6.0 * PADDED;
	s->work.amount[HOT_EXPS] = PADDED;
	snprintf(s->size, sizeof(s->size), "%d", PADDED);
}

static void run_moments3(struct hot_state *s)
{
	struct moments *t = s->data;

	t->ops->moments3(t->d, PADDED, 3.0f, t->sum);
}

#define STRIPS 256	/* of a chunk, as select_share.h has it */
#define ALL_STRIPS (ROWS / ENG_STRIP)

struct herd {
	const struct eng_select_ops *ops;
	size_t at;
	float *x, *q, *d2, *mean, *sum;
};

static struct herd *make_strips(struct hot_state *s, size_t strips)
{
	struct herd *t = hot_alloc(s, 1, sizeof(*t));

	t->ops = s->set.env.kernels->select;
	t->q = hot_alloc(s, COLUMNS, sizeof(float));
	t->d2 = hot_alloc(s, strips * ENG_STRIP, sizeof(float));
	t->mean = hot_alloc(s, strips * ENG_STRIP, sizeof(float));
	t->sum = hot_alloc(s, strips * ENG_STRIP, sizeof(float));
	for (size_t i = 0; i < strips * ENG_STRIP; i++) {
		t->d2[i] = hot_uniform(7, i) * 8.0f;
		t->mean[i] = hot_uniform(8, i);
	}
	s->data = t;
	return t;
}

/* 3 d flops a row; all rows once for each exemplar, from L3. */
static void make_dist2(struct hot_state *s)
{
	struct herd *t = make_strips(s, STRIPS);
	size_t floats = ALL_STRIPS * ENG_STRIP * COLUMNS;

	t->x = hot_alloc(s, floats, sizeof(float));
	for (size_t i = 0; i < floats; i++)
		t->x[i] = hot_uniform(9, i);
	s->work.amount[HOT_FLOPS] = 3.0 * STRIPS * ENG_STRIP * COLUMNS;
	s->work.amount[HOT_READ + HOT_L3] = STRIPS * ENG_STRIP * COLUMNS * sizeof(float);
	snprintf(s->size, sizeof(s->size), "%d of %d x %d", STRIPS * ENG_STRIP, ROWS, COLUMNS);
}

static void run_dist2(struct hot_state *s)
{
	struct herd *t = s->data;

	t->at = t->at + 2 * STRIPS < ALL_STRIPS ? t->at + STRIPS : 0;
	t->ops->dist2(t->x + t->at * ENG_STRIP * COLUMNS, STRIPS, COLUMNS, t->q, t->d2);
}

/* An exponential, a product, a sum, a multiply-add; 12 bytes read and 4 written in L2. */
static void make_herd(struct hot_state *s)
{
	make_strips(s, ALL_STRIPS);
	s->work.amount[HOT_FLOPS] = 4.0 * ALL_STRIPS * ENG_STRIP;
	s->work.amount[HOT_EXPS] = ALL_STRIPS * ENG_STRIP;
	s->work.amount[HOT_TRIAD + HOT_L2] = 16.0 * ALL_STRIPS * ENG_STRIP;
	snprintf(s->size, sizeof(s->size), "%d", ROWS);
}

static void run_herd(struct hot_state *s)
{
	struct herd *t = s->data;

	t->ops->herd(t->d2, ALL_STRIPS, t->mean, 1e-3f, t->sum);
}

#define TILE_ROWS 120
#define TILE_COLUMNS 512

struct rbf {
	const struct eng_select_ops *ops;
	float *c, *a, *b, *mass;
	double *out;
};

/* Two differences, a minimum, an exponential and a multiply-add for each product, from L2. */
static void make_rbf(struct hot_state *s)
{
	struct rbf *t = hot_alloc(s, 1, sizeof(*t));

	t->ops = s->set.env.kernels->select;
	t->c = hot_alloc(s, TILE_ROWS * TILE_COLUMNS, sizeof(float));
	t->a = hot_alloc(s, TILE_ROWS, sizeof(float));
	t->b = hot_alloc(s, TILE_COLUMNS, sizeof(float));
	t->mass = hot_alloc(s, TILE_COLUMNS, sizeof(float));
	t->out = hot_alloc(s, TILE_ROWS, sizeof(double));
	for (size_t i = 0; i < TILE_ROWS * TILE_COLUMNS; i++)
		t->c[i] = -8.0f * hot_uniform(10, i);
	for (size_t j = 0; j < TILE_COLUMNS; j++)
		t->mass[j] = 1.0f;
	s->data = t;
	s->work.amount[HOT_FLOPS] = 5.0 * TILE_ROWS * TILE_COLUMNS;
	s->work.amount[HOT_EXPS] = TILE_ROWS * TILE_COLUMNS;
	s->work.amount[HOT_READ + HOT_L2] = TILE_ROWS * TILE_COLUMNS * sizeof(float);
	snprintf(s->size, sizeof(s->size), "%d x %d", TILE_ROWS, TILE_COLUMNS);
}

static void run_rbf(struct hot_state *s)
{
	struct rbf *t = s->data;

	t->ops->rbf(t->c, TILE_COLUMNS, TILE_ROWS, TILE_COLUMNS, t->a, t->b, t->mass, t->out);
}

const struct hot_loop hot_rows[] = {
	{ "rows uint8", false, make_convert, run_convert },
	{ "moments", false, make_moments, run_moments },
	{ "moments3", false, make_moments3, run_moments3 },
	{ "dist2", false, make_dist2, run_dist2 },
	{ "herd", false, make_herd, run_herd },
	{ "rbf", false, make_rbf, run_rbf },
	{ 0 },
};

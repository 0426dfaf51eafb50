// SPDX-License-Identifier: GPL-2.0-only
/* Products, and what is built of them: neighbours, nearest centres, covariance. */
#include "hot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "gemm.h"
#include "hot/gemm.h"
#include "hot/select.h"
#include "knn.h"
#include "nearest.h"
#include "pca.h"

#define ROWS 60000
#define COLUMNS 50
#define CENTRES 600
#define CLASSES 10

/* Rows like features: ten clouds, each axis with less variance than the one before. */
static float *features(struct hot_state *s, size_t n, size_t d)
{
	float *x = hot_alloc(s, n * d, sizeof(*x));

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < d; j++) {
			size_t class = (size_t)(hot_uniform(3, i) * CLASSES);
			float centre = hot_normal(4, class * d + j);

			x[i * d + j] = (centre + hot_normal(5, i * d + j)) / sqrtf(1.0f + (float)j);
		}
	return x;
}

#define STRIPS 16	/* of the left operand, as knn_block.c has them */

struct screening {
	const struct eng_gemm_ops *ops;
	size_t n;	/* rows on the right */
	float *left, *right, *seed, *bound, *c;
	uint32_t hits[ENG_GEMM_MR_MAX];
};

/*
 * 2 mr nr d flops a tile.  Strips on the right come from L3, one after the other;
 * those on the left, 16 of them, from L2 for each on the right.
 */
static void make_screen(struct hot_state *s)
{
	struct screening *t = hot_alloc(s, 1, sizeof(*t));
	const struct eng_gemm_ops *ops = eng_gemm_ops(&s->set.env);
	size_t rows = STRIPS * ops->mr;
	float *x;

	t->ops = ops;
	t->n = 16384;
	x = features(s, t->n, COLUMNS);
	t->left = hot_alloc(s, rows * COLUMNS, sizeof(float));
	t->right = hot_alloc(s, t->n * COLUMNS, sizeof(float));
	t->seed = hot_alloc(s, t->n, sizeof(float));
	t->bound = hot_alloc(s, rows, sizeof(float));
	t->c = hot_alloc(s, ops->mr * ops->nr, sizeof(float));
	eng_gemm_pack(x, rows, COLUMNS, COLUMNS, ops->mr, t->left);
	eng_gemm_pack(x, t->n, COLUMNS, COLUMNS, ops->nr, t->right);
	for (size_t i = 0; i < rows; i++)
		t->bound[i] = 1e30f;	/* no hits */
	s->data = t;
	s->work.amount[HOT_FLOPS] = 2.0 * (double)rows * (double)t->n * COLUMNS;
	s->work.amount[HOT_READ + HOT_L2] = (double)(t->n / ops->nr * rows * COLUMNS * sizeof(float));
	s->work.amount[HOT_READ + HOT_L3] = (double)(t->n * COLUMNS * sizeof(float));
	snprintf(s->size, sizeof(s->size), "%zu x %zu x %d", rows, t->n, COLUMNS);
}

static void run_screen(struct hot_state *s)
{
	struct screening *t = s->data;
	size_t mr = t->ops->mr, nr = t->ops->nr;

	for (size_t j = 0; j < t->n; j += nr)
		for (size_t i = 0; i < STRIPS * mr; i += mr)
			t->ops->screen(t->left + i * COLUMNS, t->right + j * COLUMNS, COLUMNS,
				       t->seed + j, t->bound + i, t->c, t->hits);
}

struct knn {
	float *x;
	size_t n;
};

/* 2 n^2 d flops; the rows are read from L3 once for each block of 192. */
static void make_knn(struct hot_state *s)
{
	struct knn *t = hot_alloc(s, 1, sizeof(*t));

	t->n = s->set.quick ? ROWS / 4 : ROWS;
	t->x = features(s, t->n, COLUMNS);
	s->data = t;
	s->work.amount[HOT_FLOPS] = 2.0 * (double)t->n * (double)t->n * COLUMNS;
	s->work.amount[HOT_READ + HOT_L3] =
		(double)t->n / 192 * (double)(t->n * COLUMNS * sizeof(float));
	snprintf(s->size, sizeof(s->size), "%zu x %d, k 90", t->n, COLUMNS);
}

static void run_knn(struct hot_state *s)
{
	struct knn *t = s->data;
	struct eng_neighbours nb;

	if (!eng_knn(&s->set.env, t->x, t->n, COLUMNS, COLUMNS, 90, &nb))
		eng_neighbours_free(&nb);
}

#define CANDIDATES 128

struct distances {
	const struct eng_gemm_ops *ops;
	float *x, *out;
	uint32_t *index;
	size_t at;
};

/* 3 d flops a row; rows lie anywhere, so that whole cache lines of them come from L3. */
static void make_distances(struct hot_state *s)
{
	struct distances *t = hot_alloc(s, 1, sizeof(*t));
	const double row = COLUMNS * sizeof(float), line = 64;

	t->ops = eng_gemm_ops(&s->set.env);
	t->x = features(s, ROWS, COLUMNS);
	t->out = hot_alloc(s, CANDIDATES, sizeof(float));
	t->index = hot_alloc(s, ROWS, sizeof(*t->index));
	for (size_t i = 0; i < ROWS; i++)
		t->index[i] = (uint32_t)(hot_uniform(6, i) * ROWS);
	s->data = t;
	s->work.amount[HOT_FLOPS] = 3.0 * COLUMNS * CANDIDATES;
	s->work.amount[HOT_READ + HOT_L3] = CANDIDATES * (row + line - 4);
	snprintf(s->size, sizeof(s->size), "%d of %d x %d", CANDIDATES, ROWS, COLUMNS);
}

static void run_distances(struct hot_state *s)
{
	struct distances *t = s->data;

	t->at = t->at + 2 * CANDIDATES < ROWS ? t->at + CANDIDATES : 0;
	t->ops->distances(t->x, t->x, COLUMNS, COLUMNS, t->index + t->at, CANDIDATES, t->out);
}

struct nearest {
	float *x, *centre;
	uint32_t *nearest;
};

/* 2 n k d flops of products and 2 n k to find the least of them; rows once from L3. */
static void make_nearest(struct hot_state *s)
{
	struct nearest *t = hot_alloc(s, 1, sizeof(*t));

	t->x = features(s, ROWS, COLUMNS);
	t->centre = t->x + 77 * COLUMNS;
	t->nearest = hot_alloc(s, ROWS, sizeof(*t->nearest));
	s->data = t;
	s->work.amount[HOT_FLOPS] = 2.0 * ROWS * CENTRES * (COLUMNS + 1);
	s->work.amount[HOT_READ + HOT_L3] = ROWS * COLUMNS * sizeof(float);
	snprintf(s->size, sizeof(s->size), "%d x %d, %d centres", ROWS, COLUMNS, CENTRES);
}

static void run_nearest(struct hot_state *s)
{
	struct nearest *t = s->data;

	eng_nearest(&s->set.env, t->x, ROWS, COLUMNS, t->centre, CENTRES, t->nearest);
}

#define TILE_ROWS 120
#define TILE_COLUMNS 512

struct lesser {
	const struct eng_select_ops *ops;
	float *c, *b, *value;
	int32_t *index;
};

/* A subtraction and a comparison for each product, which comes from L2. */
static void make_lesser(struct hot_state *s)
{
	struct lesser *t = hot_alloc(s, 1, sizeof(*t));

	t->ops = s->set.env.kernels->select;
	t->c = features(s, TILE_ROWS, TILE_COLUMNS);
	t->b = features(s, 1, TILE_COLUMNS);
	t->value = hot_alloc(s, TILE_ROWS * ENG_STRIP, sizeof(float));
	t->index = hot_alloc(s, TILE_ROWS * ENG_STRIP, sizeof(*t->index));
	s->data = t;
	s->work.amount[HOT_FLOPS] = 2.0 * TILE_ROWS * TILE_COLUMNS;
	s->work.amount[HOT_READ + HOT_L2] = TILE_ROWS * TILE_COLUMNS * sizeof(float);
	snprintf(s->size, sizeof(s->size), "%d x %d", TILE_ROWS, TILE_COLUMNS);
}

static void run_lesser(struct hot_state *s)
{
	struct lesser *t = s->data;

	t->ops->lesser(t->c, TILE_COLUMNS, TILE_ROWS, TILE_COLUMNS, t->b, 0, t->value, t->index);
}

#define DEPTH 512	/* rows over which pca_gram.c sums in float32 */

struct gram {
	const struct eng_gemm_ops *ops;
	float *left, *right, *c;
};

/* 2 mr nr k flops a tile; four strips on the left stay in L2, those on the right pass through it. */
static void make_gram(struct hot_state *s)
{
	struct gram *t = hot_alloc(s, 1, sizeof(*t));
	const struct eng_gemm_ops *ops = eng_gemm_ops(&s->set.env);
	double tiles = 4 * 192.0 / (double)ops->nr;

	t->ops = ops;
	t->left = hot_alloc(s, 4 * ops->mr * DEPTH, sizeof(float));
	t->right = hot_alloc(s, 192 * DEPTH, sizeof(float));
	t->c = hot_alloc(s, ops->mr * ops->nr, sizeof(float));
	s->data = t;
	s->work.amount[HOT_FLOPS] = tiles * 2.0 * (double)(ops->mr * ops->nr) * DEPTH;
	s->work.amount[HOT_READ + HOT_L2] =
		tiles * (double)((ops->mr + ops->nr / 4) * DEPTH * sizeof(float));
	snprintf(s->size, sizeof(s->size), "%zu x 192 x %d", 4 * ops->mr, DEPTH);
}

static void run_gram(struct hot_state *s)
{
	struct gram *t = s->data;
	size_t mr = t->ops->mr, nr = t->ops->nr;

	for (size_t j = 0; j < 192; j += nr)
		for (size_t i = 0; i < 4 * mr; i += mr)
			t->ops->tile(t->left + i * DEPTH, t->right + j * DEPTH, DEPTH, t->c, nr, false);
}

#define PIXELS 784

struct pca {
	struct eng_rows rows;
	struct eng_pca_params params;
	float *out;
};

/*
 * Of uint8 rows, three passes or more from DRAM: those for means and projection,
 * 2 n c f flops, and those for the basis, see below.
 */
static void make_pca(struct hot_state *s, uint32_t features, double flops, double passes)
{
	struct pca *t = hot_alloc(s, 1, sizeof(*t));
	size_t n = s->set.quick ? ROWS / 4 : ROWS;
	uint8_t *x = hot_alloc(s, n * PIXELS, 1);

	for (size_t i = 0; i < n * PIXELS; i++)
		x[i] = (uint8_t)((i * 2654435761u >> 13 & 63) + (i / PIXELS % 7 + 1) * (i % 17));
	t->rows = (struct eng_rows){ .base = x, .nrows = n, .ncols = PIXELS, .stride = PIXELS,
				     .dtype = ENG_U8 };
	t->params.features = features;
	t->out = hot_alloc(s, n * features, sizeof(float));
	s->data = t;
	s->work.amount[HOT_FLOPS] = (double)n * (flops + 2.0 * PIXELS * features);
	s->work.amount[HOT_READ + HOT_DRAM] = (double)n * PIXELS * (passes + 2.0);
	snprintf(s->size, sizeof(s->size), "%zu x %d uint8 to %u", n, PIXELS, features);
}

/* The upper half of X^T X: c (c + 1) flops a row. */
static void make_covariance(struct hot_state *s)
{
	make_pca(s, 50, PIXELS * (PIXELS + 1.0), 1.0);
}

/* Q X^T X by way of X Q^T, 30 rows of Q in four passes: 4 c l flops a row in each. */
static void make_range(struct hot_state *s)
{
	make_pca(s, 20, 4 * 4.0 * PIXELS * 30, 4.0);
}

static void run_pca(struct hot_state *s)
{
	struct pca *t = s->data;

	eng_pca(&s->set.env, &t->rows, &t->params, t->out, t->params.features, NULL);
}

const struct hot_loop hot_products[] = {
	{ "knn screen", false, make_screen, run_screen },
	{ "distances", false, make_distances, run_distances },
	{ "knn", true, make_knn, run_knn },
	{ "lesser", false, make_lesser, run_lesser },
	{ "nearest", true, make_nearest, run_nearest },
	{ "gram tile", false, make_gram, run_gram },
	{ "pca covariance", true, make_covariance, run_pca },
	{ "pca range", true, make_range, run_pca },
	{ 0 },
};

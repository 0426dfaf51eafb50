// SPDX-License-Identifier: LGPL-2.1-or-later
#include "knn_cells.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "knn_internal.h"
#include "nearest.h"
#include "pool.h"
#include "rng.h"

#define ROWS 256		/* in a cell, about */
#define LARGEST 4		/* times as many at most; larger cells are cut */
#define TRAINING 48		/* rows for each centre in k-means */
#define ITERATIONS 6
#define CENTRES 16		/* whose means one chunk of work takes */

/* About ROWS in each, but no more cells than keep the assignment below n^1.5. */
size_t knn_cells_count(size_t n)
{
	size_t most = (size_t)(16 * sqrt((double)n)), count = n / ROWS;

	return count < most ? count : most;
}

static size_t training_rows(size_t n, size_t count)
{
	return n / TRAINING < count ? n : TRAINING * count;
}

struct training {
	const struct eng_env *env;
	size_t n, d, count;
	float *x;		/* n x d */
	float *centre;		/* count x d */
	uint32_t *nearest;	/* n */
	uint32_t *member;	/* n: by centre */
	size_t *start;		/* count + 1 */
	double *sum;		/* d a worker */
};

/* A row from each of even pieces; of these, even pieces again to start from. */
static void draw(struct training *t, const float *x, size_t n, size_t ld)
{
	for (size_t i = 0; i < t->n; i++) {
		const uint64_t from = (uint64_t)i * n / t->n, to = (uint64_t)(i + 1) * n / t->n;
		const uint64_t row = from + eng_below(0, ENG_STREAM_NEIGHBOURS, i, to - from);

		memcpy(t->x + i * t->d, x + row * ld, t->d * sizeof(*x));
	}
	for (size_t c = 0; c < t->count; c++)
		memcpy(t->centre + c * t->d, t->x + c * t->n / t->count * t->d,
		       t->d * sizeof(*x));
}

static void list_members(struct training *t)
{
	memset(t->start, 0, (t->count + 1) * sizeof(*t->start));
	for (size_t i = 0; i < t->n; i++)
		t->start[t->nearest[i] + 1]++;
	for (size_t c = 0; c < t->count; c++)
		t->start[c + 1] += t->start[c];
	for (size_t i = 0; i < t->n; i++)
		t->member[t->start[t->nearest[i]]++] = (uint32_t)i;
	for (size_t c = t->count; c; c--)
		t->start[c] = t->start[c - 1];
	t->start[0] = 0;
}

/* A centre without members stays where it was. */
static void move_centre(const struct training *t, size_t c, double *sum)
{
	const size_t members = t->start[c + 1] - t->start[c];

	memset(sum, 0, t->d * sizeof(*sum));
	for (size_t j = t->start[c]; j < t->start[c + 1]; j++)
		for (size_t k = 0; k < t->d; k++)
			sum[k] += (double)t->x[t->member[j] * t->d + k];
	for (size_t k = 0; members && k < t->d; k++)
		t->centre[c * t->d + k] = (float)(sum[k] / (double)members);
}

static void move_chunk(void *arg, size_t chunk, unsigned int worker)
{
	const struct training *t = arg;

	for (size_t c = chunk * CENTRES; c < (chunk + 1) * CENTRES && c < t->count; c++)
		move_centre(t, c, t->sum + worker * t->d);
}

static void count_assignment(const struct eng_env *env, uint64_t n, uint64_t d, uint64_t count)
{
	eng_count(env, ENG_COUNT_NEAR_READ, (2 * n + count) * d * sizeof(float));
	eng_count(env, ENG_COUNT_NEAR_WRITE, n * sizeof(uint32_t) + count * d * sizeof(float));
	eng_count(env, ENG_COUNT_SCRATCH, 2 * n * count * sizeof(float));
	eng_count(env, ENG_COUNT_MAC, n * d * (count + 1));
}

static int iterate(struct training *t)
{
	int err = 0;

	for (int i = 0; i < ITERATIONS && !err; i++) {
		err = eng_nearest(t->env, t->x, t->n, t->d, t->centre, t->count, t->nearest);
		if (err)
			break;
		count_assignment(t->env, t->n, t->d, t->count);
		list_members(t);
		eng_parallel(t->env, (t->count + CENTRES - 1) / CENTRES, move_chunk, t);
	}
	return err;
}

/* The centres, into @centre. */
static int train(const struct eng_env *env, const float *x, size_t n, size_t d, size_t ld,
		 size_t count, float *centre)
{
	struct training t = {
		.env = env, .n = training_rows(n, count), .d = d, .count = count, .centre = centre,
	};
	int err = -ENOMEM;

	t.x = malloc(t.n * d * sizeof(*t.x));
	t.nearest = calloc(t.n, sizeof(*t.nearest));
	t.member = calloc(t.n, sizeof(*t.member));
	t.start = calloc(count + 1, sizeof(*t.start));
	t.sum = calloc(eng_pool_threads(env->pool) * d, sizeof(*t.sum));
	if (t.x && t.nearest && t.member && t.start && t.sum) {
		draw(&t, x, n, ld);
		err = iterate(&t);
	}
	free(t.x);
	free(t.nearest);
	free(t.member);
	free(t.start);
	free(t.sum);
	return err;
}

/* Rows packed where they are not. */
static int assign(const struct eng_env *env, const float *x, size_t n, size_t d, size_t ld,
		  struct knn_cells *cells)
{
	float *packed = NULL;
	int err;

	if (ld != d) {
		packed = malloc(n * d * sizeof(*packed));
		if (!packed)
			return -ENOMEM;
		for (size_t i = 0; i < n; i++)
			memcpy(packed + i * d, x + i * ld, d * sizeof(*packed));
	}
	err = eng_nearest(env, packed ? packed : x, n, d, cells->centre, cells->count, cells->of);
	count_assignment(env, n, d, cells->count);
	free(packed);
	return err;
}

/* Pieces that a cell of @rows is cut into. */
static size_t pieces_of(size_t rows, size_t n, size_t count)
{
	const size_t most = LARGEST * (n / count);

	return rows <= most ? 1 : (rows + most - 1) / most;
}

/*
 * Cut what is too large: the pieces have copies of one centre, and rows go to
 * them in their order.  first[c] and pieces[c] say what became of cell c.
 */
static int cut(struct knn_cells *cells, size_t d)
{
	const size_t before = cells->count;
	size_t *size = calloc(before, sizeof(*size)), *first = calloc(before + 1, sizeof(*first));
	size_t *seen = calloc(before, sizeof(*seen));
	float *centre = NULL;
	int err = -ENOMEM;

	if (!size || !first || !seen)
		goto out;
	for (size_t i = 0; i < cells->n; i++)
		size[cells->of[i]]++;
	for (size_t c = 0; c < before; c++)
		first[c + 1] = first[c] + pieces_of(size[c], cells->n, before);
	centre = malloc(first[before] * d * sizeof(*centre));
	if (!centre)
		goto out;
	for (size_t c = 0; c < before; c++)
		for (size_t p = first[c]; p < first[c + 1]; p++)
			memcpy(centre + p * d, cells->centre + c * d, d * sizeof(*centre));
	for (size_t i = 0; i < cells->n; i++) {
		const size_t c = cells->of[i], pieces = first[c + 1] - first[c];

		cells->of[i] = (uint32_t)(first[c] + seen[c]++ * pieces / size[c]);
	}
	free(cells->centre);
	cells->centre = centre;
	cells->count = first[before];
	err = 0;
out:
	free(size);
	free(first);
	free(seen);
	return err;
}

static size_t whole_strips(size_t rows)
{
	return (rows + ENG_GEMM_NR_MAX - 1) / ENG_GEMM_NR_MAX * ENG_GEMM_NR_MAX;
}

/* Give every row its place. */
static int place(struct knn_cells *cells)
{
	size_t *next = NULL;

	cells->rows = calloc(cells->count, sizeof(*cells->rows));
	cells->start = calloc(cells->count + 1, sizeof(*cells->start));
	if (!cells->rows || !cells->start)
		return -ENOMEM;
	for (size_t i = 0; i < cells->n; i++)
		cells->rows[cells->of[i]]++;
	for (size_t c = 0; c < cells->count; c++)
		cells->start[c + 1] = cells->start[c] + whole_strips(cells->rows[c]);
	cells->places = cells->start[cells->count];
	if (cells->places > KNN_NOBODY)
		return -ENOMEM;
	cells->name = malloc(cells->places * sizeof(*cells->name));
	next = malloc(cells->count * sizeof(*next));
	if (!cells->name || !next) {
		free(next);
		return -ENOMEM;
	}
	memset(cells->name, 0xff, cells->places * sizeof(*cells->name));
	memcpy(next, cells->start, cells->count * sizeof(*next));
	for (size_t i = 0; i < cells->n; i++)
		cells->name[next[cells->of[i]]++] = (uint32_t)i;
	free(next);
	return 0;
}

int knn_cells_create(const struct eng_env *env, const float *x, size_t n, size_t d, size_t ld,
		     struct knn_cells *cells)
{
	const size_t count = knn_cells_count(n);
	int err = -ENOMEM;

	*cells = (struct knn_cells){ .n = n };
	if (count < 2)
		return 0;
	cells->count = count;
	cells->centre = malloc(count * d * sizeof(*cells->centre));
	cells->of = calloc(n, sizeof(*cells->of));
	if (cells->centre && cells->of)
		err = train(env, x, n, d, ld, count, cells->centre);
	if (!err)
		err = assign(env, x, n, d, ld, cells);
	if (!err)
		err = cut(cells, d);
	if (!err)
		err = place(cells);
	if (err)
		knn_cells_destroy(cells);
	return err;
}

void knn_cells_destroy(struct knn_cells *cells)
{
	free(cells->centre);
	free(cells->start);
	free(cells->rows);
	free(cells->name);
	free(cells->of);
	*cells = (struct knn_cells){ 0 };
}

/* Cutting makes at most one cell more for each LARGEST. */
size_t knn_cells_places(size_t n)
{
	const size_t count = knn_cells_count(n);

	return count < 2 ? 0 : n + (count + count / LARGEST + 1) * ENG_GEMM_NR_MAX;
}

size_t knn_cells_memory(size_t n, size_t d, unsigned int threads)
{
	const size_t count = knn_cells_count(n), t = training_rows(n, count);
	const size_t all = count + count / LARGEST + 1;

	if (count < 2)
		return 0;
	return all * (2 * d * 4 + 48) + knn_cells_places(n) * 4 + n * 4 + n * d * 4 +
	       t * (d * 4 + 8) + eng_nearest_memory(d, count, threads);
}

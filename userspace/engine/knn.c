// SPDX-License-Identifier: LGPL-2.1-or-later
#include "knn_internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"

#define MARGIN 24			/* candidates beyond k, and one more for every eight */
#define BLOCK_BYTES (384u << 10)	/* of candidates, in the second-level cache */
#define STEP 32				/* blocks, or eight for each thread, between two reports */
#define MEAN_STRIPES 64

size_t knn_centre(const struct knn *s, size_t first, size_t rows, float *to)
{
	size_t count = s->n - first < rows ? s->n - first : rows;

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < s->d; j++)
			to[i * s->d + j] = s->x[(first + i) * s->ld + j] - s->mean[j];
	return count;
}

/* Rows sought in one block after another are told of as they are done. */
static int run_blocks(struct knn *s, bool report)
{
	size_t step = 8 * (size_t)eng_pool_threads(s->env->pool);
	size_t done = 0, total = 0;

	step = step < STEP ? STEP : step;
	for (size_t b = 0; b < s->nblocks; b++)
		total += s->blocks[b].rows;
	for (s->first_block = 0; s->first_block < s->nblocks; s->first_block += step) {
		size_t left = s->nblocks - s->first_block;
		size_t here = left < step ? left : step;

		eng_parallel(s->env, here, knn_search, s);
		if (atomic_load(&s->cancelled) || eng_cancelled(s->env))
			return -ECANCELED;
		for (size_t b = 0; b < here; b++)
			done += s->blocks[s->first_block + b].rows;
		if (report)
			eng_progress(s->env, ENG_PHASE_NEIGHBOURS, done, total);
	}
	return 0;
}

/* Mean of the rows, added up in stripes so that the first does not drown the last. */
static int find_mean(struct knn *s)
{
	double *sums = calloc(s->d, 2 * sizeof(*sums));
	size_t rows = (s->n + MEAN_STRIPES - 1) / MEAN_STRIPES, count = 0;
	double *stripe;

	if (!sums)
		return -ENOMEM;
	stripe = sums + s->d;
	for (size_t i = 0; i < s->n; i++) {
		count += knn_name(s, i) != KNN_NOBODY;
		for (size_t j = 0; j < s->d && knn_name(s, i) != KNN_NOBODY; j++)
			stripe[j] += (double)s->x[i * s->ld + j];
		if ((i + 1) % rows && i + 1 < s->n)
			continue;
		for (size_t j = 0; j < s->d; j++)
			sums[j] += stripe[j];
		memset(stripe, 0, s->d * sizeof(*stripe));
	}
	for (size_t j = 0; j < s->d; j++)
		s->mean[j] = (float)(sums[j] / (double)count);
	free(sums);
	return 0;
}

static void pack_chunk(void *arg, size_t chunk, unsigned int worker)
{
	struct knn *s = arg;
	struct knn_worker *w = &s->workers[worker];
	size_t nr = s->ops->nr, first = chunk * nr;
	size_t count = knn_centre(s, first, nr, w->centred);

	eng_gemm_pack(w->centred, count, s->d, s->d, nr, s->right + first * s->d);
	for (size_t i = 0; i < nr; i++) {
		bool row = i < count && knn_name(s, first + i) != KNN_NOBODY;
		double sum = 0.0;

		for (size_t j = 0; j < s->d && row; j++)
			sum += (double)w->centred[i * s->d + j] * (double)w->centred[i * s->d + j];
		s->seed[first + i] = row ? (float)(-0.5 * sum) : -INFINITY;
		if (row)
			s->norm2[first + i] = sum;
	}
}

static int pack_rows(struct knn *s)
{
	int err = find_mean(s);

	if (err)
		return err;
	eng_parallel(s->env, (s->n + s->ops->nr - 1) / s->ops->nr, pack_chunk, s);
	for (size_t i = 0; i < s->n; i++)
		s->longest = fmax(s->longest, sqrt(s->norm2[i]));
	return 0;
}

void knn_plan(struct knn *s, size_t rows)
{
	size_t strips;

	s->keep = s->k + MARGIN + s->k / 8;
	if (s->keep > rows - 1)
		s->keep = rows - 1;
	s->room = 2 * s->keep + 2 * ENG_GEMM_NR_MAX;
	strips = BLOCK_BYTES / (s->room * sizeof(uint64_t) * s->ops->mr);
	if (strips > KNN_STRIPS)
		strips = KNN_STRIPS;
	s->rows = s->ops->mr * (strips ? strips : 1);
}

/* Rows of which a worker holds a centred copy: a block, or a strip of the right operand. */
static size_t centred_rows(const struct knn *s)
{
	return s->rows > s->ops->nr ? s->rows : s->ops->nr;
}

static void free_worker(struct knn_worker *w)
{
	free(w->left);
	free(w->centred);
	free(w->bound);
	free(w->count);
	free(w->entry);
	free(w->spare);
	free(w->index);
	free(w->dist2);
}

static int make_worker(const struct knn *s, struct knn_worker *w)
{
	w->left = calloc(s->rows, s->d * sizeof(*w->left));
	w->centred = calloc(centred_rows(s), s->d * sizeof(*w->centred));
	w->bound = calloc(s->rows, sizeof(*w->bound));
	w->count = calloc(s->rows, sizeof(*w->count));
	w->entry = calloc(s->rows, s->room * sizeof(*w->entry));
	w->spare = calloc(s->room, sizeof(*w->spare));
	w->index = calloc(s->room, sizeof(*w->index));
	w->dist2 = calloc(s->room, sizeof(*w->dist2));
	if (!w->left || !w->centred || !w->bound || !w->count || !w->entry || !w->spare ||
	    !w->index || !w->dist2)
		return -ENOMEM;
	return 0;
}

void knn_end(struct knn *s)
{
	for (unsigned int i = 0; s->workers && i < eng_pool_threads(s->env->pool); i++)
		free_worker(&s->workers[i]);
	free(s->workers);
	free(s->norm2);
	free(s->seed);
	free(s->right);
	free(s->mean);
}

static int make_work(struct knn *s)
{
	unsigned int workers = eng_pool_threads(s->env->pool);
	size_t padded = s->n + ENG_GEMM_NR_MAX;
	int err = 0;

	s->mean = calloc(s->d, sizeof(*s->mean));
	s->right = calloc(padded, s->d * sizeof(*s->right));
	s->seed = calloc(padded, sizeof(*s->seed));
	s->norm2 = calloc(s->n, sizeof(*s->norm2));
	s->workers = calloc(workers, sizeof(*s->workers));
	if (!s->mean || !s->right || !s->seed || !s->norm2 || !s->workers)
		return -ENOMEM;
	for (unsigned int i = 0; i < workers && !err; i++)
		err = make_worker(s, &s->workers[i]);
	return err;
}

int knn_begin(struct knn *s)
{
	int err = make_work(s);

	atomic_init(&s->cancelled, false);
	return err ? err : pack_rows(s);
}

static void count_work(const struct knn *s)
{
	uint64_t rows = 0, pairs = 0, measured;

	for (size_t b = 0; b < s->nblocks; b++) {
		rows += s->blocks[b].rows;
		pairs += (uint64_t)s->blocks[b].rows * (s->blocks[b].others + 1);
	}
	measured = rows * s->keep;
	eng_count(s->env, ENG_COUNT_NEAR_READ, (3 * rows + measured) * s->d * sizeof(float));
	eng_count(s->env, ENG_COUNT_NEAR_WRITE, rows * s->k * 8);
	eng_count(s->env, ENG_COUNT_SCRATCH,
		  pairs / (KNN_STRIPS * ENG_GEMM_MR_MAX) * s->d * sizeof(float) + measured * 8);
	eng_count(s->env, ENG_COUNT_MAC, (pairs + measured) * s->d);
}

int knn_run(struct knn *s, bool report)
{
	int err = run_blocks(s, report);

	if (!err)
		count_work(s);
	return err;
}

/* Blocks of all rows, against all. */
static struct knn_block *whole_blocks(struct knn *s)
{
	static const uint32_t all;
	struct knn_block *blocks;

	s->nblocks = (s->n + s->rows - 1) / s->rows;
	blocks = calloc(s->nblocks, sizeof(*blocks));
	for (size_t b = 0; blocks && b < s->nblocks; b++) {
		size_t first = b * s->rows;

		blocks[b] = (struct knn_block){
			.first = first, .rows = s->n - first < s->rows ? s->n - first : s->rows,
			.list = &all, .cells = 1, .others = s->n - 1,
		};
	}
	return blocks;
}

static int search_all(struct knn *s)
{
	const size_t start[2] = { 0, s->n };
	struct knn_block *blocks;
	int err = -ENOMEM;

	knn_plan(s, s->n);
	blocks = whole_blocks(s);
	s->blocks = blocks;
	s->start = start;
	if (blocks)
		err = knn_begin(s);
	if (!err)
		err = knn_run(s, true);
	knn_end(s);
	free(blocks);
	return err;
}

int eng_neighbours_create(size_t n, size_t k, struct eng_neighbours *nb)
{
	*nb = (struct eng_neighbours){ .n = n, .k = k };
	nb->index = calloc(n, k * sizeof(*nb->index));
	nb->dist2 = calloc(n, k * sizeof(*nb->dist2));
	if (nb->index && nb->dist2)
		return 0;
	eng_neighbours_free(nb);
	return -ENOMEM;
}

int eng_knn(const struct eng_env *env, const float *x, size_t n, size_t d, size_t ld,
	    size_t k, struct eng_neighbours *out)
{
	struct knn s = { .env = env, .ops = eng_gemm_ops(env), .x = x, .n = n, .d = d, .ld = ld,
			 .k = k, .out = out };
	int err;

	*out = (struct eng_neighbours){ .n = n, .k = k };
	if (!d || ld < d || k < 1 || k >= n || n > UINT32_MAX)
		return eng_fault(env, -EINVAL, n, d, (double)k, (double)n - 1.0);
	eng_phase_enter(env, ENG_PHASE_NEIGHBOURS);
	err = eng_neighbours_create(n, k, out);
	if (!err)
		err = search_all(&s);
	if (err)
		eng_neighbours_free(out);
	return err;
}

void eng_neighbours_free(struct eng_neighbours *nb)
{
	free(nb->index);
	free(nb->dist2);
	*nb = (struct eng_neighbours){ 0 };
}

size_t eng_knn_memory(size_t n, size_t d, size_t k, unsigned int threads)
{
	size_t padded = n + ENG_GEMM_NR_MAX;
	size_t keep = k + k / 8 + MARGIN < n ? k + k / 8 + MARGIN : n;
	size_t room = 2 * keep + 2 * ENG_GEMM_NR_MAX;
	size_t block = BLOCK_BYTES > room * 8 * ENG_GEMM_MR_MAX ? BLOCK_BYTES :
		       room * 8 * ENG_GEMM_MR_MAX;
	size_t worker = block + KNN_STRIPS * ENG_GEMM_MR_MAX * (2 * d * 4 + 16) + room * 16;

	return padded * (d * 4 + 4) + n * 8 + (threads ? threads : 1) * worker +
	       knn_ivf_memory(n, d, threads);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "variance.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "pool.h"

/* Chunks of rows, each with sums of its own; few, since each keeps two numbers a column. */
#define CHUNKS_MAX 64

struct job {
	const struct eng_env *env;
	const struct eng_rows *rows;
	size_t chunks, block;
	float *buffer;		/* block x ncols for each worker */
	double *sums;		/* 2 x ncols for each chunk: sum, sum of squares */
	atomic_bool cancelled;
};

/*
 * Sums are of differences to the first row of the data, so that columns far
 * from zero do not cancel: Chan, Golub, LeVeque, The American Statistician 37
 * (1983), on shifted data.
 */
static void add_rows(const float *restrict x, const float *restrict shift, size_t rows,
		     size_t cols, double *restrict sum, double *restrict square)
{
	for (size_t i = 0; i < rows; i++, x += cols) {
		for (size_t j = 0; j < cols; j++) {
			double d = (double)x[j] - (double)shift[j];

			sum[j] += d;
			square[j] += d * d;
		}
	}
}

static void sum_chunk(void *arg, size_t chunk, unsigned int worker)
{
	struct job *job = arg;
	const struct eng_rows *rows = job->rows;
	size_t cols = rows->ncols;
	size_t row = rows->nrows / job->chunks * chunk;
	size_t end = chunk + 1 == job->chunks ? rows->nrows : rows->nrows / job->chunks + row;
	float *shift = job->buffer + worker * (job->block + 1) * cols;
	float *x = shift + cols;
	double *sum = job->sums + 2 * chunk * cols;
	size_t count;

	eng_rows_load(rows, 0, 1, shift, cols);
	for (; row < end; row += count) {
		count = end - row < job->block ? end - row : job->block;
		if (eng_cancelled(job->env)) {
			atomic_store(&job->cancelled, true);
			return;
		}
		eng_rows_load(rows, row, count, x, cols);
		add_rows(x, shift, count, cols, sum, sum + cols);
	}
}

static double combine(const struct job *job)
{
	size_t cols = job->rows->ncols;
	double n = (double)job->rows->nrows, total = 0;

	for (size_t j = 0; j < cols; j++) {
		double sum = 0, square = 0;

		for (size_t c = 0; c < job->chunks; c++) {
			sum += job->sums[2 * c * cols + j];
			square += job->sums[(2 * c + 1) * cols + j];
		}
		total += (square - sum * sum / n) / (n - 1);
	}
	return total;
}

int variance_total(const struct eng_env *env, const struct eng_rows *rows, double *total)
{
	struct job job = { .env = env, .rows = rows, .block = eng_rows_block(rows) };
	size_t cols = rows->ncols, most = rows->nrows / job.block + 1;
	int err = -ENOMEM;

	job.chunks = most < CHUNKS_MAX ? most : CHUNKS_MAX;
	atomic_init(&job.cancelled, false);
	/* cols is below 2^32, block at most 4096, and threads few: no product overflows. */
	job.buffer = calloc(eng_pool_threads(env->pool) * (job.block + 1) * cols,
			    sizeof(*job.buffer));
	job.sums = calloc(2 * job.chunks * cols, sizeof(*job.sums));
	*total = 0;
	if (!job.buffer || !job.sums)
		goto out;
	eng_parallel(env, job.chunks, sum_chunk, &job);
	err = atomic_load(&job.cancelled) ? -ECANCELED : 0;
	if (err)
		goto out;
	*total = combine(&job);
	eng_count(env, ENG_COUNT_NEAR_READ,
		  (uint64_t)rows->nrows * cols * eng_dtype_size(rows->dtype));
	eng_count(env, ENG_COUNT_MAC, (uint64_t)rows->nrows * cols * 2);
out:
	free(job.buffer);
	free(job.sums);
	return err;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repulsion.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "hot/tsne.h"
#include "pool.h"
#include "profile.h"
#include "tsne.h"

#define BOX_CHUNK 8192
#define PAIR_CHUNK 32
#define LANES 16

struct box {
	float lo[2], hi[2];
	float bad;		/* 0, or NaN where a coordinate is not finite */
};

struct eng_repulsor {
	size_t n;
	struct eng_grid *grid;	/* NULL: by pairs */
	float *x, *y;		/* by pairs: padded to whole vectors */
	double *partial;
	struct box *box;
};

struct job {
	struct eng_repulsor *r;
	const struct eng_tsne_ops *ops;
	const float *y;
	float *force;
};

static size_t padded(size_t n)
{
	return (n + LANES - 1) / LANES * LANES;
}

static size_t chunks_of(size_t n, size_t chunk)
{
	return (n + chunk - 1) / chunk;
}

int eng_repulsor_create(size_t n, struct eng_repulsor **out)
{
	struct eng_repulsor *r = calloc(1, sizeof(*r));
	int err = 0;

	if (!r)
		return -ENOMEM;
	r->n = n;
	r->box = calloc(chunks_of(n, BOX_CHUNK), sizeof(*r->box));
	if (n < ENG_EXACT_BELOW) {
		r->x = calloc(padded(n), sizeof(float));
		r->y = calloc(padded(n), sizeof(float));
		r->partial = calloc(chunks_of(n, PAIR_CHUNK), sizeof(double));
		if (!r->x || !r->y || !r->partial)
			err = -ENOMEM;
	} else {
		err = eng_grid_create(n, &r->grid);
	}
	if (!r->box)
		err = -ENOMEM;
	if (err) {
		eng_repulsor_destroy(r);
		return err;
	}
	*out = r;
	return 0;
}

void eng_repulsor_destroy(struct eng_repulsor *r)
{
	if (!r)
		return;
	eng_grid_destroy(r->grid);
	free(r->x);
	free(r->y);
	free(r->partial);
	free(r->box);
	free(r);
}

size_t eng_repulsor_memory(size_t n, unsigned int threads)
{
	return n < ENG_EXACT_BELOW ? n * 16 : eng_grid_memory(n, threads);
}

static void box_chunk(void *arg, size_t chunk, unsigned int worker)
{
	const struct job *job = arg;
	size_t first = chunk * BOX_CHUNK, end = first + BOX_CHUNK;
	struct box b = {
		.lo = { job->y[2 * first], job->y[2 * first + 1] },
		.hi = { job->y[2 * first], job->y[2 * first + 1] },
	};

	(void)worker;
	if (end > job->r->n)
		end = job->r->n;
	for (size_t i = first; i < end; i++) {
		for (int d = 0; d < 2; d++) {
			float v = job->y[2 * i + d];

			b.lo[d] = v < b.lo[d] ? v : b.lo[d];
			b.hi[d] = v > b.hi[d] ? v : b.hi[d];
			b.bad += v - v;
		}
	}
	job->r->box[chunk] = b;
}

static int find_box(const struct eng_env *env, struct job *job, struct box *out)
{
	size_t chunks = chunks_of(job->r->n, BOX_CHUNK);
	const struct box *b = job->r->box;

	eng_parallel(env, chunks, box_chunk, job);
	*out = b[0];
	for (size_t c = 1; c < chunks; c++) {
		for (int d = 0; d < 2; d++) {
			out->lo[d] = b[c].lo[d] < out->lo[d] ? b[c].lo[d] : out->lo[d];
			out->hi[d] = b[c].hi[d] > out->hi[d] ? b[c].hi[d] : out->hi[d];
		}
		out->bad += b[c].bad;
	}
	/* A span that the largest grid cannot resolve is no embedding. */
	if (out->bad != 0.0f || !(out->hi[0] - out->lo[0] < 1e8f) ||
	    !(out->hi[1] - out->lo[1] < 1e8f))
		return -ERANGE;
	return 0;
}

static void pair_chunk(void *arg, size_t chunk, unsigned int worker)
{
	const struct job *job = arg;
	struct eng_repulsor *r = job->r;
	size_t first = chunk * PAIR_CHUNK;
	size_t count = r->n - first < PAIR_CHUNK ? r->n - first : PAIR_CHUNK;

	(void)worker;
	r->partial[chunk] = job->ops->pairs(r->x, r->y, padded(r->n), first, count, job->force);
}

static void run_pairs(const struct eng_env *env, struct job *job, double *z)
{
	struct eng_repulsor *r = job->r;
	size_t chunks = chunks_of(r->n, PAIR_CHUNK);

	for (size_t i = 0; i < padded(r->n); i++) {
		r->x[i] = i < r->n ? job->y[2 * i] : 1e15f;
		r->y[i] = i < r->n ? job->y[2 * i + 1] : 1e15f;
	}
	eng_parallel(env, chunks, pair_chunk, job);
	*z = -(double)r->n;
	for (size_t c = 0; c < chunks; c++)
		*z += r->partial[c];
	eng_count(env, ENG_COUNT_NEAR_READ, 8 * (uint64_t)r->n);
	eng_count(env, ENG_COUNT_NEAR_WRITE, 8 * (uint64_t)r->n);
	eng_count(env, ENG_COUNT_SCRATCH, 8 * (uint64_t)r->n * r->n);
	eng_count(env, ENG_COUNT_MAC, 5 * (uint64_t)r->n * r->n);
	eng_count(env, ENG_COUNT_SPECIAL, (uint64_t)r->n * r->n);
}

int eng_repulsor_run(const struct eng_env *env, struct eng_repulsor *r, const float *y,
		     float *force, double *z)
{
	const struct eng_kernels *kernels = env->kernels;
	struct job job = { .r = r, .y = y, .force = force };
	struct box box;
	int err;

	job.ops = (kernels ? kernels : eng_kernels_find("portable", NULL))->tsne;
	err = find_box(env, &job, &box);
	if (err)
		return err;
	if (r->grid)
		return eng_grid_run(env, r->grid, y, box.lo, box.hi, force, z);
	run_pairs(env, &job, z);
	return 0;
}

int eng_repulsion(const struct eng_env *env, const float *y, size_t n, float *force, double *z)
{
	struct eng_repulsor *r;
	int err = eng_repulsor_create(n, &r);

	if (err)
		return err;
	err = eng_repulsor_run(env, r, y, force, z);
	eng_repulsor_destroy(r);
	return err;
}

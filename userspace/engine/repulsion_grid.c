// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repulsion.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fft.h"
#include "hot/tsne.h"
#include "pool.h"
#include "profile.h"
#include "trig.h"

/* Nodes are this far apart while the grid is large enough. */
#define STEP 0.3f
/* Fewest cells across the points: the step is halved below that. */
#define LEAST_CELLS 30
/* Nodes kept free, so that the deconvolution does not see the kernel's far edge. */
#define MARGIN 12
#define LARGEST 2048

/* Rows of cells in a strip; strips two apart never touch the same node. */
#define STRIP 16
#define MOST_STRIPS (LARGEST / 2 / STRIP + 1)

#define BIN_CHUNK 4096
#define GATHER_CHUNK 1024

struct eng_grid {
	size_t n;
	struct eng_fft *plan;
	size_t size;		/* of the transform; half of it holds charges */
	float step;
	bool shifted;		/* the kernel is k - 1, for points that lie close */
	float *nodes, *kernel, *scratch;
	size_t nodes_room, kernel_room, scratch_room;

	float *at;		/* n x 2: grid coordinates */
	float *sorted;		/* the same by strips */
	uint32_t *order;	/* point of each entry of sorted */
	size_t *place;		/* chunks x strips: counts, then where they begin */
	double *partial;	/* of each gather chunk */
};

static size_t chunks_of(size_t n, size_t chunk)
{
	return (n + chunk - 1) / chunk;
}

int eng_grid_create(size_t n, struct eng_grid **out)
{
	struct eng_grid *g = calloc(1, sizeof(*g));

	if (!g)
		return -ENOMEM;
	g->n = n;
	g->at = calloc(n, 2 * sizeof(float));
	g->sorted = calloc(n, 2 * sizeof(float));
	g->order = calloc(n, sizeof(uint32_t));
	g->place = calloc(chunks_of(n, BIN_CHUNK), MOST_STRIPS * sizeof(size_t));
	g->partial = calloc(chunks_of(n, GATHER_CHUNK), sizeof(double));
	if (!g->at || !g->sorted || !g->order || !g->place || !g->partial) {
		eng_grid_destroy(g);
		return -ENOMEM;
	}
	*out = g;
	return 0;
}

void eng_grid_destroy(struct eng_grid *g)
{
	if (!g)
		return;
	eng_fft_destroy(g->plan);
	free(g->nodes);
	free(g->kernel);
	free(g->scratch);
	free(g->at);
	free(g->sorted);
	free(g->order);
	free(g->place);
	free(g->partial);
	free(g);
}

size_t eng_grid_memory(size_t n, unsigned int threads)
{
	/* Kernel at work, and its full samples and spectrum while it is made. */
	size_t blocks = LARGEST / 32 + 1, plane = LARGEST * (size_t)LARGEST;
	size_t floats = plane / 4 + plane + blocks * LARGEST * (16 + 32 + 32) +
			threads * (size_t)(2 * LARGEST * 32);

	return floats * sizeof(float) + n * 20 + chunks_of(n, BIN_CHUNK) * MOST_STRIPS * 8;
}

/* Size of the transform for points that span @span. */
static size_t size_for(float span, float step)
{
	return 2 * ((size_t)(span / step) + 2 + ENG_SPLINE + MARGIN);
}

static float step_for(float span)
{
	float step = STEP;

	while (step * (0.5f * LEAST_CELLS) >= span && step > 1e-15f)
		step *= 0.5f;
	while (size_for(span, step) > LARGEST)
		step *= 1.0905077f;
	return step;
}

static int make_room(float **x, size_t *room, size_t want)
{
	if (want <= *room)
		return 0;
	free(*x);
	*room = 0;
	*x = malloc(want * sizeof(**x));
	if (!*x)
		return -ENOMEM;
	*room = want;
	return 0;
}

static int resize(const struct eng_env *env, struct eng_grid *g, size_t size)
{
	size_t half = size / 2;
	int err;

	eng_fft_destroy(g->plan);
	g->plan = NULL;
	g->size = 0;
	err = eng_fft_create(size, &g->plan);
	if (!err)
		err = make_room(&g->nodes, &g->nodes_room, half * half);
	if (!err)
		err = make_room(&g->kernel, &g->kernel_room, eng_fft_kernel_size(g->plan));
	if (!err)
		err = make_room(&g->scratch, &g->scratch_room,
				eng_fft_scratch_size(g->plan, eng_pool_threads(env->pool)));
	if (!err)
		g->size = size;
	return err;
}

struct samples {
	const struct eng_grid *g;
	float *out;
};

/* One row of k(r), or k(r) - 1, at circular distances. */
static void sample_row(void *arg, size_t y, unsigned int worker)
{
	const struct samples *s = arg;
	size_t n = s->g->size;
	float *row = s->out + y * n;
	float dy = s->g->step * (float)(y < n - y ? y : n - y);

	(void)worker;
	for (size_t x = 0; x <= n / 2; x++) {
		float dx = s->g->step * (float)x, r2 = dx * dx + dy * dy;

		row[x] = s->g->shifted ? -r2 / (1.0f + r2) : 1.0f / (1.0f + r2);
	}
	for (size_t x = n / 2 + 1; x < n; x++)
		row[x] = row[n - x];
}

/* Spread and gather each convolve with the spline: divide its samples out twice. */
static void deconvolution(size_t n, float *factor)
{
	for (size_t k = 0; k < n; k++) {
		double c1, c2, s, b;

		eng_unit_root(k, n, &c1, &s);
		eng_unit_root(2 * k, n, &c2, &s);
		b = (66.0 + 52.0 * c1 + 2.0 * c2) / 120.0;
		factor[k] = (float)(1.0 / (b * b));
	}
}

static int make_kernel(const struct eng_env *env, struct eng_grid *g)
{
	size_t n = g->size;
	float *factor = malloc(n * sizeof(*factor));
	float *full = malloc(n * n * sizeof(*full));
	float *spectrum = malloc(eng_fft_spectrum_size(g->plan) * sizeof(*spectrum));
	struct samples s = { .g = g, .out = full };
	int err = -ENOMEM;

	if (factor && full && spectrum) {
		deconvolution(n, factor);
		eng_parallel(env, n, sample_row, &s);
		eng_fft_forward(env, g->plan, full, n, true, spectrum, g->scratch);
		eng_fft_real_kernel(g->plan, spectrum, factor, g->kernel);
		err = 0;
	}
	free(factor);
	free(full);
	free(spectrum);
	return err;
}

/* Have a grid and a kernel for points that span @span; keep what is there if it will do. */
static int prepare(const struct eng_env *env, struct eng_grid *g, float span)
{
	float step = step_for(span);
	size_t least = size_for(0.999f * LEAST_CELLS * 2.0f * step, step);
	size_t want = size_for(span, step), size;
	int err = 0;

	if (want < least)
		want = least;
	if (g->size && step == g->step && want <= g->size && g->size <= want + want / 2)
		return 0;
	size = eng_fft_size(want + want / 16);
	if (size > LARGEST)
		size = LARGEST;
	if (size != g->size)
		err = resize(env, g, size);
	if (err)
		return err;
	g->step = step;
	g->shifted = step < STEP;
	err = make_kernel(env, g);
	if (err)
		g->size = 0;
	return err;
}

struct job {
	struct eng_grid *g;
	const struct eng_tsne_ops *ops;
	const float *y;
	float lo[2];
	float *force;
	size_t strips, odd;
	size_t *begin;		/* strips + 1: of each strip in sorted */
};

static void bin_count(void *arg, size_t chunk, unsigned int worker)
{
	const struct job *job = arg;
	struct eng_grid *g = job->g;
	size_t *count = g->place + chunk * MOST_STRIPS;
	size_t end = (chunk + 1) * BIN_CHUNK < g->n ? (chunk + 1) * BIN_CHUNK : g->n;
	float scale = 1.0f / g->step;

	(void)worker;
	memset(count, 0, job->strips * sizeof(*count));
	for (size_t i = chunk * BIN_CHUNK; i < end; i++) {
		g->at[2 * i] = (job->y[2 * i] - job->lo[0]) * scale;
		g->at[2 * i + 1] = (job->y[2 * i + 1] - job->lo[1]) * scale;
		count[(size_t)g->at[2 * i + 1] / STRIP]++;
	}
}

static void bin_place(void *arg, size_t chunk, unsigned int worker)
{
	const struct job *job = arg;
	struct eng_grid *g = job->g;
	size_t *place = g->place + chunk * MOST_STRIPS;
	size_t end = (chunk + 1) * BIN_CHUNK < g->n ? (chunk + 1) * BIN_CHUNK : g->n;

	(void)worker;
	for (size_t i = chunk * BIN_CHUNK; i < end; i++) {
		size_t to = place[(size_t)g->at[2 * i + 1] / STRIP]++;

		g->sorted[2 * to] = g->at[2 * i];
		g->sorted[2 * to + 1] = g->at[2 * i + 1];
		g->order[to] = (uint32_t)i;
	}
}

/* Counting sort by strips, stable, in chunks that do not depend on threads. */
static void bin(const struct eng_env *env, struct job *job)
{
	struct eng_grid *g = job->g;
	size_t chunks = chunks_of(g->n, BIN_CHUNK), at = 0;

	eng_parallel(env, chunks, bin_count, job);
	for (size_t s = 0; s < job->strips; s++) {
		job->begin[s] = at;
		for (size_t c = 0; c < chunks; c++) {
			size_t count = g->place[c * MOST_STRIPS + s];

			g->place[c * MOST_STRIPS + s] = at;
			at += count;
		}
	}
	job->begin[job->strips] = at;
	eng_parallel(env, chunks, bin_place, job);
}

static void clear_strip(void *arg, size_t strip, unsigned int worker)
{
	const struct job *job = arg;
	struct eng_grid *g = job->g;
	size_t half = g->size / 2, first = strip * STRIP;
	size_t rows = half - first < STRIP ? half - first : STRIP;

	(void)worker;
	memset(g->nodes + first * half, 0, rows * half * sizeof(*g->nodes));
}

static void spread_strip(void *arg, size_t pair, unsigned int worker)
{
	const struct job *job = arg;
	struct eng_grid *g = job->g;
	size_t strip = 2 * pair + job->odd;

	(void)worker;
	job->ops->spread(g->sorted + 2 * job->begin[strip],
			 job->begin[strip + 1] - job->begin[strip], g->nodes, g->size / 2);
}

static void gather_chunk(void *arg, size_t chunk, unsigned int worker)
{
	const struct job *job = arg;
	struct eng_grid *g = job->g;
	size_t first = chunk * GATHER_CHUNK;
	size_t count = g->n - first < GATHER_CHUNK ? g->n - first : GATHER_CHUNK;

	(void)worker;
	g->partial[chunk] = job->ops->gather(g->sorted + 2 * first, g->order + first, count,
					     g->nodes, g->size / 2, -0.5f / g->step, job->force);
}

/*
 * Spread and gather touch 36 nodes a point, with two products each, and 3 sums
 * back.  One filter is 3 n / 2 + 2 complex transforms of length n, at
 * 5/2 n log2 n multiply-adds; between its four sweeps the grid, and the half
 * transformed one, go to near memory and back.
 */
static void count_run(const struct eng_env *env, const struct eng_grid *g)
{
	uint64_t n = g->size, points = g->n, log = 0;
	uint64_t grid = n * n / 4 * sizeof(float), half = (n / 2 + 1) * n * sizeof(float);

	while ((uint64_t)1 << log < n)
		log++;
	eng_count(env, ENG_COUNT_NEAR_READ, grid + 3 * half + grid + 24 * points);
	eng_count(env, ENG_COUNT_NEAR_WRITE, 2 * grid + 2 * half + 20 * points);
	eng_count(env, ENG_COUNT_SCRATCH, points * 36 * 3 * sizeof(float) +
		  (3 * n / 2 + 2) * n * log * 8);
	eng_count(env, ENG_COUNT_MAC, points * (36 * 3 + 110) + (3 * n / 2 + 2) * n * log * 5 / 2);
}

int eng_grid_run(const struct eng_env *env, struct eng_grid *g, const float *y,
		 const float lo[2], const float hi[2], float *force, double *z)
{
	const struct eng_kernels *kernels = env->kernels;
	float dx = hi[0] - lo[0], dy = hi[1] - lo[1];
	size_t begin[MOST_STRIPS + 1], chunks = chunks_of(g->n, GATHER_CHUNK);
	struct job job = { .g = g, .y = y, .lo = { lo[0], lo[1] }, .force = force, .begin = begin };
	int err = prepare(env, g, dx > dy ? dx : dy);
	double sum = 0.0;

	if (err)
		return err;
	job.ops = (kernels ? kernels : eng_kernels_find("portable", NULL))->tsne;
	job.strips = (size_t)(dy / g->step + 1.0f) / STRIP + 1;
	bin(env, &job);
	eng_parallel(env, chunks_of(g->size / 2, STRIP), clear_strip, &job);
	eng_parallel(env, (job.strips + 1) / 2, spread_strip, &job);
	job.odd = 1;
	eng_parallel(env, job.strips / 2, spread_strip, &job);
	eng_fft_filter(env, g->plan, g->nodes, g->size / 2, g->kernel, g->nodes, g->size / 2,
		       g->scratch);
	eng_parallel(env, chunks, gather_chunk, &job);
	for (size_t c = 0; c < chunks; c++)
		sum += g->partial[c];
	count_run(env, g);
	/* The potential holds each point's own k(0), and lacks 1 for each pair if shifted. */
	*z = sum - (double)g->n + (g->shifted ? (double)g->n * (double)g->n : 0.0);
	return 0;
}

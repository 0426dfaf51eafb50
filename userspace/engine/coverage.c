// SPDX-License-Identifier: LGPL-2.1-or-later
#include "coverage.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nearest.h"
#include "rng.h"

#define ROWS 16384

struct coverage {
	const struct eng_env *env;
	const struct eng_select_input *in;
	size_t n, count;
	float *x;		/* n x d: rows that are looked at */
	float *centre;		/* count x d */
	uint32_t *nearest;	/* n */
};

static size_t rows_of(size_t n)
{
	return n < ROWS ? n : ROWS;
}

static void copy_row(const struct coverage *c, size_t row, float *to)
{
	memcpy(to, c->in->x + row * c->in->ld, c->in->d * sizeof(*to));
}

/*
 * A row from each of @m even pieces of the list, which is in order of class.  @apart
 * keeps two drawings from having the same numbers.
 */
static void draw(const struct coverage *c, size_t m, uint64_t seed, uint64_t apart, float *to)
{
	const struct eng_groups *g = c->in->groups;

	for (size_t j = 0; j < m; j++) {
		const uint64_t from = (uint64_t)j * g->n / m, end = (uint64_t)(j + 1) * g->n / m;
		const uint64_t at = from + eng_below(seed, ENG_STREAM_COVERAGE, apart | j, end - from);

		copy_row(c, g->row[at], to + j * c->in->d);
	}
}

/* Root mean square distance of the rows from their mean. */
static int find_radius(const struct coverage *c, double *radius)
{
	const size_t d = c->in->d;
	double *mean = calloc(d, sizeof(*mean)), sum = 0;

	if (!mean)
		return -ENOMEM;
	for (size_t i = 0; i < c->n; i++)
		for (size_t k = 0; k < d; k++)
			mean[k] += (double)c->x[i * d + k] / (double)c->n;
	for (size_t i = 0; i < c->n; i++)
		for (size_t k = 0; k < d; k++)
			sum += ((double)c->x[i * d + k] - mean[k]) *
			       ((double)c->x[i * d + k] - mean[k]);
	free(mean);
	*radius = sqrt(sum / (double)c->n);
	return 0;
}

/* Mean distance to the nearest centre. */
static int find_error(struct coverage *c, double *error)
{
	const size_t d = c->in->d;
	double sum = 0;
	int err = eng_nearest(c->env, c->x, c->n, d, c->centre, c->count, c->nearest);

	for (size_t i = 0; !err && i < c->n; i++) {
		const float *x = c->x + i * d, *y = c->centre + c->nearest[i] * d;
		double d2 = 0;

		for (size_t k = 0; k < d; k++)
			d2 += ((double)x[k] - y[k]) * ((double)x[k] - y[k]);
		sum += sqrt(d2);
	}
	*error = sum / (double)c->n;
	return err;
}

static void count_work(const struct coverage *c)
{
	const uint64_t n = c->n, d = c->in->d, m = c->count;

	eng_count(c->env, ENG_COUNT_NEAR_READ, (n + 2 * m + 4 * n) * d * sizeof(float));
	eng_count(c->env, ENG_COUNT_NEAR_WRITE, (n + 2 * m) * d * sizeof(float));
	eng_count(c->env, ENG_COUNT_SCRATCH, 4 * n * m * sizeof(float));
	eng_count(c->env, ENG_COUNT_MAC, 2 * n * (m + 1) * d + 2 * n * d);
	eng_count(c->env, ENG_COUNT_SPECIAL, 2 * n);
}

static int measure(struct coverage *c, const uint32_t *index, uint64_t seed,
		   struct eng_coverage *out)
{
	double radius, error = 0, random = 0;
	int err;

	draw(c, c->n, seed, 0, c->x);
	for (size_t j = 0; j < c->count; j++)
		copy_row(c, index[j], c->centre + j * c->in->d);
	err = find_radius(c, &radius);
	if (!err)
		err = find_error(c, &error);
	if (err)
		return err;
	draw(c, c->count, seed, (uint64_t)1 << 63, c->centre);
	err = find_error(c, &random);
	if (err)
		return err;
	*out = (struct eng_coverage){
		.error = radius > 0 ? (float)(error / radius) : 0,
		.random = radius > 0 ? (float)(random / radius) : 0,
		.rows = (uint32_t)c->n,
	};
	count_work(c);
	return 0;
}

int eng_coverage(const struct eng_env *env, const struct eng_select_input *in,
		 const uint32_t *index, size_t count, uint64_t seed, struct eng_coverage *out)
{
	struct coverage c = { .env = env, .in = in, .n = rows_of(in->groups->n), .count = count };
	int err = -ENOMEM;

	eng_phase_enter(env, ENG_PHASE_SELECT);
	c.x = malloc(c.n * in->d * sizeof(*c.x));
	c.centre = malloc(count * in->d * sizeof(*c.centre));
	c.nearest = calloc(c.n, sizeof(*c.nearest));
	if (c.x && c.centre && c.nearest)
		err = measure(&c, index, seed, out);
	free(c.x);
	free(c.centre);
	free(c.nearest);
	return err;
}

size_t eng_coverage_memory(size_t n, size_t d, size_t count, unsigned int threads)
{
	return (rows_of(n) * (d + 1) + count * d) * sizeof(float) +
	       eng_nearest_memory(d, count, threads);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kmeans.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nearest.h"
#include "pool.h"

/* Most iterations; the medoids hardly move any more by then. */
#define ITERATIONS 25

/* Clusters whose means one chunk of work takes. */
#define CLUSTERS 16

struct seeding {
	struct eng_share *share;
	struct eng_strips strips;
	const struct eng_points *points;
	float *near;		/* squared, to the nearest seed; 0 beyond the end */
	double *sum;		/* a chunk: of mass times that */
	const float *query;
};

static void seeding_chunk(void *arg, size_t chunk, unsigned int worker)
{
	struct seeding *s = arg;
	const size_t first = eng_strips_first(chunk) * ENG_STRIP;
	const size_t n = eng_strips_in(&s->strips, chunk) * ENG_STRIP;
	double sum = 0;

	(void)worker;
	eng_strips_dist2(s->share, &s->strips, chunk, s->query);
	eng_share_ops(s->share)->nearest(s->strips.d2 + first, n / ENG_STRIP, s->near + first);
	for (size_t i = first; i < first + n && i < s->points->n; i++)
		sum += (double)s->points->mass[i] * s->near[i];
	s->sum[chunk] = sum;
}

/* A point with probability proportional to mass times squared distance; the first if all are 0. */
static size_t draw(const struct seeding *s, uint64_t counter)
{
	const double u = (double)(eng_random(s->share->salt, ENG_STREAM_SELECT, counter) >> 11) *
			 0x1p-53;
	double total = 0, left;
	size_t chunk = 0, last = 0;

	for (size_t c = 0; c < s->strips.chunks; c++)
		total += s->sum[c];
	left = u * total;
	while (chunk + 1 < s->strips.chunks && left >= s->sum[chunk])
		left -= s->sum[chunk++];
	for (size_t i = eng_strips_first(chunk) * ENG_STRIP; i < s->points->n; i++) {
		const double here = (double)s->points->mass[i] * s->near[i];

		if (!(here > 0))
			continue;
		last = i;
		if (left < here)
			break;
		left -= here;
	}
	return last;
}

static int seed_centres(struct eng_share *share, const struct eng_points *points, size_t k,
			float *centre)
{
	const size_t n = points->n, d = points->d;
	struct seeding s = { .share = share, .points = points };
	int err = eng_strips_create(points->x, n, d, d, &s.strips);

	if (err)
		return err;
	s.near = calloc(s.strips.count * ENG_STRIP, sizeof(*s.near));
	s.sum = calloc(s.strips.chunks, sizeof(*s.sum));
	err = s.near && s.sum ? 0 : -ENOMEM;
	for (size_t i = 0; !err && i < n; i++)
		s.near[i] = INFINITY;
	for (size_t c = 0; !err && c < k; c++) {
		const size_t i = c ? draw(&s, c) :
				     eng_below(share->salt, ENG_STREAM_SELECT, 0, n);

		s.query = points->x + i * d;
		memcpy(centre + c * d, s.query, d * sizeof(*centre));
		eng_parallel(&share->env, s.strips.chunks, seeding_chunk, &s);
		eng_strips_count(share, &s.strips, false);
		if (eng_cancelled(&share->env))
			err = -ECANCELED;
	}
	free(s.near);
	free(s.sum);
	eng_strips_free(&s.strips);
	return err;
}

/* Members by cluster: a counting sort, so that sums run in order of points. */
static void list_members(struct eng_clusters *cl, size_t n)
{
	memset(cl->start, 0, (cl->k + 1) * sizeof(*cl->start));
	for (size_t i = 0; i < n; i++)
		cl->start[cl->nearest[i] + 1]++;
	for (size_t c = 0; c < cl->k; c++)
		cl->start[c + 1] += cl->start[c];
	for (size_t i = 0; i < n; i++)
		cl->member[cl->start[cl->nearest[i]]++] = (uint32_t)i;
	for (size_t c = cl->k; c; c--)
		cl->start[c] = cl->start[c - 1];
	cl->start[0] = 0;
}

struct update {
	const struct eng_points *points;
	struct eng_clusters *clusters;
	double *sum;		/* d numbers a worker */
};

static void update_mean(const struct eng_points *points, struct eng_clusters *cl, size_t c,
			double *sum)
{
	const size_t d = points->d;
	double mass = 0;

	memset(sum, 0, d * sizeof(*sum));
	for (size_t j = cl->start[c]; j < cl->start[c + 1]; j++) {
		const size_t i = cl->member[j];
		const double m = points->mass[i];

		mass += m;
		for (size_t k = 0; k < d; k++)
			sum[k] += m * points->x[i * d + k];
	}
	for (size_t k = 0; mass > 0 && k < d; k++)
		cl->centre[c * d + k] = (float)(sum[k] / mass);
}

static void update_chunk(void *arg, size_t chunk, unsigned int worker)
{
	const struct update *u = arg;
	const size_t first = chunk * CLUSTERS;

	for (size_t c = first; c < first + CLUSTERS && c < u->clusters->k; c++)
		update_mean(u->points, u->clusters, c, u->sum + worker * u->points->d);
}

static void count_iteration(struct eng_share *share, uint64_t n, uint64_t d, uint64_t k)
{
	const uint64_t blocks = (n + ENG_STRIP - 1) / ENG_STRIP;

	eng_share_count(share, ENG_COUNT_NEAR_READ, (2 * n * d + k * d + n) * sizeof(float));
	eng_share_count(share, ENG_COUNT_NEAR_WRITE, (2 * n + k * d) * sizeof(float));
	eng_share_count(share, ENG_COUNT_SCRATCH, (2 * n * k + blocks * k) * sizeof(float));
	eng_share_count(share, ENG_COUNT_MAC, n * d * (k + 1));
	eng_share_count(share, ENG_COUNT_SPECIAL, k * d);
}

static int iterate(struct eng_share *share, const struct eng_points *points,
		   struct eng_clusters *cl, uint32_t *before)
{
	const size_t n = points->n, chunks = (cl->k + CLUSTERS - 1) / CLUSTERS;
	struct update u = { .points = points, .clusters = cl };
	int err = 0;

	u.sum = calloc(eng_pool_threads(share->env.pool) * points->d + 1, sizeof(*u.sum));
	if (!u.sum)
		return -ENOMEM;
	memset(before, 0xff, n * sizeof(*before));
	while (cl->iterations < ITERATIONS) {
		err = eng_nearest(&share->env, points->x, n, points->d, cl->centre, cl->k,
				  cl->nearest);
		if (err)
			break;
		count_iteration(share, n, points->d, cl->k);
		if (!memcmp(before, cl->nearest, n * sizeof(*before)))
			break;
		memcpy(before, cl->nearest, n * sizeof(*before));
		list_members(cl, n);
		eng_parallel(&share->env, chunks, update_chunk, &u);
		eng_share_progress(share, ++cl->iterations, ITERATIONS);
	}
	free(u.sum);
	return err;
}

int eng_kmeans(struct eng_share *share, const struct eng_points *points, size_t k,
	       struct eng_clusters *cl)
{
	const size_t n = points->n, d = points->d;
	uint32_t *before = malloc(n * sizeof(*before));
	int err = -ENOMEM;

	*cl = (struct eng_clusters){ .k = k, .d = d };
	cl->centre = malloc((k * d + 1) * sizeof(*cl->centre));
	cl->nearest = calloc(n, sizeof(*cl->nearest));
	cl->start = calloc(k + 1, sizeof(*cl->start));
	cl->member = calloc(n, sizeof(*cl->member));
	if (before && cl->centre && cl->nearest && cl->start && cl->member)
		err = seed_centres(share, points, k, cl->centre);
	if (!err)
		err = iterate(share, points, cl, before);
	free(before);
	if (err)
		eng_clusters_free(cl);
	return err;
}

void eng_clusters_free(struct eng_clusters *cl)
{
	free(cl->centre);
	free(cl->nearest);
	free(cl->start);
	free(cl->member);
	memset(cl, 0, sizeof(*cl));
}

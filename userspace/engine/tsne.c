// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tsne.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fmath.h"
#include "hot/tsne.h"
#include "pool.h"
#include "profile.h"
#include "repulsion.h"
#include "rng.h"
#include "tsne_edges.h"

#define LANES 16
#define ROWS 512	/* rows of edges, or points, in a chunk */
#define CHECK 50	/* iterations from one look at KL to the next */
#define PROGRESS 10
#define LONGEST 5.0f	/* step of a coordinate in one iteration */
#define RELAX 2.0f	/* learning rate n / this after the exaggeration */

/* Iterations after which points are put into spatial order again. */
static const uint32_t reorder_at[] = { 0, 30, 100, 200, 300, 500, 800 };

/* A descent under way.  Arrays are in spatial order, padded to whole vectors. */
struct descent {
	const struct eng_env *env;
	const struct eng_affinity *p;
	const struct eng_tsne_ops *ops;
	struct eng_tsne_params par;
	size_t n, floats;	/* floats: 2 n, padded */
	size_t chunks;

	float *y, *velocity, *gain, *attraction, *repulsion, *spare;
	uint32_t *order, *rank, *turn;
	uint64_t *key;
	struct eng_edges edges;
	struct eng_repulsor *repulsor;
	double *partial;
	struct eng_moved *moved;

	struct eng_move move;
	float mean[2];
	double z, grad2;
	double plogp, mass;	/* sum of p log p, and of p */
	double worst;		/* KL at the start, or from the uniform distribution */
	double last_kl;
	bool have_kl;
};

static size_t chunk_end(const struct descent *d, size_t chunk)
{
	return (chunk + 1) * ROWS < d->n ? (chunk + 1) * ROWS : d->n;
}

static void descent_free(struct descent *d)
{
	free(d->y);
	free(d->velocity);
	free(d->gain);
	free(d->attraction);
	free(d->repulsion);
	free(d->spare);
	free(d->order);
	free(d->rank);
	free(d->turn);
	free(d->key);
	free(d->partial);
	free(d->moved);
	eng_edges_destroy(&d->edges);
	eng_repulsor_destroy(d->repulsor);
}

static int descent_alloc(struct descent *d)
{
	float **planes[] = { &d->y, &d->velocity, &d->gain, &d->attraction, &d->repulsion,
			     &d->spare };
	uint32_t **names[] = { &d->order, &d->rank, &d->turn };
	bool ok = true;
	int err;

	for (size_t i = 0; i < sizeof(planes) / sizeof(planes[0]); i++)
		ok = (*planes[i] = calloc(d->floats, sizeof(float))) && ok;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ok = (*names[i] = calloc(d->n, sizeof(uint32_t))) && ok;
	d->key = calloc(d->n, sizeof(*d->key));
	d->partial = calloc(d->chunks, 2 * sizeof(*d->partial));
	d->moved = calloc(d->chunks, sizeof(*d->moved));
	if (!ok || !d->key || !d->partial || !d->moved)
		return -ENOMEM;
	err = eng_edges_create(d->p, &d->edges);
	return err ? err : eng_repulsor_create(d->n, &d->repulsor);
}

/* x = x in the order that @turn says, by way of @spare. */
static void permute(const struct descent *d, float *x)
{
	for (size_t i = 0; i < d->n; i++)
		memcpy(d->spare + 2 * i, x + 2 * (size_t)d->turn[i], 2 * sizeof(*x));
	memcpy(x, d->spare, 2 * d->n * sizeof(*x));
}

/* Put the points into spatial order, so that neighbours lie together in memory. */
static int reorder(struct descent *d)
{
	int err = eng_spatial_order(d->y, d->n, d->key, d->turn);

	if (err)
		return err;
	permute(d, d->y);
	permute(d, d->velocity);
	permute(d, d->gain);
	for (size_t i = 0; i < d->n; i++)
		d->rank[i] = d->order[d->turn[i]];
	memcpy(d->order, d->rank, d->n * sizeof(*d->order));
	for (size_t i = 0; i < d->n; i++)
		d->rank[d->order[i]] = (uint32_t)i;
	eng_edges_fill(d->env, d->p, d->order, d->rank, &d->edges);
	return 0;
}

static void entropy_chunk(void *arg, size_t chunk, unsigned int worker)
{
	const struct descent *d = arg;
	double plogp = 0.0, mass = 0.0;

	(void)worker;
	for (size_t k = d->p->start[chunk * ROWS]; k < d->p->start[chunk_end(d, chunk)]; k++) {
		double p = (double)d->p->p[k];

		if (p > 0.0)
			plogp += p * eng_log(p);
		mass += p;
	}
	d->partial[2 * chunk] = plogp;
	d->partial[2 * chunk + 1] = mass;
}

static void measure_affinities(struct descent *d)
{
	eng_parallel(d->env, d->chunks, entropy_chunk, d);
	for (size_t c = 0; c < d->chunks; c++) {
		d->plogp += d->partial[2 * c];
		d->mass += d->partial[2 * c + 1];
	}
	d->worst = d->plogp + d->mass * eng_log((double)d->n * (double)(d->n - 1));
}

static void attract_chunk(void *arg, size_t chunk, unsigned int worker)
{
	const struct descent *d = arg;
	size_t end = chunk_end(d, chunk);

	(void)worker;
	for (size_t i = chunk * ROWS; i < end; i += ENG_EDGE_ROWS)
		d->ops->attract(&d->edges, d->y, i, i + ENG_EDGE_ROWS < end ? i + ENG_EDGE_ROWS : end,
				d->attraction);
}

static void distance_chunk(void *arg, size_t chunk, unsigned int worker)
{
	const struct descent *d = arg;

	(void)worker;
	d->partial[chunk] = d->ops->log_distance(&d->edges, d->y, chunk * ROWS, chunk_end(d, chunk));
}

static void move_chunk(void *arg, size_t chunk, unsigned int worker)
{
	const struct descent *d = arg;
	size_t first = 2 * chunk * ROWS, count = d->floats - first;

	(void)worker;
	if (count > 2 * ROWS)
		count = 2 * ROWS;
	d->moved[chunk] = d->ops->move(&d->move, count, d->attraction + first,
				       d->repulsion + first, d->gain + first,
				       d->velocity + first, d->y + first);
}

static void centre_chunk(void *arg, size_t chunk, unsigned int worker)
{
	const struct descent *d = arg;

	(void)worker;
	for (size_t i = chunk * ROWS; i < chunk_end(d, chunk); i++) {
		d->y[2 * i] -= d->mean[0];
		d->y[2 * i + 1] -= d->mean[1];
	}
}

/* KL(P||Q) of the positions to which d->z belongs. */
static double divergence(struct descent *d)
{
	double sum = 0.0;

	eng_parallel(d->env, d->chunks, distance_chunk, d);
	for (size_t c = 0; c < d->chunks; c++)
		sum += d->partial[c];
	eng_count(d->env, ENG_COUNT_NEAR_READ, 8 * (uint64_t)d->p->start[d->n]);
	eng_count(d->env, ENG_COUNT_SPECIAL, (uint64_t)d->p->start[d->n]);
	return d->plogp + sum + d->mass * eng_log(d->z);
}

static int repel(struct descent *d)
{
	int err = eng_repulsor_run(d->env, d->repulsor, d->y, d->repulsion, &d->z);

	if (err)
		return err;
	return d->z > 0.0 && d->z <= (double)d->n * (double)d->n ? 0 : -ERANGE;
}

/* What an iteration moves and computes beside its repulsion; see hot/tsne.c. */
static void count_iteration(const struct descent *d)
{
	uint64_t edges = d->p->start[d->n], n = d->n;

	eng_count(d->env, ENG_COUNT_NEAR_READ, 8 * edges + 40 * n);
	eng_count(d->env, ENG_COUNT_NEAR_WRITE, 32 * n);
	eng_count(d->env, ENG_COUNT_SCRATCH, 8 * edges + 16 * n);
	eng_count(d->env, ENG_COUNT_MAC, 5 * edges + 12 * n);
	eng_count(d->env, ENG_COUNT_SPECIAL, edges);
}

static void set_rates(struct descent *d, uint32_t iteration)
{
	bool early = iteration < d->par.exaggeration_iterations;
	float rate = d->par.learning_rate;

	if (!(rate > 0.0f))
		rate = (float)d->n / (early ? d->par.exaggeration : RELAX);
	d->move = (struct eng_move){
		.attract = early ? d->par.exaggeration : 1.0f,
		.repel = (float)(1.0 / d->z),
		.rate = rate,
		.momentum = early ? 0.8f : 0.9f,
		.longest = LONGEST,
	};
}

static int step(struct descent *d, uint32_t iteration)
{
	double x = 0.0, y = 0.0;

	set_rates(d, iteration);
	eng_parallel(d->env, d->chunks, move_chunk, d);
	d->grad2 = 0.0;
	for (size_t c = 0; c < d->chunks; c++) {
		x += d->moved[c].x;
		y += d->moved[c].y;
		d->grad2 += d->moved[c].grad2;
	}
	/* False for NaN, too. */
	if (!(x - x == 0.0) || !(y - y == 0.0) || !(d->grad2 - d->grad2 == 0.0))
		return -ERANGE;
	d->mean[0] = (float)(x / (double)d->n);
	d->mean[1] = (float)(y / (double)d->n);
	eng_parallel(d->env, d->chunks, centre_chunk, d);
	count_iteration(d);
	return 0;
}

/*
 * The start, or no picture at all (all q alike), would be closer to P; or NaN.  That it
 * may be while P is exaggerated, which draws points together, and for a while after.
 */
static bool lost(const struct descent *d, uint32_t iteration, double kl)
{
	if (iteration < d->par.exaggeration_iterations + CHECK)
		return !(kl - kl == 0.0);
	return !(kl < d->worst + 0.05);
}

/* Look at KL: -ERANGE when lost; 1 when it falls too slowly to go on; else 0. */
static int check(struct descent *d, uint32_t iteration)
{
	double kl = divergence(d);
	bool slow = d->have_kl && d->last_kl - kl < (double)d->par.stop * d->last_kl;

	if (!iteration && kl > d->worst)
		d->worst = kl;
	if (iteration < d->par.exaggeration_iterations)
		return 0;
	if (lost(d, iteration, kl))
		return -ERANGE;
	d->have_kl = true;
	d->last_kl = kl;
	return slow && d->par.stop >= 0.0f;
}

static bool reorders(uint32_t iteration)
{
	for (size_t i = 0; i < sizeof(reorder_at) / sizeof(reorder_at[0]); i++)
		if (iteration == reorder_at[i])
			return true;
	return false;
}

static int iterate(struct descent *d, uint32_t iteration, bool *stop)
{
	int err = 0;

	if (eng_cancelled(d->env))
		return -ECANCELED;
	if (reorders(iteration))
		err = reorder(d);
	if (err)
		return err;
	eng_parallel(d->env, d->chunks, attract_chunk, d);
	err = repel(d);
	if (err)
		return err;
	if (iteration % CHECK == 0) {
		err = check(d, iteration);
		if (err < 0)
			return err;
		*stop = err;
	}
	return step(d, iteration);
}

static int descend(struct descent *d, struct eng_tsne_stats *stats)
{
	int err;

	while (stats->iterations < d->par.iterations && !stats->stopped_early) {
		if (stats->iterations % PROGRESS == 0)
			eng_progress(d->env, ENG_PHASE_EMBED, stats->iterations, d->par.iterations);
		err = iterate(d, stats->iterations, &stats->stopped_early);
		if (err)
			return err;
		stats->iterations++;
	}
	err = repel(d);
	if (err)
		return err;
	stats->kl = (float)divergence(d);
	stats->grad_norm = (float)sqrt(d->grad2);
	eng_progress(d->env, ENG_PHASE_EMBED, d->par.iterations, d->par.iterations);
	return lost(d, stats->iterations, (double)stats->kl) ? -ERANGE : 0;
}

static struct eng_tsne_params with_defaults(const struct eng_tsne_params *given)
{
	struct eng_tsne_params p = *given;

	p.iterations = p.iterations ? p.iterations : 500;
	p.exaggeration_iterations = p.exaggeration_iterations ? p.exaggeration_iterations : 100;
	p.exaggeration = p.exaggeration > 0.0f ? p.exaggeration : 12.0f;
	p.stop = p.stop != 0.0f ? p.stop : 0.001f;
	return p;
}

int eng_tsne(const struct eng_env *env, const struct eng_affinity *p,
	     const struct eng_tsne_params *params, float *y, struct eng_tsne_stats *stats)
{
	const struct eng_kernels *kernels = env->kernels;
	struct eng_tsne_stats done = { 0 };
	struct descent d = {
		.env = env, .p = p, .par = with_defaults(params), .n = p->n,
		.floats = (2 * p->n + LANES - 1) / LANES * LANES,
		.chunks = (p->n + ROWS - 1) / ROWS,
	};
	int err = 0;

	d.ops = (kernels ? kernels : eng_kernels_find("portable", NULL))->tsne;
	if (p->n < 2)
		goto out;
	err = descent_alloc(&d);
	if (err)
		goto out;
	memcpy(d.y, y, 2 * d.n * sizeof(*y));
	for (size_t i = 0; i < d.n; i++) {
		d.order[i] = (uint32_t)i;
		d.gain[2 * i] = d.gain[2 * i + 1] = 1.0f;
	}
	measure_affinities(&d);
	err = descend(&d, &done);
	if (err)
		goto out;
	for (size_t i = 0; i < d.n; i++)
		memcpy(y + 2 * (size_t)d.order[i], d.y + 2 * i, 2 * sizeof(*y));
out:
	descent_free(&d);
	if (!err && stats)
		*stats = done;
	return err;
}

size_t eng_tsne_memory(size_t n, unsigned int threads)
{
	return n * (6 * 2 * sizeof(float) + 3 * 4 + 8 + 8 + 12) + 4096 +
	       eng_repulsor_memory(n, threads);
}

void eng_tsne_start(const struct eng_env *env, const float *x, size_t n, size_t ld,
		    uint64_t seed, float *y)
{
	double mean[2] = { 0.0, 0.0 }, var[2] = { 0.0, 0.0 }, scale;

	(void)env;
	for (size_t i = 0; i < n; i++)
		for (int c = 0; c < 2; c++)
			mean[c] += (double)x[i * ld + c];
	for (int c = 0; c < 2; c++)
		mean[c] /= n ? (double)n : 1.0;
	for (size_t i = 0; i < n; i++)
		for (int c = 0; c < 2; c++) {
			double v = (double)x[i * ld + c] - mean[c];

			var[c] += v * v;
		}
	scale = var[0] > 0.0 ? 1e-4 / sqrt(var[0] / (double)n) : 0.0;
	for (size_t i = 0; i < n; i++)
		for (int c = 0; c < 2; c++) {
			/* Uniform, with the standard deviation that the first column has. */
			double noise = 2.0 * (double)eng_uniform(seed, ENG_STREAM_EMBED, 2 * i + c) - 1.0;

			y[2 * i + c] = (float)(var[c] > 0.0 && scale > 0.0 ?
					       ((double)x[i * ld + c] - mean[c]) * scale :
					       noise * 1.7320508075688772e-4);
		}
}

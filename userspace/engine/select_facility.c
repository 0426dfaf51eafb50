// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Facility location: the exemplars that maximise
 *
 *	F(S) = sum over i of mass[i] max over s in S of a_is,
 *
 * greedily, one at a time (Nemhauser, Wolsey, Fisher, Mathematical Programming
 * 14, 1978), a_ij the symmetric affinities of the group.  A row is as similar to
 * itself as to the most similar of its neighbours: none is covered better by
 * another than by itself, and a stranded row gains no more by itself than others.
 *
 * Lazily (Minoux, 1978): what a row would add only ever falls, so that a row
 * whose renewed gain still heads the heap is the best.  In floating point too:
 * each term falls, and a sum in fixed order does not rise when its terms fall.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "affinity.h"
#include "select_share.h"

struct facility {
	struct eng_share *share;
	struct eng_affinity a;
	float *self;		/* a_ii */
	float *cover;		/* by what is chosen */
	double *gain;		/* of each row, when it was last looked at */
	uint32_t *heap;		/* rows, the best on top */
	size_t size;
};

static double gain_of(const struct facility *f, uint32_t i)
{
	const float *mass = f->share->mass;
	double gain = 0;

	if (f->self[i] > f->cover[i])
		gain += (double)mass[i] * ((double)f->self[i] - f->cover[i]);
	for (size_t e = f->a.start[i]; e < f->a.start[i + 1]; e++) {
		const uint32_t j = f->a.col[e];

		if (f->a.p[e] > f->cover[j])
			gain += (double)mass[j] * ((double)f->a.p[e] - f->cover[j]);
	}
	return gain;
}

static void take(struct facility *f, uint32_t i)
{
	if (f->self[i] > f->cover[i])
		f->cover[i] = f->self[i];
	for (size_t e = f->a.start[i]; e < f->a.start[i + 1]; e++)
		if (f->a.p[e] > f->cover[f->a.col[e]])
			f->cover[f->a.col[e]] = f->a.p[e];
}

static bool better(const struct facility *f, uint32_t a, uint32_t b)
{
	return f->gain[a] > f->gain[b] || (f->gain[a] == f->gain[b] && a < b);
}

static void sink(struct facility *f, size_t at)
{
	const uint32_t row = f->heap[at];
	size_t child;

	while ((child = 2 * at + 1) < f->size) {
		if (child + 1 < f->size && better(f, f->heap[child + 1], f->heap[child]))
			child++;
		if (!better(f, f->heap[child], row))
			break;
		f->heap[at] = f->heap[child];
		at = child;
	}
	f->heap[at] = row;
}

static void count_gains(struct facility *f, uint64_t edges)
{
	eng_share_count(f->share, ENG_COUNT_NEAR_READ, edges * 3 * sizeof(float));
	eng_share_count(f->share, ENG_COUNT_MAC, edges);
}

/* All rows that are not must-keep, the best on top. */
static void fill_heap(struct facility *f)
{
	f->size = eng_share_rest(f->share, f->heap);
	for (size_t i = 0; i < f->size; i++)
		f->gain[f->heap[i]] = gain_of(f, f->heap[i]);
	for (size_t i = f->size / 2; i--;)
		sink(f, i);
	count_gains(f, f->a.start[f->a.n]);
}

static uint32_t pop(struct facility *f)
{
	const uint32_t row = f->heap[0];

	f->heap[0] = f->heap[--f->size];
	if (f->size)
		sink(f, 0);
	return row;
}

/* The best row once its gain is up to date. */
static uint32_t best(struct facility *f)
{
	uint64_t edges = 0;

	for (;;) {
		const uint32_t row = f->heap[0];
		const double before = f->gain[row];

		f->gain[row] = gain_of(f, row);
		edges += f->a.start[row + 1] - f->a.start[row];
		if (f->gain[row] == before)
			break;
		sink(f, 0);
		if (f->heap[0] == row)
			break;
	}
	count_gains(f, edges);
	return pop(f);
}

static int choose(struct facility *f)
{
	struct eng_share *share = f->share;

	for (size_t t = 0; t < share->nkeep; t++) {
		share->chosen[t] = share->keep[t];
		take(f, share->keep[t]);
	}
	fill_heap(f);
	for (size_t t = share->nkeep; t < share->budget; t++) {
		eng_yield(&share->env);
		if (eng_cancelled(&share->env))
			return -ECANCELED;
		share->chosen[t] = best(f);
		take(f, share->chosen[t]);
		if (t % 64 == 63)
			eng_share_progress(share, t, share->budget);
	}
	return 0;
}

/* Neighbours, bandwidths, affinities; a group too small for the perplexity gets a lower one. */
static int find_affinities(struct eng_share *share, struct eng_affinity *a)
{
	struct eng_bandwidth_params params = share->params->affinity;
	const float most = (float)(share->n - 1) / 3;
	struct eng_neighbours nb = { 0 };
	struct eng_points points;
	float *p = NULL;
	size_t k;
	int err;

	if (params.perplexity > most)
		params.perplexity = most > 1.5f ? most : 1.5f;
	k = (size_t)(3 * params.perplexity);
	k = k < share->n - 1 ? k : share->n - 1;
	err = eng_points_create(share, NULL, share->n, false, 1, &points);
	if (err)
		return err;
	eng_phase_enter(&share->env, ENG_PHASE_NEIGHBOURS);
	err = eng_knn_by(&share->env, share->params->neighbours, points.x, points.n, points.d,
			 points.d, k, &nb, &share->neighbours);
	eng_points_free(&points);
	if (err)
		goto out;
	p = malloc(share->n * k * sizeof(*p));
	eng_phase_enter(&share->env, ENG_PHASE_SEARCH);
	err = p ? eng_bandwidth(&share->env, &nb, &params, p, NULL, NULL, NULL) : -ENOMEM;
	if (!err)
		err = eng_affinity(&share->env, &nb, p, a);
	free(p);
	eng_neighbours_free(&nb);
out:
	eng_phase_enter(&share->env, ENG_PHASE_SELECT);
	return err;
}

static void set_self(struct facility *f)
{
	for (size_t i = 0; i < f->a.n; i++) {
		f->self[i] = 0;
		for (size_t e = f->a.start[i]; e < f->a.start[i + 1]; e++)
			if (f->a.p[e] > f->self[i])
				f->self[i] = f->a.p[e];
	}
}

int eng_select_facility(struct eng_share *share)
{
	struct facility f = { .share = share };
	int err;

	if (share->n == 1) {
		share->chosen[0] = 0;
		return 0;
	}
	err = find_affinities(share, &f.a);
	if (err)
		return err;
	f.self = calloc(share->n, sizeof(*f.self));
	f.cover = calloc(share->n, sizeof(*f.cover));
	f.gain = calloc(share->n, sizeof(*f.gain));
	f.heap = calloc(share->n, sizeof(*f.heap));
	if (f.self && f.cover && f.gain && f.heap) {
		set_self(&f);
		err = choose(&f);
	} else {
		err = -ENOMEM;
	}
	free(f.self);
	free(f.cover);
	free(f.gain);
	free(f.heap);
	eng_affinity_free(&f.a);
	return err;
}

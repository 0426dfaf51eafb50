// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Farthest first (Gonzalez, Theoretical Computer Science 38, 1985): the row
 * nearest to the mean of the group, then always the row farthest from all that
 * are chosen.  Distances are taken of the features as they are, so that equal
 * ones tie exactly.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "pool.h"
#include "select_share.h"

struct farthest {
	struct eng_share *share;
	struct eng_strips strips;
	float *near;		/* squared, to the nearest chosen; -1: not to be chosen */
	const float *query;
};

static void farthest_chunk(void *arg, size_t chunk, unsigned int worker)
{
	struct farthest *f = arg;
	const size_t first = eng_strips_first(chunk) * ENG_STRIP;

	(void)worker;
	eng_strips_dist2(f->share, &f->strips, chunk, f->query);
	f->strips.best[chunk] = eng_share_ops(f->share)->nearest(f->strips.d2 + first,
								 eng_strips_in(&f->strips, chunk),
								 f->near + first);
}

static const float *row_of(const struct eng_share *share, size_t i)
{
	return share->in->x + share->row[i] * share->in->ld;
}

static int nearest_to_mean(const struct eng_share *share, size_t *out)
{
	const size_t d = share->in->d;
	double *mean = calloc(d + 1, sizeof(*mean));
	double mass = 0, least = INFINITY;

	if (!mean)
		return -ENOMEM;
	for (size_t i = 0; i < share->n; i++) {
		const float *x = row_of(share, i);

		mass += share->mass[i];
		for (size_t k = 0; k < d; k++)
			mean[k] += (double)share->mass[i] * x[k];
	}
	for (size_t i = 0; i < share->n; i++) {
		const float *x = row_of(share, i);
		double d2 = 0;

		for (size_t k = 0; k < d; k++)
			d2 += (x[k] - mean[k] / mass) * (x[k] - mean[k] / mass);
		if (d2 < least) {
			least = d2;
			*out = i;
		}
	}
	free(mean);
	return 0;
}

static int choose(struct farthest *f)
{
	struct eng_share *share = f->share;
	size_t next = 0;
	int err = nearest_to_mean(share, &next);

	for (size_t t = 0; !err && t < share->budget; t++) {
		const size_t i = t < share->nkeep ? share->keep[t] : next;

		if (eng_cancelled(&share->env))
			return -ECANCELED;
		share->chosen[t] = (uint32_t)i;
		f->near[i] = -1;
		f->query = row_of(share, i);
		eng_parallel(&share->env, f->strips.chunks, farthest_chunk, f);
		eng_strips_count(share, &f->strips, false);
		next = eng_strips_best(&f->strips);
		if (t % 64 == 63)
			eng_share_progress(share, t, share->budget);
	}
	return err;
}

/* The features of the group, one row after the other, as they are. */
static float *gather(const struct eng_share *share)
{
	const size_t d = share->in->d;
	float *x = malloc((share->n * d + 1) * sizeof(*x));

	for (size_t i = 0; x && i < share->n; i++)
		for (size_t k = 0; k < d; k++)
			x[i * d + k] = row_of(share, i)[k];
	return x;
}

int eng_select_kcentre(struct eng_share *share)
{
	const size_t d = share->in->d;
	const size_t whole = (share->n + ENG_STRIP - 1) / ENG_STRIP * ENG_STRIP;
	struct farthest f = { .share = share };
	float *x = gather(share);
	int err = -ENOMEM;

	if (!x)
		return err;
	err = eng_strips_create(x, share->n, d, d, &f.strips);
	free(x);
	if (err)
		return err;
	f.near = malloc(whole * sizeof(*f.near));
	if (!f.near) {
		err = -ENOMEM;
		goto out;
	}
	for (size_t i = 0; i < whole; i++)
		f.near[i] = i < share->n ? INFINITY : -1;
	err = choose(&f);
	free(f.near);
out:
	eng_strips_free(&f.strips);
	return err;
}

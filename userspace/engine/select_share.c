// SPDX-License-Identifier: LGPL-2.1-or-later
#include "select_share.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gemm.h"

void eng_share_count(struct eng_share *share, enum eng_count what, uint64_t n)
{
	share->work.count[what] += n;
}

void eng_share_progress(const struct eng_share *share, uint64_t done, uint64_t total)
{
	double part = (double)done / (double)total * (double)share->n;

	eng_progress(&share->env, ENG_PHASE_SELECT, share->before + (uint64_t)part, share->whole);
}

size_t eng_share_rest(const struct eng_share *share, uint32_t *rest)
{
	size_t n = 0, k = 0;

	for (size_t i = 0; i < share->n; i++) {
		if (k < share->nkeep && share->keep[k] == i)
			k++;
		else
			rest[n++] = (uint32_t)i;
	}
	return n;
}

int eng_share_choose(struct eng_share *share, eng_choose_fn choose)
{
	uint32_t *rest = calloc(share->n, sizeof(*rest));
	int err = 0;

	if (!rest)
		return -ENOMEM;
	for (size_t i = 0; i < share->nkeep; i++)
		share->chosen[i] = share->keep[i];
	if (share->nkeep < share->budget)
		err = choose(share, rest, eng_share_rest(share, rest));
	free(rest);
	return err;
}

static const float *source_row(const struct eng_share *share, const uint32_t *position,
			       size_t i, bool plane)
{
	const size_t row = share->row[position ? position[i] : i];

	return plane ? share->in->y + 2 * row : share->in->x + share->in->ld * row;
}

/* The mean, and one over the RMS radius around it (0 if there is none). */
static double measure(const struct eng_share *share, const uint32_t *position, bool plane,
		      const struct eng_points *points, double *mean)
{
	double mass = 0, spread = 0;

	for (size_t i = 0; i < points->n; i++) {
		const float *x = source_row(share, position, i, plane);
		const double m = points->mass[i];

		mass += m;
		for (size_t k = 0; k < points->d; k++)
			mean[k] += m * x[k];
	}
	for (size_t k = 0; k < points->d; k++)
		mean[k] /= mass;
	for (size_t i = 0; i < points->n; i++) {
		const float *x = source_row(share, position, i, plane);
		double d2 = 0;

		for (size_t k = 0; k < points->d; k++)
			d2 += (x[k] - mean[k]) * (x[k] - mean[k]);
		spread += points->mass[i] * d2;
	}
	return spread > 0 ? 1 / sqrt(spread / mass) : 0;
}

/* Masses of the points; ones where the points have none at all. */
static void copy_mass(const struct eng_share *share, const uint32_t *position,
		      struct eng_points *points)
{
	double sum = 0;

	for (size_t i = 0; i < points->n; i++) {
		points->mass[i] = share->mass[position ? position[i] : i];
		sum += points->mass[i];
	}
	for (size_t i = 0; i < points->n && !(sum > 0); i++)
		points->mass[i] = 1;
}

int eng_points_create(const struct eng_share *share, const uint32_t *position, size_t n,
		      bool plane, double scale, struct eng_points *points)
{
	const size_t d = plane ? 2 : share->in->d;
	double *mean;
	double inv;

	*points = (struct eng_points){ .n = n, .d = d };
	mean = calloc(d + 1, sizeof(*mean));
	points->x = calloc(n * d + 1, sizeof(*points->x));
	points->mass = calloc(n + 1, sizeof(*points->mass));
	if (!mean || !points->x || !points->mass) {
		free(mean);
		eng_points_free(points);
		return -ENOMEM;
	}
	copy_mass(share, position, points);
	inv = measure(share, position, plane, points, mean) * scale;
	for (size_t i = 0; i < n; i++) {
		const float *x = source_row(share, position, i, plane);

		for (size_t k = 0; k < d; k++)
			points->x[i * d + k] = (float)((x[k] - mean[k]) * inv);
	}
	free(mean);
	return 0;
}

void eng_points_free(struct eng_points *points)
{
	free(points->x);
	free(points->mass);
	memset(points, 0, sizeof(*points));
}

int eng_strips_create(const float *x, size_t n, size_t d, size_t ld, struct eng_strips *strips)
{
	const size_t count = (n + ENG_STRIP - 1) / ENG_STRIP;

	*strips = (struct eng_strips){ .n = n, .d = d, .count = count };
	strips->chunks = (count + ENG_STRIPS_CHUNK - 1) / ENG_STRIPS_CHUNK;
	strips->x = malloc((count * d * ENG_STRIP + 1) * sizeof(*strips->x));
	strips->d2 = calloc(count * ENG_STRIP + 1, sizeof(*strips->d2));
	strips->best = calloc(strips->chunks + 1, sizeof(*strips->best));
	if (!strips->x || !strips->d2 || !strips->best) {
		eng_strips_free(strips);
		return -ENOMEM;
	}
	eng_gemm_pack(x, n, d, ld, ENG_STRIP, strips->x);
	return 0;
}

void eng_strips_free(struct eng_strips *strips)
{
	free(strips->x);
	free(strips->d2);
	free(strips->best);
	memset(strips, 0, sizeof(*strips));
}

size_t eng_strips_best(const struct eng_strips *strips)
{
	size_t at = 0;

	for (size_t c = 1; c < strips->chunks; c++)
		if (strips->best[c].value > strips->best[at].value)
			at = c;
	return eng_strips_first(at) * ENG_STRIP + strips->best[at].index;
}

void eng_strips_dist2(const struct eng_share *share, const struct eng_strips *strips,
		      size_t chunk, const float *q)
{
	const size_t first = eng_strips_first(chunk);

	eng_share_ops(share)->dist2(strips->x + first * strips->d * ENG_STRIP,
				    eng_strips_in(strips, chunk), strips->d, q,
				    strips->d2 + first * ENG_STRIP);
}

void eng_strips_count(struct eng_share *share, const struct eng_strips *strips, bool special)
{
	const uint64_t n = strips->count * ENG_STRIP;

	/* Features, and two running vectors of which one is written again. */
	eng_share_count(share, ENG_COUNT_NEAR_READ, n * (strips->d + 2) * sizeof(float));
	eng_share_count(share, ENG_COUNT_NEAR_WRITE, n * sizeof(float));
	eng_share_count(share, ENG_COUNT_SCRATCH, n * 2 * sizeof(float));
	eng_share_count(share, ENG_COUNT_MAC, n * strips->d);
	if (special)
		eng_share_count(share, ENG_COUNT_SPECIAL, n);
}

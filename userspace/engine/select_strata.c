// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Strata: the points of the plane in their order along a Hilbert curve, cut into
 * pieces of the same mass, and of each piece the medoid: the row nearest to the
 * mean, in the space of features if there are any, or else in the plane.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "hilbert.h"
#include "select_plane.h"
#include "sort.h"

#define SIDE 65536u

/* @rest into the order of the curve; points of one cell stay in order of row. */
static int sort_along_curve(const struct eng_share *share, uint32_t *rest, size_t n)
{
	const struct eng_square square = eng_square_around(share, rest, n);
	uint64_t *key = calloc(n, sizeof(*key));
	int err;

	if (!key)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const float *p = eng_plane_point(share, rest[i]);

		key[i] = eng_hilbert(eng_square_cell(p[0] - square.x, square.side, SIDE, SIDE),
				     eng_square_cell(p[1] - square.y, square.side, SIDE, SIDE));
	}
	err = eng_sort(key, rest, n);
	free(key);
	return err;
}

/*
 * Pieces of the same mass: a row is in the piece that its middle falls into,
 * and none is empty.  Without masses piece c is rows c n / count and on.
 */
static void cut(const struct eng_share *share, const uint32_t *rest, size_t n, size_t count,
		size_t *start)
{
	double total = 0, sum = 0;
	size_t i = 0;

	for (size_t j = 0; j < n; j++)
		total += (double)share->mass[rest[j]];
	start[0] = 0;
	for (size_t c = 1; c < count; c++) {
		const double target = total * (double)c / (double)count;

		if (!share->params->mass || !(total > 0)) {
			start[c] = (size_t)((uint64_t)n * c / count);
			continue;
		}
		for (; i < n - (count - c) &&
		       (i <= start[c - 1] || sum + share->mass[rest[i]] / 2.0 < target); i++)
			sum += (double)share->mass[rest[i]];
		start[c] = i;
	}
	start[count] = n;
}

static const float *point(const struct eng_share *share, uint32_t position)
{
	return share->in->x ? share->in->x + share->in->ld * share->row[position] :
			      eng_plane_point(share, position);
}

static double dist2(const float *x, const double *mean, size_t d)
{
	double sum = 0;

	for (size_t k = 0; k < d; k++)
		sum += (x[k] - mean[k]) * (x[k] - mean[k]);
	return sum;
}

/* The row of @n that is nearest to their mean; ties to the lower row. */
static uint32_t medoid(const struct eng_share *share, const uint32_t *rest, size_t n, size_t d,
		       double *mean)
{
	uint32_t at = rest[0];
	double mass = 0, least = INFINITY;

	for (size_t k = 0; k < d; k++)
		mean[k] = 0;
	for (size_t i = 0; i < n; i++) {
		const float *x = point(share, rest[i]);

		mass += (double)share->mass[rest[i]];
		for (size_t k = 0; k < d; k++)
			mean[k] += (double)share->mass[rest[i]] * x[k];
	}
	for (size_t k = 0; mass > 0 && k < d; k++)
		mean[k] /= mass;
	for (size_t i = 0; i < n; i++) {
		const double d2 = dist2(point(share, rest[i]), mean, d);

		if (d2 < least || (d2 == least && rest[i] < at)) {
			least = d2;
			at = rest[i];
		}
	}
	return at;
}

static int choose(struct eng_share *share, uint32_t *rest, size_t n)
{
	const size_t count = share->budget - share->nkeep, d = share->in->x ? share->in->d : 2;
	size_t *start = calloc(count + 1, sizeof(*start));
	double *mean = calloc(d + 1, sizeof(*mean));
	int err = start && mean ? sort_along_curve(share, rest, n) : -ENOMEM;

	if (err)
		goto out;
	cut(share, rest, n, count, start);
	for (size_t c = 0; c < count; c++)
		share->chosen[share->nkeep + c] = medoid(share, rest + start[c],
							 start[c + 1] - start[c], d, mean);
	eng_share_count(share, ENG_COUNT_NEAR_READ, (uint64_t)n * (2 * d + 2) * sizeof(float));
	eng_share_count(share, ENG_COUNT_MAC, 2 * (uint64_t)n * d);
	eng_share_count(share, ENG_COUNT_SPECIAL, (uint64_t)count * d);
out:
	free(start);
	free(mean);
	return err;
}

int eng_select_strata(struct eng_share *share)
{
	return eng_share_choose(share, choose);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* How much of the dataset each exemplar stands for. */
#include <errno.h>
#include <stdlib.h>

#include "nearest.h"
#include "select_share.h"
#include "sort.h"

void eng_weights_even(struct eng_share *share)
{
	double total = 0;

	for (size_t i = 0; i < share->n; i++)
		total += (double)eng_share_mass(share, i);
	for (size_t t = 0; t < share->budget; t++)
		share->weight[t] = (float)(total / (double)share->budget);
}

/* Exemplars by ascending position, so that ties go to the lower row; @rank: their ranks. */
static int sort_chosen(const struct eng_share *share, uint32_t *at, uint32_t *rank)
{
	uint64_t *key = calloc(share->budget, sizeof(*key));
	int err;

	if (!key)
		return -ENOMEM;
	for (size_t t = 0; t < share->budget; t++) {
		key[t] = share->chosen[t];
		rank[t] = (uint32_t)t;
	}
	err = eng_sort(key, rank, share->budget);
	for (size_t t = 0; t < share->budget; t++)
		at[t] = (uint32_t)key[t];
	free(key);
	return err;
}

static int find_nearest(struct eng_share *share, bool plane, const uint32_t *at,
			uint32_t *nearest)
{
	const uint64_t n = share->n, k = share->budget;
	struct eng_points points;
	float *centre = NULL;
	int err;
	size_t d;

	err = eng_points_create(share, NULL, share->n, plane, 1, &points);
	if (err)
		return err;
	d = points.d;
	centre = malloc((share->budget * d + 1) * sizeof(*centre));
	if (!centre) {
		err = -ENOMEM;
		goto out;
	}
	for (size_t c = 0; c < share->budget; c++)
		for (size_t j = 0; j < d; j++)
			centre[c * d + j] = points.x[at[c] * d + j];
	err = eng_nearest(&share->env, points.x, share->n, d, centre, share->budget, nearest);
	for (size_t c = 0; c < share->budget; c++)
		nearest[at[c]] = (uint32_t)c;
	eng_share_count(share, ENG_COUNT_NEAR_READ, (n + k) * d * sizeof(float));
	eng_share_count(share, ENG_COUNT_SCRATCH, 2 * n * k * sizeof(float));
	eng_share_count(share, ENG_COUNT_MAC, n * k * d);
out:
	free(centre);
	eng_points_free(&points);
	return err;
}

int eng_weights_nearest(struct eng_share *share, bool plane)
{
	uint32_t *at = calloc(share->budget, sizeof(*at));
	uint32_t *rank = calloc(share->budget, sizeof(*rank));
	uint32_t *nearest = calloc(share->n, sizeof(*nearest));
	double *sum = calloc(share->budget, sizeof(*sum));
	int err = -ENOMEM;

	if (!at || !rank || !nearest || !sum)
		goto out;
	err = sort_chosen(share, at, rank);
	if (!err)
		err = find_nearest(share, plane, at, nearest);
	if (err)
		goto out;
	for (size_t i = 0; i < share->n; i++)
		sum[nearest[i]] += (double)eng_share_mass(share, i);
	for (size_t c = 0; c < share->budget; c++)
		share->weight[rank[c]] = (float)sum[c];
out:
	free(at);
	free(rank);
	free(nearest);
	free(sum);
	return err;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Medoids of k-means clusters: of each cluster the row nearest to its mean, the
 * one with the smallest sum of squared distances to the others.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "kmeans.h"
#include "sort.h"

static double dist2(const float *a, const float *b, size_t d)
{
	double sum = 0;

	for (size_t k = 0; k < d; k++)
		sum += ((double)a[k] - b[k]) * ((double)a[k] - b[k]);
	return sum;
}

/* The medoid of each cluster that has members; how many there are.  @far: squared distances. */
static size_t take_medoids(const struct eng_points *points, const struct eng_clusters *cl,
			   uint32_t *medoid, float *far)
{
	size_t count = 0;

	for (size_t c = 0; c < cl->k; c++) {
		double least = INFINITY;

		for (size_t j = cl->start[c]; j < cl->start[c + 1]; j++) {
			const uint32_t i = cl->member[j];
			const double d2 = dist2(points->x + i * points->d,
						cl->centre + c * cl->d, cl->d);

			far[i] = (float)d2;
			if (d2 < least) {
				least = d2;
				medoid[count] = i;
			}
		}
		count += cl->start[c] < cl->start[c + 1];
	}
	return count;
}

/* Equal rows can leave clusters empty: the rows farthest from their centres step in. */
static int fill(const struct eng_points *points, const float *far, size_t have, size_t want,
		uint32_t *medoid)
{
	uint64_t *key;
	uint32_t *row;
	int err = -ENOMEM;

	if (have == want)
		return 0;
	key = calloc(points->n, sizeof(*key));
	row = calloc(points->n, sizeof(*row));
	if (!key || !row)
		goto out;
	for (size_t i = 0; i < points->n; i++) {
		key[i] = ~eng_sort_float(far[i]);
		row[i] = (uint32_t)i;
	}
	for (size_t c = 0; c < have; c++)
		key[medoid[c]] = UINT64_MAX;	/* last: taken already */
	err = eng_sort(key, row, points->n);
	for (size_t i = 0; !err && have < want; i++)
		medoid[have++] = row[i];
out:
	free(key);
	free(row);
	return err;
}

static int choose(struct eng_share *share, uint32_t *rest, size_t n)
{
	const size_t k = share->budget - share->nkeep;
	uint32_t *medoid = share->chosen + share->nkeep;
	struct eng_clusters clusters;
	struct eng_points points;
	float *far = calloc(n, sizeof(*far));
	int err;

	if (!far)
		return -ENOMEM;
	err = eng_points_create(share, rest, n, false, 1, &points);
	if (err)
		goto out;
	err = eng_kmeans(share, &points, k, &clusters);
	if (!err) {
		size_t have = take_medoids(&points, &clusters, medoid, far);

		err = fill(&points, far, have, k, medoid);
		for (size_t c = 0; c < k; c++)
			medoid[c] = rest[medoid[c]];
		eng_clusters_free(&clusters);
	}
	eng_points_free(&points);
out:
	free(far);
	return err;
}

int eng_select_kmedoids(struct eng_share *share)
{
	return eng_share_choose(share, choose);
}

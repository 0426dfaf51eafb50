// SPDX-License-Identifier: LGPL-2.1-or-later
#include "quality.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fmath.h"
#include "hot/tsne.h"
#include "pool.h"
#include "profile.h"

#define LANES 16
#define ROWS 256
#define FAR 1e15f	/* padding: adds nothing that float32 could hold */

/* ---- divergence ---------------------------------------------------------- */

struct divergence {
	const struct eng_env *env;
	const struct eng_tsne_ops *ops;
	const struct eng_affinity *p;
	const float *y;
	float *plane[2];	/* coordinates apart, padded to whole vectors */
	size_t n, padded;
	double *z, *cross;	/* a sum for each chunk */
};

static size_t last_row(size_t chunk, size_t n)
{
	return (chunk + 1) * ROWS < n ? (chunk + 1) * ROWS : n;
}

/* Sum over the edges of the rows of p log(p (1 + r^2)). */
static double cross_entropy(const struct divergence *d, size_t first, size_t last)
{
	double sum = 0;

	for (size_t i = first; i < last; i++) {
		for (size_t e = d->p->start[i]; e < d->p->start[i + 1]; e++) {
			size_t j = d->p->col[e];
			double dx = (double)d->y[2 * i] - (double)d->y[2 * j];
			double dy = (double)d->y[2 * i + 1] - (double)d->y[2 * j + 1];
			double p = (double)d->p->p[e];

			if (p > 0)
				sum += p * eng_log(p * (1.0 + dx * dx + dy * dy));
		}
	}
	return sum;
}

static void divergence_chunk(void *arg, size_t chunk, unsigned int worker)
{
	struct divergence *d = arg;
	size_t first = chunk * ROWS, last = last_row(chunk, d->n);

	(void)worker;
	if (eng_cancelled(d->env))
		return;
	d->z[chunk] = d->ops->pairs(d->plane[0], d->plane[1], d->padded, first, last - first, NULL);
	d->cross[chunk] = cross_entropy(d, first, last);
}

static double total_mass(const struct eng_affinity *p)
{
	double sum = 0;

	for (size_t e = 0; e < p->start[p->n]; e++)
		sum += (double)p->p[e];
	return sum;
}

static double add_up(const struct divergence *d, size_t chunks)
{
	double z = -(double)d->n, cross = 0, mass = total_mass(d->p);

	for (size_t c = 0; c < chunks; c++) {
		z += d->z[c];
		cross += d->cross[c];
	}
	return mass > 0 ? cross / mass + eng_log(z) : 0;
}

static void split(const float *y, size_t n, size_t padded, float *const plane[2])
{
	for (size_t i = 0; i < padded; i++) {
		plane[0][i] = i < n ? y[2 * i] : FAR;
		plane[1][i] = i < n ? y[2 * i + 1] : FAR;
	}
}

int eng_kl_exact(const struct eng_env *env, const struct eng_affinity *p, const float *y,
		 double *kl)
{
	size_t n = p->n, padded = (n + LANES - 1) / LANES * LANES;
	size_t chunks = (n + ROWS - 1) / ROWS;
	const struct eng_kernels *k = env->kernels;
	struct divergence d = { .env = env, .p = p, .y = y, .n = n, .padded = padded };
	int err = -ENOMEM;

	d.ops = (k ? k : eng_kernels_find("portable", NULL))->tsne;
	d.plane[0] = malloc(padded * sizeof(float));
	d.plane[1] = malloc(padded * sizeof(float));
	d.z = calloc(chunks, sizeof(*d.z));
	d.cross = calloc(chunks, sizeof(*d.cross));
	if (d.plane[0] && d.plane[1] && d.z && d.cross) {
		split(y, n, padded, d.plane);
		eng_parallel(env, chunks, divergence_chunk, &d);
		err = eng_cancelled(env) ? -ECANCELED : 0;
	}
	if (!err)
		*kl = add_up(&d, chunks);
	free(d.plane[0]);
	free(d.plane[1]);
	free(d.z);
	free(d.cross);
	return err;
}

/* ---- neighbourhoods -------------------------------------------------------- */

struct overlap {
	const struct eng_neighbours *high, *low;
	uint32_t *rank;		/* workers x n: 1 + rank among the plane's neighbours, or 0 */
	uint64_t *count;	/* chunks x k: pairs by the later of their two ranks */
};

static void overlap_chunk(void *arg, size_t chunk, unsigned int worker)
{
	struct overlap *o = arg;
	size_t n = o->high->n, k = o->high->k;
	uint32_t *rank = o->rank + worker * n;
	uint64_t *count = o->count + chunk * k;

	for (size_t i = chunk * ROWS; i < last_row(chunk, n); i++) {
		const uint32_t *high = o->high->index + i * k, *low = o->low->index + i * k;

		for (size_t b = 0; b < k; b++)
			rank[low[b]] = (uint32_t)b + 1;
		for (size_t a = 0; a < k; a++) {
			size_t b = rank[high[a]];

			if (b)
				count[b - 1 > a ? b - 1 : a]++;
		}
		for (size_t b = 0; b < k; b++)
			rank[low[b]] = 0;
	}
}

static float area(const struct overlap *o, size_t chunks)
{
	size_t n = o->high->n, k = o->high->k;
	double shared = 0, sum = 0, weight = 0;

	for (size_t size = 1; size <= k && size + 1 < n; size++) {
		double q, r;

		for (size_t c = 0; c < chunks; c++)
			shared += (double)o->count[c * k + size - 1];
		q = shared / ((double)n * (double)size);
		r = ((double)(n - 1) * q - (double)size) / (double)(n - 1 - size);
		sum += r / (double)size;
		weight += 1.0 / (double)size;
	}
	return weight > 0 ? (float)(sum / weight) : 0.0f;
}

int eng_neighbourhood_kept(const struct eng_env *env, const struct eng_neighbours *nb,
			   const float *y, float *auc)
{
	size_t chunks = (nb->n + ROWS - 1) / ROWS;
	struct eng_neighbours low;
	struct overlap o = { .high = nb, .low = &low };
	int err = eng_knn_plane(env, y, nb->n, nb->k, &low);

	if (err)
		return err;
	o.rank = calloc(eng_pool_threads(env->pool) * nb->n, sizeof(*o.rank));
	o.count = calloc(chunks * nb->k, sizeof(*o.count));
	if (o.rank && o.count) {
		eng_parallel(env, chunks, overlap_chunk, &o);
		*auc = area(&o, chunks);
	} else {
		err = -ENOMEM;
	}
	free(o.rank);
	free(o.count);
	eng_neighbours_free(&low);
	return err;
}

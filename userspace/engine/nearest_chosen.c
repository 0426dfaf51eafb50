// SPDX-License-Identifier: LGPL-2.1-or-later
#include "nearest_chosen.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nearest.h"
#include "pool.h"

#define ROWS 256

struct job {
	const struct eng_env *env;
	const float *x, *centre;
	const uint32_t *nearest;
	size_t n, d;
	float *distance;
};

static void chunk(void *arg, size_t c, unsigned int worker)
{
	const struct job *job = arg;
	size_t last = (c + 1) * ROWS < job->n ? (c + 1) * ROWS : job->n;

	(void)worker;
	if (eng_cancelled(job->env))
		return;
	for (size_t i = c * ROWS; i < last; i++) {
		const float *row = job->x + i * job->d;
		const float *centre = job->centre + job->nearest[i] * job->d;
		double sum = 0;

		for (size_t j = 0; j < job->d; j++) {
			double apart = (double)row[j] - (double)centre[j];

			sum += apart * apart;
		}
		job->distance[i] = (float)sqrt(sum);
	}
}

int eng_nearest_chosen(const struct eng_env *env, const float *x, size_t n, size_t d,
		 const uint32_t *index, size_t k, float *distance)
{
	float *centre;
	uint32_t *nearest;
	int err = -ENOMEM;

	if (!n || !d || !k || k > n)
		return -EINVAL;
	centre = malloc(k * d * sizeof(*centre));
	nearest = malloc(n * sizeof(*nearest));
	if (centre && nearest) {
		for (size_t i = 0; i < k; i++)
			memcpy(centre + i * d, x + index[i] * d, d * sizeof(*centre));
		err = eng_nearest(env, x, n, d, centre, k, nearest);
	}
	if (!err) {
		struct job job = { env, x, centre, nearest, n, d, distance };

		eng_parallel(env, (n + ROWS - 1) / ROWS, chunk, &job);
		err = eng_cancelled(env) ? -ECANCELED : 0;
		/* of two that lie closer together than rounding, the other may have been taken */
		for (size_t i = 0; i < k; i++)
			distance[index[i]] = 0;
	}
	free(centre);
	free(nearest);
	return err;
}

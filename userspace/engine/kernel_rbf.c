// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kernel_rbf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hot/select.h"
#include "pool.h"
#include "profile.h"

int eng_kernel_mean_create(const struct eng_env *env, const float *x, size_t d,
			   const float *mass, const uint32_t *index, size_t m,
			   struct eng_kernel_mean *map)
{
	struct eng_panel *panel = &map->landmarks;
	size_t whole;
	int err;

	memset(map, 0, sizeof(*map));
	err = eng_panel_create(env, x, d, index, m, panel);
	if (err)
		return err;
	whole = (m + panel->tile - 1) / panel->tile * panel->tile;
	map->mass = calloc(whole + 1, sizeof(*map->mass));
	if (!map->mass) {
		eng_kernel_mean_free(map);
		return -ENOMEM;
	}
	for (size_t j = 0; j < m; j++) {
		map->mass[j] = mass[index ? index[j] : j];
		map->total += map->mass[j];
	}
	return 0;
}

void eng_kernel_mean_free(struct eng_kernel_mean *map)
{
	eng_panel_free(&map->landmarks);
	free(map->mass);
	memset(map, 0, sizeof(*map));
}

struct job {
	const struct eng_env *env;
	const struct eng_select_ops *ops;
	const struct eng_kernel_mean *map;
	const float *x;
	size_t n;
	float *mean;
	float *scratch;		/* per floats a worker */
	size_t per;
};

struct state {
	const struct job *job;
	const float *half;
	double *sum;
};

static void take_tile(void *arg, const float *c, size_t ldc, size_t m, size_t first, size_t n)
{
	const struct state *s = arg;
	const struct eng_kernel_mean *map = s->job->map;

	s->job->ops->rbf(c, ldc, m, n, s->half, map->landmarks.half + first, map->mass + first,
			 s->sum);
}

static void block(void *arg, size_t chunk, unsigned int worker)
{
	const struct job *job = arg;
	const size_t first = chunk * ENG_PANEL_ROWS, d = job->map->landmarks.d;
	const size_t m = job->n - first < ENG_PANEL_ROWS ? job->n - first : ENG_PANEL_ROWS;
	const float *x = job->x + first * d;
	double sum[ENG_PANEL_ROWS] = { 0 };
	float half[ENG_PANEL_ROWS];
	struct state state = { .job = job, .half = half, .sum = sum };

	if (eng_cancelled(job->env))
		return;
	for (size_t i = 0; i < m; i++)
		half[i] = eng_half_norm(x + i * d, d);
	eng_panel_multiply(job->env, &job->map->landmarks, x, m, job->scratch + worker * job->per,
			   take_tile, &state);
	for (size_t i = 0; i < m; i++)
		job->mean[first + i] = (float)(sum[i] / job->map->total);
}

int eng_kernel_mean_at(const struct eng_env *env, const struct eng_kernel_mean *map,
		       const float *x, size_t n, float *mean)
{
	struct job job = { .env = env, .map = map, .x = x, .n = n, .mean = mean };
	const struct eng_kernels *kernels = env->kernels;

	if (!kernels)
		kernels = eng_kernels_find("portable", NULL);
	job.ops = kernels->select;
	job.per = eng_panel_scratch(&map->landmarks);
	job.scratch = calloc(eng_pool_threads(env->pool) * job.per, sizeof(float));
	if (!job.scratch)
		return -ENOMEM;
	eng_parallel(env, (n + ENG_PANEL_ROWS - 1) / ENG_PANEL_ROWS, block, &job);
	free(job.scratch);
	return eng_cancelled(env) ? -ECANCELED : 0;
}

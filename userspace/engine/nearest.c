// SPDX-License-Identifier: LGPL-2.1-or-later
#include "nearest.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hot/select.h"
#include "panel.h"
#include "pool.h"
#include "profile.h"

struct job {
	const struct eng_env *env;
	const struct eng_select_ops *ops;
	struct eng_panel panel;
	const float *x;
	size_t n, d;
	uint32_t *nearest;
	float *scratch;		/* per floats a worker */
	size_t per;
};

/* One block's running smallest, 16 lanes a row. */
struct state {
	const struct job *job;
	float *value;
	int32_t *index;
};

static void take_tile(void *arg, const float *c, size_t ldc, size_t m, size_t first, size_t n)
{
	struct state *s = arg;

	s->job->ops->lesser(c, ldc, m, n, s->job->panel.half + first, (uint32_t)first, s->value,
			    s->index);
}

static void block(void *arg, size_t chunk, unsigned int worker)
{
	const struct job *job = arg;
	const size_t first = chunk * ENG_PANEL_ROWS;
	const size_t m = job->n - first < ENG_PANEL_ROWS ? job->n - first : ENG_PANEL_ROWS;
	float *scratch = job->scratch + worker * job->per;
	float value[ENG_PANEL_ROWS * ENG_STRIP];
	int32_t index[ENG_PANEL_ROWS * ENG_STRIP];
	struct state state = { .job = job, .value = value, .index = index };

	if (eng_cancelled(job->env))
		return;
	for (size_t i = 0; i < m * ENG_STRIP; i++)
		value[i] = INFINITY;
	memset(index, 0, sizeof(index));
	eng_panel_multiply(job->env, &job->panel, job->x + first * job->d, m, scratch, take_tile,
			   &state);
	job->ops->fold(value, index, m, job->nearest + first);
}

int eng_nearest(const struct eng_env *env, const float *x, size_t n, size_t d,
		const float *centre, size_t k, uint32_t *nearest)
{
	struct job job = { .env = env, .x = x, .n = n, .d = d, .nearest = nearest };
	const struct eng_kernels *kernels = env->kernels;
	int err;

	if (!kernels)
		kernels = eng_kernels_find("portable", NULL);
	job.ops = kernels->select;
	err = eng_panel_create(env, centre, d, NULL, k, &job.panel);
	if (err)
		return err;
	job.per = eng_panel_scratch(&job.panel);
	job.scratch = calloc(eng_pool_threads(env->pool) * job.per, sizeof(float));
	if (job.scratch)
		eng_parallel(env, (n + ENG_PANEL_ROWS - 1) / ENG_PANEL_ROWS, block, &job);
	else
		err = -ENOMEM;
	if (!err && eng_cancelled(env))
		err = -ECANCELED;
	free(job.scratch);
	eng_panel_free(&job.panel);
	return err;
}

size_t eng_nearest_memory(size_t d, size_t k, unsigned int threads)
{
	const size_t whole = (k + 1023) / 512 * 512;

	return (whole * (d + 1) + threads * (ENG_PANEL_ROWS + 16) * (d + 1024)) * sizeof(float);
}

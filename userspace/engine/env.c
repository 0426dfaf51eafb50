// SPDX-License-Identifier: LGPL-2.1-or-later
#include "env.h"

#include <time.h>

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

bool eng_cancelled(const struct eng_env *env)
{
	const struct eng_monitor *m = env->monitor;

	return m && m->cancelled && m->cancelled(m->data);
}

void eng_progress(const struct eng_env *env, enum eng_phase phase, uint64_t done, uint64_t total)
{
	const struct eng_monitor *m = env->monitor;

	if (m && m->progress)
		m->progress(m->data, phase, done, total);
}

bool eng_wanted(const struct eng_env *env)
{
	const struct eng_sharing *s = env->sharing;

	return env->pool && s && s->wanted(s->data);
}

void eng_yield(const struct eng_env *env)
{
	if (eng_wanted(env))
		env->sharing->yield(env->sharing->data);
}

void eng_phase_leave(const struct eng_env *env)
{
	struct eng_counters *c = env->monitor ? env->monitor->counters : NULL;

	if (!c || !c->since)
		return;
	c->nanoseconds[c->phase] += now_ns() - c->since;
	c->since = 0;
}

void eng_phase_enter(const struct eng_env *env, enum eng_phase phase)
{
	struct eng_counters *c = env->monitor ? env->monitor->counters : NULL;

	if (!c)
		return;
	if (c->since && c->phase == phase)
		return;
	if (c->since)
		c->switches++;
	eng_phase_leave(env);
	c->phase = phase;
	c->since = now_ns();
}

void eng_count(const struct eng_env *env, enum eng_count what, uint64_t n)
{
	struct eng_counters *c = env->monitor ? env->monitor->counters : NULL;

	if (c)
		c->count[c->phase][what] += n;
}

int eng_fault(const struct eng_env *env, int err, uint64_t row, uint64_t col,
	      double value, double limit)
{
	struct eng_fault *f = env->monitor ? env->monitor->fault : NULL;

	if (f)
		*f = (struct eng_fault){ .row = row, .col = col, .value = value, .limit = limit };
	return err;
}

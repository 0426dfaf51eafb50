// SPDX-License-Identifier: GPL-2.0-only
/* What happened between two looks. */
#include <math.h>
#include <string.h>

#include "top.h"

const struct top_device *top_device_before(const struct top_look *then,
					   const struct top_device *now)
{
	for (size_t i = 0; i < then->ndevices; i++)
		if (!strcmp(then->device[i].name, now->name))
			return &then->device[i];
	return NULL;
}

const struct top_context *top_context_before(const struct top_device *then,
					     const struct top_context *now)
{
	for (size_t i = 0; then && i < then->ncontexts; i++)
		if (then->context[i].id == now->id && then->context[i].pid == now->pid)
			return &then->context[i];
	return NULL;
}

bool top_rates_known(const struct top_device *then, const struct top_device *now)
{
	return then && !then->error && !now->error && now->at > then->at;
}

/* A device that lost power counts anew: what it has counted since is all there is. */
double top_rate(const struct top_device *then, const struct top_device *now, uint64_t before,
		uint64_t after)
{
	if (!then || now->at <= then->at)
		return NAN;
	return (double)(after < before ? after : after - before) / (now->at - then->at);
}

/* Picojoules a second are picowatts. */
double top_milliwatts(const struct top_device *then, const struct top_device *now,
		      const __u64 *before, const __u64 *after, int domain)
{
	double sum = 0;

	if (domain < NMS_ENERGY_DOMAINS)
		return 1e-9 * top_rate(then, now, before[domain], after[domain]);
	for (int d = 0; d < NMS_ENERGY_DOMAINS; d++)
		sum += top_milliwatts(then, now, before, after, d);
	return sum;
}

double top_busy(const struct top_device *then, const struct top_device *now)
{
	if (!top_rates_known(then, now) || !now->clock_khz)
		return NAN;
	return top_rate(then, now, then->counters.busy_cycles, now->counters.busy_cycles) /
	       (1e3 * now->clock_khz);
}

const char *top_queue_state(uint32_t state)
{
	switch (state) {
	case NMS_QUERY_QUEUE_HELD:
		return "held";
	case NMS_QUERY_QUEUE_RUNS:
		return "runs";
	case NMS_QUERY_QUEUE_DEAD:
		return "dead";
	default:
		return "?";
	}
}

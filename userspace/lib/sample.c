// SPDX-License-Identifier: LGPL-2.1-or-later
/* The whole selection as one job. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

struct nms_sample {
	struct nms_plan plan;
	struct nms_job *job;
	void *lists_host, *out_host;
};

static void sample_free(struct nms_sample *sample)
{
	free(sample->lists_host);
	free(sample->out_host);
	free(sample);
}

static int host_alloc(uint64_t bytes, void **host)
{
	if (!bytes)
		return 0;
	*host = bytes <= SIZE_MAX ? calloc(1, bytes) : NULL;
	return *host ? 0 : nms_fail_memory(bytes);
}

static int near_alloc(struct nms_context *context, uint64_t bytes, struct nms_buffer **buffer)
{
	return bytes ? nms_buffer_create(context, bytes, buffer) : 0;
}

/*
 * The job counts the buffers that it uses, so that the handles may go at once:
 * near memory is free again when the job has ended, not when its outcome has
 * been read.
 */
static int sample_start(struct nms_context *context, struct nms_sample *sample)
{
	const struct nms_plan *plan = &sample->plan;
	struct nms_command commands[NMS_PLAN_COMMANDS];
	struct nms_plan_memory m = {
		.lists_host = sample->lists_host,
		.out_host = sample->out_host,
	};
	int ret;

	ret = near_alloc(context, plan->lists_bytes, &m.lists);
	if (!ret)
		ret = near_alloc(context, plan->features_bytes, &m.features);
	if (!ret)
		ret = near_alloc(context, plan->out_bytes, &m.out);
	if (!ret)
		ret = nms_job_start(context, commands, nms_plan_commands(plan, &m, commands),
				    plan->profile, &sample->job);
	nms_buffer_destroy(m.out);
	nms_buffer_destroy(m.features);
	nms_buffer_destroy(m.lists);
	return ret;
}

int nms_sample_submit(struct nms_context *context, const struct nms_matrix *data,
		      const struct nms_sample_params *params, struct nms_sample **sample)
{
	struct nms_sample *s;
	int ret;

	if (!context || !data || !params || !sample)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "%s: is NULL", !context ? "context" :
				!data ? "data" : !params ? "params" : "sample");
	s = calloc(1, sizeof(*s));
	if (!s)
		return nms_fail_memory(sizeof(*s));
	ret = nms_plan_make(context, data, params, &s->plan);
	if (!ret)
		ret = nms_plan_admit(context, &s->plan);
	if (!ret)
		ret = host_alloc(s->plan.lists_bytes, &s->lists_host);
	if (!ret)
		ret = host_alloc(s->plan.back_bytes, &s->out_host);
	if (ret)
		goto err;
	nms_plan_lists(&s->plan, params, s->lists_host);
	ret = sample_start(context, s);
	if (ret)
		goto err;
	*sample = s;
	return 0;
err:
	sample_free(s);
	return ret;
}

struct nms_job *nms_sample_job(struct nms_sample *sample)
{
	return sample ? sample->job : NULL;
}

/* NULL for what was not brought back. */
static const void *part_at(const struct nms_sample *sample, const struct nms_part *part)
{
	if (!part->count || part->offset >= sample->plan.back_bytes)
		return NULL;
	return (const char *)sample->out_host + part->offset;
}

static void fill_total(struct nms_sample *sample, struct nms_result *total)
{
	struct nms_result r;
	size_t i;

	NMS_INIT(total);
	for (i = 0; i < sample->job->count; i++) {
		r = sample->job->results[i];
		if (!i) {
			memcpy(total->backend, r.backend, sizeof(total->backend));
			memcpy(total->device, r.device, sizeof(total->device));
		}
		nms_result_add(total, &r);
	}
	total->value = sample->plan.count;
}

int nms_sample_result(struct nms_sample *sample, struct nms_sample_result *result)
{
	struct nms_sample_result r = { .size = sizeof(r) };
	const struct nms_plan *plan;
	int ret;

	if (!sample)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "sample: is NULL");
	ret = nms_struct_check_out(result, sizeof(r), "result");
	if (!ret)
		ret = nms_job_poll(sample->job);
	if (ret)
		return ret;
	plan = &sample->plan;
	fill_total(sample, &r.total);
	r.count = plan->count;
	r.index = part_at(sample, &plan->index);
	r.weight = part_at(sample, &plan->weight);
	r.embedding = part_at(sample, &plan->embedding);
	r.row_flags = part_at(sample, &plan->flags);
	r.trace = part_at(sample, &plan->trace);
	r.ntrace = r.trace ? nms_min(r.total.trace_lines, NMS_CANDIDATES) : 0;
	snprintf(r.method, sizeof(r.method), "%s", plan->method->name);
	snprintf(r.rule, sizeof(r.rule), "%s", nms_rule_name(plan->rule));
	if (plan->embed || plan->rule == NMS_RULE_FACILITY)
		snprintf(r.search, sizeof(r.search), "%s", nms_search_name(plan->search));
	r.nested = nms_rule_nested(plan->rule);
	nms_struct_out(result, &r, sizeof(r));
	return 0;
}

void nms_sample_destroy(struct nms_sample *sample)
{
	if (!sample)
		return;
	nms_job_destroy(sample->job);
	sample_free(sample);
}

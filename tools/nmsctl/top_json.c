// SPDX-License-Identifier: GPL-2.0-only
/* nmsctl top for programs: an object for each interval. */
#include <errno.h>
#include <math.h>

#include "cost.h"
#include "json.h"
#include "top.h"

static int put_power(struct json_object *root, const struct top_device *then,
		     const struct top_device *now, const __u64 *before, const __u64 *after)
{
	struct json_object *to = json_put_object(root, "milliwatts");
	int error = 0;

	for (int d = 0; d < NMS_ENERGY_DOMAINS; d++)
		error |= json_put_real(to, domain_names[d],
				       top_milliwatts(then, now, before, after, d), 9);
	return error | json_put_real(to, "total", top_milliwatts(then, now, before, after,
								 NMS_ENERGY_DOMAINS), 9);
}

static int put_rates(struct json_object *root, const struct top_device *then,
		     const struct top_device *now)
{
	const struct nms_query_counters *c = &now->counters, *b = then ? &then->counters : c;
	const struct top_device *base = top_rates_known(then, now) ? then : NULL;
	struct json_object *to;
	int error = json_put_real(root, "seconds", base ? now->at - base->at : NAN, 9);

	error |= json_put_real(root, "busy", top_busy(base, now), 9);
	error |= json_put_u64(root, "active_jobs", c->active_jobs);
	error |= json_put_u64(root, "compute_running", c->compute_running);
	error |= json_put_u64(root, "compute_waiting", c->compute_waiting);
	error |= put_power(root, base, now, b->energy, c->energy);
	to = json_put_object(root, "per_second");
	error |= json_put_real(to, "jobs", top_rate(base, now, b->jobs, c->jobs), 9);
	error |= json_put_real(to, "commands", top_rate(base, now, b->commands, c->commands), 9);
	error |= json_put_real(to, "errors", top_rate(base, now, b->errors, c->errors), 9);
	error |= json_put_real(to, "link_in", top_rate(base, now, b->link_in, c->link_in), 9);
	error |= json_put_real(to, "link_out", top_rate(base, now, b->link_out, c->link_out), 9);
	error |= json_put_real(to, "near_read",
			       top_rate(base, now, b->near_read, c->near_read), 9);
	return error | json_put_real(to, "near_write",
				     top_rate(base, now, b->near_write, c->near_write), 9);
}

static int put_queues(struct json_object *root, const struct top_device *now)
{
	struct json_object *list = json_object_new_array();
	int error = json_put(root, "queues", list);

	for (size_t i = 0; !error && i < now->nqueues; i++) {
		const struct nms_query_queue *q = &now->queue[i];
		struct json_object *to = json_object_new_object();

		error |= json_put_u64(to, "id", q->id);
		error |= json_put_text(to, "state", top_queue_state(q->state));
		error |= json_put_u64(to, "entries", q->entries);
		error |= json_put_u64(to, "in_flight", q->in_flight);
		error |= json_put_u64(to, "waiting", q->waiting);
		error |= json_put_u64(to, "completions", q->completions);
		if (json_object_array_add(list, to))
			error = -ENOMEM;
	}
	return error;
}

static int put_context(struct json_object *to, const struct top_device *then,
		       const struct top_device *now, const struct top_context *c)
{
	const struct top_context *b = top_context_before(then, c);
	int error = json_put_u64(to, "id", c->id);

	error |= json_put_u64(to, "pid", (uint64_t)c->pid);
	error |= json_put_u64(to, "uid", c->uid);
	error |= json_put_text(to, "command", c->command);
	error |= json_put_u64(to, "near_used", c->near_used);
	error |= json_put_u64(to, "active_jobs", c->active);
	error |= json_put_u64(to, "jobs", c->jobs);
	error |= json_put_u64(to, "errors", c->errors);
	error |= json_put_real(to, "jobs_per_second",
			       top_rate(b ? then : NULL, now, b ? b->jobs : 0, c->jobs), 9);
	if (b && b->counted && c->counted)
		error |= put_power(to, then, now, b->energy, c->energy);
	return error;
}

static int put_contexts(struct json_object *root, const struct top_device *then,
			const struct top_device *now)
{
	struct json_object *list = json_object_new_array();
	int error = json_put(root, "contexts", list);

	for (size_t i = 0; !error && i < now->ncontexts; i++) {
		struct json_object *to = json_object_new_object();

		error |= put_context(to, then, now, &now->context[i]);
		if (json_object_array_add(list, to))
			error = -ENOMEM;
	}
	return error;
}

static int put_device(struct json_object *to, const struct top_device *then,
		      const struct top_device *now)
{
	int error = json_put_text(to, "name", now->name);

	error |= json_put_text(to, "function", now->function);
	error |= json_put_text(to, "model", now->model);
	error |= json_put_text(to, "state", now->state);
	error |= json_put_u64(to, "near_size", now->near_size);
	error |= json_put_u64(to, "near_used", now->near_used);
	error |= json_put_flag(to, "counted", !now->error);
	if (!now->error) {
		error |= put_rates(to, then, now);
		error |= put_queues(to, now);
	}
	return error | put_contexts(to, then, now);
}

int top_print_json(FILE *to, const struct top_look *then, const struct top_look *now)
{
	struct json_object *root = json_object_new_object(), *list = json_object_new_array();
	int error = json_put_real(root, "seconds", now->at - then->at, 6);

	error |= json_put_flag(root, "modelled", 1);
	error |= json_put_flag(root, "all_contexts", now->all);
	error |= json_put(root, "devices", list);
	for (size_t i = 0; !error && i < now->ndevices; i++) {
		const struct top_device *d = &now->device[i];
		struct json_object *device = json_object_new_object();

		error |= put_device(device, top_device_before(then, d), d);
		if (json_object_array_add(list, device))
			error = -ENOMEM;
	}
	if (!error)
		fprintf(to, "%s\n", json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN));
	json_object_put(root);
	return error ? -ENOMEM : 0;
}

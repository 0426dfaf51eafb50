// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a selection will take, before it takes anything. */
#include <errno.h>
#include <string.h>

#include "internal.h"

/* The device hands out whole pages. */
#define PAGE 4096u

static uint64_t pages(uint64_t bytes)
{
	return (bytes + PAGE - 1) & ~(uint64_t)(PAGE - 1);
}

/* Working memory of one command, which names @places that do not exist yet. */
static int command_estimate(struct nms_context *context, const struct nms_command *command,
			    uint32_t profile, uint64_t *bytes)
{
	const struct nms_backend_ops *ops = context->device->ops;
	struct nms_slot slot = { 0 };
	struct nms_uses uses = { 0 };
	int ret;

	*bytes = 0;
	ret = nms_command_translate(context, command, profile, &slot, &uses);
	if (!ret && slot.param_size && ops->estimate)
		*bytes = ops->estimate(context->device->backend, &slot.param, slot.param_size);
	nms_uses_drop(&uses);
	return ret;
}

/* A buffer that is none yet; references to it are counted, its range never used. */
static void stand_in(struct nms_context *context, uint64_t bytes, struct nms_buffer *buffer)
{
	memset(buffer, 0, sizeof(*buffer));
	atomic_init(&buffer->refs, 1);
	buffer->context = context;
	buffer->near.range = 1;
	buffer->bytes = bytes;
}

static int working_memory(struct nms_context *context, const struct nms_plan *plan, uint64_t *most)
{
	struct nms_buffer lists, features, out;
	struct nms_command commands[NMS_PLAN_COMMANDS];
	struct nms_plan_memory memory = {
		.lists = &lists, .features = &features, .out = &out,
		/* never followed */
		.lists_host = commands, .out_host = commands,
	};
	uint64_t bytes;
	size_t i, n;
	int ret = 0;

	stand_in(context, plan->lists_bytes, &lists);
	stand_in(context, plan->features_bytes, &features);
	stand_in(context, plan->out_bytes, &out);
	*most = 0;
	n = nms_plan_commands(plan, &memory, commands);
	for (i = 0; i < n && !ret; i++) {
		ret = command_estimate(context, &commands[i], plan->profile, &bytes);
		if (bytes > *most)
			*most = bytes;
	}
	return ret;
}

int nms_plan_estimate(struct nms_context *context, const struct nms_plan *plan,
		      uint64_t *near_bytes, uint64_t *host_bytes)
{
	uint64_t near, host, work;
	int ret;

	ret = working_memory(context, plan, &work);
	if (ret)
		return ret;
	near = pages(plan->lists_bytes) + pages(plan->features_bytes) + pages(plan->out_bytes);
	host = plan->lists_bytes + plan->back_bytes;
	if (context->device->ops->near_is_host)
		host += near + work;
	*near_bytes = near;
	*host_bytes = host;
	return 0;
}

int nms_plan_admit(struct nms_context *context, const struct nms_plan *plan)
{
	struct nms_device_info info = { .size = sizeof(info) };
	struct nms_device *device = context->device;
	uint64_t near, host, have;
	int ret;

	ret = nms_plan_estimate(context, plan, &near, &host);
	if (!ret)
		ret = device->ops->info(device->backend, &info);
	if (ret)
		return ret;
	have = nms_memory_available("");
	if (host > have)
		return nms_fail(-ENOMEM, NMS_CAUSE_ESTIMATE,
				"about %llu MiB of memory would be needed, %llu MiB are available",
				(unsigned long long)(host >> 20), (unsigned long long)(have >> 20));
	have = info.near_size - info.near_used;
	return near > have ? nms_fail_near(near, have, info.near_size) : 0;
}

int nms_sample_estimate(struct nms_context *context, const struct nms_matrix *data,
			const struct nms_sample_params *params,
			uint64_t *near_bytes, uint64_t *host_bytes)
{
	struct nms_plan plan;
	uint64_t near, host;
	int ret;

	if (!context || !data || !params)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "%s: is NULL",
				!context ? "context" : !data ? "data" : "params");
	ret = nms_plan_make(context, data, params, &plan);
	if (!ret)
		ret = nms_plan_estimate(context, &plan, &near, &host);
	if (ret)
		return ret;
	if (near_bytes)
		*near_bytes = near;
	if (host_bytes)
		*host_bytes = host;
	return 0;
}

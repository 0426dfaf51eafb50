// SPDX-License-Identifier: LGPL-2.1-or-later
/* Contexts: what a client has on a device. */
#include <errno.h>
#include <stdlib.h>

#include "internal.h"

int nms_context_create(struct nms_device *device, struct nms_context **context)
{
	struct nms_context *c;

	if (!device || !context)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "%s: is NULL",
				device ? "context" : "device");
	c = calloc(1, sizeof(*c));
	if (!c)
		return nms_fail_memory(sizeof(*c));
	c->device = device;
	c->id = atomic_fetch_add(&device->last_context, 1) + 1;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->work, NULL);
	list_init(&c->jobs);
	list_init(&c->buffers);
	list_init(&c->datasets);
	nms_device_get(device);
	*context = c;
	return 0;
}

void nms_context_destroy(struct nms_context *context)
{
	if (!context)
		return;
	nms_worker_stop(context);
	while (!list_empty(&context->datasets))
		nms_dataset_close(list_entry(context->datasets.next, struct nms_dataset, link));
	while (!list_empty(&context->buffers))
		nms_buffer_destroy(list_entry(context->buffers.next, struct nms_buffer, link));
	pthread_cond_destroy(&context->work);
	pthread_mutex_destroy(&context->lock);
	nms_device_put(context->device);
	free(context);
}

void nms_context_count(struct nms_context *context, const struct nms_model_counters *spent)
{
	struct nms_counters *c = &context->counters;
	unsigned int i;

	pthread_mutex_lock(&context->lock);
	for (i = 0; i < NMS_NDOMAINS; i++)
		c->energy[i] += spent->energy[i];
	c->near_read += spent->near_read;
	c->near_write += spent->near_write;
	c->link_in += spent->link_in;
	c->link_out += spent->link_out;
	c->busy_ns += spent->busy_ns;
	c->commands += spent->commands;
	c->errors += spent->errors;
	pthread_mutex_unlock(&context->lock);
}

int nms_context_counters(struct nms_context *context, struct nms_counters *counters)
{
	struct nms_counters c;
	int ret;

	if (!context)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "context: is NULL");
	ret = nms_struct_check_out(counters, sizeof(c), "counters");
	if (ret)
		return ret;
	pthread_mutex_lock(&context->lock);
	c = context->counters;
	pthread_mutex_unlock(&context->lock);
	nms_struct_out(counters, &c, sizeof(c));
	return 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Contexts: what a client has on a device. */
#include <errno.h>
#include <stdlib.h>

#include "internal.h"

int nms_context_create(struct nms_device *device, struct nms_context **context)
{
	struct nms_context *c;
	int ret;

	if (!device || !context)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "%s: is NULL",
				device ? "context" : "device");
	c = calloc(1, sizeof(*c));
	if (!c)
		return nms_fail_memory(sizeof(*c));
	c->device = device;
	ret = device->ops->context_open(device->backend, &c->backend);
	if (ret) {
		free(c);
		return ret;
	}
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
	context->device->ops->context_close(context->backend);
	pthread_cond_destroy(&context->work);
	pthread_mutex_destroy(&context->lock);
	nms_device_put(context->device);
	free(context);
}

void nms_context_count(struct nms_context *context, const struct nms_result *r)
{
	struct nms_counters *c = &context->counters;
	unsigned int i;

	pthread_mutex_lock(&context->lock);
	for (i = 0; i < NMS_NDOMAINS; i++)
		c->energy[i] += r->energy[i];
	for (i = 0; i < NMS_NPHASES; i++)
		c->busy_ns += r->nanoseconds[i];
	c->near_read += r->near_read;
	c->near_write += r->near_write;
	c->link_in += r->link_in;
	c->link_out += r->link_out;
	c->commands++;
	c->errors += r->error != 0;
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

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Rows in near memory under a name, which other contexts may open. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Under device->lock. */
static struct nms_stored *stored_find(struct nms_device *device, const char *name)
{
	struct list *l;

	for (l = device->datasets.next; l != &device->datasets; l = l->next) {
		struct nms_stored *s = list_entry(l, struct nms_stored, link);

		if (!strcmp(s->name, name))
			return s;
	}
	return NULL;
}

static int name_check(const char *name)
{
	size_t n = strnlen(name, NMS_NAME_MAX + 1);

	if (n && n <= NMS_NAME_MAX && !strchr(name, '/'))
		return 0;
	return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT,
			"name: \"%.80s\" is not 1 to %d characters without '/'", name, NMS_NAME_MAX);
}

static void handle_add(struct nms_context *context, struct nms_dataset *d, struct nms_stored *s)
{
	d->context = context;
	d->stored = s;
	pthread_mutex_lock(&context->lock);
	list_add_tail(&d->link, &context->datasets);
	pthread_mutex_unlock(&context->lock);
}

/* The buffer leaves its context, so that it may outlive it. */
static void buffer_take(struct nms_context *context, struct nms_buffer *buffer)
{
	pthread_mutex_lock(&context->lock);
	list_del(&buffer->link);
	buffer->owner = NULL;
	pthread_mutex_unlock(&context->lock);
}

static int stored_add(struct nms_context *context, struct nms_stored *s)
{
	struct nms_device *device = context->device;
	int ret = 0;

	pthread_mutex_lock(&device->lock);
	if (stored_find(device, s->name)) {
		ret = -EEXIST;
	} else {
		buffer_take(context, s->matrix.buffer);
		list_add_tail(&s->link, &device->datasets);
	}
	pthread_mutex_unlock(&device->lock);
	if (ret)
		return nms_fail(ret, NMS_CAUSE_NAME, "name: there is a dataset \"%s\" already",
				s->name);
	return 0;
}

static int create_check(struct nms_context *context, const char *name, struct nms_matrix *m)
{
	int ret = name_check(name);

	if (!ret)
		ret = nms_matrix_check(context->device, "matrix", m);
	if (ret)
		return ret;
	if (m->buffer->owner != context)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "matrix: its buffer belongs to %s",
				m->buffer->owner ? "another context" : "another dataset");
	return 0;
}

int nms_dataset_create(struct nms_context *context, const char *name,
		       const struct nms_matrix *matrix, struct nms_dataset **dataset)
{
	struct nms_dataset *d = NULL;
	struct nms_stored *s = NULL;
	struct nms_matrix m;
	int ret;

	if (!context || !name || !matrix || !dataset)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "%s: is NULL", !context ? "context" :
				!name ? "name" : !matrix ? "matrix" : "dataset");
	m = *matrix;
	ret = create_check(context, name, &m);
	if (ret)
		return ret;
	d = calloc(1, sizeof(*d));
	s = calloc(1, sizeof(*s));
	if (!d || !s) {
		ret = nms_fail_memory(sizeof(*d) + sizeof(*s));
		goto err;
	}
	s->refs = 1;
	s->matrix = m;
	s->maker = context->id;
	memcpy(s->name, name, strlen(name) + 1);
	ret = stored_add(context, s);
	if (ret)
		goto err;
	handle_add(context, d, s);
	*dataset = d;
	return 0;
err:
	free(s);
	free(d);
	return ret;
}

/* The context that made a dataset keeps the rights that it has; others may read. */
static int stored_get(struct nms_context *context, const char *name, struct nms_stored **stored)
{
	struct nms_device *device = context->device;
	struct nms_stored *s;
	int ret = -ENOENT;

	pthread_mutex_lock(&device->lock);
	s = stored_find(device, name);
	if (s)
		ret = s->maker == context->id ? 0 :
		      device->ops->range_grant(device->backend, &s->matrix.buffer->near,
					       context->id, NMS_READ);
	if (!ret)
		s->refs++;
	pthread_mutex_unlock(&device->lock);
	*stored = s;
	if (!s)
		return nms_fail(ret, NMS_CAUSE_NAME, "name: there is no dataset \"%s\"", name);
	if (ret)
		return nms_fail(ret, NMS_CAUSE_RIGHT, "dataset \"%s\" cannot be shared: %s", name,
				strerror(-ret));
	return 0;
}

int nms_dataset_open(struct nms_context *context, const char *name, struct nms_dataset **dataset)
{
	struct nms_stored *s = NULL;
	struct nms_dataset *d;
	int ret;

	if (!context || !name || !dataset)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "%s: is NULL",
				!context ? "context" : !name ? "name" : "dataset");
	ret = name_check(name);
	if (ret)
		return ret;
	d = calloc(1, sizeof(*d));
	if (!d)
		return nms_fail_memory(sizeof(*d));
	ret = stored_get(context, name, &s);
	if (ret) {
		free(d);
		return ret;
	}
	handle_add(context, d, s);
	*dataset = d;
	return 0;
}

void nms_dataset_close(struct nms_dataset *dataset)
{
	struct nms_context *context;
	struct nms_stored *s;
	bool last;

	if (!dataset)
		return;
	context = dataset->context;
	s = dataset->stored;
	pthread_mutex_lock(&context->lock);
	list_del(&dataset->link);
	pthread_mutex_unlock(&context->lock);
	pthread_mutex_lock(&context->device->lock);
	last = --s->refs == 0;
	if (last)
		list_del(&s->link);
	pthread_mutex_unlock(&context->device->lock);
	if (last) {
		nms_buffer_put(s->matrix.buffer);
		free(s);
	}
	free(dataset);
}

const struct nms_matrix *nms_dataset_matrix(const struct nms_dataset *dataset)
{
	return dataset ? &dataset->stored->matrix : NULL;
}

const char *nms_dataset_name(const struct nms_dataset *dataset)
{
	return dataset ? dataset->stored->name : NULL;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Rows in near memory under a name, which other contexts may open. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static int check_name(const char *name)
{
	size_t n = strnlen(name, NMS_NAME_MAX + 1), i;
	bool fine = n && n <= NMS_NAME_MAX;

	for (i = 0; fine && i < n; i++)
		fine = name[i] >= ' ' && name[i] <= '~' && name[i] != '/';
	if (fine)
		return 0;
	return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT,
			"name: \"%.80s\" is not 1 to %d printable characters without '/'", name,
			NMS_NAME_MAX);
}

static void add_handle(struct nms_context *context, struct nms_dataset *d)
{
	d->context = context;
	pthread_mutex_lock(&context->lock);
	list_add_tail(&d->link, &context->datasets);
	pthread_mutex_unlock(&context->lock);
}

/* From now on the buffer goes with the dataset's handle. */
static void take_buffer(struct nms_context *context, struct nms_buffer *buffer)
{
	pthread_mutex_lock(&context->lock);
	list_del(&buffer->link);
	buffer->named = true;
	pthread_mutex_unlock(&context->lock);
}

static int check_create(struct nms_context *context, const char *name, struct nms_matrix *m,
			unsigned int mode)
{
	int ret = check_name(name);

	if (!ret)
		ret = nms_matrix_check(context, "matrix", m);
	if (ret)
		return ret;
	if (m->buffer->named)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT,
				"matrix: its buffer belongs to another dataset");
	if (m->offset)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT,
				"matrix: begins at byte %llu of its buffer, expected byte 0",
				(unsigned long long)m->offset);
	if (mode & ~0666u)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT,
				"mode: is 0%o, expected bits of 0666", mode);
	return 0;
}

static struct nms_dataset_info describe(const char *name, const struct nms_matrix *m,
					unsigned int mode)
{
	struct nms_dataset_info info = {
		.bytes = m->buffer->bytes,
		.rows = m->rows,
		.stride = m->stride,
		.cols = m->cols,
		.dtype = m->dtype,
		.mode = mode,
	};

	memcpy(info.name, name, strlen(name) + 1);
	return info;
}

int nms_dataset_create(struct nms_context *context, const char *name,
		       const struct nms_matrix *matrix, unsigned int mode,
		       struct nms_dataset **dataset)
{
	struct nms_dataset_info info;
	struct nms_dataset *d;
	int ret;

	if (!context || !name || !matrix || !dataset)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "%s: is NULL", !context ? "context" :
				!name ? "name" : !matrix ? "matrix" : "dataset");
	d = calloc(1, sizeof(*d));
	if (!d)
		return nms_fail_memory(sizeof(*d));
	d->matrix = *matrix;
	ret = check_create(context, name, &d->matrix, mode);
	if (ret)
		goto err;
	info = describe(name, &d->matrix, mode);
	ret = context->device->ops->dataset_create(context->backend, &d->matrix.buffer->near,
						   &info);
	if (ret)
		goto err;
	memcpy(d->name, info.name, sizeof(d->name));
	take_buffer(context, d->matrix.buffer);
	add_handle(context, d);
	*dataset = d;
	return 0;
err:
	free(d);
	return ret;
}

/* What another user says of his rows is believed only if it fits the buffer. */
static int check_found(struct nms_context *context, const struct nms_dataset_info *info,
		       struct nms_dataset *d)
{
	struct nms_error e;

	d->matrix.rows = info->rows;
	d->matrix.stride = info->stride;
	d->matrix.cols = info->cols;
	d->matrix.dtype = info->dtype;
	if (!nms_matrix_check(context, "matrix", &d->matrix))
		return 0;
	e = *nms_last_error();
	return nms_fail(-EINVAL, e.cause, "dataset \"%s\" is not what its owner says: %.150s",
			d->name, e.text);
}

static int open_named(struct nms_context *context, const char *name, struct nms_dataset *d)
{
	const struct nms_backend_ops *ops = context->device->ops;
	struct nms_dataset_info info = { 0 };
	struct nms_buffer *b;
	int ret;

	b = nms_buffer_alloc(context, 0);
	if (!b)
		return nms_fail_memory(sizeof(*b));
	ret = ops->dataset_open(context->backend, name, &b->near, &info);
	if (ret) {
		free(b);
		return ret;
	}
	b->named = true;
	b->bytes = info.bytes;
	d->matrix.buffer = b;
	memcpy(d->name, name, strlen(name) + 1);
	ret = check_found(context, &info, d);
	if (ret)
		nms_buffer_put(b);
	return ret;
}

int nms_dataset_open(struct nms_context *context, const char *name, struct nms_dataset **dataset)
{
	struct nms_dataset *d;
	int ret;

	if (!context || !name || !dataset)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "%s: is NULL",
				!context ? "context" : !name ? "name" : "dataset");
	ret = check_name(name);
	if (ret)
		return ret;
	d = calloc(1, sizeof(*d));
	if (!d)
		return nms_fail_memory(sizeof(*d));
	ret = open_named(context, name, d);
	if (ret) {
		free(d);
		return ret;
	}
	add_handle(context, d);
	*dataset = d;
	return 0;
}

void nms_dataset_close(struct nms_dataset *dataset)
{
	struct nms_context *context;

	if (!dataset)
		return;
	context = dataset->context;
	pthread_mutex_lock(&context->lock);
	list_del(&dataset->link);
	pthread_mutex_unlock(&context->lock);
	nms_buffer_put(dataset->matrix.buffer);
	free(dataset);
}

int nms_dataset_unlink(struct nms_context *context, const char *name)
{
	int ret;

	if (!context || !name)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "%s: is NULL",
				context ? "name" : "context");
	ret = check_name(name);
	return ret ? ret : context->device->ops->dataset_unlink(context->backend, name);
}

int nms_dataset_info(struct nms_context *context, size_t i, struct nms_dataset_info *info)
{
	struct nms_dataset_info in = { .size = sizeof(in) };
	int ret;

	if (!context)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "context: is NULL");
	ret = nms_struct_check_out(info, sizeof(in), "info");
	if (!ret)
		ret = context->device->ops->dataset_info(context->backend, i, &in);
	if (ret)
		return ret;
	nms_struct_out(info, &in, sizeof(in));
	return 0;
}

const struct nms_matrix *nms_dataset_matrix(const struct nms_dataset *dataset)
{
	return dataset ? &dataset->matrix : NULL;
}

const char *nms_dataset_name(const struct nms_dataset *dataset)
{
	return dataset ? dataset->name : NULL;
}

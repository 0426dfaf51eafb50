// SPDX-License-Identifier: LGPL-2.1-or-later
/* Buffers in near memory, and whether matrices and vectors lie within them. */
#include <errno.h>
#include <stdlib.h>

#include "internal.h"

struct nms_buffer *nms_buffer_alloc(struct nms_context *context, uint64_t bytes)
{
	struct nms_buffer *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	atomic_init(&b->refs, 1);
	list_init(&b->link);
	b->context = context;
	b->bytes = bytes;
	return b;
}

static int buffer_make(struct nms_context *context, void *memory, uint64_t bytes,
		       uint32_t rights, struct nms_buffer **buffer)
{
	struct nms_buffer *b;
	int ret;

	if (!bytes)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "bytes: a buffer of 0 bytes");
	b = nms_buffer_alloc(context, bytes);
	if (!b)
		return nms_fail_memory(sizeof(*b));
	ret = context->device->ops->buffer_create(context->backend, bytes, memory, rights,
						  &b->near);
	if (ret) {
		free(b);
		return ret;
	}
	pthread_mutex_lock(&context->lock);
	list_add_tail(&b->link, &context->buffers);
	pthread_mutex_unlock(&context->lock);
	*buffer = b;
	return 0;
}

int nms_buffer_create(struct nms_context *context, uint64_t bytes, struct nms_buffer **buffer)
{
	if (!context || !buffer)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "%s: is NULL",
				context ? "buffer" : "context");
	return buffer_make(context, NULL, bytes, NMS_READ | NMS_WRITE, buffer);
}

int nms_buffer_wrap(struct nms_context *context, void *memory, uint64_t bytes,
		    unsigned int access, struct nms_buffer **buffer)
{
	if (!context || !memory || !buffer)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "%s: is NULL",
				!context ? "context" : !memory ? "memory" : "buffer");
	if (!access || access & ~(NMS_READ | NMS_WRITE))
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT,
				"access: is 0x%x, expected NMS_READ, NMS_WRITE or both", access);
	if (!context->device->ops->near_is_host)
		return nms_fail(-EOPNOTSUPP, NMS_CAUSE_ARGUMENT,
				"memory: %s cannot work in memory of the host",
				context->device->name);
	return buffer_make(context, memory, bytes, access, buffer);
}

void nms_buffer_get(struct nms_buffer *buffer)
{
	atomic_fetch_add_explicit(&buffer->refs, 1, memory_order_relaxed);
}

void nms_buffer_put(struct nms_buffer *buffer)
{
	struct nms_context *context = buffer->context;

	if (atomic_fetch_sub_explicit(&buffer->refs, 1, memory_order_acq_rel) != 1)
		return;
	context->device->ops->buffer_destroy(context->backend, &buffer->near);
	free(buffer);
}

void nms_buffer_destroy(struct nms_buffer *buffer)
{
	struct nms_context *context;

	if (!buffer || buffer->named)
		return;
	context = buffer->context;
	pthread_mutex_lock(&context->lock);
	list_del(&buffer->link);
	pthread_mutex_unlock(&context->lock);
	nms_buffer_put(buffer);
}

uint64_t nms_buffer_size(const struct nms_buffer *buffer)
{
	return buffer ? buffer->bytes : 0;
}

/* What names a buffer in one context may name another one in the next. */
int nms_buffer_check(const struct nms_context *context, const char *name,
		     const struct nms_buffer *buffer)
{
	if (!buffer)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "%s: has no buffer", name);
	if (buffer->context == context)
		return 0;
	if (buffer->context->device != context->device)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "%s: its buffer is on another device",
				name);
	return nms_fail(-EACCES, NMS_CAUSE_RIGHT,
			"%s: no right on its buffer, which is another context's", name);
}

static int check_shape(const char *name, struct nms_matrix *m)
{
	size_t size = nms_dtype_size(m->dtype);
	uint64_t row;

	if (!size)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "%s: dtype is %d, which is none", name,
				(int)m->dtype);
	if (!m->rows || !m->cols)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "%s: %llu rows x %u columns", name,
				(unsigned long long)m->rows, m->cols);
	row = (uint64_t)m->cols * size;
	if (!m->stride)
		m->stride = row;
	if (m->stride < row)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT,
				"%s: stride is %llu bytes, a row has %llu", name,
				(unsigned long long)m->stride, (unsigned long long)row);
	return 0;
}

int nms_matrix_check(const struct nms_context *context, const char *name, struct nms_matrix *m)
{
	uint64_t row, room;
	int ret;

	ret = nms_buffer_check(context, name, m->buffer);
	if (!ret)
		ret = check_shape(name, m);
	if (ret)
		return ret;
	row = (uint64_t)m->cols * nms_dtype_size(m->dtype);
	room = m->buffer->bytes;
	/* (rows - 1) * stride + row <= room - offset, without overflow */
	if (m->offset > room || row > room - m->offset ||
	    m->rows - 1 > (room - m->offset - row) / m->stride)
		return nms_fail(-EINVAL, NMS_CAUSE_RANGE,
				"%s: %llu rows of %llu bytes from byte %llu, the buffer has %llu",
				name, (unsigned long long)m->rows, (unsigned long long)m->stride,
				(unsigned long long)m->offset, (unsigned long long)room);
	return 0;
}

int nms_vector_check(const struct nms_context *context, const char *name,
		     const struct nms_vector *v)
{
	uint64_t room;
	int ret;

	ret = nms_buffer_check(context, name, v->buffer);
	if (ret)
		return ret;
	room = v->buffer->bytes;
	if (v->offset > room || v->count > (room - v->offset) / 4)
		return nms_fail(-EINVAL, NMS_CAUSE_RANGE,
				"%s: %llu elements of 4 bytes from byte %llu, the buffer has %llu",
				name, (unsigned long long)v->count, (unsigned long long)v->offset,
				(unsigned long long)room);
	return 0;
}

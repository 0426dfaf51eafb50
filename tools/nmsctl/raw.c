// SPDX-License-Identifier: GPL-2.0-only
/* Bytes of which the user says what they are. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "content.h"

static int bad_shape(const struct content *content, struct message *why)
{
	return message_set(why, -EINVAL, "shape '%.64s': expected up to %d dimensions as 60000x28x28, the first may be -1",
			   content->options.shape, ARRAY_MAX_NDIM);
}

/* @open: the first dimension is to be found from the size. */
static int parse_shape(const struct content *content, struct array *array, bool *open,
		       struct message *why)
{
	const char *at = content->options.shape;

	*open = !strncmp(at, "-1", 2);
	array->ndim = 0;
	if (*open) {
		array->shape[array->ndim++] = 1;
		at += 2;
	}
	while (*at || !array->ndim) {
		size_t dimension = 0;

		if (array->ndim) {
			if (*at != 'x' && *at != ',')
				return bad_shape(content, why);
			at++;
		}
		if (array->ndim == ARRAY_MAX_NDIM || *at < '0' || *at > '9')
			return bad_shape(content, why);
		for (; *at >= '0' && *at <= '9'; at++)
			if (__builtin_mul_overflow(dimension, (size_t)10, &dimension) ||
			    __builtin_add_overflow(dimension, (size_t)(*at - '0'), &dimension))
				return bad_shape(content, why);
		array->shape[array->ndim++] = dimension;
	}
	return 0;
}

int raw_read(struct content *content, struct message *why)
{
	const struct dataset_options *o = &content->options;
	size_t size = content->source.size, bytes;
	struct array *x = &content->x;
	bool open;
	int error;

	if (!element_from_name(o->dtype, &x->element, &x->swap))
		return message_set(why, -EINVAL, "dtype '%.32s': expected u8, i8, u16, i16, u32, i32, u64, i64, f16, bf16, f32 or f64",
				   o->dtype);
	if (!o->shape)
		return message_set(why, -EINVAL, "%s: raw: a dtype needs a shape beside it", content->path);
	error = parse_shape(content, x, &open, why);
	if (error)
		return error;
	if (!array_bytes(x->element, x->shape, x->ndim, &bytes))
		return message_set(why, -EINVAL, "shape '%.64s': more than memory can address", o->shape);
	if (open && bytes && size % bytes == 0) {
		x->shape[0] = size / bytes;
		bytes = size;
	}
	if (bytes != size || (open && !bytes))
		return message_set(why, -EINVAL, "%s: raw: %zu bytes, expected %s%zu by dtype and shape",
				   content->path, size, open ? "a multiple of " : "", bytes);
	x->data = content->source.data;
	content->format = "raw";
	return 0;
}

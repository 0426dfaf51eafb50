// SPDX-License-Identifier: GPL-2.0-only
/* Bytes of which the user says what they are. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "content.h"

static int bad_shape(const char *shape, struct message *why)
{
	return message_set(why, -EINVAL, "shape '%.64s': expected up to %d dimensions as 60000x28x28, the first may be -1",
			   shape, ARRAY_MAX_NDIM);
}

/* @open: the first dimension is to be found from the size. */
static int parse_shape(const char *shape, struct array *array, bool *open, struct message *why)
{
	const char *at = shape;

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
				return bad_shape(shape, why);
			at++;
		}
		if (array->ndim == ARRAY_MAX_NDIM || *at < '0' || *at > '9')
			return bad_shape(shape, why);
		for (; *at >= '0' && *at <= '9'; at++)
			if (__builtin_mul_overflow(dimension, (size_t)10, &dimension) ||
			    __builtin_add_overflow(dimension, (size_t)(*at - '0'), &dimension))
				return bad_shape(shape, why);
		array->shape[array->ndim++] = dimension;
	}
	return 0;
}

/* What @o says of the bytes, without a look at them. */
static int describe(const struct dataset_options *o, struct array *x, size_t *bytes, bool *open,
		    struct message *why)
{
	int error;

	if (!element_from_name(o->dtype, &x->element, &x->swap))
		return message_set(why, -EINVAL, "dtype '%.32s': expected u8, i8, u16, i16, u32, i32, u64, i64, f16, bf16, f32 or f64",
				   o->dtype);
	if (!o->shape)
		return message_set(why, -EINVAL, "dtype '%.32s': needs a shape beside it", o->dtype);
	error = parse_shape(o->shape, x, open, why);
	if (error)
		return error;
	if (!array_bytes(x->element, x->shape, x->ndim, bytes))
		return message_set(why, -EINVAL, "shape '%.64s': more than memory can address", o->shape);
	return 0;
}

int dataset_options_check(const struct dataset_options *options, struct message *why)
{
	struct array x = { 0 };
	size_t bytes;
	bool open;

	return options->dtype ? describe(options, &x, &bytes, &open, why) : 0;
}

int raw_read(struct content *content, struct message *why)
{
	const struct dataset_options *o = &content->options;
	size_t size = content->source.size, bytes;
	struct array *x = &content->x;
	bool open;
	int error = describe(o, x, &bytes, &open, why);

	if (error)
		return error;
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

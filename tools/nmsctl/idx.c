// SPDX-License-Identifier: GPL-2.0-only
/*
 * IDX, the format of MNIST: two zero bytes, the element type, the number of dimensions, the
 * dimensions as big-endian u32, then the elements, big-endian.
 */
#include "idx.h"

#include <errno.h>

#include "content.h"

static bool element_of(uint8_t type, enum element *element)
{
	switch (type) {
	case 0x08:
		*element = ELEMENT_U8;
		return true;
	case 0x09:
		*element = ELEMENT_I8;
		return true;
	case 0x0b:
		*element = ELEMENT_I16;
		return true;
	case 0x0c:
		*element = ELEMENT_I32;
		return true;
	case 0x0d:
		*element = ELEMENT_F32;
		return true;
	case 0x0e:
		*element = ELEMENT_F64;
		return true;
	default:
		return false;
	}
}

bool idx_looks_like(const uint8_t *data, size_t size)
{
	enum element element;

	return size >= 4 && !data[0] && !data[1] && element_of(data[2], &element) && data[3];
}

/* The header as an array without its data; its size in bytes is 4 + 4 * ndim. */
static bool parse(const uint8_t *data, size_t size, struct array *array)
{
	*array = (struct array){ .ndim = data[3] };
	if (array->ndim > ARRAY_MAX_NDIM || size < 4 + 4 * array->ndim)
		return false;
	element_of(data[2], &array->element);
	array->swap = element_size(array->element) > 1 &&
		      __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
	for (size_t i = 0; i < array->ndim; i++) {
		const uint8_t *at = data + 4 + 4 * i;

		array->shape[i] = (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 |
				  (size_t)at[3];
	}
	return true;
}

bool idx_promised_size(const uint8_t *data, size_t size, uint64_t *promised)
{
	struct array array;
	size_t bytes;

	if (!idx_looks_like(data, size) || !parse(data, size, &array) ||
	    !array_bytes(array.element, array.shape, array.ndim, &bytes))
		return false;
	*promised = (uint64_t)bytes + 4 + 4 * array.ndim;
	return true;
}

int idx_read(struct content *content, struct message *why)
{
	const struct source *source = &content->source;
	size_t ndim = source->data[3];
	uint64_t promised;

	if (ndim > ARRAY_MAX_NDIM)
		return message_set(why, -EINVAL, "%s: byte 3: IDX of %zu dimensions, expected at most %d",
				   content->path, ndim, ARRAY_MAX_NDIM);
	if (source->size < 4 + 4 * ndim)
		return message_set(why, -EINVAL, "%s: truncated: %zu bytes, its IDX header alone has %zu",
				   content->path, source->size, 4 + 4 * ndim);
	if (!idx_promised_size(source->data, source->size, &promised))
		return message_set(why, -EINVAL, "%s: byte 4: IDX header with impossible dimensions",
				   content->path);
	if (source->size != promised)
		return message_set(why, -EINVAL, "%s: %s: %zu bytes, its IDX header promises %llu",
				   content->path, source->size < promised ? "truncated" : "too long",
				   source->size, (unsigned long long)promised);
	parse(source->data, source->size, &content->x);
	content->x.data = source->data + 4 + 4 * ndim;
	content->format = "idx";
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
#include "image.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum image_kind image_kind(const uint8_t *data, size_t size)
{
	static const uint8_t png[8] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };

	if (size >= sizeof(png) && !memcmp(data, png, sizeof(png)))
		return IMAGE_PNG;
	if (size >= 3 && data[0] == 0xff && data[1] == 0xd8 && data[2] == 0xff)
		return IMAGE_JPEG;
	return IMAGE_NONE;
}

int image_compare(const struct image *found, struct image *wanted, const uint8_t *pixels,
		  char text[IMAGE_MESSAGE])
{
	size_t bytes;

	if (!found->width || !found->height ||
	    __builtin_mul_overflow(found->width, found->height, &bytes) ||
	    __builtin_mul_overflow(bytes, found->channels, &bytes) || bytes > IMAGE_MAX_BYTES) {
		snprintf(text, IMAGE_MESSAGE, "%zu x %zu pixels, expected at most %zu bytes of them",
			 found->width, found->height, IMAGE_MAX_BYTES);
		return -EINVAL;
	}
	if (pixels && (found->width != wanted->width || found->height != wanted->height ||
		       found->channels != wanted->channels)) {
		*wanted = *found;
		return -ERANGE;
	}
	*wanted = *found;
	return 0;
}

int image_decode(const uint8_t *data, size_t size, struct image *image, uint8_t *pixels,
		 char text[IMAGE_MESSAGE])
{
	switch (image_kind(data, size)) {
	case IMAGE_PNG:
		return image_decode_png(data, size, image, pixels, text);
	case IMAGE_JPEG:
		return image_decode_jpeg(data, size, image, pixels, text);
	default:
		snprintf(text, IMAGE_MESSAGE, "neither PNG nor JPEG");
		return -EINVAL;
	}
}

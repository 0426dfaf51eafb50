/* SPDX-License-Identifier: GPL-2.0-only */
/* PNG and JPEG files as bytes: grey or RGB, 8 bits, row after row. */
#ifndef NMSCTL_IMAGE_H
#define NMSCTL_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum image_kind { IMAGE_NONE, IMAGE_PNG, IMAGE_JPEG };

struct image {
	size_t width, height, channels;	/* 1 or 3 channels */
};

#define IMAGE_MAX_BYTES ((size_t)1 << 28)
#define IMAGE_MESSAGE 200

enum image_kind image_kind(const uint8_t *data, size_t size);

/**
 * Decode the file of @size bytes at @data.  @pixels NULL: tell the size in *@image, which is at
 * most IMAGE_MAX_BYTES.  Else *@image is what is expected, and is changed to what was found if that
 * is different (-ERANGE).  Alpha is dropped, palettes become RGB, 16 bits become 8.
 *
 * -EINVAL: damaged or of a kind that is refused, with @text why; -ENOMEM.
 */
int image_decode(const uint8_t *data, size_t size, struct image *image, uint8_t *pixels,
		 char text[IMAGE_MESSAGE]);

/* The two, for image_decode(). */
int image_decode_png(const uint8_t *data, size_t size, struct image *image, uint8_t *pixels,
		     char text[IMAGE_MESSAGE]);
int image_decode_jpeg(const uint8_t *data, size_t size, struct image *image, uint8_t *pixels,
		      char text[IMAGE_MESSAGE]);
/** Is @found as wanted?  Sets *@wanted if @pixels is NULL.  0, -ERANGE, -EINVAL (too large). */
int image_compare(const struct image *found, struct image *wanted, const uint8_t *pixels,
		  char text[IMAGE_MESSAGE]);

#endif /* NMSCTL_IMAGE_H */

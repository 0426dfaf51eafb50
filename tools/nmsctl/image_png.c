// SPDX-License-Identifier: GPL-2.0-only
/*
 * Not libpng's simplified interface: that one converts by the file's gamma, where the samples as
 * they are stored are wanted.
 */
#include <errno.h>
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"

struct png_reader {
	const uint8_t *at;
	size_t left;
	char *text;
	png_structp png;
	png_infop info;
	png_bytep *rows;
};

static void on_error(png_structp png, png_const_charp message)
{
	struct png_reader *r = png_get_error_ptr(png);

	snprintf(r->text, IMAGE_MESSAGE, "PNG: %.150s", message);
	longjmp(png_jmpbuf(png), 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
	(void)png;
	(void)message;
}

static void on_read(png_structp png, png_bytep to, size_t size)
{
	struct png_reader *r = png_get_io_ptr(png);

	if (size > r->left)
		png_error(png, "truncated");
	memcpy(to, r->at, size);
	r->at += size;
	r->left -= size;
}

/* Grey or RGB of 8 bits, whatever is in the file. */
static void set_transformations(png_structp png, png_infop info)
{
	int type = png_get_color_type(png, info);

	png_set_scale_16(png);
	if (type == PNG_COLOR_TYPE_PALETTE)
		png_set_palette_to_rgb(png);
	else if (type == PNG_COLOR_TYPE_GRAY && png_get_bit_depth(png, info) < 8)
		png_set_expand_gray_1_2_4_to_8(png);
	png_set_strip_alpha(png);
	png_set_interlace_handling(png);
	png_read_update_info(png, info);
}

static int decode(struct png_reader *r, struct image *image, uint8_t *pixels)
{
	struct image found;
	size_t row;
	int error;

	if (setjmp(png_jmpbuf(r->png)))
		return -EINVAL;
	png_set_read_fn(r->png, r, on_read);
	/* text and colour profiles are of no use here, and inflate to a thousand times their size */
	png_set_keep_unknown_chunks(r->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
	png_read_info(r->png, r->info);
	found.width = png_get_image_width(r->png, r->info);
	found.height = png_get_image_height(r->png, r->info);
	found.channels = png_get_color_type(r->png, r->info) & PNG_COLOR_MASK_COLOR ? 3 : 1;
	error = image_compare(&found, image, pixels, r->text);
	if (error || !pixels)
		return error;
	set_transformations(r->png, r->info);
	row = found.width * found.channels;
	if (png_get_rowbytes(r->png, r->info) != row)
		png_error(r->png, "unusual pixels");
	r->rows = malloc(found.height * sizeof(*r->rows));
	if (!r->rows) {
		snprintf(r->text, IMAGE_MESSAGE, "out of memory");
		return -ENOMEM;
	}
	for (size_t y = 0; y < found.height; y++)
		r->rows[y] = pixels + y * row;
	png_read_image(r->png, r->rows);
	png_read_end(r->png, NULL);
	return 0;
}

int image_decode_png(const uint8_t *data, size_t size, struct image *image, uint8_t *pixels,
		     char text[IMAGE_MESSAGE])
{
	struct png_reader r = { .at = data, .left = size, .text = text };
	int error = -ENOMEM;

	snprintf(text, IMAGE_MESSAGE, "out of memory");
	r.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &r, on_error, on_warning);
	if (r.png)
		r.info = png_create_info_struct(r.png);
	if (r.info)
		error = decode(&r, image, pixels);
	free(r.rows);
	png_destroy_read_struct(&r.png, &r.info, NULL);
	return error;
}

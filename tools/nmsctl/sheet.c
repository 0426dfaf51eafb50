// SPDX-License-Identifier: GPL-2.0-only
#include "sheet.h"

#include <errno.h>
#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#define LEVEL 6		/* zlib's: 9 takes three times as long and saves a hundredth */

static void on_write(png_structp png, png_bytep data, png_size_t size)
{
	struct sheet *sheet = png_get_io_ptr(png);

	if (sheet->room - sheet->size < size) {
		size_t room = 2 * sheet->room + size;
		uint8_t *grown = realloc(sheet->data, room);

		if (!grown)
			png_error(png, "out of memory");
		sheet->data = grown;
		sheet->room = room;
	}
	memcpy(sheet->data + sheet->size, data, size);
	sheet->size += size;
}

static void on_flush(png_structp png)
{
	(void)png;
}

static void on_error(png_structp png, png_const_charp text)
{
	(void)text;
	longjmp(png_jmpbuf(png), 1);
}

/* Two samples a byte where they are of 16 levels and grey; else a byte each, in 256 levels. */
static void pack(uint8_t *line, const uint8_t *pixels, size_t samples, size_t channels,
		 unsigned int levels)
{
	if (channels == 1 && levels == 16) {
		memset(line, 0, (samples + 1) / 2);
		for (size_t i = 0; i < samples; i++)
			line[i / 2] |= (uint8_t)(pixels[i] << (i & 1 ? 0 : 4));
		return;
	}
	for (size_t i = 0; i < samples; i++)
		line[i] = (uint8_t)(pixels[i] * (255u / (levels - 1)));
}

static int encode(png_structp png, png_infop info, const uint8_t *pixels, size_t width,
		  size_t height, size_t channels, unsigned int levels, uint8_t *line)
{
	if (setjmp(png_jmpbuf(png)))
		return -ENOMEM;
	png_set_compression_level(png, LEVEL);
	png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height,
		     channels == 1 && levels == 16 ? 4 : 8,
		     channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
		     PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	/* differences of coarse levels compress worse than the levels */
	if (levels == 16)
		png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE);
	png_write_info(png, info);
	for (size_t y = 0; y < height; y++) {
		pack(line, pixels + y * width * channels, width * channels, channels, levels);
		png_write_row(png, line);
	}
	png_write_end(png, NULL);
	return 0;
}

int sheet_encode(const uint8_t *pixels, size_t width, size_t height, size_t channels,
		 unsigned int levels, struct sheet *sheet)
{
	uint8_t *line = malloc(width * channels);
	png_infop info = NULL;
	png_structp png;
	int error = -ENOMEM;

	memset(sheet, 0, sizeof(*sheet));
	png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, on_error, NULL);
	if (png)
		info = png_create_info_struct(png);
	if (info && line) {
		png_set_write_fn(png, sheet, on_write, on_flush);
		error = encode(png, info, pixels, width, height, channels, levels, line);
	}
	png_destroy_write_struct(&png, &info);
	free(line);
	if (error) {
		free(sheet->data);
		memset(sheet, 0, sizeof(*sheet));
	}
	return error;
}

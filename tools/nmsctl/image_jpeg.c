// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>
#include <jerror.h>

#include "image.h"

/* More scans than any encoder writes: what takes longer is meant to. */
#define MAX_SCANS 100

struct jpeg_reader {
	struct jpeg_decompress_struct jpeg;
	struct jpeg_error_mgr errors;
	struct jpeg_progress_mgr progress;
	char *text;
	jmp_buf leave;
};

static void on_error(j_common_ptr common)
{
	struct jpeg_reader *r = common->client_data;
	char message[JMSG_LENGTH_MAX];

	common->err->format_message(common, message);
	snprintf(r->text, IMAGE_MESSAGE, "JPEG: %.150s", message);
	longjmp(r->leave, 1);
}

/* A warning is damage that libjpeg would paint over. */
static void on_message(j_common_ptr common, int level)
{
	if (level < 0)
		on_error(common);
}

static void on_progress(j_common_ptr common)
{
	struct jpeg_reader *r = common->client_data;

	if (r->jpeg.input_scan_number <= MAX_SCANS)
		return;
	snprintf(r->text, IMAGE_MESSAGE, "JPEG: more than %d scans", MAX_SCANS);
	longjmp(r->leave, 1);
}

static int decode(struct jpeg_reader *r, const uint8_t *data, size_t size, struct image *image,
		  uint8_t *pixels)
{
	struct jpeg_decompress_struct *jpeg = &r->jpeg;
	struct image found;
	int error;

	if (setjmp(r->leave))
		return -EINVAL;
	jpeg_create_decompress(jpeg);
	jpeg->client_data = r;
	jpeg->progress = &r->progress;
	jpeg_mem_src(jpeg, data, size);
	jpeg_read_header(jpeg, TRUE);
	found.width = jpeg->image_width;
	found.height = jpeg->image_height;
	found.channels = jpeg->jpeg_color_space == JCS_GRAYSCALE ? 1 : 3;
	if (jpeg->num_components != 1 && jpeg->num_components != 3) {
		snprintf(r->text, IMAGE_MESSAGE, "JPEG of %d colours, expected 1 or 3",
			 jpeg->num_components);
		return -EINVAL;
	}
	error = image_compare(&found, image, pixels, r->text);
	if (error || !pixels)
		return error;
	jpeg->out_color_space = found.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
	jpeg->dct_method = JDCT_ISLOW;
	jpeg_start_decompress(jpeg);
	while (jpeg->output_scanline < jpeg->output_height) {
		JSAMPROW row = pixels + (size_t)jpeg->output_scanline * found.width * found.channels;

		jpeg_read_scanlines(jpeg, &row, 1);
	}
	jpeg_finish_decompress(jpeg);
	return 0;
}

int image_decode_jpeg(const uint8_t *data, size_t size, struct image *image, uint8_t *pixels,
		      char text[IMAGE_MESSAGE])
{
	struct jpeg_reader r = { .text = text };
	int error;

	r.jpeg.err = jpeg_std_error(&r.errors);
	r.jpeg.client_data = &r;
	r.errors.error_exit = on_error;
	r.errors.emit_message = on_message;
	r.progress.progress_monitor = on_progress;
	error = decode(&r, data, size, image, pixels);
	jpeg_destroy_decompress(&r.jpeg);
	return error;
}

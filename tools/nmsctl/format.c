// SPDX-License-Identifier: GPL-2.0-only
#include "format.h"

#include <string.h>

#include "cifar.h"
#include "csv_text.h"
#include "idx.h"
#include "image.h"
#include "inflate.h"
#include "npy.h"

static bool is_zip(const uint8_t *data, size_t size)
{
	return size >= 4 && (!memcmp(data, "PK\3\4", 4) || !memcmp(data, "PK\5\6", 4));
}

/*
 * A CIFAR batch whose first picture is black at the start can look like IDX.  What has the size
 * that an IDX header promises is IDX; what has not, and is a whole number of records, is CIFAR.
 */
static bool is_idx(const uint8_t *data, size_t size)
{
	uint64_t promised;

	if (!idx_looks_like(data, size))
		return false;
	return (idx_promised_size(data, size, &promised) && promised == size) ||
	       !cifar_label_bytes(data, size);
}

static bool is_json(const uint8_t *data, size_t size)
{
	size_t i = 0;

	while (i < size && data[i] && strchr(" \t\r\n", data[i]))
		i++;
	return i < size && (data[i] == '[' || data[i] == '{');
}

content_reader format_detect(const struct content *content, struct message *why)
{
	const uint8_t *data = content->source.data;
	size_t size = content->source.size;

	if (content->options.dtype)
		return raw_read;
	if (npy_looks_like(data, size))
		return npy_read;
	if (is_zip(data, size))
		return npz_read;
	if (is_idx(data, size))
		return idx_read;
	if (cifar_label_bytes(data, size))
		return cifar_read;
	if (image_kind(data, size) != IMAGE_NONE)
		message_set(why, 0, "%s: a single image; expected the folder that holds the images",
			    content->path);
	else if (source_is_gzip(&content->source))
		message_set(why, 0, "%s: gzip within gzip", content->path);
	else if (!size && content->wanted != WANT_INDEX)
		message_set(why, 0, "%s: an empty file", content->path);
	else if (content->wanted == WANT_INDEX && is_json(data, size))
		return json_read;
	else if (text_looks_like(data, size))
		return csv_read;
	else
		message_set(why, 0, "%s: not NumPy (npy, npz), IDX, CIFAR, CSV, gzip of these or a folder of images; for raw bytes tell dtype and shape",
			    content->path);
	return NULL;
}

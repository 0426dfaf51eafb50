// SPDX-License-Identifier: GPL-2.0-only
#include "digest.h"

#include <errno.h>
#include <gcrypt.h>
#include <stdio.h>
#include <string.h>

#include "nmsdev.h"

static const char *const dtype_names[] = {
	[NMS_U8] = "u8", [NMS_I8] = "i8", [NMS_F16] = "f16", [NMS_BF16] = "bf16",
	[NMS_F32] = "f32", [NMS_F64] = "f64",
};

static int begin(gcry_md_hd_t *hash, const char *head)
{
	/* libgcrypt wants to be asked for its version before anything else */
	if (!gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P)) {
		if (!gcry_check_version(NULL))
			return -ENOMEM;
		gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
		gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
	}
	if (gcry_md_open(hash, GCRY_MD_SHA256, 0))
		return -ENOMEM;
	gcry_md_write(*hash, head, strlen(head));
	return 0;
}

static void finish(gcry_md_hd_t hash, char hex[DIGEST_HEX])
{
	const unsigned char *bytes = gcry_md_read(hash, GCRY_MD_SHA256);

	for (size_t i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	gcry_md_close(hash);
}

int digest_dataset(const struct dataset *dataset, char hex[DIGEST_HEX])
{
	size_t row = dataset->cols * nms_dtype_size((enum nms_dtype)dataset->dtype);
	const unsigned char *at = dataset->base;
	gcry_md_hd_t hash;
	char head[96];
	int error;

	snprintf(head, sizeof(head), "nms-dataset 1 %s %zu %zu\n", dtype_names[dataset->dtype],
		 dataset->rows, dataset->cols);
	error = begin(&hash, head);
	if (error)
		return error;
	if (dataset->stride == row)
		gcry_md_write(hash, at, row * dataset->rows);
	else
		for (size_t i = 0; i < dataset->rows; i++)
			gcry_md_write(hash, at + i * dataset->stride, row);
	finish(hash, hex);
	return 0;
}

int digest_u32(const uint32_t *values, size_t count, char hex[DIGEST_HEX])
{
	gcry_md_hd_t hash;
	char head[64];
	int error;

	snprintf(head, sizeof(head), "nms-u32 1 %zu\n", count);
	error = begin(&hash, head);
	if (error)
		return error;
	gcry_md_write(hash, values, count * sizeof(*values));
	finish(hash, hex);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
#include "npy_write.h"

#include <errno.h>
#include <string.h>

#include "array.h"
#include "nmsdev.h"

#define HEADER 384		/* room for all shapes there are */
#define BLOCK 4096

/* Little-endian on disk, and here: the tool's machines are. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "written as it lies in memory");

static int stream_error(FILE *stream)
{
	return ferror(stream) ? -(errno ? errno : EIO) : 0;
}

/* Magic, version 1.0, length, dictionary, spaces up to a multiple of 64, newline. */
static int write_header(FILE *stream, const char *descr, const size_t *shape, size_t ndim)
{
	char header[HEADER] = "\x93NUMPY\x01";
	size_t n = 10, end;

	n += (size_t)snprintf(header + n, HEADER - n,
			      "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
	for (size_t i = 0; i < ndim; i++)
		n += (size_t)snprintf(header + n, HEADER - n, "%s%zu", i ? ", " : "", shape[i]);
	n += (size_t)snprintf(header + n, HEADER - n, "%s), }", ndim == 1 ? "," : "");
	end = (n + 1 + 63) / 64 * 64;
	memset(header + n, ' ', end - n);
	header[end - 1] = '\n';
	header[8] = (char)((end - 10) & 0xff);
	header[9] = (char)((end - 10) >> 8);
	fwrite(header, 1, end, stream);
	return stream_error(stream);
}

int npy_write_index(FILE *stream, const uint32_t *index, size_t count)
{
	int64_t block[BLOCK];
	int error = write_header(stream, "<i8", &count, 1);

	for (size_t i = 0; i < count && !error; i += BLOCK) {
		size_t n = count - i < BLOCK ? count - i : BLOCK;

		for (size_t j = 0; j < n; j++)
			block[j] = index[i + j];
		fwrite(block, sizeof(*block), n, stream);
		error = stream_error(stream);
	}
	return error;
}

int npy_write_f32(FILE *stream, const float *values, size_t rows, size_t cols)
{
	const size_t shape[2] = { rows, cols };
	int error = write_header(stream, "<f4", shape, 2);

	if (!error && rows && cols)
		fwrite(values, sizeof(*values) * cols, rows, stream);
	return error ? error : stream_error(stream);
}

int npy_write_u32(FILE *stream, const uint32_t *values, size_t count)
{
	int error = write_header(stream, "<u4", &count, 1);

	if (!error && count)
		fwrite(values, sizeof(*values), count, stream);
	return error ? error : stream_error(stream);
}

static int write_bf16(FILE *stream, const uint16_t *values, size_t count)
{
	uint32_t block[BLOCK];
	int error = 0;

	for (size_t i = 0; i < count && !error; i += BLOCK) {
		size_t n = count - i < BLOCK ? count - i : BLOCK;

		for (size_t j = 0; j < n; j++)
			block[j] = (uint32_t)values[i + j] << 16;
		fwrite(block, sizeof(*block), n, stream);
		error = stream_error(stream);
	}
	return error;
}

int npy_write_rows(FILE *stream, const void *rows, size_t nrows, int dtype,
		   const size_t *shape, size_t ndim)
{
	static const char *const descr[] = {
		[NMS_U8] = "|u1", [NMS_I8] = "|i1", [NMS_F16] = "<f2", [NMS_BF16] = "<f4",
		[NMS_F32] = "<f4", [NMS_F64] = "<f8", [NMS_U32] = "<u4",
	};
	size_t full[ARRAY_MAX_NDIM] = { nrows }, count = nrows;
	int error;

	if (dtype < NMS_U8 || dtype > NMS_U32 || ndim > DATASET_MAX_NDIM)
		return -EINVAL;
	for (size_t i = 0; i < ndim; i++) {
		full[i + 1] = shape[i];
		if (__builtin_mul_overflow(count, shape[i], &count))
			return -EINVAL;
	}
	error = write_header(stream, descr[dtype], full, ndim + 1);
	if (error || !count)
		return error;
	if (dtype == NMS_BF16)
		return write_bf16(stream, rows, count);
	fwrite(rows, nms_dtype_size((enum nms_dtype)dtype), count, stream);
	return stream_error(stream);
}

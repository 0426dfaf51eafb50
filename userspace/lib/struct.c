// SPDX-License-Identifier: LGPL-2.1-or-later
/* Structures that grow at their end, told apart by size. */
#include <errno.h>
#include <string.h>

#include "internal.h"

/* Far beyond what a structure here will ever be: such a size was never set. */
#define SIZE_SANE 65536u

void nms_init_(void *structure, size_t size)
{
	memset(structure, 0, size);
	memcpy(structure, &size, sizeof(size));
}

static int check_size(size_t size, size_t first, const char *name)
{
	if (size >= first && size <= SIZE_SANE)
		return 0;
	return nms_fail(-EINVAL, NMS_CAUSE_SIZE,
			"%s: size is %zu, expected %zu; was it set up with NMS_INIT()?",
			name, size, first);
}

int nms_struct_in(void *dst, const void *src, size_t known, size_t first, const char *name)
{
	const unsigned char *bytes = src;
	size_t size, i;
	int ret;

	memcpy(&size, src, sizeof(size));
	ret = check_size(size, first, name);
	if (ret)
		return ret;
	for (i = known; i < size; i++)
		if (bytes[i])
			return nms_fail(-EINVAL, NMS_CAUSE_SIZE,
					"%s: byte %zu is used, this version knows %zu",
					name, i, known);
	memset(dst, 0, known);
	memcpy(dst, src, nms_min(size, known));
	return 0;
}

int nms_struct_check_out(const void *dst, size_t first, const char *name)
{
	size_t size;

	if (!dst)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "%s: is NULL", name);
	memcpy(&size, dst, sizeof(size));
	return check_size(size, first, name);
}

void nms_struct_out(void *dst, const void *src, size_t known)
{
	size_t size;

	memcpy(&size, dst, sizeof(size));
	memset(dst, 0, size);
	memcpy(dst, src, nms_min(size, known));
	memcpy(dst, &size, sizeof(size));
}

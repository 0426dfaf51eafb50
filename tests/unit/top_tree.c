// SPDX-License-Identifier: GPL-2.0-only
/*
 * nmsctl, with its top on a tree of files ($TOP_ROOT) in the place of this machine's.
 * There dev/nmsN holds what the kernel would answer: BLOCKS blocks of a look each, which
 * begins with the query of the device, in it SLOT bytes for each type and index: an errno,
 * and the answer.  After the last block it is that again.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nms.h"
#include "nmsctl.h"
#include "top.h"

#define INDICES 16
#define SLOT 256
#define BLOCK (8 * INDICES * SLOT)

int __wrap_nmsctl_top(const struct nmsctl_options *options);
int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);

int __wrap_nmsctl_top(const struct nmsctl_options *options)
{
	return top_run(getenv("TOP_ROOT"), options);
}

static int answer(int fd, const struct nms_query *query)
{
	static off_t look = -1;
	unsigned char slot[SLOT];
	struct stat st;
	int32_t error;
	off_t block;

	look += query->type == NMS_QUERY_DEVICE;
	if (fstat(fd, &st) || query->index >= INDICES)
		return ENOENT;
	block = look < st.st_size / BLOCK ? look : st.st_size / BLOCK - 1;
	if (pread(fd, slot, SLOT, block * BLOCK + (query->type * INDICES + query->index) * SLOT) !=
	    SLOT)
		return EIO;
	memcpy(&error, slot, sizeof(error));
	if (!error)
		memcpy((void *)(uintptr_t)query->data, slot + 8, query->size);
	return error;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (request != NMS_IOCTL_QUERY)
		return __real_ioctl(fd, request, arg);
	errno = answer(fd, arg);
	return errno ? -1 : 0;
}

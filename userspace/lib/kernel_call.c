// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Calls of the kernel.  Structures are negotiated by their size, which is in the
 * number of the call: a newer kernel takes what a shorter one lacks as zero, an
 * older one takes a longer one if it has zeros there.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "kernel.h"

/*
 * A query, a wait until a point in time and a cancel do no more if they are done
 * twice.  Of all others, a submission above all, nobody knows after an EINTR.
 */
static bool may_repeat(unsigned long request)
{
	switch (request) {
	case NMS_IOCTL_QUERY:
	case NMS_IOCTL_WAIT:
	case NMS_IOCTL_PROGRESS:
	case NMS_IOCTL_CANCEL:
		return true;
	default:
		return false;
	}
}

/* Also called by signal handlers. */
int nms_kernel_call(int fd, unsigned long request, void *arg)
{
	int saved = errno, ret;

	do {
		ret = ioctl(fd, request, arg) < 0 ? -errno : 0;
	} while (ret == -EINTR && may_repeat(request));
	errno = saved;
	return ret;
}

int nms_kernel_query(int fd, uint32_t type, uint32_t index, void *answer, size_t size)
{
	struct nms_query query = {
		.type = type,
		.index = index,
		.size = (uint32_t)size,
		.data = (uintptr_t)answer,
	};

	memset(answer, 0, size);
	return nms_kernel_call(fd, NMS_IOCTL_QUERY, &query);
}

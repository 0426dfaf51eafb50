// SPDX-License-Identifier: LGPL-2.1-or-later
/* Buffers behind the kernel: parameter blocks name them by their handle. */
#include <endian.h>
#include <errno.h>

#include "kernel.h"

static int create_failed(const struct kernel_device *d, int error, uint64_t bytes)
{
	struct nms_query_device now;

	if (error == -EDQUOT)
		return nms_fail(error, NMS_CAUSE_NEAR_MEMORY,
				"near memory: %llu bytes wanted, a user may hold %llu in all",
				(unsigned long long)bytes,
				(unsigned long long)d->about.near_quota);
	if (error == -ENOSPC &&
	    !nms_kernel_query(d->fd, NMS_QUERY_DEVICE, 0, &now, sizeof(now)))
		return nms_fail_near(bytes, now.near_free, now.near_size);
	return nms_kernel_fail(d, error);
}

int nms_kernel_buffer_create(void *context, uint64_t bytes, void *memory, uint32_t rights,
			     struct nms_hw_near *near)
{
	struct kernel_context *c = context;
	struct nms_buffer_create arg = { .size = bytes };
	int ret;

	(void)memory;
	(void)rights;
	ret = nms_kernel_call(c->fd, NMS_IOCTL_BUFFER_CREATE, &arg);
	if (ret)
		return create_failed(c->device, ret, bytes);
	*near = (struct nms_hw_near){ .range = htole32(arg.handle) };
	return 0;
}

void nms_kernel_buffer_destroy(void *context, const struct nms_hw_near *near)
{
	struct kernel_context *c = context;
	struct nms_buffer_destroy arg = { .handle = le32toh(near->range) };
	int ret = nms_kernel_call(c->fd, NMS_IOCTL_BUFFER_DESTROY, &arg);

	/* A device that has gone has taken it along. */
	if (ret)
		nms_log(ret == -ENODEV ? NMS_LOG_DEBUG : NMS_LOG_ERR,
			"%s: buffer %u was not given back: error %d", c->device->node,
			arg.handle, ret);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Jobs by io_uring: a small ring for each context, used by its worker alone. */
#include <errno.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernel.h"

#define ENTRIES 4		/* one job at a time */
#define LOOK_NS 1000000		/* how soon a wait that is not for ever comes back */

#ifndef IORING_SETUP_SINGLE_ISSUER
#define IORING_SETUP_SINGLE_ISSUER (1U << 12)
#endif
#ifndef IORING_SETUP_DEFER_TASKRUN
#define IORING_SETUP_DEFER_TASKRUN (1U << 13)
#endif

struct kernel_ring {
	struct io_uring ring;
};

static const char *why_text(int error)
{
	switch (error) {
	case -ENOSYS:
		return "this kernel has no io_uring";
	case -EPERM:
	case -EACCES:
		return "io_uring is switched off (kernel.io_uring_disabled, or a filter)";
	case -ENOMEM:
		return "io_uring has no memory (ulimit -l)";
	case -EOPNOTSUPP:
		return "io_uring has no commands for devices in this kernel";
	default:
		return NULL;
	}
}

static int has_commands(struct io_uring *ring)
{
	struct io_uring_probe *probe = io_uring_get_probe_ring(ring);
	int ret = probe && io_uring_opcode_supported(probe, IORING_OP_URING_CMD) ? 0 : -EOPNOTSUPP;

	io_uring_free_probe(probe);
	return ret;
}

int nms_kernel_ring_probe(char *why, size_t size)
{
	struct io_uring ring;
	const char *text;
	int ret = io_uring_queue_init(ENTRIES, &ring, 0);

	if (!ret) {
		ret = has_commands(&ring);
		io_uring_queue_exit(&ring);
	}
	if (!ret)
		return 0;
	text = why_text(ret);
	if (text)
		snprintf(why, size, "%s", text);
	else
		snprintf(why, size, "io_uring: %s", strerror(-ret));
	return ret;
}

/* What one thread alone submits to and waits for costs less where the kernel knows of it. */
int nms_kernel_ring_open(struct kernel_ring **out)
{
	struct io_uring_params p = {
		.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
	};
	struct kernel_ring *r = calloc(1, sizeof(*r));
	int ret;

	if (!r)
		return -ENOMEM;
	ret = io_uring_queue_init_params(ENTRIES, &r->ring, &p);
	if (ret == -EINVAL) {
		memset(&p, 0, sizeof(p));
		ret = io_uring_queue_init_params(ENTRIES, &r->ring, &p);
	}
	if (ret) {
		free(r);
		return ret;
	}
	*out = r;
	return 0;
}

void nms_kernel_ring_close(struct kernel_ring *ring)
{
	if (!ring)
		return;
	io_uring_queue_exit(&ring->ring);
	free(ring);
}

/* The version of liburing that there is has no helper for commands. */
static void fill(struct io_uring_sqe *sqe, int fd, struct nms_submit *submit)
{
	struct nms_uring_cmd payload = {
		.address = (uintptr_t)submit,
		.size = sizeof(*submit),
	};

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = fd;
	sqe->off = NMS_URING_SUBMIT;	/* is cmd_op, too */
	memcpy((char *)sqe + offsetof(struct io_uring_sqe, addr3), &payload, sizeof(payload));
}

int nms_kernel_ring_submit(struct kernel_ring *ring, int fd, struct nms_submit *submit)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->ring);
	int ret;

	if (!sqe)
		return -EBUSY;
	fill(sqe, fd, submit);
	/* What was interrupted has not taken the entry. */
	do {
		ret = io_uring_submit(&ring->ring);
	} while (ret == -EINTR);
	if (ret < 0)
		return ret;
	return ret == 1 ? 0 : -EIO;
}

int nms_kernel_ring_wait(struct kernel_ring *ring, bool forever, int *res)
{
	struct __kernel_timespec soon = { .tv_nsec = LOOK_NS };
	struct io_uring_cqe *cqe = NULL;
	int ret;

	do {
		ret = forever ? io_uring_wait_cqe(&ring->ring, &cqe) :
				io_uring_wait_cqe_timeout(&ring->ring, &cqe, &soon);
	} while (ret == -EINTR);
	if (ret == -ETIME)
		return -EAGAIN;
	if (ret)
		return ret;
	*res = cqe->res;
	io_uring_cqe_seen(&ring->ring, cqe);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Jobs by io_uring, for tests: all that the kernel reads or writes of one, and its SQE. */
#ifndef NMS_URING_TEST_H
#define NMS_URING_TEST_H

#include <liburing.h>

#include "nms_test.h"

#ifndef IORING_URING_CMD_FIXED
#define IORING_URING_CMD_FIXED (1U << 0)
#endif

struct uring_job {
	struct nms_cmd cmd;
	struct nms_submit submit;
	struct nms_job_result result;
};

static inline void prepare(struct uring_job *j, struct nms_cmd cmd)
{
	j->cmd = cmd;
	j->submit = (struct nms_submit){
		.commands = (uintptr_t)&j->cmd, .count = 1, .command_size = sizeof(j->cmd),
		.result = (uintptr_t)&j->result, .result_size = sizeof(j->result),
	};
	memset(&j->result, 0xff, sizeof(j->result));
}

static inline struct io_uring_sqe *queue(struct io_uring *ring, int fd, struct uring_job *j)
{
	struct nms_uring_cmd payload = { .address = (uintptr_t)&j->submit,
					 .size = sizeof(j->submit) };
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	if (!sqe)
		return NULL;
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = fd;
	sqe->user_data = (uintptr_t)j;
	sqe->off = NMS_URING_SUBMIT;	/* cmd_op */
	memcpy((void *)&sqe->addr3, &payload, sizeof(payload));
	return sqe;
}

/* The same for memory in the ring's fixed buffer @index. */
static inline struct io_uring_sqe *queue_fixed(struct io_uring *ring, int fd, struct uring_job *j,
					       int index)
{
	struct io_uring_sqe *sqe;

	j->cmd.flags = NMS_CMD_FIXED;
	sqe = queue(ring, fd, j);
	if (sqe) {
		sqe->rw_flags = IORING_URING_CMD_FIXED;
		sqe->buf_index = index;
	}
	return sqe;
}

static inline int reap(struct io_uring *ring, struct uring_job **job)
{
	struct io_uring_cqe *cqe;
	int res = io_uring_wait_cqe(ring, &cqe);

	if (res)
		return res;
	if (job)
		*job = (void *)(uintptr_t)cqe->user_data;
	res = cqe->res;
	io_uring_cqe_seen(ring, cqe);
	return res;
}

static inline int run_one(struct io_uring *ring, int fd, struct uring_job *j)
{
	if (!queue(ring, fd, j))
		return -EBUSY;
	if (io_uring_submit(ring) != 1)
		return -EIO;
	return reap(ring, NULL);
}

#endif /* NMS_URING_TEST_H */

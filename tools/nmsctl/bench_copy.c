// SPDX-License-Identifier: GPL-2.0-only
/* 64 MiB to near memory and back, beside memcpy() of as much in this process. */
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "bench.h"

#ifndef IORING_URING_CMD_FIXED
#define IORING_URING_CMD_FIXED (1U << 0)
#endif

const char *const bench_copy_keys[BENCH_NCOPIES] = {
	"memcpy", "write", "read", "write_fixed", "read_fixed",
};

const char *const bench_copy_texts[BENCH_NCOPIES] = {
	"memcpy", "WRITE", "READ", "WRITE, fixed buffer", "READ, fixed buffer",
};

enum { SOURCE, COPY, BACK, BACK_FIXED, NBLOCKS };

struct copying {
	struct bench *bench;
	struct bench_copies *copies;
	unsigned char *block[NBLOCKS];
	bool has_ring;
	struct io_uring ring;
	uint32_t handle;
};

/* One command by io_uring, from or to fixed buffer @fixed, or -1. */
static int by_ring(struct copying *c, struct nms_cmd *cmd, int fixed)
{
	struct nms_submit submit = {
		.commands = (uintptr_t)cmd, .count = 1, .command_size = sizeof(*cmd),
	};
	struct nms_uring_cmd payload = { .address = (uintptr_t)&submit, .size = sizeof(submit) };
	struct io_uring_sqe *sqe = io_uring_get_sqe(&c->ring);
	struct io_uring_cqe *cqe;
	int error;

	if (!sqe)
		return -EBUSY;
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = c->bench->fd;
	sqe->off = NMS_URING_SUBMIT;
	memcpy(&sqe->addr3, &payload, sizeof(payload));
	if (fixed >= 0) {
		cmd->flags = NMS_CMD_FIXED;
		sqe->rw_flags = IORING_URING_CMD_FIXED;
		sqe->buf_index = (uint16_t)fixed;
	}
	error = io_uring_submit_and_wait(&c->ring, 1);
	if (error >= 0)
		error = io_uring_wait_cqe(&c->ring, &cqe);
	if (error)
		return error;
	error = cqe->res;
	io_uring_cqe_seen(&c->ring, cqe);
	return error;
}

static int copy(struct copying *c, enum bench_copy what)
{
	bool writes = what == BENCH_WRITE || what == BENCH_WRITE_FIXED;
	int block = writes ? SOURCE : what == BENCH_READ ? BACK : BACK_FIXED;
	struct nms_cmd cmd = {
		.op = writes ? NMS_CMD_WRITE : NMS_CMD_READ, .handle = c->handle,
		.address = (uintptr_t)c->block[block], .length = BENCH_BYTES,
	};

	if (what == BENCH_MEMCPY) {
		memcpy(c->block[COPY], c->block[SOURCE], BENCH_BYTES);
		/* it is read again, says this, so it is not left out */
		__asm__ volatile("" : : "r"(c->block[COPY]) : "memory");
		return 0;
	}
	if (!c->has_ring)
		return node_run(c->bench->fd, &cmd);
	if (what == BENCH_WRITE || what == BENCH_READ)
		return by_ring(c, &cmd, -1);
	return by_ring(c, &cmd, writes ? 0 : 1);
}

static int timed(struct copying *c, enum bench_copy what, double *rate)
{
	uint64_t begin = bench_now();
	int error = copy(c, what);

	*rate = 1e9 * BENCH_BYTES / (double)(bench_now() - begin);
	return error;
}

static int refuse(struct copying *c, const char *what, int error)
{
	snprintf(c->bench->no_copies, sizeof(c->bench->no_copies), "%s: %s", what,
		 strerror(-error));
	return error == -EIO || error == -ETIMEDOUT ? error : 0;
}

/* The first memory that is written to is new: its pages come as they are touched. */
static int blocks(struct copying *c)
{
	uint64_t x = 1;

	for (int i = 0; i < NBLOCKS; i++) {
		c->block[i] = mmap(NULL, BENCH_BYTES, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (c->block[i] == MAP_FAILED) {
			c->block[i] = NULL;
			return -ENOMEM;
		}
	}
	for (size_t i = 0; i < BENCH_BYTES; i += sizeof(x)) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		memcpy(c->block[SOURCE] + i, &x, sizeof(x));
	}
	return 0;
}

/* Without them only the plain copies are measured. */
static void register_blocks(struct copying *c)
{
	const struct iovec fixed[] = {
		{ c->block[SOURCE], BENCH_BYTES }, { c->block[BACK_FIXED], BENCH_BYTES },
	};

	c->copies->fixed = c->has_ring && !io_uring_register_buffers(&c->ring, fixed, 2);
}

static bool same(const struct copying *c)
{
	return !memcmp(c->block[SOURCE], c->block[COPY], BENCH_BYTES) &&
	       !memcmp(c->block[SOURCE], c->block[BACK], BENCH_BYTES) &&
	       (!c->copies->fixed ||
		!memcmp(c->block[SOURCE], c->block[BACK_FIXED], BENCH_BYTES));
}

static int rounds(struct copying *c)
{
	struct bench_copies *to = c->copies;
	int n, error = 0;

	for (int w = BENCH_MEMCPY; w <= BENCH_READ; w++) {
		error = timed(c, w, &to->first[w]);
		if (error)
			return refuse(c, bench_copy_texts[w], error);
	}
	register_blocks(c);
	n = to->fixed ? BENCH_NCOPIES : BENCH_WRITE_FIXED;
	for (int w = BENCH_WRITE_FIXED; w < n; w++) {
		error = timed(c, w, &to->first[w]);
		if (error)
			return refuse(c, bench_copy_texts[w], error);
	}
	for (uint64_t end = bench_now() + (uint64_t)(1e9 * c->bench->seconds);
	     to->rounds < BENCH_MAX_ROUNDS && (to->rounds < 3 || bench_now() < end); to->rounds++)
		for (int w = 0; w < n; w++) {
			int which = to->rounds % 2 ? n - 1 - w : w;

			error = timed(c, which, &to->later[which][to->rounds]);
			if (error)
				return refuse(c, bench_copy_texts[which], error);
		}
	return same(c) ? 0 : -EBADMSG;
}

static int near(struct copying *c)
{
	struct nms_buffer_create create = { .size = BENCH_BYTES };

	if (ioctl(c->bench->fd, NMS_IOCTL_BUFFER_CREATE, &create))
		return -errno;
	c->handle = create.handle;
	return 0;
}

int bench_copies_run(struct bench *bench)
{
	struct copying c = { .bench = bench };
	const char *how;
	int error;

	c.copies = calloc(1, sizeof(*c.copies));
	bench->copies = c.copies;
	if (!c.copies)
		return -ENOMEM;
	error = near(&c);
	if (error)
		return refuse(&c, "64 MiB of near memory", error);
	c.has_ring = bench->ring && !bench_ring(&c.ring, 0, &how);
	error = blocks(&c);
	if (!error)
		error = rounds(&c);
	if (c.has_ring)
		io_uring_queue_exit(&c.ring);
	ioctl(bench->fd, NMS_IOCTL_BUFFER_DESTROY, &(struct nms_buffer_destroy){ c.handle, 0 });
	for (int i = 0; i < NBLOCKS; i++)
		if (c.block[i])
			munmap(c.block[i], BENCH_BYTES);
	return error;
}

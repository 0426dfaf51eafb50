// SPDX-License-Identifier: GPL-2.0-only
/* NOPs, by the pair of ioctls and by io_uring. */
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

/* The clock is looked at once in so many. */
#define STRIDE 8

struct bench_nop {
	int fd;
	bool has_ring, registered;
	struct io_uring ring;
	struct nms_cmd cmd;
	struct nms_submit submit[BENCH_DEPTH];
	bool flies[BENCH_DEPTH];
};

static int by_ioctl(struct bench_way *way, uint64_t ns)
{
	struct bench_nop *nop = way->with;
	uint64_t end = bench_now() + ns;

	do {
		for (int i = 0; i < STRIDE; i++) {
			int error = node_run(nop->fd, &nop->cmd);

			if (error)
				return error;
		}
		way->commands += STRIDE;
		way->submissions += STRIDE;
	} while (bench_now() < end);
	return 0;
}

static int queue(struct bench_nop *nop, size_t slot)
{
	struct nms_uring_cmd payload = {
		.address = (uintptr_t)&nop->submit[slot], .size = sizeof(nop->submit[slot]),
	};
	struct io_uring_sqe *sqe = io_uring_get_sqe(&nop->ring);

	if (!sqe)
		return -EBUSY;
	nop->submit[slot] = (struct nms_submit){
		.commands = (uintptr_t)&nop->cmd, .count = 1, .command_size = sizeof(nop->cmd),
	};
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = nop->registered ? 0 : nop->fd;
	sqe->flags = nop->registered ? IOSQE_FIXED_FILE : 0;
	sqe->off = NMS_URING_SUBMIT;	/* which is cmd_op */
	sqe->user_data = slot;
	memcpy(&sqe->addr3, &payload, sizeof(payload));
	nop->flies[slot] = true;
	return 0;
}

/* Take what has come; the first error of any. */
static int reap(struct bench_nop *nop, unsigned int *count)
{
	struct io_uring_cqe *cqe;
	unsigned int head;
	int error = 0;

	*count = 0;
	io_uring_for_each_cqe(&nop->ring, head, cqe) {
		if (cqe->res < 0 && !error)
			error = cqe->res;
		nop->flies[cqe->user_data] = false;
		++*count;
	}
	io_uring_cq_advance(&nop->ring, *count);
	return error;
}

/* Submit @n and take them all. */
static int batch(struct bench_nop *nop, unsigned int n)
{
	unsigned int left = n, count;
	int error = 0;

	for (unsigned int i = 0; !error && i < n; i++)
		error = queue(nop, i);
	if (!error)
		error = io_uring_submit_and_wait(&nop->ring, n);
	while (error >= 0 && left) {
		error = reap(nop, &count);
		left -= count;
		if (!error && left)
			error = io_uring_submit_and_wait(&nop->ring, left);
	}
	return error < 0 ? error : 0;
}

static int by_batches(struct bench_way *way, uint64_t ns)
{
	const unsigned int batches = way->batch < STRIDE ? STRIDE : 1;
	struct bench_nop *nop = way->with;
	uint64_t end = bench_now() + ns;

	do {
		for (unsigned int i = 0; i < batches; i++) {
			int error = batch(nop, way->batch);

			if (error)
				return error;
		}
		way->commands += batches * way->batch;
		way->submissions += batches;
	} while (bench_now() < end);
	return 0;
}

/* So many in flight at any time: what has come is replaced. */
static int by_window(struct bench_way *way, uint64_t ns)
{
	struct bench_nop *nop = way->with;
	uint64_t end = bench_now() + ns;
	unsigned int flying = 0, count;
	bool more = true;
	int error = 0;

	while (!error && (more || flying)) {
		for (size_t i = 0; more && !error && i < BENCH_DEPTH; i++)
			if (!nop->flies[i]) {
				error = queue(nop, i);
				flying++;
			}
		if (!error)
			error = io_uring_submit_and_wait(&nop->ring, 1);
		if (error < 0)
			break;
		error = reap(nop, &count);
		flying -= count;
		way->commands += count;
		way->submissions += more;
		more = more && bench_now() < end;
	}
	return error < 0 ? error : 0;
}

int bench_nop_open(struct bench *bench, struct bench_nop **out)
{
	struct bench_nop *nop = calloc(1, sizeof(*nop));
	int error;

	*out = nop;
	if (!nop)
		return -ENOMEM;
	nop->fd = bench->fd;
	nop->cmd.op = NMS_CMD_NOP;
	*bench_way_add(bench) = (struct bench_way){
		.key = "ioctl", .text = "ioctl, submit and wait", .batch = 1, .run = by_ioctl,
		.with = nop, .ours = true,
	};
	error = bench_ring(&nop->ring, 0, &bench->ring);
	if (error) {
		bench->ring = NULL;
		return 0;
	}
	nop->has_ring = true;
	/* so that neither ring nor file is looked up for each command */
	io_uring_register_ring_fd(&nop->ring);
	nop->registered = !io_uring_register_files(&nop->ring, &nop->fd, 1);
	*bench_way_add(bench) = (struct bench_way){
		.key = "uring_1", .text = "io_uring, one at a time", .batch = 1, .run = by_batches,
		.with = nop, .ours = true,
	};
	*bench_way_add(bench) = (struct bench_way){
		.key = "uring_32", .text = "io_uring, batches of 32", .batch = BENCH_DEPTH, .run = by_batches,
		.with = nop, .ours = true,
	};
	*bench_way_add(bench) = (struct bench_way){
		.key = "uring_window", .text = "io_uring, 32 in flight", .batch = BENCH_DEPTH, .run = by_window,
		.with = nop, .ours = true,
	};
	return 0;
}

void bench_nop_close(struct bench_nop *nop)
{
	if (nop && nop->has_ring)
		io_uring_queue_exit(&nop->ring);
	free(nop);
}

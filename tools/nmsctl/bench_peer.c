// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another device beside which ours is measured: an NVMe namespace's generic node,
 * by passthrough of flushes, which move no data.
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/nvme_ioctl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench.h"

#define NVME_FLUSH 0x00
#define STRIDE 8

struct bench_peer {
	int fd;
	bool has_ring, registered;
	uint32_t nsid;
	struct io_uring ring;
};

static int queue(struct bench_peer *peer)
{
	struct nvme_uring_cmd cmd = { .opcode = NVME_FLUSH, .nsid = peer->nsid };
	struct io_uring_sqe *sqe = io_uring_get_sqe(&peer->ring);

	if (!sqe)
		return -EBUSY;
	/* an entry of 128 bytes, whose command takes the last 80 */
	memset((void *)sqe, 0, 2 * sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = peer->registered ? 0 : peer->fd;
	sqe->flags = peer->registered ? IOSQE_FIXED_FILE : 0;
	sqe->off = NVME_URING_CMD_IO;
	memcpy(&sqe->addr3, &cmd, sizeof(cmd));
	return 0;
}

static int batch(struct bench_peer *peer, unsigned int n)
{
	int error = 0;

	for (unsigned int i = 0; !error && i < n; i++)
		error = queue(peer);
	if (!error)
		error = io_uring_submit_and_wait(&peer->ring, n);
	if (error < 0)
		return error;
	for (unsigned int left = n; left; left--) {
		struct io_uring_cqe *cqe;

		error = io_uring_wait_cqe_nr(&peer->ring, &cqe, left);
		if (error)
			return error;
		/* above 0 it is a status of NVMe */
		error = cqe->res > 0 ? -EIO : cqe->res;
		io_uring_cqe_seen(&peer->ring, cqe);
		if (error)
			return error;
	}
	return 0;
}

static int by_batches(struct bench_way *way, uint64_t ns)
{
	const unsigned int batches = way->batch < STRIDE ? STRIDE : 1;
	struct bench_peer *peer = way->with;
	uint64_t end = bench_now() + ns;

	do {
		for (unsigned int i = 0; i < batches; i++) {
			int error = batch(peer, way->batch);

			if (error)
				return error;
		}
		way->commands += batches * way->batch;
		way->submissions += batches;
	} while (bench_now() < end);
	return 0;
}

static int refuse(struct bench *bench, struct bench_peer *peer, const char *what, int error)
{
	snprintf(bench->no_peer, sizeof(bench->no_peer), "%s: %s", what, strerror(-error));
	if (peer->fd >= 0)
		close(peer->fd);
	peer->fd = -1;
	return 0;
}

int bench_peer_open(struct bench *bench, struct bench_peer **out)
{
	struct bench_peer *peer = calloc(1, sizeof(*peer));
	const char *how;
	int error;

	*out = peer;
	if (!peer)
		return -ENOMEM;
	peer->fd = open(bench->peer, O_RDWR | O_CLOEXEC);
	if (peer->fd < 0)
		return refuse(bench, peer, bench->peer, -errno);
	error = ioctl(peer->fd, NVME_IOCTL_ID);
	if (error <= 0)
		return refuse(bench, peer, "not an NVMe namespace", error ? -errno : -ENODEV);
	peer->nsid = (uint32_t)error;
	error = bench_ring(&peer->ring, IORING_SETUP_SQE128 | IORING_SETUP_CQE32, &how);
	if (error)
		return refuse(bench, peer, "io_uring with large entries", error);
	peer->has_ring = true;
	io_uring_register_ring_fd(&peer->ring);
	peer->registered = !io_uring_register_files(&peer->ring, &peer->fd, 1);
	error = batch(peer, 1);
	if (error)
		return refuse(bench, peer, "passthrough of a flush", error);
	*bench_way_add(bench) = (struct bench_way){
		.key = "peer_1", .text = "NVMe flush, one at a time", .batch = 1,
		.run = by_batches, .with = peer,
	};
	*bench_way_add(bench) = (struct bench_way){
		.key = "peer_32", .text = "NVMe flush, batches of 32", .batch = BENCH_DEPTH,
		.run = by_batches, .with = peer,
	};
	return 0;
}

void bench_peer_close(struct bench_peer *peer)
{
	if (peer && peer->has_ring)
		io_uring_queue_exit(&peer->ring);
	if (peer && peer->fd >= 0)
		close(peer->fd);
	free(peer);
}

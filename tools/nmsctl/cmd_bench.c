// SPDX-License-Identifier: GPL-2.0-only
/* nmsctl bench: how fast a device is through the kernel. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "nmsctl.h"

/* Of all the time: half for commands, half for transfers. */
#define SECONDS 10
/* Long beside a command, short beside what drifts. */
#define SLICE 0.02

static int open_device(struct bench *bench, const char *device, char path[NODE_PATH_SIZE])
{
	int error = node_find(device, path);

	if (error == -EINVAL)
		return nmsctl_usage("--device %s: expected auto or a name such as /dev/nms0", device);
	if (error)
		return nmsctl_fail("bench: there is no device to measure: no /dev/nms0; nmsctl "
				   "doctor says what is missing");
	bench->node = path;
	bench->fd = open(path, O_RDWR | O_CLOEXEC);
	if (bench->fd < 0)
		return nmsctl_fail("%s: %s; nmsctl doctor says what is missing", path,
				   strerror(errno));
	error = node_query(bench->fd, NMS_QUERY_DEVICE, 0, &bench->device, sizeof(bench->device));
	return error ? nmsctl_fail("%s: %s", path, strerror(-error)) : 0;
}

static void plan(struct bench *bench, double seconds)
{
	double turns = seconds / 2 / (SLICE * (double)bench->nways);

	bench->seconds = seconds / 2;
	bench->slice = SLICE;
	bench->rounds = turns < 4 ? 4 : turns > BENCH_MAX_ROUNDS ? BENCH_MAX_ROUNDS
								 : (unsigned int)turns;
}

static int measure(struct bench *bench, double seconds)
{
	struct bench_nop *nop = NULL;
	struct bench_peer *peer = NULL;
	int error = bench_nop_open(bench, &nop);

	if (!error && bench->peer)
		error = bench_peer_open(bench, &peer);
	plan(bench, seconds);
	if (!error)
		error = bench_turns(bench);
	if (!error)
		error = bench_copies_run(bench);
	bench_peer_close(peer);
	bench_nop_close(nop);
	if (error == -EBADMSG)
		return nmsctl_fail("%s: what was read is not what was written", bench->node);
	return error ? nmsctl_fail("%s: %s", bench->node, strerror(-error)) : 0;
}

static int tell(struct bench *bench, const struct nmsctl_options *options)
{
	bench_settle(bench);
	if (options->json)
		return bench_json(bench) ? nmsctl_fail("out of memory") : 0;
	bench_print(bench);
	return 0;
}

int nmsctl_bench(const struct nmsctl_options *options)
{
	struct bench bench = { .fd = -1, .peer = options->peer };
	char path[NODE_PATH_SIZE];
	int status = open_device(&bench, options->device, path);

	if (!status)
		status = measure(&bench, options->seconds > 0 ? options->seconds : SECONDS);
	if (!status)
		status = tell(&bench, options);
	for (size_t i = 0; i < bench.nways; i++)
		free(bench.way[i].rate);
	free(bench.copies);
	if (bench.fd >= 0)
		close(bench.fd);
	return status;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Admin commands to the device process, 64 bytes each, one after another, on the calling thread.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "private.h"

#define GUEST_BASE 0x10000u
#define GUEST_SIZE 16384u
#define MOST_COMMANDS 32

static struct device *device;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct device_options options = {
		.near_size = 1 << 20, .vectors = 3, .queues = 2, .entries = 64, .threads = 1,
		.profile = "portable",
	};
	int fd = memfd_create("guest", MFD_CLOEXEC);
	char why[256];

	(void)argc;
	(void)argv;
	if (fd < 0 || ftruncate(fd, GUEST_SIZE) || device_create(&options, &device, why, sizeof(why)) ||
	    dma_map(device->dma, GUEST_BASE, GUEST_SIZE, fd, 0, true))
		fuzz_fail("no device");
	dma_set_master(device->dma, true);
	dma_set_stopped(device->dma, false);
	close(fd);
	return 0;
}

static void execute(const struct nms_hw_cmd *cmd)
{
	struct flight *flight = calloc(1, sizeof(*flight));
	struct nms_hw_cqe cqe = { 0 };

	if (!flight)
		return;
	flight->device = device;
	flight->cmd = *cmd;
	/* otherwise kept, for an event */
	if (!admin_execute(device, flight, &cqe))
		return;
	if (cqe.status >> 1 == NMS_HW_INTERNAL || cqe.detail >= sizeof(*cmd))
		fuzz_fail("an answer that cannot be");
	free(flight);
}

/* As it was: no queues, no ranges, no requests, no contexts. */
static void clean(void)
{
	struct nms_hw_cmd all = { .range = { .context = ALL_CONTEXTS } };
	struct nms_hw_cqe cqe = { 0 };

	for (unsigned int id = 1; id <= device->options.queues; id++)
		if (device->sq[id].exists)
			queue_delete_sq(device, id);
	for (unsigned int id = 1; id <= device->options.queues; id++)
		if (device->cq[id].exists)
			cq_delete(device, id);
	event_forget(device);
	if (range_context_destroy(device, &all, &cqe) || device->nranges)
		fuzz_fail("ranges that stay");
	atomic_store(&device->coalesce, 0);
	atomic_store(&device->deadline_ms, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nms_hw_cmd cmd;

	for (int i = 0; i < MOST_COMMANDS && size >= sizeof(cmd); i++) {
		memcpy(&cmd, data, sizeof(cmd));
		execute(&cmd);
		data += sizeof(cmd);
		size -= sizeof(cmd);
	}
	clean();
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of /dev/nms0 share. */
#ifndef NMS_TEST_H
#define NMS_TEST_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include "kselftest_harness.h"
#include "nms.h"

#define NMS_DEV "/dev/nms0"

/* Nothing to test without a device; in the virtual machine the module is at hand. */
static void __attribute__((constructor)) nms_test_need_device(void)
{
	const char *module = getenv("NMS_MODULE");
	char line[256];

	if (access(NMS_DEV, F_OK) && module) {
		snprintf(line, sizeof(line), "insmod %s", module);
		if (system(line))
			fprintf(stderr, "# %s failed\n", line);
	}
	if (!access(NMS_DEV, F_OK))
		return;
	printf("TAP version 13\n1..0 # SKIP there is no " NMS_DEV "\n");
	exit(KSFT_SKIP);
}

/* 0 or a negative errno. */
static inline int nms_call(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) ? -errno : 0;
}

static inline int nms_query(int fd, uint32_t type, uint32_t index, void *data, uint32_t size)
{
	struct nms_query q = { .type = type, .index = index, .size = size,
			       .data = (uintptr_t)data };

	return nms_call(fd, NMS_IOCTL_QUERY, &q);
}

static inline int nms_create(int fd, uint64_t size, uint32_t *handle)
{
	struct nms_buffer_create c = { .size = size };
	int err = nms_call(fd, NMS_IOCTL_BUFFER_CREATE, &c);

	*handle = c.handle;
	return err;
}

static inline int nms_destroy(int fd, uint32_t handle)
{
	struct nms_buffer_destroy d = { .handle = handle };

	return nms_call(fd, NMS_IOCTL_BUFFER_DESTROY, &d);
}

static inline struct nms_cmd nms_copy(uint32_t op, uint32_t handle, uint64_t offset, void *memory,
				      uint64_t length)
{
	return (struct nms_cmd){ .op = op, .handle = handle, .offset = offset,
				 .address = (uintptr_t)memory, .length = length };
}

static inline int nms_submit(int fd, struct nms_cmd *cmd, uint32_t count, uint64_t *job)
{
	struct nms_submit s = { .commands = (uintptr_t)cmd, .count = count,
				.command_size = sizeof(*cmd) };
	int err = nms_call(fd, NMS_IOCTL_SUBMIT, &s);

	*job = s.job;
	return err;
}

static inline int nms_wait(int fd, uint64_t job, uint64_t deadline, struct nms_job_result *result)
{
	struct nms_wait w = { .job = job, .deadline_ns = deadline };
	int err = nms_call(fd, NMS_IOCTL_WAIT, &w);

	if (!err && result)
		*result = w.result;
	return err;
}

/* Submit, wait, and tell the error of the job. */
static inline int nms_run(int fd, struct nms_cmd *cmd, uint32_t count,
			  struct nms_job_result *result)
{
	struct nms_job_result own;
	uint64_t job;
	int err = nms_submit(fd, cmd, count, &job);

	if (!err)
		err = nms_wait(fd, job, UINT64_MAX, &own);
	if (err)
		return err;
	if (result)
		*result = own;
	return own.error;
}

static inline int nms_transfer(int fd, uint32_t op, uint32_t handle, uint64_t offset,
			       void *memory, uint64_t length)
{
	struct nms_cmd cmd = nms_copy(op, handle, offset, memory, length);

	return nms_run(fd, &cmd, 1, NULL);
}

/* xorshift64: a pattern that depends on its seed at every byte. */
static inline void nms_pattern(void *memory, size_t size, uint64_t seed)
{
	unsigned char *at = memory;
	uint64_t x = seed * 0x9e3779b97f4a7c15ull + 1;

	while (size) {
		size_t n = size < 8 ? size : 8;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(at, &x, n);
		at += n;
		size -= n;
	}
}

#endif /* NMS_TEST_H */

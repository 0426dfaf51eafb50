// SPDX-License-Identifier: GPL-2.0-only
/*
 * Surprise removal: the device goes in the midst of its work and never comes
 * back.  Everything that was in flight ends, all memory is given back, what is
 * open stays safe to use and to close, and driver and module can go.
 *
 * The guest has no device after this: the last of all tests.
 */
#include <poll.h>

#include "nms_control.h"
#include "nms_uring_test.h"

#define SIZE (1 << 20)
#define JOBS 8

struct load {
	int fd, second, passed;
	uint32_t handle;
	struct io_uring ring;
	unsigned char *memory;
	uint64_t job[JOBS];
	struct uring_job uring[2 * JOBS];
};

static void begin(struct __test_metadata *_metadata, struct load *l)
{
	struct nms_buffer_export e = { .access = NMS_ACCESS_READ };
	struct nms_dataset_create c = { .name = "killed", .mode = 0600 };
	struct iovec iov;

	l->fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	l->second = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_GE(l->fd, 0);
	ASSERT_GE(l->second, 0);
	l->memory = mmap(NULL, 3 * JOBS * SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)l->memory);
	memset(l->memory, 1, 3 * JOBS * SIZE);
	ASSERT_EQ(0, nms_create(l->fd, SIZE, &l->handle));
	e.handle = l->handle;
	ASSERT_EQ(0, nms_call(l->fd, NMS_IOCTL_BUFFER_EXPORT, &e));
	l->passed = e.fd;
	c.handle = l->handle;
	ASSERT_EQ(0, nms_call(l->fd, NMS_IOCTL_DATASET_CREATE, &c));
	ASSERT_EQ(0, io_uring_queue_init(2 * JOBS, &l->ring, 0));
	iov = (struct iovec){ l->memory + 2 * JOBS * SIZE, JOBS * SIZE };
	ASSERT_EQ(0, io_uring_register_buffers(&l->ring, &iov, 1));
}

/* By ioctl, by io_uring, and by io_uring from fixed buffers. */
static void submit(struct __test_metadata *_metadata, struct load *l)
{
	for (int i = 0; i < JOBS; i++) {
		struct nms_cmd cmd = nms_copy(i & 1 ? NMS_CMD_READ : NMS_CMD_WRITE, l->handle, 0,
					      l->memory + i * SIZE, SIZE);

		ASSERT_EQ(0, nms_submit(l->fd, &cmd, 1, &l->job[i]));
	}
	for (int i = 0; i < 2 * JOBS; i++) {
		prepare(&l->uring[i], nms_copy(i & 1 ? NMS_CMD_READ : NMS_CMD_WRITE, l->handle, 0,
					       l->memory + (JOBS + i) * SIZE, SIZE));
		if (i < JOBS)
			ASSERT_NE(NULL, queue(&l->ring, l->fd, &l->uring[i]));
		else
			ASSERT_NE(NULL, queue_fixed(&l->ring, l->fd, &l->uring[i], 0));
	}
	ASSERT_EQ(2 * JOBS, io_uring_submit(&l->ring));
}

static void check_ended(struct __test_metadata *_metadata, struct load *l)
{
	struct nms_job_result result;

	for (int i = 0; i < JOBS; i++) {
		ASSERT_EQ(0, nms_wait(l->fd, l->job[i], UINT64_MAX, &result));
		EXPECT_EQ(-ENODEV, result.error);
	}
	for (int i = 0; i < 2 * JOBS; i++) {
		struct uring_job *j = NULL;

		EXPECT_EQ(-ENODEV, reap(&l->ring, &j));
		ASSERT_NE(NULL, j);
		EXPECT_EQ(-ENODEV, j->result.error);
	}
	EXPECT_EQ(0, pinned(l->fd));
	/* What the ring has pinned, and charged, stays its own. */
	ASSERT_EQ(0, io_uring_unregister_buffers(&l->ring));
	EXPECT_EQ(0, charged());
}

/* Every call has its answer, also of a file that was opened after the fact. */
static void check_calls(struct __test_metadata *_metadata, int fd, struct load *l)
{
	struct nms_dataset_open o = { .name = "killed", .access = NMS_ACCESS_READ };
	struct nms_buffer_import import = { .fd = l->passed };
	struct nms_cmd nop = { .op = NMS_CMD_NOP };
	struct nms_query_counters counters;
	struct nms_query_device d;
	struct uring_job j;
	uint32_t handle;

	EXPECT_EQ(-ENODEV, nms_query(fd, NMS_QUERY_DEVICE, 0, &d, sizeof(d)));
	EXPECT_EQ(-ENODEV, nms_query(fd, NMS_QUERY_CONTEXT, 0, &counters, sizeof(counters)));
	EXPECT_EQ(-ENODEV, nms_create(fd, 4096, &handle));
	EXPECT_EQ(-ENODEV, nms_call(fd, NMS_IOCTL_BUFFER_IMPORT, &import));
	EXPECT_EQ(-ENODEV, nms_call(fd, NMS_IOCTL_DATASET_OPEN, &o));
	EXPECT_EQ(-ENODEV, nms_run(fd, &nop, 1, NULL));
	prepare(&j, nop);
	EXPECT_EQ(-ENODEV, run_one(&l->ring, fd, &j));
}

TEST(surprise_removal)
{
	int control = control_open(), late;
	struct pollfd p = { .events = POLLIN };
	struct load l = { 0 };
	char slot[64];

	if (control < 0)
		SKIP(return, "needs root and a device that can be told to die");
	ASSERT_TRUE(pci_name(slot, sizeof(slot)));
	ASSERT_EQ(0, put(PARAMETERS "timeout_ms", "60000"));
	ASSERT_TRUE(ask(control, "device fault hang 1 1000"));
	begin(_metadata, &l);
	submit(_metadata, &l);
	EXPECT_GT(pinned(l.fd), 0);
	ASSERT_TRUE(ask(control, "kill"));
	check_ended(_metadata, &l);
	ASSERT_TRUE(wait_state("dead", 30));
	EXPECT_EQ(0, number(SYSFS "lost_pages"));
	late = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_GE(late, 0);
	check_calls(_metadata, l.fd, &l);
	check_calls(_metadata, late, &l);
	/* Who tries to bring it back is told. */
	ASSERT_EQ(0, put(SYSFS "recover", "1"));
	EXPECT_TRUE(wait_state("dead", 10));

	ASSERT_EQ(0, put(DRIVER "unbind", slot));
	check_calls(_metadata, l.second, &l);
	p.fd = l.fd;
	EXPECT_EQ(1, poll(&p, 1, 0));
	EXPECT_EQ(POLLERR | POLLHUP, p.revents & (POLLERR | POLLHUP));
	EXPECT_NE(0, put(DRIVER "bind", slot));
	EXPECT_NE(0, access(NMS_DEV, F_OK));

	EXPECT_EQ(-ENODEV, nms_destroy(l.fd, l.handle));
	close(l.fd);
	close(late);
	EXPECT_NE(0, system("rmmod nms 2>/dev/null"));
	io_uring_queue_exit(&l.ring);
	close(l.second);
	close(l.passed);
	munmap(l.memory, 3 * JOBS * SIZE);
	/* The ring lets go of files a little later. */
	for (int i = 0; i < 50 && system("rmmod nms 2>/dev/null"); i++)
		usleep(100000);
	EXPECT_NE(0, access("/sys/module/nms", F_OK));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What goes wrong, and how the driver comes out of it: no job disappears, data in
 * near memory stays, no page stays pinned.  Needs a device that can be told to
 * fail, by the control channel of the virtual machine (NMS_CONTROL).
 */
#include <liburing.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "nms_blocks.h"
#include "nms_control.h"

FIXTURE(recover) {
	int fd, control;
	uint32_t handle;
	unsigned char data[65536];
};

FIXTURE_SETUP(recover)
{
	const char *control = getenv("NMS_CONTROL");

	self->control = control ? open(control, O_RDWR | O_NOCTTY) : -1;
	if (self->control < 0 || geteuid())
		SKIP(return, "needs root and a device that can be told to fail");
	ASSERT_EQ(0, put(PARAMETERS "timeout_ms", "1500"));
	ASSERT_EQ(0, put(PARAMETERS "admin_timeout_ms", "3000"));
	self->fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, nms_create(self->fd, sizeof(self->data), &self->handle));
	nms_pattern(self->data, sizeof(self->data), 3);
	ASSERT_EQ(0, nms_transfer(self->fd, NMS_CMD_WRITE, self->handle, 0, self->data,
				  sizeof(self->data)));
}

FIXTURE_TEARDOWN(recover)
{
	struct nms_query_counters c;

	ASSERT_TRUE(ask(self->control, "device clear"));
	ASSERT_TRUE(wait_state("live", 30));
	EXPECT_EQ(0, check_data(self->fd, self->handle, self->data, sizeof(self->data)));
	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_DEVICE_COUNTERS, 0, &c, sizeof(c)));
	EXPECT_EQ(0, c.pinned_pages);
	EXPECT_EQ(0, c.lost_pages);
	put(PARAMETERS "timeout_ms", "30000");
	put(PARAMETERS "admin_timeout_ms", "30000");
	close(self->fd);
	close(self->control);
}

static int read_some(FIXTURE_DATA(recover) *self)
{
	unsigned char seen[8192];

	return nms_transfer(self->fd, NMS_CMD_READ, self->handle, 0, seen, sizeof(seen));
}

TEST_F(recover, dma_error)
{
	unsigned long before = generation();

	ASSERT_TRUE(ask(self->control, "device fault dma 1"));
	EXPECT_EQ(-EREMOTEIO, read_some(self));
	EXPECT_EQ(0, read_some(self));
	EXPECT_EQ(before, generation());
}

TEST_F(recover, delayed)
{
	unsigned long before = generation();

	ASSERT_TRUE(ask(self->control, "device delay 500"));
	ASSERT_TRUE(ask(self->control, "device fault delay 1"));
	EXPECT_EQ(0, read_some(self));
	EXPECT_EQ(before, generation());
}

TEST_F(recover, duplicated)
{
	unsigned long before = generation();

	for (int i = 0; i < 5; i++) {
		ASSERT_TRUE(ask(self->control, "device fault duplicate 1"));
		EXPECT_EQ(0, read_some(self));
	}
	EXPECT_EQ(before, generation());
}

/* A completion that never comes, or is of nobody. */
TEST_F(recover, dropped)
{
	unsigned long before = generation();

	ASSERT_TRUE(ask(self->control, "device fault drop 1"));
	EXPECT_EQ(-ETIMEDOUT, read_some(self));
	EXPECT_EQ(0, read_some(self));
	EXPECT_EQ(before + 1, generation());
}

TEST_F(recover, corrupted)
{
	unsigned long before = generation();

	ASSERT_TRUE(ask(self->control, "device fault corrupt 1"));
	EXPECT_EQ(-ETIMEDOUT, read_some(self));
	EXPECT_EQ(0, read_some(self));
	EXPECT_EQ(before + 1, generation());
}

TEST_F(recover, hung)
{
	unsigned long before = generation();

	ASSERT_TRUE(ask(self->control, "device fault hang 1"));
	EXPECT_EQ(-ETIMEDOUT, read_some(self));
	EXPECT_EQ(0, read_some(self));
	EXPECT_EQ(before + 1, generation());
}

TEST_F(recover, fatal)
{
	unsigned long before = generation();

	ASSERT_TRUE(ask(self->control, "device fault fatal 1"));
	EXPECT_EQ(-ENETRESET, read_some(self));
	EXPECT_EQ(0, read_some(self));
	EXPECT_EQ(before + 1, generation());
}

/* What waits when the device is reset goes on afterwards. */
TEST_F(recover, others_go_on)
{
	struct nms_cmd cmd[200];
	uint64_t job[200];
	unsigned int done = 0, reset = 0;
	unsigned char *seen = malloc(200 * 4096);

	ASSERT_NE(NULL, seen);
	ASSERT_TRUE(ask(self->control, "device fault fatal 20"));
	for (int i = 0; i < 200; i++) {
		cmd[i] = nms_copy(NMS_CMD_READ, self->handle, 0, seen + 4096 * i, 4096);
		ASSERT_EQ(0, nms_submit(self->fd, &cmd[i], 1, &job[i]));
	}
	for (int i = 0; i < 200; i++) {
		struct nms_job_result result;

		ASSERT_EQ(0, nms_wait(self->fd, job[i], UINT64_MAX, &result));
		done += !result.error;
		reset += result.error == -ENETRESET;
	}
	EXPECT_EQ(200, done + reset);
	EXPECT_GT(reset, 0);
	free(seen);
}

/* Whoever cancels a job that hangs has it back when the device has been reset. */
TEST_F(recover, cancel)
{
	struct nms_job_result result;
	struct nms_cancel c = { 0 };
	unsigned char seen[4096];
	struct nms_cmd cmd;

	ASSERT_TRUE(ask(self->control, "device fault hang 1"));
	cmd = nms_copy(NMS_CMD_READ, self->handle, 0, seen, sizeof(seen));
	ASSERT_EQ(0, nms_submit(self->fd, &cmd, 1, (uint64_t *)&c.job));
	EXPECT_EQ(-ETIMEDOUT, nms_wait(self->fd, c.job, 0, NULL));
	ASSERT_EQ(0, nms_call(self->fd, NMS_IOCTL_CANCEL, &c));
	ASSERT_EQ(0, nms_wait(self->fd, c.job, UINT64_MAX, &result));
	EXPECT_NE(0, result.error);
}

TEST_F(recover, asked_for)
{
	unsigned long before = generation();

	ASSERT_EQ(0, put(SYSFS "recover", "1"));
	EXPECT_TRUE(wait_state("live", 10));
	EXPECT_EQ(before + 1, generation());
	EXPECT_EQ(0, read_some(self));
}

TEST_F(recover, function_reset)
{
	unsigned long before = generation();

	ASSERT_EQ(0, put(SYSFS "device/reset", "1"));
	EXPECT_TRUE(wait_state("live", 10));
	EXPECT_EQ(before + 1, generation());
	EXPECT_EQ(0, read_some(self));
}

struct resetter {
	atomic_bool stop;
	atomic_uint times;
};

static void *reset_function(void *data)
{
	struct resetter *r = data;

	while (!atomic_load(&r->stop)) {
		put(SYSFS "device/reset", "1");
		atomic_fetch_add(&r->times, 1);
	}
	return NULL;
}

/* What can be read of a device that is being reset is no counter. */
TEST_F(recover, counters)
{
	struct nms_query_counters before, now;
	struct resetter r = { .times = 0 };
	unsigned int asked = 0;
	pthread_t thread;

	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_DEVICE_COUNTERS, 0, &before, sizeof(before)));
	ASSERT_EQ(0, pthread_create(&thread, NULL, reset_function, &r));
	/* Some kernels have a query wait for the reset, others answer many to one. */
	while (asked < 20 || atomic_load(&r.times) < 10) {
		ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_DEVICE_COUNTERS, 0, &now, sizeof(now)));
		ASSERT_GE(now.energy[0], before.energy[0]);
		ASSERT_GE(now.link_in, before.link_in);
		ASSERT_GE(now.near_write, before.near_write);
		ASSERT_GE(now.busy_cycles, before.busy_cycles);
		ASSERT_GE(now.resets, before.resets);
		ASSERT_LT(now.near_write, UINT64_MAX);
		before = now;
		asked++;
	}
	atomic_store(&r.stop, true);
	pthread_join(thread, NULL);
	printf("# asked %u times in %u resets\n", asked, atomic_load(&r.times));
	EXPECT_TRUE(wait_state("live", 10));
}

TEST_F(recover, suspend)
{
	unsigned long before = generation();

	if (put("/sys/power/pm_test", "devices"))
		SKIP(return, "this kernel has no test of suspend");
	ASSERT_EQ(0, put("/sys/power/state", "mem"));
	EXPECT_TRUE(wait_state("live", 20));
	EXPECT_EQ(before + 1, generation());
	EXPECT_EQ(0, read_some(self));
	put("/sys/power/pm_test", "none");
}

/* The function goes from the bus for a while.  What is all ones then is no counter. */
TEST_F(recover, link)
{
	struct nms_query_counters c;

	ASSERT_TRUE(ask(self->control, "device link down"));
	EXPECT_EQ(-ENODEV, nms_query(self->fd, NMS_QUERY_DEVICE_COUNTERS, 0, &c, sizeof(c)));
	ASSERT_TRUE(wait_state("dead", 30));
	EXPECT_EQ(-ENODEV, read_some(self));
	ASSERT_TRUE(ask(self->control, "device link up"));
	ASSERT_EQ(0, put(SYSFS "recover", "1"));
	EXPECT_TRUE(wait_state("live", 20));
}

struct asker {
	pthread_t thread;
	atomic_bool stop;
	uint64_t longest;	/* ns */
};

static void *asker_main(void *data)
{
	struct asker *a = data;

	while (!atomic_load(&a->stop)) {
		uint64_t begun = nms_now(), took;

		put(SYSFS "recover", "1");
		took = nms_now() - begun;
		if (took > a->longest)
			a->longest = took;
		usleep(2000);
	}
	return NULL;
}

/*
 * It comes back, with its configuration lost, at any moment of a recovery: which finds it gone,
 * or brings it back.  It does not wait in vain, ten seconds a try, for what it cannot reach.
 */
TEST_F_TIMEOUT(recover, back_at_any_moment, 120)
{
	struct asker a = { 0 };

	/* What is asked of a device that has just gone ends with this; there are three tries. */
	ASSERT_EQ(0, put(PARAMETERS "admin_timeout_ms", "500"));
	ASSERT_EQ(0, pthread_create(&a.thread, NULL, asker_main, &a));
	for (int i = 0; i < 20; i++) {
		EXPECT_TRUE(ask(self->control, "device link down"));
		usleep(30000 + i * 1000);
		EXPECT_TRUE(ask(self->control, "device link up"));
		usleep(30000);
	}
	atomic_store(&a.stop, true);
	pthread_join(a.thread, NULL);
	EXPECT_LT(a.longest, 8000000000ull);
	ASSERT_EQ(0, put(PARAMETERS "admin_timeout_ms", "3000"));
	ASSERT_EQ(0, put(SYSFS "recover", "1"));
	EXPECT_TRUE(wait_state("live", 20));
	EXPECT_EQ(0, read_some(self));
}

/* In a process of its own: a job by io_uring that hangs, and death. */
static void die_with_job(void)
{
	static struct nms_job_result result;
	static unsigned char seen[65536];
	static struct nms_submit submit;
	static struct nms_cmd cmd;
	struct nms_uring_cmd payload = { (uintptr_t)&submit, sizeof(submit), 0 };
	int fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	struct io_uring_sqe *sqe;
	struct io_uring ring;
	uint32_t handle;

	if (fd < 0 || io_uring_queue_init(4, &ring, 0) || nms_create(fd, sizeof(seen), &handle))
		_exit(1);
	cmd = nms_copy(NMS_CMD_READ, handle, 0, seen, sizeof(seen));
	submit = (struct nms_submit){ .commands = (uintptr_t)&cmd, .count = 1,
				      .command_size = sizeof(cmd), .result = (uintptr_t)&result,
				      .result_size = sizeof(result) };
	sqe = io_uring_get_sqe(&ring);
	if (!sqe)
		_exit(1);
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = fd;
	sqe->off = NMS_URING_SUBMIT;
	memcpy((void *)&sqe->addr3, &payload, sizeof(payload));
	io_uring_submit(&ring);
	usleep(200000);
	raise(SIGKILL);
}

/* Its death is not held up by the job for longer than a reset takes; its pages come back. */
TEST_F(recover, death)
{
	struct nms_query_counters c;
	int status;
	pid_t pid;

	ASSERT_TRUE(ask(self->control, "device fault hang 1"));
	pid = fork();
	if (!pid)
		die_with_job();
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFSIGNALED(status));
	for (int i = 0; i < 200; i++) {
		if (!nms_query(self->fd, NMS_QUERY_DEVICE_COUNTERS, 0, &c, sizeof(c)) &&
		    !c.pinned_pages)
			break;
		usleep(100000);
	}
	EXPECT_EQ(0, c.pinned_pages);
}

struct hung {
	int fd, err;
	uint32_t handle;
};

static void *hang(void *data)
{
	struct hung *h = data;
	unsigned char seen[4096];

	h->err = nms_transfer(h->fd, NMS_CMD_READ, h->handle, 0, seen, sizeof(seen));
	return NULL;
}

/* Removed under a job that hangs, with the file open; then bound anew. */
TEST_F(recover, unbind)
{
	struct hung h = { .fd = self->fd, .handle = self->handle };
	char name[256], path[300];
	ssize_t n = readlink(SYSFS "device", name, sizeof(name) - 1);
	struct nms_query_device d;
	pthread_t thread;
	char *slot;

	ASSERT_GT(n, 0);
	name[n] = '\0';
	slot = strrchr(name, '/') + 1;
	ASSERT_EQ(0, put(PARAMETERS "timeout_ms", "60000"));
	ASSERT_TRUE(ask(self->control, "device fault hang 1"));
	ASSERT_EQ(0, pthread_create(&thread, NULL, hang, &h));
	usleep(300000);
	ASSERT_EQ(0, put("/sys/bus/pci/drivers/nms/unbind", slot));
	pthread_join(thread, NULL);
	EXPECT_EQ(-ENODEV, h.err);
	EXPECT_EQ(-ENODEV, nms_query(self->fd, NMS_QUERY_DEVICE, 0, &d, sizeof(d)));
	EXPECT_EQ(-ENODEV, read_some(self));
	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/nms/bind");
	ASSERT_EQ(0, put(path, slot));
	close(self->fd);
	self->fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	/* A new driver knows nothing of the ranges of the old one. */
	ASSERT_EQ(0, nms_create(self->fd, sizeof(self->data), &self->handle));
	ASSERT_EQ(0, nms_transfer(self->fd, NMS_CMD_WRITE, self->handle, 0, self->data,
				  sizeof(self->data)));
}

TEST_HARNESS_MAIN

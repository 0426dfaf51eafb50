// SPDX-License-Identifier: GPL-2.0-only
/*
 * Removal in order, under work: of the function from the bus, of the driver from
 * the function, of the module; and of a processor.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "nms_control.h"
#include "nms_uring_test.h"

#define SIZE (1 << 20)

FIXTURE(removal) {
	int control;
	char slot[64];
};

FIXTURE_SETUP(removal)
{
	self->control = control_open();
	if (self->control < 0 || !pci_name(self->slot, sizeof(self->slot)))
		SKIP(return, "needs root and a device that can be told to fail");
}

static bool wait_node(void)
{
	for (int i = 0; i < 200; i++) {
		if (!access(NMS_DEV, F_OK) && wait_state("live", 10))
			return true;
		usleep(50000);
	}
	return false;
}

/* Whatever was removed, a new opener finds a device that is as good as new. */
FIXTURE_TEARDOWN(removal)
{
	struct nms_query_device d;
	unsigned char data[4096];
	uint32_t handle;
	int fd;

	ASSERT_TRUE(ask(self->control, "device clear"));
	ASSERT_TRUE(wait_node());
	fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, nms_query(fd, NMS_QUERY_DEVICE, 0, &d, sizeof(d)));
	EXPECT_EQ(d.near_size, d.near_free);
	EXPECT_EQ(0, number(SYSFS "lost_pages"));
	ASSERT_EQ(0, nms_create(fd, sizeof(data), &handle));
	nms_pattern(data, sizeof(data), 4);
	EXPECT_EQ(0, nms_transfer(fd, NMS_CMD_WRITE, handle, 0, data, sizeof(data)));
	EXPECT_EQ(0, check_data(fd, handle, data, sizeof(data)));
	close(fd);
	close(self->control);
}

/* Everything of a context that can outlive the device: handles, jobs, names, descriptors. */
struct life {
	int fd, passed;
	uint32_t handle;
	uint64_t job;
	struct io_uring ring;
	struct uring_job uring;
	unsigned char *memory;
};

static void live(struct __test_metadata *_metadata, FIXTURE_DATA(removal) *self, struct life *l)
{
	struct nms_dataset_create c = { .name = "removed", .mode = 0600 };
	struct nms_buffer_export e = { .access = NMS_ACCESS_READ };
	struct nms_cmd cmd;

	l->memory = malloc(2 * SIZE);
	ASSERT_NE(NULL, l->memory);
	memset(l->memory, 1, 2 * SIZE);
	l->fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_GE(l->fd, 0);
	ASSERT_EQ(0, nms_create(l->fd, SIZE, &l->handle));
	c.handle = l->handle;
	e.handle = l->handle;
	ASSERT_EQ(0, nms_call(l->fd, NMS_IOCTL_DATASET_CREATE, &c));
	ASSERT_EQ(0, nms_call(l->fd, NMS_IOCTL_BUFFER_EXPORT, &e));
	l->passed = e.fd;
	ASSERT_EQ(0, io_uring_queue_init(4, &l->ring, 0));
	ASSERT_TRUE(ask(self->control, "device fault hang 1 2"));
	cmd = nms_copy(NMS_CMD_READ, l->handle, 0, l->memory, SIZE);
	ASSERT_EQ(0, nms_submit(l->fd, &cmd, 1, &l->job));
	prepare(&l->uring, nms_copy(NMS_CMD_READ, l->handle, 0, l->memory + SIZE, SIZE));
	ASSERT_NE(NULL, queue(&l->ring, l->fd, &l->uring));
	ASSERT_EQ(1, io_uring_submit(&l->ring));
	EXPECT_GT(pinned(l->fd), 0);
}

static void outlive(struct __test_metadata *_metadata, struct life *l)
{
	struct nms_buffer_import import = { .fd = l->passed };
	struct nms_job_result result;
	struct nms_query_device d;

	ASSERT_EQ(0, nms_wait(l->fd, l->job, UINT64_MAX, &result));
	EXPECT_EQ(-ENODEV, result.error);
	EXPECT_EQ(-ENODEV, reap(&l->ring, NULL));
	EXPECT_EQ(-ENODEV, l->uring.result.error);
	EXPECT_EQ(0, pinned(l->fd));
	EXPECT_EQ(-ENODEV, nms_query(l->fd, NMS_QUERY_DEVICE, 0, &d, sizeof(d)));
	EXPECT_EQ(-ENODEV, nms_call(l->fd, NMS_IOCTL_BUFFER_IMPORT, &import));
}

static void end(struct life *l)
{
	io_uring_queue_exit(&l->ring);
	close(l->fd);
	close(l->passed);
	free(l->memory);
}

/* What was of the old device means nothing to the new one, and the other way round. */
static void meet(struct __test_metadata *_metadata, struct life *old)
{
	struct nms_dataset_open o = { .name = "removed", .access = NMS_ACCESS_READ };
	struct nms_buffer_import import = { .fd = old->passed };
	int fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);

	ASSERT_GE(fd, 0);
	EXPECT_EQ(-ENOENT, nms_call(fd, NMS_IOCTL_DATASET_OPEN, &o));
	EXPECT_EQ(-EXDEV, nms_call(fd, NMS_IOCTL_BUFFER_IMPORT, &import));
	close(fd);
}

TEST_F(removal, unbind)
{
	struct life l;

	live(_metadata, self, &l);
	ASSERT_EQ(0, put(DRIVER "unbind", self->slot));
	outlive(_metadata, &l);
	EXPECT_NE(0, access(NMS_DEV, F_OK));
	ASSERT_EQ(0, put(DRIVER "bind", self->slot));
	ASSERT_TRUE(wait_node());
	meet(_metadata, &l);
	end(&l);
}

TEST_F(removal, bus)
{
	char path[128];
	struct life l;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove", self->slot);
	for (int round = 0; round < 3; round++) {
		live(_metadata, self, &l);
		ASSERT_EQ(0, put(path, "1"));
		outlive(_metadata, &l);
		EXPECT_NE(0, access(path, F_OK));
		ASSERT_EQ(0, put("/sys/bus/pci/rescan", "1"));
		ASSERT_TRUE(wait_node());
		meet(_metadata, &l);
		end(&l);
	}
}

/* Two lives, each through a removal of its own, closed in the wrong order. */
TEST_F(removal, twice)
{
	struct life first, second;

	live(_metadata, self, &first);
	ASSERT_EQ(0, put(DRIVER "unbind", self->slot));
	ASSERT_EQ(0, put(DRIVER "bind", self->slot));
	ASSERT_TRUE(wait_node());
	live(_metadata, self, &second);
	ASSERT_EQ(0, put(DRIVER "unbind", self->slot));
	outlive(_metadata, &second);
	outlive(_metadata, &first);
	ASSERT_EQ(0, put(DRIVER "bind", self->slot));
	ASSERT_TRUE(wait_node());
	end(&second);
	end(&first);
}

/* ---- under work -------------------------------------------------------------------- */

struct worker {
	pthread_t thread;
	atomic_bool *stop;
	bool alone;		/* nothing is removed: no error is expected */
	int cpu;		/* to begin at; -1: any */
	unsigned long done, refused;
	int err;
};

/* What a job may end with, or a call, when the device is removed under it. */
static bool expected(const struct worker *w, int err)
{
	return !w->alone && (err == -ENODEV || err == -ENOENT || err == -ENXIO);
}

static int work_once(unsigned char *out, unsigned char *in, size_t size, uint64_t seed)
{
	int fd = open(NMS_DEV, O_RDWR | O_CLOEXEC), err;
	uint32_t handle;

	if (fd < 0)
		return -errno;
	nms_pattern(out, size, seed);
	err = nms_create(fd, size, &handle);
	if (!err)
		err = nms_transfer(fd, NMS_CMD_WRITE, handle, 0, out, size);
	if (!err)
		err = nms_transfer(fd, NMS_CMD_READ, handle, 0, in, size);
	if (!err && memcmp(in, out, size))
		err = -EILSEQ;
	close(fd);
	return err;
}

static void *work(void *data)
{
	struct worker *w = data;
	unsigned char *out = malloc(300000), *in = malloc(300000);

	if (w->cpu >= 0) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET(w->cpu, &set);
		sched_setaffinity(0, sizeof(set), &set);
	}
	for (uint64_t seed = 1; !atomic_load(w->stop) && !w->err; seed++) {
		int err = work_once(out, in, 1 + seed * 7919 % 300000, seed);

		if (expected(w, err)) {
			w->refused++;
			usleep(1000);
		} else if (err) {
			w->err = err;
		} else {
			w->done++;
		}
	}
	free(out);
	free(in);
	return NULL;
}

static void start(struct __test_metadata *_metadata, struct worker *w, int n, atomic_bool *stop,
		  bool alone)
{
	for (int i = 0; i < n; i++) {
		w[i] = (struct worker){ .stop = stop, .alone = alone, .cpu = alone ? i % 2 : -1 };
		ASSERT_EQ(0, pthread_create(&w[i].thread, NULL, work, &w[i]));
	}
}

static void stop_all(struct __test_metadata *_metadata, struct worker *w, int n, atomic_bool *stop)
{
	unsigned long done = 0, refused = 0;

	atomic_store(stop, true);
	for (int i = 0; i < n; i++) {
		pthread_join(w[i].thread, NULL);
		EXPECT_EQ(0, w[i].err);
		done += w[i].done;
		refused += w[i].refused;
	}
	printf("# %lu rounds done, %lu refused\n", done, refused);
	EXPECT_GT(done, 0);
}

TEST_F(removal, under_work)
{
	atomic_bool stop = false;
	struct worker w[4];

	start(_metadata, w, 4, &stop, false);
	for (int i = 0; i < 10; i++) {
		usleep(200000);
		ASSERT_EQ(0, put(DRIVER "unbind", self->slot));
		usleep(20000 * (i % 3));
		ASSERT_EQ(0, put(DRIVER "bind", self->slot));
	}
	usleep(300000);
	stop_all(_metadata, w, 4, &stop);
}

#define CPU1 "/sys/devices/system/cpu/cpu1/online"

/* Queues and vectors of a processor that goes still serve those who have used them. */
TEST_F(removal, processor)
{
	atomic_bool stop = false;
	struct worker w[4];

	if (access(CPU1, W_OK))
		SKIP(return, "no processor can be taken away");
	start(_metadata, w, 4, &stop, true);
	for (int i = 0; i < 6; i++) {
		usleep(200000);
		ASSERT_EQ(0, put(CPU1, "0"));
		usleep(200000);
		ASSERT_EQ(0, put(CPU1, "1"));
	}
	usleep(200000);
	stop_all(_metadata, w, 4, &stop);
}

/* The module stays while anything of it is open, and goes when nothing is. */
TEST_F(removal, module)
{
	const char *module = getenv("NMS_MODULE");
	char line[256];
	struct life l;

	if (!module)
		SKIP(return, "needs the module as a file");
	live(_metadata, self, &l);
	ASSERT_EQ(0, put(DRIVER "unbind", self->slot));
	outlive(_metadata, &l);
	EXPECT_NE(0, system("rmmod nms 2>/dev/null"));
	io_uring_queue_exit(&l.ring);
	close(l.fd);
	/* The ring lets go of the file a little later. */
	usleep(300000);
	EXPECT_NE(0, system("rmmod nms 2>/dev/null"));
	close(l.passed);
	EXPECT_EQ(0, system("rmmod nms"));
	snprintf(line, sizeof(line), "insmod %s", module);
	ASSERT_EQ(0, system(line));
	free(l.memory);
}

TEST_HARNESS_MAIN

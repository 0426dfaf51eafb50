// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each allocation and each copy from and to the caller fails once, the first, then
 * the second ..., until a call gets through untouched: nothing leaks, and no
 * handle or job is left that the caller does not know.  Needs a kernel with fault
 * injection (/proc/thread-self/fail-nth).
 */
#include <glob.h>

#include "nms_blocks.h"
#include "nms_control.h"
#include "nms_uring_test.h"

#define SIZE 20000
#define MOST 400	/* failures in one call: the loop is at fault beyond that */

FIXTURE(inject) {
	int fd, nth;
	uint32_t handle;
	uint64_t free;
	unsigned char *memory;
	struct io_uring ring;
};

static void setting(const char *fault, const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", fault, name);
	put(path, value);
}

/*
 * DMA_API_DEBUG notes mappings in a radix tree, and turns itself off for good where
 * it cannot: for calls that map memory, only kmalloc() fails.
 */
static void spare_dma_debug(void)
{
	glob_t caches;

	if (access("/sys/kernel/debug/dma-api", F_OK) ||
	    glob("/sys/kernel/slab/kmalloc-*/failslab", 0, NULL, &caches))
		return;
	for (size_t i = 0; i < caches.gl_pathc; i++)
		put(caches.gl_pathv[i], "1");
	globfree(&caches);
	setting("failslab", "cache-filter", "Y");
}

FIXTURE_SETUP(inject)
{
	static const char *const faults[] = { "failslab", "fail_page_alloc", "fail_usercopy" };

	self->nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (self->nth < 0 || geteuid())
		SKIP(return, "needs root and a kernel with fault injection");
	for (int i = 0; i < 3; i++) {
		setting(faults[i], "ignore-gfp-wait", "N");
		setting(faults[i], "ignore-gfp-highmem", "N");
		setting(faults[i], "min-order", "0");
		setting(faults[i], "verbose", "0");
	}
	setting("failslab", "cache-filter", "N");
	self->memory = malloc(2 * SIZE);
	ASSERT_NE(NULL, self->memory);
	memset(self->memory, 1, 2 * SIZE);
	self->fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, nms_create(self->fd, SIZE, &self->handle));
	ASSERT_EQ(0, io_uring_queue_init(4, &self->ring, 0));
	self->free = near_free(self->fd);
}

/*
 * In the whole system, where nothing else runs.  Each processor adds what it has
 * counted once a second.
 */
static bool pins_even(void)
{
	long acquired = 0, released = -1;

	for (int i = 0; i < 100 && acquired != released; i++) {
		if (i)
			usleep(100000);
		acquired = proc_number("/proc/vmstat", "nr_foll_pin_acquired");
		released = proc_number("/proc/vmstat", "nr_foll_pin_released");
	}
	return acquired == released && acquired >= 0;
}

FIXTURE_TEARDOWN(inject)
{
	struct nms_query_counters c;

	io_uring_queue_exit(&self->ring);
	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_CONTEXT, 0, &c, sizeof(c)));
	EXPECT_EQ(0, c.pinned_pages);
	EXPECT_EQ(0, charged());
	EXPECT_EQ(SIZE / 4096 * 4096 + 4096, c.near_used);
	EXPECT_EQ(self->free, near_free(self->fd));
	EXPECT_TRUE(pins_even());
	nms_pattern(self->memory, SIZE, self->free);
	EXPECT_EQ(0, nms_transfer(self->fd, NMS_CMD_WRITE, self->handle, 0, self->memory, SIZE));
	EXPECT_EQ(0, check_data(self->fd, self->handle, self->memory, SIZE));
	close(self->fd);
	close(self->nth);
}

/* No more faults; to say so may itself fail, for what it copies, but not for ever. */
static void no_faults(FIXTURE_DATA(inject) *self)
{
	while (pwrite(self->nth, "0", 1, 0) != 1)
		;
}

/* One call with the @n-th thing that can fail failing; true if one did. */
static bool attempt(FIXTURE_DATA(inject) *self, int n, int (*call)(FIXTURE_DATA(inject) *self),
		    int *err)
{
	char text[16];
	ssize_t size = snprintf(text, sizeof(text), "%d", n);

	if (pwrite(self->nth, text, size, 0) != size)
		_exit(1);
	*err = call(self);
	memset(text, 0, sizeof(text));
	/* 0: that one has been reached; an error: it is this very copy. */
	size = pread(self->nth, text, sizeof(text) - 1, 0);
	no_faults(self);
	return size > 0 && atoi(text) == 0;
}

static bool may_fail_with(int err)
{
	return err == -ENOMEM || err == -EFAULT || err == -EAGAIN;
}

/* @undo: what a call that succeeds has left. */
static void all(struct __test_metadata *_metadata, FIXTURE_DATA(inject) *self,
		int (*call)(FIXTURE_DATA(inject) *self), void (*undo)(FIXTURE_DATA(inject) *self))
{
	int n, err = 0, failed = 0;

	for (n = 1; n < MOST; n++) {
		bool hit = attempt(self, n, call, &err);

		failed += err != 0;
		if (err && !may_fail_with(err))
			EXPECT_EQ(-ENOMEM, err);
		if (!err && undo)
			undo(self);
		if (!hit)
			break;
	}
	/* Untouched, it succeeds. */
	EXPECT_EQ(0, err);
	EXPECT_LT(n, MOST);
	EXPECT_GT(failed, 0);
	printf("# %d things can fail, of which %d do harm\n", n - 1, failed);
}

/* ---- calls ------------------------------------------------------------------------- */

static struct nms_buffer_create create_arg;
static struct nms_buffer_export export_arg;
static struct nms_buffer_import import_arg;
static struct nms_dataset_open open_arg;
static struct nms_wait wait_arg;
static int opened;

static int do_open(FIXTURE_DATA(inject) *self)
{
	opened = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	return opened < 0 ? -errno : 0;
}

static void undo_open(FIXTURE_DATA(inject) *self)
{
	close(opened);
}

static int do_query_device(FIXTURE_DATA(inject) *self)
{
	struct nms_query_device d;

	return nms_query(self->fd, NMS_QUERY_DEVICE, 0, &d, sizeof(d));
}

static int do_query_context(FIXTURE_DATA(inject) *self)
{
	struct nms_query_counters c;

	return nms_query(self->fd, NMS_QUERY_CONTEXT, 0, &c, sizeof(c));
}

static int do_create(FIXTURE_DATA(inject) *self)
{
	create_arg = (struct nms_buffer_create){ .size = SIZE };
	return nms_call(self->fd, NMS_IOCTL_BUFFER_CREATE, &create_arg);
}

static void undo_create(FIXTURE_DATA(inject) *self)
{
	nms_destroy(self->fd, create_arg.handle);
}

static int do_destroy(FIXTURE_DATA(inject) *self)
{
	return nms_destroy(self->fd, create_arg.handle);
}

static int do_export(FIXTURE_DATA(inject) *self)
{
	export_arg = (struct nms_buffer_export){ .handle = self->handle,
						 .access = NMS_ACCESS_READ, .flags = O_CLOEXEC };
	return nms_call(self->fd, NMS_IOCTL_BUFFER_EXPORT, &export_arg);
}

static void undo_export(FIXTURE_DATA(inject) *self)
{
	close(export_arg.fd);
}

static int do_import(FIXTURE_DATA(inject) *self)
{
	import_arg = (struct nms_buffer_import){ .fd = export_arg.fd };
	return nms_call(self->fd, NMS_IOCTL_BUFFER_IMPORT, &import_arg);
}

static void undo_import(FIXTURE_DATA(inject) *self)
{
	nms_destroy(self->fd, import_arg.handle);
}

static int do_name(FIXTURE_DATA(inject) *self)
{
	struct nms_dataset_create c = { .name = "inject", .handle = self->handle, .mode = 0600 };

	return nms_call(self->fd, NMS_IOCTL_DATASET_CREATE, &c);
}

static int do_unlink(FIXTURE_DATA(inject) *self)
{
	struct nms_dataset_unlink u = { .name = "inject" };

	return nms_call(self->fd, NMS_IOCTL_DATASET_UNLINK, &u);
}

static void undo_name(FIXTURE_DATA(inject) *self)
{
	do_unlink(self);
}

static int do_open_name(FIXTURE_DATA(inject) *self)
{
	open_arg = (struct nms_dataset_open){ .name = "inject", .access = NMS_ACCESS_READ };
	return nms_call(self->fd, NMS_IOCTL_DATASET_OPEN, &open_arg);
}

static void undo_open_name(FIXTURE_DATA(inject) *self)
{
	nms_destroy(self->fd, open_arg.handle);
}

static int do_submit(FIXTURE_DATA(inject) *self)
{
	struct nms_cmd cmd[3] = {
		nms_copy(NMS_CMD_WRITE, self->handle, 0, self->memory + 5, SIZE),
		nms_copy(NMS_CMD_READ, self->handle, 0, self->memory + 5, SIZE),
		{ .op = NMS_CMD_NOP },
	};

	return nms_submit(self->fd, cmd, 3, (uint64_t *)&wait_arg.job);
}

static void undo_submit(FIXTURE_DATA(inject) *self)
{
	nms_wait(self->fd, wait_arg.job, UINT64_MAX, NULL);
}

/* A result that could not be told is told to the next who waits. */
static int do_wait(FIXTURE_DATA(inject) *self)
{
	wait_arg.deadline_ns = UINT64_MAX;
	return nms_call(self->fd, NMS_IOCTL_WAIT, &wait_arg);
}

static void undo_wait(FIXTURE_DATA(inject) *self)
{
	do_submit(self);
}

static int do_cancel(FIXTURE_DATA(inject) *self)
{
	struct nms_cancel c = { .job = UINT64_MAX };
	int err = nms_call(self->fd, NMS_IOCTL_CANCEL, &c);

	return err == -ENOENT ? 0 : err;
}

static struct uring_job job;

/* What the ring itself could not do is asked for again, without faults. */
static int do_uring(FIXTURE_DATA(inject) *self)
{
	prepare(&job, nms_copy(NMS_CMD_READ, self->handle, 0, self->memory + 9, SIZE));
	if (!queue(&self->ring, self->fd, &job))
		return -EBUSY;
	while (io_uring_submit_and_wait(&self->ring, 1) < 0 || !io_uring_cq_ready(&self->ring))
		no_faults(self);
	return reap(&self->ring, NULL);
}

static int do_uring_fixed(FIXTURE_DATA(inject) *self)
{
	prepare(&job, nms_copy(NMS_CMD_WRITE, self->handle, 0, self->memory + 9, SIZE));
	if (!queue_fixed(&self->ring, self->fd, &job, 0))
		return -EBUSY;
	while (io_uring_submit_and_wait(&self->ring, 1) < 0 || !io_uring_cq_ready(&self->ring))
		no_faults(self);
	return reap(&self->ring, NULL);
}

static int do_query_dataset(FIXTURE_DATA(inject) *self)
{
	struct nms_query_dataset info;

	return nms_query(self->fd, NMS_QUERY_DATASET, 0, &info, sizeof(info));
}

static int do_query_profile(FIXTURE_DATA(inject) *self)
{
	struct nms_query_profile profile;

	return nms_query(self->fd, NMS_QUERY_PROFILE, 0, &profile, sizeof(profile));
}

/* A context with a buffer, and a job that may be on its way still. */
static int do_close(FIXTURE_DATA(inject) *self)
{
	return close(opened) ? -errno : 0;
}

static struct nms_pipeline pipeline;
static int compute_fd;

/* Rows are reduced, and one of them brought back many times over; with result blocks. */
static int do_compute(FIXTURE_DATA(inject) *self)
{
	struct nms_cmd cmd[2] = { pipeline.cmd[0], pipeline.cmd[3] };
	struct nms_job_result result;
	uint64_t id;
	int err = nms_submit(compute_fd, cmd, 2, &id);

	if (err)
		return err;
	err = nms_wait(compute_fd, id, UINT64_MAX, &result);
	if (err) {
		/* The job is still there to be waited for. */
		no_faults(self);
		return nms_wait(compute_fd, id, UINT64_MAX, NULL) ? -EIO : err;
	}
	return result.error;
}

static int do_progress(FIXTURE_DATA(inject) *self)
{
	struct nms_job_progress p;
	int err = nms_progress(self->fd, UINT64_MAX, &p);

	return err == -ENOENT ? 0 : err;
}

TEST_F(inject, compute)
{
	struct nms_query_counters c;

	compute_fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_GE(compute_fd, 0);
	ASSERT_EQ(0, nms_pipeline_init(&pipeline, compute_fd));
	spare_dma_debug();
	all(_metadata, self, do_compute, NULL);
	ASSERT_EQ(0, nms_query(compute_fd, NMS_QUERY_CONTEXT, 0, &c, sizeof(c)));
	EXPECT_EQ(0, c.pinned_pages);
	close(compute_fd);
	all(_metadata, self, do_progress, NULL);
}

TEST_F(inject, open)
{
	all(_metadata, self, do_open, undo_open);
}

/* What a context had goes with it, whatever fails meanwhile: there is nobody to tell. */
TEST_F(inject, close)
{
	for (int n = 1; n < MOST; n++) {
		struct nms_cmd cmd;
		uint32_t handle;
		uint64_t id;
		bool hit;
		int err;

		ASSERT_EQ(0, do_open(self));
		ASSERT_EQ(0, nms_create(opened, SIZE, &handle));
		cmd = nms_copy(NMS_CMD_WRITE, handle, 0, self->memory, SIZE);
		ASSERT_EQ(0, nms_submit(opened, &cmd, 1, &id));
		hit = attempt(self, n, do_close, &err);
		EXPECT_EQ(0, err);
		/* A range that a job had may go a little later. */
		for (int i = 0; i < 100 && near_free(self->fd) != self->free; i++)
			usleep(50000);
		ASSERT_EQ(self->free, near_free(self->fd));
		if (!hit)
			break;
	}
}

TEST_F(inject, query)
{
	all(_metadata, self, do_query_device, NULL);
	all(_metadata, self, do_query_context, NULL);
	all(_metadata, self, do_query_profile, NULL);
}

TEST_F(inject, create)
{
	all(_metadata, self, do_create, undo_create);
}

TEST_F(inject, destroy)
{
	int err = 0;

	/* A handle that could not be destroyed is still there; one that was, is gone. */
	for (int n = 1; n < MOST; n++) {
		bool hit;

		ASSERT_EQ(0, do_create(self));
		hit = attempt(self, n, do_destroy, &err);
		if (err)
			EXPECT_EQ(0, do_destroy(self));
		else
			EXPECT_EQ(-EBADF, do_destroy(self));
		if (!hit)
			break;
	}
	EXPECT_EQ(0, err);
}

TEST_F(inject, pass)
{
	all(_metadata, self, do_export, undo_export);
	ASSERT_EQ(0, do_export(self));
	all(_metadata, self, do_import, undo_import);
	undo_export(self);
}

TEST_F(inject, names)
{
	all(_metadata, self, do_name, undo_name);
	ASSERT_EQ(0, do_name(self));
	all(_metadata, self, do_open_name, undo_open_name);
	all(_metadata, self, do_query_dataset, NULL);
	EXPECT_EQ(0, do_unlink(self));
}

TEST_F(inject, submit)
{
	spare_dma_debug();
	all(_metadata, self, do_submit, undo_submit);
}

TEST_F(inject, wait)
{
	ASSERT_EQ(0, do_submit(self));
	all(_metadata, self, do_wait, undo_wait);
	undo_submit(self);
}

TEST_F(inject, cancel)
{
	all(_metadata, self, do_cancel, NULL);
}

TEST_F(inject, uring)
{
	spare_dma_debug();
	all(_metadata, self, do_uring, NULL);
}

TEST_F(inject, uring_fixed)
{
	struct iovec iov = { self->memory, 2 * SIZE };

	spare_dma_debug();
	ASSERT_EQ(0, io_uring_register_buffers(&self->ring, &iov, 1));
	all(_metadata, self, do_uring_fixed, NULL);
	EXPECT_EQ(0, io_uring_unregister_buffers(&self->ring));
}

TEST_HARNESS_MAIN

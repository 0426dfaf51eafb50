// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that fails, is reset or removed while it computes: what it had ends with
 * the reason, what waits goes on, and the next job works.
 */
#include <pthread.h>

#include "nms_blocks.h"
#include "nms_control.h"

FIXTURE(reset) {
	int fd, control;
	struct nms_pipeline p;
	unsigned long generation;
};

FIXTURE_SETUP(reset)
{
	struct nms_cmd reduce;

	self->control = control_open();
	if (self->control < 0)
		SKIP(return, "needs root and a device that can be told to fail");
	ASSERT_EQ(0, put(PARAMETERS "timeout_ms", "1500"));
	ASSERT_EQ(0, put(PARAMETERS "admin_timeout_ms", "3000"));
	self->fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, nms_pipeline_init(&self->p, self->fd));
	reduce = self->p.cmd[0];
	ASSERT_EQ(0, nms_run(self->fd, &reduce, 1, NULL));
	memset(self->p.result, 0, sizeof(self->p.result));
	nms_pipeline_endless(&self->p);
	self->generation = generation();
}

/* The whole selection works, from what was in near memory before. */
static void check_works(struct __test_metadata *_metadata, int fd, struct nms_pipeline *p)
{
	uint32_t index[NMS_COUNT];
	struct nms_job_result result = { 0 };

	p->embed.iterations = 100;
	p->embed.stop = 0;
	ASSERT_EQ(0, nms_run(fd, p->cmd, 4, &result));
	EXPECT_EQ(4, result.commands);
	ASSERT_EQ(0, nms_transfer(fd, NMS_CMD_READ, p->index, 0, index, sizeof(index)));
	for (unsigned int i = 0; i < NMS_COUNT; i++) {
		ASSERT_LT(index[i], NMS_ROWS);
		EXPECT_EQ(0, memcmp(p->chosen[i], p->data[index[i]], sizeof(p->chosen[i])));
	}
}

FIXTURE_TEARDOWN(reset)
{
	struct nms_query_counters c;

	ASSERT_TRUE(ask(self->control, "device clear"));
	ASSERT_TRUE(wait_state("live", 30));
	check_works(_metadata, self->fd, &self->p);
	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_DEVICE_COUNTERS, 0, &c, sizeof(c)));
	EXPECT_EQ(0, c.pinned_pages);
	EXPECT_EQ(0, c.lost_pages);
	put(PARAMETERS "timeout_ms", "30000");
	put(PARAMETERS "admin_timeout_ms", "30000");
	close(self->fd);
	close(self->control);
}

static int wait_soon(int fd, uint64_t job, struct nms_job_result *result)
{
	int err = nms_wait(fd, job, nms_now() + 25000000000ull, result);

	return err ? err : result->error;
}

/* What the device had is lost; what waits behind it with the driver goes on. */
TEST_F(reset, asked_for)
{
	struct nms_job_result result = { 0 };
	struct nms_cmd reduce = self->p.cmd[0];
	uint64_t job, next;

	reduce.result = 0;
	reduce.result_size = 0;
	ASSERT_EQ(0, nms_submit(self->fd, &self->p.cmd[1], 1, &job));
	ASSERT_EQ(0, nms_wait_runs(self->fd, job, 0));
	ASSERT_EQ(0, nms_submit(self->fd, &reduce, 1, &next));
	ASSERT_EQ(0, put(SYSFS "recover", "1"));
	EXPECT_EQ(-ENETRESET, wait_soon(self->fd, job, &result));
	EXPECT_EQ(0, wait_soon(self->fd, next, &result));
	EXPECT_EQ(self->generation + 1, generation());
	/* The device had it, but has not filled the block in. */
	EXPECT_EQ(NMS_HW_PARAM_VERSION, self->p.result[1].version);
	EXPECT_EQ(0, self->p.result[1].size);
}

TEST_F(reset, fatal)
{
	struct nms_job_result result = { 0 };

	ASSERT_TRUE(ask(self->control, "device fault fatal 1"));
	EXPECT_EQ(-ENETRESET, nms_run(self->fd, &self->p.cmd[1], 1, &result));
	EXPECT_EQ(self->generation + 1, generation());
}

/* One that hangs is known by its beat, which stands still. */
TEST_F(reset, hung)
{
	struct nms_job_result result = { 0 };
	uint64_t job;

	ASSERT_TRUE(ask(self->control, "device fault hang 1"));
	ASSERT_EQ(0, nms_submit(self->fd, &self->p.cmd[1], 1, &job));
	EXPECT_EQ(-ETIMEDOUT, wait_soon(self->fd, job, &result));
	EXPECT_EQ(self->generation + 1, generation());
}

/* A completion that never comes: the command is known to be alive no longer. */
TEST_F(reset, dropped)
{
	struct nms_job_result result = { 0 };
	struct nms_cmd reduce = self->p.cmd[0];
	uint64_t job;

	ASSERT_TRUE(ask(self->control, "device fault drop 1"));
	ASSERT_EQ(0, nms_submit(self->fd, &reduce, 1, &job));
	EXPECT_EQ(-ETIMEDOUT, wait_soon(self->fd, job, &result));
}

/* Host memory that cannot be reached. */
TEST_F(reset, dma)
{
	struct nms_job_result result = { 0 };

	self->p.embed.iterations = 100;
	self->p.embed.stop = 0;
	ASSERT_EQ(0, nms_run(self->fd, self->p.cmd, 3, &result));
	ASSERT_TRUE(ask(self->control, "device fault dma 1"));
	EXPECT_EQ(-EREMOTEIO, nms_run(self->fd, &self->p.cmd[3], 1, &result));
	EXPECT_EQ(self->generation, generation());
}

struct waiter {
	int fd, err;
	uint64_t job;
	struct nms_job_result result;
};

static void *wait_main(void *data)
{
	struct waiter *w = data;

	w->err = nms_wait(w->fd, w->job, UINT64_MAX, &w->result);
	return NULL;
}

/* Removed while it computes, with more that waits, and the file open; then bound anew. */
TEST_F(reset, unbind)
{
	struct waiter w = { .fd = self->fd };
	struct nms_job_result result = { 0 };
	struct nms_job_progress now;
	struct nms_cmd reduce = self->p.cmd[0];
	pthread_t thread;
	uint64_t next;
	char name[64];

	ASSERT_TRUE(pci_name(name, sizeof(name)));
	ASSERT_EQ(0, nms_submit(self->fd, &self->p.cmd[1], 1, &w.job));
	ASSERT_EQ(0, nms_wait_runs(self->fd, w.job, 0));
	ASSERT_EQ(0, nms_submit(self->fd, &reduce, 1, &next));
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_main, &w));
	ASSERT_EQ(0, put(DRIVER "unbind", name));
	pthread_join(thread, NULL);
	EXPECT_EQ(0, w.err);
	EXPECT_EQ(-ENODEV, w.result.error);
	EXPECT_EQ(-ENODEV, wait_soon(self->fd, next, &result));
	EXPECT_EQ(-ENODEV, nms_progress(self->fd, next, &now));
	EXPECT_EQ(-ENODEV, nms_run(self->fd, &reduce, 1, NULL));
	close(self->fd);
	ASSERT_EQ(0, put(DRIVER "bind", name));
	self->fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, nms_pipeline_init(&self->p, self->fd));
	put(PARAMETERS "timeout_ms", "1500");
}

TEST_HARNESS_MAIN

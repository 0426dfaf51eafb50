// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that fails, is reset or removed while it computes: what it had ends with
 * the reason, what waits goes on, and the next job works.
 */
#include <pthread.h>
#include <stddef.h>

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

/* First line of the driver's own account. */
static bool scheduler_says(unsigned int running, unsigned int is_long, unsigned int waiting)
{
	char line[128], wanted[128];

	get(SCHEDULER, line, sizeof(line));
	snprintf(wanted, sizeof(wanted), "running %u long %u waiting %u ", running, is_long,
		 waiting);
	if (strncmp(line, wanted, strlen(wanted)))
		printf("# scheduler: %s\n", line);
	return !strncmp(line, wanted, strlen(wanted));
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
	EXPECT_TRUE(scheduler_says(1, 1, 1));
	ASSERT_EQ(0, put(SYSFS "recover", "1"));
	EXPECT_EQ(-ENETRESET, wait_soon(self->fd, job, &result));
	EXPECT_EQ(0, wait_soon(self->fd, next, &result));
	EXPECT_TRUE(scheduler_says(0, 0, 0));
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

/* The id of the range that was made last but @back. */
static unsigned int range_id(unsigned int back)
{
	unsigned int id[64], n = 0;
	FILE *f = fopen("/sys/kernel/debug/nms/nms0/buffers", "r");
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "range %u", &id[n % 64]) == 1)
			n++;
	if (f)
		fclose(f);
	return n > back ? id[(n - 1 - back) % 64] : 0;
}

static int submit_embed(FIXTURE_DATA(reset) *self, struct nms_submit *s)
{
	*s = (struct nms_submit){ .commands = (uintptr_t)&self->p.cmd[1], .count = 1,
				  .command_size = sizeof(struct nms_cmd) };
	return nms_call(self->fd, NMS_IOCTL_SUBMIT, s);
}

/*
 * What has lost its contents is not read, not even if a command of compute has
 * written there since: nobody knows how much that was.
 */
TEST_F(reset, lost)
{
	struct nms_query_device d;
	struct nms_cmd zero;
	struct nms_submit s;
	char line[64];
	int err = 0;

	self->p.embed.iterations = 100;
	self->p.embed.stop = 0;
	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_DEVICE, 0, &d, sizeof(d)));
	snprintf(line, sizeof(line), "device lose %u", range_id(3));
	ASSERT_TRUE(ask(self->control, line));
	for (int i = 0; i < 100 && err != -ESTALE; i++) {
		err = submit_embed(self, &s);
		if (!err)
			nms_wait(self->fd, s.job, UINT64_MAX, NULL);
		usleep(20000);
	}
	EXPECT_EQ(-ESTALE, err);
	EXPECT_EQ(1, s.bad_command);
	EXPECT_EQ(NMS_FIELD_PARAM | offsetof(struct nms_hw_embed, features.near.range),
		  s.bad_field);
	EXPECT_EQ(0, nms_run(self->fd, &self->p.cmd[0], 1, NULL));
	EXPECT_EQ(-ESTALE, submit_embed(self, &s));
	zero = nms_copy(NMS_CMD_ZERO, self->p.features, 0, NULL,
			(NMS_ROWS * NMS_FEATURES * 4 + d.near_page - 1) & ~(d.near_page - 1));
	EXPECT_EQ(0, nms_run(self->fd, &zero, 1, NULL));
	EXPECT_EQ(0, nms_run(self->fd, &self->p.cmd[0], 2, NULL));
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

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands that take long: progress, cancel at every stage, deadlines, who is next,
 * and submitters that die, execute another program or close too early.  At the end
 * of each test nothing computes any more, and the datapath can be had.
 */
#include <signal.h>

#include "nms_blocks.h"
#include "nms_control.h"
#include "nms_uring_test.h"

FIXTURE(sched) {
	int fd;
	struct nms_pipeline p;
	int other;
	struct nms_pipeline q;		/* of the other context */
};

FIXTURE_SETUP(sched)
{
	struct nms_cmd reduce;

	self->fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	self->other = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	ASSERT_GE(self->other, 0);
	ASSERT_EQ(0, nms_pipeline_init(&self->p, self->fd));
	ASSERT_EQ(0, nms_pipeline_init(&self->q, self->other));
	/* Features for all that follows. */
	reduce = self->p.cmd[0];
	ASSERT_EQ(0, nms_run(self->fd, &reduce, 1, NULL));
	reduce = self->q.cmd[0];
	ASSERT_EQ(0, nms_run(self->other, &reduce, 1, NULL));
	nms_pipeline_endless(&self->p);
	memset(self->p.result, 0, sizeof(self->p.result));
}

/* Until nothing waits or runs; only root may look. */
static bool is_idle(unsigned int seconds)
{
	static const char idle[] = "running 0 long 0 waiting 0 ";
	char line[128] = "";

	for (unsigned int i = 0; i < 50 * seconds; i++) {
		get(SCHEDULER, line, sizeof(line));
		if (geteuid() || !strncmp(line, idle, strlen(idle)))
			return true;
		usleep(20000);
	}
	printf("# scheduler: %s\n", line);
	return false;
}

/* Until another's command has run, or -ETIMEDOUT. */
static int datapath_is_free(FIXTURE_DATA(sched) *self, unsigned int seconds)
{
	struct nms_job_result result = { 0 };
	uint64_t job;
	int err = nms_submit(self->other, &self->q.cmd[0], 1, &job);

	if (!err)
		err = nms_wait(self->other, job, nms_now() + seconds * 1000000000ull, &result);
	if (err == -ETIMEDOUT)
		nms_cancel(self->other, job);
	return err ? err : result.error;
}

FIXTURE_TEARDOWN(sched)
{
	struct nms_query_counters c;

	EXPECT_TRUE(is_idle(10));
	EXPECT_EQ(0, datapath_is_free(self, 20));
	EXPECT_EQ(0, nms_query(self->fd, NMS_QUERY_CONTEXT, 0, &c, sizeof(c)));
	EXPECT_EQ(0, c.pinned_pages);
	close(self->other);
	close(self->fd);
}

static int cancelled(int fd, uint64_t job, struct nms_job_result *result)
{
	int err = nms_cancel(fd, job);

	if (!err)
		err = nms_wait(fd, job, nms_now() + 20000000000ull, result);
	return err ? err : result->error;
}

/* ---- progress and cancel --------------------------------------------------------- */

TEST_F(sched, progress)
{
	struct nms_job_progress now, last = { 0 };
	struct nms_job_result result = { 0 };
	uint64_t job;

	/* So many that it does not end meanwhile, and so few that steps of a second can be seen. */
	self->p.embed.iterations = 1000000;
	ASSERT_EQ(0, nms_submit(self->fd, self->p.cmd, 2, &job));
	ASSERT_EQ(0, nms_wait_runs(self->fd, job, 1));
	for (int second = 0; second < 3; second++) {
		ASSERT_EQ(0, nms_progress(self->fd, job, &now));
		EXPECT_EQ(1, now.command);
		EXPECT_EQ(2, now.commands);
		EXPECT_EQ(NMS_PROGRESS_RUNS, now.state);
		EXPECT_LE(now.done, now.total);
		if (second)
			EXPECT_TRUE(now.phase > last.phase || now.done > last.done);
		last = now;
		usleep(1000000);
	}
	EXPECT_EQ(NMS_HW_PHASE_EMBED, now.phase);
	EXPECT_GT(now.total, 0);
	EXPECT_EQ(-ENOENT, nms_progress(self->other, job, &now));
	ASSERT_EQ(0, nms_cancel(self->fd, job));
	for (int i = 0; i < 500 && now.state != NMS_PROGRESS_ENDED; i++) {
		ASSERT_EQ(0, nms_progress(self->fd, job, &now));
		usleep(10000);
	}
	EXPECT_EQ(NMS_PROGRESS_ENDED, now.state);
	ASSERT_EQ(0, nms_wait(self->fd, job, UINT64_MAX, &result));
	EXPECT_EQ(-ECANCELED, result.error);
	EXPECT_EQ(1, result.commands);
	EXPECT_EQ(-ENOENT, nms_progress(self->fd, job, &now));
	/* What it has cost until then is told. */
	EXPECT_EQ(sizeof(self->p.result[1]), self->p.result[1].size);
	EXPECT_NE(0, self->p.result[1].status);
	EXPECT_GT(self->p.result[1].nanoseconds[NMS_HW_PHASE_EMBED], 3000000000ull);
}

/* One command of a context at a time is with the device; the other waits with the driver. */
TEST_F(sched, cancel_waiting)
{
	struct nms_job_result result = { 0 };
	struct nms_job_progress now;
	struct nms_cmd reduce = self->p.cmd[0];
	uint64_t first, second;

	ASSERT_EQ(0, nms_submit(self->fd, &self->p.cmd[1], 1, &first));
	ASSERT_EQ(0, nms_wait_runs(self->fd, first, 0));
	ASSERT_EQ(0, nms_submit(self->fd, &reduce, 1, &second));
	usleep(200000);
	ASSERT_EQ(0, nms_progress(self->fd, second, &now));
	EXPECT_EQ(NMS_PROGRESS_WAITS, now.state);
	EXPECT_EQ(-ECANCELED, cancelled(self->fd, second, &result));
	EXPECT_EQ(0, result.commands);
	/* The device never had it. */
	EXPECT_EQ(0, self->p.result[0].version);
	EXPECT_EQ(-ETIMEDOUT, nms_wait(self->fd, first, 0, NULL));
	EXPECT_EQ(-ECANCELED, cancelled(self->fd, first, &result));
	EXPECT_NE(0, self->p.result[1].version);
}

/* When one ends, the next of its context goes on. */
TEST_F(sched, next_of_context)
{
	struct nms_job_result result = { 0 };
	struct nms_cmd reduce = self->p.cmd[0];
	uint64_t first, second;

	ASSERT_EQ(0, nms_submit(self->fd, &self->p.cmd[1], 1, &first));
	ASSERT_EQ(0, nms_wait_runs(self->fd, first, 0));
	ASSERT_EQ(0, nms_submit(self->fd, &reduce, 1, &second));
	EXPECT_EQ(-ECANCELED, cancelled(self->fd, first, &result));
	ASSERT_EQ(0, nms_wait(self->fd, second, nms_now() + 20000000000ull, &result));
	EXPECT_EQ(0, result.error);
}

/* At whatever moment it comes: between commands, too. */
TEST_F(sched, cancel_anywhere)
{
	struct nms_cmd cmd[64];
	unsigned int stopped = 0;

	for (unsigned int i = 0; i < 64; i++)
		cmd[i] = i % 2 ? (struct nms_cmd){ .op = NMS_CMD_NOP } : self->p.cmd[0];
	for (unsigned int i = 0; i < 40; i++) {
		struct nms_job_result result = { 0 };
		uint64_t job;
		int err;

		ASSERT_EQ(0, nms_submit(self->fd, cmd, 64, &job));
		usleep(i * 997);
		err = nms_cancel(self->fd, job);
		ASSERT_TRUE(!err || err == -ENOENT);
		ASSERT_EQ(0, nms_wait(self->fd, job, nms_now() + 20000000000ull, &result));
		if (result.error) {
			EXPECT_EQ(-ECANCELED, result.error);
			EXPECT_LT(result.commands, 64);
			stopped++;
		} else {
			EXPECT_EQ(64, result.commands);
		}
	}
	EXPECT_GT(stopped, 0);
}

TEST_F(sched, deadline)
{
	uint64_t began = nms_now();
	struct nms_job_result result = {};

	self->p.cmd[1].deadline_ms = 500;
	EXPECT_EQ(-ETIME, nms_run(self->fd, &self->p.cmd[1], 1, &result));
	EXPECT_GE(nms_now() - began, 400000000ull);
	EXPECT_LT(nms_now() - began, 10000000000ull);
	EXPECT_EQ(NMS_HW_DEADLINE, result.status);
	EXPECT_EQ(NMS_HW_DEADLINE, self->p.result[1].status);
}

/* Alive for longer than the driver waits for a command that does not answer. */
TEST_F(sched, outlives_timeout)
{
	struct nms_job_result result = { 0 };
	unsigned long before = generation();
	uint64_t job;

	if (put(PARAMETERS "timeout_ms", "1500"))
		SKIP(return, "needs root");
	ASSERT_EQ(0, nms_submit(self->fd, &self->p.cmd[1], 1, &job));
	EXPECT_EQ(-ETIMEDOUT, nms_wait(self->fd, job, nms_now() + 5000000000ull, NULL));
	EXPECT_EQ(-ECANCELED, cancelled(self->fd, job, &result));
	ASSERT_EQ(0, put(PARAMETERS "timeout_ms", "30000"));
	EXPECT_EQ(before, generation());
}

/* ---- who is next ----------------------------------------------------------------- */

/* What is short gets through while another's takes for ever, and does not end that. */
TEST_F(sched, short_beside_long)
{
	struct nms_cmd plane = self->q.cmd[1], select = self->q.cmd[2];
	struct nms_job_result result = { 0 };
	uint64_t job, began;

	ASSERT_EQ(0, nms_run(self->other, &plane, 1, NULL));
	ASSERT_EQ(0, nms_submit(self->fd, &self->p.cmd[1], 1, &job));
	ASSERT_EQ(0, nms_wait_runs(self->fd, job, 0));
	for (int i = 0; i < 5; i++) {
		uint64_t other;

		began = nms_now();
		ASSERT_EQ(0, nms_submit(self->other, &select, 1, &other));
		ASSERT_EQ(0, nms_wait(self->other, other, began + 20000000000ull, &result));
		EXPECT_EQ(0, result.error);
	}
	EXPECT_EQ(-ETIMEDOUT, nms_wait(self->fd, job, 0, NULL));
	EXPECT_EQ(-ECANCELED, cancelled(self->fd, job, &result));
}

/* More contexts with long commands than there are places: a short one has its place. */
TEST_F(sched, many_contexts)
{
	enum { LONG = 10 };
	struct nms_job_result result = { 0 };
	struct nms_pipeline *p = calloc(LONG, sizeof(*p));
	unsigned int with_device = 0;
	uint64_t job[LONG], other;
	int fd[LONG];

	ASSERT_NE(NULL, p);
	for (int i = 0; i < LONG; i++) {
		struct nms_cmd reduce;

		fd[i] = open(NMS_DEV, O_RDWR | O_CLOEXEC);
		ASSERT_GE(fd[i], 0);
		ASSERT_EQ(0, nms_pipeline_init(&p[i], fd[i]));
		reduce = p[i].cmd[0];
		ASSERT_EQ(0, nms_run(fd[i], &reduce, 1, NULL));
		nms_pipeline_endless(&p[i]);
	}
	for (int i = 0; i < LONG; i++)
		ASSERT_EQ(0, nms_submit(fd[i], &p[i].cmd[1], 1, &job[i]));
	usleep(200000);
	for (int i = 0; i < LONG; i++) {
		struct nms_job_progress now;

		ASSERT_EQ(0, nms_progress(fd[i], job[i], &now));
		with_device += now.state == NMS_PROGRESS_RUNS;
	}
	EXPECT_EQ(6, with_device);
	ASSERT_EQ(0, nms_submit(self->other, &self->q.cmd[0], 1, &other));
	EXPECT_EQ(0, nms_wait(self->other, other, nms_now() + 30000000000ull, &result));
	EXPECT_EQ(0, result.error);
	for (int i = 0; i < LONG; i++)
		EXPECT_EQ(-ECANCELED, cancelled(fd[i], job[i], &result));
	for (int i = 0; i < LONG; i++)
		close(fd[i]);
	free(p);
}

/* ---- processes ------------------------------------------------------------------- */

/* A child that has begun an endless job says so by a pipe. */
struct child {
	pid_t pid;
	int said;
};

static void child_says(int fd)
{
	if (write(fd, "+", 1) != 1)
		_exit(1);
}

static bool child_said(const struct child *c)
{
	char mark;

	return read(c->said, &mark, 1) == 1;
}

static void begin_by_ioctl(struct nms_pipeline *p, int fd)
{
	uint64_t job;

	if (nms_submit(fd, p->cmd, 2, &job) || nms_wait_runs(fd, job, 1))
		_exit(1);
}

static void begin_by_uring(struct nms_pipeline *p, int fd, struct io_uring *ring,
			   struct uring_job *j)
{
	if (io_uring_queue_init(4, ring, 0))
		_exit(1);
	prepare(j, p->cmd[0]);
	j->submit.commands = (uintptr_t)p->cmd;
	j->submit.count = 2;
	if (!queue(ring, fd, j) || io_uring_submit(ring) != 1 ||
	    nms_wait_runs(fd, j->submit.job, 1))
		_exit(1);
}

enum end { KILLED, EXECUTES, CLOSES, CLOSES_RING };

static void child_main(bool uring, enum end end, uint32_t deadline_ms, int said)
{
	static struct nms_pipeline p;
	struct io_uring ring;
	struct uring_job j;
	int fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);

	if (fd < 0 || nms_pipeline_init(&p, fd))
		_exit(1);
	nms_pipeline_endless(&p);
	p.cmd[1].deadline_ms = deadline_ms;
	if (uring)
		begin_by_uring(&p, fd, &ring, &j);
	else
		begin_by_ioctl(&p, fd);
	child_says(said);
	if (end == EXECUTES)
		execl("/proc/self/exe", "nms_sched", "--wait", NULL);
	if (uring && (end == CLOSES || end == CLOSES_RING))
		io_uring_queue_exit(&ring);
	if (end == CLOSES)
		close(fd);
	for (;;)
		pause();
}

static struct child child_start(bool uring, enum end end, uint32_t deadline_ms)
{
	struct child c = { .pid = -1 };
	int ends[2];

	if (pipe(ends))
		return c;
	c.pid = fork();
	if (!c.pid)
		child_main(uring, end, deadline_ms, ends[1]);
	close(ends[1]);
	c.said = ends[0];
	return c;
}

static void child_end(const struct child *c)
{
	kill(c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
	close(c->said);
}

static void check_end(struct __test_metadata *_metadata, FIXTURE_DATA(sched) *self, bool uring,
		      enum end end)
{
	/* Where a ring cannot cancel, its commands end by their deadline. */
	struct child c = child_start(uring, end, uring && end != KILLED ? 3000 : 0);

	ASSERT_GT(c.pid, 0);
	EXPECT_TRUE(child_said(&c));
	if (end == KILLED)
		kill(c.pid, SIGKILL);
	EXPECT_TRUE(is_idle(15));
	EXPECT_EQ(0, datapath_is_free(self, 15));
	child_end(&c);
}

TEST_F(sched, killed)
{
	check_end(_metadata, self, false, KILLED);
}

TEST_F(sched, killed_uring)
{
	check_end(_metadata, self, true, KILLED);
}

TEST_F(sched, executes)
{
	check_end(_metadata, self, false, EXECUTES);
}

TEST_F(sched, executes_uring)
{
	check_end(_metadata, self, true, EXECUTES);
}

TEST_F(sched, closes)
{
	check_end(_metadata, self, false, CLOSES);
}

TEST_F(sched, closes_uring)
{
	check_end(_metadata, self, true, CLOSES);
}

TEST_F(sched, closes_ring)
{
	check_end(_metadata, self, true, CLOSES_RING);
}

/* A limit of its own, where the kernel cannot cancel. */
TEST_F(sched, uring_limit)
{
	struct nms_query_device d;

	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_DEVICE, 0, &d, sizeof(d)));
	EXPECT_TRUE(!d.uring_limit_ms || d.uring_limit_ms == 240000);
	printf("# a command of compute may run for %u ms by io_uring (0: any time)\n",
	       d.uring_limit_ms);
}

/* Another process that has the descriptor may wait and look, but gets no result block. */
TEST_F(sched, inherited)
{
	struct nms_cmd reduce = self->p.cmd[0];
	struct nms_job_result result = { 0 };
	struct nms_job_progress now;
	uint64_t job;
	int status;
	pid_t pid;

	ASSERT_EQ(0, nms_submit(self->fd, &reduce, 1, &job));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		if (nms_progress(self->fd, job, &now) ||
		    nms_wait(self->fd, job, UINT64_MAX, &result) || result.error ||
		    self->p.result[0].version)
			_exit(1);
		/* What it submits itself it gets. */
		if (nms_run(self->fd, &reduce, 1, NULL) || !self->p.result[0].version)
			_exit(2);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(-ENOENT, nms_wait(self->fd, job, 0, NULL));
	EXPECT_EQ(0, self->p.result[0].version);
}

int main(int argc, char **argv)
{
	/* What a child that executes another program becomes. */
	if (argc > 1 && !strcmp(argv[1], "--wait"))
		for (;;)
			pause();
	return test_harness_run(argc, argv);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arguments that change while they are looked at, and sizes that wrap: what the driver
 * accepts is what it has checked, so the device, which checks again, never has to refuse
 * it; and a neighbour's near memory is neither read nor written.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "nms_blocks.h"
#include "nms_control.h"
#include "nms_uring_test.h"

#define SIZE 4096u
#define OURS 0x11
#define THEIRS 0x5a
#define ROUNDS 3000

FIXTURE(race) {
	int fd, neighbour;
	uint32_t handle, before, after;	/* ours, and the neighbour's on both sides of it */
	unsigned char *memory;
};

static int filled(int fd, uint32_t *handle, int byte)
{
	unsigned char data[SIZE];
	int err = nms_create(fd, SIZE, handle);

	memset(data, byte, SIZE);
	return err ? err : nms_transfer(fd, NMS_CMD_WRITE, *handle, 0, data, SIZE);
}

FIXTURE_SETUP(race)
{
	self->fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	self->neighbour = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	ASSERT_GE(self->neighbour, 0);
	ASSERT_EQ(0, filled(self->neighbour, &self->before, THEIRS));
	ASSERT_EQ(0, filled(self->fd, &self->handle, OURS));
	ASSERT_EQ(0, filled(self->neighbour, &self->after, THEIRS));
	self->memory = mmap(NULL, 16 * SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->memory);
}

static void check_neighbour(struct __test_metadata *_metadata, FIXTURE_DATA(race) *self)
{
	unsigned char data[SIZE];

	memset(data, THEIRS, SIZE);
	EXPECT_EQ(0, check_data(self->neighbour, self->before, data, SIZE));
	EXPECT_EQ(0, check_data(self->neighbour, self->after, data, SIZE));
}

FIXTURE_TEARDOWN(race)
{
	check_neighbour(_metadata, self);
	EXPECT_EQ(0, pinned(self->fd));
	EXPECT_EQ(0, charged());
	close(self->fd);
	close(self->neighbour);
}

/* ---- one who writes while the kernel reads ------------------------------------------------ */

struct racer {
	pthread_t thread;
	atomic_bool stop;
	volatile uint32_t *word;	/* that changes */
	uint32_t good, bad;
};

/*
 * Each value stays for some jumps: an emulated processor is interrupted only at these, and
 * where two share one of the host's nobody would see a value that goes with the next store.
 */
static void *change(void *data)
{
	struct racer *r = data;

	for (unsigned int i = 0; !atomic_load_explicit(&r->stop, memory_order_relaxed); i++)
		*r->word = i & 32 ? r->bad : r->good;
	return NULL;
}

static void start_racer(struct __test_metadata *_metadata, struct racer *r, void *word,
			uint32_t bad)
{
	*r = (struct racer){ .word = word, .good = *(uint32_t *)word, .bad = bad };
	ASSERT_EQ(0, pthread_create(&r->thread, NULL, change, r));
}

static void stop_racer(struct racer *r)
{
	atomic_store(&r->stop, true);
	pthread_join(r->thread, NULL);
	*r->word = r->good;
}

/* Submit until both have been seen: what was refused, and what was accepted and did its work. */
static void race(struct __test_metadata *_metadata, int fd, struct nms_cmd *cmd, void *word,
		 uint32_t bad)
{
	unsigned int refused = 0, accepted = 0;
	struct nms_job_result result;
	struct racer r;

	start_racer(_metadata, &r, word, bad);
	for (int i = 0; i < ROUNDS && (refused < 50 || accepted < 50); i++) {
		uint64_t job;

		if (nms_submit(fd, cmd, 1, &job)) {
			refused++;
			continue;
		}
		accepted++;
		ASSERT_EQ(0, nms_wait(fd, job, UINT64_MAX, &result));
		if (result.error)
			printf("# value %#x: status %#x\n", bad, result.status);
		EXPECT_EQ(0, result.error);
	}
	stop_racer(&r);
	EXPECT_GT(refused, 0);
	EXPECT_GT(accepted, 0);
}

static bool only_ours(const unsigned char *memory, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (memory[i] == THEIRS)
			return false;
	return true;
}

/* Low and high words alike: the machine is little-endian where there is such a device. */
TEST_F(race, command)
{
	struct nms_cmd cmd = nms_copy(NMS_CMD_READ, self->handle, 0, self->memory, 64);

	race(_metadata, self->fd, &cmd, &cmd.handle, self->after + 1000);
	race(_metadata, self->fd, &cmd, &cmd.offset, SIZE);
	race(_metadata, self->fd, &cmd, (char *)&cmd.offset + 4, UINT32_MAX);
	race(_metadata, self->fd, &cmd, &cmd.length, 2 * SIZE);
	race(_metadata, self->fd, &cmd, (char *)&cmd.length + 4, 1);
	race(_metadata, self->fd, &cmd, (char *)&cmd.address + 4, UINT32_MAX);
	race(_metadata, self->fd, &cmd, &cmd.op, 99);
	race(_metadata, self->fd, &cmd, &cmd.flags, 2);
	EXPECT_TRUE(only_ours(self->memory, 16 * SIZE));
	cmd.op = NMS_CMD_WRITE;
	memset(self->memory, 0xee, 16 * SIZE);
	race(_metadata, self->fd, &cmd, &cmd.length, 2 * SIZE);
	race(_metadata, self->fd, &cmd, &cmd.offset, SIZE - 32);
}

TEST_F(race, parameters)
{
	static struct nms_pipeline p;
	struct nms_hw_reduce *r = &p.reduce;

	ASSERT_EQ(0, nms_pipeline_init(&p, self->fd));
	race(_metadata, self->fd, p.cmd, &r->input.near.range, 12345);
	race(_metadata, self->fd, p.cmd, &r->input.near.offset, 1 << 20);
	race(_metadata, self->fd, p.cmd, &r->input.rows, UINT32_MAX);
	race(_metadata, self->fd, p.cmd, (char *)&r->input.rows + 4, 1);
	race(_metadata, self->fd, p.cmd, &r->output.near.range, 12345);
	race(_metadata, self->fd, p.cmd, &r->output.cols, NMS_COLS + 1);
	race(_metadata, self->fd, p.cmd, (char *)&r->output.stride + 4, UINT32_MAX);
	race(_metadata, self->fd, p.cmd, &r->header.size, 8);
	race(_metadata, self->fd, p.cmd, &r->header.profile, 77);
}

/* Where the number of commands is one, then as many as there is no room for. */
TEST_F(race, submission)
{
	struct nms_cmd cmd[64] = { { .op = NMS_CMD_NOP } };
	struct nms_submit s = { .commands = (uintptr_t)cmd, .count = 1,
				.command_size = sizeof(cmd[0]) };
	unsigned int refused = 0, accepted = 0;
	struct nms_job_result result;
	struct racer r;

	start_racer(_metadata, &r, &s.count, UINT32_MAX);
	for (int i = 0; i < ROUNDS && (refused < 50 || accepted < 50); i++) {
		s.job = 0;
		s.bad_command = s.bad_field = 0;
		if (nms_call(self->fd, NMS_IOCTL_SUBMIT, &s)) {
			refused++;
			continue;
		}
		accepted++;
		ASSERT_EQ(0, nms_wait(self->fd, s.job, UINT64_MAX, &result));
		EXPECT_EQ(0, result.error);
		EXPECT_EQ(1, result.commands);
	}
	stop_racer(&r);
	EXPECT_GT(refused, 0);
	EXPECT_GT(accepted, 0);
}

/* The entry of a ring that a thread of the kernel reads, and what it points to. */
TEST_F(race, uring)
{
	struct nms_uring_cmd *payload;
	unsigned int refused = 0, accepted = 0;
	struct io_uring_sqe *sqe;
	struct io_uring ring;
	struct uring_job j;
	struct racer r;
	int err;

	ASSERT_EQ(0, io_uring_queue_init(1, &ring, IORING_SETUP_SQPOLL));
	prepare(&j, nms_copy(NMS_CMD_READ, self->handle, 0, self->memory, 64));
	sqe = queue(&ring, self->fd, &j);
	ASSERT_NE(NULL, sqe);
	/* A ring of one entry has it always at the same place. */
	payload = (void *)&sqe->addr3;
	start_racer(_metadata, &r, &payload->size, UINT32_MAX);
	for (int i = 0; i < ROUNDS && (refused < 50 || accepted < 50); i++) {
		if (i) {
			prepare(&j, j.cmd);
			/* A command may have ended before its entry counts as read. */
			ASSERT_LE(0, io_uring_sqring_wait(&ring));
			ASSERT_EQ(sqe, queue(&ring, self->fd, &j));
		}
		ASSERT_EQ(1, io_uring_submit(&ring));
		err = reap(&ring, NULL);
		accepted += !err;
		refused += err == -EINVAL;
		EXPECT_TRUE(!err || err == -EINVAL);
	}
	stop_racer(&r);
	io_uring_queue_exit(&ring);
	printf("# %u accepted, %u refused\n", accepted, refused);
	EXPECT_GT(accepted, 0);
	EXPECT_GT(refused, 0);
}

/* ---- handles that go while they are used --------------------------------------------------- */

struct churn {
	pthread_t thread;
	atomic_bool stop;
	_Atomic uint32_t handle;
	int fd, err;
	unsigned int rounds;
};

/* A buffer of ours that is made, filled, and gone again. */
static void *make_and_destroy(void *data)
{
	struct churn *c = data;

	while (!atomic_load(&c->stop) && !c->err) {
		uint32_t handle;

		c->err = filled(c->fd, &handle, OURS);
		atomic_store(&c->handle, handle);
		if (!c->err)
			c->err = nms_destroy(c->fd, handle);
		c->rounds++;
	}
	return NULL;
}

static void *make_theirs(void *data)
{
	struct churn *c = data;

	while (!atomic_load(&c->stop) && !c->err) {
		uint32_t handle;

		c->err = filled(c->fd, &handle, THEIRS);
		if (!c->err)
			c->err = nms_destroy(c->fd, handle);
		c->rounds++;
	}
	return NULL;
}

TEST_F(race, handles)
{
	struct churn ours = { .fd = self->fd }, theirs = { .fd = self->neighbour };
	unsigned int refused = 0, done = 0;

	ASSERT_EQ(0, pthread_create(&ours.thread, NULL, make_and_destroy, &ours));
	ASSERT_EQ(0, pthread_create(&theirs.thread, NULL, make_theirs, &theirs));
	for (int i = 0; i < ROUNDS; i++) {
		int err = nms_transfer(self->fd, NMS_CMD_READ, atomic_load(&ours.handle), 0,
				       self->memory, SIZE);

		done += !err;
		refused += err == -EBADF;
		EXPECT_TRUE(!err || err == -EBADF);
		/* Zeros, or what we wrote; never what the neighbour had there before. */
		ASSERT_TRUE(only_ours(self->memory, SIZE));
	}
	atomic_store(&ours.stop, true);
	atomic_store(&theirs.stop, true);
	pthread_join(ours.thread, NULL);
	pthread_join(theirs.thread, NULL);
	EXPECT_EQ(0, ours.err);
	EXPECT_EQ(0, theirs.err);
	printf("# %u read, %u refused; %u and %u buffers\n", done, refused, ours.rounds,
	       theirs.rounds);
	EXPECT_GT(done, 0);
	EXPECT_GT(refused, 0);
}

/* ---- a cancel that comes when the last command has been done ------------------------------------ */

TEST_F(race, cancel_at_the_end)
{
	struct nms_cmd nop = { .op = NMS_CMD_NOP };
	unsigned int done = 0, cancelled = 0;

	for (int round = 0; round < 100; round++) {
		struct nms_job_result result;
		uint64_t job[16];

		for (int i = 0; i < 16; i++)
			ASSERT_EQ(0, nms_submit(self->fd, &nop, 1, &job[i]));
		for (int i = 0; i < 16; i++)
			nms_cancel(self->fd, job[i]);
		for (int i = 0; i < 16; i++) {
			ASSERT_EQ(0, nms_wait(self->fd, job[i], UINT64_MAX, &result));
			done += !result.error;
			cancelled += result.error == -ECANCELED;
		}
	}
	printf("# %u done, %u cancelled\n", done, cancelled);
	EXPECT_EQ(1600, done + cancelled);
}

/* ---- sizes that wrap -------------------------------------------------------------------------- */

static const uint64_t extremes[] = {
	0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff, 0x100000000, 0x7fffffffffffffff,
	0x8000000000000000, 0xfffffffffffff000, 0xfffffffffffffffc, 0xffffffffffffffff,
};

/* What the driver should have refused, had it seen it. */
static bool is_a_slip(uint32_t status)
{
	return status == NMS_HW_INVALID_SIZE || status == NMS_HW_INVALID_OPCODE ||
	       status == NMS_HW_RESERVED_NOT_ZERO || status == NMS_HW_INVALID_VERSION ||
	       (status >= NMS_HW_NO_RANGE && status <= NMS_HW_DMA_ERROR);
}

struct sweep {
	unsigned int refused, done, ended;	/* by the driver; with success; by the device */
};

static void submit_one(struct __test_metadata *_metadata, int fd, struct nms_cmd *cmd,
		       size_t offset, uint64_t value, struct sweep *sweep)
{
	struct nms_job_result result = { 0 };
	uint64_t job;

	if (nms_submit(fd, cmd, 1, &job)) {
		sweep->refused++;
		return;
	}
	ASSERT_EQ(0, nms_wait(fd, job, nms_now() + 20000000000ull, &result));
	sweep->done += !result.error;
	sweep->ended += !!result.error;
	if (is_a_slip(result.status))
		printf("# op %#x, offset %zu, value %#llx: status %#x\n", cmd->op, offset,
		       (unsigned long long)value, result.status);
	EXPECT_FALSE(is_a_slip(result.status));
}

/* Each extreme at each word of @block, and at each pair of words. */
static void sweep_block(struct __test_metadata *_metadata, int fd, struct nms_cmd *cmd,
			unsigned char *block, size_t size, struct sweep *sweep)
{
	unsigned char good[512];

	memcpy(good, block, size);
	for (size_t at = 0; at + 4 <= size; at += 4) {
		for (size_t i = 0; i < sizeof(extremes) / sizeof(extremes[0]); i++) {
			bool wide = extremes[i] > UINT32_MAX;

			if (wide && (at % 8 || at + 8 > size))
				continue;
			memcpy(block + at, &extremes[i], wide ? 8 : 4);
			submit_one(_metadata, fd, cmd, at, extremes[i], sweep);
			memcpy(block, good, size);
		}
	}
}

static void report(struct __test_metadata *_metadata, const struct sweep *sweep)
{
	printf("# %u refused, %u done, %u ended by the device\n", sweep->refused, sweep->done,
	       sweep->ended);
	EXPECT_GT(sweep->refused, sweep->done);
}

/* Addresses are left out: they may be anybody's, and are tried elsewhere. */
static bool is_address(size_t at)
{
	return (at >= offsetof(struct nms_cmd, address) &&
		at < offsetof(struct nms_cmd, param_size));
}

TEST_F(race, sizes_of_commands)
{
	static const uint32_t ops[] = { NMS_CMD_NOP, NMS_CMD_WRITE, NMS_CMD_READ, NMS_CMD_ZERO };
	struct sweep sweep = { 0 };

	memset(self->memory, 0xee, 16 * SIZE);
	for (int o = 0; o < 4; o++) {
		struct nms_cmd good = nms_copy(ops[o], self->handle, 0, self->memory + SIZE, 64);

		if (ops[o] == NMS_CMD_NOP)
			good = (struct nms_cmd){ .op = NMS_CMD_NOP };
		if (ops[o] == NMS_CMD_ZERO)
			good.address = 0;
		for (size_t at = 0; at < sizeof(good); at += 4) {
			for (size_t i = 0; !is_address(at) &&
			     i < sizeof(extremes) / sizeof(extremes[0]); i++) {
				struct nms_cmd cmd = good;
				bool wide = extremes[i] > UINT32_MAX;

				if (wide && (at % 8 || at + 8 > sizeof(cmd)))
					continue;
				memcpy((char *)&cmd + at, &extremes[i], wide ? 8 : 4);
				submit_one(_metadata, self->fd, &cmd, at, extremes[i], &sweep);
			}
		}
	}
	report(_metadata, &sweep);
	for (size_t i = 0; i < 16 * SIZE; i++)
		if (i < SIZE || i >= SIZE + 64)
			ASSERT_EQ(0xee, self->memory[i]);
}

static void sizes_of(struct __test_metadata *_metadata, FIXTURE_DATA(race) *self,
		     unsigned int number)
{
	static struct nms_pipeline p;
	struct sweep sweep = { 0 };
	struct nms_cmd *cmd = &p.cmd[number];

	ASSERT_EQ(0, nms_pipeline_init(&p, self->fd));
	p.embed.iterations = 5;
	ASSERT_EQ(0, nms_run(self->fd, p.cmd, 4, NULL));
	/* Some of it is only long. */
	cmd->deadline_ms = 300;
	sweep_block(_metadata, self->fd, cmd, (void *)(uintptr_t)cmd->param, cmd->param_size,
		    &sweep);
	report(_metadata, &sweep);
}

TEST_F(race, sizes_of_reduce)
{
	sizes_of(_metadata, self, 0);
}

TEST_F(race, sizes_of_embed)
{
	sizes_of(_metadata, self, 1);
}

TEST_F(race, sizes_of_select)
{
	sizes_of(_metadata, self, 2);
}

TEST_F(race, sizes_of_gather)
{
	sizes_of(_metadata, self, 3);
}

/* Rows that are only said to be there do not exhaust the device. */
TEST_F(race, rows_that_are_not_there)
{
	static struct nms_pipeline p;
	struct nms_job_result result = { 0 };
	struct nms_hw_select *s = &p.select;

	ASSERT_EQ(0, nms_pipeline_init(&p, self->fd));
	s->features = s->embedding = (struct nms_hw_matrix){ 0 };
	s->index = nms_words(p.index, 1);
	s->weight = (struct nms_hw_vector){ 0 };
	s->rule = NMS_HW_RULE_RANDOM;
	s->rows = UINT32_MAX;
	s->count = 1;
	EXPECT_EQ(-ENOBUFS, nms_run(self->fd, &p.cmd[2], 1, &result));
	EXPECT_EQ(NMS_HW_NO_MEMORY, result.status);
	s->rows = NMS_ROWS;
	EXPECT_EQ(0, nms_run(self->fd, &p.cmd[2], 1, NULL));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Result blocks, of commands of every kind, by ioctl and by io_uring; and rows that
 * GATHER brings to memory of every kind.
 */
#include "nms_blocks.h"
#include "nms_uring_test.h"

#define LARGE ((9u << 20) + 12345)	/* more than two parts of a transfer */

FIXTURE(result) {
	int fd;
	struct nms_pipeline p;
};

FIXTURE_SETUP(result)
{
	self->fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, nms_pipeline_init(&self->p, self->fd));
}

FIXTURE_TEARDOWN(result)
{
	struct nms_query_counters c;

	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_CONTEXT, 0, &c, sizeof(c)));
	EXPECT_EQ(0, c.pinned_pages);
	close(self->fd);
}

static struct nms_cmd with_result(struct nms_cmd cmd, struct nms_hw_result *r)
{
	memset(r, 0, sizeof(*r));
	cmd.result = (uintptr_t)r;
	cmd.result_size = sizeof(*r);
	return cmd;
}

/* What the blocks say, and what the counters of the context do, is the same. */
static void check_sum(struct __test_metadata *_metadata, int fd, struct nms_cmd *cmd,
		      const struct nms_hw_result *r, unsigned int n)
{
	struct nms_query_counters before, after;

	ASSERT_EQ(0, nms_query(fd, NMS_QUERY_CONTEXT, 0, &before, sizeof(before)));
	ASSERT_EQ(0, nms_run(fd, cmd, n, NULL));
	ASSERT_EQ(0, nms_query(fd, NMS_QUERY_CONTEXT, 0, &after, sizeof(after)));
	for (unsigned int i = 0; i < n; i++) {
		EXPECT_EQ(sizeof(*r), r[i].size);
		EXPECT_EQ(cmd[i].op, r[i].opcode);
		EXPECT_EQ(0, r[i].status);
		for (unsigned int d = 0; d < NMS_ENERGY_DOMAINS; d++)
			before.energy[d] += r[i].energy[d];
		before.link_in += r[i].link_in;
		before.link_out += r[i].link_out;
		before.near_read += r[i].near_read;
		before.near_write += r[i].near_write;
	}
	EXPECT_EQ(0, memcmp(before.energy, after.energy, sizeof(before.energy)));
	EXPECT_EQ(before.link_in, after.link_in);
	EXPECT_EQ(before.link_out, after.link_out);
	EXPECT_EQ(before.near_read, after.near_read);
	EXPECT_EQ(before.near_write, after.near_write);
}

TEST_F(result, of_data)
{
	unsigned char *out = malloc(LARGE), *in = malloc(LARGE);
	static struct nms_hw_result r[4];
	struct nms_cmd cmd[4];
	uint32_t handle;

	ASSERT_NE(NULL, out);
	ASSERT_NE(NULL, in);
	nms_pattern(out, LARGE, 4);
	ASSERT_EQ(0, nms_create(self->fd, LARGE, &handle));
	cmd[0] = with_result((struct nms_cmd){ .op = NMS_CMD_NOP }, &r[0]);
	cmd[1] = with_result(nms_copy(NMS_CMD_WRITE, handle, 0, out, LARGE), &r[1]);
	cmd[2] = with_result(nms_copy(NMS_CMD_READ, handle, 0, in, LARGE), &r[2]);
	cmd[3] = with_result(nms_copy(NMS_CMD_ZERO, handle, 0, NULL, LARGE), &r[3]);
	check_sum(_metadata, self->fd, cmd, r, 4);
	EXPECT_EQ(0, memcmp(out, in, LARGE));
	EXPECT_EQ(LARGE, r[1].near_write);
	EXPECT_GT(r[1].link_in, LARGE);
	EXPECT_EQ(LARGE, r[2].near_read);
	EXPECT_GT(r[2].link_out, LARGE);
	EXPECT_EQ(LARGE, r[3].near_write);
	free(out);
	free(in);
}

/* As much as fits is written, and no more. */
TEST_F(result, sizes)
{
	static const uint32_t size[] = { 1, 24, 511, 512, 600 };
	unsigned char block[700];
	struct nms_hw_result whole;
	struct nms_cmd nop = { .op = NMS_CMD_NOP, .result = (uintptr_t)block };

	for (unsigned int i = 0; i < sizeof(size) / sizeof(size[0]); i++) {
		size_t known = size[i] < sizeof(whole) ? size[i] : sizeof(whole);

		memset(block, 0xee, sizeof(block));
		nop.result_size = size[i];
		ASSERT_EQ(0, nms_run(self->fd, &nop, 1, NULL));
		EXPECT_EQ(NMS_HW_PARAM_VERSION, block[0]);
		for (size_t b = known; b < sizeof(block); b++)
			ASSERT_EQ(0xee, block[b]);
	}
}

/* Nothing is forgotten before the caller has all of it. */
TEST_F(result, fault)
{
	void *memory = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct nms_cmd nop = { .op = NMS_CMD_NOP, .result = (uintptr_t)memory,
			       .result_size = sizeof(struct nms_hw_result) };
	struct nms_hw_result *r = memory;
	struct nms_job_result result = { 0 };
	uint64_t job;

	ASSERT_NE(MAP_FAILED, memory);
	ASSERT_EQ(0, nms_submit(self->fd, &nop, 1, &job));
	EXPECT_EQ(-EFAULT, nms_wait(self->fd, job, UINT64_MAX, &result));
	ASSERT_EQ(0, mprotect(memory, 4096, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, nms_wait(self->fd, job, UINT64_MAX, &result));
	EXPECT_EQ(0, result.error);
	EXPECT_EQ(NMS_HW_PARAM_VERSION, r->version);
	munmap(memory, 4096);
}

/* ---- io_uring -------------------------------------------------------------------- */

TEST_F(result, uring)
{
	struct nms_pipeline *p = &self->p;
	struct io_uring ring;
	struct uring_job j;

	ASSERT_EQ(0, io_uring_queue_init(4, &ring, 0));
	prepare(&j, p->cmd[0]);
	j.submit.commands = (uintptr_t)p->cmd;
	j.submit.count = 4;
	ASSERT_EQ(0, run_one(&ring, self->fd, &j));
	EXPECT_EQ(4, j.result.commands);
	for (unsigned int i = 0; i < 4; i++) {
		EXPECT_EQ(sizeof(p->result[i]), p->result[i].size);
		EXPECT_EQ(p->cmd[i].op, p->result[i].opcode);
	}
	for (unsigned int i = 0; i < NMS_COUNT; i++)
		EXPECT_NE(0, p->chosen[i][0]);
	/* A block that cannot be written is an error of a job that is none itself. */
	prepare(&j, p->cmd[0]);
	j.cmd.result = 4096;
	EXPECT_EQ(-EFAULT, run_one(&ring, self->fd, &j));
	EXPECT_EQ(0, j.result.error);
	io_uring_queue_exit(&ring);
}

TEST_F(result, uring_sqpoll)
{
	struct io_uring_params params = { .flags = IORING_SETUP_SQPOLL };
	struct io_uring ring;
	struct uring_job j;

	ASSERT_EQ(0, io_uring_queue_init_params(4, &ring, &params));
	prepare(&j, self->p.cmd[0]);
	ASSERT_EQ(0, run_one(&ring, self->fd, &j));
	EXPECT_EQ(sizeof(self->p.result[0]), self->p.result[0].size);
	io_uring_queue_exit(&ring);
}

/* ---- GATHER ---------------------------------------------------------------------- */

#define WIDE_ROWS 700u
#define WIDE_BYTES 9001u

/* Rows in near memory of so many bytes, and which of them are wanted. */
struct wide {
	unsigned char *data, *room;
	uint32_t input, list, index[WIDE_ROWS];
	struct nms_hw_gather gather;
	struct nms_hw_result result;
	struct nms_cmd cmd;
};

static int wide_init(struct wide *w, int fd, unsigned char *room, size_t size)
{
	int err;

	w->data = malloc(WIDE_ROWS * WIDE_BYTES);
	if (!w->data)
		return -ENOMEM;
	nms_pattern(w->data, WIDE_ROWS * WIDE_BYTES, 6);
	for (unsigned int i = 0; i < WIDE_ROWS; i++)
		w->index[i] = (i * 37 + 5) % WIDE_ROWS;
	err = nms_create(fd, WIDE_ROWS * WIDE_BYTES, &w->input);
	if (!err)
		err = nms_create(fd, sizeof(w->index), &w->list);
	if (!err)
		err = nms_transfer(fd, NMS_CMD_WRITE, w->input, 0, w->data, WIDE_ROWS * WIDE_BYTES);
	if (!err)
		err = nms_transfer(fd, NMS_CMD_WRITE, w->list, 0, w->index, sizeof(w->index));
	w->gather = (struct nms_hw_gather){
		.header = NMS_HEADER(NMS_HW_GATHER, struct nms_hw_gather),
		.input = { .near.range = w->input, .rows = WIDE_ROWS, .stride = WIDE_BYTES,
			   .cols = WIDE_BYTES, .dtype = NMS_HW_U8 },
		.index = nms_words(w->list, WIDE_ROWS),
	};
	w->cmd = nms_compute_cmd(NMS_CMD_GATHER, &w->gather, sizeof(w->gather), &w->result);
	w->room = room;
	w->cmd.address = (uintptr_t)room;
	w->cmd.length = size;
	return err;
}

static bool wide_is_right(const struct wide *w)
{
	for (unsigned int i = 0; i < WIDE_ROWS; i++)
		if (memcmp(w->room + i * WIDE_BYTES, w->data + w->index[i] * WIDE_BYTES,
			   WIDE_BYTES))
			return false;
	return true;
}

/* To thousands of pages, at odd addresses: a scatter list of many pages of its own. */
TEST_F(result, gather_wide)
{
	const size_t size = WIDE_ROWS * WIDE_BYTES;
	unsigned char *memory = malloc(size + 8192);
	struct nms_job_result result = { 0 };
	static struct wide w;

	ASSERT_NE(NULL, memory);
	memset(memory, 0xee, size + 8192);
	ASSERT_EQ(0, wide_init(&w, self->fd, memory + 77, size + 100));
	ASSERT_EQ(0, nms_run(self->fd, &w.cmd, 1, &result));
	EXPECT_EQ(size, result.bytes);
	EXPECT_TRUE(wide_is_right(&w));
	EXPECT_EQ(0xee, memory[76]);
	EXPECT_EQ(0xee, memory[77 + size]);
	EXPECT_EQ(WIDE_ROWS, w.result.count);
	EXPECT_GT(w.result.link_out, size);
	free(memory);
	free(w.data);
}

TEST_F(result, gather_fixed)
{
	const size_t size = WIDE_ROWS * WIDE_BYTES;
	unsigned char *memory = mmap(NULL, size + 4096, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec iov = { memory, size + 4096 };
	struct io_uring ring;
	static struct wide w;
	struct uring_job j;

	ASSERT_NE(MAP_FAILED, (void *)memory);
	ASSERT_EQ(0, io_uring_queue_init(4, &ring, 0));
	ASSERT_EQ(0, io_uring_register_buffers(&ring, &iov, 1));
	ASSERT_EQ(0, wide_init(&w, self->fd, memory + 9, size));
	prepare(&j, w.cmd);
	ASSERT_NE(NULL, queue_fixed(&ring, self->fd, &j, 0));
	ASSERT_EQ(1, io_uring_submit(&ring));
	EXPECT_EQ(0, reap(&ring, NULL));
	EXPECT_TRUE(wide_is_right(&w));
	io_uring_queue_exit(&ring);
	munmap(memory, size + 4096);
	free(w.data);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a 32-bit program sees of a 64-bit kernel.  Built for both; the library
 * for io_uring has no 32-bit package, so its system calls are made by hand.
 */
#define _GNU_SOURCE
#include <linux/io_uring.h>
#include <sys/syscall.h>

#include "nms_blocks.h"
#include "nms_layout.h"

#define SIZE 100000

FIXTURE(compat) {
	int fd;
	uint32_t handle;
};

FIXTURE_SETUP(compat)
{
	self->fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, nms_create(self->fd, SIZE, &self->handle));
}

FIXTURE_TEARDOWN(compat)
{
	close(self->fd);
}

TEST_F(compat, query)
{
	struct nms_query_profile p = { 0 };
	struct nms_query_counters c;
	struct nms_query_device d;

	printf("# pointers of %zu bits\n", 8 * sizeof(void *));
	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_DEVICE, 0, &d, sizeof(d)));
	EXPECT_EQ(NMS_ABI_VERSION, d.abi_version);
	EXPECT_GE(d.near_size, SIZE);
	EXPECT_NE('\0', d.model[0]);
	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_CONTEXT, 0, &c, sizeof(c)));
	EXPECT_GE(c.near_used, SIZE);
	EXPECT_EQ(0, nms_query(self->fd, NMS_QUERY_PROFILE, 0, &p, sizeof(p)));
	EXPECT_EQ(0, strcmp(p.name, "portable"));
}

TEST_F(compat, names)
{
	struct nms_dataset_create c = { .name = "compat", .handle = self->handle, .mode = 0600,
					.rows = 1ull << 40, .dtype = 3 };
	struct nms_dataset_open o = { .name = "compat", .access = NMS_ACCESS_READ };
	struct nms_buffer_export e = { .handle = self->handle, .access = NMS_ACCESS_READ };
	struct nms_dataset_unlink u = { .name = "compat" };
	struct nms_buffer_import i = { 0 };

	ASSERT_EQ(0, nms_call(self->fd, NMS_IOCTL_DATASET_CREATE, &c));
	ASSERT_EQ(0, nms_call(self->fd, NMS_IOCTL_DATASET_OPEN, &o));
	EXPECT_EQ(1ull << 40, o.info.rows);
	EXPECT_EQ(3, o.info.dtype);
	ASSERT_EQ(0, nms_call(self->fd, NMS_IOCTL_DATASET_UNLINK, &u));
	ASSERT_EQ(0, nms_call(self->fd, NMS_IOCTL_BUFFER_EXPORT, &e));
	i.fd = e.fd;
	ASSERT_EQ(0, nms_call(self->fd, NMS_IOCTL_BUFFER_IMPORT, &i));
	EXPECT_GE(i.size, SIZE);
	EXPECT_EQ(0, nms_destroy(self->fd, i.handle));
	close(e.fd);
}

TEST_F(compat, job)
{
	unsigned char *out = malloc(SIZE), *in = malloc(SIZE);
	struct nms_job_result result;
	struct nms_cmd cmd[2];

	ASSERT_TRUE(out && in);
	nms_pattern(out, SIZE, 2);
	cmd[0] = nms_copy(NMS_CMD_WRITE, self->handle, 0, out, SIZE);
	cmd[1] = nms_copy(NMS_CMD_READ, self->handle, 0, in, SIZE);
	ASSERT_EQ(0, nms_run(self->fd, cmd, 2, &result));
	EXPECT_EQ(2, result.commands);
	EXPECT_EQ(2 * SIZE, result.bytes);
	EXPECT_EQ(0, memcmp(out, in, SIZE));
	/* An address of 64 bits is not cut short. */
	cmd[0].address |= 1ull << 62;
	EXPECT_EQ(-EFAULT, nms_run(self->fd, cmd, 1, NULL));
	free(out);
	free(in);
}

/* Parameter blocks and result blocks have their addresses in commands, too. */
TEST_F(compat, compute)
{
	static struct nms_pipeline p;
	struct nms_job_result result;

	ASSERT_EQ(0, nms_pipeline_init(&p, self->fd));
	ASSERT_EQ(0, nms_run(self->fd, p.cmd, 4, &result));
	EXPECT_EQ(4, result.commands);
	EXPECT_EQ(NMS_FEATURES, p.result[0].features);
	EXPECT_EQ(NMS_COUNT, p.result[2].count);
	for (unsigned int i = 0; i < NMS_COUNT; i++)
		EXPECT_GT(p.chosen[i][0] * p.chosen[i][0], 0);
}

/* ---- io_uring ------------------------------------------------------------------- */

struct ring {
	int fd;
	struct io_uring_sqe *sqe;
	unsigned int *sq_tail, *sq_mask, *array, *cq_head, *cq_tail, *cq_mask;
	struct io_uring_cqe *cqe;
};

static int ring_open(struct ring *r)
{
	struct io_uring_params p = { 0 };
	char *sq, *cq;

	r->fd = syscall(__NR_io_uring_setup, 4, &p);
	if (r->fd < 0)
		return -errno;
	sq = mmap(NULL, p.sq_off.array + p.sq_entries * sizeof(int), PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_POPULATE, r->fd, IORING_OFF_SQ_RING);
	cq = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe),
		  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd, IORING_OFF_CQ_RING);
	r->sqe = mmap(NULL, p.sq_entries * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_POPULATE, r->fd, IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || r->sqe == MAP_FAILED)
		return -ENOMEM;
	r->sq_tail = (void *)(sq + p.sq_off.tail);
	r->sq_mask = (void *)(sq + p.sq_off.ring_mask);
	r->array = (void *)(sq + p.sq_off.array);
	r->cq_head = (void *)(cq + p.cq_off.head);
	r->cq_tail = (void *)(cq + p.cq_off.tail);
	r->cq_mask = (void *)(cq + p.cq_off.ring_mask);
	r->cqe = (void *)(cq + p.cq_off.cqes);
	return 0;
}

/* Submit the first SQE, wait, and tell its result. */
static int ring_run(struct ring *r)
{
	unsigned int tail = *r->sq_tail, head;
	int res;

	r->array[tail & *r->sq_mask] = 0;
	__atomic_store_n(r->sq_tail, tail + 1, __ATOMIC_RELEASE);
	if (syscall(__NR_io_uring_enter, r->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return -errno;
	head = *r->cq_head;
	if (head == __atomic_load_n(r->cq_tail, __ATOMIC_ACQUIRE))
		return -EAGAIN;
	res = r->cqe[head & *r->cq_mask].res;
	__atomic_store_n(r->cq_head, head + 1, __ATOMIC_RELEASE);
	return res;
}

static int ring_job(struct ring *r, int fd, struct nms_cmd *cmd, struct nms_job_result *result)
{
	struct nms_submit submit = {
		.commands = (uintptr_t)cmd, .count = 1, .command_size = sizeof(*cmd),
		.result = (uintptr_t)result, .result_size = sizeof(*result),
	};
	struct nms_uring_cmd payload = { .address = (uintptr_t)&submit, .size = sizeof(submit) };

	memset(r->sqe, 0, sizeof(*r->sqe));
	r->sqe->opcode = IORING_OP_URING_CMD;
	r->sqe->fd = fd;
	r->sqe->off = NMS_URING_SUBMIT;	/* cmd_op */
	memcpy((char *)r->sqe + 48, &payload, sizeof(payload));	/* cmd */
	return ring_run(r);
}

TEST_F(compat, uring)
{
	unsigned char *out = malloc(SIZE), *in = malloc(SIZE);
	struct nms_job_result result = { .error = 1 };
	struct nms_cmd cmd;
	struct ring r;
	int err = ring_open(&r);

	if (err)
		SKIP(return, "no io_uring: %s", strerror(-err));
	ASSERT_TRUE(out && in);
	nms_pattern(out, SIZE, 3);
	cmd = nms_copy(NMS_CMD_WRITE, self->handle, 0, out, SIZE);
	ASSERT_EQ(0, ring_job(&r, self->fd, &cmd, &result));
	EXPECT_EQ(0, result.error);
	EXPECT_EQ(SIZE, result.bytes);
	cmd = nms_copy(NMS_CMD_READ, self->handle, 0, in, SIZE);
	ASSERT_EQ(0, ring_job(&r, self->fd, &cmd, &result));
	EXPECT_EQ(0, memcmp(out, in, SIZE));
	cmd.handle = 77;
	EXPECT_EQ(-EBADF, ring_job(&r, self->fd, &cmd, &result));
	close(r.fd);
	free(out);
	free(in);
}

TEST_HARNESS_MAIN

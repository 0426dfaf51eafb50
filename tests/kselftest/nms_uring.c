// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jobs by io_uring: depth, order, fixed buffers, a polling thread, rings of every
 * kind, malformed commands, cancel, and submitters that die.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>

#include "nms_uring_test.h"

#define DEPTH 32
#define WIDE 200	/* takes longer to submit than a command takes to abort */

FIXTURE(uring) {
	int fd;
	struct io_uring ring;
};

static int uring_missing(void)
{
	struct io_uring_probe *probe = io_uring_get_probe();
	int missing = !probe || !io_uring_opcode_supported(probe, IORING_OP_URING_CMD);

	io_uring_free_probe(probe);
	return missing;
}

FIXTURE_SETUP(uring)
{
	self->fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	if (uring_missing())
		SKIP(return, "io_uring has no commands here");
	ASSERT_EQ(0, io_uring_queue_init(DEPTH, &self->ring, 0));
}

FIXTURE_TEARDOWN(uring)
{
	struct nms_query_counters c;

	io_uring_queue_exit(&self->ring);
	EXPECT_EQ(0, nms_query(self->fd, NMS_QUERY_CONTEXT, 0, &c, sizeof(c)));
	EXPECT_EQ(0, c.pinned_pages);
	close(self->fd);
}

TEST_F(uring, nop)
{
	struct uring_job j;

	for (int i = 0; i < 100; i++) {
		prepare(&j, (struct nms_cmd){ .op = NMS_CMD_NOP });
		ASSERT_EQ(0, run_one(&self->ring, self->fd, &j));
		EXPECT_NE(0, j.submit.job);
		EXPECT_EQ(0, j.result.error);
		EXPECT_EQ(1, j.result.commands);
	}
}

/* A whole batch costs one doorbell for each queue that it went to. */
TEST_F(uring, batch)
{
	struct nms_query_counters before, after;
	struct uring_job j[DEPTH];
	const int rounds = 50;

	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_DEVICE_COUNTERS, 0, &before, sizeof(before)));
	for (int r = 0; r < rounds; r++) {
		for (int i = 0; i < DEPTH; i++) {
			prepare(&j[i], (struct nms_cmd){ .op = NMS_CMD_NOP });
			ASSERT_NE(NULL, queue(&self->ring, self->fd, &j[i]));
		}
		ASSERT_EQ(DEPTH, io_uring_submit(&self->ring));
		for (int i = 0; i < DEPTH; i++)
			ASSERT_EQ(0, reap(&self->ring, NULL));
	}
	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_DEVICE_COUNTERS, 0, &after, sizeof(after)));
	EXPECT_EQ(before.jobs + rounds * DEPTH, after.jobs);
	printf("# %d jobs in %d batches: %llu doorbells, %llu interrupts\n", rounds * DEPTH, rounds,
	       (unsigned long long)(after.doorbells - before.doorbells),
	       (unsigned long long)(after.interrupts - before.interrupts));
	/* The submitter may move to another processor, thus queue, in the midst of a batch. */
	if (access("/sys/block", F_OK))
		SKIP(return, "this kernel has no block layer, thus no plug");
	EXPECT_LE(after.doorbells - before.doorbells, 2 * rounds);
}

struct canceller {
	int fd;
	uint64_t next;		/* the job that is submitted next */
	volatile bool stop;
	unsigned long cancelled;
};

static void *cancel_main(void *data)
{
	struct canceller *c = data;

	while (!c->stop) {
		uint64_t from = *(volatile uint64_t *)&c->next;

		for (uint64_t job = from; job < from + WIDE && !c->stop; job++) {
			struct nms_cancel cancel = { .job = job };

			c->cancelled += !nms_call(c->fd, NMS_IOCTL_CANCEL, &cancel);
		}
	}
	return NULL;
}

/*
 * A job of which the device has not been told yet, since the doorbell is rung for the whole
 * batch, can be cancelled like any other, and the device is not reset for it.
 */
TEST_F(uring, cancel_in_batch)
{
	struct canceller c = { .fd = self->fd, .next = 1 };
	struct nms_query_device before, after;
	static struct uring_job j[WIDE];
	struct io_uring ring;
	pthread_t thread;

	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_DEVICE, 0, &before, sizeof(before)));
	ASSERT_EQ(0, io_uring_queue_init(WIDE, &ring, 0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, cancel_main, &c));
	for (int r = 0; r < 30; r++) {
		for (int i = 0; i < WIDE; i++) {
			prepare(&j[i], (struct nms_cmd){ .op = NMS_CMD_NOP });
			ASSERT_NE(NULL, queue(&ring, self->fd, &j[i]));
		}
		ASSERT_EQ(WIDE, io_uring_submit(&ring));
		for (int i = 0; i < WIDE; i++) {
			int err = reap(&ring, NULL);

			EXPECT_TRUE(!err || err == -ECANCELED);
		}
		*(volatile uint64_t *)&c.next += WIDE;
	}
	c.stop = true;
	pthread_join(thread, NULL);
	io_uring_queue_exit(&ring);
	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_DEVICE, 0, &after, sizeof(after)));
	EXPECT_EQ(before.generation, after.generation);
	printf("# %lu cancelled\n", c.cancelled);
	EXPECT_GT(c.cancelled, 0);
}

static void integrity(struct __test_metadata *_metadata, struct io_uring *ring, int fd)
{
	static const size_t size[] = { 1, 4096, 4097, 100000, 3 << 20 };
	unsigned char *out = malloc(4 << 20), *in = malloc(4 << 20);
	struct uring_job j;
	uint32_t handle;

	ASSERT_NE(NULL, out);
	ASSERT_NE(NULL, in);
	ASSERT_EQ(0, nms_create(fd, 4 << 20, &handle));
	for (size_t i = 0; i < sizeof(size) / sizeof(size[0]); i++) {
		nms_pattern(out + i, size[i], i);
		prepare(&j, nms_copy(NMS_CMD_WRITE, handle, 13, out + i, size[i]));
		ASSERT_EQ(0, run_one(ring, fd, &j));
		EXPECT_EQ(size[i], j.result.bytes);
		prepare(&j, nms_copy(NMS_CMD_READ, handle, 13, in + 3, size[i]));
		ASSERT_EQ(0, run_one(ring, fd, &j));
		ASSERT_EQ(0, memcmp(out + i, in + 3, size[i]));
	}
	ASSERT_EQ(0, nms_destroy(fd, handle));
	free(out);
	free(in);
}

TEST_F(uring, integrity)
{
	integrity(_metadata, &self->ring, self->fd);
}

static void with_ring(struct __test_metadata *_metadata, int fd, unsigned int flags)
{
	struct io_uring_params p = { .flags = flags };
	struct io_uring ring;
	int err = io_uring_queue_init_params(DEPTH, &ring, &p);

	if (err)
		SKIP(return, "no such ring: %s", strerror(-err));
	integrity(_metadata, &ring, fd);
	io_uring_queue_exit(&ring);
}

TEST_F(uring, sqpoll)
{
	with_ring(_metadata, self->fd, IORING_SETUP_SQPOLL);
}

TEST_F(uring, big_entries)
{
	with_ring(_metadata, self->fd, IORING_SETUP_SQE128 | IORING_SETUP_CQE32);
}

TEST_F(uring, deferred)
{
	with_ring(_metadata, self->fd, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
}

/* Punted to a worker by the submitter's wish. */
TEST_F(uring, async)
{
	struct io_uring_sqe *sqe;
	struct uring_job j;

	prepare(&j, (struct nms_cmd){ .op = NMS_CMD_NOP });
	sqe = queue(&self->ring, self->fd, &j);
	sqe->flags |= IOSQE_ASYNC;
	ASSERT_EQ(1, io_uring_submit(&self->ring));
	EXPECT_EQ(0, reap(&self->ring, NULL));
	EXPECT_EQ(1, j.result.commands);
}

static int run_fixed(struct io_uring *ring, int fd, struct uring_job *j, int index)
{
	if (!queue_fixed(ring, fd, j, index))
		return -EBUSY;
	if (io_uring_submit(ring) != 1)
		return -EIO;
	return reap(ring, NULL);
}

TEST_F(uring, fixed)
{
	const size_t size = 1 << 20;
	unsigned char *memory = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec iov[2] = { { memory, size }, { memory + size, size } };
	struct uring_job j;
	uint32_t handle;

	ASSERT_NE(MAP_FAILED, (void *)memory);
	ASSERT_EQ(0, io_uring_register_buffers(&self->ring, iov, 2));
	ASSERT_EQ(0, nms_create(self->fd, size, &handle));
	nms_pattern(memory, size, 5);
	prepare(&j, nms_copy(NMS_CMD_WRITE, handle, 0, memory + 1, size - 1));
	ASSERT_EQ(0, run_fixed(&self->ring, self->fd, &j, 0));
	prepare(&j, nms_copy(NMS_CMD_READ, handle, 0, memory + size + 1, size - 1));
	ASSERT_EQ(0, run_fixed(&self->ring, self->fd, &j, 1));
	EXPECT_EQ(0, memcmp(memory + 1, memory + size + 1, size - 1));
	for (size_t at = 4090; at < 9000; at += 1001) {
		memset(memory + size, 0, size);
		prepare(&j, nms_copy(NMS_CMD_READ, handle, 0, memory + size + at, 5000));
		ASSERT_EQ(0, run_fixed(&self->ring, self->fd, &j, 1));
		EXPECT_EQ(0, memcmp(memory + 1, memory + size + at, 5000));
		EXPECT_EQ(0, memory[size + at - 1]);
		EXPECT_EQ(0, memory[size + at + 5000]);
	}
	/* Outside of the buffer, no such buffer, and no buffer at all. */
	prepare(&j, nms_copy(NMS_CMD_READ, handle, 0, memory + size - 10, 20));
	EXPECT_EQ(-EFAULT, run_fixed(&self->ring, self->fd, &j, 0));
	prepare(&j, nms_copy(NMS_CMD_READ, handle, 0, memory, 20));
	EXPECT_EQ(-EFAULT, run_fixed(&self->ring, self->fd, &j, 9));
	prepare(&j, nms_copy(NMS_CMD_READ, handle, 0, memory, 20));
	j.cmd.flags = NMS_CMD_FIXED;
	EXPECT_EQ(-EINVAL, run_one(&self->ring, self->fd, &j));
}

TEST_F(uring, malformed)
{
	struct io_uring_sqe *sqe;
	struct nms_uring_cmd payload;
	struct uring_job j;

#define BAD(expected, change) do {						\
	prepare(&j, (struct nms_cmd){ .op = NMS_CMD_NOP });			\
	payload = (struct nms_uring_cmd){ (uintptr_t)&j.submit, sizeof(j.submit), 0 }; \
	sqe = queue(&self->ring, self->fd, &j);					\
	ASSERT_NE(NULL, sqe);							\
	change;									\
	memcpy((void *)&sqe->addr3, &payload, sizeof(payload));			\
	ASSERT_EQ(1, io_uring_submit(&self->ring));				\
	EXPECT_EQ(expected, reap(&self->ring, NULL));				\
} while (0)
	BAD(0, (void)0);
	BAD(-ENOTTY, sqe->off = 0);
	BAD(-ENOTTY, sqe->off = NMS_IOCTL_SUBMIT);
	BAD(-EINVAL, payload.flags = 1);
	BAD(-EINVAL, payload.size = 0);
	BAD(-EINVAL, payload.size = 8);
	BAD(-EINVAL, payload.size = UINT32_MAX);
	BAD(-EFAULT, payload.address = 0);
	BAD(-EFAULT, payload.address = UINT64_MAX - 7);
	BAD(-EINVAL, j.submit.bad_field = 1);
	BAD(-EINVAL, j.submit.result_size = 0);
	BAD(-EFAULT, j.submit.result = 4096);
	BAD(-EINVAL, j.cmd.op = 99);
	BAD(-EBADF, j.cmd = nms_copy(NMS_CMD_READ, 77, 0, &payload, 1));
#undef BAD
}

/* Jobs of one ring that all move data at once. */
TEST_F(uring, depth)
{
	const size_t size = 50000;
	unsigned char *memory = malloc(DEPTH * size), *seen = malloc(DEPTH * size);
	struct uring_job j[DEPTH];
	uint32_t handle;

	ASSERT_NE(NULL, memory);
	ASSERT_NE(NULL, seen);
	ASSERT_EQ(0, nms_create(self->fd, DEPTH * size, &handle));
	nms_pattern(memory, DEPTH * size, 9);
	for (int pass = 0; pass < 2; pass++) {
		for (int i = 0; i < DEPTH; i++) {
			prepare(&j[i], nms_copy(pass ? NMS_CMD_READ : NMS_CMD_WRITE, handle,
						i * size, (pass ? seen : memory) + i * size, size));
			ASSERT_NE(NULL, queue(&self->ring, self->fd, &j[i]));
		}
		ASSERT_EQ(DEPTH, io_uring_submit(&self->ring));
		for (int i = 0; i < DEPTH; i++)
			ASSERT_EQ(0, reap(&self->ring, NULL));
	}
	EXPECT_EQ(0, memcmp(memory, seen, DEPTH * size));
	free(memory);
	free(seen);
}

/* Many jobs read into one page: what is then there is one of what they read. */
TEST_F(uring, same_memory)
{
	unsigned char data[4096], *page;
	struct uring_job j[DEPTH];
	uint32_t handle;

	if (!access("/sys/kernel/debug/dma-api", F_OK))
		SKIP(return, "with DMA_API_DEBUG this kernel warns of what is allowed");
	page = aligned_alloc(4096, 4096);
	ASSERT_NE(NULL, page);
	nms_pattern(data, sizeof(data), 6);
	ASSERT_EQ(0, nms_create(self->fd, sizeof(data), &handle));
	ASSERT_EQ(0, nms_transfer(self->fd, NMS_CMD_WRITE, handle, 0, data, sizeof(data)));
	for (int round = 0; round < 5; round++) {
		memset(page, 0, sizeof(data));
		for (int i = 0; i < DEPTH; i++) {
			prepare(&j[i], nms_copy(NMS_CMD_READ, handle, 0, page, sizeof(data)));
			ASSERT_NE(NULL, queue(&self->ring, self->fd, &j[i]));
		}
		ASSERT_EQ(DEPTH, io_uring_submit(&self->ring));
		for (int i = 0; i < DEPTH; i++)
			ASSERT_EQ(0, reap(&self->ring, NULL));
		EXPECT_EQ(0, memcmp(page, data, sizeof(data)));
	}
	free(page);
}

/* Whoever dies in the midst takes nothing with him that is not given back. */
TEST_F(uring, death)
{
	for (int round = 0; round < 5; round++) {
		const size_t size = 2 << 20;
		pid_t pid = fork();
		int status;

		ASSERT_GE(pid, 0);
		if (!pid) {
			int fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
			struct io_uring ring;
			struct uring_job j[8];
			char *memory = malloc(8 * size);
			uint32_t handle;

			if (fd < 0 || !memory || io_uring_queue_init(8, &ring, 0) ||
			    nms_create(fd, size, &handle))
				_exit(1);
			for (int i = 0; i < 8; i++) {
				prepare(&j[i], nms_copy(NMS_CMD_READ, handle, 0,
							memory + i * size, size));
				queue(&ring, fd, &j[i]);
			}
			io_uring_submit(&ring);
			raise(SIGKILL);
		}
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_TRUE(WIFSIGNALED(status));
	}
}

/* Pages pinned by contexts that died are given back soon. */
TEST_F(uring, death_unpins)
{
	struct nms_query_counters c;

	if (geteuid())
		SKIP(return, "needs root");
	for (int i = 0; i < 100; i++) {
		ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_DEVICE_COUNTERS, 0, &c, sizeof(c)));
		if (!c.pinned_pages)
			break;
		usleep(100000);
	}
	EXPECT_EQ(0, c.pinned_pages);
	EXPECT_EQ(0, c.lost_pages);
}

TEST_HARNESS_MAIN

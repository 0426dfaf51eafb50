// SPDX-License-Identifier: GPL-2.0-only
/* Data by ioctl: integrity at all sizes and alignments, jobs, errors, many threads. */
#include <poll.h>
#include <pthread.h>
#include <time.h>

#include "nms_test.h"

FIXTURE(data) {
	int fd;
};

FIXTURE_SETUP(data)
{
	self->fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(data)
{
	struct nms_query_counters c;

	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_CONTEXT, 0, &c, sizeof(c)));
	EXPECT_EQ(0, c.pinned_pages);
	close(self->fd);
}

TEST_F(data, nop)
{
	struct nms_cmd nop[64] = { { .op = NMS_CMD_NOP } };
	struct nms_job_result result;

	ASSERT_EQ(0, nms_run(self->fd, nop, 1, NULL));
	ASSERT_EQ(0, nms_run(self->fd, nop, 64, &result));
	EXPECT_EQ(64, result.commands);
	EXPECT_EQ(0, result.bytes);
}

/* There and back, with what lies beside left alone. */
static void round_trip(struct __test_metadata *_metadata, int fd, uint32_t handle,
		       unsigned char *memory, size_t align, uint64_t offset, size_t size)
{
	unsigned char *out = memory + align, *in = memory + size + 8192 + align;

	nms_pattern(out, size, size + align);
	memset(in - 1, 0xee, size + 2);
	ASSERT_EQ(0, nms_transfer(fd, NMS_CMD_WRITE, handle, offset, out, size));
	ASSERT_EQ(0, nms_transfer(fd, NMS_CMD_READ, handle, offset, in, size));
	ASSERT_EQ(0, memcmp(in, out, size));
	ASSERT_EQ(0xee, in[-1]);
	ASSERT_EQ(0xee, in[size]);
}

TEST_F(data, sizes)
{
	static const size_t size[] = { 1, 2, 3, 63, 64, 65, 511, 4095, 4096, 4097, 65537,
				       (1 << 20) - 1, (4 << 20) + 4097 };
	const size_t most = (4 << 20) + 4097;
	unsigned char *memory = malloc(2 * most + 32768);
	uint32_t handle;

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, nms_create(self->fd, most + 4096, &handle));
	for (size_t i = 0; i < sizeof(size) / sizeof(size[0]); i++)
		for (size_t align = 1; align < 4100; align = align * 5 + 3)
			round_trip(_metadata, self->fd, handle, memory + 4096, align, align % 4096,
				   size[i]);
	free(memory);
}

TEST_F(data, alignments)
{
	unsigned char *memory = malloc(65536);
	uint32_t handle;

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, nms_create(self->fd, 65536, &handle));
	for (size_t align = 1; align < 130; align++)
		round_trip(_metadata, self->fd, handle, memory, align, 3 * align, 5000);
	free(memory);
}

TEST_F(data, large)
{
	const size_t size = 64 << 20;
	unsigned char *out = malloc(size + 8192), *in = malloc(size + 8192);
	uint32_t handle;

	ASSERT_NE(NULL, out);
	ASSERT_NE(NULL, in);
	ASSERT_EQ(0, nms_create(self->fd, size, &handle));
	nms_pattern(out + 7, size, 1);
	ASSERT_EQ(0, nms_transfer(self->fd, NMS_CMD_WRITE, handle, 0, out + 7, size));
	ASSERT_EQ(0, nms_transfer(self->fd, NMS_CMD_READ, handle, 0, in + 11, size));
	ASSERT_EQ(0, memcmp(out + 7, in + 11, size));
	free(out);
	free(in);
}

/* Commands of a job run in order; the first error ends it. */
TEST_F(data, order)
{
	char a[] = "first", b[] = "other", seen[2][sizeof(a)] = { "", "" };
	struct nms_job_result result;
	struct nms_cmd cmd[6];
	uint32_t handle;

	ASSERT_EQ(0, nms_create(self->fd, 4096, &handle));
	cmd[0] = nms_copy(NMS_CMD_WRITE, handle, 0, a, sizeof(a));
	cmd[1] = nms_copy(NMS_CMD_READ, handle, 0, seen[0], sizeof(a));
	cmd[2] = nms_copy(NMS_CMD_WRITE, handle, 0, b, sizeof(b));
	cmd[3] = nms_copy(NMS_CMD_READ, handle, 0, seen[1], sizeof(b));
	cmd[4] = nms_copy(NMS_CMD_ZERO, handle, 0, NULL, 4096);
	cmd[5] = nms_copy(NMS_CMD_READ, handle, 0, b, sizeof(b));
	ASSERT_EQ(0, nms_run(self->fd, cmd, 6, &result));
	EXPECT_EQ(6, result.commands);
	EXPECT_EQ(5 * sizeof(a) + 4096, result.bytes);
	EXPECT_EQ(0, strcmp(seen[0], "first"));
	EXPECT_EQ(0, strcmp(seen[1], "other"));
	EXPECT_EQ(0, b[0]);
}

TEST_F(data, bad_commands)
{
	struct nms_cmd good, bad;
	char data[64];
	uint32_t handle;

	ASSERT_EQ(0, nms_create(self->fd, 4096, &handle));
	good = nms_copy(NMS_CMD_READ, handle, 0, data, sizeof(data));
	ASSERT_EQ(0, nms_run(self->fd, &good, 1, NULL));
#define BAD(expected, field, value) do {					\
	bad = good;								\
	bad.field = (value);							\
	EXPECT_EQ(expected, nms_run(self->fd, &bad, 1, NULL));			\
} while (0)
	BAD(-EINVAL, op, 99);
	BAD(-EINVAL, op, 0x11);
	BAD(-EINVAL, flags, 2);
	BAD(-EINVAL, flags, NMS_CMD_FIXED);
	BAD(-EINVAL, param, 1);
	BAD(-EINVAL, param_size, 1);
	BAD(-EINVAL, length, 0);
	BAD(-EINVAL, length, UINT64_MAX);
	BAD(-EINVAL, offset, UINT64_MAX);
	BAD(-EINVAL, address, UINT64_MAX);
	BAD(-ERANGE, length, 4097);
	BAD(-ERANGE, offset, 4090);
	BAD(-EBADF, handle, 999);
	BAD(-EFAULT, address, 4096);
	BAD(-EINVAL, op, NMS_CMD_NOP);
	BAD(-EINVAL, op, NMS_CMD_ZERO);
#undef BAD
}

TEST_F(data, bad_submit)
{
	struct nms_cmd nop[2] = { { .op = NMS_CMD_NOP } };
	struct nms_submit s;

#define BAD(expected, field, value) do {					\
	s = (struct nms_submit){ .commands = (uintptr_t)nop, .count = 1,	\
				 .command_size = sizeof(nop[0]) };		\
	s.field = (value);							\
	EXPECT_EQ(expected, nms_call(self->fd, NMS_IOCTL_SUBMIT, &s));		\
} while (0)
	BAD(-EINVAL, count, 0);
	BAD(-EINVAL, count, 65);
	BAD(-EINVAL, command_size, 0);
	BAD(-EINVAL, command_size, 1 << 20);
	BAD(-EINVAL, flags, 1);
	BAD(-EINVAL, bad_command, 1);
	BAD(-EINVAL, bad_field, 1);
	BAD(-EINVAL, job, 1);
	BAD(-EINVAL, result, 4096);
	BAD(-EINVAL, result_size, 8);
	BAD(-EFAULT, commands, 0);
	BAD(-EFAULT, commands, UINT64_MAX - 10);
#undef BAD
}

/* Longer commands are taken if what the kernel does not know is zero, shorter ones as zero. */
TEST_F(data, command_sizes)
{
	struct { struct nms_cmd cmd; uint64_t more; } cmd[2] = { { .cmd.op = NMS_CMD_NOP } };
	struct nms_submit s = { .commands = (uintptr_t)cmd, .count = 2,
				.command_size = sizeof(cmd[0]) };

	ASSERT_EQ(0, nms_call(self->fd, NMS_IOCTL_SUBMIT, &s));
	ASSERT_EQ(0, nms_wait(self->fd, s.job, UINT64_MAX, NULL));
	cmd[1].more = 1;
	s.job = 0;
	EXPECT_EQ(-E2BIG, nms_call(self->fd, NMS_IOCTL_SUBMIT, &s));
	EXPECT_EQ(2, s.bad_command);
	EXPECT_EQ(sizeof(cmd[1].cmd), s.bad_field);
	s.bad_command = 0;
	s.bad_field = 0;
	s.command_size = 4;
	ASSERT_EQ(0, nms_call(self->fd, NMS_IOCTL_SUBMIT, &s));
	ASSERT_EQ(0, nms_wait(self->fd, s.job, UINT64_MAX, NULL));
}

TEST_F(data, wait)
{
	struct nms_cancel c = { .job = 12345 };
	struct nms_cmd nop = { .op = NMS_CMD_NOP };
	struct pollfd p = { self->fd, POLLIN, 0 };
	uint64_t job;

	EXPECT_EQ(-ENOENT, nms_wait(self->fd, 12345, 0, NULL));
	EXPECT_EQ(-ENOENT, nms_call(self->fd, NMS_IOCTL_CANCEL, &c));
	EXPECT_EQ(0, poll(&p, 1, 0));
	ASSERT_EQ(0, nms_submit(self->fd, &nop, 1, &job));
	EXPECT_EQ(1, poll(&p, 1, 10000));
	EXPECT_EQ(POLLIN, p.revents & POLLIN);
	c.job = job;
	EXPECT_EQ(-ENOENT, nms_call(self->fd, NMS_IOCTL_CANCEL, &c));
	c.reserved = 1;
	EXPECT_EQ(-EINVAL, nms_call(self->fd, NMS_IOCTL_CANCEL, &c));
	EXPECT_EQ(0, nms_wait(self->fd, job, 0, NULL));
	EXPECT_EQ(-ENOENT, nms_wait(self->fd, job, 0, NULL));
	EXPECT_EQ(0, poll(&p, 1, 0));
}

TEST_F(data, too_many)
{
	struct nms_cmd nop = { .op = NMS_CMD_NOP };
	uint64_t job, first = 0;
	int n, err = 0;

	for (n = 0; n < 2000 && !err; n++) {
		err = nms_submit(self->fd, &nop, 1, &job);
		first = first ? first : job;
	}
	EXPECT_EQ(-EBUSY, err);
	EXPECT_EQ(1025, n);
	EXPECT_EQ(0, nms_wait(self->fd, first, UINT64_MAX, NULL));
	EXPECT_EQ(0, nms_submit(self->fd, &nop, 1, &job));
}

TEST_F(data, memlock)
{
	struct rlimit limit = { 65536, 65536 };
	char *memory = malloc(1 << 20);
	uint32_t handle;

	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_NE(NULL, memory);
	memset(memory, 1, 1 << 20);
	ASSERT_EQ(0, nms_create(self->fd, 1 << 20, &handle));
	ASSERT_EQ(0, nms_transfer(self->fd, NMS_CMD_WRITE, handle, 0, memory, 1 << 20));
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	ASSERT_EQ(0, seteuid(1000));
	EXPECT_EQ(-ENOMEM, nms_transfer(self->fd, NMS_CMD_WRITE, handle, 0, memory, 1 << 20));
	EXPECT_EQ(0, nms_transfer(self->fd, NMS_CMD_WRITE, handle, 0, memory, 16384));
	ASSERT_EQ(0, seteuid(0));
	free(memory);
}

/* Read-only memory can be written from, not read into. */
TEST_F(data, protection)
{
	char *memory = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint32_t handle;

	ASSERT_NE(MAP_FAILED, (void *)memory);
	ASSERT_EQ(0, nms_create(self->fd, 8192, &handle));
	EXPECT_EQ(0, nms_transfer(self->fd, NMS_CMD_WRITE, handle, 0, memory, 8192));
	EXPECT_EQ(-EFAULT, nms_transfer(self->fd, NMS_CMD_READ, handle, 0, memory, 8192));
	munmap(memory, 4096);
	EXPECT_EQ(-EFAULT, nms_transfer(self->fd, NMS_CMD_WRITE, handle, 0, memory, 8192));
}

struct worker {
	pthread_t thread;
	int fd, rounds;
	uint64_t seed;
	int err;
};

static void *work(void *data)
{
	struct worker *w = data;
	unsigned char out[20000], in[20000];
	uint32_t handle;

	w->err = nms_create(w->fd, sizeof(out), &handle);
	for (int i = 0; i < w->rounds && !w->err; i++) {
		size_t size = 1 + (w->seed * 7919 + i * 1009) % sizeof(out);

		nms_pattern(out, size, w->seed + i);
		w->err = nms_transfer(w->fd, NMS_CMD_WRITE, handle, 0, out, size);
		if (!w->err)
			w->err = nms_transfer(w->fd, NMS_CMD_READ, handle, 0, in, size);
		if (!w->err && memcmp(in, out, size))
			w->err = -EILSEQ;
	}
	return NULL;
}

/* Some threads share a context, others have their own. */
TEST_F(data, threads)
{
	struct worker w[12];

	for (int i = 0; i < 12; i++) {
		w[i] = (struct worker){ .fd = i < 6 ? self->fd : open(NMS_DEV, O_RDWR),
					.rounds = 20, .seed = i };
		ASSERT_EQ(0, pthread_create(&w[i].thread, NULL, work, &w[i]));
	}
	for (int i = 0; i < 12; i++) {
		pthread_join(w[i].thread, NULL);
		EXPECT_EQ(0, w[i].err);
		if (i >= 6)
			close(w[i].fd);
	}
}

/* Jobs in flight when the context goes: it goes all the same, and nothing is lost. */
TEST_F(data, close_early)
{
	const size_t size = 1 << 20;
	char *memory = malloc(8 * size);
	struct nms_cmd cmd;
	uint32_t handle;
	uint64_t job;

	ASSERT_NE(NULL, memory);
	for (int i = 0; i < 8; i++) {
		int fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);

		ASSERT_GE(fd, 0);
		ASSERT_EQ(0, nms_create(fd, size, &handle));
		for (int j = 0; j < 8; j++) {
			cmd = nms_copy(NMS_CMD_READ, handle, 0, memory + j * size, size);
			ASSERT_EQ(0, nms_submit(fd, &cmd, 1, &job));
		}
		close(fd);
	}
	free(memory);
}

TEST_HARNESS_MAIN

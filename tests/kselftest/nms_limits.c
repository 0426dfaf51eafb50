// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one user can take of what there is only so much of: contexts, names, commands,
 * near memory, pinned memory, kernel memory.
 */
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "nms_control.h"

#define USER 1000
#define MOST 1024	/* contexts, or names, of a user */
#define MEBI (1u << 20)

FIXTURE(limits) {
	int fd;
	char quota[32];
};

FIXTURE_SETUP(limits)
{
	struct rlimit files = { 4096, 4096 };

	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
	self->fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, chmod(NMS_DEV, 0666));
	get(SYSFS "near_quota", self->quota, sizeof(self->quota));
}

FIXTURE_TEARDOWN(limits)
{
	EXPECT_EQ(0, put(SYSFS "near_quota", self->quota));
	EXPECT_EQ(0, chmod(NMS_DEV, 0600));
	close(self->fd);
}

/* In a process of its own, as @user: its exit status. */
static int as_user(unsigned int user, int (*fn)(void *data), void *data)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		if (setgid(user) || setuid(user))
			_exit(99);
		_exit(fn(data));
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

/* ---- contexts ------------------------------------------------------------------------ */

static int open_one(void *data)
{
	int fd = open(NMS_DEV, O_RDWR);

	(void)data;
	return fd < 0;
}

/* As many as one user may have: no more for him, but for others. */
static int open_many(void *data)
{
	int pipes[2], n, last = -1, fd;
	char byte;

	for (n = 0; (fd = open(NMS_DEV, O_RDWR)) >= 0; n++)
		last = fd;
	if (n != MOST || errno != EDQUOT)
		return 1;
	/* One that goes makes room for one. */
	close(last);
	if (open(NMS_DEV, O_RDWR) < 0 || open(NMS_DEV, O_RDWR) >= 0)
		return 2;
	memcpy(pipes, data, sizeof(pipes));
	return write(pipes[0], "", 1) == 1 && read(pipes[1], &byte, 1) == 1 ? 0 : 3;
}

TEST_F(limits, contexts)
{
	int out[2], back[2], ends[2], status;
	pid_t pid;
	char byte;

	ASSERT_EQ(0, pipe(out));
	ASSERT_EQ(0, pipe(back));
	ends[0] = out[1];
	ends[1] = back[0];
	pid = fork();
	if (!pid)
		_exit(setuid(USER) ? 99 : open_many(ends));
	close(out[1]);
	ASSERT_EQ(1, read(out[0], &byte, 1));
	EXPECT_EQ(0, as_user(USER + 1, open_one, NULL));
	EXPECT_EQ(1, as_user(USER, open_one, NULL));
	EXPECT_EQ(0, open_one(NULL));
	ASSERT_EQ(1, write(back[1], "", 1));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	/* All have been given back. */
	EXPECT_EQ(0, as_user(USER, open_one, NULL));
}

/* ---- names ---------------------------------------------------------------------------- */

static int name_one(int fd, unsigned int user, unsigned int i, uint32_t handle)
{
	struct nms_dataset_create c = { .handle = handle, .mode = 0600 };

	snprintf(c.name, sizeof(c.name), "limits-%u-%u", user, i);
	return nms_call(fd, NMS_IOCTL_DATASET_CREATE, &c);
}

static void unlink_all(int fd, unsigned int user)
{
	struct nms_dataset_unlink u = { 0 };

	for (unsigned int i = 0; i <= MOST; i++) {
		snprintf(u.name, sizeof(u.name), "limits-%u-%u", user, i);
		nms_call(fd, NMS_IOCTL_DATASET_UNLINK, &u);
	}
}

/* They cost no near memory but the first: one page under as many names as may be. */
static int name_many(void *data)
{
	int fd = open(NMS_DEV, O_RDWR), err = 0;
	struct nms_dataset_unlink u = { .name = "limits-1000-7" };
	unsigned int n;
	uint32_t handle;

	(void)data;
	if (nms_create(fd, 4096, &handle))
		return 1;
	for (n = 0; n <= MOST && !err; n++)
		err = name_one(fd, USER, n, handle);
	if (err != -EDQUOT || n != MOST + 1)
		return 2;
	if (nms_call(fd, NMS_IOCTL_DATASET_UNLINK, &u) || name_one(fd, USER, 7, handle))
		return 3;
	return name_one(fd, USER, MOST, handle) == -EDQUOT ? 0 : 4;
}

static int name_another(void *data)
{
	int fd = open(NMS_DEV, O_RDWR);
	uint32_t handle;

	(void)data;
	return nms_create(fd, 4096, &handle) || name_one(fd, USER + 1, 0, handle);
}

TEST_F(limits, names)
{
	EXPECT_EQ(0, as_user(USER, name_many, NULL));
	EXPECT_EQ(0, as_user(USER + 1, name_another, NULL));
	unlink_all(self->fd, USER);
	unlink_all(self->fd, USER + 1);
	EXPECT_EQ(0, as_user(USER, name_many, NULL));
	unlink_all(self->fd, USER);
}

/* ---- commands --------------------------------------------------------------------------- */

/* Jobs that nobody waits for keep their place: one context may fill it, and no second. */
static int submit_many(void *data)
{
	int first = open(NMS_DEV, O_RDWR), second = open(NMS_DEV, O_RDWR), err = 0;
	struct nms_cmd nop[64] = { { .op = NMS_CMD_NOP } };
	uint64_t job, one = 0;
	int n;

	(void)data;
	for (n = 0; n < 1024 && !err; n++) {
		err = nms_submit(first, nop, 64, &job);
		one = one ? one : job;
	}
	if (err)
		return 1;
	if (nms_submit(first, nop, 1, &job) != -EBUSY || nms_submit(second, nop, 1, &job) != -EBUSY)
		return 2;
	if (nms_wait(first, one, UINT64_MAX, NULL) || nms_submit(second, nop, 64, &job))
		return 3;
	close(first);
	for (n = 0; n < 100 && !err; n++)
		err = nms_submit(second, nop, 64, &job);
	return err ? 4 : 0;
}

TEST_F(limits, commands)
{
	EXPECT_EQ(0, as_user(USER, submit_many, NULL));
	EXPECT_EQ(0, as_user(USER, submit_many, NULL));
}

/* ---- near memory --------------------------------------------------------------------------- */

/* Who made it is charged, whoever has it now, until the last one lets it go. */
static int passes_on(void *data)
{
	int fd = open(NMS_DEV, O_RDWR), *passed = data;
	struct nms_buffer_export e = { .access = NMS_ACCESS_READ };
	uint32_t handle;

	if (nms_create(fd, MEBI, &e.handle) || nms_call(fd, NMS_IOCTL_BUFFER_EXPORT, &e))
		return 1;
	if (nms_destroy(fd, e.handle) || nms_create(fd, 1, &handle) != -EDQUOT)
		return 2;
	/* Another context, another process of this user: the same account. */
	if (nms_create(open(NMS_DEV, O_RDWR), 1, &handle) != -EDQUOT)
		return 3;
	close(e.fd);
	if (nms_create(fd, MEBI, &handle))
		return 4;
	return *passed;
}

/* What others make of it does not count against them. */
static int receives(void *data)
{
	struct nms_buffer_import i = { .fd = *(int *)data };
	int fd = open(NMS_DEV, O_RDWR);
	uint32_t handle;

	return nms_call(fd, NMS_IOCTL_BUFFER_IMPORT, &i) || nms_create(fd, MEBI, &handle) ||
	       nms_create(fd, 1, &handle) != -EDQUOT;
}

TEST_F(limits, near_memory)
{
	struct nms_buffer_export e = { .access = NMS_ACCESS_READ };
	int zero = 0;

	ASSERT_EQ(0, put(SYSFS "near_quota", "1048576"));
	EXPECT_EQ(0, as_user(USER, passes_on, &zero));
	ASSERT_EQ(0, nms_create(self->fd, 4 * MEBI, &e.handle));
	ASSERT_EQ(0, nms_call(self->fd, NMS_IOCTL_BUFFER_EXPORT, &e));
	EXPECT_EQ(0, as_user(USER, receives, &e.fd));
	close(e.fd);
}

/* ---- pinned memory ------------------------------------------------------------------------- */

/* All commands of a job, and all jobs of a process, count together; what is refused, not at all. */
static int pins(void *data)
{
	struct rlimit limit = { 64 << 10, 64 << 10 };
	int fd = open(NMS_DEV, O_RDWR), other = open(NMS_DEV, O_RDWR);
	struct nms_cmd cmd[8];
	struct nms_submit s;
	uint32_t handle;
	int i;

	if (setrlimit(RLIMIT_MEMLOCK, &limit) || nms_create(fd, MEBI, &handle))
		return 1;
	for (i = 0; i < 8; i++)
		cmd[i] = nms_copy(NMS_CMD_READ, handle, 0, (char *)data + 16384 * i, 16384);
	for (int round = 0; round < 300; round++) {
		s = (struct nms_submit){ .commands = (uintptr_t)cmd, .count = 8,
					 .command_size = sizeof(cmd[0]) };
		if (nms_call(fd, NMS_IOCTL_SUBMIT, &s) != -ENOMEM || s.bad_command != 5)
			return 2;
		if (charged() || pinned(fd))
			return 3;
	}
	if (nms_run(fd, cmd, 4, NULL))
		return 4;
	/* A buffer of 1 MiB pins none of the caller's memory by itself. */
	return charged() || nms_create(other, MEBI, &handle) ? 5 : 0;
}

TEST_F(limits, pinned_memory)
{
	char *memory = aligned_alloc(4096, 1 << 18);

	memset(memory, 1, 1 << 18);
	EXPECT_EQ(0, as_user(USER, pins, memory));
	free(memory);
}

/* ---- kernel memory -------------------------------------------------------------------------- */

#define GROUP "/tmp/nms-cgroup"

static long group_kernel(void)
{
	return proc_number(GROUP "/one/memory.stat", "kernel ");
}

/* Jobs that are kept are memory of the kernel: the submitter's control group is charged. */
static int keeps_jobs(void *data)
{
	struct nms_cmd nop[64] = { { .op = NMS_CMD_NOP } };
	int fd = open(NMS_DEV, O_RDWR);
	long before = group_kernel(), after;
	uint64_t job;

	(void)data;
	for (int i = 0; i < 500; i++)
		if (nms_submit(fd, nop, 64, &job))
			return 1;
	after = group_kernel();
	printf("# 500 jobs: %ld KiB more are charged\n", (after - before) >> 10);
	/* Each has the 64 commands that the user gave, at least. */
	fflush(stdout);
	return after - before < 500 * 64 * (long)sizeof(nop[0]) ? 2 : 0;
}

static int in_group(void *data)
{
	if (put(GROUP "/one/cgroup.procs", "0"))
		return 40;
	return keeps_jobs(data);
}

TEST_F(limits, kernel_memory)
{
	pid_t pid;
	int status;

	mkdir(GROUP, 0755);
	if (mount("none", GROUP, "cgroup2", 0, NULL) ||
	    put(GROUP "/cgroup.subtree_control", "+memory") || mkdir(GROUP "/one", 0755) ||
	    group_kernel() < 0)
		SKIP(return, "this kernel does not charge control groups for memory");
	pid = fork();
	if (!pid)
		_exit(in_group(NULL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	rmdir(GROUP "/one");
	umount(GROUP);
}

TEST_HARNESS_MAIN

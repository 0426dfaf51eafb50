// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who sees what, and who may do what: attacks by one user or context on another.
 * Documentation/security.rst says what must hold; each statement names a test.
 */
#define _GNU_SOURCE
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "nms_blocks.h"
#include "nms_control.h"

#define USER 1000
#define SIZE (8u << 20)

FIXTURE(security) {
	int fd, other;
};

FIXTURE_SETUP(security)
{
	if (geteuid())
		SKIP(return, "needs root");
	self->fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	self->other = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	ASSERT_GE(self->other, 0);
}

FIXTURE_TEARDOWN(security)
{
	close(self->fd);
	close(self->other);
}

/* In a process of its own, as another user: 0, or what was refused wrongly. */
static int as_user(int (*fn)(int fd, void *data), int fd, void *data)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		if (setgid(USER) || setuid(USER))
			_exit(99);
		_exit(fn(fd, data));
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

/* ---- files ------------------------------------------------------------------------ */

static int may_open(int fd, void *path)
{
	int opened;

	(void)fd;
	opened = open(path, O_RDWR);
	if (opened >= 0)
		return 1;
	return errno == EACCES ? 0 : 2;
}

TEST_F(security, node)
{
	struct stat st;

	ASSERT_EQ(0, stat(NMS_DEV, &st));
	EXPECT_EQ(0, st.st_uid);
	EXPECT_EQ(0, st.st_mode & 0007);
	EXPECT_EQ(0, as_user(may_open, -1, NMS_DEV));
}

/* Nothing of it is there to be read or written; the only calls are those of nms.h. */
TEST_F(security, no_other_way_in)
{
	struct nms_buffer_export e = { .access = NMS_ACCESS_READ };
	char path[64], byte = 0;

	ASSERT_EQ(0, nms_create(self->fd, 4096, &e.handle));
	ASSERT_EQ(0, nms_call(self->fd, NMS_IOCTL_BUFFER_EXPORT, &e));
	for (int i = 0; i < 2; i++) {
		int fd = i ? e.fd : self->fd;

		EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0));
		EXPECT_EQ(-1, read(fd, &byte, 1));
		EXPECT_EQ(-1, write(fd, &byte, 1));
	}
	EXPECT_EQ(-ENOTTY, nms_call(e.fd, NMS_IOCTL_QUERY, &byte));
	/* Nor does a descriptor for reading become one for writing by being opened again. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", e.fd);
	EXPECT_EQ(-1, open(path, O_RDWR));
	close(e.fd);
}

static const char *const for_root[] = {
	SYSFS "recover", SYSFS "near_quota", PARAMETERS "timeout_ms", PARAMETERS "admin_timeout_ms",
	"/sys/kernel/debug/nms/nms0/buffers",
};

static int write_any(int fd, void *data)
{
	(void)fd;
	(void)data;
	for (size_t i = 0; i < sizeof(for_root) / sizeof(for_root[0]); i++)
		if (open(for_root[i], O_WRONLY) >= 0 || errno == ENOENT)
			return 1 + (int)i;
	if (open("/sys/kernel/debug/nms/nms0/buffers", O_RDONLY) >= 0)
		return 50;
	return 0;
}

TEST_F(security, sysfs)
{
	struct stat st;

	EXPECT_EQ(0, as_user(write_any, -1, NULL));
	ASSERT_EQ(0, stat(SYSFS "recover", &st));
	EXPECT_EQ(0200, st.st_mode & 0777);
	ASSERT_EQ(0, stat(SYSFS "near_quota", &st));
	EXPECT_EQ(0644, st.st_mode & 0777);
}

/* ---- energy ----------------------------------------------------------------------- */

static uint64_t computed(int fd)
{
	struct nms_query_counters c;
	uint64_t sum = 0;

	if (nms_query(fd, NMS_QUERY_CONTEXT, 0, &c, sizeof(c)))
		return UINT64_MAX;
	for (int i = 0; i < NMS_ENERGY_DOMAINS; i++)
		sum += c.energy[i];
	return sum + c.near_read + c.near_write + c.link_in + c.link_out + c.busy_cycles +
	       c.jobs + c.commands;
}

/* A context that does nothing learns nothing of what another does. */
TEST_F(security, energy_of_others)
{
	static struct nms_pipeline p;
	uint64_t before;

	ASSERT_EQ(0, nms_pipeline_init(&p, self->other));
	before = computed(self->fd);
	ASSERT_EQ(0, nms_run(self->other, p.cmd, 4, NULL));
	EXPECT_EQ(before, computed(self->fd));
	EXPECT_LT(before, computed(self->other));
}

static int keep_only(unsigned int cap)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = { 0 };

	d[cap / 32].effective = d[cap / 32].permitted = 1u << cap % 32;
	return syscall(SYS_capset, &h, d) ? -errno : 0;
}

static int device_counters(int fd)
{
	struct nms_query_counters c;

	return nms_query(fd, NMS_QUERY_DEVICE_COUNTERS, 0, &c, sizeof(c));
}

#define CAP_PERFMON_ 38

/* CAP_PERFMON alone is enough, and any other alone is not. */
TEST_F(security, energy_by_capability)
{
	for (unsigned int cap = 0; cap <= CAP_PERFMON_; cap++) {
		pid_t pid = fork();
		int status;

		if (!pid) {
			bool may = cap == CAP_PERFMON_ || cap == CAP_SYS_ADMIN;

			if (keep_only(cap))
				_exit(2);
			_exit(device_counters(self->fd) != (may ? 0 : -EPERM));
		}
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_EQ(0, status);
	}
}

/* Root of a namespace of his own is nobody here. */
static int namespace_root(int fd, void *data)
{
	struct nms_dataset_open o = { .name = "secret", .access = NMS_ACCESS_READ };
	struct nms_dataset_unlink u = { .name = "secret" };
	struct rlimit limit = { 0, 0 };
	uint32_t handle;

	if (unshare(CLONE_NEWUSER))
		return 40;
	if (device_counters(fd) != -EPERM)
		return 1;
	if (nms_call(fd, NMS_IOCTL_DATASET_OPEN, &o) != -EACCES)
		return 2;
	if (nms_call(fd, NMS_IOCTL_DATASET_UNLINK, &u) != -EPERM)
		return 3;
	if (nms_create(fd, 2 << 20, &handle) != -EDQUOT)
		return 4;
	if (nms_create(fd, 4096, &handle) || setrlimit(RLIMIT_MEMLOCK, &limit))
		return 5;
	return nms_transfer(fd, NMS_CMD_WRITE, handle, 0, data, 4096) == -ENOMEM ? 0 : 6;
}

static int name_it(int fd, const char *name, uint32_t handle, uint32_t mode)
{
	struct nms_dataset_create c = { .handle = handle, .mode = mode };

	snprintf(c.name, sizeof(c.name), "%s", name);
	return nms_call(fd, NMS_IOCTL_DATASET_CREATE, &c);
}

static int unlink_it(int fd, const char *name)
{
	struct nms_dataset_unlink u = { 0 };

	snprintf(u.name, sizeof(u.name), "%s", name);
	return nms_call(fd, NMS_IOCTL_DATASET_UNLINK, &u);
}

TEST_F(security, namespace)
{
	struct nms_query_device d;
	unsigned char data[4096] = { 0 };
	uint32_t handle;
	char text[32];
	int status;

	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_DEVICE, 0, &d, sizeof(d)));
	ASSERT_EQ(0, nms_create(self->other, 4096, &handle));
	ASSERT_EQ(0, name_it(self->other, "secret", handle, 0600));
	ASSERT_EQ(0, put(SYSFS "near_quota", "1048576"));
	status = as_user(namespace_root, self->fd, data);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)d.near_quota);
	ASSERT_EQ(0, put(SYSFS "near_quota", text));
	EXPECT_EQ(0, unlink_it(self->other, "secret"));
	if (status == 40)
		SKIP(return, "users may make no namespaces here");
	EXPECT_EQ(0, status);
}

/* ---- what is another context's ------------------------------------------------------ */

/* The number of a job means nothing elsewhere; it runs on, untouched. */
TEST_F(security, jobs_of_others)
{
	static struct nms_pipeline p;
	struct nms_job_progress progress;
	struct nms_job_result result;
	uint64_t job;

	ASSERT_EQ(0, nms_pipeline_init(&p, self->fd));
	nms_pipeline_endless(&p);
	ASSERT_EQ(0, nms_run(self->fd, p.cmd, 1, NULL));
	ASSERT_EQ(0, nms_submit(self->fd, &p.cmd[1], 1, &job));
	ASSERT_EQ(0, nms_wait_runs(self->fd, job, 0));
	for (uint64_t id = 0; id <= job + 3; id++) {
		EXPECT_EQ(-ENOENT, nms_cancel(self->other, id));
		EXPECT_EQ(-ENOENT, nms_wait(self->other, id, 0, &result));
		EXPECT_EQ(-ENOENT, nms_progress(self->other, id, &progress));
	}
	EXPECT_EQ(-ETIMEDOUT, nms_wait(self->fd, job, 0, &result));
	ASSERT_EQ(0, nms_cancel(self->fd, job));
	ASSERT_EQ(0, nms_wait(self->fd, job, UINT64_MAX, &result));
	EXPECT_EQ(-ECANCELED, result.error);
}

/* A number that is used again is the new buffer's, and no way to the old one. */
TEST_F(security, handles_used_again)
{
	unsigned char data[4096], seen[4096];
	uint32_t first, again, theirs;

	ASSERT_EQ(0, nms_create(self->fd, sizeof(data), &first));
	ASSERT_EQ(0, nms_create(self->other, sizeof(data), &theirs));
	memset(data, 0x5a, sizeof(data));
	ASSERT_EQ(0, nms_transfer(self->fd, NMS_CMD_WRITE, first, 0, data, sizeof(data)));
	ASSERT_EQ(0, nms_destroy(self->fd, first));
	EXPECT_EQ(-EBADF, nms_transfer(self->fd, NMS_CMD_READ, first, 0, seen, sizeof(seen)));
	/* Whoever takes what was given back finds zeros, by the same number or another. */
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, nms_create(self->fd, sizeof(data), &again));
		memset(seen, 0xee, sizeof(seen));
		ASSERT_EQ(0, nms_transfer(self->fd, NMS_CMD_READ, again, 0, seen, sizeof(seen)));
		for (size_t b = 0; b < sizeof(seen); b++)
			ASSERT_EQ(0, seen[b]);
	}
	/* Every number that is not one of its own. */
	for (uint32_t handle = theirs + 1; handle < theirs + 2000; handle++)
		ASSERT_EQ(-EBADF, nms_transfer(self->other, NMS_CMD_READ, handle, 0, seen, 16));
	EXPECT_EQ(-EBADF, nms_transfer(self->other, NMS_CMD_READ, UINT32_MAX, 0, seen, 16));
}

/* ---- contents that are left behind -------------------------------------------------- */

enum leaving { CLOSES, IS_KILLED, IS_KILLED_AT_RESET, LOSES_AN_ANSWER };

/* Leaves when it is told to, also if that is before it waits for it; and with its parent. */
static void victim(int ready)
{
	unsigned char *secret = malloc(SIZE);
	int fd = open(NMS_DEV, O_RDWR), number;
	struct nms_cmd cmd;
	uint32_t handle;
	uint64_t job;
	sigset_t told;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&told);
	sigaddset(&told, SIGTERM);
	sigprocmask(SIG_BLOCK, &told, NULL);
	memset(secret, 0x5a, SIZE);
	if (fd < 0 || nms_create(fd, SIZE, &handle) ||
	    nms_transfer(fd, NMS_CMD_WRITE, handle, 0, secret, SIZE))
		_exit(1);
	cmd = nms_copy(NMS_CMD_READ, handle, 0, secret, SIZE);
	if (nms_submit(fd, &cmd, 1, &job) || write(ready, "", 1) != 1)
		_exit(1);
	sigwait(&told, &number);
	_exit(0);
}

/* True: all of near memory but SIZE is taken, so that the next one gets the victim's. */
static bool take_the_rest(int fd)
{
	uint32_t handle;

	return !nms_create(fd, near_free(fd) - SIZE, &handle);
}

static void leave(struct __test_metadata *_metadata, enum leaving how, int control, pid_t pid)
{
	int status;

	if (how == LOSES_AN_ANSWER)
		ASSERT_TRUE(ask(control, "device fault admin drop 2"));
	kill(pid, how == CLOSES ? SIGTERM : SIGKILL);
	if (how == IS_KILLED_AT_RESET)
		ASSERT_EQ(0, put(SYSFS "recover", "1"));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(how != CLOSES, WIFSIGNALED(status));
	ASSERT_TRUE(wait_state("live", 30));
}

static void left_behind(struct __test_metadata *_metadata, FIXTURE_DATA(security) *self,
			enum leaving how)
{
	int pipes[2], control = control_open();
	unsigned char *seen = malloc(SIZE);
	uint32_t handle;
	int err = -1;
	pid_t pid;
	char byte;

	if (control < 0 && how == LOSES_AN_ANSWER)
		SKIP(return, "needs a device that can be told to fail");
	put(PARAMETERS "admin_timeout_ms", "1000");
	ASSERT_EQ(0, pipe(pipes));
	ASSERT_TRUE(take_the_rest(self->other));
	pid = fork();
	if (!pid)
		victim(pipes[1]);
	close(pipes[1]);
	ASSERT_EQ(1, read(pipes[0], &byte, 1));
	EXPECT_EQ(0, near_free(self->fd));
	leave(_metadata, how, control, pid);
	/* Its jobs may still have to end. */
	for (int i = 0; i < 200 && err; i++) {
		err = nms_create(self->fd, SIZE, &handle);
		usleep(err ? 20000 : 0);
	}
	ASSERT_EQ(0, err);
	memset(seen, 0xee, SIZE);
	ASSERT_EQ(0, nms_transfer(self->fd, NMS_CMD_READ, handle, 0, seen, SIZE));
	EXPECT_EQ(0, seen[0]);
	EXPECT_EQ(0, memcmp(seen, seen + 1, SIZE - 1));
	put(PARAMETERS "admin_timeout_ms", "30000");
	if (control >= 0)
		ask(control, "device clear");
	free(seen);
}

TEST_F_TIMEOUT(security, contents_after_close, 600)
{
	left_behind(_metadata, self, CLOSES);
}

TEST_F_TIMEOUT(security, contents_after_kill, 600)
{
	left_behind(_metadata, self, IS_KILLED);
}

TEST_F_TIMEOUT(security, contents_after_reset, 600)
{
	left_behind(_metadata, self, IS_KILLED_AT_RESET);
}

TEST_F_TIMEOUT(security, contents_after_lost_answer, 600)
{
	left_behind(_metadata, self, LOSES_AN_ANSWER);
}

/* ---- descriptors that are passed on -------------------------------------------------- */

/* With a descriptor that root has opened: what counts is who calls. */
static int use_passed(int fd, void *data)
{
	struct nms_dataset_open o = { .name = "secret", .access = NMS_ACCESS_READ };
	struct rlimit limit = { 16384, 16384 };
	uint32_t handle;

	if (device_counters(fd) != -EPERM)
		return 1;
	if (nms_call(fd, NMS_IOCTL_DATASET_OPEN, &o) != -EACCES)
		return 2;
	/* Near memory is charged to this user, host memory to this process. */
	if (nms_create(fd, 2 << 20, &handle) != -EDQUOT || nms_create(fd, 1 << 20, &handle))
		return 3;
	if (setrlimit(RLIMIT_MEMLOCK, &limit))
		return 4;
	if (nms_transfer(fd, NMS_CMD_WRITE, handle, 0, data, 1 << 20) != -ENOMEM)
		return 5;
	return charged() || nms_transfer(fd, NMS_CMD_WRITE, handle, 0, data, 8192) ? 6 : 0;
}

TEST_F(security, passed_context)
{
	void *data = calloc(1, 1 << 20);
	struct nms_query_device d;
	uint32_t handle;
	char text[32];

	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_DEVICE, 0, &d, sizeof(d)));
	ASSERT_EQ(0, nms_create(self->other, 4096, &handle));
	ASSERT_EQ(0, name_it(self->other, "secret", handle, 0600));
	ASSERT_EQ(0, put(SYSFS "near_quota", "1048576"));
	EXPECT_EQ(0, as_user(use_passed, self->fd, data));
	snprintf(text, sizeof(text), "%llu", (unsigned long long)d.near_quota);
	ASSERT_EQ(0, put(SYSFS "near_quota", text));
	EXPECT_EQ(0, unlink_it(self->other, "secret"));
	free(data);
}

/* ---- host memory ---------------------------------------------------------------------- */

/* The device writes where the caller may write, and nowhere else. */
TEST_F(security, memory_of_a_file)
{
	int file = memfd_create("nms", 0), reading;
	unsigned char out[4096], in[4096];
	unsigned char *map;
	uint32_t handle;
	char path[64];

	memset(out, 0x5a, sizeof(out));
	memset(in, 0x11, sizeof(in));
	ASSERT_EQ(0, nms_create(self->fd, sizeof(out), &handle));
	ASSERT_EQ(0, nms_transfer(self->fd, NMS_CMD_WRITE, handle, 0, out, sizeof(out)));
	ASSERT_EQ(sizeof(in), write(file, in, sizeof(in)));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	reading = open(path, O_RDONLY);
	ASSERT_GE(reading, 0);
	/* A private copy of a file that may only be read: the copy changes, the file does not. */
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, reading, 0);
	ASSERT_NE(MAP_FAILED, (void *)map);
	EXPECT_EQ(0x11, map[0]);
	ASSERT_EQ(0, nms_transfer(self->fd, NMS_CMD_READ, handle, 0, map, 4096));
	EXPECT_EQ(0x5a, map[0]);
	ASSERT_EQ(sizeof(in), pread(file, in, sizeof(in), 0));
	for (size_t i = 0; i < sizeof(in); i++)
		ASSERT_EQ(0x11, in[i]);
	munmap(map, 4096);
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, reading, 0);
	ASSERT_NE(MAP_FAILED, (void *)map);
	EXPECT_EQ(-EFAULT, nms_transfer(self->fd, NMS_CMD_READ, handle, 0, map, 4096));
	EXPECT_EQ(0x11, map[4095]);
	munmap(map, 4096);
}

/* Addresses of the kernel, and such as no processor has. */
TEST_F(security, addresses_of_the_kernel)
{
	static const uint64_t where[] = {
		0xffffffff81000000, 0xffff888000000000, 0xffffc90000000000, 0xffffffffff600000,
		0x8000000000000000, 0x0000800000000000, 0x00007ffffffff000, 0xfffffffffffff000, 0x1000,
	};
	static struct nms_pipeline p;

	ASSERT_EQ(0, nms_pipeline_init(&p, self->fd));
	for (size_t i = 0; i < sizeof(where) / sizeof(where[0]); i++) {
		struct nms_submit s = { .commands = where[i], .count = 2,
					.command_size = sizeof(struct nms_cmd) };
		struct nms_query q = { .type = NMS_QUERY_DEVICE, .size = 64, .data = where[i] };
		struct nms_cmd cmd = nms_copy(NMS_CMD_READ, p.input, 0, (void *)where[i], 64);

		EXPECT_EQ(-EFAULT, nms_call(self->fd, NMS_IOCTL_SUBMIT, &s));
		EXPECT_EQ(-EFAULT, nms_call(self->fd, NMS_IOCTL_QUERY, &q));
		EXPECT_EQ(-EFAULT, nms_call(self->fd, NMS_IOCTL_QUERY, (void *)where[i]));
		EXPECT_EQ(-EFAULT, nms_run(self->fd, &cmd, 1, NULL));
		cmd.op = NMS_CMD_WRITE;
		EXPECT_EQ(-EFAULT, nms_run(self->fd, &cmd, 1, NULL));
		cmd = p.cmd[0];
		cmd.param = where[i];
		EXPECT_EQ(-EFAULT, nms_run(self->fd, &cmd, 1, NULL));
		/* Where the result block should go is seen when there is one. */
		cmd = p.cmd[0];
		cmd.result = where[i];
		EXPECT_EQ(-EFAULT, nms_run(self->fd, &cmd, 1, NULL));
	}
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/*
 * System calls at random that know the grammar of nms.h, while allocations and
 * copies fail at random: process after process, each with threads that share
 * files, handles and jobs, and one that writes over the arguments of calls
 * meanwhile.  Processes die in the midst of it.  Between them, without faults,
 * the device must be empty again and do a plain job right.  What the driver did
 * wrong beside that is in the kernel's log.
 *
 * Arguments that got an answer which none got before are kept, and mutated further.
 *
 * Environment: nms_seconds (20), nms_seed (1), nms_calls (none: stop after as many
 * calls under faults).  The same seed makes the same calls; how the threads of a
 * process fall together is the machine's choice.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "nms_control.h"
#include "nms_fuzz_args.h"

/* ---- calls ----------------------------------------------------------------------------- */

static const unsigned long requests[] = {
	[OP_QUERY] = NMS_IOCTL_QUERY, [OP_CREATE] = NMS_IOCTL_BUFFER_CREATE,
	[OP_DESTROY] = NMS_IOCTL_BUFFER_DESTROY, [OP_EXPORT] = NMS_IOCTL_BUFFER_EXPORT,
	[OP_IMPORT] = NMS_IOCTL_BUFFER_IMPORT, [OP_NAME] = NMS_IOCTL_DATASET_CREATE,
	[OP_OPEN_NAME] = NMS_IOCTL_DATASET_OPEN, [OP_UNLINK] = NMS_IOCTL_DATASET_UNLINK,
	[OP_SUBMIT] = NMS_IOCTL_SUBMIT, [OP_WAIT] = NMS_IOCTL_WAIT,
	[OP_CANCEL] = NMS_IOCTL_CANCEL, [OP_PROGRESS] = NMS_IOCTL_PROGRESS,
};

/* Remember what a call has made, in the place of something else. */
static void remember(struct caller *c, enum op op, int dev)
{
	const union arg *a = &c->slot->arg;
	int i = below(&c->state, NHANDLES / DEVICES) * DEVICES + dev;
	int old;

	switch (op) {
	case OP_CREATE:
		world.handle[i] = a->create.handle;
		break;
	case OP_IMPORT:
		world.handle[i] = a->import.handle;
		break;
	case OP_OPEN_NAME:
		world.handle[i] = a->open.handle;
		break;
	case OP_SUBMIT:
	case OP_URING:
		world.job[i] = a->submit.job;
		break;
	case OP_EXPORT:
		i = below(&c->state, NPASSED);
		old = world.passed[i];
		world.passed[i] = a->export.fd;
		if (old > 2)
			close(old);
		break;
	default:
		break;
	}
}

static long do_ioctl(struct caller *c, enum op op, int dev)
{
	unsigned long request = requests[op];
	size_t size = _IOC_SIZE(request);
	unsigned char *at = (unsigned char *)&c->slot->arg;
	int err;

	if (one_in(&c->state, 30)) {
		/* Shorter, or longer, than this kernel knows. */
		size = below(&c->state, sizeof(union arg));
		request = (request & ~(_IOC_SIZEMASK << _IOC_SIZESHIFT)) |
			  (unsigned long)size << _IOC_SIZESHIFT;
	}
	if (one_in(&c->state, 60))
		at = (void *)(uintptr_t)any_address(c);
	err = ioctl(world.dev[dev], request, at) ? -errno : 0;
	if (!err)
		remember(c, op, dev);
	return err;
}

static void reap_done(struct caller *c)
{
	struct io_uring_cqe *cqe;

	while (!io_uring_peek_cqe(&c->ring, &cqe)) {
		answered(OP_URING_DONE, cqe->res);
		io_uring_cqe_seen(&c->ring, cqe);
	}
}

static long do_uring(struct caller *c, int dev)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&c->ring);
	int err;

	if (sqe) {
		memset(sqe, 0, sizeof(*sqe));
		sqe->opcode = IORING_OP_URING_CMD;
		sqe->fd = world.dev[dev];
		sqe->off = NMS_URING_SUBMIT;
		memcpy((void *)&sqe->addr3, &c->slot->payload, sizeof(c->slot->payload));
		if (one_in(&c->state, 6)) {
			c->slot->cmd[0].flags = NMS_CMD_FIXED;
			sqe->rw_flags = 1;	/* IORING_URING_CMD_FIXED */
		}
		if (one_in(&c->state, 8))
			sqe->flags = IOSQE_ASYNC;
		if (one_in(&c->state, 30))
			mutate(&c->state, &sqe->off, sizeof(*sqe) - 8);
	}
	/* Sometimes more than one in a batch. */
	if (one_in(&c->state, 4))
		return 0;
	err = io_uring_submit(&c->ring);
	if (err > 0)
		remember(c, OP_URING, dev);
	reap_done(c);
	return err < 0 ? err : 0;
}

static long do_open(int dev)
{
	int old = world.dev[dev];
	int fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	world.dev[dev] = fd;
	if (old > 2)
		close(old);
	return 0;
}

/* What flies in a socket when the process ends is for the kernel to collect. */
static long do_pass(struct caller *c)
{
	char room[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room,
			    .msg_controllen = sizeof(room) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	int fd = any_fd(c);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	return sendmsg(world.socket[0], &m, MSG_DONTWAIT) < 0 ? -errno : 0;
}

static long do_receive(struct caller *c)
{
	char room[CMSG_SPACE(sizeof(int))], byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room,
			    .msg_controllen = sizeof(room) };
	int i = below(&c->state, NPASSED), old = world.passed[i];
	struct cmsghdr *h;

	if (recvmsg(world.socket[1], &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
		return -errno;
	h = CMSG_FIRSTHDR(&m);
	if (!h || h->cmsg_type != SCM_RIGHTS)
		return 0;
	memcpy(&world.passed[i], CMSG_DATA(h), sizeof(int));
	if (old > 2)
		close(old);
	return 0;
}

static long do_fdinfo(int dev)
{
	char path[64], text[1024];
	long err;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", world.dev[dev]);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = read(fd, text, sizeof(text)) < 0 ? -errno : 0;
	close(fd);
	return err;
}

/* Under the feet of the device, which has it pinned. */
static long do_memory(struct caller *c)
{
	unsigned char *at = world.memory + below(&c->state, MEMORY / 4096 - 16) * 4096;
	size_t size = (1 + below(&c->state, 16)) * 4096;

	switch (below(&c->state, 4)) {
	case 0:
		return mprotect(at, size, below(&c->state, 4)) ? -errno : 0;
	case 1:
		return madvise(at, size, MADV_DONTNEED) ? -errno : 0;
	case 2:
		return munmap(at, size) ? -errno : 0;
	default:
		return mmap(at, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED ?
			       -errno : 0;
	}
}

/* To say so may itself fail, for what it copies, but not for ever. */
static void fail_me(const char *yes)
{
	while (put("/proc/thread-self/make-it-fail", yes))
		;
}

/*
 * The child has all files, and shares contexts and their jobs with its parent.  With
 * faults there would hardly be one.
 */
static long do_fork(struct caller *c, int dev)
{
	pid_t pid;

	fail_me("0");
	pid = fork();
	if (c->faults)
		fail_me("1");
	if (!pid) {
		for (int i = 0; i < 4; i++) {
			enum op op = below(&c->state, OP_LAST_IOCTL + 1);

			if (op == OP_WAIT)
				continue;
			fill(c, op, dev);
			ioctl(world.dev[dev], requests[op], &c->slot->arg);
		}
		_exit(0);
	}
	if (pid < 0)
		return -errno;
	waitpid(pid, NULL, 0);
	return 0;
}

/* What the file does not have. */
static long do_alien(struct caller *c, int dev)
{
	int fd = world.dev[dev];
	void *at;

	switch (below(&c->state, 4)) {
	case 0:
		return read(fd, c->slot, 16) < 0 ? -errno : 0;
	case 1:
		return write(fd, c->slot, 16) < 0 ? -errno : 0;
	case 2:
		at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (at == MAP_FAILED)
			return -errno;
		munmap(at, 4096);
		return 0;
	default:
		return ioctl(fd, (unsigned long)next(&c->state), c->slot) ? -errno : 0;
	}
}

static long call(struct caller *c, enum op op, int dev)
{
	struct pollfd p = { .fd = world.dev[dev], .events = POLLIN };

	switch (op) {
	case OP_URING:
	case OP_URING_DONE:
		return do_uring(c, dev);
	case OP_OPEN:
		return do_open(dev);
	case OP_CLOSE:
		/* One that is closed for good answers for all calls that follow. */
		return one_in(&c->state, 4) && close(world.dev[dev]) ? -errno : 0;
	case OP_PASS:
		return do_pass(c);
	case OP_RECEIVE:
		return do_receive(c);
	case OP_POLL:
		return poll(&p, 1, 0) < 0 ? -errno : 0;
	case OP_FDINFO:
		return do_fdinfo(dev);
	case OP_MEMORY:
		return do_memory(c);
	case OP_FORK:
		return do_fork(c, dev);
	case OP_ALIEN:
		return do_alien(c, dev);
	default:
		return do_ioctl(c, op, dev);
	}
}

static enum op any_op(struct caller *c)
{
	static const unsigned char weights[OP_COUNT] = {
		/* Seldom, what waits for the device. */
		[OP_QUERY] = 20, [OP_CREATE] = 5, [OP_DESTROY] = 2, [OP_EXPORT] = 14,
		[OP_IMPORT] = 6, [OP_NAME] = 10, [OP_OPEN_NAME] = 6, [OP_UNLINK] = 8,
		[OP_SUBMIT] = 24, [OP_WAIT] = 20, [OP_CANCEL] = 14, [OP_PROGRESS] = 20,
		[OP_URING] = 24, [OP_OPEN] = 2, [OP_CLOSE] = 1, [OP_PASS] = 10, [OP_RECEIVE] = 10,
		[OP_POLL] = 10, [OP_FDINFO] = 4, [OP_MEMORY] = 10, [OP_FORK] = 1, [OP_ALIEN] = 6,
	};
	unsigned int sum = 0, at;

	for (int i = 0; i < OP_COUNT; i++)
		sum += weights[i];
	at = below(&c->state, sum);
	for (int i = 0;; i++) {
		if (at < weights[i])
			return i;
		at -= weights[i];
	}
}

/* ---- one process ------------------------------------------------------------------------- */

static void *calls(void *arg)
{
	struct caller *c = arg;
	struct slot before;
	long err;

	if (c->faults)
		fail_me("1");
	for (unsigned int i = 0; i < c->calls; i++) {
		enum op op = any_op(c);
		int dev = below(&c->state, DEVICES);

		if (!recall(c, op, dev))
			fill(c, op, dev);
		spoil(c, op, op <= OP_LAST_IOCTL ? _IOC_SIZE(requests[op]) :
						   sizeof(struct nms_submit));
		before = *c->slot;
		err = call(c, op, dev);
		answered(op, err);
		keep(c, op, err, &before);
		if (c->faults)
			atomic_fetch_add(&shared->faulted, 1);
	}
	atomic_fetch_sub(&world.running, 1);
	return NULL;
}

/*
 * Far from all else: the driver writes where an address says, and one that has been
 * spoiled must not be that of what is counted.
 */
static void *map_at(uintptr_t at, size_t size)
{
	return mmap((void *)at, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
}

static void world_open(void)
{
	world.memory = map_at(0x200000000000, MEMORY);
	world.slots = map_at(0x300000000000, THREADS * sizeof(struct slot));
	if (world.memory == MAP_FAILED || world.slots == MAP_FAILED)
		_exit(2);
	for (int i = 0; i < NPASSED; i++)
		world.passed[i] = -1;
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, world.socket))
		_exit(2);
	for (int i = 0; i < DEVICES; i++) {
		world.dev[i] = open(NMS_DEV, O_RDWR | O_CLOEXEC);
		if (world.dev[i] < 0)
			_exit(2);
	}
	for (int i = 0; i < NHANDLES; i++)
		nms_create(world.dev[i % DEVICES], i % 3 ? 4096 : 20000, &world.handle[i]);
}

/* Its last thread writes over what the others are calling with. */
static void process(uint64_t seed)
{
	struct rlimit limit = { 1 << 18, 1 << 18 };
	static struct caller callers[THREADS];
	uint64_t state = seed, deadline = nms_now() + 10000000000ull;
	struct iovec iov;
	pthread_t thread;

	world_open();
	iov = (struct iovec){ world.memory, MEMORY };
	world.running = THREADS;
	for (int i = 0; i < THREADS; i++) {
		struct caller *c = &callers[i];

		*c = (struct caller){ .state = next(&state), .slot = &world.slots[i],
				      .calls = 200 + below(&state, 1000),
				      .faults = !one_in(&state, 10) };
		if (io_uring_queue_init(8, &c->ring, 0))
			_exit(2);
		if (one_in(&state, 2))
			io_uring_register_buffers(&c->ring, &iov, 1);
	}
	if (one_in(&state, 4))
		setrlimit(RLIMIT_MEMLOCK, &limit);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread, NULL, calls, &callers[i]))
			_exit(2);
	while (atomic_load(&world.running) && nms_now() < deadline) {
		struct slot *s = &world.slots[below(&state, THREADS)];

		if (one_in(&state, 8))
			mutate(&state, s, sizeof(*s));
		usleep(500);
	}
	/* Whatever is still in flight, and whatever is open. */
	_exit(0);
}

/* ---- between processes --------------------------------------------------------------------- */

static int dev;		/* of the first process, which has no faults */
static uint64_t empty;

static long vmstat(const char *key)
{
	return proc_number("/proc/vmstat", key);
}

static void unlink_all(void)
{
	struct nms_query_dataset info;
	struct nms_dataset_unlink u;

	while (!nms_query(dev, NMS_QUERY_DATASET, 0, &info, sizeof(info))) {
		memcpy(u.name, info.name, sizeof(u.name));
		if (nms_call(dev, NMS_IOCTL_DATASET_UNLINK, &u))
			break;
	}
}

static bool fine(bool condition, const char *what, uint64_t generation)
{
	if (!condition)
		printf("not ok after process %llu: %s\n", (unsigned long long)generation, what);
	fflush(stdout);
	return condition;
}

static bool plain_job(uint64_t generation)
{
	static unsigned char data[20000], seen[20000];
	uint32_t handle;
	int err = nms_create(dev, sizeof(data), &handle);

	nms_pattern(data, sizeof(data), generation);
	memset(seen, 0, sizeof(seen));
	if (!err)
		err = nms_transfer(dev, NMS_CMD_WRITE, handle, 0, data, sizeof(data));
	if (!err)
		err = nms_transfer(dev, NMS_CMD_READ, handle, 0, seen, sizeof(seen));
	nms_destroy(dev, handle);
	return !err && !memcmp(data, seen, sizeof(data));
}

/* All that is left behind is gone, a little later: files in sockets and rings go by workers. */
static bool quiet(uint64_t generation)
{
	bool good = false;

	unlink_all();
	for (int i = 0; i < 600 && !good; i++) {
		good = near_free(dev) == empty &&
		       vmstat("nr_foll_pin_acquired") == vmstat("nr_foll_pin_released");
		if (!good)
			usleep(50000);
	}
	if (!good)
		printf("# near memory %llu of %llu, pins %ld %ld\n",
		       (unsigned long long)near_free(dev), (unsigned long long)empty,
		       vmstat("nr_foll_pin_acquired"), vmstat("nr_foll_pin_released"));
	return fine(good, "near memory and pins are not back", generation) &
	       fine(pinned(dev) == 0, "pages pinned", generation) &
	       fine(plain_job(generation), "a plain job went wrong", generation);
}

static const char *const faults_by[] = { "failslab", "fail_page_alloc", "fail_usercopy" };

static void faults_on(uint64_t *state, bool small)
{
	char path[96], value[32];

	for (int i = 0; i < 3; i++) {
		const char *const set[][2] = {
			{ "task-filter", "Y" }, { "cache-filter", "N" }, { "ignore-gfp-wait", "N" },
			{ "ignore-gfp-highmem", "N" }, { "verbose", "0" }, { "interval", "1" },
			{ "probability", value }, { "min-order", small ? "0" : "1" },
		};

		snprintf(value, sizeof(value), "%u", 1 + below(state, 3));
		for (unsigned int k = 0; k < sizeof(set) / sizeof(set[0]); k++) {
			snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", faults_by[i],
				 set[k][0]);
			put(path, set[k][1]);
		}
	}
}

/* The kernel counts down. */
#define TIMES 2000000000ul

static void times_path(int i, char *path, size_t size)
{
	snprintf(path, size, "/sys/kernel/debug/%s/times", faults_by[i]);
}

static void faults_count(void)
{
	char path[96], value[32];

	snprintf(value, sizeof(value), "%lu", TIMES);
	for (int i = 0; i < 3; i++) {
		times_path(i, path, sizeof(path));
		put(path, value);
	}
}

static unsigned long injected(int i)
{
	char path[96];

	times_path(i, path, sizeof(path));
	return TIMES - number(path);
}

static bool run_process(uint64_t *state, uint64_t generation)
{
	uint64_t seed = next(state), kill_at = 0, now = nms_now();
	pid_t pid;

	if (one_in(state, 3))
		kill_at = now + 1000000ull * below(state, 5000);
	fflush(stdout);
	pid = fork();
	if (!pid)
		process(seed);
	for (uint64_t end = now + 120000000000ull; nms_now() < end; usleep(2000)) {
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return true;
		if ((kill_at && nms_now() > kill_at) || nms_now() > now + 10000000000ull)
			kill(pid, SIGKILL);
	}
	return fine(false, "it does not die", generation);
}

/* ---- what came of it ----------------------------------------------------------------------- */

static void report(void)
{
	static const char *const names[OP_COUNT] = {
		"query", "create", "destroy", "export", "import", "name", "open-name", "unlink",
		"submit", "wait", "cancel", "progress", "uring", "uring-done", "open", "close",
		"pass", "receive", "poll", "fdinfo", "memory", "fork", "alien",
	};
	unsigned long long all = 0;

	for (int op = 0; op < OP_COUNT; op++) {
		printf("# %-10s %8llu:", names[op], shared->calls[op]);
		for (int err = 0; err < MOST_ERRNO; err++)
			if (shared->answers[op][err])
				printf(" %s %llu", err ? strerrorname_np(err) ?: "?" : "0",
				       shared->answers[op][err]);
		printf("\n");
		all += op == OP_URING_DONE ? 0 : shared->calls[op];
	}
	printf("# %llu calls, %llu of them under faults; faults: %lu slab, %lu page, %lu usercopy\n",
	       all, shared->faulted, injected(0), injected(1), injected(2));
	printf("# %u answers told apart (call, error, field at fault), %u inputs kept\n",
	       shared->fresh, shared->kept < CORPUS ? shared->kept : CORPUS);
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

int main(void)
{
	uint64_t seconds = setting("nms_seconds", 20), seed = setting("nms_seed", 1);
	uint64_t most = setting("nms_calls", UINT64_MAX), begin = nms_now(), generation;
	uint64_t state = seed, second = 1000000000ull;
	bool good = true;

	if (geteuid() || access("/proc/self/make-it-fail", F_OK)) {
		printf("1..0 # SKIP needs root and a kernel with fault injection\n");
		return KSFT_SKIP;
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	dev = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	if (shared == MAP_FAILED || dev < 0)
		return 1;
	empty = near_free(dev);
	printf("# seed %llu\n", (unsigned long long)seed);
	faults_count();
	faults_on(&state, false);
	for (generation = 1; good; generation++) {
		good = run_process(&state, generation);
		if (generation % 8 == 0)
			good &= quiet(generation);
		if (generation % 16 == 0) {
			printf("# %llu s, %llu processes, %llu calls under faults\n",
			       (unsigned long long)((nms_now() - begin) / second),
			       (unsigned long long)generation, shared->faulted);
			/* Single pages only late: their failing turns DMA_API_DEBUG off. */
			faults_on(&state, nms_now() - begin > seconds * second / 2);
		}
		if (nms_now() - begin > seconds * second || shared->faulted > most)
			break;
	}
	good = good && quiet(generation);
	report();
	close(dev);
	return !good;
}

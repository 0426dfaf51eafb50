// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "mock_kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "kernel.h"

#define FDS 1024
#define HANDLES 64
#define JOBS 64
#define NAMES 8
#define PAGE 4096u

struct buffer {
	unsigned int refs;
	uint64_t size;
	unsigned char *bytes;
};

struct handle {
	struct buffer *buffer;
	uint32_t access;
};

struct job {
	uint64_t id;
	bool started, ended, cancelled;
	unsigned int count;
	struct nms_cmd *cmds;
	struct nms_job_result result;
	struct nms_submit *ring_submit;	/* by io_uring: where its id and result go */
};

struct context {
	bool open;
	struct handle handles[HANDLES];
	struct job jobs[JOBS];
	uint64_t last_id;
};

struct dataset {
	struct buffer *buffer;
	struct nms_query_dataset about;
};

struct kernel_ring {
	struct context *context;
	struct nms_submit *submit;
	uint64_t id;
	int refused, looks;
};

struct mock mock;
static struct context contexts[FDS];
static struct dataset datasets[NAMES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __real_close(int fd);
int __wrap_close(int fd);
int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
int __real_stat64(const char *path, struct stat *st);
int __wrap_stat64(const char *path, struct stat *st);
size_t __wrap_nms_kernel_nodes(const char *dir, char (*nodes)[NMS_NODE_SIZE], size_t room);
int __wrap_nms_kernel_ring_probe(char *why, size_t size);
int __wrap_nms_kernel_ring_open(struct kernel_ring **ring);
void __wrap_nms_kernel_ring_close(struct kernel_ring *ring);
int __wrap_nms_kernel_ring_submit(struct kernel_ring *ring, int fd, struct nms_submit *submit);
int __wrap_nms_kernel_ring_wait(struct kernel_ring *ring, bool forever, int *res);

/* ---- near memory ------------------------------------------------------------ */

static struct buffer *buffer_new(uint64_t size)
{
	struct buffer *b = calloc(1, sizeof(*b));

	b->refs = 1;
	b->size = (size + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	b->bytes = calloc(1, b->size);
	mock.about.near_free -= b->size;
	return b;
}

static void buffer_put(struct buffer *b)
{
	if (--b->refs)
		return;
	mock.about.near_free += b->size;
	free(b->bytes);
	free(b);
}

static int handle_new(struct context *c, struct buffer *b, uint32_t access, uint32_t *handle)
{
	uint32_t i;

	for (i = 1; i < HANDLES; i++) {
		if (c->handles[i].buffer)
			continue;
		b->refs++;
		c->handles[i] = (struct handle){ b, access };
		*handle = i;
		return 0;
	}
	return -EMFILE;
}

static struct handle *handle_get(struct context *c, uint32_t handle)
{
	return handle < HANDLES && c->handles[handle].buffer ? &c->handles[handle] : NULL;
}

static int handle_drop(struct context *c, uint32_t handle)
{
	struct handle *h = handle_get(c, handle);

	if (!h)
		return -EBADF;
	buffer_put(h->buffer);
	h->buffer = NULL;
	return 0;
}

static int buffer_create(struct context *c, struct nms_buffer_create *arg)
{
	struct buffer *b;
	int ret;

	if (!arg->size || arg->size > mock.about.near_size)
		return -EINVAL;
	if (arg->size > mock.about.near_free)
		return -ENOSPC;
	b = buffer_new(arg->size);
	ret = handle_new(c, b, NMS_ACCESS_READ | NMS_ACCESS_WRITE, &arg->handle);
	arg->size = b->size;
	buffer_put(b);
	return ret;
}

/* ---- datasets ------------------------------------------------------------------ */

static struct dataset *dataset_find(const char *name)
{
	int i;

	for (i = 0; i < NAMES; i++)
		if (datasets[i].buffer && !strcmp(datasets[i].about.name, name))
			return &datasets[i];
	return NULL;
}

static int dataset_create(struct context *c, const struct nms_dataset_create *arg)
{
	struct handle *h = handle_get(c, arg->handle);
	int i;

	if (!h)
		return -EBADF;
	if (dataset_find(arg->name))
		return -EEXIST;
	for (i = 0; i < NAMES && datasets[i].buffer; i++)
		;
	if (i == NAMES)
		return -ENFILE;
	h->buffer->refs++;
	datasets[i].buffer = h->buffer;
	datasets[i].about = (struct nms_query_dataset){
		.size = h->buffer->size, .uid = 1000, .gid = 100, .mode = arg->mode,
		.generation = 7, .rows = arg->rows, .stride = arg->stride, .cols = arg->cols,
		.dtype = arg->dtype,
	};
	memcpy(datasets[i].about.name, arg->name, sizeof(arg->name));
	return 0;
}

static int dataset_open(struct context *c, struct nms_dataset_open *arg)
{
	struct dataset *d = dataset_find(arg->name);

	if (!d)
		return -ENOENT;
	if ((arg->access & NMS_ACCESS_READ && !(d->about.mode & 0400)) ||
	    (arg->access & NMS_ACCESS_WRITE && !(d->about.mode & 0200)))
		return -EACCES;
	arg->info = mock.lie ? mock.lies : d->about;
	return handle_new(c, d->buffer, arg->access, &arg->handle);
}

static int dataset_unlink(const struct nms_dataset_unlink *arg)
{
	struct dataset *d = dataset_find(arg->name);

	if (!d)
		return -ENOENT;
	buffer_put(d->buffer);
	d->buffer = NULL;
	return 0;
}

static int dataset_query(uint32_t index, struct nms_query_dataset *q)
{
	int i;

	for (i = 0; i < NAMES; i++) {
		if (!datasets[i].buffer || index--)
			continue;
		*q = mock.lie ? mock.lies : datasets[i].about;
		return 0;
	}
	return -ENOENT;
}

/* ---- jobs ------------------------------------------------------------------------- */

static int run_gather(struct context *c, const struct nms_cmd *cmd)
{
	struct nms_hw_gather g;
	struct handle *in, *index;
	uint64_t i, row;
	uint32_t at;

	memcpy(&g, (void *)(uintptr_t)cmd->param, sizeof(g));
	in = handle_get(c, g.input.near.range);
	index = handle_get(c, g.index.near.range);
	if (!in || !index || g.input.near.generation || g.index.near.generation)
		return -EBADF;
	row = g.input.cols * (uint64_t)nms_dtype_size((enum nms_dtype)g.input.dtype);
	if (g.index.count * row > cmd->length)
		return -EINVAL;
	for (i = 0; i < g.index.count; i++) {
		memcpy(&at, index->buffer->bytes + g.index.near.offset + 4 * i, 4);
		memcpy((char *)(uintptr_t)cmd->address + i * row,
		       in->buffer->bytes + g.input.near.offset + at * g.input.stride, row);
	}
	return 0;
}

static int run_data(struct context *c, const struct nms_cmd *cmd)
{
	void *host = (void *)(uintptr_t)cmd->address;
	struct handle *h = handle_get(c, cmd->handle);

	if (!h)
		return -EBADF;
	if (!(h->access & (cmd->op == NMS_CMD_READ ? NMS_ACCESS_READ : NMS_ACCESS_WRITE)))
		return -EACCES;
	if (cmd->offset > h->buffer->size || cmd->length > h->buffer->size - cmd->offset)
		return -ERANGE;
	if (cmd->op == NMS_CMD_WRITE)
		memcpy(h->buffer->bytes + cmd->offset, host, cmd->length);
	else if (cmd->op == NMS_CMD_READ)
		memcpy(host, h->buffer->bytes + cmd->offset, cmd->length);
	else
		memset(h->buffer->bytes + cmd->offset, 0, cmd->length);
	return 0;
}

static int run_cmd(struct context *c, const struct nms_cmd *cmd)
{
	struct nms_hw_param_header header;

	if (cmd->op == NMS_CMD_NOP)
		return cmd->handle || cmd->offset || cmd->length || cmd->address ? -EINVAL : 0;
	if (cmd->op < NMS_CMD_REDUCE)
		return run_data(c, cmd);
	memcpy(&header, (void *)(uintptr_t)cmd->param, sizeof(header));
	mock.last_profile = header.profile;
	return cmd->op == NMS_CMD_GATHER ? run_gather(c, cmd) : 0;
}

/* Costs that a test can tell apart: a picojoule and a byte for each byte moved. */
static void write_result(const struct nms_cmd *cmd, uint32_t status)
{
	struct nms_hw_result r = {
		.version = 1, .opcode = (uint16_t)cmd->op, .size = sizeof(r), .status = status,
		.profile = NMS_HW_PROFILE_FMA, .numerics = 1, .count = 5, .switches = 1,
		.error_field = offsetof(struct nms_hw_gather, index), .error_row = 3, .error_col = 4,
	};

	r.energy[NMS_HW_LINK] = cmd->length;
	r.link_in = cmd->op == NMS_CMD_WRITE ? cmd->length : 0;
	r.nanoseconds[0] = 1;
	if (cmd->result)
		memcpy((void *)(uintptr_t)cmd->result, &r,
		       cmd->result_size < sizeof(r) ? cmd->result_size : sizeof(r));
}

/* Also in a signal handler of the caller's: nothing is freed here. */
static void end_job(struct job *j)
{
	j->ended = true;
	if (j->ring_submit)
		*(struct nms_job_result *)(uintptr_t)j->ring_submit->result = j->result;
	pthread_cond_broadcast(&changed);
}

static void run_job(struct context *c, struct job *j)
{
	unsigned int i;
	int err = 0;

	j->started = true;
	for (i = 0; i < j->count && !err; i++) {
		if (mock.gone)
			err = -ENODEV;
		else if (mock.job_error && i == mock.fail_at)
			err = -mock.job_error;
		else
			err = run_cmd(c, &j->cmds[i]);
		if (!mock.gone)
			write_result(&j->cmds[i], err ? mock.job_status : 0);
		if (!err)
			j->result.bytes += j->cmds[i].length;
	}
	j->result.error = err;
	j->result.commands = err ? i - 1 : i;
	if (err) {
		j->result.status = mock.job_status;
		j->result.detail = mock.job_detail;
	}
	end_job(j);
}

static uint64_t pinned(const struct nms_cmd *cmd)
{
	uint64_t first = cmd->address & ~(uint64_t)(PAGE - 1);

	return cmd->address ? ((cmd->address + cmd->length + PAGE - 1) & ~(uint64_t)(PAGE - 1)) -
	       first : 0;
}

static int refuse(struct nms_submit *s, int error, unsigned int command, uint32_t field)
{
	s->bad_command = command;
	s->bad_field = field;
	return error;
}

static int check_submit(struct nms_submit *s)
{
	const struct nms_cmd *cmds = (void *)(uintptr_t)s->commands;
	uint64_t sum = 0;
	unsigned int i;

	if (s->job || s->bad_command || s->bad_field || s->flags ||
	    s->command_size != sizeof(*cmds))
		return -EINVAL;
	if (!s->count || s->count > mock.about.max_commands)
		return -EINVAL;
	if (mock.refuse)
		return refuse(s, -mock.refuse, mock.bad_command, mock.bad_field);
	for (i = 0; i < s->count; i++) {
		if (cmds[i].length > mock.about.max_transfer && cmds[i].address)
			return refuse(s, -EINVAL, i + 1, offsetof(struct nms_cmd, length));
		sum += pinned(&cmds[i]);
	}
	if (sum > mock.most_pinned)
		mock.most_pinned = sum;
	return 0;
}

/* Under the lock.  The job's id reaches the caller before it starts. */
static struct job *submit(struct context *c, struct nms_submit *s, int *error)
{
	struct job *j;
	int i;

	*error = mock.gone ? -ENODEV : check_submit(s);
	if (*error)
		return NULL;
	for (i = 0; i < JOBS && c->jobs[i].id; i++)
		;
	if (i == JOBS) {
		*error = -EBUSY;
		return NULL;
	}
	j = &c->jobs[i];
	free(j->cmds);
	memset(j, 0, sizeof(*j));
	j->id = ++c->last_id;
	j->count = s->count;
	j->cmds = malloc(s->count * sizeof(*j->cmds));
	memcpy(j->cmds, (void *)(uintptr_t)s->commands, s->count * sizeof(*j->cmds));
	mock.commands += s->count;
	mock.jobs++;
	return j;
}

static struct job *job_find(struct context *c, uint64_t id)
{
	int i;

	for (i = 0; i < JOBS; i++)
		if (id && c->jobs[i].id == id)
			return &c->jobs[i];
	return NULL;
}

static int do_submit(struct context *c, struct nms_submit *s)
{
	struct job *j;
	int ret;

	if (s->result || s->result_size)
		return -EINVAL;
	j = submit(c, s, &ret);
	if (!j)
		return ret;
	s->job = j->id;
	if (!mock.hold)
		run_job(c, j);
	pthread_cond_broadcast(&changed);
	return 0;
}

static int do_wait(struct context *c, struct nms_wait *w)
{
	struct job *j = job_find(c, w->job);

	if (!j)
		return -ENOENT;
	while (!j->ended)
		pthread_cond_wait(&changed, &lock);
	w->result = j->result;
	j->id = 0;
	return 0;
}

static int do_cancel(struct context *c, const struct nms_cancel *arg)
{
	struct job *j = job_find(c, arg->job);

	if (!j || j->ended)
		return -ENOENT;
	j->result.error = -ECANCELED;
	end_job(j);
	return 0;
}

static int do_progress(struct context *c, struct nms_job_progress *p)
{
	struct job *j = job_find(c, p->job);

	if (!j)
		return -ENOENT;
	p->command = j->count - 1;
	p->commands = j->count;
	p->phase = NMS_HW_PHASE_EMBED;
	p->state = NMS_PROGRESS_RUNS;
	p->done = 30;
	p->total = 100;
	return 0;
}

/* ---- ioctls ----------------------------------------------------------------------- */

static int do_query(const struct nms_query *q, uint32_t *size)
{
	struct nms_query_counters counters = { .energy = { 1, 2, 3, 4, 5 }, .commands = 9 };
	struct nms_query_dataset dataset;
	const void *answer;
	int ret = 0;

	switch (q->type) {
	case NMS_QUERY_DEVICE:
		answer = &mock.about;
		*size = sizeof(mock.about);
		break;
	case NMS_QUERY_PROFILE:
		if (q->index >= mock.nprofiles)
			return -ENOENT;
		answer = &mock.profiles[q->index];
		*size = sizeof(mock.profiles[0]);
		break;
	case NMS_QUERY_DATASET:
		ret = dataset_query(q->index, &dataset);
		answer = &dataset;
		*size = sizeof(dataset);
		break;
	case NMS_QUERY_DEVICE_COUNTERS:
		answer = &counters;
		*size = sizeof(counters);
		break;
	default:
		return -EINVAL;
	}
	if (mock.query_known && (uint32_t)mock.query_known < *size)
		*size = (uint32_t)mock.query_known;
	if (!ret)
		memcpy((void *)(uintptr_t)q->data, answer, *size < q->size ? *size : q->size);
	return ret;
}

union arg {
	unsigned char bytes[512];
	struct nms_query query;
	struct nms_buffer_create buffer_create;
	struct nms_buffer_destroy buffer_destroy;
	struct nms_dataset_create dataset_create;
	struct nms_dataset_open dataset_open;
	struct nms_dataset_unlink dataset_unlink;
	struct nms_submit submit;
	struct nms_wait wait;
	struct nms_cancel cancel;
	struct nms_job_progress progress;
};

static int dispatch(struct context *c, unsigned long request, union arg *arg)
{
	if (mock.gone && request != NMS_IOCTL_WAIT)
		return -ENODEV;
	switch (request) {
	case NMS_IOCTL_QUERY:
		return do_query(&arg->query, &arg->query.size);
	case NMS_IOCTL_BUFFER_CREATE:
		return buffer_create(c, &arg->buffer_create);
	case NMS_IOCTL_BUFFER_DESTROY:
		return handle_drop(c, arg->buffer_destroy.handle);
	case NMS_IOCTL_DATASET_CREATE:
		return dataset_create(c, &arg->dataset_create);
	case NMS_IOCTL_DATASET_OPEN:
		return dataset_open(c, &arg->dataset_open);
	case NMS_IOCTL_DATASET_UNLINK:
		return dataset_unlink(&arg->dataset_unlink);
	case NMS_IOCTL_SUBMIT:
		return do_submit(c, &arg->submit);
	case NMS_IOCTL_WAIT:
		return do_wait(c, &arg->wait);
	case NMS_IOCTL_CANCEL:
		return do_cancel(c, &arg->cancel);
	case NMS_IOCTL_PROGRESS:
		return do_progress(c, &arg->progress);
	default:
		return -ENOTTY;
	}
}

/* As copy_struct_from_user(): what this kernel does not know must be zero. */
static int copy_in(union arg *arg, const unsigned char *user, size_t size, size_t known)
{
	size_t i;

	for (i = known; i < size; i++)
		if (user[i])
			return -E2BIG;
	memset(arg, 0, sizeof(*arg));
	memcpy(arg, user, size < known ? size : known);
	return 0;
}

static int call(struct context *c, unsigned long request, void *user)
{
	unsigned int nr = MOCK_NR(request);
	size_t size = _IOC_SIZE(request), known = mock.known[nr] ? (size_t)mock.known[nr] : size;
	union arg arg;
	int ret;

	mock.calls[nr]++;
	if (mock.eintr[nr] > 0) {
		mock.eintr[nr]--;
		return -EINTR;
	}
	if (mock.error[nr])
		return -mock.error[nr];
	ret = copy_in(&arg, user, size, known);
	if (ret)
		return ret;
	ret = dispatch(c, request, &arg);
	if (!ret || request == NMS_IOCTL_SUBMIT)
		memcpy(user, &arg, size < known ? size : known);
	return ret;
}

static void go_slowly(int fd)
{
	const struct timespec pause = { .tv_nsec = 200000000 };

	mock.on_its_way++;
	nanosleep(&pause, NULL);
	pthread_mutex_lock(&lock);
	mock.strays += !contexts[fd].open;
	pthread_mutex_unlock(&lock);
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *user;
	int ret;

	va_start(ap, request);
	user = va_arg(ap, void *);
	va_end(ap);
	if (fd < 0 || fd >= FDS || !contexts[fd].open)
		return __real_ioctl(fd, request, user);
	if (mock.slow_cancel && request == NMS_IOCTL_CANCEL)
		go_slowly(fd);
	/* A handler may come in here while this thread holds the lock: not in a kernel. */
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_mutex_lock(&lock);
	ret = call(&contexts[fd], request, user);
	pthread_mutex_unlock(&lock);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!ret)
		return 0;
	errno = -ret;
	return -1;
}

/* ---- io_uring --------------------------------------------------------------------- */

int __wrap_nms_kernel_ring_probe(char *why, size_t size)
{
	if (mock.ring_probe)
		snprintf(why, size, "io_uring is off: %s", strerror(mock.ring_probe));
	return -mock.ring_probe;
}

int __wrap_nms_kernel_ring_open(struct kernel_ring **ring)
{
	if (mock.ring_open)
		return -mock.ring_open;
	*ring = calloc(1, sizeof(**ring));
	return 0;
}

void __wrap_nms_kernel_ring_close(struct kernel_ring *ring)
{
	free(ring);
}

/* Under the lock. */
static void ring_issue(struct kernel_ring *r)
{
	struct job *j;

	j = submit(r->context, r->submit, &r->refused);
	if (!j)
		return;
	r->id = j->id;
	j->ring_submit = r->submit;
	__atomic_store_n(&r->submit->job, j->id, __ATOMIC_RELEASE);
	mock.ring_jobs++;
	if (!mock.hold)
		run_job(r->context, j);
	pthread_cond_broadcast(&changed);
}

int __wrap_nms_kernel_ring_submit(struct kernel_ring *r, int fd, struct nms_submit *s)
{
	if (mock.ring_submit)
		return -mock.ring_submit;
	pthread_mutex_lock(&lock);
	r->context = &contexts[fd];
	r->submit = s;
	r->id = 0;
	r->refused = 0;
	r->looks = 0;
	if (mock.punt)
		mock.punted++;
	else
		ring_issue(r);
	pthread_mutex_unlock(&lock);
	return 0;
}

int __wrap_nms_kernel_ring_wait(struct kernel_ring *r, bool forever, int *res)
{
	struct job *j;
	int ret = -EAGAIN;

	pthread_mutex_lock(&lock);
	if (!r->id && !r->refused && ++r->looks > 3 && !mock.punt_hold)
		ring_issue(r);
	j = job_find(r->context, r->id);
	while (forever && j && !j->ended)
		pthread_cond_wait(&changed, &lock);
	if (r->refused) {
		*res = r->refused;
		ret = 0;
	} else if (j && j->ended) {
		*res = j->result.error;
		j->id = 0;
		ret = 0;
	}
	pthread_mutex_unlock(&lock);
	return ret;
}

/* ---- files ------------------------------------------------------------------------- */

static int node_of(const char *path)
{
	unsigned int n;
	char rest;

	return sscanf(path, "/dev/nms%u%c", &n, &rest) == 1 && n < 4 ? (int)n : -1;
}

size_t __wrap_nms_kernel_nodes(const char *dir, char (*nodes)[NMS_NODE_SIZE], size_t room)
{
	size_t i;

	for (i = 0; i < mock.devices && i < room; i++)
		snprintf(nodes[i], NMS_NODE_SIZE, "%s/nms%zu", dir, i);
	return i;
}

/* Something that is a character device: what it is, does not matter here. */
int __wrap_open64(const char *path, int flags, ...)
{
	int n = node_of(path), fd;
	mode_t mode;
	va_list ap;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	if (n < 0)
		return __real_open64(path, flags, mode);
	errno = (unsigned int)n >= mock.devices ? ENOENT : mock.gone ? ENXIO : mock.open_error[n];
	if (errno)
		return -1;
	fd = __real_open64("/dev/null", flags);
	if (fd < 0 || fd >= FDS)
		abort();
	memset(&contexts[fd], 0, sizeof(contexts[fd]));
	contexts[fd].open = true;
	mock.open_files++;
	return fd;
}

int __wrap_close(int fd)
{
	uint32_t i;

	if (fd >= 0 && fd < FDS && contexts[fd].open) {
		pthread_mutex_lock(&lock);
		for (i = 0; i < HANDLES; i++)
			handle_drop(&contexts[fd], i);
		for (i = 0; i < JOBS; i++)
			free(contexts[fd].jobs[i].cmds);
		contexts[fd].open = false;
		mock.open_files--;
		pthread_mutex_unlock(&lock);
	}
	return __real_close(fd);
}

int __wrap_stat64(const char *path, struct stat *st)
{
	int n = node_of(path);

	if (n < 0)
		return __real_stat64(path, st);
	errno = ENOENT;
	if ((unsigned int)n >= mock.devices)
		return -1;
	memset(st, 0, sizeof(*st));
	st->st_mode = S_IFCHR | mock.mode;
	st->st_gid = mock.gid;
	return 0;
}

/* ---- for the tests ------------------------------------------------------------------ */

void mock_reset(void)
{
	int i;

	for (i = 0; i < NAMES; i++)
		if (datasets[i].buffer)
			buffer_put(datasets[i].buffer);
	memset(datasets, 0, sizeof(datasets));
	memset(&mock, 0, sizeof(mock));
	mock.devices = 1;
	mock.mode = 0660;
	mock.about = (struct nms_query_device){
		.abi_version = NMS_ABI_VERSION, .numerics = 1, .profiles = 2,
		.near_size = 64 << 20, .near_free = 64 << 20, .near_page = 4096,
		.near_quota = 32 << 20, .max_commands = 64, .max_transfer = 1 << 30,
		.model = "mock", .firmware = "1.0", .energy = "ddr4",
	};
	mock.nprofiles = 2;
	mock.profiles[0] = (struct nms_query_profile){ 1, 0, "portable" };
	mock.profiles[1] = (struct nms_query_profile){ 2, 1, "fma" };
}

void mock_release(void)
{
	int fd, i;

	pthread_mutex_lock(&lock);
	mock.hold = false;
	for (fd = 0; fd < FDS; fd++)
		for (i = 0; contexts[fd].open && i < JOBS; i++)
			if (contexts[fd].jobs[i].id && !contexts[fd].jobs[i].ended)
				run_job(&contexts[fd], &contexts[fd].jobs[i]);
	pthread_mutex_unlock(&lock);
}

void mock_wait_for_job(unsigned int jobs)
{
	pthread_mutex_lock(&lock);
	while (mock.jobs < jobs)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

unsigned int mock_handles(void)
{
	unsigned int fd, i, n = 0;

	pthread_mutex_lock(&lock);
	for (fd = 0; fd < FDS; fd++)
		for (i = 0; contexts[fd].open && i < HANDLES; i++)
			n += contexts[fd].handles[i].buffer != NULL;
	pthread_mutex_unlock(&lock);
	return n;
}

unsigned int mock_datasets(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < NAMES; i++)
		n += datasets[i].buffer != NULL;
	return n;
}

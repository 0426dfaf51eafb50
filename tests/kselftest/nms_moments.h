/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What goes on when something befalls the device: nothing, transfers, an embedding, a reset,
 * opening and closing, removal.  Whoever asks for something counts what he has begun and what
 * he is told, and notes with which reason.
 */
#ifndef NMS_MOMENTS_H
#define NMS_MOMENTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "nms_blocks.h"
#include "nms_control.h"
#include "nms_uring_test.h"

#define RING 8u
#define SIZE 16384u
/* The first half is written once and read, the second one written over and over. */
#define HALF (RING / 2 * SIZE)
#define REASONS 256u

struct moment {
	int fd;
	char slot[64];
	struct nms_pipeline p;
	unsigned char pattern[HALF];
	pthread_t thread[4];
	unsigned int nthreads;
	atomic_bool stop;
	uint64_t job[2];		/* of @fd */
	unsigned int njobs;
	/* The job that was begun last, and where, for whoever cancels. */
	atomic_int last_fd;
	atomic_ullong last_job;
	atomic_ulong begun, ended;
	atomic_ulong twice;		/* told more than once */
	atomic_ulong otherwise;		/* told this here and that there */
	atomic_ulong wrong;		/* contents that are not as they were written */
	atomic_bool reason[REASONS];	/* by errno */
};

/* A context and the ring for it. */
struct client {
	struct moment *m;
	int fd;
	uint32_t handle;
	unsigned long begun;		/* jobs of this context */
	bool known;			/* the first half has been written */
	struct io_uring ring;
	struct uring_job job[RING];
	unsigned char in[RING * SIZE], spare[SIZE];
};

static inline void moment_note(struct moment *m, int err)
{
	if (err <= 0 && -err < (int)REASONS)
		atomic_store(&m->reason[-err], true);
	else
		atomic_fetch_add(&m->otherwise, 1);
}

/* ---- jobs by ioctl ------------------------------------------------------------------- */

static inline int moment_submit(struct moment *m, int fd, struct nms_cmd *cmd, uint64_t *job)
{
	int err = nms_submit(fd, cmd, 1, job);

	if (err) {
		moment_note(m, err);
		return err;
	}
	atomic_fetch_add(&m->begun, 1);
	atomic_store(&m->last_fd, fd);
	atomic_store(&m->last_job, *job);
	return 0;
}

/* It is told, and forgotten then. */
static inline int moment_wait(struct moment *m, int fd, uint64_t job)
{
	struct nms_job_result result = { 0 };
	int err = nms_wait(fd, job, UINT64_MAX, &result);

	moment_note(m, err ? err : result.error);
	if (err)
		return err;
	atomic_fetch_add(&m->ended, 1);
	if (nms_wait(fd, job, 0, &result) != -ENOENT)
		atomic_fetch_add(&m->twice, 1);
	return result.error;
}

static inline int client_run(struct client *c, struct nms_cmd cmd)
{
	uint64_t job;
	int err = moment_submit(c->m, c->fd, &cmd, &job);

	if (err)
		return err;
	c->begun++;
	return moment_wait(c->m, c->fd, job);
}

/* ---- jobs by io_uring ---------------------------------------------------------------- */

static inline unsigned int client_queue(struct client *c)
{
	unsigned int n;
	int submitted;

	for (n = 0; n < RING; n++) {
		uint64_t at = n / 2 * SIZE;

		if (n & 1)
			prepare(&c->job[n], nms_copy(NMS_CMD_WRITE, c->handle, HALF + at,
						     c->m->pattern + at, SIZE));
		else
			prepare(&c->job[n], nms_copy(NMS_CMD_READ, c->handle, at,
						     c->in + n * SIZE, SIZE));
		if (!queue(&c->ring, c->fd, &c->job[n]))
			break;
	}
	submitted = io_uring_submit(&c->ring);
	if (submitted != (int)n)
		atomic_fetch_add(&c->m->otherwise, 1);
	return submitted < 0 ? 0 : submitted;
}

static inline void client_reap_one(struct client *c)
{
	struct uring_job *j = NULL;
	struct moment *m = c->m;
	unsigned int n;
	int err;

	/* A suspend interrupts whoever waits. */
	do
		err = reap(&c->ring, &j);
	while (!j && err == -EINTR);
	moment_note(m, err);
	/* One that was refused has no result, and was no job. */
	if (!j || j->result.error == -1)
		return;
	n = j - c->job;
	c->begun++;
	atomic_fetch_add(&m->begun, 1);
	atomic_fetch_add(&m->ended, 1);
	if (j->result.error != err)
		atomic_fetch_add(&m->otherwise, 1);
	if (!err && c->known && !(n & 1) &&
	    memcmp(c->in + n * SIZE, m->pattern + n / 2 * SIZE, SIZE))
		atomic_fetch_add(&m->wrong, 1);
}

/* As many answers as questions, and not one more. */
static inline void client_reap(struct client *c, unsigned int n)
{
	struct io_uring_cqe *cqe;

	while (n--)
		client_reap_one(c);
	if (!io_uring_peek_cqe(&c->ring, &cqe))
		atomic_fetch_add(&c->m->twice, 1);
}

/* ---- the life of a context ----------------------------------------------------------- */

static inline bool client_open(struct client *c)
{
	int err;

	c->begun = 0;
	c->known = false;
	c->fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	if (c->fd < 0) {
		moment_note(c->m, -errno);
		return false;
	}
	err = nms_create(c->fd, 2 * HALF, &c->handle);
	moment_note(c->m, err);
	if (!err) {
		err = io_uring_queue_init(RING, &c->ring, 0);
		atomic_fetch_add(&c->m->otherwise, !!err);
	}
	if (err) {
		close(c->fd);
		return false;
	}
	c->known = !client_run(c, nms_copy(NMS_CMD_WRITE, c->handle, 0, c->m->pattern, HALF));
	return true;
}

/* The driver has ended as many as it was given, and tells so whatever became of the device. */
static inline void client_account(struct client *c)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", c->fd);
	if (proc_number(path, "nms-jobs:") != (long)c->begun)
		atomic_fetch_add(&c->m->otherwise, 1);
}

static inline void client_live(struct client *c)
{
	if (!client_open(c))
		return;
	for (int i = 0; i < 4 && !atomic_load(&c->m->stop); i++) {
		client_reap(c, client_queue(c));
		client_run(c, nms_copy(NMS_CMD_READ, c->handle, 0, c->spare, SIZE));
	}
	client_account(c);
	close(c->fd);
	io_uring_queue_exit(&c->ring);
}

/* Closed while its jobs are under way, of which the ring still tells. */
static inline void client_close_early(struct client *c)
{
	struct nms_cmd read;
	unsigned int n;
	uint64_t job;

	if (!client_open(c))
		return;
	read = nms_copy(NMS_CMD_READ, c->handle, 0, c->spare, SIZE);
	nms_submit(c->fd, &read, 1, &job);
	n = client_queue(c);
	close(c->fd);
	client_reap(c, n);
	io_uring_queue_exit(&c->ring);
}

/* ---- threads ------------------------------------------------------------------------- */

static inline void moment_clients(struct moment *m, void (*live)(struct client *c))
{
	struct client *c = calloc(1, sizeof(*c));

	c->m = m;
	while (!atomic_load(&m->stop)) {
		live(c);
		if (!c->begun)
			usleep(1000);
	}
	free(c);
}

static inline void *transfer_main(void *data)
{
	moment_clients(data, client_live);
	return NULL;
}

static inline void *open_main(void *data)
{
	moment_clients(data, client_close_early);
	return NULL;
}

static inline void *reset_main(void *data)
{
	struct moment *m = data;

	while (!atomic_load(&m->stop)) {
		put(SYSFS "recover", "1");
		usleep(10000);
	}
	return NULL;
}

static inline void *remove_main(void *data)
{
	struct moment *m = data;

	while (!atomic_load(&m->stop)) {
		put(DRIVER "unbind", m->slot);
		usleep(1000);
		put(DRIVER "bind", m->slot);
		usleep(10000);
	}
	return NULL;
}

static inline int moment_start(struct moment *m, void *(*fn)(void *data))
{
	int err = pthread_create(&m->thread[m->nthreads], NULL, fn, m);

	m->nthreads += !err;
	return -err;
}

/* ---- moments: each begins, and returns 0 or a negative errno -------------------------- */

static inline int at_idle(struct moment *m)
{
	return 0;
}

static inline int at_transfer(struct moment *m)
{
	return moment_start(m, transfer_main) ?: moment_start(m, transfer_main);
}

/* One that computes, and one that waits for its turn. */
static inline int at_embed(struct moment *m)
{
	int err;

	err = nms_run(m->fd, &m->p.cmd[0], 1, NULL);
	nms_pipeline_endless(&m->p);
	if (!err)
		err = moment_submit(m, m->fd, &m->p.cmd[1], &m->job[0]);
	if (err)
		return err;
	m->njobs++;
	err = nms_wait_runs(m->fd, m->job[0], 0);
	if (!err)
		err = moment_submit(m, m->fd, &m->p.cmd[0], &m->job[1]);
	m->njobs += !err;
	return err;
}

static inline int at_reset(struct moment *m)
{
	return moment_start(m, reset_main) ?: moment_start(m, transfer_main);
}

static inline int at_open(struct moment *m)
{
	return moment_start(m, open_main) ?: moment_start(m, open_main);
}

static inline int at_remove(struct moment *m)
{
	return moment_start(m, remove_main) ?: moment_start(m, open_main);
}

/* Where nothing else goes on, this meets what is to be met: two contexts, begin to end. */
static inline void moment_pass(struct moment *m)
{
	struct client *c = calloc(1, sizeof(*c));

	c->m = m;
	client_live(c);
	client_live(c);
	free(c);
}

/* All that goes on comes to its end; of jobs that nothing has ended, by being cancelled. */
static inline void moment_end(struct moment *m)
{
	atomic_store(&m->stop, true);
	while (m->nthreads)
		pthread_join(m->thread[--m->nthreads], NULL);
	for (unsigned int i = 0; i < m->njobs; i++) {
		nms_cancel(m->fd, m->job[i]);
		moment_wait(m, m->fd, m->job[i]);
	}
	m->njobs = 0;
	atomic_store(&m->stop, false);
}

#endif /* NMS_MOMENTS_H */

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Jobs.  A job ends once, by a change of its state, after which an eventfd is
 * written that nobody reads: it stays readable for every waiter, and both steps
 * may be taken by a signal handler.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "internal.h"

static void job_free(struct nms_job *job)
{
	nms_uses_drop(&job->uses);
	free(job->run);
	free(job->slots);
	free(job->results);
	if (job->fd >= 0)
		close(job->fd);
	free(job);
}

void nms_job_put(struct nms_job *job)
{
	if (atomic_fetch_sub_explicit(&job->refs, 1, memory_order_acq_rel) == 1)
		job_free(job);
}

/* What a command's result says until it has run. */
static void results_init(struct nms_job *job)
{
	size_t i;

	for (i = 0; i < job->count; i++) {
		NMS_INIT(&job->results[i]);
		job->results[i].error = -ECANCELED;
		job->results[i].cause = NMS_CAUSE_CANCELLED;
	}
}

static int job_alloc(const struct nms_backend_ops *ops, size_t count, struct nms_job **out)
{
	struct nms_job *job = calloc(1, sizeof(*job));

	if (!job)
		return nms_fail_memory(sizeof(*job));
	job->fd = -1;
	job->ops = ops;
	job->count = count;
	atomic_init(&job->refs, 1);
	job->slots = calloc(count, sizeof(*job->slots));
	job->results = calloc(count, sizeof(*job->results));
	job->run = calloc(1, ops->run_size);
	if (!job->slots || !job->results || !job->run) {
		job_free(job);
		return nms_fail_memory(count * (sizeof(*job->slots) + sizeof(*job->results)) +
				       ops->run_size);
	}
	job->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (job->fd < 0) {
		int err = -errno;

		job_free(job);
		return nms_fail(err, NMS_CAUSE_MEMORY, "no descriptor for the job: %s",
				strerror(-err));
	}
	results_init(job);
	nms_error_fill(&job->dropped, -ECANCELED, NMS_CAUSE_CANCELLED, "%s",
		       nms_cause_text(NMS_CAUSE_CANCELLED));
	*out = job;
	return 0;
}

int nms_job_start(struct nms_context *context, const struct nms_command *commands, size_t count,
		  uint32_t profile, struct nms_job **out)
{
	struct nms_job *job = NULL;
	size_t i;
	int ret;

	ret = job_alloc(context->device->ops, count, &job);
	if (ret)
		return ret;
	for (i = 0; i < count; i++) {
		ret = nms_command_translate(context, &commands[i], profile, &job->slots[i],
					    &job->uses);
		if (ret)
			goto err;
	}
	atomic_store(&job->refs, 2);
	ret = nms_worker_submit(context, job);
	if (ret) {
		atomic_store(&job->refs, 1);
		goto err;
	}
	*out = job;
	return 0;
err:
	nms_job_put(job);
	return ret;
}

int nms_job_submit(struct nms_context *context, const struct nms_command *commands,
		   size_t count, struct nms_job **job)
{
	if (!context || !commands || !job)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "%s: is NULL",
				!context ? "context" : !commands ? "commands" : "job");
	if (!count || count > NMS_MAX_COMMANDS)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "count: %zu commands, expected 1 to %u",
				count, NMS_MAX_COMMANDS);
	return nms_job_start(context, commands, count, 0, job);
}

void nms_job_wake(struct nms_job *job)
{
	const uint64_t one = 1;
	int saved = errno;

	/* Fails only when the counter is full, which is as good. */
	if (write(job->fd, &one, sizeof(one)) < 0)
		errno = saved;
}

/*
 * One that waits its turn ends here and now: the worker may be busy with
 * another for long, and finds this one done when it gets there.
 */
void nms_job_cancel(struct nms_job *job)
{
	int queued = NMS_JOB_QUEUED;

	if (!job)
		return;
	atomic_store(&job->cancel, true);
	if (atomic_compare_exchange_strong(&job->state, &queued, NMS_JOB_DROPPED))
		nms_job_wake(job);
	else if (queued == NMS_JOB_RUNNING)
		job->ops->cancel(job);
}

/* The outcome of a job that has ended, else NULL. */
static const struct nms_error *job_outcome(struct nms_job *job)
{
	switch (atomic_load_explicit(&job->state, memory_order_acquire)) {
	case NMS_JOB_ENDED:
		return &job->error;
	case NMS_JOB_DROPPED:
		return &job->dropped;
	default:
		return NULL;
	}
}

static int job_return(const struct nms_error *e)
{
	return e->error ? nms_fail_as(e) : 0;
}

/* Time until @deadline; false if it has passed. */
static bool time_left(const struct timespec *deadline, struct timespec *left)
{
	clock_gettime(CLOCK_MONOTONIC, left);
	left->tv_sec = deadline->tv_sec - left->tv_sec;
	left->tv_nsec = deadline->tv_nsec - left->tv_nsec;
	if (left->tv_nsec < 0) {
		left->tv_nsec += 1000000000;
		left->tv_sec--;
	}
	return left->tv_sec >= 0;
}

int nms_job_wait(struct nms_job *job, const struct timespec *deadline)
{
	const struct nms_error *e;
	struct timespec left = { 0 };
	struct pollfd p;

	if (!job)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "job: is NULL");
	if (deadline && (deadline->tv_nsec < 0 || deadline->tv_nsec >= 1000000000))
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "deadline: %ld nanoseconds",
				deadline->tv_nsec);
	p.fd = job->fd;
	p.events = POLLIN;
	while (!(e = job_outcome(job))) {
		if (deadline && !time_left(deadline, &left))
			return nms_fail(-ETIMEDOUT, NMS_CAUSE_TIMEOUT, "%s",
					nms_cause_text(NMS_CAUSE_TIMEOUT));
		ppoll(&p, 1, deadline ? &left : NULL, NULL);
	}
	return job_return(e);
}

int nms_job_poll(struct nms_job *job)
{
	const struct nms_error *e;

	if (!job)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "job: is NULL");
	e = job_outcome(job);
	return e ? job_return(e) : -EAGAIN;
}

int nms_job_fd(struct nms_job *job)
{
	if (!job)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "job: is NULL");
	return job->fd;
}

int nms_job_progress(struct nms_job *job, struct nms_progress *progress)
{
	struct nms_progress p = { .size = sizeof(p) };
	int ret;

	if (!job)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "job: is NULL");
	ret = nms_struct_check_out(progress, sizeof(p), "progress");
	if (ret)
		return ret;
	p.command = atomic_load_explicit(&job->current, memory_order_relaxed);
	p.commands = job->count;
	job->ops->progress(job, &p);
	nms_struct_out(progress, &p, sizeof(p));
	return 0;
}

int nms_job_result(struct nms_job *job, size_t i, struct nms_result *result)
{
	int ret;

	if (!job)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "job: is NULL");
	ret = nms_struct_check_out(result, sizeof(*result), "result");
	if (ret)
		return ret;
	if (i >= job->count)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "i: is %zu, the job has %zu commands",
				i, job->count);
	if (!job_outcome(job))
		return -EAGAIN;
	nms_struct_out(result, &job->results[i], sizeof(*result));
	return 0;
}

const struct nms_error *nms_job_error(struct nms_job *job)
{
	return job ? job_outcome(job) : NULL;
}

void nms_job_destroy(struct nms_job *job)
{
	struct pollfd p;

	if (!job)
		return;
	nms_job_cancel(job);
	p.fd = job->fd;
	p.events = POLLIN;
	while (!job_outcome(job))
		ppoll(&p, 1, NULL, NULL);
	nms_job_put(job);
}

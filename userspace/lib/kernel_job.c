// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Jobs behind the kernel.
 *
 * Others than the worker reach a job that is with the kernel by struct kernel_run:
 * they come in (visitors), look at the id, and if there is one they may use the
 * descriptor and look at the batch until they leave.  The worker takes the id away
 * first, then waits until nobody is left inside, and only then goes on.  Neither
 * side takes a lock, so that a signal handler may come too.
 *
 * No cancel is lost: who cancels sets job->cancel first and then looks for the id;
 * the worker makes the id known first and then looks at job->cancel.
 */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#include "kernel.h"

static uint64_t visit(struct kernel_run *run)
{
	atomic_fetch_add(&run->visitors, 1);
	return atomic_load(&run->id);
}

static void leave(struct kernel_run *run)
{
	atomic_fetch_sub(&run->visitors, 1);
}

static void cancel_id(int fd, uint64_t id)
{
	struct nms_cancel arg = { .job = id };

	/* One that has ended meanwhile needs no cancel. */
	nms_kernel_call(fd, NMS_IOCTL_CANCEL, &arg);
}

void nms_kernel_cancel(struct nms_job *job)
{
	struct kernel_run *run = job->run;
	uint64_t id = visit(run);

	if (id)
		cancel_id(run->fd, id);
	leave(run);
}

void nms_kernel_progress(struct nms_job *job, struct nms_progress *p)
{
	struct kernel_run *run = job->run;
	struct nms_job_progress arg = { .job = visit(run) };

	if (arg.job && !nms_kernel_call(run->fd, NMS_IOCTL_PROGRESS, &arg) &&
	    arg.command < run->batch->count) {
		p->command = run->batch->items[arg.command].slot;
		p->phase = (enum nms_phase)(arg.phase < NMS_NPHASES ? arg.phase : 0);
		p->done = arg.done;
		p->total = arg.total;
	}
	leave(run);
}

static void id_known(struct nms_job *job, uint64_t id)
{
	struct kernel_run *run = job->run;

	atomic_store(&run->id, id);
	if (atomic_load(&job->cancel))
		cancel_id(run->fd, id);
}

static void id_over(struct nms_job *job)
{
	struct kernel_run *run = job->run;

	atomic_store(&run->id, 0);
	while (atomic_load(&run->visitors))
		sched_yield();
}

/* ---- the two ways ------------------------------------------------------------ */

/*
 * Both return 0 once the job is over, with its result in the batch, or a negative
 * errno: it was refused.
 */
static int run_by_ioctl(struct kernel_context *c, struct nms_job *job, struct kernel_batch *batch)
{
	struct nms_wait wait = { .deadline_ns = UINT64_MAX };
	int ret;

	ret = nms_kernel_call(c->fd, NMS_IOCTL_SUBMIT, &batch->submit);
	if (ret)
		return ret;
	wait.job = batch->submit.job;
	id_known(job, wait.job);
	ret = nms_kernel_call(c->fd, NMS_IOCTL_WAIT, &wait);
	if (ret && ret != -ENOENT) {
		/* Its memory must be at rest before the caller gets it back. */
		cancel_id(c->fd, wait.job);
		if (!nms_kernel_call(c->fd, NMS_IOCTL_WAIT, &wait))
			ret = 0;
	}
	id_over(job);
	batch->result = wait.result;
	if (ret)
		batch->result.error = ret;
	return 0;
}

/* Written by the kernel, on another processor if a worker of the ring submits. */
static uint64_t submitted_id(struct kernel_batch *batch)
{
	return __atomic_load_n(&batch->submit.job, __ATOMIC_ACQUIRE);
}

static int wait_in_ring(struct kernel_context *c, struct nms_job *job, struct kernel_batch *batch)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	uint64_t id = 0;
	int ret, res = 0;

	for (;;) {
		if (!id) {
			id = submitted_id(batch);
			if (id)
				id_known(job, id);
		}
		ret = nms_kernel_ring_wait(c->ring, id, &res);
		if (!ret)
			return res;
		/* The job must be over before its memory may be given back. */
		if (ret != -EAGAIN)
			nanosleep(&pause, NULL);
	}
}

static int run_by_ring(struct kernel_context *c, struct nms_job *job, struct kernel_batch *batch)
{
	int ret;

	batch->submit.result = (uintptr_t)&batch->result;
	batch->submit.result_size = sizeof(batch->result);
	ret = nms_kernel_ring_submit(c->ring, c->fd, &batch->submit);
	if (ret) {
		nms_kernel_ring_close(c->ring);
		c->ring = NULL;
		return ret;
	}
	ret = wait_in_ring(c, job, batch);
	id_over(job);
	if (!submitted_id(batch))
		return ret;
	if (ret && !batch->result.error)
		batch->result.error = ret;
	return 0;
}

/* Rings belong to the thread that uses them: the worker makes its own. */
static bool has_ring(struct kernel_context *c)
{
	int ret;

	if (c->ring || c->no_ring)
		return c->ring;
	ret = nms_kernel_ring_open(&c->ring);
	if (!ret)
		return true;
	nms_log(NMS_LOG_INFO, "%s: no io_uring for this context: %s", c->device->node,
		strerror(-ret));
	c->no_ring = true;
	atomic_store(&c->device->ring_failed, true);
	return false;
}

/* Where the kernel cannot cancel a ring's commands, none goes there that may take long. */
static bool by_ring(struct kernel_context *c, const struct kernel_batch *batch)
{
	const struct kernel_device *d = c->device;

	if (!d->uring)
		return false;
	if (batch->computes && d->about.uring_limit_ms && d->asked != KERNEL_URING)
		return false;
	return has_ring(c);
}

/* Who asks for io_uring by name gets that or nothing. */
static int submit(struct kernel_context *c, struct nms_job *job, struct kernel_batch *batch)
{
	if (by_ring(c, batch))
		return run_by_ring(c, job, batch);
	return c->device->asked == KERNEL_URING ? -EOPNOTSUPP : run_by_ioctl(c, job, batch);
}

/* ---- what became of it ---------------------------------------------------------- */

static const struct nms_slot *slot_of(const struct nms_job *job,
				      const struct kernel_batch *batch, unsigned int i)
{
	return &job->slots[batch->items[i].slot];
}

static void refused(struct nms_context *context, struct nms_job *job,
		    struct kernel_batch *batch, int error)
{
	const struct kernel_context *c = context->backend;
	unsigned int bad = batch->submit.bad_command;
	struct nms_error e;

	if (!bad || bad > batch->count) {
		nms_kernel_refusal(c->device, slot_of(job, batch, 0), error, 0, batch->pinned, &e);
		nms_job_failed(job, &e);
		return;
	}
	nms_kernel_refusal(c->device, slot_of(job, batch, bad - 1), error,
			   batch->submit.bad_field, batch->pinned, &e);
	nms_job_command_ended(context, job, batch->items[bad - 1].slot, &e);
}

/* Errors that are not the device's answer to a command, whatever it said then. */
static bool not_of_the_command(int error)
{
	switch (error) {
	case -ECANCELED:
	case -ETIME:
	case -ETIMEDOUT:
	case -ENETRESET:
	case -ENODEV:
	case -EREMOTEIO:
	case -EPROTO:
	case -ESTALE:
		return true;
	default:
		return false;
	}
}

static void command_failed(struct nms_context *context, struct nms_job *job,
			   struct kernel_batch *batch, unsigned int i)
{
	const struct kernel_context *c = context->backend;
	const struct nms_job_result *r = &batch->result;
	const struct nms_slot *slot = slot_of(job, batch, i);
	struct nms_error e;

	nms_kernel_batch_add(batch, i, false, job);
	if (r->status && !not_of_the_command(r->error))
		nms_fault_describe(slot, r->status, r->detail, &e);
	else
		nms_kernel_error(c->device, r->error, &e);
	nms_job_command_ended(context, job, batch->items[i].slot, &e);
}

/* True: the job goes on. */
static bool settle(struct nms_context *context, struct nms_job *job, struct kernel_batch *batch)
{
	static const struct nms_error fine;
	struct nms_job_result *r = &batch->result;
	unsigned int i, done = nms_min(r->commands, batch->count);

	for (i = 0; i < done; i++) {
		nms_kernel_batch_add(batch, i, true, job);
		atomic_store_explicit(&job->current, batch->items[i].slot, memory_order_relaxed);
		if (batch->items[i].last)
			nms_job_command_ended(context, job, batch->items[i].slot, &fine);
	}
	if (!r->error && done < batch->count)
		r->error = -EPROTO;
	if (!r->error)
		return true;
	/* A job that was cancelled as it waited has no command that failed. */
	if (r->error == -ECANCELED && (done == batch->count || !batch->items[done].result.size))
		nms_job_cancelled(job);
	else
		command_failed(context, job, batch, nms_min(done, batch->count - 1));
	return false;
}

/* One job of the kernel. */
static bool run_batch(struct nms_context *context, struct nms_job *job,
		      struct kernel_batch *batch)
{
	struct kernel_context *c = context->backend;
	int ret;

	nms_kernel_batch_fill(c->device, job, batch);
	ret = submit(c, job, batch);
	if (!ret)
		return settle(context, job, batch);
	refused(context, job, batch, ret);
	return false;
}

void nms_kernel_run(struct nms_context *context, struct nms_job *job)
{
	struct kernel_context *c = context->backend;
	struct kernel_run *run = job->run;
	struct kernel_batch batch;
	struct nms_error e;
	bool more = true;

	if (nms_kernel_batch_init(c->device, job, &batch)) {
		nms_error_memory(&e, sizeof(batch));
		nms_job_failed(job, &e);
		return;
	}
	run->fd = c->fd;
	run->batch = &batch;
	while (more && batch.slot < job->count) {
		if (atomic_load(&job->cancel)) {
			nms_job_cancelled(job);
			break;
		}
		more = run_batch(context, job, &batch);
	}
	nms_kernel_batch_free(&batch);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a job: its commands run in order, those parts of a command that
 * the device gets at once; the first error ends it.
 *
 * A job is kept by the table of its context (until it is forgotten) and by being
 * active (until it has been cleaned up).
 */
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "nms_drv.h"
#include "nms_trace.h"

static void nms_job_free(struct kref *ref)
{
	struct nms_job *job = container_of(ref, struct nms_job, ref);

	for (unsigned int i = 0; i < job->count; i++) {
		nms_mem_free_pieces(&job->cmds[i]);
		kfree(job->cmds[i].compute);
		kfree(job->cmds[i].result);
	}
	kvfree(job);
}

void nms_job_put(struct nms_job *job)
{
	kref_put(&job->ref, nms_job_free);
}

static struct nms_job *nms_job_get(struct nms_context *ctx, u64 id)
{
	struct nms_job *job;

	xa_lock(&ctx->jobs);
	job = xa_load(&ctx->jobs, id);
	if (job)
		kref_get(&job->ref);
	xa_unlock(&ctx->jobs);
	return job;
}

/* Take a job from the table.  May sleep. */
void nms_job_forget(struct nms_context *ctx, u64 id)
{
	struct nms_job *job = xa_erase(&ctx->jobs, id);
	struct mm_struct *mm;

	if (!job)
		return;
	/* Another who waits for it, too, must not mistake a new process for the old one. */
	spin_lock_irq(&job->lock);
	mm = job->mm;
	job->mm = NULL;
	spin_unlock_irq(&job->lock);
	if (mm)
		mmdrop(mm);
	atomic_dec(&ctx->njobs);
	nms_user_uncharge_commands(ctx->user, job->count);
	if (READ_ONCE(job->ended))
		atomic_dec(&ctx->ended);
	nms_job_put(job);
}

/* ---- the end ------------------------------------------------------------------- */

static void nms_job_unmap(struct nms_job *job)
{
	struct nms_device *nms = job->context->nms;

	for (unsigned int i = 0; i < job->count; i++) {
		nms_mem_unmap(nms, &job->cmds[i].mem);
		nms_mem_free_sgls(nms, &job->cmds[i]);
		nms_result_free_blocks(nms, &job->cmds[i]);
		nms_param_free_block(nms, &job->cmds[i]);
	}
}

static void nms_job_unpin(struct nms_job *job)
{
	for (unsigned int i = 0; i < job->count; i++) {
		nms_mem_unpin(job->context, &job->cmds[i].mem);
		if (job->cmds[i].handle)
			nms_handle_put(job->cmds[i].handle);
		nms_param_put_handles(&job->cmds[i]);
	}
}

/*
 * Give back what the job held and make its result known.  May sleep if the job
 * has memory or handles.  The context may be gone when this returns.
 */
void nms_job_clean(struct nms_job *job)
{
	struct nms_context *ctx = job->context;
	unsigned long flags;

	nms_job_unpin(job);
	if (job->ioucmd)
		nms_job_forget(ctx, job->id);
	spin_lock_irqsave(&ctx->wait.lock, flags);
	/* Whoever has waited for the end does not find it active. */
	atomic_dec(&ctx->active);
	if (!job->ioucmd) {
		atomic_inc(&ctx->ended);
		/* The result is there before it can be seen to be. */
		smp_store_release(&job->ended, true);
		wake_up_all(&job->wait);
	}
	wake_up_locked(&ctx->wait);
	spin_unlock_irqrestore(&ctx->wait.lock, flags);
	nms_job_put(job);
}

static void nms_job_end_work(struct work_struct *work)
{
	struct nms_job *job = container_of(work, struct nms_job, end_work);

	nms_job_unmap(job);
	if (job->ioucmd)
		nms_uring_job_ended(job);
	else
		nms_job_clean(job);
}

/* Any context. */
static void nms_job_end(struct nms_job *job)
{
	struct nms_context *ctx = job->context;

	atomic64_inc(&ctx->total_jobs);
	atomic64_inc(&ctx->nms->jobs);
	trace_nms_job_end(job);
	if (job->large || (job->sleeps && !job->ioucmd)) {
		queue_work(ctx->nms->wq, &job->end_work);
		return;
	}
	nms_job_unmap(job);
	if (job->ioucmd)
		nms_uring_job_ended(job);
	else
		nms_job_clean(job);
}

/* ---- one command after the other ----------------------------------------------- */

/*
 * What had been lost is there again when all of it was written, unless it has
 * been lost once more since.
 */
static void nms_job_made_good(struct nms_job_cmd *cmd)
{
	struct nms_buffer *buffer = cmd->handle ? cmd->handle->buffer : NULL;
	u32 generation = le32_to_cpu(cmd->one.req.cmd.data.near.generation);

	if (cmd->user.op != NMS_CMD_WRITE && cmd->user.op != NMS_CMD_ZERO)
		return;
	if (!cmd->user.offset && cmd->user.length == buffer->size &&
	    generation == READ_ONCE(buffer->range_generation))
		WRITE_ONCE(buffer->lost, false);
}

static void nms_job_command_done(struct nms_job *job)
{
	struct nms_job_cmd *cmd = &job->cmds[job->current_cmd];
	struct nms_context *ctx = job->context;

	atomic64_inc(&ctx->commands);
	atomic64_inc(&ctx->nms->commands);
	if (job->result.error) {
		atomic64_inc(&ctx->errors);
		atomic64_inc(&ctx->nms->errors);
		return;
	}
	job->result.commands++;
	job->current_cmd++;
	nms_job_made_good(cmd);
}

static void nms_job_submit(struct nms_job *job, struct nms_job_cmd *cmd, unsigned int n, bool defer)
{
	if (cmd->compute && cmd->compute->units) {
		nms_sched_submit(cmd->compute);
		return;
	}
	for (unsigned int i = 0; i < n; i++)
		nms_queue_submit(job->queue, &cmd->pieces[i].req, defer || i + 1 < n);
}

/* Start the next command, or end the job, which may then be gone. */
static void nms_job_next(struct nms_job *job, bool defer)
{
	struct nms_job_cmd *cmd = NULL;
	unsigned long flags;
	unsigned int n = 0;

	spin_lock_irqsave(&job->lock, flags);
	if (job->cancelled && !job->result.error && job->current_cmd < job->count)
		job->result.error = -ECANCELED;
	if (job->result.error || job->current_cmd == job->count) {
		job->finished = true;
	} else {
		cmd = &job->cmds[job->current_cmd];
		n = cmd->npieces;
		job->left = n;
	}
	spin_unlock_irqrestore(&job->lock, flags);
	if (!cmd) {
		nms_job_end(job);
		return;
	}
	kref_get(&job->ref);
	nms_job_submit(job, cmd, n, defer);
	/* A cancel may have come by before the parts could be seen. */
	if (READ_ONCE(job->cancelled))
		nms_job_cancel(job);
	nms_job_put(job);
}

static void nms_piece_done(struct nms_request *req)
{
	struct nms_piece *piece = container_of(req, struct nms_piece, req);
	struct nms_job *job = piece->job;
	struct nms_job_cmd *cmd;
	unsigned long flags;
	int err = req->error;
	bool last;

	cmd = &job->cmds[job->current_cmd];
	if (cmd->compute)
		nms_sched_done(cmd->compute);
	if (err == -ECANCELED && req->timed_out)
		err = -ETIMEDOUT;
	if (!err && piece->sgl && req->value != piece->length)
		err = -EPROTO;
	spin_lock_irqsave(&job->lock, flags);
	if (req->lost)
		cmd->mem.lost = true;
	nms_result_collect(cmd, req);
	if (!err) {
		job->result.bytes += piece->length;
	} else if (!job->result.error) {
		job->result.error = err;
		job->result.status = req->status;
		job->result.detail = req->detail;
	}
	last = !--job->left;
	if (last)
		nms_job_command_done(job);
	spin_unlock_irqrestore(&job->lock, flags);
	if (last)
		nms_job_next(job, false);
}

/* @defer: the caller rings the doorbell of the job's queue. */
void nms_job_start(struct nms_job *job, bool defer)
{
	struct nms_device *nms = job->context->nms;

	for (unsigned int i = 0; i < job->count; i++) {
		struct nms_job_cmd *cmd = &job->cmds[i];

		for (unsigned int j = 0; j < cmd->npieces; j++) {
			cmd->pieces[j].job = job;
			cmd->pieces[j].req.done = nms_piece_done;
		}
	}
	INIT_WORK(&job->end_work, nms_job_end_work);
	/* Once it has started, context and file may go at any moment. */
	get_device(&nms->dev);
	nms_job_next(job, defer);
	up_read(&nms->bound_lock);
	put_device(&nms->dev);
}

/* ---- cancel -------------------------------------------------------------------- */

/*
 * A device that says it has aborted a command which then does not end would never be
 * suspected as long as it shows a beat; but whoever closes the file waits for the end.
 */
static void nms_job_abort(struct nms_job *job, struct nms_request *req)
{
	struct nms_device *nms = job->queue->nms;
	u16 cid;
	int err;

	if (!nms_queue_cid(job->queue, req, &cid))
		return;
	err = nms_admin_abort(nms, job->queue->id, cid);
	if (err == -ETIMEDOUT || err == -ENETRESET)
		return;
	nms_queue_poll(job->queue);
	if (READ_ONCE(nms->state) == NMS_LIVE && nms_queue_flies(job->queue, req))
		nms_recover(nms, "a command that was aborted does not end");
}

static void nms_job_cancel_work(struct work_struct *work)
{
	struct nms_job *job = container_of(work, struct nms_job, cancel_work);
	struct nms_device *nms = job->queue->nms;
	struct nms_job_cmd *cmd = NULL;

	/* Between the last command and the end of the job there is none. */
	spin_lock_irq(&job->lock);
	if (!job->finished && job->current_cmd < job->count)
		cmd = &job->cmds[job->current_cmd];
	spin_unlock_irq(&job->lock);
	/* No other command of the job is begun, and its parts stay until the job is freed. */
	if (cmd && cmd->compute && nms_sched_cancel(cmd->compute))
		cmd = NULL;
	for (unsigned int i = 0; cmd && i < cmd->npieces; i++)
		nms_job_abort(job, &cmd->pieces[i].req);
	put_device(&nms->dev);
	nms_job_put(job);
}

/* False: it has ended already.  Any context; returns at once. */
bool nms_job_cancel(struct nms_job *job)
{
	struct nms_device *nms = job->queue->nms;
	unsigned long flags;
	bool finished;

	spin_lock_irqsave(&job->lock, flags);
	finished = job->finished;
	if (!finished)
		job->cancelled = true;
	spin_unlock_irqrestore(&job->lock, flags);
	if (finished)
		return false;
	kref_get(&job->ref);
	get_device(&nms->dev);
	if (!queue_work(nms->wq, &job->cancel_work)) {
		put_device(&nms->dev);
		nms_job_put(job);
	}
	return true;
}

int nms_job_cancel_by_id(struct nms_context *ctx, u64 id)
{
	struct nms_job *job = nms_job_get(ctx, id);
	bool cancelled;

	if (!job)
		return -ENOENT;
	cancelled = nms_job_cancel(job);
	nms_job_put(job);
	return cancelled ? 0 : -ENOENT;
}

/* All jobs of a context, or with @owner those that came from that process by io_uring. */
void nms_job_cancel_all(struct nms_context *ctx, void *owner)
{
	struct nms_job *job;
	unsigned long id;

	xa_for_each(&ctx->jobs, id, job) {
		job = nms_job_get(ctx, id);
		if (!job)
			continue;
		if (!owner || job->owner == owner)
			nms_job_cancel(job);
		nms_job_put(job);
	}
}

/* ---- wait ---------------------------------------------------------------------- */

/* Whoever sees the end sees the result. */
static bool nms_job_has_ended(const struct nms_job *job)
{
	/* Pairs with the release in nms_job_clean(). */
	return smp_load_acquire(&job->ended);
}

static int nms_job_wait_until(struct nms_job *job, u64 deadline_ns)
{
	u64 now = ktime_get_ns();
	int err;

	if (nms_job_has_ended(job))
		return 0;
	if (deadline_ns <= now)
		return -ETIMEDOUT;
	if (deadline_ns >= KTIME_MAX)
		return wait_event_interruptible(job->wait, nms_job_has_ended(job));
	err = wait_event_interruptible_hrtimeout(job->wait, nms_job_has_ended(job),
						 ns_to_ktime(deadline_ns - now));
	return err == -ETIME ? -ETIMEDOUT : err;
}

/* The deadline is absolute, so that a call which a signal interrupts can be restarted. */
int nms_job_wait(struct nms_context *ctx, struct nms_wait *wait)
{
	struct nms_job *job = nms_job_get(ctx, wait->job);
	int err;

	if (!job)
		return -ENOENT;
	err = job->ioucmd ? -EINVAL : nms_job_wait_until(job, wait->deadline_ns);
	if (!err)
		err = nms_result_copy(job);
	if (!err)
		wait->result = job->result;
	nms_job_put(job);
	return err;
}

/* Does not wait for anything. */
int nms_job_progress(struct nms_context *ctx, struct nms_job_progress *progress)
{
	struct nms_job *job = nms_job_get(ctx, progress->job);

	if (!job)
		return -ENOENT;
	spin_lock_irq(&job->lock);
	progress->commands = job->count;
	progress->command = job->current_cmd;
	if (job->finished)
		progress->state = NMS_PROGRESS_ENDED;
	else if (job->left)
		nms_result_progress(&job->cmds[job->current_cmd], job->left, progress);
	spin_unlock_irq(&job->lock);
	nms_job_put(job);
	return 0;
}

/* ---- create and destroy -------------------------------------------------------- */

/* A job that was created but is not to be started. */
void nms_job_destroy(struct nms_job *job)
{
	struct nms_context *ctx = job->context;
	struct nms_device *nms = ctx->nms;

	nms_job_unmap(job);
	up_read(&nms->bound_lock);
	nms_job_unpin(job);
	nms_job_forget(ctx, job->id);
	atomic_dec(&ctx->active);
	nms_job_put(job);
}

/* An empty job in the table of its context. */
int nms_job_alloc(struct nms_context *ctx, unsigned int count, struct nms_job **out)
{
	struct nms_device *nms = ctx->nms;
	struct nms_job *job;
	int err = -EBUSY;

	if (atomic_inc_return(&ctx->njobs) > NMS_MAX_JOBS)
		goto count;
	err = nms_user_charge_commands(ctx->user, count);
	if (err)
		goto count;
	err = -ENOMEM;
	job = kvzalloc(struct_size(job, cmds, count), GFP_KERNEL_ACCOUNT);
	if (!job)
		goto commands;
	kref_init(&job->ref);
	kref_get(&job->ref);
	spin_lock_init(&job->lock);
	init_waitqueue_head(&job->wait);
	INIT_WORK(&job->cancel_work, nms_job_cancel_work);
	job->context = ctx;
	job->count = count;
	job->queue = &nms->queues[raw_smp_processor_id() % nms->nqueues];
	job->id = atomic64_inc_return(&ctx->next_job);
	err = xa_insert(&ctx->jobs, job->id, job, GFP_KERNEL);
	if (err)
		goto free;
	atomic_inc(&ctx->active);
	*out = job;
	return 0;
free:
	kvfree(job);
commands:
	nms_user_uncharge_commands(ctx->user, count);
count:
	atomic_dec(&ctx->njobs);
	return err;
}

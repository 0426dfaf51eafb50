// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jobs by io_uring: one SQE is one job.  The commands of a batch of SQEs share a
 * doorbell, which is rung when the submitter is done with the batch, or sleeps.
 */
#include <linux/blkdev.h>
#include <linux/fs.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "nms_compat.h"
#include "nms_drv.h"

struct nms_uring_pdu {
	struct nms_job *job;
};

static struct nms_uring_pdu *nms_uring_pdu(struct io_uring_cmd *ioucmd)
{
	BUILD_BUG_ON(sizeof(struct nms_uring_pdu) > sizeof(ioucmd->pdu));
	return (struct nms_uring_pdu *)&ioucmd->pdu;
}

/* ---- one doorbell for a batch -------------------------------------------------- */

#ifdef CONFIG_BLOCK
struct nms_plug {
	struct blk_plug_cb cb;
	struct nms_device *nms;
};

static void nms_unplug(struct blk_plug_cb *cb, bool from_schedule)
{
	struct nms_plug *plug = container_of(cb, struct nms_plug, cb);

	nms_queue_ring(cb->data);
	put_device(&plug->nms->dev);
	kfree(plug);
}

/* True: the doorbell of @q will be rung. */
static bool nms_plugged(struct nms_queue *q)
{
	struct blk_plug_cb *cb = blk_check_plugged(nms_unplug, q, sizeof(struct nms_plug));
	struct nms_plug *plug;

	if (!cb)
		return false;
	plug = container_of(cb, struct nms_plug, cb);
	if (!plug->nms) {
		plug->nms = q->nms;
		get_device(&q->nms->dev);
	}
	return true;
}
#else
static bool nms_plugged(struct nms_queue *q)
{
	return false;
}
#endif

/* ---- completion ---------------------------------------------------------------- */

/* In a worker that stands in for a submitter who is no more, there is nobody to tell. */
static int nms_uring_result(struct nms_job *job)
{
	size_t size = min_t(size_t, job->user_result_size, sizeof(job->result));

	if (!job->user_result || current->mm != job->mm)
		return 0;
	return copy_to_user(u64_to_user_ptr(job->user_result), &job->result, size) ? -EFAULT : 0;
}

static void nms_uring_complete(struct io_uring_cmd *ioucmd, unsigned int issue_flags)
{
	struct nms_job *job = nms_uring_pdu(ioucmd)->job;
	int err = nms_uring_result(job);

	if (!err)
		err = nms_result_copy(job);
	if (job->result.error)
		err = job->result.error;
	kref_get(&job->ref);
	nms_job_clean(job);
	/* The context may go with the command; the job must not, for a cancel may see it. */
	nms_uring_done(ioucmd, err, issue_flags);
	nms_job_put(job);
}

NMS_URING_TASK_WORK(nms_uring_complete_tw, nms_uring_complete)

/* Any context: the rest is done by the submitter. */
void nms_uring_job_ended(struct nms_job *job)
{
	nms_uring_in_task(job->ioucmd, nms_uring_complete_tw);
}

/* ---- submission ---------------------------------------------------------------- */

/* The payload can change under our hands: each field is read once. */
static int nms_uring_copy(struct io_uring_cmd *ioucmd, struct nms_submit *submit, u64 *user,
			  u32 *size)
{
	const struct nms_uring_cmd *cmd = nms_uring_payload(ioucmd, struct nms_uring_cmd);

	*user = READ_ONCE(cmd->address);
	*size = READ_ONCE(cmd->size);
	if (READ_ONCE(cmd->flags) || *size < offsetofend(struct nms_submit, job) ||
	    *size > PAGE_SIZE)
		return -EINVAL;
	return copy_struct_from_user(submit, sizeof(*submit), u64_to_user_ptr(*user), *size);
}

static int nms_uring_submit(struct io_uring_cmd *ioucmd, unsigned int issue_flags)
{
	struct nms_context *ctx = ioucmd->file->private_data;
	struct nms_submit __user *out;
	struct nms_submit submit;
	struct nms_queue *q;
	struct nms_job *job;
	u64 user;
	u32 size;
	int err;

	err = nms_uring_copy(ioucmd, &submit, &user, &size);
	if (err)
		return err;
	out = u64_to_user_ptr(user);
	err = nms_job_create(ctx, &submit, ioucmd, issue_flags, &job);
	if (err) {
		/* It may be tried again from the same structure. */
		if (err != -EAGAIN)
			nms_submit_blame(&submit, out, size);
		return err;
	}
	if (put_user(job->id, &out->job)) {
		nms_job_destroy(job);
		return -EFAULT;
	}
	nms_uring_pdu(ioucmd)->job = job;
	nms_uring_cancelable(ioucmd, issue_flags);
	q = job->queue;
	/* From here on the command may complete at any moment. */
	nms_job_start(job, nms_plugged(q));
	return -EIOCBQUEUED;
}

/* The submitter dies: the ring is locked, and this may come more than once. */
static int nms_uring_cancel(struct io_uring_cmd *ioucmd)
{
	nms_job_cancel(nms_uring_pdu(ioucmd)->job);
	return 0;
}

int nms_uring_cmd(struct io_uring_cmd *ioucmd, unsigned int issue_flags)
{
	const unsigned int size_bits = _IOC_SIZEMASK << _IOC_SIZESHIFT;
	struct nms_context *ctx = ioucmd->file->private_data;

	if (nms_uring_is_cancel(issue_flags))
		return nms_uring_cancel(ioucmd);
	if ((ioucmd->cmd_op ^ NMS_URING_SUBMIT) & ~size_bits)
		return -ENOTTY;
	if (READ_ONCE(ctx->nms->state) == NMS_GONE)
		return -ENODEV;
	return nms_uring_submit(ioucmd, issue_flags);
}

// SPDX-License-Identifier: GPL-2.0-only
/* ioctls: one copy in, by the size that the caller has; then validate, then act. */
#include <linux/fs.h>
#include <linux/uaccess.h>

#include "nms_drv.h"

union nms_arg {
	struct nms_query query;
	struct nms_buffer_create buffer_create;
	struct nms_buffer_destroy buffer_destroy;
	struct nms_buffer_export buffer_export;
	struct nms_buffer_import buffer_import;
	struct nms_dataset_create dataset_create;
	struct nms_dataset_open dataset_open;
	struct nms_dataset_unlink dataset_unlink;
	struct nms_submit submit;
	struct nms_wait wait;
	struct nms_cancel cancel;
	struct nms_job_progress progress;
};

/* One call: what was copied in, and where it came from. */
struct nms_call {
	struct nms_context *ctx;
	union nms_arg arg;
	void __user *user;
	size_t size;		/* as the caller knows it, at most ours */
};

static int nms_copy_out(const struct nms_call *call)
{
	return copy_to_user(call->user, &call->arg, call->size) ? -EFAULT : 0;
}

static int nms_do_query(struct nms_call *call)
{
	int err = nms_query(call->ctx, &call->arg.query);

	return err ? err : nms_copy_out(call);
}

/* A handle that the caller never hears of is not kept. */
static int nms_copy_out_handle(struct nms_call *call, u32 handle)
{
	int err = nms_copy_out(call);

	if (err)
		nms_handle_destroy(call->ctx, handle);
	return err;
}

static int nms_do_buffer_create(struct nms_call *call)
{
	int err = nms_buffer_create(call->ctx, &call->arg.buffer_create);

	return err ? err : nms_copy_out_handle(call, call->arg.buffer_create.handle);
}

static int nms_do_buffer_destroy(struct nms_call *call)
{
	if (call->arg.buffer_destroy.reserved)
		return -EINVAL;
	return nms_handle_destroy(call->ctx, call->arg.buffer_destroy.handle);
}

static int nms_do_buffer_export(struct nms_call *call)
{
	return nms_buffer_export(call->ctx, &call->arg.buffer_export, call->user, call->size);
}

static int nms_do_buffer_import(struct nms_call *call)
{
	int err = nms_buffer_import(call->ctx, &call->arg.buffer_import);

	return err ? err : nms_copy_out_handle(call, call->arg.buffer_import.handle);
}

static int nms_do_dataset_create(struct nms_call *call)
{
	return nms_dataset_create(call->ctx, &call->arg.dataset_create);
}

static int nms_do_dataset_open(struct nms_call *call)
{
	int err = nms_dataset_open(call->ctx, &call->arg.dataset_open);

	return err ? err : nms_copy_out_handle(call, call->arg.dataset_open.handle);
}

static int nms_do_dataset_unlink(struct nms_call *call)
{
	return nms_dataset_unlink(call->ctx, &call->arg.dataset_unlink);
}

/* The job's id reaches the caller before the job starts. */
static int nms_do_submit(struct nms_call *call)
{
	struct nms_job *job;
	int err;

	if (call->arg.submit.result || call->arg.submit.result_size)
		return -EINVAL;
	err = nms_job_create(call->ctx, &call->arg.submit, NULL, 0, &job);
	if (err) {
		nms_submit_blame(&call->arg.submit, call->user, call->size);
		return err;
	}
	call->arg.submit.job = job->id;
	err = nms_copy_out(call);
	if (err)
		nms_job_destroy(job);
	else
		nms_job_start(job, false);
	return err;
}

static int nms_do_wait(struct nms_call *call)
{
	int err;

	err = nms_job_wait(call->ctx, &call->arg.wait);
	if (!err)
		err = nms_copy_out(call);
	if (err)
		return err;
	/* Now that the caller has the result. */
	nms_job_forget(call->ctx, call->arg.wait.job);
	return 0;
}

static int nms_do_cancel(struct nms_call *call)
{
	if (call->arg.cancel.reserved)
		return -EINVAL;
	return nms_job_cancel_by_id(call->ctx, call->arg.cancel.job);
}

static int nms_do_progress(struct nms_call *call)
{
	struct nms_job_progress *progress = &call->arg.progress;
	int err;

	*progress = (struct nms_job_progress){ .job = progress->job };
	err = nms_job_progress(call->ctx, progress);
	return err ? err : nms_copy_out(call);
}

static const struct nms_ioctl {
	unsigned int cmd;
	int (*fn)(struct nms_call *call);
} nms_ioctls[] = {
	{ NMS_IOCTL_QUERY, nms_do_query },
	{ NMS_IOCTL_BUFFER_CREATE, nms_do_buffer_create },
	{ NMS_IOCTL_BUFFER_DESTROY, nms_do_buffer_destroy },
	{ NMS_IOCTL_BUFFER_EXPORT, nms_do_buffer_export },
	{ NMS_IOCTL_BUFFER_IMPORT, nms_do_buffer_import },
	{ NMS_IOCTL_DATASET_CREATE, nms_do_dataset_create },
	{ NMS_IOCTL_DATASET_OPEN, nms_do_dataset_open },
	{ NMS_IOCTL_DATASET_UNLINK, nms_do_dataset_unlink },
	{ NMS_IOCTL_SUBMIT, nms_do_submit },
	{ NMS_IOCTL_WAIT, nms_do_wait },
	{ NMS_IOCTL_CANCEL, nms_do_cancel },
	{ NMS_IOCTL_PROGRESS, nms_do_progress },
};

/* By number and direction: the size is the caller's. */
static const struct nms_ioctl *nms_ioctl_find(unsigned int cmd)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(nms_ioctls); i++)
		if (!((nms_ioctls[i].cmd ^ cmd) & ~(_IOC_SIZEMASK << _IOC_SIZESHIFT)))
			return &nms_ioctls[i];
	return NULL;
}

long nms_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct nms_call call = { .ctx = file->private_data, .user = (void __user *)arg };
	const struct nms_ioctl *ioctl = nms_ioctl_find(cmd);
	size_t known;
	int err;

	if (!ioctl)
		return -ENOTTY;
	if (READ_ONCE(call.ctx->nms->state) == NMS_GONE && ioctl->fn != nms_do_wait)
		return -ENODEV;
	known = _IOC_SIZE(ioctl->cmd);
	call.size = min_t(size_t, _IOC_SIZE(cmd), known);
	err = copy_struct_from_user(&call.arg, known, call.user, _IOC_SIZE(cmd));
	return err ? err : ioctl->fn(&call);
}

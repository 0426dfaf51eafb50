// SPDX-License-Identifier: GPL-2.0-only
/* From what a caller asks for to a job that can be started: validate, resolve, pin. */
#include <linux/overflow.h>
#include <linux/sched/mm.h>
#include <linux/uaccess.h>

#include "nms_compat.h"
#include "nms_drv.h"

/* More than this is not pinned while the ring waits, where it need not. */
#define NMS_INLINE_BYTES SZ_1M

static bool nms_moves(const struct nms_cmd *cmd)
{
	return cmd->op == NMS_CMD_WRITE || cmd->op == NMS_CMD_READ;
}

static int nms_check_command(const struct nms_cmd *cmd, bool uring)
{
	u64 end;

	if (cmd->param || cmd->param_size || cmd->result || cmd->result_size)
		return -EINVAL;
	if (cmd->flags & ~NMS_CMD_FIXED)
		return -EINVAL;
	if ((cmd->flags & NMS_CMD_FIXED) && !(uring && nms_moves(cmd)))
		return -EINVAL;
	switch (cmd->op) {
	case NMS_CMD_NOP:
		return cmd->handle || cmd->offset || cmd->length || cmd->address ? -EINVAL : 0;
	case NMS_CMD_ZERO:
		if (cmd->address)
			return -EINVAL;
		break;
	case NMS_CMD_WRITE:
	case NMS_CMD_READ:
		if (cmd->length > NMS_MAX_TRANSFER ||
		    check_add_overflow(cmd->address, cmd->length, &end))
			return -EINVAL;
		break;
	default:
		return -EINVAL;
	}
	if (!cmd->length || check_add_overflow(cmd->offset, cmd->length, &end))
		return -EINVAL;
	return 0;
}

static int nms_copy_commands(struct nms_job *job, const struct nms_submit *submit)
{
	for (unsigned int i = 0; i < job->count; i++) {
		u64 at = submit->commands + (u64)i * submit->command_size;
		struct nms_cmd *cmd = &job->cmds[i].user;
		int err;

		if (at < submit->commands)
			return -EFAULT;
		err = copy_struct_from_user(cmd, sizeof(*cmd), u64_to_user_ptr(at),
					    submit->command_size);
		if (!err)
			err = nms_check_command(cmd, job->ioucmd);
		if (err)
			return err;
	}
	return 0;
}

/* Pinning much takes long: let a worker of the ring do it. */
static bool nms_should_wait(const struct nms_job *job, unsigned int issue_flags)
{
	u64 bytes = 0;

	if (!job->ioucmd || !(issue_flags & IO_URING_F_NONBLOCK))
		return false;
	for (unsigned int i = 0; i < job->count; i++)
		if (nms_moves(&job->cmds[i].user) && !(job->cmds[i].user.flags & NMS_CMD_FIXED))
			bytes += job->cmds[i].user.length;
	return bytes > NMS_INLINE_BYTES;
}

static int nms_find_handle(struct nms_context *ctx, struct nms_job_cmd *cmd)
{
	u32 access = cmd->user.op == NMS_CMD_READ ? NMS_ACCESS_READ : NMS_ACCESS_WRITE;
	struct nms_buffer *buffer;

	cmd->handle = nms_handle_get(ctx, cmd->user.handle);
	if (!cmd->handle)
		return -EBADF;
	if (!(cmd->handle->access & access))
		return -EACCES;
	buffer = cmd->handle->buffer;
	if (cmd->user.offset + cmd->user.length > buffer->size)
		return -ERANGE;
	if (READ_ONCE(buffer->dead) || (access == NMS_ACCESS_READ && READ_ONCE(buffer->lost)))
		return -ESTALE;
	return 0;
}

static void nms_fill_command(struct nms_context *ctx, struct nms_job_cmd *cmd,
			     struct nms_hw_cmd *hw)
{
	struct nms_buffer *buffer;

	BUILD_BUG_ON(NMS_CMD_NOP != (int)NMS_HW_NOP || NMS_CMD_WRITE != (int)NMS_HW_WRITE ||
		     NMS_CMD_READ != (int)NMS_HW_READ || NMS_CMD_ZERO != (int)NMS_HW_ZERO);
	hw->opcode = cmd->user.op;
	hw->context = cpu_to_le32(ctx->id);
	hw->deadline_ms = cpu_to_le32(cmd->user.deadline_ms);
	if (!cmd->handle)
		return;
	buffer = cmd->handle->buffer;
	hw->data.near.range = cpu_to_le32(buffer->range);
	hw->data.near.generation = cpu_to_le32(buffer->range_generation);
	hw->data.near.offset = cpu_to_le64(cmd->user.offset);
	hw->data.length = cpu_to_le64(cmd->user.length);
}

static int nms_prepare_memory(struct nms_job *job, struct nms_job_cmd *cmd,
			      unsigned int issue_flags)
{
	bool device_writes = cmd->user.op == NMS_CMD_READ;
	struct nms_context *ctx = job->context;
	int err;

	if (cmd->user.flags & NMS_CMD_FIXED)
		err = nms_mem_fixed(ctx, &cmd->mem, cmd->user.address, cmd->user.length,
				    device_writes, job->ioucmd, issue_flags);
	else
		err = nms_mem_pin(ctx, &cmd->mem, cmd->user.address, cmd->user.length,
				  device_writes);
	if (!err)
		err = nms_mem_pieces(ctx->nms, cmd);
	if (cmd->mem.sgt.nents > 512)
		job->large = true;
	return err;
}

static int nms_prepare(struct nms_job *job, struct nms_job_cmd *cmd, unsigned int issue_flags)
{
	struct nms_context *ctx = job->context;
	int err;

	cmd->pieces = &cmd->one;
	cmd->npieces = 1;
	if (cmd->user.op != NMS_CMD_NOP) {
		job->sleeps = true;
		err = nms_find_handle(ctx, cmd);
		if (err)
			return err;
	}
	nms_fill_command(ctx, cmd, &cmd->one.req.cmd);
	cmd->one.length = cmd->user.length;
	return nms_moves(&cmd->user) ? nms_prepare_memory(job, cmd, issue_flags) : 0;
}

static int nms_check_submit(const struct nms_submit *submit)
{
	if (submit->flags || submit->job || submit->bad_command || submit->bad_field)
		return -EINVAL;
	if (!submit->count || submit->count > NMS_MAX_COMMANDS)
		return -EINVAL;
	if (!submit->command_size || submit->command_size > PAGE_SIZE)
		return -EINVAL;
	return !submit->result == !submit->result_size ? 0 : -EINVAL;
}

static void nms_job_set_uring(struct nms_job *job, const struct nms_submit *submit,
			      struct io_uring_cmd *ioucmd)
{
	job->ioucmd = ioucmd;
	job->owner = current->files;
	job->mm = current->mm;
	mmgrab(job->mm);
	job->user_result = submit->result;
	job->user_result_size = submit->result_size;
}

/*
 * A job that is ready to be started, from a copy of what the caller asked for.
 * -EAGAIN: to be tried again where it may sleep.  Start it by nms_job_start() or
 * free it by nms_job_destroy(), on the same thread: until then the device cannot
 * be removed.
 */
int nms_job_create(struct nms_context *ctx, const struct nms_submit *submit,
		   struct io_uring_cmd *ioucmd, unsigned int issue_flags, struct nms_job **out)
{
	struct nms_device *nms = ctx->nms;
	struct nms_job *job;
	int err;

	err = nms_check_submit(submit);
	if (err)
		return err;
	down_read(&nms->bound_lock);
	err = nms->state == NMS_GONE ? -ENODEV : nms_job_alloc(ctx, submit->count, &job);
	if (err) {
		up_read(&nms->bound_lock);
		return err;
	}
	if (ioucmd)
		nms_job_set_uring(job, submit, ioucmd);
	err = nms_copy_commands(job, submit);
	if (!err && nms_should_wait(job, issue_flags))
		err = -EAGAIN;
	for (unsigned int i = 0; !err && i < job->count; i++)
		err = nms_prepare(job, &job->cmds[i], issue_flags);
	if (err) {
		nms_job_destroy(job);
		return err;
	}
	*out = job;
	return 0;
}

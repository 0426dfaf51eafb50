// SPDX-License-Identifier: GPL-2.0-only
/* From what a caller asks for to a job that can be started: validate, resolve, pin. */
#include <linux/overflow.h>
#include <linux/sched/mm.h>
#include <linux/uaccess.h>

#include "nms_compat.h"
#include "nms_drv.h"

/* More than this is not pinned while the ring waits, where it need not. */
#define NMS_INLINE_BYTES SZ_1M

#define NMS_AT(member) offsetof(struct nms_cmd, member)

static bool nms_moves(const struct nms_cmd *cmd)
{
	return cmd->op == NMS_CMD_WRITE || cmd->op == NMS_CMD_READ || cmd->op == NMS_CMD_GATHER;
}

static bool nms_computes(const struct nms_cmd *cmd)
{
	return cmd->op >= NMS_CMD_REDUCE && cmd->op <= NMS_CMD_GATHER;
}

static int nms_refuse(u32 *field, size_t at, int err)
{
	*field = at;
	return err;
}

/* ---- what a command may say ---------------------------------------------------- */

enum nms_use {
	NMS_USES_NOTHING	= 0,
	NMS_USES_HANDLE		= 0x1,
	NMS_USES_OFFSET		= 0x2,
	NMS_USES_LENGTH		= 0x4,
	NMS_USES_ADDRESS	= 0x8,
	NMS_USES_PARAM		= 0x10,
};

/* What an operation takes, or -EINVAL if there is no such. */
static int nms_op_uses(u32 op)
{
	switch (op) {
	case NMS_CMD_NOP:
		return NMS_USES_NOTHING;
	case NMS_CMD_WRITE:
	case NMS_CMD_READ:
		return NMS_USES_HANDLE | NMS_USES_OFFSET | NMS_USES_LENGTH | NMS_USES_ADDRESS;
	case NMS_CMD_ZERO:
		return NMS_USES_HANDLE | NMS_USES_OFFSET | NMS_USES_LENGTH;
	case NMS_CMD_REDUCE:
	case NMS_CMD_EMBED:
	case NMS_CMD_SELECT:
		return NMS_USES_PARAM;
	case NMS_CMD_GATHER:
		return NMS_USES_PARAM | NMS_USES_LENGTH | NMS_USES_ADDRESS;
	default:
		return -EINVAL;
	}
}

/* What an operation has no use for must be 0. */
static int nms_check_unused(const struct nms_cmd *cmd, int uses, u32 *field)
{
	if (cmd->handle && !(uses & NMS_USES_HANDLE))
		return nms_refuse(field, NMS_AT(handle), -EINVAL);
	if (cmd->offset && !(uses & NMS_USES_OFFSET))
		return nms_refuse(field, NMS_AT(offset), -EINVAL);
	if (cmd->length && !(uses & NMS_USES_LENGTH))
		return nms_refuse(field, NMS_AT(length), -EINVAL);
	if (cmd->address && !(uses & NMS_USES_ADDRESS))
		return nms_refuse(field, NMS_AT(address), -EINVAL);
	if (cmd->param && !(uses & NMS_USES_PARAM))
		return nms_refuse(field, NMS_AT(param), -EINVAL);
	if (cmd->param_size && !(uses & NMS_USES_PARAM))
		return nms_refuse(field, NMS_AT(param_size), -EINVAL);
	return 0;
}

static int nms_check_flags(const struct nms_cmd *cmd, bool uring, u32 *field)
{
	u32 known = uring && nms_moves(cmd) ? NMS_CMD_FIXED : 0;

	return cmd->flags & ~known ? nms_refuse(field, NMS_AT(flags), -EINVAL) : 0;
}

static int nms_check_command(const struct nms_cmd *cmd, bool uring, u32 *field)
{
	int uses = nms_op_uses(cmd->op), err;
	u64 end;

	if (uses < 0)
		return nms_refuse(field, NMS_AT(op), uses);
	err = nms_check_flags(cmd, uring, field);
	if (!err)
		err = nms_check_unused(cmd, uses, field);
	if (err)
		return err;
	if (!cmd->result != !cmd->result_size)
		return nms_refuse(field, NMS_AT(result_size), -EINVAL);
	if ((uses & NMS_USES_LENGTH) && (!cmd->length || (nms_moves(cmd) &&
							  cmd->length > NMS_MAX_TRANSFER)))
		return nms_refuse(field, NMS_AT(length), -EINVAL);
	if (check_add_overflow(cmd->address, cmd->length, &end))
		return nms_refuse(field, NMS_AT(address), -EINVAL);
	if (check_add_overflow(cmd->offset, cmd->length, &end))
		return nms_refuse(field, NMS_AT(offset), -EINVAL);
	return 0;
}

static int nms_copy_command(struct nms_job *job, struct nms_cmd *cmd,
			    const struct nms_submit *submit, unsigned int i, u32 *field)
{
	u64 at = submit->commands + (u64)i * submit->command_size;
	int err;

	if (at < submit->commands)
		return -EFAULT;
	err = copy_struct_from_user(cmd, sizeof(*cmd), u64_to_user_ptr(at), submit->command_size);
	if (err == -E2BIG)
		return nms_refuse(field, sizeof(*cmd), err);
	return err ? err : nms_check_command(cmd, job->ioucmd, field);
}

static int nms_copy_commands(struct nms_job *job, struct nms_submit *submit)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < job->count; i++) {
		err = nms_copy_command(job, &job->cmds[i].user, submit, i, &submit->bad_field);
		/* An array that is not there is no command's fault. */
		submit->bad_command = err && err != -EFAULT ? i + 1 : 0;
	}
	return err;
}

/* ---- what it takes ------------------------------------------------------------- */

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

static int nms_find_handle(struct nms_context *ctx, struct nms_job_cmd *cmd, u32 *field)
{
	u32 access = cmd->user.op == NMS_CMD_READ ? NMS_ACCESS_READ : NMS_ACCESS_WRITE;
	struct nms_buffer *buffer;

	cmd->handle = nms_handle_get(ctx, cmd->user.handle);
	if (!cmd->handle)
		return nms_refuse(field, NMS_AT(handle), -EBADF);
	if (!(cmd->handle->access & access))
		return nms_refuse(field, NMS_AT(handle), -EACCES);
	buffer = cmd->handle->buffer;
	if (cmd->user.offset > buffer->size)
		return nms_refuse(field, NMS_AT(offset), -ERANGE);
	if (cmd->user.length > buffer->size - cmd->user.offset)
		return nms_refuse(field, NMS_AT(length), -ERANGE);
	if (READ_ONCE(buffer->dead) || (access == NMS_ACCESS_READ && READ_ONCE(buffer->lost)))
		return nms_refuse(field, NMS_AT(handle), -ESTALE);
	return 0;
}

static void nms_fill_data(struct nms_job_cmd *cmd, struct nms_hw_cmd *hw)
{
	struct nms_buffer *buffer = cmd->handle->buffer;

	hw->data.near.range = cpu_to_le32(buffer->range);
	hw->data.near.generation = cpu_to_le32(buffer->range_generation);
	hw->data.near.offset = cpu_to_le64(cmd->user.offset);
	hw->data.length = cpu_to_le64(cmd->user.length);
}

/* A ring that cannot cancel waits for what its process leaves behind. */
static u32 nms_deadline(const struct nms_job *job, const struct nms_cmd *cmd)
{
#ifndef NMS_HAS_URING_CANCEL
	if (job->ioucmd && nms_computes(cmd))
		return min_not_zero(cmd->deadline_ms, (u32)NMS_URING_LIMIT_MS);
#endif
	return cmd->deadline_ms;
}

static int nms_prepare_memory(struct nms_job *job, struct nms_job_cmd *cmd,
			      unsigned int issue_flags, u32 *field)
{
	bool device_writes = cmd->user.op != NMS_CMD_WRITE;
	struct nms_context *ctx = job->context;
	u64 length = cmd->one.length;
	int err;

	if (cmd->user.flags & NMS_CMD_FIXED)
		err = nms_mem_fixed(ctx, &cmd->mem, cmd->user.address, length, device_writes,
				    job->ioucmd, issue_flags);
	else
		err = nms_mem_pin(ctx, &cmd->mem, cmd->user.address, length, device_writes);
	if (!err)
		err = cmd->compute ? nms_mem_whole(ctx->nms, cmd) : nms_mem_pieces(ctx->nms, cmd);
	/* A list of many pages, as only commands of compute have, is freed where it may sleep. */
	if (cmd->mem.sgt.nents > (cmd->compute ? 128 : 512))
		job->large = true;
	return err ? nms_refuse(field, NMS_AT(address), err) : 0;
}

static int nms_prepare(struct nms_job *job, struct nms_job_cmd *cmd, unsigned int issue_flags,
		       u32 *field)
{
	struct nms_hw_cmd *hw = &cmd->one.req.cmd;
	struct nms_context *ctx = job->context;
	int err = 0;

	BUILD_BUG_ON(NMS_CMD_NOP != (int)NMS_HW_NOP || NMS_CMD_WRITE != (int)NMS_HW_WRITE ||
		     NMS_CMD_READ != (int)NMS_HW_READ || NMS_CMD_ZERO != (int)NMS_HW_ZERO);
	cmd->pieces = &cmd->one;
	cmd->npieces = 1;
	cmd->one.length = cmd->user.length;
	hw->opcode = cmd->user.op;
	hw->context = cpu_to_le32(ctx->id);
	hw->deadline_ms = cpu_to_le32(nms_deadline(job, &cmd->user));
	if (nms_computes(&cmd->user)) {
		err = nms_param_prepare(job, cmd, field);
	} else if (cmd->user.op != NMS_CMD_NOP) {
		err = nms_find_handle(ctx, cmd, field);
		if (!err)
			nms_fill_data(cmd, hw);
	}
	if (!err && nms_moves(&cmd->user))
		err = nms_prepare_memory(job, cmd, issue_flags, field);
	if (!err)
		err = nms_result_prepare(ctx->nms, cmd);
	job->sleeps |= cmd->user.op != NMS_CMD_NOP;
	return err;
}

static int nms_prepare_all(struct nms_job *job, struct nms_submit *submit,
			   unsigned int issue_flags)
{
	for (unsigned int i = 0; i < job->count; i++) {
		int err = nms_prepare(job, &job->cmds[i], issue_flags, &submit->bad_field);

		if (err) {
			submit->bad_command = i + 1;
			return err;
		}
	}
	return 0;
}

/* ---- the job ------------------------------------------------------------------- */

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
	job->user_result = submit->result;
	job->user_result_size = submit->result_size;
}

/* Results go to the process that submits, and to no other. */
static void nms_job_set_mm(struct nms_job *job)
{
	bool wanted = job->ioucmd;

	for (unsigned int i = 0; !wanted && i < job->count; i++)
		wanted = job->cmds[i].user.result;
	if (!wanted)
		return;
	job->mm = current->mm;
	mmgrab(job->mm);
}

/* Tell the caller which command was refused, and why, as far as he has room for it. */
void nms_submit_blame(const struct nms_submit *submit, struct nms_submit __user *user,
		      size_t size)
{
	const size_t at = offsetof(struct nms_submit, bad_command);
	size_t known = min(size, sizeof(*submit));

	/* He has an error already if this should fail. */
	if (submit->bad_command && known > at &&
	    copy_to_user((void __user *)user + at, (void *)submit + at, known - at))
		pr_debug("nowhere to say which command was refused\n");
}

/*
 * A worker of the ring may have to lock the ring while it holds bound_lock; whoever
 * comes with the ring locked does not wait for a removal, which waits for the worker.
 * -EAGAIN: a worker is to do it.
 */
static int nms_bound_get(struct nms_device *nms, struct io_uring_cmd *ioucmd,
			 unsigned int issue_flags)
{
	if (!ioucmd || issue_flags & IO_URING_F_UNLOCKED)
		down_read(&nms->bound_lock);
	else if (!down_read_trylock(&nms->bound_lock))
		return -EAGAIN;
	return 0;
}

/*
 * A job that is ready to be started, from a copy of what the caller asked for.
 * On an error @submit says which command it is about.
 * -EAGAIN: to be tried again where it may sleep.  Start it by nms_job_start() or
 * free it by nms_job_destroy(), on the same thread: until then the device cannot
 * be removed.
 */
int nms_job_create(struct nms_context *ctx, struct nms_submit *submit,
		   struct io_uring_cmd *ioucmd, unsigned int issue_flags, struct nms_job **out)
{
	struct nms_device *nms = ctx->nms;
	struct nms_job *job;
	int err;

	err = nms_check_submit(submit);
	if (err)
		return err;
	err = nms_bound_get(nms, ioucmd, issue_flags);
	if (err)
		return err;
	err = nms->state == NMS_GONE ? -ENODEV : nms_job_alloc(ctx, submit->count, &job);
	if (err) {
		up_read(&nms->bound_lock);
		return err;
	}
	if (ioucmd)
		nms_job_set_uring(job, submit, ioucmd);
	err = nms_copy_commands(job, submit);
	if (!err)
		nms_job_set_mm(job);
	if (!err && nms_should_wait(job, issue_flags))
		err = -EAGAIN;
	if (!err)
		err = nms_prepare_all(job, submit, issue_flags);
	if (err) {
		nms_job_destroy(job);
		return err;
	}
	*out = job;
	return 0;
}

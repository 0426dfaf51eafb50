// SPDX-License-Identifier: GPL-2.0-only
/*
 * Result blocks: what a command cost, and how far it has come.  The device writes
 * them; what the user gets is a copy that was taken when the command had ended.
 */
#include <linux/dmapool.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "nms_drv.h"

/* What adds up, where a command was split: 64-bit counters. */
#define NMS_SUM_FIRST	offsetof(struct nms_hw_result, energy)
#define NMS_SUM_END	offsetof(struct nms_hw_result, count)

static int nms_result_block(struct nms_device *nms, struct nms_piece *piece)
{
	struct nms_request *req = &piece->req;
	dma_addr_t dma;

	req->block = dma_pool_zalloc(nms->blocks, GFP_KERNEL, &dma);
	if (!req->block)
		return -ENOMEM;
	req->cmd.result = cpu_to_le64(dma);
	req->cmd.result_size = cpu_to_le32(sizeof(*req->block));
	return 0;
}

/* For whom the user wants to see, and for all that compute: they show that they are alive. */
int nms_result_prepare(struct nms_device *nms, struct nms_job_cmd *cmd)
{
	int err = 0;

	if (!cmd->user.result && !cmd->compute)
		return 0;
	if (cmd->user.result) {
		cmd->result = kzalloc(sizeof(*cmd->result), GFP_KERNEL_ACCOUNT);
		if (!cmd->result)
			return -ENOMEM;
	}
	for (unsigned int i = 0; !err && i < cmd->npieces; i++)
		err = nms_result_block(nms, &cmd->pieces[i]);
	return err;
}

/* Any context; not if the device may still write to them. */
void nms_result_free_blocks(struct nms_device *nms, struct nms_job_cmd *cmd)
{
	for (unsigned int i = 0; i < cmd->npieces; i++) {
		struct nms_request *req = &cmd->pieces[i].req;

		if (req->block && !cmd->mem.lost)
			dma_pool_free(nms->blocks, req->block, le64_to_cpu(req->cmd.result));
		req->block = NULL;
	}
}

/* ---- what it cost -------------------------------------------------------------- */

static bool nms_result_is_filled(const struct nms_job_cmd *cmd, const struct nms_hw_result *block)
{
	return le16_to_cpu(block->version) == NMS_HW_PARAM_VERSION &&
	       le16_to_cpu(block->opcode) == cmd->user.op &&
	       le32_to_cpu(block->size) <= sizeof(*block);
}

static void nms_result_add(struct nms_hw_result *sum, const struct nms_hw_result *block)
{
	const __le64 *from = (const void *)block + NMS_SUM_FIRST;
	__le64 *to = (void *)sum + NMS_SUM_FIRST;

	for (unsigned int i = 0; i < (NMS_SUM_END - NMS_SUM_FIRST) / sizeof(*to); i++)
		le64_add_cpu(&to[i], le64_to_cpu(from[i]));
	le32_add_cpu(&sum->switches, le32_to_cpu(block->switches));
}

/*
 * A part of a command has ended: keep what its block says.  Where the device has
 * not filled it in, because it was reset, say, or not as it should have, "size" is 0.
 * Under the job's lock.
 */
void nms_result_collect(struct nms_job_cmd *cmd, const struct nms_request *req)
{
	struct nms_hw_result *sum = cmd->result;

	if (!sum || !req->block || !req->given)
		return;
	if (sum->version) {
		nms_result_add(sum, req->block);
		if (!sum->status)
			sum->status = cpu_to_le32(req->status);
		return;
	}
	*sum = *req->block;
	if (!nms_result_is_filled(cmd, sum)) {
		memset(sum, 0, sizeof(*sum));
		sum->version = cpu_to_le16(NMS_HW_PARAM_VERSION);
		sum->opcode = cpu_to_le16(cmd->user.op);
		sum->status = cpu_to_le32(req->status);
		sum->size = 0;
	}
}

/* Only the submitter's memory is written, and only by himself. */
static bool nms_result_is_ours(struct nms_job *job)
{
	unsigned long flags;
	bool ours;

	spin_lock_irqsave(&job->lock, flags);
	ours = job->mm && job->mm == current->mm;
	spin_unlock_irqrestore(&job->lock, flags);
	return ours;
}

/* To the user, for each command that the device was given.  The job has ended. */
int nms_result_copy(struct nms_job *job)
{
	if (!nms_result_is_ours(job))
		return 0;
	for (unsigned int i = 0; i < job->count; i++) {
		struct nms_job_cmd *cmd = &job->cmds[i];
		size_t size = min_t(size_t, cmd->user.result_size, sizeof(*cmd->result));

		if (cmd->result && cmd->result->version &&
		    copy_to_user(u64_to_user_ptr(cmd->user.result), cmd->result, size))
			return -EFAULT;
	}
	return 0;
}

/* ---- how far it has come ------------------------------------------------------- */

static bool nms_is_with_device(const struct nms_job_cmd *cmd)
{
	for (unsigned int i = 0; i < cmd->npieces; i++)
		if (READ_ONCE(cmd->pieces[i].req.state) == NMS_REQUEST_IN_FLIGHT)
			return true;
	return false;
}

/*
 * Of the command that runs, of which @left parts have not ended.  Under the job's
 * lock: the blocks stay.  The device may write what it likes at any moment.
 */
void nms_result_progress(const struct nms_job_cmd *cmd, unsigned int left,
			 struct nms_job_progress *progress)
{
	const struct nms_hw_result *block = cmd->one.req.block;

	progress->state = nms_is_with_device(cmd) ? NMS_PROGRESS_RUNS : NMS_PROGRESS_WAITS;
	if (!cmd->compute) {
		progress->done = cmd->npieces - left;
		progress->total = cmd->npieces;
		return;
	}
	progress->phase = le32_to_cpu(READ_ONCE(block->progress_phase));
	progress->total = le64_to_cpu(READ_ONCE(block->progress_total));
	progress->done = min(le64_to_cpu(READ_ONCE(block->progress_done)), progress->total);
	if (progress->phase >= NMS_HW_NPHASES)
		progress->phase = 0;
}

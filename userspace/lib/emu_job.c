// SPDX-License-Identifier: LGPL-2.1-or-later
/* The software accelerator: jobs, command by command. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "emu.h"

#define SAME(a, b) _Static_assert((int)(a) == (int)(b), #a)
SAME(NMS_OP_NOP, NMS_HW_NOP);
SAME(NMS_OP_WRITE, NMS_HW_WRITE);
SAME(NMS_OP_READ, NMS_HW_READ);
SAME(NMS_OP_ZERO, NMS_HW_ZERO);
SAME(NMS_OP_REDUCE, NMS_HW_REDUCE);
SAME(NMS_OP_EMBED, NMS_HW_EMBED);
SAME(NMS_OP_SELECT, NMS_HW_SELECT);
SAME(NMS_OP_GATHER, NMS_HW_GATHER);

/* An entry of a scatter list has a length of 32 bits. */
#define SGE_BYTES (1ull << 30)

static int make_scatter(const struct nms_slot *slot, struct nms_hw_cmd *cmd,
			struct nms_hw_sge **list, struct nms_error *e)
{
	uint64_t n = (slot->bytes + SGE_BYTES - 1) / SGE_BYTES, i, at;
	struct nms_hw_sge *sge;

	if (n > NMS_MODEL_SGL_ENTRIES)
		return nms_error_fill(e, -EINVAL, NMS_CAUSE_ARGUMENT, "bytes: %llu are too many",
				      (unsigned long long)slot->bytes);
	sge = calloc(n, sizeof(*sge));
	if (!sge)
		return nms_error_memory(e, n * sizeof(*sge));
	for (i = 0; i < n; i++) {
		at = i * SGE_BYTES;
		sge[i].addr = htole64((uintptr_t)slot->host + at);
		sge[i].length = htole32((uint32_t)nms_min(SGE_BYTES, slot->bytes - at));
	}
	cmd->sgl = htole64((uintptr_t)sge);
	cmd->sgl_entries = htole32((uint32_t)n);
	*list = sge;
	return 0;
}

/* Addresses are pointers: host memory of the model is that of this process. */
static int make_command(uint32_t context, struct nms_slot *slot, struct nms_hw_cmd *cmd,
			struct nms_hw_sge **sge, struct nms_error *e)
{
	cmd->opcode = (uint8_t)slot->op;
	cmd->context = htole32(context);
	cmd->deadline_ms = htole32(slot->deadline_ms);
	cmd->result = htole64((uintptr_t)&slot->result);
	cmd->result_size = htole32(sizeof(slot->result));
	if (slot->param_size) {
		cmd->compute.param = htole64((uintptr_t)&slot->param);
		cmd->compute.param_size = htole32(slot->param_size);
	} else {
		cmd->data.near = slot->near;
		cmd->data.length = htole64(slot->bytes);
	}
	return slot->host ? make_scatter(slot, cmd, sge, e) : 0;
}

static int run_command(struct emu_context *c, struct nms_job *job, size_t i, struct nms_error *e)
{
	struct nms_slot *slot = &job->slots[i];
	struct nms_hw_cmd cmd = { 0 };
	struct nms_hw_sge *sge = NULL;
	struct nms_hw_cqe cqe;
	int ret;

	ret = make_command(c->id, slot, &cmd, &sge, e);
	if (ret)
		return ret;
	nms_model_execute(c->emu->model, &cmd, job->run, &cqe);
	free(sge);
	slot->value = le64toh(cqe.value);
	nms_fault_describe(slot, le16toh(cqe.status) >> 1, le32toh(cqe.detail), e);
	return e->error;
}

void nms_emu_run(struct nms_context *context, struct nms_job *job)
{
	struct emu_context *c = context->backend;
	struct nms_error e = { 0 };
	size_t i;

	for (i = 0; i < job->count && !e.error; i++) {
		atomic_store_explicit(&job->current, i, memory_order_relaxed);
		if (atomic_load(&job->cancel)) {
			nms_job_cancelled(job);
			return;
		}
		run_command(c, job, i, &e);
		nms_job_command_ended(context, job, i, &e);
	}
}

void nms_emu_cancel(struct nms_job *job)
{
	struct nms_model_run *run = job->run;

	atomic_store(&run->cancel, true);
}

void nms_emu_progress(struct nms_job *job, struct nms_progress *p)
{
	struct nms_model_run *run = job->run;

	p->phase = (enum nms_phase)atomic_load_explicit(&run->phase, memory_order_relaxed);
	p->done = atomic_load_explicit(&run->done, memory_order_relaxed);
	p->total = atomic_load_explicit(&run->total, memory_order_relaxed);
}

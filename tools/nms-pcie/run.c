// SPDX-License-Identifier: GPL-2.0-only
/* One command, executed by the model, and the faults that befall it. */
#include "private.h"

/* What is injected before the command runs.  False: it does not run. */
static bool fault_before(struct device *d, enum fault_kind fault)
{
	switch (fault) {
	case FAULT_HANG:
		state_hang(d);
		return false;
	case FAULT_FATAL:
		state_fatal(d, NMS_HW_ERROR_INTERNAL, 0);
		return false;
	case FAULT_LINK:
		device_link(d, false);
		return false;
	default:
		return true;
	}
}

/* What the block says when it has been written is not always so. */
static void lie_in_result(struct flight *flight)
{
	const struct nms_hw_cmd *cmd = &flight->cmd;
	struct device *d = flight->device;
	size_t offset, bytes;
	uint64_t value;

	if (cmd->result && hostile_result(d->hostile, cmd->result_size, &offset, &bytes, &value))
		dma_write(d->dma, cmd->result + offset, &value, bytes);
}

static void complete(struct flight *flight, struct nms_hw_cqe *cqe, enum fault_kind fault,
		     bool hold)
{
	struct device *d = flight->device;

	switch (fault) {
	case FAULT_DROP:
		queue_complete(flight, NULL, hold);
		return;
	case FAULT_DELAY:
		state_pause(d, UINT64_C(1000) * fault_delay_ms(d->faults));
		break;
	case FAULT_CORRUPT:
		cqe->cid ^= 0x8000;
		break;
	case FAULT_DUPLICATE: {
		struct nms_hw_cqe twin = *cqe;

		twin.sq_id = flight->sqid;
		twin.sq_head = queue_head(d, flight->sqid);
		cq_post(d, d->sq[flight->sqid].cqid, &twin, true);
		break;
	}
	default:
		break;
	}
	queue_complete(flight, cqe, hold);
}

/* The smaller of the command's deadline and the feature's; 0 is none. */
static void bound_deadline(struct device *d, struct nms_hw_cmd *cmd)
{
	uint32_t most = atomic_load(&d->deadline_ms);

	if (most && (!cmd->deadline_ms || cmd->deadline_ms > most))
		cmd->deadline_ms = most;
}

static void execute(struct flight *flight, struct nms_hw_cqe *cqe, bool fail_dma)
{
	struct device *d = flight->device;
	enum nms_hw_status status;

	bound_deadline(d, &flight->cmd);
	dma_fail_thread(fail_dma);
	nms_model_execute(d->model, &flight->cmd, &flight->run, cqe);
	dma_fail_thread(false);
	status = (enum nms_hw_status)(cqe->status >> 1);
	/* Only an abort cancels; that is what its submitter is to read. */
	if (status == NMS_HW_CANCELLED)
		cqe->status = cqe_status(NMS_HW_ABORTED);
	context_count(d->contexts, flight->cmd.context, &flight->run, status != NMS_HW_OK);
}

void run_command(struct flight *flight, bool hold)
{
	struct device *d = flight->device;
	enum fault_kind fault = fault_next(d->faults, false);
	struct hostile_extra extra;
	struct nms_hw_cqe cqe = { .cid = flight->cmd.cid };

	/* What was held back must not wait with this one. */
	if (fault != FAULT_NONE || d->options.latency_us)
		cq_flush(d, d->sq[flight->sqid].cqid);
	if (d->options.latency_us)
		state_pause(d, d->options.latency_us);
	if (!fault_before(d, fault)) {
		queue_complete(flight, NULL, false);
		return;
	}
	execute(flight, &cqe, fault == FAULT_DMA);
	lie_in_result(flight);
	if (hostile_uncalled(d->hostile, d->options.queues, d->options.vectors, &extra))
		cq_uncalled(d, &extra);
	complete(flight, &cqe, fault, hold);
}

void run_admin(struct flight *flight)
{
	struct device *d = flight->device;
	enum fault_kind fault = fault_next(d->faults, true);
	struct nms_hw_cqe cqe = { .cid = flight->cmd.cid };
	bool done;

	if (!fault_before(d, fault)) {
		queue_complete(flight, NULL, false);
		return;
	}
	dma_fail_thread(fault == FAULT_DMA);
	done = admin_execute(d, flight, &cqe);
	dma_fail_thread(false);
	if (done)
		complete(flight, &cqe, fault, false);
	else
		atomic_fetch_sub(&d->running, 1);
}

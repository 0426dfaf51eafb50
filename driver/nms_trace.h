/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM nms

#if !defined(NMS_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define NMS_TRACE_H

#include <linux/tracepoint.h>

#include "nms_drv.h"

DECLARE_EVENT_CLASS(nms_command,
	TP_PROTO(const struct nms_queue *q, const struct nms_request *req),
	TP_ARGS(q, req),
	TP_STRUCT__entry(
		__field(int, device)
		__field(u32, queue)
		__field(u32, context)
		__field(u16, cid)
		__field(u16, status)
		__field(u8, opcode)
		__field(u64, value)
	),
	TP_fast_assign(
		__entry->device = q->nms->id;
		__entry->queue = q->id;
		__entry->context = le32_to_cpu(req->cmd.context);
		__entry->cid = le16_to_cpu(req->cmd.cid);
		__entry->status = req->status;
		__entry->opcode = req->cmd.opcode;
		__entry->value = req->value;
	),
	TP_printk("nms%d queue=%u cid=%#x context=%u opcode=%#x status=%#x value=%llu",
		  __entry->device, __entry->queue, __entry->cid, __entry->context,
		  __entry->opcode, __entry->status, __entry->value)
);

DEFINE_EVENT(nms_command, nms_submit,
	TP_PROTO(const struct nms_queue *q, const struct nms_request *req),
	TP_ARGS(q, req)
);

DEFINE_EVENT(nms_command, nms_complete,
	TP_PROTO(const struct nms_queue *q, const struct nms_request *req),
	TP_ARGS(q, req)
);

TRACE_EVENT(nms_doorbell,
	TP_PROTO(const struct nms_queue *q),
	TP_ARGS(q),
	TP_STRUCT__entry(
		__field(int, device)
		__field(u32, queue)
		__field(u16, tail)
	),
	TP_fast_assign(
		__entry->device = q->nms->id;
		__entry->queue = q->id;
		__entry->tail = q->tail;
	),
	TP_printk("nms%d queue=%u tail=%u", __entry->device, __entry->queue, __entry->tail)
);

/* A command of compute gets its turn. */
TRACE_EVENT(nms_turn,
	TP_PROTO(const struct nms_compute *c, u64 waited),
	TP_ARGS(c, waited),
	TP_STRUCT__entry(
		__field(int, device)
		__field(u32, context)
		__field(u64, job)
		__field(u8, opcode)
		__field(u64, waited)
		__field(u64, predicted)
	),
	TP_fast_assign(
		__entry->device = c->job->context->nms->id;
		__entry->context = c->job->context->id;
		__entry->job = c->job->id;
		__entry->opcode = c->piece->req.cmd.opcode;
		__entry->waited = waited;
		__entry->predicted = c->predicted;
	),
	TP_printk("nms%d context=%u job=%llu opcode=%#x waited=%llu predicted=%llu",
		  __entry->device, __entry->context, __entry->job, __entry->opcode,
		  __entry->waited, __entry->predicted)
);

TRACE_EVENT(nms_job_end,
	TP_PROTO(const struct nms_job *job),
	TP_ARGS(job),
	TP_STRUCT__entry(
		__field(int, device)
		__field(u32, context)
		__field(u64, job)
		__field(int, error)
		__field(u64, bytes)
	),
	TP_fast_assign(
		__entry->device = job->context->nms->id;
		__entry->context = job->context->id;
		__entry->job = job->id;
		__entry->error = job->result.error;
		__entry->bytes = job->result.bytes;
	),
	TP_printk("nms%d context=%u job=%llu error=%d bytes=%llu", __entry->device,
		  __entry->context, __entry->job, __entry->error, __entry->bytes)
);

TRACE_EVENT(nms_recover,
	TP_PROTO(const struct nms_device *nms, const char *reason),
	TP_ARGS(nms, reason),
	TP_STRUCT__entry(
		__field(int, device)
		__array(char, reason, 64)
	),
	TP_fast_assign(
		__entry->device = nms->id;
		strscpy(__entry->reason, reason, sizeof(__entry->reason));
	),
	TP_printk("nms%d reason=%s", __entry->device, __entry->reason)
);

#endif /* NMS_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE nms_trace
#include <trace/define_trace.h>

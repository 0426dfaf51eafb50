/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only place that knows how kernels differ.  NMS_HAS_* come from Kbuild,
 * which looks for them in the headers.
 */
#ifndef NMS_COMPAT_H
#define NMS_COMPAT_H

#include <linux/list.h>

#ifdef NMS_HAS_URING_CMD_H
#include <linux/io_uring/cmd.h>
#else
#include <linux/io_uring.h>
#endif

/* Of 6.3, and of later 6.1.y. */
#ifndef NMS_HAS_LIST_COUNT
static inline size_t list_count_nodes(struct list_head *head)
{
	struct list_head *at;
	size_t count = 0;

	list_for_each(at, head)
		count++;
	return count;
}
#endif

/* The payload of a command, of at most 16 bytes; the user can still change it. */
#if defined(NMS_HAS_URING_SQE_TYPED)
#define nms_uring_payload(ioucmd, type) io_uring_sqe_cmd((ioucmd)->sqe, type)
#elif defined(NMS_HAS_URING_SQE)
#define nms_uring_payload(ioucmd, type) ((const type *)io_uring_sqe_cmd((ioucmd)->sqe))
#else
#define nms_uring_payload(ioucmd, type) ((const type *)(ioucmd)->cmd)
#endif

static inline void nms_uring_done(struct io_uring_cmd *ioucmd, int ret, unsigned int issue_flags)
{
#ifdef NMS_HAS_URING_DONE32
	io_uring_cmd_done(ioucmd, ret, issue_flags);
#else
	io_uring_cmd_done(ioucmd, ret, 0, issue_flags);
#endif
}

/* A function that runs as task work of the submitter: (ioucmd, issue_flags). */
#ifdef NMS_HAS_URING_TW_REQ
#define NMS_URING_TASK_WORK(name, body)						\
static void name(struct io_tw_req nms_tw_req, io_tw_token_t nms_tw)		\
{										\
	body(io_uring_cmd_from_tw(nms_tw_req), IO_URING_CMD_TASK_WORK_ISSUE_FLAGS); \
}
#else
#define NMS_URING_TASK_WORK(name, body)						\
static void name(struct io_uring_cmd *ioucmd, unsigned int issue_flags)		\
{										\
	body(ioucmd, issue_flags);						\
}
#endif

#ifdef NMS_HAS_URING_LAZY
#define nms_uring_in_task io_uring_cmd_do_in_task_lazy
#else
#define nms_uring_in_task io_uring_cmd_complete_in_task
#endif

#ifdef NMS_HAS_URING_CANCEL
#define nms_uring_cancelable(ioucmd, issue_flags) \
	io_uring_cmd_mark_cancelable(ioucmd, issue_flags)
#define nms_uring_is_cancel(issue_flags) ((issue_flags) & IO_URING_F_CANCEL)
#else
/* A process that dies gets its commands back by flush() instead. */
static inline void nms_uring_cancelable(struct io_uring_cmd *ioucmd, unsigned int issue_flags)
{
}

static inline bool nms_uring_is_cancel(unsigned int issue_flags)
{
	return false;
}
#endif

/* 6.18 takes the flags of the issue in addition. */
#ifdef NMS_HAS_URING_DONE32
#define nms_uring_import_fixed(addr, length, rw, iter, ioucmd, issue_flags) \
	io_uring_cmd_import_fixed(addr, length, rw, iter, ioucmd, issue_flags)
#else
#define nms_uring_import_fixed(addr, length, rw, iter, ioucmd, issue_flags) \
	io_uring_cmd_import_fixed(addr, length, rw, iter, ioucmd)
#endif

/*
 * Of mappings of one page, which jobs of one or more processes may name at the
 * same time.  Kernels that can be told so do not count those in DMA_API_DEBUG.
 */
#ifdef DMA_ATTR_DEBUGGING_IGNORE_CACHELINES
#define NMS_DMA_ATTRS (DMA_ATTR_SKIP_CPU_SYNC | DMA_ATTR_DEBUGGING_IGNORE_CACHELINES)
#else
#define NMS_DMA_ATTRS DMA_ATTR_SKIP_CPU_SYNC
#endif

#endif /* NMS_COMPAT_H */

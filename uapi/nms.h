/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * What user programs may ask of the kernel: ioctl and io_uring commands on
 * /dev/nmsN.
 *
 * An open file is a context: it owns handles of buffers, jobs, and counters.
 * Every structure is extensible at its end: the caller says how large his is
 * (an ioctl says so in its number); a longer one than the kernel knows is
 * accepted if the rest is zero (else E2BIG), of a shorter one the missing part
 * counts as zero.  Reserved fields and unknown flags must be zero (EINVAL).
 * All structures are laid out alike for 32- and 64-bit programs.
 *
 * Documentation/uapi.rst has the errors, one for each cause.
 */
#ifndef _UAPI_NMS_H
#define _UAPI_NMS_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define NMS_ABI_VERSION	1

/* ---- query ---------------------------------------------------------------- */

enum nms_query_type {
	NMS_QUERY_DEVICE	= 0,	/* struct nms_query_device */
	NMS_QUERY_CONTEXT	= 1,	/* struct nms_query_counters, of this context */
	NMS_QUERY_DEVICE_COUNTERS = 2,	/* struct nms_query_counters; CAP_PERFMON */
	NMS_QUERY_PROFILE	= 3,	/* struct nms_query_profile number @index */
	NMS_QUERY_DATASET	= 4,	/* struct nms_query_dataset number @index of those
					 * that the caller may use
					 */
	NMS_QUERY_QUEUE		= 5,	/* struct nms_query_queue number @index; CAP_PERFMON */
	NMS_QUERY_CONTEXT_COUNTERS = 6,	/* struct nms_query_counters, of the context whose
					 * drm-client-id is @index; ENOENT; CAP_PERFMON
					 */
};

/*
 * @type:	Input, enum nms_query_type
 * @index:	Input, for types that list (ENOENT after the last) and that of a context, else 0
 * @size:	Input: room at @data; Output: size of the answer in this kernel
 * @reserved:	Input, 0
 * @data:	Input, user address; as much as fits is written
 */
struct nms_query {
	__u32 type;
	__u32 index;
	__u32 size;
	__u32 reserved;
	__aligned_u64 data;
};

struct nms_query_device {
	__u32 abi_version;	/* NMS_ABI_VERSION */
	__u32 hw_version;	/* VERSION register */
	__u32 numerics;
	__u32 profiles;
	__aligned_u64 near_size, near_free;	/* bytes */
	__aligned_u64 near_page;	/* granularity of buffers */
	__aligned_u64 near_quota;	/* most that one user may hold */
	__u32 max_commands;	/* in a job */
	__u32 max_jobs;		/* of a context, not yet forgotten */
	__u32 max_handles;	/* of a context */
	__u32 queues;		/* pairs beside admin */
	__u32 vectors;
	__u32 iommu;		/* 1: the device's accesses are translated */
	__aligned_u64 max_transfer;	/* bytes, of one WRITE or READ */
	__u32 generation;	/* of the device: raised by each recovery */
	__u32 uring_limit_ms;	/* most that a command of compute may run in a job by io_uring,
				 * where the kernel cannot cancel those; 0: no limit
				 */
	char model[40], firmware[16], energy[64];
	__u32 clock_khz;	/* of the datapath: busy_cycles a millisecond when it never rests */
	__u32 reserved;
};

#define NMS_ENERGY_DOMAINS 5	/* near memory, compute, scratchpad, link, static */

/* Energy, bytes and cycles of a context are 0 where the device does not tell them. */
struct nms_query_counters {
	__aligned_u64 energy[NMS_ENERGY_DOMAINS];	/* picojoules */
	__aligned_u64 link_in, link_out;	/* bytes, seen from the device */
	__aligned_u64 near_read, near_write;
	__aligned_u64 busy_cycles;
	__aligned_u64 jobs, commands, errors;
	__aligned_u64 near_used;	/* bytes held */
	__aligned_u64 pinned_pages;	/* now */
	__aligned_u64 lost_pages;	/* of the device: pinned for good after a failed reset */
	__aligned_u64 resets;		/* of the device */
	__aligned_u64 doorbells, interrupts;	/* of the device; 0 in a context */
	__aligned_u64 active_jobs;	/* submitted, and not yet ended */
	__aligned_u64 compute_running;	/* commands of compute with the device; 0 in a context */
	__aligned_u64 compute_waiting;	/* and those that wait for their turn */
};

/* One pair of rings, now.  It tells what others do: CAP_PERFMON. */
struct nms_query_queue {
	__u32 id;		/* 0: the admin queue */
	__u32 state;		/* enum nms_query_queue_state */
	__u32 entries;
	__u32 vector;
	__u32 in_flight;	/* commands that the device has */
	__u32 waiting;		/* that wait for a place in the ring */
	__aligned_u64 doorbells, completions;
};

enum nms_query_queue_state {
	NMS_QUERY_QUEUE_HELD	= 0,	/* takes commands, gives none to the device for now */
	NMS_QUERY_QUEUE_RUNS	= 1,
	NMS_QUERY_QUEUE_DEAD	= 2,	/* turns all away */
};

struct nms_query_profile {
	__u32 profile;
	__u32 flags;		/* bit 0: the default */
	char name[24];
};

#define NMS_DATASET_NAME_SIZE 64	/* with the terminating NUL */

struct nms_query_dataset {
	char name[NMS_DATASET_NAME_SIZE];
	__aligned_u64 size;	/* bytes */
	__u32 uid, gid;
	__u32 mode;		/* 0666 bits */
	__u32 generation;	/* of the contents: raised when they were lost */
	__aligned_u64 rows, stride;	/* as its owner said */
	__u32 cols, dtype;
};

/* ---- buffers and datasets ------------------------------------------------------ */

#define NMS_ACCESS_READ		0x1
#define NMS_ACCESS_WRITE	0x2

/*
 * A range of near memory, zeroed, to be read and written by this context.
 * ENOSPC: near memory is full.  EDQUOT: the user's quota.  EMFILE: too many
 * handles.
 * @size:	Input, bytes; Output, rounded up to near_page
 * @flags:	Input, 0
 * @handle:	Output, from 1; Input, 0
 */
struct nms_buffer_create {
	__aligned_u64 size;
	__u32 flags;
	__u32 handle;
};

/*
 * Forget a handle.  Jobs that use it go on.  The range goes with its last
 * handle, name and descriptor.
 */
struct nms_buffer_destroy {
	__u32 handle;
	__u32 reserved;
};

/*
 * Export: a descriptor for a buffer, which may be passed on; import: a handle
 * in this context for a descriptor's buffer.
 * @access:	Input, NMS_ACCESS_*, at most what the handle has (EACCES)
 * @fd:		export: Output; import: Input
 */
struct nms_buffer_export {
	__u32 handle;
	__u32 access;
	__s32 fd;
	__u32 flags;		/* Input: O_CLOEXEC or 0 */
};

struct nms_buffer_import {
	__s32 fd;
	__u32 handle;		/* Output */
	__u32 access;		/* Output */
	__u32 reserved;
	__aligned_u64 size;	/* Output */
};

/*
 * Name a buffer, so that it outlives this context and others find it.  The
 * owner is the caller's fsuid; others open it as @mode allows, as for a file.
 * The handle must have both rights.  EEXIST.  EDQUOT: too many names of a user.
 */
struct nms_dataset_create {
	char name[NMS_DATASET_NAME_SIZE];
	__u32 handle;
	__u32 mode;		/* 0666 bits */
	__aligned_u64 rows, stride;	/* for those who find it; not interpreted */
	__u32 cols, dtype;
};

/* A handle for a named buffer.  ENOENT, EACCES. */
struct nms_dataset_open {
	char name[NMS_DATASET_NAME_SIZE];
	__u32 access;		/* Input, NMS_ACCESS_* */
	__u32 handle;		/* Output */
	struct nms_query_dataset info;	/* Output */
};

/* Take a name away; its owner or CAP_SYS_ADMIN.  ENOENT, EPERM. */
struct nms_dataset_unlink {
	char name[NMS_DATASET_NAME_SIZE];
};

/* ---- jobs -------------------------------------------------------------------- */

enum nms_cmd_op {
	NMS_CMD_NOP	= 0x00,
	NMS_CMD_WRITE	= 0x01,	/* @address to @handle */
	NMS_CMD_READ	= 0x02,	/* @handle to @address */
	NMS_CMD_ZERO	= 0x03,
	NMS_CMD_REDUCE	= 0x10,	/* @param: struct nms_hw_reduce */
	NMS_CMD_EMBED	= 0x11,	/* struct nms_hw_embed */
	NMS_CMD_SELECT	= 0x12,	/* struct nms_hw_select */
	NMS_CMD_GATHER	= 0x13,	/* struct nms_hw_gather; rows go to @address */
};

/* @address lies in the fixed buffer that the SQE names (IORING_URING_CMD_FIXED). */
#define NMS_CMD_FIXED	0x1

/*
 * 64 bytes.  All fields Input; what an operation does not use must be 0.
 *
 * The parameter block of a command of compute is one of nms_hw.h, its integers
 * little-endian, of the size that the header of the block names.  Wherever it
 * names near memory, "range" is a handle of this context and "generation" is 0.
 * It is copied once, when the job is submitted; all of it is validated before
 * anything runs.
 *
 * The result block is written before the job is seen to have ended, for each
 * command that the device was given, those that failed as well.  Its "size" is 0
 * where the device was reset before it could say anything.
 */
struct nms_cmd {
	__u32 op;		/* enum nms_cmd_op */
	__u32 flags;		/* NMS_CMD_* flags */
	__u32 handle;		/* WRITE, READ, ZERO */
	__u32 deadline_ms;	/* from the start of its execution; 0: none but the driver's */
	__aligned_u64 offset;	/* in the buffer */
	__aligned_u64 length;	/* bytes; GATHER: room at @address */
	__aligned_u64 address;	/* of user memory, any alignment */
	__aligned_u64 param;	/* user address of a parameter block */
	__aligned_u64 result;	/* user address of a struct nms_hw_result, or 0 */
	__u32 param_size;	/* bytes */
	__u32 result_size;	/* bytes; as much as fits is written */
};

/* What became of a job.  Written before it is seen to have ended. */
struct nms_job_result {
	__s32 error;		/* 0 or negative errno, of the first command that failed */
	__u32 status;		/* enum nms_hw_status of that command, if the device refused it */
	__u32 commands;		/* completed with success */
	__u32 detail;		/* of the device: offset of the field at fault */
	__aligned_u64 bytes;	/* moved */
};

/*
 * Submit @count commands as one job, run in order; the first error ends it.
 * By ioctl: returns at once with @job; wait for it by NMS_IOCTL_WAIT or poll().
 * By io_uring: the completion carries the job's error; @job is written before
 * the job starts and the result before the completion; jobs so submitted need
 * no WAIT.
 *
 * User memory is pinned for the job and charged to RLIMIT_MEMLOCK of the process
 * that submits it (ENOMEM).  EBUSY: too many jobs of the context, or commands of its
 * user.  Where a command is refused, for whatever reason, @bad_command and @bad_field
 * say which, and which of its fields.
 *
 * @commands:	Input, user address of an array of struct nms_cmd, copied once
 * @count:	Input, 1 to max_commands
 * @command_size: Input, sizeof(struct nms_cmd) as the caller knows it
 * @result:	Input, io_uring: user address of a struct nms_job_result, or 0; ioctl: 0
 * @result_size: Input, of that
 * @flags:	Input, 0
 * @job:	Output, from 1, unique in the context; Input, 0
 * @bad_command: Output, on an error: number of the command from 1, 0: none of them;
 *		Input, 0
 * @bad_field:	Output, on an error: offset in struct nms_cmd, or with
 *		NMS_FIELD_PARAM in the parameter block; Input, 0
 */
#define NMS_FIELD_PARAM	0x80000000U

struct nms_submit {
	__aligned_u64 commands;
	__u32 count;
	__u32 command_size;
	__aligned_u64 result;
	__u32 result_size;
	__u32 flags;
	__aligned_u64 job;
	__u32 bad_command;
	__u32 bad_field;
};

/*
 * Wait for a job that was submitted by ioctl, and forget it once it has ended.  The
 * result blocks of its commands are written here: wait in the process that submitted.
 * @deadline_ns: Input, CLOCK_MONOTONIC; 0: do not wait; U64_MAX: for ever.
 * ETIMEDOUT (the job goes on), ENOENT.  Restarts after a signal.
 */
struct nms_wait {
	__aligned_u64 job;
	__aligned_u64 deadline_ns;
	struct nms_job_result result;	/* Output */
};

/*
 * How far a job has come, however it was submitted.  A device tells at least twice
 * a second.  ENOENT: there is none, or it has ended and its end has been told.
 */
struct nms_job_progress {
	__aligned_u64 job;	/* Input */
	__u32 command;		/* Output: the one that runs, from 0 */
	__u32 commands;		/* Output: of the job */
	__u32 phase;		/* Output: enum nms_hw_phase */
	__u32 state;		/* Output: enum nms_progress_state */
	__aligned_u64 done;	/* Output: steps of the phase */
	__aligned_u64 total;
};

enum nms_progress_state {
	NMS_PROGRESS_WAITS = 0,	/* for others, or for the device to come back */
	NMS_PROGRESS_RUNS = 1,	/* its command is with the device */
	NMS_PROGRESS_ENDED = 2,
};

/* End a job soon, however it was submitted.  ENOENT: there is none or it has ended. */
struct nms_cancel {
	__aligned_u64 job;
	__aligned_u64 reserved;
};

#define NMS_IOCTL_MAGIC		'N'
#define NMS_IOCTL_QUERY		_IOWR(NMS_IOCTL_MAGIC, 0xc0, struct nms_query)
#define NMS_IOCTL_BUFFER_CREATE	_IOWR(NMS_IOCTL_MAGIC, 0xc1, struct nms_buffer_create)
#define NMS_IOCTL_BUFFER_DESTROY _IOWR(NMS_IOCTL_MAGIC, 0xc2, struct nms_buffer_destroy)
#define NMS_IOCTL_BUFFER_EXPORT	_IOWR(NMS_IOCTL_MAGIC, 0xc3, struct nms_buffer_export)
#define NMS_IOCTL_BUFFER_IMPORT	_IOWR(NMS_IOCTL_MAGIC, 0xc4, struct nms_buffer_import)
#define NMS_IOCTL_DATASET_CREATE _IOWR(NMS_IOCTL_MAGIC, 0xc5, struct nms_dataset_create)
#define NMS_IOCTL_DATASET_OPEN	_IOWR(NMS_IOCTL_MAGIC, 0xc6, struct nms_dataset_open)
#define NMS_IOCTL_DATASET_UNLINK _IOWR(NMS_IOCTL_MAGIC, 0xc7, struct nms_dataset_unlink)
#define NMS_IOCTL_SUBMIT	_IOWR(NMS_IOCTL_MAGIC, 0xc8, struct nms_submit)
#define NMS_IOCTL_WAIT		_IOWR(NMS_IOCTL_MAGIC, 0xc9, struct nms_wait)
#define NMS_IOCTL_CANCEL	_IOWR(NMS_IOCTL_MAGIC, 0xca, struct nms_cancel)
#define NMS_IOCTL_PROGRESS	_IOWR(NMS_IOCTL_MAGIC, 0xcb, struct nms_job_progress)

/* ---- io_uring ------------------------------------------------------------------ */

/*
 * IORING_OP_URING_CMD: sqe->cmd_op is NMS_URING_SUBMIT, sqe->cmd holds this.
 * It fits a 64-byte SQE.
 */
struct nms_uring_cmd {
	__aligned_u64 address;	/* of a struct nms_submit */
	__u32 size;		/* sizeof(struct nms_submit) as the caller knows it */
	__u32 flags;		/* 0 */
};

#define NMS_URING_SUBMIT	_IOWR(NMS_IOCTL_MAGIC, 0xe0, struct nms_submit)

#endif /* _UAPI_NMS_H */

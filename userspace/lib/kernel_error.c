// SPDX-License-Identifier: LGPL-2.1-or-later
/* Why the kernel did not do what it was asked to, in words that say what to do. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "kernel.h"

/*
 * Two errors are changed: a job's end must not look as if the wait had timed out,
 * or as if it still ran.
 */
static const struct kernel_outcome {
	int from, error;
	enum nms_cause cause;
	const char *text;
} outcomes[] = {
	{ ECANCELED, -ECANCELED, NMS_CAUSE_CANCELLED, "the job was cancelled" },
	{ ETIME, -ETIME, NMS_CAUSE_DEADLINE, "a command passed its deadline" },
	{ ETIMEDOUT, -EIO, NMS_CAUSE_DEVICE,
	  "the device did not answer and was reset; the job may be tried again" },
	{ EAGAIN, -EIO, NMS_CAUSE_DEVICE, "the device is not ready" },
	{ ENETRESET, -ENETRESET, NMS_CAUSE_DEVICE,
	  "the device was reset while the job ran; it may be tried again" },
	{ ENODEV, -ENODEV, NMS_CAUSE_DEVICE, "the device has gone" },
	{ EIO, -EIO, NMS_CAUSE_DEVICE,
	  "the device failed and could not be brought back, or near memory failed under the job" },
	{ EPROTO, -EPROTO, NMS_CAUSE_DEVICE, "the device answered what it must not" },
	{ EREMOTEIO, -EREMOTEIO, NMS_CAUSE_DEVICE,
	  "the device could not reach host memory; the kernel's log may say why" },
	{ ESTALE, -ESTALE, NMS_CAUSE_DEVICE,
	  "the contents of a buffer were lost; write or zero all of it before it is read" },
	{ ENOBUFS, -ENOMEM, NMS_CAUSE_MEMORY, "the device has too little working memory" },
	{ ENOMEM, -ENOMEM, NMS_CAUSE_MEMORY, "the kernel has no memory for it" },
	{ ENOSPC, -ENOSPC, NMS_CAUSE_NEAR_MEMORY, "near memory is full" },
	{ EDQUOT, -EDQUOT, NMS_CAUSE_NEAR_MEMORY, "the user's quota of near memory is used up" },
	{ EMFILE, -EMFILE, NMS_CAUSE_LIMIT, "the context has as many buffers as it may" },
	{ ENFILE, -ENFILE, NMS_CAUSE_LIMIT, "the device has as many datasets as it may" },
	{ EBUSY, -EBUSY, NMS_CAUSE_LIMIT, "the context has as many jobs as it may" },
	{ EINTR, -EINTR, NMS_CAUSE_INTERRUPTED, "a signal came before it was done" },
	{ EFAULT, -EFAULT, NMS_CAUSE_ARGUMENT,
	  "memory of the program cannot be reached, or may not be written" },
	{ EINVAL, -EINVAL, NMS_CAUSE_ARGUMENT, "out of its range" },
	{ ERANGE, -EINVAL, NMS_CAUSE_RANGE, "beyond the end of the buffer" },
	{ EBADF, -EINVAL, NMS_CAUSE_ARGUMENT, "there is no such buffer" },
	{ EACCES, -EACCES, NMS_CAUSE_RIGHT, "the context has no such right on the buffer" },
	{ EPERM, -EPERM, NMS_CAUSE_RIGHT, "not permitted" },
	{ E2BIG, -E2BIG, NMS_CAUSE_DEVICE,
	  "this kernel's module nms is older than what is asked of it" },
	{ EOPNOTSUPP, -EOPNOTSUPP, NMS_CAUSE_OPTION,
	  "io_uring was asked for by name, and no ring can be had" },
	{ ENOTTY, -ENOTTY, NMS_CAUSE_DEVICE, "this kernel's module nms has no such call" },
};

static const struct kernel_outcome *outcome_find(int error)
{
	size_t i;

	for (i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++)
		if (outcomes[i].from == -error)
			return &outcomes[i];
	return NULL;
}

int nms_kernel_error(const struct kernel_device *device, int error, struct nms_error *e)
{
	const struct kernel_outcome *o = outcome_find(error);

	if (!o)
		return nms_error_fill(e, error, NMS_CAUSE_DEVICE, "%s: %s", device->node,
				      strerror(-error));
	return nms_error_fill(e, o->error, o->cause, "%s: %s", device->node, o->text);
}

int nms_kernel_fail(const struct kernel_device *device, int error)
{
	struct nms_error e;

	nms_kernel_error(device, error, &e);
	return nms_fail_with(&e);
}

/* ---- memory that may be locked --------------------------------------------- */

/* KiB that this process has pinned already. */
static uint64_t pinned_now(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	unsigned long long kib = 0;
	char line[128];

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "VmPin: %llu", &kib) == 1)
			break;
	fclose(f);
	return kib;
}

static bool error_locked(uint64_t bytes, struct nms_error *e)
{
	uint64_t need = (bytes + 1023) / 1024, pinned = pinned_now();
	struct rlimit limit;

	if (!bytes || getrlimit(RLIMIT_MEMLOCK, &limit) || limit.rlim_cur == RLIM_INFINITY ||
	    need + pinned <= limit.rlim_cur / 1024)
		return false;
	nms_error_fill(e, -ENOMEM, NMS_CAUSE_LOCKED_MEMORY,
		       "memory lock limit: %llu KiB are needed and %llu in use, the limit is %llu KiB (ulimit -l)",
		       (unsigned long long)need, (unsigned long long)pinned,
		       (unsigned long long)limit.rlim_cur / 1024);
	return true;
}

/* ---- refusals ---------------------------------------------------------------- */

static const struct {
	size_t offset;
	const char *name;
} fields[] = {
	{ offsetof(struct nms_cmd, op), "op" },
	{ offsetof(struct nms_cmd, flags), "flags" },
	{ offsetof(struct nms_cmd, handle), "buffer" },
	{ offsetof(struct nms_cmd, deadline_ms), "deadline_ms" },
	{ offsetof(struct nms_cmd, offset), "offset" },
	{ offsetof(struct nms_cmd, length), "bytes" },
	{ offsetof(struct nms_cmd, address), "host" },
	{ offsetof(struct nms_cmd, param), "parameters" },
	{ offsetof(struct nms_cmd, result), "result" },
	{ offsetof(struct nms_cmd, param_size), "parameters" },
	{ offsetof(struct nms_cmd, result_size), "result" },
};

static const char *field_name(const struct nms_slot *slot, uint32_t field)
{
	size_t i = sizeof(fields) / sizeof(fields[0]);

	if (field & NMS_FIELD_PARAM)
		return nms_fault_param_name(slot->op, field & ~NMS_FIELD_PARAM);
	while (i > 1 && fields[i - 1].offset > field)
		i--;
	return fields[i - 1].name;
}

/* A number out of its range has the cause that the device would give. */
static enum nms_cause number_cause(const struct nms_slot *slot, uint32_t field, const char *name)
{
	if (!(field & NMS_FIELD_PARAM))
		return NMS_CAUSE_ARGUMENT;
	field &= ~NMS_FIELD_PARAM;
	if (slot->op == NMS_OP_REDUCE && field == offsetof(struct nms_hw_reduce, output.cols))
		return NMS_CAUSE_FEATURES;
	if (!strcmp(name, "profile"))
		return NMS_CAUSE_PROFILE;
	if (!strncmp(name, "perplexity", 10))
		return NMS_CAUSE_PERPLEXITY;
	if (!strcmp(name, "count"))
		return NMS_CAUSE_COUNT;
	if (!strcmp(name, "quota"))
		return NMS_CAUSE_QUOTA;
	return NMS_CAUSE_ARGUMENT;
}

void nms_kernel_refusal(const struct kernel_device *device, const struct nms_slot *slot,
			int error, uint32_t field, uint64_t pinned, struct nms_error *e)
{
	const struct kernel_outcome *o = outcome_find(error);
	enum nms_cause cause;
	const char *name;

	if (error == -ENOMEM && error_locked(pinned, e))
		return;
	switch (-error) {
	case EINVAL:
	case ERANGE:
	case EBADF:
	case EACCES:
	case EFAULT:
	case ESTALE:
		break;
	default:
		nms_kernel_error(device, error, e);
		return;
	}
	name = field_name(slot, field);
	cause = error == -EINVAL ? number_cause(slot, field, name) : o->cause;
	nms_error_fill(e, o->error, cause, "%s: %s", name,
		       cause == o->cause ? o->text : nms_cause_text(cause));
}

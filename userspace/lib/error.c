// SPDX-License-Identifier: LGPL-2.1-or-later
/* What went wrong, in a code and in words, for each thread its own. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

static _Thread_local struct nms_error last_error;

/* The one place where the whole process shares something: where its log goes. */
static struct {
	pthread_mutex_t lock;
	nms_log_fn fn;
	void *data;
	atomic_bool on;
} sink = { .lock = PTHREAD_MUTEX_INITIALIZER };

static const char *const cause_text[NMS_NCAUSES] = {
	[NMS_CAUSE_NONE]	= "no error",
	[NMS_CAUSE_ARGUMENT]	= "an argument is out of its range",
	[NMS_CAUSE_SIZE]	= "a structure's size is not one that this version knows",
	[NMS_CAUSE_URI]		= "there is no such device",
	[NMS_CAUSE_OPTION]	= "a device option is unknown or malformed",
	[NMS_CAUSE_ENERGY]	= "the energy profile is missing or malformed",
	[NMS_CAUSE_MEMORY]	= "the host is out of memory",
	[NMS_CAUSE_NEAR_MEMORY]	= "near memory is full",
	[NMS_CAUSE_ESTIMATE]	= "the work would not fit into memory",
	[NMS_CAUSE_RANGE]	= "beyond the end of a buffer",
	[NMS_CAUSE_RIGHT]	= "the context has no such right on the buffer",
	[NMS_CAUSE_NAME]	= "a dataset of that name exists already, or there is none",
	[NMS_CAUSE_NOT_FINITE]	= "the data has a value that is not a finite number",
	[NMS_CAUSE_COUNT]	= "more exemplars are wanted than there are rows, or none",
	[NMS_CAUSE_FEATURES]	= "more features are wanted than the data can have",
	[NMS_CAUSE_PERPLEXITY]	= "the perplexity is out of its range",
	[NMS_CAUSE_INDEX]	= "a list names a row that is not there, twice, or against another list",
	[NMS_CAUSE_QUOTA]	= "the quotas do not fit the classes or the count",
	[NMS_CAUSE_PROFILE]	= "the device has no such arithmetic profile",
	[NMS_CAUSE_METHOD]	= "there is no such method, rule or search, or it does not fit",
	[NMS_CAUSE_DIVERGED]	= "the embedding diverged",
	[NMS_CAUSE_CANCELLED]	= "the job was cancelled",
	[NMS_CAUSE_DEADLINE]	= "a command passed its deadline",
	[NMS_CAUSE_TIMEOUT]	= "the wait timed out; the job goes on",
	[NMS_CAUSE_BUSY]	= "the object is in use",
	[NMS_CAUSE_DEVICE]	= "the device failed",
	[NMS_CAUSE_LOCKED_MEMORY] = "the limit on locked memory is too low",
	[NMS_CAUSE_LIMIT]	= "a limit of the kernel has been reached",
	[NMS_CAUSE_INTERRUPTED]	= "a signal came before it was done",
};

const char *nms_cause_text(enum nms_cause cause)
{
	if ((unsigned int)cause >= NMS_NCAUSES)
		return "unknown cause";
	return cause_text[cause];
}

const struct nms_error *nms_last_error(void)
{
	return &last_error;
}

void nms_log_set(nms_log_fn fn, void *data)
{
	pthread_mutex_lock(&sink.lock);
	sink.fn = fn;
	sink.data = data;
	atomic_store_explicit(&sink.on, fn != NULL, memory_order_relaxed);
	pthread_mutex_unlock(&sink.lock);
}

/* The callback runs outside the lock, so that it may set another. */
static void log_line(int level, const char *line)
{
	nms_log_fn fn;
	void *data;

	pthread_mutex_lock(&sink.lock);
	fn = sink.fn;
	data = sink.data;
	pthread_mutex_unlock(&sink.lock);
	if (fn)
		fn(data, level, line);
}

void nms_log(int level, const char *fmt, ...)
{
	char line[256];
	va_list ap;

	if (!atomic_load_explicit(&sink.on, memory_order_relaxed))
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	log_line(level, line);
}

static void error_vfill(struct nms_error *e, int error, enum nms_cause cause, const char *fmt,
			va_list ap)
{
	memset(e, 0, sizeof(*e));
	e->error = error;
	e->cause = cause;
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
}

int nms_error_fill(struct nms_error *e, int error, enum nms_cause cause, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	error_vfill(e, error, cause, fmt, ap);
	va_end(ap);
	return error;
}

int nms_fail_as(const struct nms_error *e)
{
	last_error = *e;
	return e->error;
}

int nms_fail_with(const struct nms_error *e)
{
	nms_log(NMS_LOG_ERR, "%s", e->text);
	return nms_fail_as(e);
}

int nms_fail(int error, enum nms_cause cause, const char *fmt, ...)
{
	struct nms_error e;
	va_list ap;

	va_start(ap, fmt);
	error_vfill(&e, error, cause, fmt, ap);
	va_end(ap);
	return nms_fail_with(&e);
}

int nms_fail_at(int error, enum nms_cause cause, uint64_t row, uint64_t col, const char *fmt, ...)
{
	struct nms_error e;
	va_list ap;

	va_start(ap, fmt);
	error_vfill(&e, error, cause, fmt, ap);
	va_end(ap);
	e.row = row;
	e.col = col;
	return nms_fail_with(&e);
}

int nms_error_memory(struct nms_error *e, uint64_t bytes)
{
	return nms_error_fill(e, -ENOMEM, NMS_CAUSE_MEMORY, "no memory on the host for %llu bytes",
			      (unsigned long long)bytes);
}

int nms_fail_memory(uint64_t bytes)
{
	struct nms_error e;

	nms_error_memory(&e, bytes);
	return nms_fail_with(&e);
}

int nms_fail_near(uint64_t bytes, uint64_t free, uint64_t size)
{
	return nms_fail(-ENOSPC, NMS_CAUSE_NEAR_MEMORY,
			"near memory: %llu bytes wanted, %llu of %llu are free",
			(unsigned long long)bytes, (unsigned long long)free,
			(unsigned long long)size);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a device must be able to do for the library, whatever it is: a file, or a
 * few, for each kind.  Nothing above this line knows which one it is.
 *
 * Functions that can fail return a negative errno after nms_fail(), where no
 * other way to tell the reason is named.
 */
#ifndef NMS_BACKEND_H
#define NMS_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nms_hw.h"
#include "nmsdev.h"

struct nms_context;
struct nms_job;

struct nms_backend_ops {
	const char *name;		/* nms_device_info.backend */
	bool near_is_host;		/* near memory and working memory are the host's */
	size_t run_size;		/* of what it keeps in job->run, zeroed at first */

	/*
	 * @rest: the URI behind the scheme.  The reason of a failure goes to @e alone,
	 * since another device may be tried next.
	 */
	int (*open)(const char *rest, const struct nms_device_options *options, void **backend,
		    struct nms_error *e);
	void (*close)(void *backend);
	/* All but size. */
	int (*info)(void *backend, struct nms_device_info *info);
	int (*counters)(void *backend, struct nms_counters *counters);
	/* Working memory in bytes of the host that a compute command takes; NULL: none. */
	uint64_t (*estimate)(void *backend, const void *param, size_t size);

	int (*context_open)(void *backend, void **context);
	/* No job runs, all of its buffers have been destroyed. */
	void (*context_close)(void *context);

	/*
	 * @near: gets what parameter blocks call it.  @memory: of the caller, in the place
	 * of near memory, or NULL; only where near_is_host.
	 */
	int (*buffer_create)(void *context, uint64_t bytes, void *memory, uint32_t rights,
			     struct nms_hw_near *near);
	/* Also of a dataset's: the name, if there is one still, stays. */
	void (*buffer_destroy)(void *context, const struct nms_hw_near *near);

	/* Name a buffer of the context.  Of @info all that a caller can say is set. */
	int (*dataset_create)(void *context, const struct nms_hw_near *near,
			      const struct nms_dataset_info *info);
	/* @near: gets a name for its buffer in this context, to be destroyed as any. */
	int (*dataset_open)(void *context, const char *name, struct nms_hw_near *near,
			    struct nms_dataset_info *info);
	int (*dataset_unlink)(void *context, const char *name);
	/* -ENOENT after the last, without nms_fail(). */
	int (*dataset_info)(void *context, size_t i, struct nms_dataset_info *info);

	/*
	 * On the context's worker: execute the commands of @job in order up to the first
	 * that fails; returns when all is over.  Tells each by nms_job_command_ended() and
	 * what ended the job between two commands by nms_job_failed() or _cancelled().
	 */
	void (*run)(struct nms_context *context, struct nms_job *job);
	/*
	 * End it soon.  From a signal handler or any thread, at any time that @job exists:
	 * before, during and after run(), of which the context may be gone.
	 */
	void (*cancel)(struct nms_job *job);
	/* Phase, done and total, and the command if it knows better.  As cancel(). */
	void (*progress)(struct nms_job *job, struct nms_progress *progress);
};

extern const struct nms_backend_ops nms_backend_emu, nms_backend_kernel;

#endif /* NMS_BACKEND_H */

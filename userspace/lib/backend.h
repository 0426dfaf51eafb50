/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a device must be able to do for the library, whatever it is: one file
 * for each kind.  Everything above this line speaks uapi/nms_hw.h.
 */
#ifndef NMS_BACKEND_H
#define NMS_BACKEND_H

#include "model.h"
#include "nms_hw.h"
#include "nmsdev.h"

struct nms_backend_ops {
	const char *name;		/* nms_device_info.backend */
	const char *scheme;		/* URIs that begin so are its own */
	bool near_is_host;		/* near memory and working memory are the host's */

	/* @rest: the URI behind the scheme.  Fails with nms_fail(). */
	int (*open)(const char *rest, const struct nms_device_options *options, void **backend);
	void (*close)(void *backend);
	/* All but size. */
	void (*info)(void *backend, struct nms_device_info *info);
	void (*counters)(void *backend, struct nms_counters *counters);

	/* As nms_model_range_create() and its sisters have them. */
	int (*range_create)(void *backend, uint32_t context, uint64_t size, void *backing,
			    uint32_t rights, struct nms_hw_near *near);
	int (*range_grant)(void *backend, const struct nms_hw_near *near, uint32_t context,
			   uint32_t rights);
	int (*range_destroy)(void *backend, const struct nms_hw_near *near);

	/*
	 * Execute one command; returns when it is complete.  Called from the
	 * worker threads of several contexts at once.
	 */
	void (*execute)(void *backend, const struct nms_hw_cmd *cmd, struct nms_model_run *run,
			struct nms_hw_cqe *cqe);
	/* Working memory in bytes of the host that a compute command takes. */
	uint64_t (*estimate)(void *backend, const void *param, size_t size);
};

extern const struct nms_backend_ops nms_backend_emu;

#endif /* NMS_BACKEND_H */

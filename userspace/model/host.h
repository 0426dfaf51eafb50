/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Host memory as the device sees it: single accesses, and scatter lists. */
#ifndef HOST_H
#define HOST_H

#include <stddef.h>
#include <stdint.h>

#include "model.h"

/* 0 or -EFAULT. */
int host_read(const struct nms_model_host *host, uint64_t addr, void *dst, size_t size);
int host_write(const struct nms_model_host *host, uint64_t addr, const void *src, size_t size);

/* A scatter list, copied once, and how far it has been gone through. */
struct scatter {
	struct nms_hw_sge *entry;
	uint32_t count, at;
	uint32_t offset;	/* bytes done of entry[at] */
	uint64_t total;		/* bytes of all entries */
};

/*
 * Copy and check the list of @count entries (1 ... NMS_MODEL_SGL_ENTRIES) at
 * @addr.  -EFAULT, -ENOMEM, -EBADMSG (reserved bits), -EOVERFLOW (an entry runs
 * beyond the end of the address space).  Free with scatter_free().
 */
int scatter_load(const struct nms_model_host *host, uint64_t addr, uint32_t count,
		 struct scatter *list);
void scatter_free(struct scatter *list);

/* Move the next @size bytes of the list; not more than it holds.  0 or -EFAULT. */
int scatter_read(const struct nms_model_host *host, struct scatter *list, void *dst, size_t size);
int scatter_write(const struct nms_model_host *host, struct scatter *list,
		  const void *src, size_t size);

#endif /* HOST_H */

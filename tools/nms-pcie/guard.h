/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copying to and from memory that another process shares and can shorten: a
 * page that is no longer there raises SIGBUS, which here becomes an error.
 */
#ifndef NMS_PCIE_GUARD_H
#define NMS_PCIE_GUARD_H

#include <stddef.h>

/* Once, before any thread.  0 or -errno. */
int guard_install(void);
/*
 * memcpy(3).  Four aligned bytes are written at once, and after all that was
 * written before.  -EFAULT: part of it may have been copied.
 */
int guard_copy(void *dst, const void *src, size_t size);

#endif /* NMS_PCIE_GUARD_H */

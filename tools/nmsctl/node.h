/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device by the kernel's own interface, without the library: what is measured,
 * examined and mended there is the kernel's.
 */
#ifndef NMSCTL_NODE_H
#define NMSCTL_NODE_H

#include <stddef.h>
#include <stdint.h>

#include "nms.h"

#define NODE_PATH_SIZE 64

/*
 * The node that @device (--device) means; NULL and "auto" mean the first there
 * is.  -ENODEV: there is none; -EINVAL: it names none.
 */
int node_find(const char *device, char path[NODE_PATH_SIZE]);
/* "nms0" of "/dev/nms0". */
const char *node_name(const char *path);

/* All return 0 or a negative errno. */
int node_query(int fd, uint32_t type, uint32_t index, void *data, uint32_t size);
/* Submit one command by ioctl and wait for it: its error. */
int node_run(int fd, struct nms_cmd *cmd);

#endif /* NMSCTL_NODE_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* Which image files there are in a folder, and in its subfolders as classes. */
#ifndef NMSCTL_FOLDER_LIST_H
#define NMSCTL_FOLDER_LIST_H

#include <stdint.h>

#include "cells.h"
#include "message.h"

struct folder_list {
	struct cells paths;	/* in order */
	struct cells classes;	/* none without subfolders */
	uint32_t *class;	/* one a path, or NULL */
};

/**
 * Names are in byte order; hidden ones are passed over, and so are files that are neither PNG nor
 * JPEG by their content nor by their name.  -EINVAL: images beside subfolders with images.
 */
int folder_list_read(const char *path, struct folder_list *list, struct message *why);
void folder_list_release(struct folder_list *list);

#endif /* NMSCTL_FOLDER_LIST_H */

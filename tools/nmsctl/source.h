/* SPDX-License-Identifier: GPL-2.0-only */
/* The bytes of a file: mapped where it is a regular file, else read. */
#ifndef NMSCTL_SOURCE_H
#define NMSCTL_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "message.h"

struct source {
	const char *path;	/* the caller's */
	const uint8_t *data;	/* size bytes; not NULL */
	size_t size;
	void *map;		/* or NULL */
	size_t map_size;
	void *heap;		/* or NULL */
};

/** Open @path; no more than @limit bytes are allocated.  Negative errno.  source_close() it. */
int source_open(struct source *source, const char *path, uint64_t limit, struct message *why);
/** The same for a name that nobody gave, one found in a folder: pipes and devices are refused. */
int source_open_file(struct source *source, const char *path, uint64_t limit, struct message *why);
/** Have @heap, of @size bytes, in the place of what there is; it is freed by the close. */
void source_replace(struct source *source, void *heap, size_t size);
/** Accepts one that is zeroed. */
void source_close(struct source *source);

#endif /* NMSCTL_SOURCE_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* Many short texts, one after the other. */
#ifndef NMSCTL_CELLS_H
#define NMSCTL_CELLS_H

#include <stddef.h>

struct cells {
	char *bytes;		/* texts, each with its NUL */
	size_t size, room;
	size_t *at;		/* where text i begins */
	size_t count, slots;
};

/** Append @text of @size bytes.  -ENOMEM. */
int cells_add(struct cells *cells, const char *text, size_t size);
const char *cells_get(const struct cells *cells, size_t i);
/** Its bytes without the NUL. */
size_t cells_length(const struct cells *cells, size_t i);
/** Forget the texts, keep the memory. */
void cells_clear(struct cells *cells);
void cells_release(struct cells *cells);

#endif /* NMSCTL_CELLS_H */

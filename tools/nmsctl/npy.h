/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NMSCTL_NPY_H
#define NMSCTL_NPY_H

#include "array.h"

#define NPY_PREFIX 12	/* bytes from which npy_header_size() knows, at most */

bool npy_looks_like(const uint8_t *data, size_t size);
/**
 * Bytes from the start of a file to its first element, from its first @size bytes.  @where: how
 * messages begin.  -EINVAL.
 */
int npy_header_size(const uint8_t *data, size_t size, const char *where, size_t *header,
		    struct message *why);
/**
 * Parse the header of @header bytes into @array (without its data), and the size of the data into
 * *@bytes.  -EINVAL: damaged, or of a kind that is refused.
 */
int npy_parse_header(const uint8_t *data, size_t header, const char *where, struct array *array,
		     size_t *bytes, struct message *why);

#endif /* NMSCTL_NPY_H */

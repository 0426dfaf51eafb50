/* SPDX-License-Identifier: GPL-2.0-only */
/* SHA-256 of content, the same whatever file it came in. */
#ifndef NMSCTL_DIGEST_H
#define NMSCTL_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "dataset.h"

#define DIGEST_HEX 65	/* with the final NUL */

/**
 * Of a dataset's element type, rows, columns and elements (not its labels, nor the shape within
 * a row): "nms-dataset 1 DTYPE ROWS COLS\n", then the rows, packed.  -ENOMEM.
 */
int digest_dataset(const struct dataset *dataset, char hex[DIGEST_HEX]);
/** Of u32 (labels, row numbers): "nms-u32 1 COUNT\n", then the values.  -ENOMEM. */
int digest_u32(const uint32_t *values, size_t count, char hex[DIGEST_HEX]);

#endif /* NMSCTL_DIGEST_H */

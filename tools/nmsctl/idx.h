/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NMSCTL_IDX_H
#define NMSCTL_IDX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Do these first bytes of a file begin an IDX header? */
bool idx_looks_like(const uint8_t *data, size_t size);
/** Bytes that such a file must have; false if the header is not whole, or of no possible size. */
bool idx_promised_size(const uint8_t *data, size_t size, uint64_t *promised);

#endif /* NMSCTL_IDX_H */

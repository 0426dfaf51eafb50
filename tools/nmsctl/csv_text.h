/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NMSCTL_CSV_TEXT_H
#define NMSCTL_CSV_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Are these bytes text? */
bool text_looks_like(const uint8_t *data, size_t size);

#endif /* NMSCTL_CSV_TEXT_H */

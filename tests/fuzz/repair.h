/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef REPAIR_H
#define REPAIR_H

#include <stddef.h>
#include <stdint.h>

/*
 * Set right, in place, what a change at random nearly always breaks: magic, lengths and checksums.
 * A reader that looks at these first would see nothing else.  The new size.
 */
size_t repair_none(uint8_t *data, size_t size, size_t room);
size_t repair_npy(uint8_t *data, size_t size, size_t room);
size_t repair_zip(uint8_t *data, size_t size, size_t room);
size_t repair_idx(uint8_t *data, size_t size, size_t room);
size_t repair_cifar(uint8_t *data, size_t size, size_t room);
size_t repair_gzip(uint8_t *data, size_t size, size_t room);
size_t repair_png(uint8_t *data, size_t size, size_t room);

#endif /* REPAIR_H */

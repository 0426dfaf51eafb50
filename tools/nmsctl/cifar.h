/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NMSCTL_CIFAR_H
#define NMSCTL_CIFAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CIFAR_PIXELS (3 * 32 * 32)

/** Bytes of labels before each picture: 1 (CIFAR-10), 2 (CIFAR-100), or 0: it is neither. */
size_t cifar_label_bytes(const uint8_t *data, size_t size);
/** Has the folder a regular file that is named as a batch is? */
bool cifar_is_folder(const char *path);

#endif /* NMSCTL_CIFAR_H */

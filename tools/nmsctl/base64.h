/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NMSCTL_BASE64_H
#define NMSCTL_BASE64_H

#include <stddef.h>
#include <stdio.h>

/* @size bytes as RFC 4648, section 4, has them, in one line.  Errors stay in ferror(). */
void base64_write(FILE *to, const void *data, size_t size);

#endif /* NMSCTL_BASE64_H */

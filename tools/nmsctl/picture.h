/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NMSCTL_PICTURE_H
#define NMSCTL_PICTURE_H

#include <stdbool.h>

#include "report.h"

/*
 * Draw what @report tells of to @stream, in the format of @path's end.
 * @by_class: each class has a plane of its own.  Returns the status to exit with
 * after having said why, or 0.
 */
int picture_write(const struct report *report, bool by_class, const char *path, FILE *stream);

#endif /* NMSCTL_PICTURE_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* Labels numbered, and the names of classes. */
#ifndef NMSCTL_CLASSES_H
#define NMSCTL_CLASSES_H

#include "array.h"
#include "cells.h"
#include "dataset.h"

/** A NULL-terminated copy of all of @names; NULL: no memory.  Free with class_names_free(). */
char **class_names_copy(const struct cells *names);
void class_names_free(char **names, size_t count);

/*
 * The rules of labels_open() in dataset.h, on numbers of an array with one column or on text.
 * Messages begin with @where.  Negative errno.
 */
int classes_from_array(const struct array *array, const char *where, struct labels *labels,
		       struct message *why);
int classes_from_cells(const struct cells *cells, const char *where, struct labels *labels,
		       struct message *why);

#endif /* NMSCTL_CLASSES_H */

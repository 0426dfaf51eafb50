/* SPDX-License-Identifier: GPL-2.0-only */
/* A selection as a file. */
#ifndef NMSCTL_SELECTION_H
#define NMSCTL_SELECTION_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct selection {
	size_t count;
	const uint32_t *index;		/* row numbers, in the order chosen */
	const float *weight;		/* count, or NULL */
	const uint32_t *labels;		/* of ALL rows of the dataset, by row number, or NULL */
	char *const *class_names;	/* by label, or NULL */
};

enum selection_format {
	SELECTION_NPY,		/* int64 row numbers */
	SELECTION_CSV,		/* header index[,weight][,label[,class]] */
	SELECTION_JSON		/* {"exemplars": [{"index": ..., "weight": ..., "label": ..., "class": ...}, ...]} */
};

/** Format by the end of the name (.npy, .csv, .json, any case); -EINVAL.  "-" is CSV. */
int selection_format_of(const char *path, enum selection_format *format);
/** 0 or negative errno; errors of the stream also stay in ferror(). */
int selection_write(FILE *stream, const struct selection *selection,
		    enum selection_format format);

#endif /* NMSCTL_SELECTION_H */

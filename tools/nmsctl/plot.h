/* SPDX-License-Identifier: GPL-2.0-only */
/* A picture of the plane: the rows coloured by class, the exemplars on top. */
#ifndef NMSCTL_PLOT_H
#define NMSCTL_PLOT_H

#include <stdbool.h>
#include <stdio.h>

#include "input.h"

struct plot {
	const char *title, *subtitle;
	const float *points;		/* rows x 2 */
	size_t rows;
	const uint32_t *labels;		/* one a row, or NULL */
	const struct class_counts *classes;	/* of labels */
	char *const *class_names;	/* or NULL */
	const uint32_t *index;		/* exemplars, or NULL */
	size_t count;
	bool by_class;			/* each class has a plane of its own: a panel for each */
};

/* Whether the name ends in .png or .svg. */
bool plot_format_known(const char *path);

/* Draw to @stream in the format of @path's end.  0, -ENOMEM or -EIO. */
int plot_write(const struct plot *plot, const char *path, FILE *stream);

#endif /* NMSCTL_PLOT_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* What the first line of a text file says about the rest. */
#ifndef NMSCTL_CSV_HEADER_H
#define NMSCTL_CSV_HEADER_H

#include <stdbool.h>

#include "cells.h"
#include "content.h"

#define NO_COLUMN ((size_t)-1)

struct csv_layout {
	size_t columns;
	bool header;		/* the first line holds names */
	bool perhaps;		/* so it is, if the second line is a number and the first none */
	size_t text;		/* column that is kept as text: labels or row numbers; or NO_COLUMN */
};

/** The delimiter of the first line: the most frequent of comma, semicolon, tab, else space. */
char csv_delimiter(const uint8_t *data, size_t size);
/** Find the layout from the first line.  -EINVAL: it has not the column that is wanted. */
int csv_layout_find(const struct content *content, const struct cells *first,
		    struct csv_layout *layout, struct message *why);

#endif /* NMSCTL_CSV_HEADER_H */

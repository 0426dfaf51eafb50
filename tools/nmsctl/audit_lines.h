/* SPDX-License-Identifier: GPL-2.0-only */
/* What an audit found, counted by class, and as JSON. */
#ifndef NMSCTL_AUDIT_LINES_H
#define NMSCTL_AUDIT_LINES_H

#include <json-c/json.h>

#include "audit.h"

/* Of a class, or of all rows. */
struct audit_line {
	uint64_t rows, kind[AUDIT_NKINDS];
	double mixed;		/* mean share of neighbours that are of another class */
};

/*
 * classes->nclasses + 1 lines, of which the last is of all rows.  @classes: of @known, or empty
 * without.  @index (may be NULL): only these rows, @n of them.  NULL: no memory.  Free with free().
 */
struct audit_line *audit_lines(const struct audit *audit, const uint32_t *known,
			       const struct class_counts *classes, const uint32_t *index, size_t n);

/* Both: 0 or -ENOMEM, as json_put(). */
int audit_put_kinds(struct json_object *to, const struct audit_line *line);
/* Row @i, with why it is suspected, at the end of @array. */
int audit_put_suspect(struct json_object *array, const struct audit *audit, const uint32_t *known,
		      size_t i);

#endif /* NMSCTL_AUDIT_LINES_H */

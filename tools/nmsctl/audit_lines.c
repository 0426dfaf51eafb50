// SPDX-License-Identifier: GPL-2.0-only
#include "audit_lines.h"

#include <errno.h>
#include <stdlib.h>

#include "json.h"

static void take(struct audit_line *line, const struct audit_row *row)
{
	line->rows++;
	line->kind[row->kind]++;
	line->mixed += (double)row->mixed;
}

struct audit_line *audit_lines(const struct audit *audit, const uint32_t *known,
			       const struct class_counts *classes, const uint32_t *index, size_t n)
{
	struct audit_line *line = calloc(classes->nclasses + 1, sizeof(*line));
	size_t rows = index ? n : audit->n;

	if (!line)
		return NULL;
	for (size_t i = 0; i < rows; i++) {
		size_t row = index ? index[i] : i;

		if (classes->nclasses)
			take(&line[class_counts_find(classes, known[row])], &audit->row[row]);
		take(&line[classes->nclasses], &audit->row[row]);
	}
	for (size_t c = 0; c <= classes->nclasses; c++)
		line[c].mixed /= line[c].rows ? (double)line[c].rows : 1;
	return line;
}

int audit_put_kinds(struct json_object *to, const struct audit_line *line)
{
	int error = 0;

	for (int k = AUDIT_FINE + 1; k < AUDIT_NKINDS; k++)
		error |= json_put_u64(to, audit_kind_names[k], line->kind[k]);
	return error;
}

int audit_put_suspect(struct json_object *array, const struct audit *audit, const uint32_t *known,
		      size_t i)
{
	const struct audit_row *row = &audit->row[i];
	struct json_object *to = json_object_new_object();
	int error;

	if (!to || json_object_array_add(array, to)) {
		json_object_put(to);
		return -ENOMEM;
	}
	error = json_put_u64(to, "index", i);
	error |= json_put_text(to, "kind", audit_kind_names[row->kind]);
	if (row->kind == AUDIT_DUPLICATE || row->kind == AUDIT_NEAR_DUPLICATE)
		error |= json_put_u64(to, "of", row->other);
	if (known)
		error |= json_put_u64(to, "label", known[i]);
	if (row->kind == AUDIT_LABEL)
		error |= json_put_u64(to, "neighbours_label", row->other);
	error |= json_put_real(to, "distance", (double)row->distance, 6);
	return error | json_put_real(to, "mixed", (double)row->mixed, 6);
}

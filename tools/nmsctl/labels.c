// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>

#include "classes.h"
#include "content.h"
#include "dataset.h"

int labels_open(const char *path, const struct dataset_options *options, size_t nrows,
		struct labels **labels, struct message *why)
{
	struct labels *found = calloc(1, sizeof(*found));
	struct content content;
	int error;

	*labels = NULL;
	if (!found)
		return message_set(why, -ENOMEM, "%s: out of memory", path);
	error = content_open(&content, path, WANT_LABELS, options, why);
	if (error)
		goto out;
	if (content.x.data)
		error = classes_from_array(&content.x, path, found, why);
	else
		error = classes_from_cells(&content.cells, path, found, why);
	if (error)
		goto out;
	if (!found->rows)
		error = message_set(why, -EINVAL, "%s: %s: no labels", path, content.format);
	else if (nrows && found->rows != nrows)
		error = message_set(why, -EINVAL, "%s: %zu labels, expected %zu, one a row", path,
				    found->rows, nrows);
	if (!error && content.class_names && !found->class_names) {
		found->class_names = content.class_names;
		content.class_names = NULL;
	}
out:
	content_close(&content);
	if (error)
		labels_close(found);
	else
		*labels = found;
	return error;
}

void labels_close(struct labels *labels)
{
	if (!labels)
		return;
	class_names_free(labels->class_names, labels->nclasses);
	free(labels->label);
	free(labels);
}

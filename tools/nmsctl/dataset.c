// SPDX-License-Identifier: GPL-2.0-only
#include "dataset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "classes.h"
#include "content.h"

struct dataset_memory {
	struct content content;
	struct labels labels;
};

static int check_shape(const struct content *content, struct message *why)
{
	const struct array *x = &content->x;

	if (!x->shape[0])
		return message_set(why, -EINVAL, "%s: %s: no rows", content->path, content->format);
	if (!array_cols(x))
		return message_set(why, -EINVAL, "%s: %s: rows without elements", content->path,
				   content->format);
	if (x->shape[0] > UINT32_MAX - 1 || array_cols(x) > UINT32_MAX)
		return message_set(why, -EINVAL, "%s: %s: %zu rows of %zu elements, expected fewer than 2^32 of each",
				   content->path, content->format, x->shape[0], array_cols(x));
	return 0;
}

static int take_rows(struct dataset *dataset, struct content *content, struct message *why)
{
	struct array *x = &content->x;
	int error;

	error = check_shape(content, why);
	if (error)
		return error;
	error = array_settle(x, content->options.memory_limit, &dataset->dtype);
	if (error)
		return message_set(why, error, "%s: %s: %zu rows of %zu elements do not fit into memory",
				   content->path, content->format, x->shape[0], array_cols(x));
	dataset->base = x->data;
	dataset->rows = x->shape[0];
	dataset->cols = array_cols(x);
	dataset->stride = x->stride ? x->stride : dataset->cols * element_size(x->element);
	dataset->ndim = x->ndim - 1;
	memcpy(dataset->shape, x->shape + 1, dataset->ndim * sizeof(*dataset->shape));
	dataset->format = content->format;
	return 0;
}

static int take_labels(struct dataset *dataset, struct content *content, struct message *why)
{
	struct labels *labels = &dataset->memory->labels;
	int error;

	if (content->y.data)
		error = classes_from_array(&content->y, content->path, labels, why);
	else if (content->cells.count)
		error = classes_from_cells(&content->cells, content->path, labels, why);
	else
		return 0;
	if (error)
		return error;
	if (labels->rows != dataset->rows)
		return message_set(why, -EINVAL, "%s: %zu labels for %zu rows", content->path,
				   labels->rows, dataset->rows);
	dataset->labels = labels->label;
	dataset->nclasses = labels->nclasses;
	dataset->class_names = labels->class_names ? labels->class_names : content->class_names;
	return 0;
}

int dataset_open(const char *path, const struct dataset_options *options,
		 struct dataset **dataset, struct message *why)
{
	struct dataset *d = calloc(1, sizeof(*d));
	int error;

	*dataset = NULL;
	if (d)
		d->memory = calloc(1, sizeof(*d->memory));
	if (!d || !d->memory) {
		free(d);
		return message_set(why, -ENOMEM, "%s: out of memory", path);
	}
	error = content_open(&d->memory->content, path, WANT_ROWS, options, why);
	if (!error)
		error = take_rows(d, &d->memory->content, why);
	if (!error)
		error = take_labels(d, &d->memory->content, why);
	if (error) {
		dataset_close(d);
		return error;
	}
	*dataset = d;
	return 0;
}

void dataset_close(struct dataset *dataset)
{
	struct labels *labels;

	if (!dataset)
		return;
	labels = &dataset->memory->labels;
	class_names_free(labels->class_names, labels->nclasses);
	free(labels->label);
	content_close(&dataset->memory->content);
	free(dataset->memory);
	free(dataset);
}

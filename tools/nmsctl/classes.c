// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "classes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"

#define MAX_LABEL (UINT32_MAX - 1)

char **class_names_copy(const struct cells *names)
{
	char **copy = calloc(names->count + 1, sizeof(*copy));

	for (size_t i = 0; copy && i < names->count; i++) {
		copy[i] = strdup(cells_get(names, i));
		if (!copy[i]) {
			class_names_free(copy, i);
			return NULL;
		}
	}
	return copy;
}

void class_names_free(char **names, size_t count)
{
	for (size_t i = 0; names && i < count; i++)
		free(names[i]);
	free(names);
}

static int no_memory(const char *where, struct message *why)
{
	return message_set(why, -ENOMEM, "%s: labels: out of memory", where);
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The different values of @n, ascending, in place of them; how many. */
static size_t make_unique(int64_t *values, size_t n)
{
	size_t kept = 0;

	qsort(values, n, sizeof(*values), by_value);
	for (size_t i = 0; i < n; i++)
		if (!i || values[i] != values[i - 1])
			values[kept++] = values[i];
	return kept;
}

static int name_by_value(const int64_t *unique, struct labels *labels)
{
	struct cells names = { 0 };
	int error = 0;

	for (size_t i = 0; i < labels->nclasses && !error; i++) {
		char text[32];
		int n = snprintf(text, sizeof(text), "%" PRId64, unique[i]);

		error = cells_add(&names, text, (size_t)n);
	}
	if (!error)
		labels->class_names = class_names_copy(&names);
	cells_release(&names);
	return labels->class_names ? 0 : -ENOMEM;
}

/* @values: one a row. */
static int from_integers(const int64_t *values, struct labels *labels)
{
	size_t n = labels->rows;
	int64_t *unique = malloc((n ? n : 1) * sizeof(*unique));
	bool keep;
	int error = 0;

	if (!unique)
		return -ENOMEM;
	if (n)
		memcpy(unique, values, n * sizeof(*unique));
	labels->nclasses = make_unique(unique, n);
	keep = !n || (unique[0] >= 0 && unique[labels->nclasses - 1] <= (int64_t)MAX_LABEL);
	for (size_t i = 0; i < n; i++) {
		const int64_t *rank = keep ? NULL : bsearch(&values[i], unique, labels->nclasses,
							    sizeof(*unique), by_value);

		labels->label[i] = keep ? (uint32_t)values[i] : (uint32_t)(rank - unique);
	}
	if (!keep)
		error = name_by_value(unique, labels);
	free(unique);
	return error;
}

static int prepare(size_t rows, struct labels *labels, int64_t **values)
{
	if (rows > UINT32_MAX)
		return -ENOMEM;
	*labels = (struct labels){ .rows = rows };
	labels->label = malloc((rows ? rows : 1) * sizeof(*labels->label));
	*values = malloc((rows ? rows : 1) * sizeof(**values));
	return labels->label && *values ? 0 : -ENOMEM;
}

static void discard(struct labels *labels)
{
	free(labels->label);
	*labels = (struct labels){ 0 };
}

int classes_from_array(const struct array *array, const char *where, struct labels *labels,
		       struct message *why)
{
	int64_t *values = NULL;
	int error;

	if (array_cols(array) != 1)
		return message_set(why, -EINVAL, "%s: labels: %zu numbers a row, expected one", where,
				   array_cols(array));
	error = prepare(array->shape[0], labels, &values);
	for (size_t i = 0; i < array->shape[0] && !error; i++)
		if (!array_integer(array, i, &values[i]))
			error = message_set(why, -EINVAL, "%s: label of row %zu is not an integer",
					    where, i);
	if (!error)
		error = from_integers(values, labels);
	free(values);
	if (error)
		discard(labels);
	return error == -ENOMEM ? no_memory(where, why) : error;
}

static int by_text(const void *a, const void *b, void *data)
{
	return strcmp(cells_get(data, *(const size_t *)a), cells_get(data, *(const size_t *)b));
}

/* Rows in the order of their texts; equal ones get the same number. */
static int from_text(const struct cells *cells, struct labels *labels)
{
	size_t *order = malloc((cells->count ? cells->count : 1) * sizeof(*order));
	struct cells names = { 0 };
	int error = 0;

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < cells->count; i++)
		order[i] = i;
	qsort_r(order, cells->count, sizeof(*order), by_text, (void *)cells);
	for (size_t i = 0; i < cells->count && !error; i++) {
		const char *text = cells_get(cells, order[i]);

		if (!i || strcmp(text, cells_get(cells, order[i - 1])))
			error = cells_add(&names, text, strlen(text));
		labels->label[order[i]] = (uint32_t)(names.count - 1);
	}
	labels->nclasses = names.count;
	if (!error)
		labels->class_names = class_names_copy(&names);
	cells_release(&names);
	free(order);
	return labels->class_names ? 0 : -ENOMEM;
}

/* Are all of them integers?  If not: *@odd is none; *@numbers: they are numbers nonetheless. */
static bool all_integers(const struct cells *cells, int64_t *values, size_t *odd, bool *numbers)
{
	bool integers = true;

	*numbers = true;
	for (size_t i = 0; i < cells->count; i++) {
		const char *text = cells_get(cells, i);
		size_t size = cells_length(cells, i);
		double value;

		if (number_parse_integer(text, size, &values[i]))
			continue;
		if (integers)
			*odd = i;
		integers = false;
		if (!number_parse(text, size, &value)) {
			*numbers = false;
			break;
		}
	}
	return integers;
}

int classes_from_cells(const struct cells *cells, const char *where, struct labels *labels,
		       struct message *why)
{
	int64_t *values = NULL;
	size_t odd = 0;
	bool numbers;
	int error;

	error = prepare(cells->count, labels, &values);
	if (error)
		goto out;
	if (all_integers(cells, values, &odd, &numbers))
		error = from_integers(values, labels);
	else if (numbers)
		error = message_set(why, -EINVAL, "%s: label of row %zu is '%.32s', expected an integer or a name",
				    where, odd, cells_get(cells, odd));
	else
		error = from_text(cells, labels);
out:
	free(values);
	if (error)
		discard(labels);
	return error == -ENOMEM ? no_memory(where, why) : error;
}

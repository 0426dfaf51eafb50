// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "content.h"
#include "dataset.h"
#include "number.h"

struct list {
	const char *path;
	struct message *why;
	size_t nrows;
	uint32_t *rows;
	size_t count;
};

static int list_room(struct list *list, size_t count)
{
	list->rows = count <= SIZE_MAX / sizeof(*list->rows) ?
		     malloc((count ? count : 1) * sizeof(*list->rows)) : NULL;
	return list->rows ? 0 : message_set(list->why, -ENOMEM, "%s: out of memory", list->path);
}

static int list_add(struct list *list, int64_t row)
{
	if (row < 0 || (uint64_t)row >= list->nrows)
		return message_set(list->why, -EINVAL, "%s: entry %zu is %lld; expected a row from 0 to %zu",
				   list->path, list->count, (long long)row, list->nrows - 1);
	list->rows[list->count++] = (uint32_t)row;
	return 0;
}

static int not_integer(const struct list *list, const char *text)
{
	return message_set(list->why, -EINVAL, "%s: entry %zu%s%.32s%s: expected the number of a row",
			   list->path, list->count, *text ? " is '" : "", text, *text ? "'" : "");
}

static int from_array(struct list *list, const struct array *array)
{
	int error;

	if (array_cols(array) != 1 && array->shape[0])
		return message_set(list->why, -EINVAL, "%s: %zu numbers a row, expected one", list->path,
				   array_cols(array));
	error = list_room(list, array->shape[0]);
	for (size_t i = 0; i < array->shape[0] && !error; i++) {
		int64_t row;

		error = array_integer(array, i, &row) ? list_add(list, row) : not_integer(list, "");
	}
	return error;
}

static int from_cells(struct list *list, const struct cells *cells)
{
	int error = list_room(list, cells->count);

	for (size_t i = 0; i < cells->count && !error; i++) {
		const char *text = cells_get(cells, i);
		int64_t row;

		error = number_parse_integer(text, cells_length(cells, i), &row) ?
			list_add(list, row) : not_integer(list, text);
	}
	return error;
}

/* A number, or an object that has one as "index". */
static int from_item(struct list *list, struct json_object *item)
{
	struct json_object *value = item;
	int64_t row = 0;

	if (json_object_is_type(item, json_type_object) &&
	    !json_object_object_get_ex(item, "index", &value))
		value = NULL;
	if (json_object_is_type(value, json_type_int))
		return list_add(list, json_object_get_int64(value));
	if (json_object_is_type(value, json_type_double) &&
	    number_is_integer(json_object_get_double(value), &row))
		return list_add(list, row);
	return not_integer(list, value ? json_object_to_json_string(value) : "");
}

static int from_json(struct list *list, struct json_object *root)
{
	struct json_object *items = root;
	size_t count;
	int error;

	if (json_object_is_type(root, json_type_object) &&
	    !json_object_object_get_ex(root, "exemplars", &items))
		json_object_object_get_ex(root, "index", &items);
	if (!json_object_is_type(items, json_type_array))
		return message_set(list->why, -EINVAL, "%s: JSON without an array of row numbers or of \"exemplars\"",
				   list->path);
	count = json_object_array_length(items);
	error = list_room(list, count);
	for (size_t i = 0; i < count && !error; i++)
		error = from_item(list, json_object_array_get_idx(items, i));
	return error;
}

static int from_json_text(struct list *list, const struct source *source)
{
	struct json_tokener *tokener;
	struct json_object *root;
	size_t at;
	int error;

	if (source->size > INT32_MAX / 2)
		return message_set(list->why, -EINVAL, "%s: JSON of %zu bytes, expected at most 1 GiB",
				   list->path, source->size);
	tokener = json_tokener_new();
	if (!tokener)
		return message_set(list->why, -ENOMEM, "%s: out of memory", list->path);
	root = json_tokener_parse_ex(tokener, (const char *)source->data, (int)source->size);
	at = json_tokener_get_parse_end(tokener);
	while (root && at < source->size && strchr(" \t\r\n", source->data[at]) && source->data[at])
		at++;
	if (!root && json_tokener_get_error(tokener) == json_tokener_success)
		/* json-c has no other word for it */
		error = message_set(list->why, -ENOMEM, "%s: out of memory", list->path);
	else if (!root || at < source->size)
		error = message_set(list->why, -EINVAL, "%s: byte %zu: JSON: %s", list->path, at,
				    root ? "more after the end" :
				    json_tokener_get_error(tokener) == json_tokener_continue ? "truncated" :
				    json_tokener_error_desc(json_tokener_get_error(tokener)));
	else
		error = from_json(list, root);
	json_object_put(root);
	json_tokener_free(tokener);
	return error;
}

int json_read(struct content *content, struct message *why)
{
	(void)why;
	content->format = "json";
	return 0;
}

static int read_list(struct list *list)
{
	struct content content;
	int error;

	error = content_open(&content, list->path, WANT_INDEX, NULL, list->why);
	if (!error && !strcmp(content.format, "json"))
		error = from_json_text(list, &content.source);
	else if (!error && content.x.data)
		error = from_array(list, &content.x);
	else if (!error)
		error = from_cells(list, &content.cells);
	content_close(&content);
	return error;
}

int index_list_open(const char *path, size_t nrows, uint32_t **rows, size_t *count,
		    struct message *why)
{
	struct list list = { .path = path, .why = why, .nrows = nrows };
	int error = read_list(&list);

	*rows = NULL;
	*count = 0;
	if (error || !list.count) {
		free(list.rows);
		return error;
	}
	*rows = list.rows;
	*count = list.count;
	return 0;
}

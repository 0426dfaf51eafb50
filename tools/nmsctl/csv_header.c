// SPDX-License-Identifier: GPL-2.0-only
#include "csv_header.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "number.h"

char csv_delimiter(const uint8_t *data, size_t size)
{
	static const char candidates[] = { ',', ';', '\t', ' ' };
	size_t count[sizeof(candidates)] = { 0 }, best = 0;
	bool quoted = false, text = false;

	for (size_t i = 0; i < size && (quoted || !text || (data[i] != '\n' && data[i] != '\r')); i++) {
		text |= data[i] > ' ';
		quoted ^= data[i] == '"';
		for (size_t c = 0; c < sizeof(candidates) && !quoted; c++)
			count[c] += data[i] == (uint8_t)candidates[c];
	}
	for (size_t c = 1; c < 3; c++)
		if (count[c] > count[best])
			best = c;
	/* spaces also come after the other delimiters, and within names */
	return count[best] || !count[3] ? candidates[best] : ' ';
}

static bool is_number(const struct cells *cells, size_t i)
{
	double value;

	return number_parse(cells_get(cells, i), cells_length(cells, i), &value);
}

static size_t find_column(const struct cells *first, const char *name)
{
	for (size_t i = 0; i < first->count; i++)
		if (!strcasecmp(cells_get(first, i), name))
			return i;
	return NO_COLUMN;
}

static size_t find_label_column(const struct cells *first)
{
	static const char *const names[] = { "label", "labels", "class", "target" };
	size_t column = NO_COLUMN;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && column == NO_COLUMN; i++)
		column = find_column(first, names[i]);
	/* beside an x, y is a coordinate */
	if (column == NO_COLUMN && find_column(first, "x") == NO_COLUMN)
		column = find_column(first, "y");
	return column;
}

/* The column that the user names, by its name or its number. */
static int find_named_column(const struct content *content, const struct cells *first,
			     struct csv_layout *layout, struct message *why)
{
	const char *name = content->options.label_column;
	int64_t number;

	/* a number among numbers is no name */
	if (number_parse_integer(name, strlen(name), &number) && number >= 0 &&
	    (uint64_t)number < first->count) {
		layout->text = (size_t)number;
		return 0;
	}
	layout->text = find_column(first, name);
	if (layout->text == NO_COLUMN)
		return message_set(why, -EINVAL, "%s: line 1: no column '%.64s' among %zu",
				   content->path, name, first->count);
	layout->header = true;
	return 0;
}

static bool any_number(const struct cells *cells)
{
	for (size_t i = 0; i < cells->count; i++)
		if (is_number(cells, i))
			return true;
	return false;
}

int csv_layout_find(const struct content *content, const struct cells *first,
		    struct csv_layout *layout, struct message *why)
{
	bool index = content->wanted == WANT_INDEX;
	size_t column;

	*layout = (struct csv_layout){ .columns = first->count, .text = NO_COLUMN };
	layout->header = !any_number(first);
	if (content->options.label_column && !index)
		return find_named_column(content, first, layout, why);
	column = index ? find_column(first, "index") : find_label_column(first);
	if (column != NO_COLUMN) {
		layout->header = true;
		layout->text = column;
	} else if (content->wanted != WANT_ROWS) {
		if (first->count != 1)
			return message_set(why, -EINVAL, "%s: line 1: %zu columns and none is called %s",
					   content->path, first->count, index ? "index" : "label");
		/* a name may be the first label as well */
		layout->perhaps = layout->header && !index;
		layout->header = layout->header && index;
		layout->text = 0;
	}
	return 0;
}

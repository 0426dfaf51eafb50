// SPDX-License-Identifier: GPL-2.0-only
/* Text, one row a line; parsed by libcsv (RFC 4180). */
#include "csv_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <csv.h>

#include "content.h"
#include "csv_header.h"
#include "csv_table.h"
#include "number.h"

#define MAX_FIELD 65536		/* bytes */
#define MAX_COLUMNS (1u << 24)

struct reader {
	struct content *content;
	struct message *why;
	struct csv_layout layout;
	struct csv_table table;
	struct cells line;	/* the fields of this line */
	struct cells held;	/* the first line, where the second tells what it is */
	size_t number;		/* of this line, from 1 */
	size_t newlines;	/* within its quotes */
	size_t rows;
	int last;		/* what ended the last line */
	int error;
};

bool text_looks_like(const uint8_t *data, size_t size)
{
	size_t n = size < 4096 ? size : 4096;

	for (size_t i = 0; i < n; i++)
		if ((data[i] < ' ' && !strchr("\t\n\r\f", data[i])) || !data[i] || data[i] == 0x7f)
			return false;
	return true;
}

static void fail_memory(struct reader *r)
{
	r->error = message_set(r->why, -ENOMEM, "%s: line %zu: csv: does not fit into memory",
			       r->content->path, r->number);
}

static void fail_number(struct reader *r, size_t column)
{
	r->error = message_set(r->why, -EINVAL, "%s: line %zu: column %zu: '%.32s' is not a number",
			       r->content->path, r->number, column + 1,
			       cells_get(&r->line, column));
}

static void add_row(struct reader *r, const struct cells *line)
{
	for (size_t i = 0; i < line->count && !r->error; i++) {
		size_t size = cells_length(line, i);
		double value;

		if (i == r->layout.text) {
			if (cells_add(&r->content->cells, cells_get(line, i), size))
				fail_memory(r);
		} else if (r->content->wanted != WANT_ROWS) {
			continue;
		} else if (!number_parse(cells_get(line, i), size, &value)) {
			fail_number(r, i);
		} else {
			r->error = csv_table_add(&r->table, value);
			if (r->error == -ENOMEM)
				fail_memory(r);
		}
	}
	r->rows++;
}

/* A column of names at the end of the first row is one of labels. */
static void look_at_last_column(struct reader *r)
{
	size_t last = r->line.count - 1;
	double value;

	if (r->content->wanted == WANT_ROWS && r->layout.text == NO_COLUMN && last &&
	    !number_parse(cells_get(&r->line, last), cells_length(&r->line, last), &value) &&
	    cells_length(&r->line, last))
		r->layout.text = last;
}

/* The one field of the first line was no number: it is a name for numbers, or the first label. */
static void decide_held(struct reader *r)
{
	double value;

	r->layout.perhaps = false;
	if (!r->line.count || !number_parse(cells_get(&r->line, 0), cells_length(&r->line, 0), &value))
		add_row(r, &r->held);
}

static void first_line(struct reader *r)
{
	r->error = csv_layout_find(r->content, &r->line, &r->layout, r->why);
	if (r->error || r->layout.header)
		return;
	if (r->layout.perhaps) {
		if (cells_add(&r->held, cells_get(&r->line, 0), cells_length(&r->line, 0)))
			fail_memory(r);
		return;
	}
	look_at_last_column(r);
	add_row(r, &r->line);
}

static void end_line(struct reader *r)
{
	if (!r->layout.columns) {
		first_line(r);
		return;
	}
	if (r->line.count != r->layout.columns) {
		r->error = message_set(r->why, -EINVAL, "%s: line %zu: %zu columns, expected %zu as in the first line",
				       r->content->path, r->number, r->line.count,
				       r->layout.columns);
		return;
	}
	if (r->layout.perhaps)
		decide_held(r);
	if (!r->rows)
		look_at_last_column(r);
	if (!r->error)
		add_row(r, &r->line);
}

static void on_field(void *field, size_t size, void *data)
{
	struct reader *r = data;

	if (r->error)
		return;
	if (size > MAX_FIELD || r->line.count == MAX_COLUMNS) {
		r->error = message_set(r->why, -EINVAL, "%s: line %zu: csv: %s", r->content->path,
				       r->number, size > MAX_FIELD ? "a field of more than 65536 bytes" :
				       "more than 2^24 columns");
		return;
	}
	if (size && memchr(field, 0, size)) {
		r->error = message_set(r->why, -EINVAL, "%s: line %zu: csv: a zero byte in text",
				       r->content->path, r->number);
		return;
	}
	for (size_t i = 0; i < size; i++)
		r->newlines += ((const char *)field)[i] == '\n';
	if (cells_add(&r->line, field ? field : "", size))
		fail_memory(r);
}

/* Also called for lines without a field, and for both of CR LF. */
static void on_line(int ended, void *data)
{
	struct reader *r = data;

	if (r->error)
		return;
	if (r->line.count)
		end_line(r);
	else if (ended == '\n' && r->last == '\r')
		r->number--;
	cells_clear(&r->line);
	r->number += 1 + r->newlines;
	r->newlines = 0;
	r->last = ended;
}

/* Blanks around fields are not part of them, unless they are between them. */
static int no_space(unsigned char c)
{
	(void)c;
	return 0;
}

static void parse(struct reader *r, struct csv_parser *parser)
{
	const struct source *source = &r->content->source;
	size_t at = source->size >= 3 && !memcmp(source->data, "\xef\xbb\xbf", 3) ? 3 : 0;
	char delimiter = r->content->options.delimiter;

	if (!delimiter)
		delimiter = csv_delimiter(source->data + at, source->size - at);
	csv_set_delim(parser, (unsigned char)delimiter);
	if (delimiter == ' ' || delimiter == '\t')
		csv_set_space_func(parser, no_space);
	csv_set_blk_size(parser, 4096);
	while (at < source->size && !r->error) {
		size_t n = source->size - at < 65536 ? source->size - at : 65536;
		size_t done = csv_parse(parser, source->data + at, n, on_field, on_line, r);

		if (done != n && !r->error)
			r->error = message_set(r->why, -EINVAL, "%s: line %zu: csv: %s", source->path,
					       r->number, csv_strerror(csv_error(parser)));
		if (parser->entry_pos > MAX_FIELD && !r->error)
			r->error = message_set(r->why, -EINVAL, "%s: line %zu: csv: a field of more than 65536 bytes",
					       source->path, r->number);
		at += n;
	}
	if (!r->error && csv_fini(parser, on_field, on_line, r) && !r->error)
		r->error = message_set(r->why, -EINVAL, "%s: line %zu: csv: quotes that do not end",
				       source->path, r->number);
	if (!r->error && r->layout.perhaps)
		add_row(r, &r->held);
}

static void give(struct reader *r)
{
	struct content *content = r->content;
	size_t cols = r->layout.columns - (r->layout.text != NO_COLUMN);

	content->format = "csv";
	if (content->wanted != WANT_ROWS)
		return;
	if (!r->layout.columns)
		cols = 0;
	content->x = (struct array){
		.data = r->table.values ? r->table.values : (const uint8_t *)"",
		.heap = r->table.values, .element = r->table.element,
		.ndim = 2, .shape = { r->rows, cols },
	};
	r->table.values = NULL;
}

static int read_as(struct content *content, enum element element, struct message *why)
{
	struct reader r = {
		.content = content, .why = why, .number = 1,
		.table = { .element = element, .limit = content->options.memory_limit },
	};
	struct csv_parser parser;

	if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL | CSV_APPEND_NULL))
		return message_set(why, -ENOMEM, "%s: csv: out of memory", content->path);
	parse(&r, &parser);
	csv_free(&parser);
	if (!r.error)
		give(&r);
	csv_table_release(&r.table);
	cells_release(&r.line);
	cells_release(&r.held);
	return r.error;
}

int csv_read(struct content *content, struct message *why)
{
	int error = read_as(content, ELEMENT_U8, why);

	if (error != -ERANGE)
		return error;
	cells_clear(&content->cells);
	return read_as(content, ELEMENT_F64, why);
}

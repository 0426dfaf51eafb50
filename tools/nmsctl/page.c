// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page holds, in elements that are no program: "data", JSON; "plane", two u16 a row;
 * "classes", u8, u16 or u32 a row; "index", u32, and "weight", f32, an exemplar; "pictured", u32, where not
 * every row has a picture; sheets of pictures, PNG.  Arrays are little-endian, and base64 like PNG.
 */
#define _GNU_SOURCE
#include "page.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "interrupt.h"
#include "json.h"
#include "nmsctl.h"
#include "pool.h"

/* In base64 a third more; with the plane and all else of 60,000 rows, below 12 MB. */
#define ROWS_BUDGET 7800000u
#define EXEMPLARS_BUDGET 700000u
#define ROWS_SIDE 32
#define EXEMPLARS_SIDE 64

/* ---- what is shown ------------------------------------------------------------------ */

static int make_pictures(struct page *p)
{
	const struct report *r = p->report;
	const struct thumbs_wish exemplars = {
		.row = r->result->index, .count = r->result->count, .side = EXEMPLARS_SIDE,
		.levels = 256, .budget = EXEMPLARS_BUDGET,
	};
	const struct thumbs_wish rows = {
		.side = ROWS_SIDE, .levels = 16, .budget = ROWS_BUDGET, .seed = r->options->seed,
	};
	struct eng_env env = { 0 };
	size_t shape[3];
	int error;

	if (r->input->near || !thumbs_shape(r->input->dataset, shape))
		return 0;
	interrupt_block();
	error = eng_pool_create(r->options->threads, &env.pool);
	interrupt_unblock();
	if (!error)
		error = thumbs_make(&env, r->input->dataset, &exemplars, &p->exemplars);
	if (!error)
		error = thumbs_make(&env, r->input->dataset, &rows, &p->rows);
	eng_pool_destroy(env.pool);
	return error;
}

int page_make(struct session *session, const struct report *report,
	      const struct request *request, struct page *page)
{
	const struct input *input = report->input;
	const struct nms_sample_result *result = report->result;
	double begin = seconds_now();
	int error = 0, status;

	memset(page, 0, sizeof(*page));
	page->report = report;
	page->request = request;
	if (input->known)
		error = class_counts(input->known, input->dataset->rows, result->index,
				     result->count, &page->classes);
	if (!error && !input->near)
		error = twins_count(input, result->index, result->count, &page->twins);
	if (!error)
		error = make_pictures(page);
	if (error)
		return nmsctl_fail("%s: %s", input->path, strerror(-error));
	status = measures_take(session, report->options, input, request,
			       input->known ? &page->classes : NULL, result, &page->measures);
	page->seconds = seconds_now() - begin;
	return status;
}

void page_free(struct page *page)
{
	class_counts_free(&page->classes);
	measures_free(&page->measures);
	thumbs_free(&page->exemplars);
	thumbs_free(&page->rows);
}

/* ---- arrays -------------------------------------------------------------------------- */

static void begin_block(FILE *to, const char *type, const char *id)
{
	fprintf(to, "<script type=\"%s\" id=\"%s\">", type, id);
}

static void end_block(FILE *to)
{
	fputs("</script>\n", to);
}

static void put_block(FILE *to, const char *id, const void *data, size_t size)
{
	begin_block(to, "text/plain", id);
	base64_write(to, data, size);
	end_block(to);
}

static void put_sheets(FILE *to, const char *name, const struct thumbs *t)
{
	char id[40];

	for (size_t i = 0; i < t->nsheets; i++) {
		snprintf(id, sizeof(id), "%s-%zu", name, i);
		put_block(to, id, t->sheet[i].data, t->sheet[i].size);
	}
}

/* 65535 is the place of rows that have none. */
static void find_scale(const float *plane, size_t n, struct page_scale *s)
{
	double low[2] = { INFINITY, INFINITY }, high[2] = { -INFINITY, -INFINITY }, extent;

	for (size_t i = 0; i < 2 * n; i++) {
		if (!isfinite(plane[i]))
			continue;
		low[i & 1] = fmin(low[i & 1], (double)plane[i]);
		high[i & 1] = fmax(high[i & 1], (double)plane[i]);
	}
	extent = fmax(high[0] - low[0], high[1] - low[1]);
	s->x = isfinite(low[0]) ? low[0] : 0;
	s->y = isfinite(low[1]) ? low[1] : 0;
	s->step = extent > 0 ? extent / 65534 : 1;
}

static int put_plane(FILE *to, const float *plane, size_t n, const struct page_scale *s)
{
	uint16_t *number = malloc(2 * n * sizeof(*number));

	if (!number)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const float *at = plane + 2 * i;
		int placed = isfinite(at[0]) && isfinite(at[1]);

		number[2 * i] = placed ? (uint16_t)lrint(((double)at[0] - s->x) / s->step) : 65535;
		number[2 * i + 1] =
			placed ? (uint16_t)lrint(((double)at[1] - s->y) / s->step) : 65535;
	}
	put_block(to, "plane", number, 2 * n * sizeof(*number));
	free(number);
	return 0;
}

/* Places in the list of classes, in as few bytes as hold them. */
static int put_classes(FILE *to, const struct page *p)
{
	const struct class_counts *c = &p->classes;
	size_t n = p->report->input->dataset->rows;
	size_t size = c->nclasses <= 256 ? 1 : c->nclasses <= 65536 ? 2 : 4;
	uint8_t *list;

	if (!c->nclasses)
		return 0;
	list = malloc(n * size);
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		uint32_t at = (uint32_t)class_counts_find(c, p->report->input->known[i]);

		for (size_t b = 0; b < size; b++)
			list[i * size + b] = (uint8_t)(at >> 8 * b);
	}
	put_block(to, "classes", list, n * size);
	free(list);
	return 0;
}

static int put_arrays(FILE *to, const struct page *p, const struct page_scale *scale)
{
	const struct nms_sample_result *result = p->report->result;
	size_t rows = p->report->input->dataset->rows;
	int error = 0;

	if (result->embedding)
		error = put_plane(to, result->embedding, rows, scale);
	if (!error)
		error = put_classes(to, p);
	put_block(to, "index", result->index, result->count * sizeof(*result->index));
	if (result->weight)
		put_block(to, "weight", result->weight, result->count * sizeof(*result->weight));
	if (p->rows.count && p->rows.count < rows)
		put_block(to, "pictured", p->rows.row, p->rows.count * sizeof(*p->rows.row));
	put_sheets(to, "exemplars", &p->exemplars);
	put_sheets(to, "rows", &p->rows);
	return error;
}

/* ---- the file ------------------------------------------------------------------------ */

/* "<" stands only within strings; escaped, nothing in them ends the element or begins a comment. */
static int put_json(FILE *to, struct json_object *root)
{
	const char *text = json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN |
								JSON_C_TO_STRING_NOSLASHESCAPE);

	if (!text)
		return -ENOMEM;
	begin_block(to, "application/json", "data");
	for (const char *end; *text; text = end) {
		end = strchrnul(text, '<');
		fwrite(text, 1, (size_t)(end - text), to);
		if (*end) {
			fputs("\\u003c", to);
			end++;
		}
	}
	end_block(to);
	return 0;
}

int page_write(const struct page *page, const char *path, FILE *to)
{
	struct json_object *root = json_object_new_object();
	struct page_scale scale = { 0 };
	int error;

	if (page->report->result->embedding)
		find_scale(page->report->result->embedding, page->report->input->dataset->rows,
			   &scale);
	error = root ? page_json(root, page, &scale) : -ENOMEM;
	if (!error) {
		fputs(page_head, to);
		error = put_json(to, root);
	}
	if (!error)
		error = put_arrays(to, page, &scale);
	if (!error)
		fputs(page_tail, to);
	json_object_put(root);
	return error ? nmsctl_fail("%s: %s", path, strerror(-error)) : 0;
}

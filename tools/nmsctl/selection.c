// SPDX-License-Identifier: GPL-2.0-only
#include "selection.h"

#include <csv.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "json.h"
#include "npy_write.h"
#include "number.h"

int selection_format_of(const char *path, enum selection_format *format)
{
	static const struct {
		const char *end;
		enum selection_format format;
	} ends[] = {
		{ ".npy", SELECTION_NPY }, { ".csv", SELECTION_CSV }, { ".json", SELECTION_JSON },
	};
	size_t length = strlen(path);

	if (!strcmp(path, "-")) {
		*format = SELECTION_CSV;
		return 0;
	}
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t n = strlen(ends[i].end);

		if (length > n && !strcasecmp(path + length - n, ends[i].end)) {
			*format = ends[i].format;
			return 0;
		}
	}
	return -EINVAL;
}

static int write_csv(FILE *stream, const struct selection *s)
{
	fprintf(stream, "index%s%s%s\n", s->weight ? ",weight" : "", s->labels ? ",label" : "",
		s->labels && s->class_names ? ",class" : "");
	for (size_t i = 0; i < s->count; i++) {
		uint32_t row = s->index[i];
		char text[32];

		fprintf(stream, "%" PRIu32, row);
		if (s->weight) {
			number_print_f32(text, s->weight[i]);
			fprintf(stream, ",%s", text);
		}
		if (s->labels)
			fprintf(stream, ",%" PRIu32, s->labels[row]);
		if (s->labels && s->class_names) {
			const char *name = s->class_names[s->labels[row]];

			fputc(',', stream);
			csv_fwrite(stream, name, strlen(name));
		}
		fputc('\n', stream);
	}
	return ferror(stream) ? -(errno ? errno : EIO) : 0;
}

static int fill_exemplar(struct json_object *object, const struct selection *s, size_t i)
{
	uint32_t row = s->index[i];
	char text[32];
	int error;

	error = json_put(object, "index", json_object_new_int64(row));
	if (!error && s->weight) {
		number_print_f32(text, s->weight[i]);
		error = json_put(object, "weight",
				 json_object_new_double_s((double)s->weight[i], text));
	}
	if (!error && s->labels)
		error = json_put(object, "label", json_object_new_int64(s->labels[row]));
	if (!error && s->labels && s->class_names)
		error = json_put_text(object, "class", s->class_names[s->labels[row]]);
	return error;
}

/* One by one: a tree of all of them would be many times their size. */
static int write_json(FILE *stream, const struct selection *s)
{
	int error = 0;

	fputs("{\"exemplars\": [", stream);
	for (size_t i = 0; i < s->count && !error; i++) {
		struct json_object *object = json_object_new_object();
		const char *text;

		if (!object)
			return -ENOMEM;
		error = fill_exemplar(object, s, i);
		text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_SPACED |
						      JSON_C_TO_STRING_NOSLASHESCAPE);
		if (!error)
			fprintf(stream, "%s\n%s", i ? "," : "", text);
		json_object_put(object);
	}
	fputs("\n]}\n", stream);
	if (!error && ferror(stream))
		error = -(errno ? errno : EIO);
	return error;
}

int selection_write(FILE *stream, const struct selection *selection,
		    enum selection_format format)
{
	switch (format) {
	case SELECTION_NPY:
		return npy_write_index(stream, selection->index, selection->count);
	case SELECTION_CSV:
		return write_csv(stream, selection);
	case SELECTION_JSON:
		return write_json(stream, selection);
	}
	return -EINVAL;
}

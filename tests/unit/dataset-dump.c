// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the readers of nmsctl make of a file, for tests in Python:
 *
 *   dataset-dump rows PATH [dtype=] [shape=] [member=] [column=] [delimiter=] [limit=]
 *   dataset-dump labels PATH NROWS [the same]
 *   dataset-dump index PATH NROWS
 *   dataset-dump write-rows PATH OUT.npy [the same]
 *   dataset-dump write-selection PATH OUT.(npy|csv|json) ROW...
 *
 * Lines "key value", then for rows a line "data" and the packed bytes.  Errors: the message on the
 * standard error, status 1.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataset.h"
#include "digest.h"
#include "nmsdev.h"
#include "npy_write.h"
#include "output.h"
#include "selection.h"

static int parse_options(char **argv, struct dataset_options *o)
{
	for (; *argv; argv++) {
		char *value = strchr(*argv, '=');

		if (!value)
			return -EINVAL;
		*value++ = '\0';
		if (!strcmp(*argv, "dtype"))
			o->dtype = value;
		else if (!strcmp(*argv, "shape"))
			o->shape = value;
		else if (!strcmp(*argv, "member"))
			o->member = value;
		else if (!strcmp(*argv, "column"))
			o->label_column = value;
		else if (!strcmp(*argv, "delimiter"))
			o->delimiter = *value;
		else if (!strcmp(*argv, "limit"))
			o->memory_limit = strtoull(value, NULL, 10);
		else
			return -EINVAL;
	}
	return 0;
}

static void print_classes(const uint32_t *labels, size_t rows, size_t nclasses, char **names)
{
	char hex[DIGEST_HEX];

	if (!labels)
		return;
	printf("nclasses %zu\nlabels", nclasses);
	for (size_t i = 0; i < rows; i++)
		printf(" %u", labels[i]);
	printf("\n");
	for (size_t i = 0; names && i < nclasses; i++)
		printf("name %s\n", names[i]);
	if (!digest_u32(labels, rows, hex))
		printf("labels-sha256 %s\n", hex);
}

static int dump_rows(const char *path, char **argv, struct message *why)
{
	struct dataset_options options = { 0 };
	struct dataset *d;
	char hex[DIGEST_HEX];
	int error;

	if (parse_options(argv, &options))
		return -EDOM;
	error = dataset_open(path, &options, &d, why);
	if (error)
		return error;
	printf("format %s\nrows %zu\ncols %zu\ndtype %d\nshape", d->format, d->rows, d->cols, d->dtype);
	for (size_t i = 0; i < d->ndim; i++)
		printf(" %zu", d->shape[i]);
	printf("\n");
	print_classes(d->labels, d->rows, d->nclasses, d->class_names);
	error = digest_dataset(d, hex);
	printf("sha256 %s\ndata\n", hex);
	for (size_t i = 0; i < d->rows; i++)
		fwrite((const char *)d->base + i * d->stride, nms_dtype_size((enum nms_dtype)d->dtype),
		       d->cols, stdout);
	dataset_close(d);
	return error;
}

static int dump_labels(const char *path, char **argv, struct message *why)
{
	struct dataset_options options = { 0 };
	struct labels *l;
	int error;

	if (!*argv || parse_options(argv + 1, &options))
		return -EDOM;
	error = labels_open(path, &options, strtoull(*argv, NULL, 10), &l, why);
	if (error)
		return error;
	printf("rows %zu\n", l->rows);
	print_classes(l->label, l->rows, l->nclasses, l->class_names);
	labels_close(l);
	return 0;
}

static int dump_index(const char *path, char **argv, struct message *why)
{
	uint32_t *rows;
	size_t count;
	int error;

	if (!*argv)
		return -EDOM;
	error = index_list_open(path, strtoull(*argv, NULL, 10), &rows, &count, why);
	if (error)
		return error;
	printf("count %zu\nindex", count);
	for (size_t i = 0; i < count; i++)
		printf(" %u", rows[i]);
	printf("\n");
	free(rows);
	return 0;
}

static int write_rows(const char *path, char **argv, struct message *why)
{
	struct dataset_options options = { 0 };
	struct dataset *d = NULL;
	struct output *out = NULL;
	int error;

	if (!*argv || parse_options(argv + 1, &options))
		return -EDOM;
	error = dataset_open(path, &options, &d, why);
	if (!error)
		error = output_open(*argv, &out, why);
	/* the tests write packed rows only */
	if (!error)
		error = npy_write_rows(output_stream(out), d->base, d->rows, d->dtype, d->shape, d->ndim);
	if (!error)
		error = output_commit(out, why);
	else
		output_abort(out);
	dataset_close(d);
	return error;
}

static int write_selection(const char *path, char **argv, struct message *why)
{
	uint32_t index[64];
	float weight[64];
	struct selection s = { .index = index, .weight = weight };
	enum selection_format format;
	struct dataset *d = NULL;
	struct output *out = NULL;
	char *name = *argv;
	int error;

	if (!name || selection_format_of(name, &format))
		return -EDOM;
	for (argv++; *argv && s.count < 64; argv++) {
		index[s.count] = (uint32_t)strtoul(*argv, NULL, 10);
		weight[s.count] = (float)(s.count + 1) / 3;
		s.count++;
	}
	error = dataset_open(path, NULL, &d, why);
	if (!error) {
		s.labels = d->labels;
		s.class_names = d->class_names;
		error = output_open(name, &out, why);
	}
	if (!error)
		error = selection_write(output_stream(out), &s, format);
	if (!error)
		error = output_commit(out, why);
	else
		output_abort(out);
	dataset_close(d);
	return error;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const char *path, char **argv, struct message *why);
	} commands[] = {
		{ "rows", dump_rows }, { "labels", dump_labels }, { "index", dump_index },
		{ "write-rows", write_rows }, { "write-selection", write_selection },
	};
	struct message why = { "" };
	int error = -EDOM;

	for (size_t i = 0; argc > 2 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name))
			error = commands[i].run(argv[2], argv + 3, &why);
	if (error == -EDOM && !why.text[0]) {
		fprintf(stderr, "usage: dataset-dump COMMAND PATH ...\n");
		return 2;
	}
	if (error)
		fprintf(stderr, "%s\n", why.text);
	return error ? 1 : 0;
}

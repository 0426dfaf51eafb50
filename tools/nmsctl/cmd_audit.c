// SPDX-License-Identifier: GPL-2.0-only
/* nmsctl audit: which rows one may not want to train on, and which classes are hard. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit_lines.h"
#include "interrupt.h"
#include "json.h"
#include "nmsctl.h"
#include "npy_write.h"
#include "output.h"
#include "outputs.h"
#include "printable.h"
#include "selection.h"

struct run {
	const struct nmsctl_options *options;
	struct session session;
	struct input input;
	struct class_counts classes;	/* of known labels */
	struct features features;
	struct audit audit;
	struct audit_line *lines;
	bool wanted[AUDIT_NKINDS];	/* in the list */
	enum selection_format format;
};

/* ---- what is asked for -------------------------------------------------------- */

static int take_kind(struct run *r, const char *name, size_t length)
{
	for (int k = AUDIT_FINE + 1; k < AUDIT_NKINDS; k++) {
		if (strlen(audit_kind_names[k]) == length &&
		    !strncmp(audit_kind_names[k], name, length)) {
			r->wanted[k] = true;
			return 0;
		}
	}
	return nmsctl_usage("--kinds %s: expected duplicate, near-duplicate, outlier or label, with "
			    "commas between them", r->options->kinds);
}

static int check_kinds(struct run *r)
{
	const char *at = r->options->kinds;
	int status = 0;

	for (int k = AUDIT_FINE + 1; !at && k < AUDIT_NKINDS; k++)
		r->wanted[k] = true;
	while (at && !status) {
		size_t length = strcspn(at, ",");

		status = take_kind(r, at, length);
		at = at[length] ? at + length + 1 : NULL;
	}
	return status;
}

static int check(struct run *r)
{
	const char *path = r->options->output;
	int status = path && strcmp(path, "-") ? outputs_check(r->options, path) : 0;

	if (status)
		return status;
	if (path && (selection_format_of(path, &r->format) || r->format == SELECTION_CSV))
		return nmsctl_usage("--output %s: expected a name that ends in .json or .npy", path);
	return check_kinds(r);
}

/* ---- the list of suspects -------------------------------------------------------- */

static int write_json(const struct run *r, FILE *to)
{
	struct json_object *array = json_object_new_array();
	int error = array ? 0 : -ENOMEM;

	for (size_t i = 0; !error && i < r->audit.n; i++)
		if (r->wanted[r->audit.row[i].kind])
			error = audit_put_suspect(array, &r->audit, r->input.known, i);
	if (!error)
		error = json_print(to, array);
	json_object_put(array);
	return error;
}

static int write_npy(const struct run *r, FILE *to)
{
	uint32_t *index = malloc(r->audit.n * sizeof(*index));
	size_t count = 0;
	int error;

	if (!index)
		return -ENOMEM;
	for (size_t i = 0; i < r->audit.n; i++)
		if (r->wanted[r->audit.row[i].kind])
			index[count++] = (uint32_t)i;
	error = npy_write_index(to, index, count);
	free(index);
	return error;
}

static int write_list(const struct run *r)
{
	const char *path = r->options->output;
	struct output *output;
	struct message why;
	int error;

	if (!path)
		return 0;
	if (output_open(path, &output, &why))
		return nmsctl_fail("%s", why.text);
	if (r->format == SELECTION_NPY)
		error = write_npy(r, output_stream(output));
	else
		error = write_json(r, output_stream(output));
	if (error) {
		output_abort(output);
		return nmsctl_fail("%s: %s", path, strerror(-error));
	}
	interrupt_hold();
	if (interrupt_pending()) {
		output_abort(output);
		return NMSCTL_INTERRUPTED;
	}
	return output_commit(output, &why) ? nmsctl_fail("%s", why.text) : 0;
}

/* ---- the summary ---------------------------------------------------------------- */

static int put_line(struct json_object *to, const struct run *r, const struct audit_line *line)
{
	int error = json_put_u64(to, "rows", line->rows);

	if (r->input.known && r->audit.neighbours)
		error |= json_put_real(to, "mixed", line->mixed, 6);
	return error | audit_put_kinds(to, line);
}

static int put_classes(struct json_object *root, const struct run *r)
{
	struct json_object *array = json_object_new_array();
	int error = json_put(root, "classes", array);

	for (size_t c = 0; !error && c < r->classes.nclasses; c++) {
		struct json_object *to = json_object_new_object();
		char number[16];

		if (!to || json_object_array_add(array, to)) {
			json_object_put(to);
			return -ENOMEM;
		}
		error = json_put_text(to, "class", class_name(r->input.class_names,
							      r->classes.label[c], number));
		error |= put_line(to, r, &r->lines[c]);
	}
	return error;
}

static int print_json(const struct run *r)
{
	struct json_object *root = json_object_new_object();
	int error = root ? put_line(root, r, &r->lines[r->classes.nclasses]) : -ENOMEM;

	if (!error)
		error = json_put_u64(root, "features", r->features.d);
	if (!error)
		error = json_put_u64(root, "neighbours", r->audit.neighbours);
	if (!error && r->audit.neighbours)
		error = json_put_real(root, "recall", r->audit.recall, 6);
	if (!error && r->classes.nclasses)
		error = put_classes(root, r);
	if (!error)
		error = json_print(stdout, root);
	json_object_put(root);
	return error ? nmsctl_fail("%s", strerror(-error)) : 0;
}

static void print_line(const struct run *r, const char *name, const struct audit_line *line)
{
	printable_put(stdout, name, 20, 20);
	printf(" %10llu", (unsigned long long)line->rows);
	if (r->input.known)
		printf(" %7.1f %%", 100 * line->mixed);
	printf(" %10llu %10llu %10llu", (unsigned long long)line->kind[AUDIT_DUPLICATE],
	       (unsigned long long)line->kind[AUDIT_NEAR_DUPLICATE],
	       (unsigned long long)line->kind[AUDIT_OUTLIER]);
	if (r->input.known)
		printf(" %10llu", (unsigned long long)line->kind[AUDIT_LABEL]);
	putchar('\n');
}

static void print_table(const struct run *r)
{
	char number[16];

	printf("%-20s %10s", "", "rows");
	if (r->input.known)
		printf(" %9s", "hardness");
	printf(" %10s %10s %10s", "duplicates", "nearly", "outliers");
	if (r->input.known)
		printf(" %10s", "labels");
	putchar('\n');
	print_line(r, "all", &r->lines[r->classes.nclasses]);
	for (size_t c = 0; c < r->classes.nclasses; c++)
		print_line(r, class_name(r->input.class_names, r->classes.label[c], number),
			   &r->lines[c]);
	if (r->input.known)
		printf("hardness: share of the %u nearest rows that are of another class\n",
		       r->audit.neighbours);
	if (r->input.near)
		printf("the rows are near already: none was compared byte for byte\n");
}

/* ---- the command ---------------------------------------------------------------- */

static int find(struct run *r)
{
	const struct dataset *d = r->input.dataset;
	int error = 0, status;

	if (r->input.known)
		error = class_counts(r->input.known, d->rows, NULL, 0, &r->classes);
	if (error)
		return nmsctl_fail("%s", strerror(-error));
	status = features_make(&r->session, d->rows, d->cols, r->options->seed, &r->features);
	if (status)
		return status;
	error = audit_make(&r->features, &r->input, r->input.known ? &r->classes : NULL,
			   r->options->threads, &r->audit);
	if (!error)
		r->lines = audit_lines(&r->audit, r->input.known, &r->classes, NULL, 0);
	if (!error && !r->lines)
		error = -ENOMEM;
	return error ? nmsctl_fail("audit: %s", strerror(-error)) : 0;
}

int nmsctl_audit(const struct nmsctl_options *options)
{
	struct run r = { .options = options };
	int status = check(&r);

	if (!status)
		status = session_open(options, &r.session);
	if (!status)
		status = input_open(options, options->operand[0], &r.session, &r.input);
	if (!status)
		status = session_load(&r.session, &r.input, options->quiet);
	if (!status)
		status = find(&r);
	if (!status)
		status = write_list(&r);
	if (!status && options->json)
		status = print_json(&r);
	else if (!status && !options->quiet)
		print_table(&r);
	free(r.lines);
	audit_free(&r.audit);
	features_free(&r.features);
	class_counts_free(&r.classes);
	session_close(&r.session);
	input_close(&r.input);
	return status;
}

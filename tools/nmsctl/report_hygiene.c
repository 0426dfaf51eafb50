// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>

#include "hygiene.h"
#include "json.h"
#include "printable.h"
#include "report.h"

#define MOST 20		/* classes in the table */

static void print_twins(FILE *to, const struct twins *twins)
{
	char text[32];

	if (!twins->extra) {
		fprintf(to, "duplicates none\n");
		return;
	}
	fprintf(to, "duplicates %s of the rows", grouped(twins->extra, text));
	fprintf(to, ", %s of the exemplars", grouped(twins->chosen, text));
	if (twins->disputed)
		fprintf(to, "; %s group%s of equal rows with several labels",
			grouped(twins->disputed, text), twins->disputed == 1 ? "" : "s");
	fputc('\n', to);
}

static void print_line(FILE *to, const char *name, const struct audit_line *all,
		       const struct audit_line *chosen, bool known)
{
	fprintf(to, "  ");
	printable_put(to, name, 14, 14);
	fprintf(to, " %8llu %10llu", (unsigned long long)chosen->rows,
		(unsigned long long)all->rows);
	if (known)
		fprintf(to, " %7.1f %%", 100 * all->mixed);
	for (int k = AUDIT_DUPLICATE; k < (known ? AUDIT_NKINDS : AUDIT_LABEL); k++)
		fprintf(to, " %10llu", (unsigned long long)chosen->kind[k]);
	fputc('\n', to);
}

static void print_audit(FILE *to, const struct hygiene *h, const struct input *input)
{
	bool known = input->known != NULL;
	size_t n = h->classes.nclasses;
	char number[16];

	fprintf(to, "audit            exemplars    of rows");
	if (known)
		fprintf(to, "  hardness");
	fprintf(to, " duplicates     nearly   outliers%s\n", known ? "     labels" : "");
	print_line(to, "all", &h->all[n], &h->chosen[n], known);
	for (size_t c = 0; c < n && c < MOST; c++)
		print_line(to, class_name(input->class_names, h->classes.label[c], number),
			   &h->all[c], &h->chosen[c], known);
	if (n > MOST)
		fprintf(to, "  and %zu more classes\n", n - MOST);
}

void hygiene_print(FILE *to, const struct hygiene *hygiene, const struct input *input)
{
	if (hygiene->compared)
		print_twins(to, &hygiene->twins);
	if (hygiene->audited)
		print_audit(to, hygiene, input);
}

static int put_twins(struct json_object *root, const struct twins *twins, bool known)
{
	struct json_object *to = json_put_object(root, "duplicates");
	int error = json_put_u64(to, "rows", twins->extra);

	error |= json_put_u64(to, "groups", twins->groups);
	if (known)
		error |= json_put_u64(to, "disputed", twins->disputed);
	return error | json_put_u64(to, "chosen", twins->chosen);
}

static int put_classes(struct json_object *root, const struct hygiene *h, const struct input *input)
{
	struct json_object *array = json_object_new_array();
	int error = json_put(root, "classes", array);
	char number[16];

	for (size_t c = 0; !error && c < h->classes.nclasses; c++) {
		struct json_object *to = json_object_new_object();

		if (!to || json_object_array_add(array, to)) {
			json_object_put(to);
			return -ENOMEM;
		}
		error = json_put_text(to, "class", class_name(input->class_names,
							      h->classes.label[c], number));
		error |= json_put_u64(to, "rows", h->all[c].rows);
		error |= json_put_u64(to, "chosen", h->chosen[c].rows);
		if (h->audit.neighbours)
			error |= json_put_real(to, "mixed", h->all[c].mixed, 6);
		error |= audit_put_kinds(to, &h->chosen[c]);
	}
	return error;
}

static int put_suspects(struct json_object *root, const struct hygiene *h,
			const struct input *input, const struct nms_sample_result *result)
{
	struct json_object *array = json_object_new_array();
	int error = json_put(root, "suspects", array);

	for (size_t i = 0; !error && i < result->count; i++)
		if (h->audit.row[result->index[i]].kind != AUDIT_FINE)
			error = audit_put_suspect(array, &h->audit, input->known, result->index[i]);
	return error;
}

static int put_audit(struct json_object *root, const struct hygiene *h, const struct input *input,
		     const struct nms_sample_result *result)
{
	struct json_object *to = json_put_object(root, "audit");
	size_t n = h->classes.nclasses;
	int error = json_put_u64(to, "features", h->features.d);

	error |= json_put_u64(to, "neighbours", h->audit.neighbours);
	if (h->audit.neighbours)
		error |= json_put_real(to, "recall", h->audit.recall, 6);
	if (input->known && h->audit.neighbours)
		error |= json_put_real(to, "mixed", h->all[n].mixed, 6);
	error |= audit_put_kinds(to, &h->chosen[n]);
	error |= audit_put_kinds(json_put_object(to, "all"), &h->all[n]);
	if (input->known)
		error |= put_classes(to, h, input);
	return error | put_suspects(to, h, input, result);
}

int hygiene_json(struct json_object *root, const struct hygiene *hygiene,
		 const struct input *input, const struct nms_sample_result *result)
{
	int error = 0;

	if (hygiene->compared)
		error |= put_twins(root, &hygiene->twins, input->known != NULL);
	if (hygiene->audited)
		error |= put_audit(root, hygiene, input, result);
	return error;
}

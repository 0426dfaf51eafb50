// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command_line.h"
#include "json.h"
#include "manifest.h"
#include "page.h"

static struct json_object *add_entry(struct json_object *array)
{
	struct json_object *entry = json_object_new_object();

	if (!entry || json_object_array_add(array, entry)) {
		json_object_put(entry);
		return NULL;
	}
	return entry;
}

/* Of a class by all draws: the mean. */
static double drawn(const struct measures *m, size_t class)
{
	double sum = 0;

	for (size_t i = 0; i < MEASURE_DRAWS; i++)
		sum += m->draw[i].class[class];
	return sum / MEASURE_DRAWS;
}

static int add_classes(struct json_object *root, const struct page *p)
{
	struct json_object *array = json_object_new_array();
	const struct measures *m = &p->measures;
	int error = json_put(root, "classes", array);
	char number[16];

	for (size_t i = 0; !error && i < p->classes.nclasses; i++) {
		struct json_object *entry = add_entry(array);
		uint32_t label = p->classes.label[i];

		error = json_put_u64(entry, "label", label);
		error |= json_put_text(entry, "name", class_name(p->report->input->class_names,
								 label, number));
		error |= json_put_u64(entry, "rows", p->classes.rows[i]);
		error |= json_put_u64(entry, "chosen", p->classes.chosen[i]);
		if (m->features) {
			error |= json_put_real(entry, "distance", m->chosen.class[i], 9);
			error |= json_put_real(entry, "random", drawn(m, i), 9);
		}
		if (m->neighbours)
			error |= json_put_real(entry, "mixed", m->mixed_class[i], 9);
	}
	return error;
}

static int add_measures(struct json_object *root, const struct measures *m)
{
	struct json_object *to, *array = json_object_new_array();
	int error;

	if (!m->features) {
		json_object_put(array);
		return 0;
	}
	to = json_put_object(root, "coverage");
	error = json_put_u64(to, "features", m->features);
	error |= json_put_real(to, "variance_kept", m->variance_kept, 9);
	error |= json_put_real(to, "distance", m->chosen.mean, 9);
	error |= json_put(to, "random", array);
	for (size_t i = 0; !error && i < MEASURE_DRAWS; i++) {
		struct json_object *value = json_real(m->draw[i].mean, 9);

		if (!value || json_object_array_add(array, value))
			error = -ENOMEM;
	}
	if (m->neighbours) {
		to = json_put_object(root, "mixed");
		error |= json_put_u64(to, "neighbours", m->neighbours);
		error |= json_put_real(to, "recall", m->recall, 9);
		error |= json_put_real(to, "share", m->mixed, 9);
	}
	return error;
}

static int add_twins(struct json_object *root, const struct page *p)
{
	struct json_object *to;
	int error;

	if (p->report->input->near)
		return 0;
	to = json_put_object(root, "twins");
	error = json_put_u64(to, "groups", p->twins.groups);
	error |= json_put_u64(to, "extra", p->twins.extra);
	if (p->classes.nclasses)
		error |= json_put_u64(to, "disputed", p->twins.disputed);
	return error | json_put_u64(to, "chosen", p->twins.chosen);
}

static int add_pictures(struct json_object *root, const char *key, const struct thumbs *t)
{
	struct json_object *to;
	int error;

	if (!t->count)
		return 0;
	to = json_put_object(root, key);
	error = json_put_u64(to, "width", t->width);
	error |= json_put_u64(to, "height", t->height);
	error |= json_put_u64(to, "channels", t->channels);
	error |= json_put_u64(to, "levels", t->levels);
	error |= json_put_u64(to, "count", t->count);
	error |= json_put_u64(to, "columns", THUMB_COLUMNS);
	return error | json_put_u64(to, "per_sheet", t->per_sheet);
}

static int add_all_pictures(struct json_object *root, const struct page *p)
{
	struct json_object *to, *shape = json_object_new_array();
	const struct dataset *d = p->report->input->dataset;
	int error;

	if (!p->rows.count) {
		json_object_put(shape);
		return 0;
	}
	to = json_put_object(root, "pictures");
	error = json_put(to, "shape", shape);
	for (size_t i = 0; !error && i < d->ndim; i++) {
		struct json_object *value = json_object_new_uint64(d->shape[i]);

		if (!value || json_object_array_add(shape, value))
			error = -ENOMEM;
	}
	error |= add_pictures(to, "exemplars", &p->exemplars);
	return error | add_pictures(to, "rows", &p->rows);
}

/* Rules that work in the plane have it anyway; for others it is made to be looked at. */
static int is_extra(const struct nms_sample_result *result)
{
	return strcmp(result->rule, "grid") && strcmp(result->rule, "strata");
}

static int add_scale(struct json_object *root, const struct page *p, const struct page_scale *scale)
{
	struct json_object *to = json_put_object(root, "plane");
	int error = json_put_real(to, "x", scale->x, 17);

	error |= json_put_real(to, "y", scale->y, 17);
	error |= json_put_real(to, "step", scale->step, 17);
	error |= json_put_flag(to, "extra", is_extra(p->report->result));
	/* labels to choose by have each class embedded on its own */
	return error | json_put_flag(to, "by_class", p->report->input->labels != NULL);
}

static int add_commands(struct json_object *root, const struct page *p)
{
	const struct nmsctl_options *options = p->report->options;
	char *folder = getcwd(NULL, 0), *line;
	int error;

	line = command_line("sample", options->words, options->nwords);
	error = line ? json_put_text(root, "command", line) : -ENOMEM;

	error |= json_put_text(root, "folder", folder);
	error |= json_put_text(root, "manifest_path", options->manifest);
	free(line);
	free(folder);
	return error;
}

int page_json(struct json_object *root, const struct page *p, const struct page_scale *scale)
{
	struct json_object *to = json_put_object(root, "manifest");
	int error = to ? manifest_fill(to, p->report, p->request) : -ENOMEM;

	if (error)
		return error;
	error = report_fill(json_put_object(root, "report"), p->report, false);
	error |= json_put_real(root, "measured_seconds", p->seconds, 6);
	error |= add_commands(root, p);
	if (p->report->result->embedding)
		error |= add_scale(root, p, scale);
	error |= add_classes(root, p);
	error |= add_measures(root, &p->measures);
	error |= add_twins(root, p);
	error |= add_all_pictures(root, p);
	return error ? -ENOMEM : 0;
}

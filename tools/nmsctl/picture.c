// SPDX-License-Identifier: GPL-2.0-only
/* From a report to a plot with its title. */
#include "picture.h"

#include <errno.h>
#include <string.h>

#include "nmsctl.h"
#include "plot.h"

/* The last part of a path, trailing slashes aside. */
static void last_part(const char *path, char *name, size_t size)
{
	size_t end = strlen(path), begin;

	while (end > 1 && path[end - 1] == '/')
		end--;
	for (begin = end; begin > 0 && path[begin - 1] != '/'; begin--)
		;
	snprintf(name, size, "%.*s", (int)(end - begin), path + begin);
}

static void title(const struct report *r, char *text, size_t size)
{
	char name[128], chosen[32], rows[32];

	last_part(r->input->path, name, sizeof(name));
	grouped(r->input->dataset->rows, rows);
	if (r->result->index)
		snprintf(text, size, "%s: %s of %s rows chosen by %s", name,
			 grouped(r->result->count, chosen), rows, r->result->method);
	else
		snprintf(text, size, "%s: %s rows", name, rows);
}

static void subtitle(const struct report *r, bool by_class, char *text, size_t size)
{
	const struct nms_sample_result *s = r->result;
	size_t at = 0;

	text[0] = '\0';
	if (s->index && strcmp(s->rule, s->method))
		at += (size_t)snprintf(text, size, "rule %s, ", s->rule);
	snprintf(text + at, size - at, "%sperplexity %.3g, KL %.2f, seed %llu",
		 by_class ? "each class embedded on its own, " : "", (double)s->total.perplexity,
		 (double)s->total.kl, (unsigned long long)r->options->seed);
}

int picture_write(const struct report *report, bool by_class, const char *path, FILE *stream)
{
	const struct input *input = report->input;
	char head[256], below[256];
	struct class_counts classes = { 0 };
	struct plot plot = {
		.title = head,
		.subtitle = below,
		.points = report->result->embedding,
		.rows = input->dataset->rows,
		.labels = input->known,
		.classes = &classes,
		.class_names = input->class_names,
		.index = report->result->index,
		.count = report->result->count,
		.by_class = by_class,
	};
	int error = 0;

	if (input->known)
		error = class_counts(input->known, plot.rows, plot.index, plot.count, &classes);
	title(report, head, sizeof(head));
	subtitle(report, by_class, below, sizeof(below));
	if (!error)
		error = plot_write(&plot, path, stream);
	class_counts_free(&classes);
	if (error)
		return nmsctl_fail("%s: %s", path, strerror(-error));
	return 0;
}

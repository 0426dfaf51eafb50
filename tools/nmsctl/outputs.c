// SPDX-License-Identifier: GPL-2.0-only
#include "outputs.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "interrupt.h"
#include "plot.h"
#include "selection.h"

/* The folder of a path, to be freed, and its last component. */
static char *split(const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');

	*name = slash ? slash + 1 : path;
	return slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
}

static bool same_inode(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* Also of files that are not there yet. */
static bool same_file(const char *a, const char *b)
{
	const char *name_a, *name_b;
	char *folder_a, *folder_b;
	bool same;

	if (!strcmp(a, b) || same_inode(a, b))
		return true;
	folder_a = split(a, &name_a);
	folder_b = split(b, &name_b);
	same = folder_a && folder_b && !strcmp(name_a, name_b) && same_inode(folder_a, folder_b);
	free(folder_a);
	free(folder_b);
	return same;
}

/* A picture in a folder of pictures that is read would be one of them, the next time. */
static bool is_within(const char *path, const char *folder)
{
	char *parent, *place, *top;
	struct stat status;
	const char *name;
	size_t length;
	bool within;

	if (!folder || stat(folder, &status) || !S_ISDIR(status.st_mode))
		return false;
	parent = split(path, &name);
	place = parent ? realpath(parent, NULL) : NULL;
	top = realpath(folder, NULL);
	length = top ? strlen(top) : 0;
	within = place && top && !strncmp(place, top, length) &&
		 (!place[length] || place[length] == '/');
	free(parent);
	free(place);
	free(top);
	return within;
}

/* The energy profile that a device's name has: emu:energy=PATH,... */
static char *energy_of(const char *device)
{
	const char *key = device ? strstr(device, "energy=") : NULL;

	return key ? strndup(key + 7, strcspn(key + 7, ",")) : NULL;
}

int outputs_check(const struct nmsctl_options *options, const char *path)
{
	char *energy = energy_of(options->device);
	const char *read[] = {
		options->operand[0], options->operand[1], options->labels, options->keep,
		options->drop, options->budget, options->energy, energy,
	};
	int status = 0;

	for (size_t i = 0; !status && i < sizeof(read) / sizeof(read[0]); i++)
		if (read[i] && same_file(path, read[i]))
			status = nmsctl_usage("%s: is both read and written", path);
	free(energy);
	return status;
}

/* No two outputs to one place, and none over what is read. */
static int check_apart(const struct nmsctl_options *options, const struct outputs *outputs)
{
	int status = 0;

	for (size_t i = 0; !status && i < OUTPUT_NFILES; i++) {
		const char *path = outputs->path[i];

		if (!path || !strcmp(path, "-"))
			continue;
		for (size_t j = 0; j < i; j++)
			if (outputs->path[j] && same_file(path, outputs->path[j]))
				return nmsctl_usage("%s: is named for two outputs", path);
		status = outputs_check(options, path);
	}
	if (!status && options->plot && is_within(options->plot, options->operand[0]))
		status = nmsctl_usage("--plot %s: in the folder of images that is read",
				      options->plot);
	return status;
}

/* The standard output takes one thing. */
static int check_stdout(const struct nmsctl_options *options, bool selection,
			const struct outputs *outputs)
{
	int users = !!options->json;

	if (selection && !options->output && !options->json)
		users++;
	for (size_t i = 0; i < OUTPUT_NFILES; i++)
		users += outputs->path[i] && !strcmp(outputs->path[i], "-");
	if (users > 1)
		return nmsctl_usage("-: %d things are to go to the standard output%s", users,
				    options->json ? ", one of them by --json" : "");
	return 0;
}

static int take(struct outputs *outputs, enum output_file file, const char *path)
{
	if (!path)
		return 0;
	outputs->path[file] = strdup(path);
	return outputs->path[file] ? 0 : nmsctl_fail("out of memory");
}

/* The manifest stands beside the result, unless that is a stream. */
static int take_manifest(struct outputs *outputs, const struct nmsctl_options *options)
{
	static const char suffix[] = ".manifest.json";
	struct stat status;
	size_t size;
	char *path;

	if (options->manifest || !options->output || !strcmp(options->output, "-"))
		return take(outputs, OUTPUT_MANIFEST, options->manifest);
	size = strlen(options->output) + sizeof(suffix);
	path = malloc(size);
	if (!path)
		return nmsctl_fail("out of memory");
	snprintf(path, size, "%s%s", options->output, suffix);
	outputs->path[OUTPUT_MANIFEST] = path;
	/* a link that the user names is followed; this one nobody has named */
	if (!lstat(path, &status) && S_ISLNK(status.st_mode))
		return nmsctl_fail("%s: a symbolic link; --manifest=%s writes to where it leads",
				   path, path);
	return 0;
}

static int take_all(const struct nmsctl_options *options, bool selection, struct outputs *outputs)
{
	int status = take(outputs, OUTPUT_RESULT, options->output);

	if (!status)
		status = take(outputs, OUTPUT_EMBEDDING, options->embedding);
	if (!status)
		status = take(outputs, OUTPUT_WEIGHTS, options->weights);
	if (!status)
		status = take(outputs, OUTPUT_LABELS, options->labels_out);
	if (!status)
		status = take(outputs, OUTPUT_PLOT, options->plot);
	if (!status)
		status = take(outputs, OUTPUT_REPORT, options->report);
	if (!status && selection)
		status = take_manifest(outputs, options);
	return status;
}

/* An array is written as .npy alone: a name that promises another format would lie. */
static int check_array(const char *option, const char *path)
{
	enum selection_format format;

	if (!path || !strcmp(path, "-") || selection_format_of(path, &format) ||
	    format == SELECTION_NPY)
		return 0;
	return nmsctl_usage("--%s %s: expected a name that ends in .npy", option, path);
}

static bool is_html(const char *path)
{
	size_t n = strlen(path);

	return n > 5 && !strcasecmp(path + n - 5, ".html");
}

static int check_names(const struct nmsctl_options *options, bool selection)
{
	enum selection_format format;

	if (selection && options->output && strcmp(options->output, "-") &&
	    selection_format_of(options->output, &format))
		return nmsctl_usage("--output %s: expected a name that ends in .npy, .csv or .json",
				    options->output);
	if (options->plot && !plot_format_known(options->plot))
		return nmsctl_usage("--plot %s: expected a name that ends in .png or .svg",
				    options->plot);
	if (options->report && strcmp(options->report, "-") && !is_html(options->report))
		return nmsctl_usage("--report %s: expected a name that ends in .html", options->report);
	if (check_array("embedding", options->embedding) ||
	    check_array("weights", options->weights) ||
	    check_array("labels-out", options->labels_out) ||
	    (!selection && check_array("output", options->output)))
		return NMSCTL_USAGE;
	return 0;
}

int outputs_open(const struct nmsctl_options *options, bool selection, struct outputs *outputs)
{
	struct message why;
	int status;

	memset(outputs, 0, sizeof(*outputs));
	status = check_names(options, selection);
	if (!status)
		status = take_all(options, selection, outputs);
	if (!status)
		status = check_stdout(options, selection, outputs);
	if (!status)
		status = check_apart(options, outputs);
	for (size_t i = 0; !status && i < OUTPUT_NFILES; i++)
		if (outputs->path[i] && output_open(outputs->path[i], &outputs->file[i], &why))
			status = nmsctl_fail("%s", why.text);
	if (status)
		outputs_close(outputs);
	return status;
}

FILE *outputs_stream(const struct outputs *outputs, enum output_file file)
{
	return outputs->file[file] ? output_stream(outputs->file[file]) : NULL;
}

static int commit_where(struct outputs *outputs, bool to_stdout)
{
	struct message why;

	for (size_t i = 0; i < OUTPUT_NFILES; i++) {
		struct output *file = outputs->file[i];

		if (!file || output_is_stdout(file) != to_stdout)
			continue;
		outputs->file[i] = NULL;
		if (output_commit(file, &why))
			return nmsctl_fail("%s", why.text);
	}
	return 0;
}

int outputs_commit(struct outputs *outputs)
{
	struct message why;
	int status;

	/* from here on all or nothing */
	interrupt_hold();
	if (interrupt_pending())
		return NMSCTL_INTERRUPTED;
	/* what may fail for want of space first; names last */
	for (size_t i = 0; i < OUTPUT_NFILES; i++)
		if (outputs->file[i] && output_settle(outputs->file[i], &why))
			return nmsctl_fail("%s", why.text);
	status = commit_where(outputs, true);
	return status ? status : commit_where(outputs, false);
}

void outputs_close(struct outputs *outputs)
{
	for (size_t i = 0; i < OUTPUT_NFILES; i++) {
		output_abort(outputs->file[i]);
		free(outputs->path[i]);
	}
	memset(outputs, 0, sizeof(*outputs));
}

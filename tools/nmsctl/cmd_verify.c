// SPDX-License-Identifier: GPL-2.0-only
/* nmsctl verify: does a selection still come out of this data and version. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "choose.h"
#include "digest.h"
#include "manifest.h"
#include "near.h"
#include "nmsctl.h"
#include "printable.h"

#define SUFFIX ".manifest.json"

enum item { DATA, LABELS, NUMERICS, SELECTION, RECORDED, NITEMS };

static const char *const item_names[NITEMS] = {
	"dataset", "labels", "numerics", "selection", "file",
};

enum verdict { NOT_CHECKED, SAME, DIFFERENT };

static const char *const verdict_names[] = { "not checked", "same", "different" };

struct verification {
	const struct nmsctl_options *options;
	const char *path; /* of the manifest */
	struct manifest manifest;
	struct session session;
	struct input input;
	struct request request;
	struct choice choice;
	enum verdict verdict[NITEMS];
	char why[NITEMS][256]; /* where different */
};

/* A pipe is read if the user names it; one whose name was only found may have no end, or no beginning. */
static int check_found(const char *path)
{
	struct stat status;

	if (!path || near_name(path) || stat(path, &status) || S_ISREG(status.st_mode) ||
	    S_ISDIR(status.st_mode))
		return 0;
	return nmsctl_fail("%s: expected a file", path);
}

/* Where the data is, and on what it is to run, from the command line if given there. */
static void settle_options(struct verification *v)
{
	struct nmsctl_options *to = &v->manifest.options;
	const struct nmsctl_options *from = v->options;

	if (from->data)
		to->operand[0] = from->data;
	if (from->labels) {
		to->labels = from->labels;
		to->no_labels = !v->manifest.labels_digest;
	}
	if (from->dtype || from->shape) {
		to->dtype = from->dtype;
		to->shape = from->shape;
	}
	if (from->member)
		to->member = from->member;
	if (from->label_column)
		to->label_column = from->label_column;
	if (from->profile)
		to->profile = from->profile;
	to->device = from->device;
	to->threads = from->threads;
}

/* Anything of which a wrong value is wrong usage. */
static bool is_given(const struct nmsctl_options *o)
{
	return o->profile || o->dtype || o->shape || o->threads || o->member || o->label_column;
}

static void judge(struct verification *v, enum item item, const char *now, const char *then)
{
	v->verdict[item] = strcmp(now, then) ? DIFFERENT : SAME;
	if (v->verdict[item] == DIFFERENT)
		snprintf(v->why[item], sizeof(v->why[item]),
			 "sha256 %.16s..., the manifest has %.16s...", now, then);
}

/* What can be told of any rows. */
static bool same_shape(struct verification *v)
{
	const struct manifest *m = &v->manifest;
	const struct dataset *d = v->input.dataset;

	if (d->rows == m->rows && d->cols == m->cols && !strcmp(dtype_name(d->dtype), m->dtype))
		return true;
	v->verdict[DATA] = DIFFERENT;
	snprintf(v->why[DATA], sizeof(v->why[DATA]),
		 "%zu rows of %zu %s, the manifest has %llu of %llu %s", d->rows, d->cols,
		 dtype_name(d->dtype), (unsigned long long)m->rows, (unsigned long long)m->cols,
		 m->dtype);
	return false;
}

static void explain_unchecked(struct verification *v)
{
	const struct near_rows *near = v->input.near;
	const char *lost = near && !v->manifest.data_digest &&
			   near->info.generation != v->manifest.generation ?
			   "; they were lost and loaded again since" : "";

	snprintf(v->why[DATA], sizeof(v->why[DATA]), "as many rows and columns, but %s%s",
		 v->manifest.data_digest ? "those in near memory are not read" :
		 "the manifest has no digest of them: they were in near memory", lost);
}

/* Data, labels and version: what the selection comes from. */
static int compare_sources(struct verification *v)
{
	char digest[DIGEST_HEX];
	int error = 0;

	if (!same_shape(v))
		return 0;
	if (v->manifest.data_digest && !v->input.near) {
		error = digest_dataset(v->input.dataset, digest);
		if (!error)
			judge(v, DATA, digest, v->manifest.data_digest);
	} else {
		explain_unchecked(v);
	}
	if (!error && v->manifest.labels_digest) {
		if (!v->input.labels)
			return nmsctl_fail("%s: has no labels, the manifest's selection used some",
					   v->input.path);
		error = digest_u32(v->input.labels, v->input.dataset->rows, digest);
		if (!error)
			judge(v, LABELS, digest, v->manifest.labels_digest);
	}
	if (error)
		return nmsctl_fail("%s: %s", v->input.path, strerror(-error));
	v->verdict[NUMERICS] = v->session.info.numerics == v->manifest.numerics ? SAME : DIFFERENT;
	if (v->verdict[NUMERICS] == DIFFERENT)
		snprintf(v->why[NUMERICS], sizeof(v->why[0]), "version %u, the manifest has %llu",
			 v->session.info.numerics, (unsigned long long)v->manifest.numerics);
	return 0;
}

static int rerun(struct verification *v)
{
	const char *key = "parameters";
	char digest[DIGEST_HEX];
	int error, status;

	error = request_from_json(v->manifest.parameters, &v->input, &v->request, &key);
	if (error)
		return nmsctl_fail("%s: \"%s\": %s", v->path, key,
				   error == -ENOMEM ? "out of memory"
						    : "missing or not one that is known");
	status = choose(&v->session, &v->request, v->options->quiet, &v->choice);
	if (status)
		return status;
	error = digest_u32(v->choice.result.index, v->choice.result.count, digest);
	if (error)
		return nmsctl_fail("out of memory");
	judge(v, SELECTION, digest, v->manifest.index_digest);
	return 0;
}

/* How much of the manifest's name is that of the selection beside it; 0 where that cannot be told. */
static size_t beside(const char *manifest)
{
	size_t n = strlen(manifest), m = strlen(SUFFIX);

	return n > m && !strcmp(manifest + n - m, SUFFIX) ? n - m : 0;
}

static void compare_rows(struct verification *v, const char *file, const uint32_t *rows,
			 size_t count)
{
	const struct nms_sample_result *now = &v->choice.result;
	size_t differ = 0, first = 0;

	v->verdict[RECORDED] = SAME;
	for (size_t i = 0; count == now->count && i < count; i++)
		if (rows[i] != now->index[i] && !differ++)
			first = i;
	if (count == now->count && !differ)
		return;
	v->verdict[RECORDED] = DIFFERENT;
	if (count != now->count)
		snprintf(v->why[RECORDED], sizeof(v->why[0]), "%s: has %zu rows, %llu come out",
			 file, count, (unsigned long long)now->count);
	else
		snprintf(v->why[RECORDED], sizeof(v->why[0]),
			 "%s: %zu of %zu rows differ; the first, number %zu, is row %u, %u comes "
			 "out",
			 file, differ, count, first, rows[first], now->index[first]);
}

static int compare_file(struct verification *v)
{
	const char *given = v->options->selection;
	size_t count, length = given ? strlen(given) : beside(v->path);
	uint32_t *rows = NULL;
	struct message why;
	int status = 0;
	char *file;

	if (!length)
		return 0;
	file = strndup(given ? given : v->path, length);
	if (!file)
		return nmsctl_fail("out of memory");
	if (!given && access(file, F_OK)) {
		free(file);
		return 0;
	}
	if (!given)
		status = check_found(file);
	if (status) {
		free(file);
		return status;
	}
	if (index_list_open(file, v->input.dataset->rows, &rows, &count, &why))
		status = nmsctl_fail("%s", why.text);
	else
		compare_rows(v, file, rows, count);
	free(rows);
	free(file);
	return status;
}

static int print_json(const struct verification *v, bool same)
{
	struct json_object *root = json_object_new_object(), *to;
	int error = json_put_text(root, "manifest", v->path);

	error |= json_put_flag(root, "same", same);
	for (int i = 0; i < NITEMS; i++) {
		to = json_put_object(root, item_names[i]);
		error |= json_put_text(to, "verdict", verdict_names[v->verdict[i]]);
		error |= json_put_text(to, "why", v->why[i][0] ? v->why[i] : NULL);
	}
	if (!error)
		error = json_print(stdout, root);
	json_object_put(root);
	return error ? nmsctl_fail("out of memory") : 0;
}

/* What differs goes to the one line on stderr, all of it to stdout. */
static int tell(const struct verification *v)
{
	int worst = -1, status = 0;

	for (int i = NITEMS - 1; i >= 0; i--)
		if (v->verdict[i] == DIFFERENT && i != NUMERICS)
			worst = i;
	if (v->options->json)
		status = print_json(v, worst < 0);
	else if (!v->options->quiet)
		for (int i = 0; i < NITEMS; i++) {
			printf("%-10s %s%s", item_names[i], verdict_names[v->verdict[i]],
			       v->why[i][0] ? ": " : "");
			printable_put(stdout, v->why[i], 0, PRINTABLE_ALL);
			putchar('\n');
		}
	if (status || worst < 0)
		return status;
	fflush(stdout);
	return nmsctl_fail("%s: %s differs: %s", v->path, item_names[worst], v->why[worst]);
}

static int verify(struct verification *v)
{
	int status = 0;

	if (!v->options->data)
		status = check_found(v->manifest.options.operand[0]);
	if (!status && !v->options->labels)
		status = check_found(v->manifest.options.labels);
	if (!status)
		status = session_open(&v->manifest.options, &v->session);
	if (!status)
		status = input_open(&v->manifest.options, v->manifest.options.operand[0],
				    &v->session, &v->input);
	if (!status)
		status = compare_sources(v);
	if (!status)
		status = session_load(&v->session, &v->input, v->options->quiet);
	/* from other data other rows come out: that says nothing */
	if (!status && v->verdict[DATA] != DIFFERENT && v->verdict[LABELS] != DIFFERENT) {
		status = rerun(v);
		if (!status)
			status = compare_file(v);
	}
	return status ? status : tell(v);
}

int nmsctl_verify(const struct nmsctl_options *options)
{
	struct verification v = { .options = options, .path = options->operand[0] };
	int status = manifest_open(v.path, &v.manifest);

	if (status)
		return status;
	settle_options(&v);
	status = verify(&v);
	/* where the manifest has it, it is no usage of the user's */
	if (status == NMSCTL_USAGE && !is_given(options))
		status = NMSCTL_FAILURE;
	choice_close(&v.choice);
	request_close(&v.request);
	session_close(&v.session);
	input_close(&v.input);
	manifest_close(&v.manifest);
	return status;
}

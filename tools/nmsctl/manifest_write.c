// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "manifest.h"
#include "near.h"
#include "results_json.h"

/* A pipe such as /dev/stdin has no absolute path: what was given stands for it. */
static int put_path(struct json_object *to, const char *path)
{
	char *whole = realpath(path, NULL);
	int error;

	if (!whole && errno == ENOMEM)
		return -ENOMEM;
	error = json_put_text(to, "path", whole ? whole : path);
	free(whole);
	return error;
}

/* No digest: the rows did not cross the link to be read. */
static int put_near(struct json_object *to, const struct report *r)
{
	int error = json_put_text(to, "path", r->input->path);

	error |= json_put_u64(to, "generation", r->input->near->info.generation);
	return error ? -ENOMEM : 0;
}

static int put_dataset(struct json_object *root, const struct report *r)
{
	struct json_object *to = json_put_object(root, "dataset");
	int error = r->input->near ? put_near(to, r) : put_path(to, r->input->path);

	if (error)
		return error;
	error |= json_put_text(to, "sha256", r->data_digest[0] ? r->data_digest : NULL);
	error |= json_put_text(to, "format", r->input->dataset->format);
	error |= json_put_u64(to, "rows", r->input->dataset->rows);
	error |= json_put_u64(to, "cols", r->input->dataset->cols);
	error |= json_put_text(to, "dtype", dtype_name(r->input->dataset->dtype));
	error |= json_put_text(to, "as_dtype", r->options->dtype);
	error |= json_put_text(to, "as_shape", r->options->shape);
	error |= json_put_text(to, "member", r->options->member);
	error |= json_put_text(to, "label_column", r->options->label_column);
	return error ? -ENOMEM : 0;
}

/* Without a path they are the dataset's own. */
static int put_labels(struct json_object *root, const struct report *r)
{
	struct json_object *to = json_put_object(root, "labels");
	int error = 0;

	if (r->input->labels_path)
		error = put_path(to, r->input->labels_path);
	if (error)
		return error;
	error |= json_put_text(to, "sha256", r->labels_digest);
	error |= json_put_u64(to, "classes", r->input->nclasses);
	return error ? -ENOMEM : 0;
}

/* What ran, defaults settled. */
static int put_effective(struct json_object *root, const struct nms_sample_result *result)
{
	struct json_object *to = json_put_object(root, "effective");
	int error = json_put_text(to, "method", result->method);

	error |= json_put_text(to, "rule", result->rule);
	error |= json_put_text(to, "search", result->search[0] ? result->search : NULL);
	if (result->total.neighbours)
		error |= json_put_text(to, "neighbours",
				       result->total.neighbours == NMS_NEIGHBOURS_IVF ? "ivf" :
										 "exact");
	if (result->total.features)
		error |= json_put_u64(to, "features", result->total.features);
	if (result->total.perplexity > 0)
		error |= json_put_real(to, "perplexity", result->total.perplexity, 9);
	return error;
}

static int put_selection(struct json_object *root, const struct report *r)
{
	struct json_object *to = json_put_object(root, "selection");
	int error = json_put_u64(to, "count", r->result->count);

	error |= json_put_flag(to, "nested", r->result->nested);
	return error | json_put_text(to, "sha256", r->index_digest);
}

int manifest_fill(struct json_object *root, const struct report *r, const struct request *request)
{
	struct json_object *to;
	int error = json_put_u64(root, "nms_manifest", MANIFEST_VERSION);

	error |= json_put_text(root, "version", nms_version());
	error |= json_put_u64(root, "numerics", r->result->total.numerics);
	error |= json_put_text(root, "profile", r->result->total.profile);
	error |= json_put_text(root, "backend", r->result->total.backend);
	error |= json_put_text(root, "device", r->device->name);
	error |= json_put_text(root, "node", r->device->node[0] ? r->device->node : NULL);
	error |= json_put_text(root, "submission", r->device->submission);
	error |= json_put_text(root, "reason", r->device->reason);
	if (error)
		return -ENOMEM;
	error = put_dataset(root, r);
	if (!error && r->input->labels)
		error = put_labels(root, r);
	if (error)
		return error;
	to = json_put_object(root, "parameters");
	error = request_put_json(to, request, r->result->count);
	error |= put_effective(root, r->result);
	error |= put_selection(root, r);
	to = json_put_object(root, "results");
	error |= results_json(to, r->result, r->device->energy);
	return error ? -ENOMEM : 0;
}

int manifest_write(FILE *to, const struct report *report, const struct request *request)
{
	struct json_object *root = json_object_new_object();
	int error = root ? manifest_fill(root, report, request) : -ENOMEM;

	if (!error)
		error = json_print(to, root);
	json_object_put(root);
	return error;
}

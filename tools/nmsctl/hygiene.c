// SPDX-License-Identifier: GPL-2.0-only
#include "hygiene.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nmsctl.h"

static int compare(const struct nmsctl_options *options, const struct input *input,
		   const struct nms_sample_result *result, struct hygiene *h)
{
	size_t rows = input->dataset->rows;

	if (input->near || (!options->audit &&
			    (rows > HYGIENE_ROWS || rows * input_row_bytes(input) > HYGIENE_BYTES)))
		return 0;
	h->compared = true;
	return twins_count(input, result->index, result->count, &h->twins);
}

static int audit(const struct nmsctl_options *options, const struct input *input,
		 const struct nms_sample_result *result, struct hygiene *h)
{
	int error = 0;

	if (input->known)
		error = class_counts(input->known, input->dataset->rows, result->index,
				     result->count, &h->classes);
	if (error)
		return error;
	error = audit_make(&h->features, input, input->known ? &h->classes : NULL,
			   options->threads, &h->audit);
	if (error)
		return error;
	h->all = audit_lines(&h->audit, input->known, &h->classes, NULL, 0);
	h->chosen = audit_lines(&h->audit, input->known, &h->classes, result->index, result->count);
	h->audited = h->all && h->chosen;
	return h->audited ? 0 : -ENOMEM;
}

int hygiene_take(struct session *session, const struct nmsctl_options *options,
		 const struct input *input, const struct nms_sample_result *result,
		 struct hygiene *hygiene)
{
	double begin = seconds_now();
	int error, status;

	memset(hygiene, 0, sizeof(*hygiene));
	error = compare(options, input, result, hygiene);
	if (!error && options->audit) {
		status = features_make(session, input->dataset->rows, input->dataset->cols,
				       options->seed, &hygiene->features);
		if (status)
			return status;
		error = audit(options, input, result, hygiene);
	}
	hygiene->seconds = seconds_now() - begin;
	return error ? nmsctl_fail("%s: audit: %s", input->path, strerror(-error)) : 0;
}

void hygiene_free(struct hygiene *hygiene)
{
	free(hygiene->all);
	free(hygiene->chosen);
	audit_free(&hygiene->audit);
	features_free(&hygiene->features);
	class_counts_free(&hygiene->classes);
}

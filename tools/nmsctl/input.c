// SPDX-License-Identifier: GPL-2.0-only
#include "input.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "near.h"
#include "nmsctl.h"
#include "nmsdev.h"

double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int input_labels(const struct nmsctl_options *options, struct input *input)
{
	const struct dataset_options how = { .label_column = options->label_column };
	struct message why;

	if (options->labels) {
		if (labels_open(options->labels, &how, input->dataset->rows, &input->file, &why))
			return nmsctl_fail("%s", why.text);
		input->labels_path = options->labels;
		input->known = input->file->label;
		input->nclasses = input->file->nclasses;
		input->class_names = input->file->class_names;
	} else if (input->near) {
		input->known = input->near->labels;
		input->nclasses = input->near->nclasses;
	} else {
		input->known = input->dataset->labels;
		input->nclasses = input->dataset->nclasses;
		input->class_names = input->dataset->class_names;
	}
	input->labels = options->no_labels ? NULL : input->known;
	return 0;
}

static int open_near(const struct nmsctl_options *options, struct session *session,
		     const char *name, struct input *input)
{
	/* those not to choose by are of use in a picture alone */
	bool labels = !options->labels && (!options->no_labels || options->plot);
	int status;

	if (options->dtype || options->shape || options->member || options->label_column)
		return nmsctl_usage("%s: --dtype, --shape, --member and --label-column are for files",
				    input->path);
	status = near_open(session, name, labels, &input->near);
	if (!status)
		input->dataset = &input->near->dataset;
	return status;
}

static int open_file(const struct nmsctl_options *options, struct input *input)
{
	const struct dataset_options how = {
		.dtype = options->dtype,
		.shape = options->shape,
		.member = options->member,
		.label_column = options->label_column,
	};
	struct message why;

	if (!options->dtype != !options->shape)
		return nmsctl_usage("--%s: raw data needs both --dtype and --shape",
				    options->dtype ? "dtype" : "shape");
	if (dataset_options_check(&how, &why))
		return nmsctl_usage("%s", why.text);
	if (dataset_open(input->path, &how, &input->dataset, &why))
		return nmsctl_fail("%s", why.text);
	return 0;
}

int input_open(const struct nmsctl_options *options, const char *path, struct session *session,
	       struct input *input)
{
	const char *name = near_name(path);
	double begin = seconds_now();
	int status;

	memset(input, 0, sizeof(*input));
	input->path = path;
	status = name ? open_near(options, session, name, input) : open_file(options, input);
	if (!status)
		status = input_labels(options, input);
	if (status)
		input_close(input);
	input->seconds = seconds_now() - begin;
	return status;
}

void input_close(struct input *input)
{
	labels_close(input->file);
	if (!input->near)
		dataset_close(input->dataset);
	near_close(input->near);
	input->near = NULL;
	input->file = NULL;
	input->dataset = NULL;
}

uint64_t input_row_bytes(const struct input *input)
{
	return (uint64_t)input->dataset->cols * nms_dtype_size(input->dataset->dtype);
}

const char *dtype_name(int dtype)
{
	const char *const names[] = { "", "u8", "i8", "f16", "bf16", "f32", "f64", "u32" };

	return names[dtype];
}

// SPDX-License-Identifier: GPL-2.0-only
#include "input.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

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
	} else {
		input->known = input->dataset->labels;
		input->nclasses = input->dataset->nclasses;
		input->class_names = input->dataset->class_names;
	}
	input->labels = options->no_labels ? NULL : input->known;
	return 0;
}

int input_open(const struct nmsctl_options *options, struct input *input)
{
	const struct dataset_options how = {
		.dtype = options->dtype,
		.shape = options->shape,
		.member = options->member,
		.label_column = options->label_column,
	};
	double begin = seconds_now();
	struct message why;
	int status;

	memset(input, 0, sizeof(*input));
	if (!options->dtype != !options->shape)
		return nmsctl_usage("--%s: raw data needs both --dtype and --shape",
				    options->dtype ? "dtype" : "shape");
	if (dataset_options_check(&how, &why))
		return nmsctl_usage("%s", why.text);
	input->path = options->operand[0];
	if (dataset_open(input->path, &how, &input->dataset, &why))
		return nmsctl_fail("%s", why.text);
	status = input_labels(options, input);
	if (status)
		input_close(input);
	input->seconds = seconds_now() - begin;
	return status;
}

void input_close(struct input *input)
{
	labels_close(input->file);
	dataset_close(input->dataset);
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

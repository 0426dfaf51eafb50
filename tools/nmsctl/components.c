// SPDX-License-Identifier: GPL-2.0-only
#include "components.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "interrupt.h"
#include "nmsctl.h"

static int reduce(struct session *session, struct features *f, uint64_t seed,
		  struct nms_buffer *buffer)
{
	struct nms_command command[2];
	struct nms_result result;
	struct nms_job *job;
	int error, status;

	memset(command, 0, sizeof(command));
	command[0].op = NMS_OP_REDUCE;
	command[0].reduce.input = session->data;
	command[0].reduce.output = (struct nms_matrix){
		.buffer = buffer, .rows = f->n, .cols = (uint32_t)f->d, .dtype = NMS_F32,
	};
	command[0].reduce.seed = seed;
	command[1].op = NMS_OP_READ;
	command[1].copy = (struct nms_copy){
		.buffer = buffer, .bytes = f->n * f->d * sizeof(float), .host = f->x,
	};
	interrupt_block();
	error = nms_job_submit(session->context, command, 2, &job);
	interrupt_unblock();
	if (error)
		return nmsctl_fail_library(error, nms_last_error());
	status = session_wait(job, true);
	NMS_INIT(&result);
	if (!status && !nms_job_result(job, 0, &result))
		f->variance_kept = (double)result.variance_kept;
	nms_job_destroy(job);
	return status;
}

/* Principal components are centred. */
static double find_radius(const struct features *f)
{
	double sum = 0;

	for (size_t i = 0; i < f->n * f->d; i++)
		sum += (double)f->x[i] * (double)f->x[i];
	return sum > 0 ? sqrt(sum / (double)f->n) : 1;
}

int features_make(struct session *session, size_t rows, size_t cols, uint64_t seed,
		  struct features *features)
{
	struct nms_buffer *buffer;
	int error, status;

	memset(features, 0, sizeof(*features));
	features->n = rows;
	features->d = cols < rows - 1 ? cols : rows - 1;
	if (features->d > FEATURES_MOST)
		features->d = FEATURES_MOST;
	if (!features->d)
		return 0;
	features->x = malloc(rows * features->d * sizeof(*features->x));
	if (!features->x)
		return nmsctl_fail("out of memory");
	error = nms_buffer_create(session->context, rows * features->d * sizeof(float), &buffer);
	if (error)
		return nmsctl_fail_library(error, nms_last_error());
	status = reduce(session, features, seed, buffer);
	nms_buffer_destroy(buffer);
	if (!status)
		features->radius = find_radius(features);
	return status;
}

void features_free(struct features *features)
{
	free(features->x);
	features->x = NULL;
}

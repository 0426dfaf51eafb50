// SPDX-License-Identifier: GPL-2.0-only
#include "cost.h"

#include <stdlib.h>
#include <string.h>

#include "interrupt.h"
#include "nmsctl.h"

/* Large beside what a command costs by itself, and done in no time. */
#define PROBE_BYTES (256u << 10)

const char *const domain_names[NMS_NDOMAINS] = { "near", "compute", "scratch", "link", "static" };

static int per_byte(struct nms_job *job, size_t command, double *cost)
{
	struct nms_result result;
	int error;

	NMS_INIT(&result);
	error = nms_job_result(job, command, &result);
	for (int d = 0; !error && d < NMS_NDOMAINS; d++)
		cost[d] = (double)result.energy[d] / PROBE_BYTES;
	return error;
}

int unit_cost_measure(struct session *session, struct unit_cost *cost)
{
	struct nms_command command[2];
	struct nms_buffer *buffer = NULL;
	struct nms_job *job = NULL;
	char *host = calloc(1, PROBE_BYTES);
	int error, status = 0;

	if (!host)
		return nmsctl_fail("out of memory");
	error = nms_buffer_create(session->context, PROBE_BYTES, &buffer);
	if (error)
		goto out;
	memset(command, 0, sizeof(command));
	command[0].op = NMS_OP_WRITE;
	command[0].copy = (struct nms_copy){ .buffer = buffer, .bytes = PROBE_BYTES, .host = host };
	command[1] = command[0];
	command[1].op = NMS_OP_READ;
	interrupt_block();
	error = nms_job_submit(session->context, command, 2, &job);
	interrupt_unblock();
	if (error)
		goto out;
	status = session_wait(job, true);
	if (!status)
		error = per_byte(job, 0, cost->write);
	if (!status && !error)
		error = per_byte(job, 1, cost->read);
out:
	if (error)
		status = nmsctl_fail_library(error, nms_last_error());
	nms_job_destroy(job);
	nms_buffer_destroy(buffer);
	free(host);
	return status;
}

void two_paths_model(const struct unit_cost *cost, const struct nms_result *job, uint64_t rows,
		     uint64_t chosen, uint64_t row_bytes, struct two_paths *paths)
{
	double all = (double)rows * (double)row_bytes, some = (double)chosen * (double)row_bytes;

	paths->near_bytes = job->link_in + job->link_out + chosen * row_bytes;
	paths->host_bytes = rows * row_bytes;
	for (int d = 0; d < NMS_NDOMAINS; d++) {
		paths->near[d] = (double)job->energy[d] + some * cost->read[d];
		paths->host[d] = (double)job->energy[d] + all * cost->read[d];
	}
	/* at the host, labels and indices cross nothing */
	paths->host[NMS_ENERGY_LINK] -= (double)job->energy[NMS_ENERGY_LINK];
}

double energy_sum(const double *energy)
{
	double sum = 0;

	for (int d = 0; d < NMS_NDOMAINS; d++)
		sum += energy[d];
	return sum;
}

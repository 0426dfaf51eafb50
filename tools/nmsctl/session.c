// SPDX-License-Identifier: GPL-2.0-only
#include "session.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "interrupt.h"
#include "near.h"
#include "nmsctl.h"
#include "progress.h"

#define POLL_MS 100

int session_open(const struct nmsctl_options *options, struct session *session)
{
	struct nms_device_options how;
	int error;

	memset(session, 0, sizeof(*session));
	NMS_INIT(&how);
	how.threads = options->threads;
	how.profile = options->profile;
	how.energy = options->energy;
	interrupt_block();
	error = nms_device_open(options->device ? options->device : "auto", &how, &session->device);
	if (!error)
		error = nms_context_create(session->device, &session->context);
	interrupt_unblock();
	NMS_INIT(&session->info);
	if (!error)
		error = nms_device_info(session->device, &session->info);
	if (error) {
		error = nmsctl_fail_library(error, nms_last_error());
		session_close(session);
	}
	return error;
}

int session_load(struct session *session, const struct input *input, bool quiet)
{
	const struct dataset *d = input->dataset;
	uint64_t size = (uint64_t)(d->rows - 1) * d->stride + input_row_bytes(input);
	int status;

	if (input->near) {
		session->data = input->near->matrix;
		return 0;
	}
	if (d->cols > UINT32_MAX)
		return nmsctl_fail("%s: %zu columns; expected at most %u", input->path, d->cols,
				   UINT32_MAX);
	status = near_bring(session, d->base, size, "to near memory", quiet, &session->buffer);
	if (status)
		return status;
	session->data = (struct nms_matrix){
		.buffer = session->buffer,
		.rows = d->rows,
		.stride = d->stride,
		.cols = (uint32_t)d->cols,
		.dtype = d->dtype,
	};
	return 0;
}

static void show(struct nms_job *job, struct progress *bar)
{
	struct nms_progress progress;

	NMS_INIT(&progress);
	if (!nms_job_progress(job, &progress))
		progress_show(bar, nms_phase_name(progress.phase), progress.done, progress.total);
}

int session_wait(struct nms_job *job, bool quiet)
{
	struct pollfd done = { .fd = nms_job_fd(job), .events = POLLIN };
	struct progress bar;
	int error;

	interrupt_watch(job);
	progress_begin(&bar, quiet);
	while ((error = nms_job_poll(job)) == -EAGAIN) {
		show(job, &bar);
		poll(&done, 1, POLL_MS);
	}
	progress_end(&bar);
	interrupt_watch(NULL);
	if (error)
		return nmsctl_fail_library(error, nms_job_error(job));
	if (interrupt_pending())
		return NMSCTL_INTERRUPTED;
	return 0;
}

void session_close(struct session *session)
{
	nms_buffer_destroy(session->buffer);
	nms_context_destroy(session->context);
	nms_device_close(session->device);
	memset(session, 0, sizeof(*session));
}

// SPDX-License-Identifier: GPL-2.0-only
#include "choose.h"

#include <string.h>

#include "interrupt.h"
#include "nmsctl.h"

int choose(struct session *session, const struct request *request, bool quiet,
	   struct choice *choice)
{
	double begin = seconds_now();
	int error, status;

	memset(choice, 0, sizeof(*choice));
	interrupt_block();
	error = nms_sample_submit(session->context, &session->data, &request->params,
				  &choice->sample);
	interrupt_unblock();
	if (error)
		return nmsctl_fail_library(error, nms_last_error());
	status = session_wait(nms_sample_job(choice->sample), quiet);
	NMS_INIT(&choice->result);
	if (!status) {
		error = nms_sample_result(choice->sample, &choice->result);
		if (error)
			status = nmsctl_fail_library(error, nms_last_error());
	}
	if (status)
		choice_close(choice);
	choice->seconds = seconds_now() - begin;
	return status;
}

void choice_close(struct choice *choice)
{
	nms_sample_destroy(choice->sample);
	choice->sample = NULL;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* An open device with the dataset near it, and waiting for its jobs. */
#ifndef NMSCTL_SESSION_H
#define NMSCTL_SESSION_H

#include <stdbool.h>

#include "input.h"
#include "nmsdev.h"
#include "options.h"

struct session {
	struct nms_device *device;
	struct nms_context *context;
	struct nms_buffer *buffer;	/* the dataset's memory, wrapped or brought near */
	struct nms_matrix data;
	struct nms_device_info info;
	uint64_t uploaded;		/* bytes brought near for this command alone ... */
	double seconds;			/* ... and how long that took */
};

/* They return the status to exit with after having said why, or 0. */
int session_open(const struct nmsctl_options *options, struct session *session);
/* Bring the rows near, if they are not.  The dataset must outlive the session. */
int session_load(struct session *session, const struct input *input, bool quiet);
/* Wait for @job, with a bar unless @quiet; Ctrl-C cancels it. */
int session_wait(struct nms_job *job, bool quiet);
void session_close(struct session *session);

#endif /* NMSCTL_SESSION_H */

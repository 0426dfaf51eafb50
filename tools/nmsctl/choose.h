/* SPDX-License-Identifier: GPL-2.0-only */
/* Running a selection, for `sample` and `verify`. */
#ifndef NMSCTL_CHOOSE_H
#define NMSCTL_CHOOSE_H

#include "request.h"
#include "session.h"

struct choice {
	struct nms_sample *sample;
	struct nms_sample_result result;	/* owned by the sample */
	double seconds;
};

/* Returns the status to exit with after having said why, or 0. */
int choose(struct session *session, const struct request *request, bool quiet,
	   struct choice *choice);
void choice_close(struct choice *choice);

#endif /* NMSCTL_CHOOSE_H */

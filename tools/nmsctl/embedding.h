/* SPDX-License-Identifier: GPL-2.0-only */
/* Laying rows out in the plane without choosing any: REDUCE, EMBED, READ. */
#ifndef NMSCTL_EMBEDDING_H
#define NMSCTL_EMBEDDING_H

#include "session.h"

struct embedding {
	struct nms_buffer *features, *plane, *labels, *trace;
	struct nms_job *job;
	float *points;			/* rows x 2 */
	struct nms_trace *lines;	/* of the choice of perplexity */
	struct nms_sample_result result;	/* with nothing chosen; points into this */
	double seconds;
};

/* Returns the status to exit with after having said why, or 0. */
int embedding_make(struct session *session, const struct nmsctl_options *options,
		   const struct input *input, struct embedding *embedding);
void embedding_close(struct embedding *embedding);

#endif /* NMSCTL_EMBEDDING_H */

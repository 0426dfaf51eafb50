/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The manifest: all that is needed to choose the same rows again, and what
 * came out.  It holds no times, no number of threads and no name of what was
 * written: the same selection has the same manifest.
 */
#ifndef NMSCTL_MANIFEST_H
#define NMSCTL_MANIFEST_H

#include "report.h"
#include "request.h"

#define MANIFEST_VERSION 1

/* 0 or -ENOMEM.  Paths are absolute where they can be resolved, else as they were given. */
int manifest_fill(struct json_object *root, const struct report *report,
		  const struct request *request);
int manifest_write(FILE *to, const struct report *report, const struct request *request);

struct manifest {
	struct json_object *root, *parameters;
	/* as the dataset and its labels are read; owned by root */
	struct nmsctl_options options;
	/* NULL: the rows were in near memory; there were no labels */
	const char *data_digest, *labels_digest;
	uint64_t rows, cols;
	const char *dtype;
	uint64_t generation;		/* of rows in near memory */
	const char *index_digest, *profile, *version;
	uint64_t numerics;
};

/*
 * Returns the status to exit with after having said why, or 0.  Close with
 * manifest_close().
 */
int manifest_open(const char *path, struct manifest *manifest);
void manifest_close(struct manifest *manifest);

#endif /* NMSCTL_MANIFEST_H */

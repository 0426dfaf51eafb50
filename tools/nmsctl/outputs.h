/* SPDX-License-Identifier: GPL-2.0-only */
/* All files that a sub-command writes: opened before the work, seen after it, or not at all. */
#ifndef NMSCTL_OUTPUTS_H
#define NMSCTL_OUTPUTS_H

#include <stdbool.h>

#include "nmsctl.h"
#include "output.h"

enum output_file {
	OUTPUT_RESULT, OUTPUT_EMBEDDING, OUTPUT_WEIGHTS, OUTPUT_LABELS, OUTPUT_PLOT,
	OUTPUT_REPORT, OUTPUT_MANIFEST, OUTPUT_NFILES
};

struct outputs {
	char *path[OUTPUT_NFILES];	/* NULL: not wanted */
	struct output *file[OUTPUT_NFILES];
};

/*
 * Check the names and begin all files.  @selection: the result is one, and gets
 * a manifest beside it.  Returns the status to exit with after having said why, or 0.
 */
int outputs_open(const struct nmsctl_options *options, bool selection, struct outputs *outputs);
/* Refuse, as above, an output that would replace what is read. */
int outputs_check(const struct nmsctl_options *options, const char *path);
/* NULL if it is not wanted. */
FILE *outputs_stream(const struct outputs *outputs, enum output_file file);
/* Make all appear; on Ctrl-C or an error, none of those that are left. */
int outputs_commit(struct outputs *outputs);
/* Removes what has not been committed. */
void outputs_close(struct outputs *outputs);

#endif /* NMSCTL_OUTPUTS_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* A bar on the terminal, with the stage and the time that it will still take. */
#ifndef NMSCTL_PROGRESS_H
#define NMSCTL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool on, colour;
	char stage[24];
	uint64_t first;		/* done, when the stage was first seen ... */
	uint64_t last;
	double since;		/* ... and when that was, in seconds */
	double drawn;
};

/* Draws only if stderr is a terminal that can, and not @quiet. */
void progress_begin(struct progress *progress, bool quiet);
/* @total 0: how far it has come is not known. */
void progress_show(struct progress *progress, const char *stage, uint64_t done, uint64_t total);
/* Remove the bar. */
void progress_end(struct progress *progress);

#endif /* NMSCTL_PROGRESS_H */

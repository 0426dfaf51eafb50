/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows that are equal, byte for byte. */
#ifndef NMSCTL_TWINS_H
#define NMSCTL_TWINS_H

#include "input.h"

struct twins {
	uint64_t groups;	/* of two or more equal rows */
	uint64_t extra;		/* rows that an earlier one is equal to */
	uint64_t disputed;	/* groups that are not all of one known class */
	uint64_t chosen;	/* exemplars that are equal to one of better rank */
};

/* The rows of @input must be at the host.  0 or -ENOMEM. */
int twins_count(const struct input *input, const uint32_t *index, size_t count,
		struct twins *twins);

/* first[i]: the first row that row i is equal to, which may be itself.  Likewise. */
int twins_first(const struct input *input, uint32_t *first);

#endif /* NMSCTL_TWINS_H */

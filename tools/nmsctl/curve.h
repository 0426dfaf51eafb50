/* SPDX-License-Identifier: GPL-2.0-only */
/* Coverage against the number of exemplars, and what it says. */
#ifndef NMSCTL_CURVE_H
#define NMSCTL_CURVE_H

#include <stddef.h>
#include <stdint.h>

struct curve_point {
	uint64_t count;
	double coverage, random;	/* as struct nms_result has them; lower is better */
	double seconds;
};

/* Points in ascending order of count. */
struct curve {
	struct curve_point *point;
	size_t n;
};

/*
 * Counts from @text, "60,600,6000"; or, where it is NULL, a ladder from a thousandth of @rows,
 * or from @classes, to a fifth.  Sorted, none twice.  -EINVAL: @text holds something that is no
 * number from 1 to @rows; -ENOMEM.  Free with curve_free().
 */
int curve_counts(const char *text, uint64_t rows, uint64_t classes, struct curve *curve);
void curve_free(struct curve *curve);

/*
 * How many rows drawn at random cover as well as point @i: between the points of the random
 * curve, logarithm against logarithm.  0 where that lies beyond them.
 */
double curve_random_equal(const struct curve *curve, size_t i);

/*
 * By what share coverage falls when the exemplars double, from the slope between point @i and
 * the next.  0 for the last one.
 */
double curve_gain(const struct curve *curve, size_t i);

#endif /* NMSCTL_CURVE_H */

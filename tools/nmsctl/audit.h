/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows that one may not want to train on: doubled, mislabelled, far from all others. */
#ifndef NMSCTL_AUDIT_H
#define NMSCTL_AUDIT_H

#include "components.h"
#include "input.h"

#define AUDIT_NEIGHBOURS 10

enum audit_kind {
	AUDIT_FINE,
	AUDIT_DUPLICATE,	/* equal, byte for byte, to a row before it */
	AUDIT_NEAR_DUPLICATE,	/* far nearer to a row before it than neighbours usually are */
	AUDIT_OUTLIER,		/* far farther from its neighbours than rows of its class usually are */
	AUDIT_LABEL,		/* among rows that agree on another class */
	AUDIT_NKINDS
};

struct audit_row {
	enum audit_kind kind;
	uint32_t other;		/* duplicates: the row before; label: the class of the others */
	float distance;		/* mean, to the nearest neighbours, over the radius */
	float mixed;		/* share of these that are of another class; 0 without classes */
};

struct audit {
	struct audit_row *row;
	size_t n;
	uint32_t neighbours;	/* at most AUDIT_NEIGHBOURS; 0: no features, nothing but duplicates */
	double recall;		/* of the search for them */
};

/*
 * The kinds are told apart in the order of the list: a row has the first that fits.
 *
 * near duplicate: the distance to the nearest row is below a tenth of the median of such distances.
 * outlier: the modified z-score (Iglewicz and Hoaglin, 1993) of the logarithm of its mean distance to
 * its neighbours, 0.6745 (x - median) / MAD within its class, is above 3.5.
 * label: at most one of its neighbours is of its class, and at least 8 in 10 are of one other.
 *
 * @classes: of input->known, or NULL.  Duplicates are found where the rows are at the host.
 * -ENOMEM, -ECANCELED.  Free with audit_free(), in any case.
 */
int audit_make(const struct features *features, const struct input *input,
	       const struct class_counts *classes, unsigned int threads, struct audit *audit);
void audit_free(struct audit *audit);

extern const char *const audit_kind_names[AUDIT_NKINDS];

#endif /* NMSCTL_AUDIT_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* How well a selection stands for its dataset, in the space of features. */
#ifndef NMSCTL_MEASURE_H
#define NMSCTL_MEASURE_H

#include "choose.h"
#include "input.h"
#include "session.h"

#define MEASURE_DRAWS 5		/* of the method random, beside the selection */
#define MEASURE_NEIGHBOURS 10

struct coverage {
	double mean;
	double *class;		/* nclasses, or NULL */
};

/*
 * Distances are Euclidean, between rows in their first principal components, whatever the method
 * works with, and in units of the root mean square distance of the rows from their mean.
 */
struct measures {
	uint32_t features;	/* as many components; 0: there are none, and nothing was measured */
	double variance_kept;	/* by them */
	struct coverage chosen;	/* mean distance from a row to the nearest exemplar */
	struct coverage draw[MEASURE_DRAWS];	/* likewise; seeds seed, seed + 1, ... */
	/* share of the nearest neighbours of a row that are of another class; NULL without classes */
	uint32_t neighbours;
	double recall;		/* of the search for them: 1 where it was exact */
	double mixed, *mixed_class;
	double seconds;
};

/*
 * @classes: of input->known, or NULL.  Features are brought to the host for it.  Returns
 * the status to exit with after having said why, or 0.  Free with measures_free(), in any case.
 */
int measures_take(struct session *session, const struct nmsctl_options *options,
		  const struct input *input, const struct request *request,
		  const struct class_counts *classes, const struct nms_sample_result *result,
		  struct measures *m);
void measures_free(struct measures *m);

#endif /* NMSCTL_MEASURE_H */

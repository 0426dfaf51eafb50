/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows in their first principal components, at the host. */
#ifndef NMSCTL_COMPONENTS_H
#define NMSCTL_COMPONENTS_H

#include "session.h"

#define FEATURES_MOST 50

struct features {
	float *x;		/* n x d */
	size_t n, d;
	double radius;		/* root mean square distance of the rows from their mean; above 0 */
	double variance_kept;	/* share of the variance that these components have */
};

/*
 * Of the session's data, which is @rows x @cols; made by the device.  d is 0 where one row or
 * none leaves no components.  Returns the status to exit with after having said why, or 0.
 * Free with features_free(), in any case.
 */
int features_make(struct session *session, size_t rows, size_t cols, uint64_t seed,
		  struct features *features);
void features_free(struct features *features);

#endif /* NMSCTL_COMPONENTS_H */

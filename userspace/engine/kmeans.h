/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* k-means: seeded k-means++ (Arthur and Vassilvitskii, SODA 2007), then Lloyd's iterations. */
#ifndef ENG_KMEANS_H
#define ENG_KMEANS_H

#include "select_share.h"

/* Clusters and their members, in order of position within a cluster. */
struct eng_clusters {
	size_t k, d;
	float *centre;		/* k x d: the means of the members, weighted by mass */
	uint32_t *nearest;	/* of each point */
	size_t *start;		/* k + 1 */
	uint32_t *member;	/* points of cluster c are member[start[c]] ... */
	uint32_t iterations;
};

/*
 * 1 <= @k <= points->n.  A cluster may end without members where points are
 * equal; its centre then stands where it last was.  Work is counted in @share.
 * The same clusters with any number of threads.  -ENOMEM, -ECANCELED.
 */
int eng_kmeans(struct eng_share *share, const struct eng_points *points, size_t k,
	       struct eng_clusters *clusters);
void eng_clusters_free(struct eng_clusters *clusters);

#endif /* ENG_KMEANS_H */

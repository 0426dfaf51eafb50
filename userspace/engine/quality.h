/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How good an embedding is. */
#ifndef ENG_QUALITY_H
#define ENG_QUALITY_H

#include "affinity.h"

/*
 * KL(P||Q) with the full normaliser, O(n^2) time, O(n) memory.  Double sums.
 * -ENOMEM, -ECANCELED.
 */
int eng_kl_exact(const struct eng_env *env, const struct eng_affinity *p, const float *y,
		 double *kl);

/*
 * Exact @k nearest neighbours in the plane (by cells; ties by index).
 * -EINVAL, -ENOMEM, -ECANCELED.
 */
int eng_knn_plane(const struct eng_env *env, const float *y, size_t n, size_t k,
		  struct eng_neighbours *out);

/*
 * R_NX(K) averaged with weights 1/K over K = 1 ... k (Lee, Peluffo-Ordonez,
 * Verleysen, Neurocomputing 169, 2015): how well neighbourhoods of every size
 * up to nb->k survive in the plane; 0 for a random embedding, 1 for a perfect one.
 */
int eng_neighbourhood_kept(const struct eng_env *env, const struct eng_neighbours *nb,
			   const float *y, float *auc);

#endif /* ENG_QUALITY_H */

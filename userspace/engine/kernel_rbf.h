/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mean map of the kernel exp(-|a - b|^2 / 2). */
#ifndef ENG_KERNEL_RBF_H
#define ENG_KERNEL_RBF_H

#include "panel.h"

/*
 * mean[i] = sum over j of mass[j] exp(-|x_i - x_j|^2 / 2) / sum over j of
 * mass[j], j over the landmarks: n m d multiply-adds and n m exponentials for
 * n points and m landmarks.  Equal points get equal bits.
 */
struct eng_kernel_mean {
	struct eng_panel landmarks;
	float *mass;		/* of the landmarks, 0 beyond the last */
	double total;
};

/*
 * The landmarks: those of the @n points of @x (@d numbers each, one after the
 * other; masses @mass) that @index names (@m of them), or the first @m if it is
 * NULL.  -ENOMEM.
 */
int eng_kernel_mean_create(const struct eng_env *env, const float *x, size_t d,
			   const float *mass, const uint32_t *index, size_t m,
			   struct eng_kernel_mean *map);
void eng_kernel_mean_free(struct eng_kernel_mean *map);

/* mean[i] for @n points of @x.  -ENOMEM, -ECANCELED. */
int eng_kernel_mean_at(const struct eng_env *env, const struct eng_kernel_mean *map,
		       const float *x, size_t n, float *mean);

#endif /* ENG_KERNEL_RBF_H */

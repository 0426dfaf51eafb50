/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * t-SNE in the plane: attraction over the sparse affinities, repulsion by
 * interpolation on a grid and Fourier convolution (Linderman et al., Nature
 * Methods 16, 2019), with one charge and three kernels.
 */
#ifndef ENG_TSNE_H
#define ENG_TSNE_H

#include "affinity.h"

struct eng_tsne_params {
	uint32_t iterations;		/* most iterations in all; 0: 1000 */
	uint32_t exaggeration_iterations; /* the first of them, exaggerated; 0: 250 */
	float exaggeration;		/* 0: 12 */
	float learning_rate;		/* 0: n / exaggeration, then n (Belkina et al. 2019) */
	float stop;			/* end when KL falls by less than this fraction in 50
					 * iterations; 0: 0.001; negative: never */
	uint64_t seed;
};

struct eng_tsne_stats {
	uint32_t iterations;	/* done */
	float kl;		/* KL(P||Q) at the end, normaliser by interpolation */
	float grad_norm;
	bool stopped_early;
};

/*
 * Start positions: the first two columns of @x (n rows, @ld floats apart),
 * centred and scaled so that the first has a standard deviation of 1e-4
 * (Kobak and Berens 2019).  A column without variance gets seeded noise.
 */
void eng_tsne_start(const struct eng_env *env, const float *x, size_t n, size_t ld,
		    uint64_t seed, float *y);

/*
 * Move @y (n x 2, in and out) down the gradient of KL(P||Q).  Float32, nothing
 * allocated in an iteration but a larger grid.  Bits do not depend on threads.
 * -ENOMEM; -ECANCELED leaves @y as it stood; -ERANGE if it diverged.
 */
int eng_tsne(const struct eng_env *env, const struct eng_affinity *p,
	     const struct eng_tsne_params *params, float *y, struct eng_tsne_stats *stats);

size_t eng_tsne_memory(size_t n, unsigned int threads);

/*
 * The repulsion alone, for tests and benchmarks: force (n x 2), the sum over j
 * of (y_i - y_j) / (1 + |y_i - y_j|^2)^2, and the normaliser
 * Z = sum over i != j of 1 / (1 + |y_i - y_j|^2).
 */
int eng_repulsion(const struct eng_env *env, const float *y, size_t n, float *force, double *z);

#endif /* ENG_TSNE_H */

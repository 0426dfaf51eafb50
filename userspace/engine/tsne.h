/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * t-SNE in the plane: attraction over the sparse affinities, repulsion by
 * interpolation on a grid and Fourier convolution (Linderman et al., Nature
 * Methods 16, 2019), with one charge and one kernel; see repulsion.h.
 */
#ifndef ENG_TSNE_H
#define ENG_TSNE_H

#include "affinity.h"

/*
 * The defaults were chosen by measurement: on the 60,000 images of
 * Fashion-MNIST at perplexity 30 they end at an exact KL of 2.37.  With the
 * customary 250 exaggerated iterations, momentum 0.5 and 0.8 and rate n it
 * takes about 900 iterations to come that far.  Rate n / 2 at momentum 0.9 is
 * as fast as rate n at 0.8, each 5 n in the long run, and steadier.
 */
struct eng_tsne_params {
	uint32_t iterations;		/* most iterations in all; 0: 500 */
	uint32_t exaggeration_iterations; /* the first of them, exaggerated; 0: 100 */
	float exaggeration;		/* 0: 12 */
	float learning_rate;		/* 0: n / exaggeration (Belkina et al., Nature
					 * Communications 10, 2019), then n / 2 */
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
 * -ENOMEM; -ECANCELED; -ERANGE if it diverged (or @y is not finite): @y is as it
 * was given then.
 */
int eng_tsne(const struct eng_env *env, const struct eng_affinity *p,
	     const struct eng_tsne_params *params, float *y, struct eng_tsne_stats *stats);

/* Bytes, beside 8 for each edge of P, whose rows are rounded up to 16 edges. */
size_t eng_tsne_memory(size_t n, unsigned int threads);

/*
 * The repulsion alone, for tests and benchmarks: force (n x 2), the sum over j
 * of (y_i - y_j) / (1 + |y_i - y_j|^2)^2, and the normaliser
 * Z = sum over i != j of 1 / (1 + |y_i - y_j|^2).
 */
int eng_repulsion(const struct eng_env *env, const float *y, size_t n, float *force, double *z);

#endif /* ENG_TSNE_H */

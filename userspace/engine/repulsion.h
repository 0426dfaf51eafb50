/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The repulsion of t-SNE, over and over, for points that move.
 *
 * The force is the gradient of one potential: with k(r) = 1 / (1 + r^2),
 *
 *	sum over j of (y_i - y_j) / (1 + r_ij^2)^2 = -1/2 grad sum over j of k(r_ij)
 *
 * so one convolution serves force and normaliser.  Charges are spread on a
 * grid by quintic B-splines, convolved with k by FFT (k's samples deconvolved
 * twice by the spline, so that interpolation is exact at the nodes), and the
 * potential is interpolated by the same splines, whose derivative is the force.
 * With nodes 0.3 apart the force is off by about 1e-3 of its root mean square.
 */
#ifndef ENG_REPULSION_H
#define ENG_REPULSION_H

#include "env.h"

struct eng_repulsor;
struct eng_grid;

/* Fewer points than this are summed pair by pair. */
#define ENG_EXACT_BELOW 3000

/* For @n points, n > 0.  -ENOMEM. */
int eng_repulsor_create(size_t n, struct eng_repulsor **r);
void eng_repulsor_destroy(struct eng_repulsor *r);

/*
 * Force (n x 2) and normaliser for @y (n x 2, finite), as eng_repulsion() has
 * them.  Allocates when the grid grows only.  -ENOMEM; -ERANGE if @y or the
 * result is not finite.
 */
int eng_repulsor_run(const struct eng_env *env, struct eng_repulsor *r, const float *y,
		      float *force, double *z);

/* Bytes that it holds at most. */
size_t eng_repulsor_memory(size_t n, unsigned int threads);

/* The grid's own part; the box that holds the points is given. */
int eng_grid_create(size_t n, struct eng_grid **g);
void eng_grid_destroy(struct eng_grid *g);
int eng_grid_run(const struct eng_env *env, struct eng_grid *g,
			   const float *y, const float lo[2], const float hi[2],
			   float *force, double *z);
size_t eng_grid_memory(size_t n, unsigned int threads);

#endif /* ENG_REPULSION_H */

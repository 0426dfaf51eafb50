// SPDX-License-Identifier: LGPL-2.1-or-later
/* The principal axes: from passes over the rows, or from their covariance matrix. */
#include "pca_internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eigen.h"
#include "hot/gemm.h"
#include "pool.h"
#include "rng.h"

/* Columns up to which all axes are computed, which is faster than to seek a few. */
#define FULL_COLUMNS 256

/* Filtered iteration: its end, and how unlike the filter may make two axes in one round. */
#define MAX_ROUNDS 24
#define MAX_DEGREE 8
#define TOLERANCE 1e-13
#define MAX_GAIN 1e8

/* A sum of four uniform numbers is near enough to normal for a sketch. */
static double near_normal(uint64_t seed, uint64_t counter)
{
	uint64_t r = eng_random(seed, ENG_STREAM_PCA, counter);
	uint64_t sum = (r & 0xffff) + (r >> 16 & 0xffff) + (r >> 32 & 0xffff) + (r >> 48);

	return ((double)sum - 131070.0) * 0x1p-16;
}

static int sketch(struct pca *p)
{
	for (size_t i = 0; i < p->l * p->c; i++)
		p->basis[i] = near_normal(p->params->seed, i);
	return eng_orthonormal_rows(p->env, p->basis, p->l, p->c);
}

struct combine {
	const struct pca *p;
	const double *u;	/* l x l */
	double *to;
	size_t begin;
};

static void combine_chunk(void *arg, size_t chunk, unsigned int worker)
{
	struct combine *t = arg;
	size_t c = t->p->c, l = t->p->l;

	(void)worker;
	memset(t->to + chunk * c, 0, c * sizeof(*t->to));
	for (size_t k = 0; k < l; k++)
		t->p->ops->axpy(t->u[chunk * l + k], t->p->basis + k * c, t->to + chunk * c, c);
}

/*
 * Rayleigh and Ritz: turn the basis to the axes of what it holds of an
 * operator.  @z: the operator times the basis, l x c; overwritten.
 */
static int ritz(struct pca *p, double *z)
{
	size_t l = p->l, c = p->c;
	struct combine t = { .p = p, .to = z };
	double *g = calloc(l, l * sizeof(*g));
	int err;

	if (!g)
		return -ENOMEM;
	for (size_t i = 0; i < l; i++)
		for (size_t j = 0; j <= i; j++)
			g[i * l + j] = g[j * l + i] = p->ops->dot(p->basis + i * c, z + j * c, c);
	err = eng_eigen_symmetric(p->env, g, l, p->values);
	if (!err) {
		t.u = g;
		eng_parallel(p->env, l, combine_chunk, &t);
		memcpy(p->basis, z, l * c * sizeof(*z));
	}
	free(g);
	return err;
}

/* Subspace iteration on the rows: iterations + 1 passes. */
static int basis_from_rows(struct pca *p)
{
	size_t iterations = p->params->iterations ? p->params->iterations : 3;
	double *z = calloc(p->l, p->c * sizeof(*z));
	int err;

	if (!z)
		return -ENOMEM;
	err = sketch(p);
	for (size_t i = 0; i < iterations && !err; i++) {
		err = pca_gram(p, false, z);
		if (err)
			break;
		memcpy(p->basis, z, p->l * p->c * sizeof(*z));
		err = eng_orthonormal_rows(p->env, p->basis, p->l, p->c);
	}
	if (!err)
		err = pca_gram(p, false, z);
	if (!err)
		err = ritz(p, z);
	free(z);
	return err;
}

/* z = scale (matrix x - shift x) - minus, all l x c. */
struct apply {
	const struct pca *p;
	const double *matrix, *x, *minus;
	double scale, shift;
	double *z;
};

#define APPLY_COLUMNS 16

static void apply_chunk(void *arg, size_t chunk, unsigned int worker)
{
	struct apply *t = arg;
	size_t c = t->p->c, l = t->p->l;
	size_t end = (chunk + 1) * APPLY_COLUMNS < c ? (chunk + 1) * APPLY_COLUMNS : c;

	(void)worker;
	for (size_t j = 0; j < l; j++)
		for (size_t i = chunk * APPLY_COLUMNS; i < end; i++) {
			double s = t->p->ops->dot(t->matrix + i * c, t->x + j * c, c);

			s = t->scale * (s - t->shift * t->x[j * c + i]);
			t->z[j * c + i] = t->minus ? s - t->minus[j * c + i] : s;
		}
}

static void apply(struct apply *t)
{
	const struct pca *p = t->p;

	eng_parallel(p->env, (p->c + APPLY_COLUMNS - 1) / APPLY_COLUMNS, apply_chunk, t);
	eng_count(p->env, ENG_COUNT_MAC, (uint64_t)p->c * p->c * p->l);
}

/* The highest degree at which the filter takes the largest value not beyond MAX_GAIN. */
static int filter_degree(double largest, double edge)
{
	double t = 2.0 * largest / edge - 1.0;
	double before = 1.0, now = t;
	int degree = 1;

	while (degree < MAX_DEGREE) {
		double next = 2.0 * t * now - before;

		if (!(next <= MAX_GAIN))
			break;
		before = now;
		now = next;
		degree++;
	}
	return degree;
}

/*
 * The basis through the Chebyshev polynomial that is small on [0, edge] and
 * grows fast above: Zhou, Saad, SIAM J. Matrix Anal. Appl. 29 (2007).  @z has
 * room for 3 l x c.  Degree and edge from the Ritz values so far.
 */
static void filter(struct pca *p, const double *matrix, double *z)
{
	size_t size = p->l * p->c;
	double edge = fmax(p->values[p->l - 1], 1e-9 * p->values[0]);
	int degree = filter_degree(p->values[0], edge);
	double *before = z, *now = z + size, *next = z + 2 * size, *t;
	struct apply a = { .p = p, .matrix = matrix, .shift = edge / 2, .scale = 2 / edge };

	memcpy(before, p->basis, size * sizeof(*z));
	a.x = before;
	a.z = now;
	apply(&a);
	a.scale = 4 / edge;
	for (int i = 1; i < degree; i++) {
		a.x = now;
		a.minus = before;
		a.z = next;
		apply(&a);
		t = before;
		before = now;
		now = next;
		next = t;
	}
	memcpy(p->basis, now, size * sizeof(*z));
}

static bool settled(const struct pca *p, const double *before)
{
	for (size_t j = 0; j < p->f; j++)
		if (fabs(p->values[j] - before[j]) > TOLERANCE * p->values[0])
			return false;
	return true;
}

static int seek_axes(struct pca *p, const double *matrix)
{
	double *z = calloc(p->l, 3 * p->c * sizeof(*z));
	double *before = calloc(p->l, sizeof(*before));
	struct apply a = { .p = p, .matrix = matrix, .scale = 1.0, .x = p->basis, .z = z };
	int err = z && before ? sketch(p) : -ENOMEM;

	for (int round = 0; !err && round < MAX_ROUNDS; round++) {
		apply(&a);
		err = ritz(p, z);
		if (err || !(p->values[0] > 0.0) || (round && settled(p, before)))
			break;
		memcpy(before, p->values, p->l * sizeof(*before));
		filter(p, matrix, z);
		err = eng_orthonormal_rows(p->env, p->basis, p->l, p->c);
		if (!err && eng_cancelled(p->env))
			err = -ECANCELED;
	}
	free(before);
	free(z);
	return err;
}

static int basis_from_covariance(struct pca *p)
{
	double *matrix = calloc(p->c, p->c * sizeof(*matrix));
	double *values = calloc(p->c, sizeof(*values));
	int err = matrix && values ? pca_gram(p, true, matrix) : -ENOMEM;

	if (!err && (p->c <= FULL_COLUMNS || 2 * p->l >= p->c)) {
		err = eng_eigen_symmetric(p->env, matrix, p->c, values);
		if (!err) {
			memcpy(p->basis, matrix, p->l * p->c * sizeof(*matrix));
			memcpy(p->values, values, p->l * sizeof(*values));
		}
	} else if (!err) {
		err = seek_axes(p, matrix);
	}
	free(values);
	free(matrix);
	return err;
}

int pca_basis(struct pca *p)
{
	return p->covariance ? basis_from_covariance(p) : basis_from_rows(p);
}

size_t pca_basis_memory(const struct pca *p)
{
	size_t panels = 2 * (p->c + ENG_GEMM_NR_MAX) * p->slab * sizeof(float);
	size_t bases = 4 * p->l * p->c * sizeof(double);

	if (p->covariance)
		return panels + bases + p->c * p->c * sizeof(double);
	return panels + bases + 2 * (p->l + ENG_GEMM_NR_MAX) * p->c * sizeof(float);
}

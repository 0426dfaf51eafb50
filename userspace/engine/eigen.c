// SPDX-License-Identifier: LGPL-2.1-or-later
#include "eigen.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gemm.h"
#include "hot/gemm.h"

#define EPSILON 0x1p-52
#define MAX_SWEEPS 60	/* QL needs two or so for an eigenvalue */

/*
 * The vectors are kept as rows, @v[j * n + k] being component k of vector j,
 * so that all inner loops run along memory.
 */
struct eigen {
	const struct eng_env *env;
	const struct eng_gemm_ops *ops;
	size_t n;
	double *v;
	double *d;	/* diagonal, in the end the eigenvalues */
	double *e;	/* subdiagonal */
};

/* Length of (a, b) without overflow, by square root alone. */
static double length(double a, double b)
{
	double big = fmax(fabs(a), fabs(b));
	double small = fmin(fabs(a), fabs(b));

	if (big == 0.0)
		return 0.0;
	small /= big;
	return big * sqrt(1.0 + small * small);
}

/* The reflection that clears row @i left of the subdiagonal; it stays in column i of v. */
static void reduce_row(struct eigen *s, size_t i, double scale)
{
	double *d = s->d, *e = s->e, *v = s->v;
	size_t n = s->n;
	double f, g, h = 0.0;

	for (size_t k = 0; k < i; k++)
		d[k] /= scale;
	h = s->ops->dot(d, d, i);
	f = d[i - 1];
	g = f > 0.0 ? -sqrt(h) : sqrt(h);
	e[i] = scale * g;
	h -= f * g;
	d[i - 1] = f - g;
	memset(e, 0, i * sizeof(*e));
	for (size_t j = 0; j < i; j++) {
		const double *vj = v + j * n;

		v[i * n + j] = d[j];
		e[j] += vj[j] * d[j] + s->ops->dot(vj + j + 1, d + j + 1, i - j - 1);
		s->ops->axpy(d[j], vj + j + 1, e + j + 1, i - j - 1);
	}
	for (size_t j = 0; j < i; j++)
		e[j] /= h;
	s->ops->axpy(-s->ops->dot(e, d, i) / (h + h), d, e, i);
	for (size_t j = 0; j < i; j++) {
		s->ops->axpy(-d[j], e + j, v + j * n + j, i - j);
		s->ops->axpy(-e[j], d + j, v + j * n + j, i - j);
	}
	s->d[i] = h;
}

static int tridiagonalise(struct eigen *s)
{
	double *d = s->d, *v = s->v;
	size_t n = s->n;

	for (size_t j = 0; j < n; j++)
		d[j] = v[j * n + n - 1];
	for (size_t i = n - 1; i > 0; i--) {
		double scale = 0.0;

		eng_yield(s->env);
		if (eng_cancelled(s->env))
			return -ECANCELED;
		for (size_t k = 0; k < i; k++)
			scale += fabs(d[k]);
		if (scale == 0.0) {
			s->e[i] = d[i - 1];
			memset(v + i * n, 0, i * sizeof(*v));
			d[i] = 0.0;
		} else {
			reduce_row(s, i, scale);
		}
		for (size_t j = 0; j < i; j++) {
			d[j] = v[j * n + i - 1];
			v[j * n + i] = 0.0;
		}
	}
	return 0;
}

/* Multiply the reflections together; the diagonal comes to d. */
static int accumulate(struct eigen *s)
{
	double *d = s->d, *v = s->v;
	size_t n = s->n;

	for (size_t i = 0; i + 1 < n; i++) {
		double *u = v + (i + 1) * n;
		double h = d[i + 1];

		eng_yield(s->env);
		if (eng_cancelled(s->env))
			return -ECANCELED;
		v[i * n + n - 1] = v[i * n + i];
		v[i * n + i] = 1.0;
		if (h != 0.0) {
			for (size_t k = 0; k <= i; k++)
				d[k] = u[k] / h;
			for (size_t j = 0; j <= i; j++)
				s->ops->axpy(-s->ops->dot(u, v + j * n, i + 1), d, v + j * n,
					     i + 1);
		}
		memset(u, 0, (i + 1) * sizeof(*u));
	}
	for (size_t j = 0; j < n; j++) {
		d[j] = v[j * n + n - 1];
		v[j * n + n - 1] = 0.0;
	}
	v[n * n - 1] = 1.0;
	s->e[0] = 0.0;
	return 0;
}

static void rotate(double *restrict x, double *restrict y, size_t n, double c, double s)
{
	for (size_t k = 0; k < n; k++) {
		double h = y[k];

		y[k] = s * x[k] + c * h;
		x[k] = c * x[k] - s * h;
	}
}

/* One implicit QL step on rows @l to @m of the tridiagonal matrix; returns the shift. */
static double ql_step(struct eigen *s, size_t l, size_t m)
{
	double *d = s->d, *e = s->e;
	double g = d[l];
	double p = (d[l + 1] - g) / (2.0 * e[l]);
	double r = p < 0.0 ? -length(p, 1.0) : length(p, 1.0);
	double c = 1.0, c2 = 1.0, c3 = 1.0, sn = 0.0, s2 = 0.0;
	double dl1, el1, h;

	d[l] = e[l] / (p + r);
	d[l + 1] = e[l] * (p + r);
	dl1 = d[l + 1];
	h = g - d[l];
	for (size_t i = l + 2; i < s->n; i++)
		d[i] -= h;
	p = d[m];
	el1 = e[l + 1];
	for (size_t i = m; i-- > l;) {
		double t = c * p;

		c3 = c2;
		c2 = c;
		s2 = sn;
		g = c * e[i];
		r = length(p, e[i]);
		e[i + 1] = sn * r;
		sn = e[i] / r;
		c = p / r;
		p = c * d[i] - sn * g;
		d[i + 1] = t + sn * (c * g + sn * d[i]);
		rotate(s->v + i * s->n, s->v + (i + 1) * s->n, s->n, c, sn);
	}
	p = -sn * s2 * c3 * el1 * e[l] / dl1;
	e[l] = sn * p;
	d[l] = c * p;
	return h;
}

static int diagonalise(struct eigen *s)
{
	double *d = s->d, *e = s->e;
	double shift = 0.0, size = 0.0;
	size_t n = s->n;

	memmove(e, e + 1, (n - 1) * sizeof(*e));
	e[n - 1] = 0.0;
	for (size_t l = 0; l < n; l++) {
		size_t m = l;
		int sweeps = 0;

		eng_yield(s->env);
		if (eng_cancelled(s->env))
			return -ECANCELED;
		size = fmax(size, fabs(d[l]) + fabs(e[l]));
		while (m + 1 < n && !(fabs(e[m]) <= EPSILON * size))
			m++;
		while (m > l && !(fabs(e[l]) <= EPSILON * size)) {
			if (sweeps++ == MAX_SWEEPS)
				return -ERANGE;
			shift += ql_step(s, l, m);
		}
		d[l] += shift;
		e[l] = 0.0;
	}
	return 0;
}

static void swap_rows(double *x, double *y, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		double t = x[k];

		x[k] = y[k];
		y[k] = t;
	}
}

static void sort_descending(struct eigen *s)
{
	for (size_t i = 0; i + 1 < s->n; i++) {
		size_t best = i;

		for (size_t j = i + 1; j < s->n; j++)
			if (s->d[j] > s->d[best])
				best = j;
		if (best == i)
			continue;
		swap_rows(s->d + i, s->d + best, 1);
		swap_rows(s->v + i * s->n, s->v + best * s->n, s->n);
	}
}

int eng_eigen_symmetric(const struct eng_env *env, double *a, size_t n, double *values)
{
	struct eigen s = { .env = env, .ops = eng_gemm_ops(env), .n = n, .v = a, .d = values };
	int err;

	if (!n)
		return 0;
	s.e = calloc(n, sizeof(*s.e));
	if (!s.e)
		return -ENOMEM;
	err = tridiagonalise(&s);
	if (!err)
		err = accumulate(&s);
	if (!err)
		err = diagonalise(&s);
	if (!err)
		sort_descending(&s);
	free(s.e);
	return err;
}

/* Reflect @x by I - tau v v^T. */
static void reflect(const struct eng_gemm_ops *ops, const double *v, double tau, double *x,
		    size_t n)
{
	if (tau != 0.0)
		ops->axpy(-tau * ops->dot(v, x, n), v, x, n);
}

/* Make the vector of the reflection that takes @x to a multiple of its first axis. */
static double make_reflection(const struct eng_gemm_ops *ops, double *x, size_t n)
{
	double norm2 = ops->dot(x, x, n);

	if (norm2 == 0.0)
		return 0.0;
	x[0] += x[0] < 0.0 ? -sqrt(norm2) : sqrt(norm2);
	return 2.0 / ops->dot(x, x, n);
}

int eng_orthonormal_rows(const struct eng_env *env, double *q, size_t m, size_t n)
{
	const struct eng_gemm_ops *ops = eng_gemm_ops(env);
	double *tau = calloc(m ? m : 1, sizeof(*tau));
	double *v = calloc(n ? n : 1, sizeof(*v));

	if (!tau || !v) {
		free(tau);
		free(v);
		return -ENOMEM;
	}
	for (size_t j = 0; j < m; j++) {
		double *x = q + j * n + j;

		eng_yield(env);
		tau[j] = make_reflection(ops, x, n - j);
		for (size_t i = j + 1; i < m; i++)
			reflect(ops, x, tau[j], q + i * n + j, n - j);
	}
	/* The basis is the reflections' product applied to the axes, the last one first. */
	for (size_t j = m; j-- > 0;) {
		eng_yield(env);
		memcpy(v, q + j * n + j, (n - j) * sizeof(*v));
		memset(q + j * n, 0, n * sizeof(*q));
		q[j * n + j] = 1.0;
		for (size_t i = j; i < m; i++)
			reflect(ops, v, tau[j], q + i * n + j, n - j);
	}
	free(tau);
	free(v);
	return 0;
}

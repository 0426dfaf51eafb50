/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small dense problems of linear algebra, in double.  One thread, any size. */
#ifndef ENG_EIGEN_H
#define ENG_EIGEN_H

#include "env.h"

/*
 * Eigenvalues and eigenvectors of the symmetric matrix @a (n x n): @values in
 * descending order, and in place of @a the vectors, row j that of values[j],
 * of unit length.  Householder's reduction to a tridiagonal matrix and the QL
 * algorithm with implicit shifts (Wilkinson and Reinsch, Linear Algebra, 1971,
 * contributions II/2 and II/3).  About 6 n^3 operations.
 *
 * -ENOMEM; -ECANCELED, -ERANGE (no convergence: @a holds what is not finite).
 */
int eng_eigen_symmetric(const struct eng_env *env, double *a, size_t n, double *values);

/*
 * Replace the @m rows of @q (m x n, m <= n) by an orthonormal basis that holds
 * their span, by Householder reflections: orthonormal to rounding whatever the
 * rank.  -ENOMEM.
 */
int eng_orthonormal_rows(const struct eng_env *env, double *q, size_t m, size_t n);

#endif /* ENG_EIGEN_H */

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Variance of all columns together: what principal components are a share of. */
#ifndef VARIANCE_H
#define VARIANCE_H

#include "rows.h"

/*
 * The sum over columns of their variances (divided by nrows - 1), in double.
 * At least 2 rows.  The bits do not depend on threads.  Reads the rows once
 * and counts that.  -ENOMEM, -ECANCELED.
 */
int variance_total(const struct eng_env *env, const struct eng_rows *rows, double *total);

#endif /* VARIANCE_H */

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of PCA share: one reading of the rows, and the ways to a basis. */
#ifndef ENG_PCA_INTERNAL_H
#define ENG_PCA_INTERNAL_H

#include "gemm.h"
#include "pca.h"

/*
 * Rows are read in passes, a pass in slabs, a slab in blocks.  A worker
 * converts and centres one block at a time; a slab is packed as a whole and
 * then multiplied.  The sizes depend on the shape of the data alone.
 */
struct pca {
	const struct eng_env *env;
	const struct eng_gemm_ops *ops;
	const struct eng_rows *rows;
	const struct eng_pca_params *params;
	size_t n, c;		/* rows, columns */
	size_t f, l;		/* axes wanted, axes sought */
	size_t block, slab;	/* rows in each */
	bool covariance;	/* sought in the covariance matrix, not in the rows */
	float *mean;		/* c */
	float *scratch;		/* for each worker scratch_size floats */
	size_t scratch_size;
	double *basis;		/* l x c, orthonormal rows; in the end the first f are the axes */
	double *values;		/* l; in the end the eigenvalues of the sum of squares */
	uint64_t done, total;	/* rows read, and to be read, over all passes */
};

/* Floats of a worker's scratch, and bytes that making a basis takes beside it. */
size_t pca_scratch_size(const struct pca *p);
size_t pca_basis_memory(const struct pca *p);

float *pca_scratch(const struct pca *p, unsigned int worker);

/* Convert @count rows to the worker's scratch, c floats a row, and take the mean off. */
float *pca_load_centred(const struct pca *p, size_t first, size_t count, unsigned int worker);

/* After each step of a pass: progress, and -ECANCELED. */
int pca_step(struct pca *p, size_t rows);

/*
 * @out (l x c) = basis X^T X, or where @symmetric @out (c x c) = X^T X, for
 * the centred rows X, in one pass.  Sums over a few hundred rows in float32,
 * those added up in double.  -ENOMEM, -ECANCELED.
 */
int pca_gram(struct pca *p, bool symmetric, double *out);

/* Fill basis and values, p->covariance saying which way.  -ENOMEM, -ECANCELED, -ERANGE. */
int pca_basis(struct pca *p);

#endif /* ENG_PCA_INTERNAL_H */

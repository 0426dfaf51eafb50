/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Principal components by a randomised range finder. */
#ifndef ENG_PCA_H
#define ENG_PCA_H

#include "rows.h"

/* The numbers are those of enum nms_hw_scaling. */
enum eng_pca_scaling {
	ENG_PCA_PLAIN,
	/*
	 * Each feature divided by the fourth root of its variance, relative to that
	 * of the first: half way to whitened features, in which small but
	 * telling differences count for more.  Variances below 1e-6 of the first
	 * count as that, so that noise is not blown up.
	 */
	ENG_PCA_HALF_WHITE,
	ENG_PCA_QUARTER_WHITE,	/* likewise by the eighth root */
};

struct eng_pca_params {
	uint32_t features;	/* components to keep, 1 ... min(nrows - 1, ncols) */
	uint32_t oversample;	/* extra columns of the sketch; 0: 10 */
	uint32_t iterations;	/* subspace iterations; 0: 3 */
	uint64_t seed;
	enum eng_pca_scaling scaling;
};

/*
 * @out: nrows x @ld float32, the centred rows projected on the first
 * params->features principal axes; columns beyond are set to zero (@ld at
 * least params->features).  The sign of an axis is such that its component of
 * largest magnitude is positive.  @variances: params->features numbers, the
 * variances along the axes (divided by nrows - 1), or NULL.
 *
 * The rows are read in blocks: three times where the covariance matrix takes
 * fewer products than the sketch does (few columns for the features wanted), and
 * the axes are exact to rounding then; iterations + 3 times otherwise.  Where
 * features is equal to ncols the rotation is still made.  Memory:
 * eng_pca_memory() bytes.
 *
 * Halko, Martinsson, Tropp, SIAM Review 53 (2011), algorithms 4.4 and 5.1.
 * Counts and times itself under ENG_PHASE_REDUCE, where it leaves the counters.
 *
 * -EINVAL (features or @ld out of range, named in the fault), -ENOMEM,
 * -ECANCELED; -ERANGE where the rows are not finite (see eng_rows_check()).
 */
int eng_pca(const struct eng_env *env, const struct eng_rows *rows,
	    const struct eng_pca_params *params, float *out, size_t ld, float *variances);

size_t eng_pca_memory(size_t nrows, size_t ncols, uint32_t features, unsigned int threads);

#endif /* ENG_PCA_H */

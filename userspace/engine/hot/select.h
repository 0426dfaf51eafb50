/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loops of the selection rules. */
#ifndef ENG_HOT_SELECT_H
#define ENG_HOT_SELECT_H

#include <stddef.h>
#include <stdint.h>

/*
 * Strips: 16 rows side by side, column by column, so that a lane is a row and
 * equal rows give equal bits.  A vector over strips has 16 numbers a strip;
 * those that belong to no row are the caller's business, see each loop.
 */
#define ENG_STRIP 16

/* The first of the largest values, in order of index. */
struct eng_best {
	float value;
	size_t index;
};

struct eng_select_ops {
	/* out[r] = |x_r - q|^2, over @strips strips of @d columns. */
	void (*dist2)(const float *x, size_t strips, size_t d, const float *q, float *out);
	/* near[r] = min(near[r], d2[r]), and the farthest of them. */
	struct eng_best (*nearest)(const float *d2, size_t strips, float *near);
	/*
	 * sum[r] += exp(-d2[r] / 2), and the row with the largest
	 * mean[r] - inv * sum[r]; a mean of -infinity keeps a row out.
	 */
	struct eng_best (*herd)(const float *d2, size_t strips, const float *mean, float inv,
				float *sum);
	/* The largest of @x. */
	struct eng_best (*largest)(const float *x, size_t strips);
	/*
	 * out[i] += sum over j < n of mass[j] exp(min(c[i][j] - a[i] - b[j], 0)), for
	 * i < m.  @n a multiple of 16: masses beyond the last column are 0.
	 */
	void (*rbf)(const float *c, size_t ldc, size_t m, size_t n, const float *a, const float *b,
		    const float *mass, double *out);
	/*
	 * Running smallest of b[j] - c[i][j] over j < n, 16 lanes for each of m
	 * rows; j counts from @first.  @n a multiple of 16: b is infinite beyond
	 * the last column.  fold: the smallest of each row's lanes, ties to the
	 * lower j.
	 */
	void (*lesser)(const float *c, size_t ldc, size_t m, size_t n, const float *b,
		       uint32_t first, float *value, int32_t *index);
	void (*fold)(const float *value, const int32_t *index, size_t m, uint32_t *out);
};

#endif /* ENG_HOT_SELECT_H */

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How well exemplars stand for the rows. */
#ifndef ENG_COVERAGE_H
#define ENG_COVERAGE_H

#include "select.h"

/*
 * Quantisation error: the mean distance, among the features, from a row to the
 * exemplar nearest to it of whatever class, over the root mean square distance of
 * the rows from their mean.  0 where all rows are the same.
 */
struct eng_coverage {
	float error;		/* of the exemplars */
	float random;		/* of as many rows drawn at random, each class in proportion */
	uint32_t rows;		/* that were looked at */
};

/*
 * Rows of groups, all or, of more than 16,384, one from each of as many even pieces
 * of the list of groups: uncertain by less than 1 % of itself.  in->x is not NULL;
 * @index: @count of its rows.  Masses have no part.  -ENOMEM, -ECANCELED.
 */
int eng_coverage(const struct eng_env *env, const struct eng_select_input *in,
		 const uint32_t *index, size_t count, uint64_t seed, struct eng_coverage *out);

/* Most bytes that it works in. */
size_t eng_coverage_memory(size_t n, size_t d, size_t count, unsigned int threads);

#endif /* ENG_COVERAGE_H */

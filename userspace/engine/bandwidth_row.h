/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One row of the bandwidth search.  Inside the engine only. */
#ifndef ENG_BANDWIDTH_ROW_H
#define ENG_BANDWIDTH_ROW_H

#include "bandwidth.h"

struct eng_bandwidth_ops;
struct eng_fixed;

/*
 * The distances of a row, shifted so that the smallest is 0 and scaled by a
 * power of two so that the largest is in [1, 2).  Betas in here are of this
 * scale: beta of the row is that times @scale.
 */
struct bandwidth_row {
	const struct eng_bandwidth_ops *ops;
	const struct eng_fixed *fixed;	/* arithmetic on words, or NULL */
	const struct eng_env *env;	/* who is asked, now and then, whether to go on */
	bool stopped;			/* not: all errors are 0 from then on, which ends any search */
	float *d;		/* padded to a multiple of VLANES */
	uint16_t *code;		/* with fixed: the words of d, which are then exact */
	size_t k, padded;
	double scale;
	size_t ties;		/* neighbours at the smallest distance */
	double log_target;
	float lo, hi;		/* log beta of the target is between these */
	float start;		/* a guess */
	uint32_t passes;	/* over the row, for one or more betas each */
};

/* Floats that row->d needs for @k neighbours, as many words row->code. */
size_t bandwidth_row_padded(size_t k);

/*
 * Take in @dist2, ascending; row->ops, fixed, d, code, k and log_target are set.  False if
 * a distance is not a finite number or they do not ascend.
 */
bool bandwidth_row_load(struct bandwidth_row *row, const float *dist2);

/*
 * Where the row cannot meet its target: why not, and the best scaled @beta
 * there is.  ENG_ROW_MET where a search is needed; row->lo, hi and start are
 * set then.
 */
enum eng_row_flag bandwidth_row_decide(struct bandwidth_row *row, double *beta);

/* eng_objective_fn and eng_slope_fn over a row (@arg: struct bandwidth_row). */
void bandwidth_row_errors(void *arg, const float *log_beta, float *error, unsigned int count);
void bandwidth_row_slope(void *arg, float log_beta, float *error, float *slope);

/* Log perplexity at a scaled @beta, less the target. */
float bandwidth_row_error(struct bandwidth_row *row, float beta);

/* The conditional probabilities at a scaled @beta, 0 for uniform: row->padded floats of @e. */
void bandwidth_row_weights(struct bandwidth_row *row, float beta, float *e);

#endif /* ENG_BANDWIDTH_ROW_H */

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bandwidth of each point: the precision beta = 1 / (2 sigma^2) at which
 * the conditional distribution p(j|i) ~ exp(-beta d_ij^2) over its neighbours
 * has the target perplexity 2^H (van der Maaten and Hinton, JMLR 9, 2008,
 * section 2).
 */
#ifndef ENG_BANDWIDTH_H
#define ENG_BANDWIDTH_H

#include "knn.h"

/* How beta is searched for.  The numbers are those of enum nms_hw_search. */
enum eng_search {
	ENG_SEARCH_NEWTON = 1,	/* safeguarded Newton on log beta */
	ENG_SEARCH_BISECT,	/* bisection on log beta */
	ENG_SEARCH_DE,		/* differential evolution (Storn and Price, 1997), rand/1/bin */
	ENG_SEARCH_FWA,		/* fireworks (Tan and Zhu, ICSI 2010) */
};

/* What became of a row.  The numbers are those of enum nms_hw_row_flag. */
enum eng_row_flag {
	ENG_ROW_MET,		/* the target was met within the tolerance */
	ENG_ROW_ABOVE_K,	/* target not below the number of neighbours: beta 0 */
	ENG_ROW_TIES,		/* more neighbours tie for nearest than the target: they share all */
	ENG_ROW_IDENTICAL,	/* all neighbours at one distance: perplexity is k at any beta */
	ENG_ROW_BUDGET,		/* evaluations used up: the best seen was kept */
	ENG_NROW_FLAGS
};

struct eng_bandwidth_params {
	enum eng_search search;
	float perplexity;	/* target, above 1 */
	float tolerance;	/* on log perplexity; 0: 1e-5 newton and bisect, 1e-3 de, fwa and on words */
	uint32_t evaluations;	/* most a row; 0: 100 newton, bisect; 400 de, fwa, on words 600 */
	uint64_t seed;		/* de and fwa */
};

/* What a search did over all rows. */
struct eng_bandwidth_stats {
	uint64_t evaluations;		/* over all rows */
	uint64_t rows[ENG_NROW_FLAGS];	/* rows by what became of them */
	float residual_mean;		/* mean of |log perplexity - log target| over rows */
	float residual_max;
};

/*
 * One candidate evaluation sees a whole generation of log betas in one pass
 * over the row: @count values in, @count errors out (log perplexity - log
 * target).  The searches below know rows only through this.
 */
typedef void (*eng_objective_fn)(void *arg, const float *log_beta, float *error,
				 unsigned int count);

struct eng_search_result {
	float log_beta;		/* best seen */
	float error;		/* there */
	uint32_t evaluations;
};

/*
 * The population searches alone, on any objective, monotonic or not, over
 * [@lo, @hi]; @seed and @row make the random numbers.  They return the best
 * log beta seen and stop at params->tolerance or params->evaluations.
 */
void eng_search_de(eng_objective_fn fn, void *arg, float lo, float hi, uint64_t row,
		   const struct eng_bandwidth_params *params, struct eng_search_result *res);
void eng_search_fwa(eng_objective_fn fn, void *arg, float lo, float hi, uint64_t row,
		    const struct eng_bandwidth_params *params, struct eng_search_result *res);
/* Bisection on the same terms; assumes an error that falls as log beta rises. */
void eng_search_bisect(eng_objective_fn fn, void *arg, float lo, float hi, uint64_t row,
		       const struct eng_bandwidth_params *params, struct eng_search_result *res);

/*
 * For each row of @nb: beta[i], and p[i * k ...], the conditional probabilities
 * p(j|i) over its neighbours (they sum to 1).  Distances are shifted by the
 * row's smallest first, so that no row underflows.  @flags: one enum
 * eng_row_flag a row, or NULL; @beta and @stats may be NULL too.
 *
 * A target that no beta attains is flagged before any search, never looped on:
 * not below k, or below the number of exact ties for nearest (distances that
 * differ by less than 2^-90 of the row's range count as ties).  Rows are
 * independent: the bits do not depend on threads.
 * -EINVAL (no rows, perplexity not above 1 or not finite, tolerance below 0, no
 * such search), -EDOM (distances of a row, named by the fault, are negative, not
 * finite, or do not ascend), -ENOMEM, -ECANCELED.
 */
int eng_bandwidth(const struct eng_env *env, const struct eng_neighbours *nb,
		  const struct eng_bandwidth_params *params, float *p, float *beta,
		  uint8_t *flags, struct eng_bandwidth_stats *stats);

const char *eng_search_name(enum eng_search search);
const char *eng_row_flag_text(enum eng_row_flag flag);

#endif /* ENG_BANDWIDTH_H */

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Differential evolution, rand/1/bin (Storn and Price, Journal of Global
 * Optimization 11, 1997), of one number.  With one number binomial crossover
 * always takes the mutant, so there is no crossover rate.  Parameters are ours:
 * a population of 10, one in each tenth of the range at first; a scale factor
 * drawn from [0.5, 0.9) for each mutant; a generation is made from the one
 * before it as a whole, so that one pass over the row evaluates it.  A
 * population that has drawn together without meeting the target is spread out
 * again, its best kept.
 */
#include "search.h"

#define POPULATION 10
#define COLLAPSED 1e-6f		/* of the range */

/* Three different members of the population, none of them @i. */
static void pick_three(struct search *s, unsigned int i, unsigned int pick[3])
{
	for (unsigned int a = 0; a < 3; a++) {
		bool taken;

		do {
			pick[a] = search_below(s, POPULATION);
			taken = pick[a] == i;
			for (unsigned int b = 0; b < a; b++)
				taken = taken || pick[a] == pick[b];
		} while (taken);
	}
}

static void mutate(struct search *s, const float *x, float *trial)
{
	for (unsigned int i = 0; i < POPULATION; i++) {
		float scale = 0.5f + 0.4f * search_uniform(s);
		unsigned int r[3];

		pick_three(s, i, r);
		trial[i] = search_inside(s, x[r[0]] + scale * (x[r[1]] - x[r[2]]));
	}
}

static bool collapsed(const struct search *s, const float *x)
{
	float min = x[0], max = x[0];

	for (unsigned int i = 1; i < POPULATION; i++) {
		min = x[i] < min ? x[i] : min;
		max = x[i] > max ? x[i] : max;
	}
	return max - min <= COLLAPSED * (s->hi - s->lo);
}

static void spread(struct search *s, float *x, float *error)
{
	search_stratify(s, x, POPULATION);
	search_generation(s, x, error, POPULATION);
	x[0] = s->best->log_beta;
	error[0] = s->best->error;
}

void eng_search_de(eng_objective_fn fn, void *arg, float lo, float hi, uint64_t row,
		   const struct eng_bandwidth_params *params, struct eng_search_result *res)
{
	struct search s = {
		.fn = fn, .arg = arg, .lo = lo, .hi = hi, .row = row, .seed = params->seed,
		.tolerance = eng_search_tolerance(params, ENG_SEARCH_DE),
		.budget = eng_search_budget(params, ENG_SEARCH_DE),
		.stream = ENG_STREAM_DE, .best = res,
	};
	float x[POPULATION], trial[POPULATION], error[POPULATION], found[POPULATION];
	unsigned int n;

	*res = (struct eng_search_result){ 0 };
	search_stratify(&s, x, POPULATION);
	n = search_generation(&s, x, error, POPULATION);
	while (n == POPULATION && !search_ended(&s)) {
		if (collapsed(&s, x)) {
			spread(&s, x, error);
			continue;
		}
		mutate(&s, x, trial);
		n = search_generation(&s, trial, found, POPULATION);
		for (unsigned int i = 0; i < n; i++) {
			if (fabsf(found[i]) <= fabsf(error[i])) {
				x[i] = trial[i];
				error[i] = found[i];
			}
		}
	}
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the searches for a bandwidth share.  Inside the engine only. */
#ifndef ENG_SEARCH_H
#define ENG_SEARCH_H

#include "bandwidth.h"
#include "rng.h"

#include <math.h>

/* A search under way. */
struct search {
	eng_objective_fn fn;
	void *arg;
	float lo, hi;
	float tolerance;
	uint32_t budget;		/* evaluations that are left */
	uint64_t seed, row;
	enum eng_stream stream;
	uint32_t draws;			/* random numbers used so far */
	struct eng_search_result *best;
};

/* Tolerance and most evaluations of @search, defaults filled in. */
float eng_search_tolerance(const struct eng_bandwidth_params *params, enum eng_search search);
uint32_t eng_search_budget(const struct eng_bandwidth_params *params, enum eng_search search);

/* Note what was found at @log_beta if it is the best so far. */
static inline void search_note(struct eng_search_result *best, float log_beta, float error)
{
	if (!best->evaluations++ || fabsf(error) < fabsf(best->error) || isnan(best->error)) {
		best->log_beta = log_beta;
		best->error = error;
	}
}

static inline bool search_ended(const struct search *s)
{
	return !s->budget ||
	       (s->best->evaluations && fabsf(s->best->error) <= s->tolerance);
}

/*
 * Evaluate a generation with one call of the objective, as far as the budget
 * reaches, and note the best; returns how many were evaluated.
 */
static inline unsigned int search_generation(struct search *s, const float *log_beta, float *error,
					     unsigned int count)
{
	if (count > s->budget)
		count = s->budget;
	s->fn(s->arg, log_beta, error, count);
	s->budget -= count;
	for (unsigned int i = 0; i < count; i++)
		search_note(s->best, log_beta[i], error[i]);
	return count;
}

/* 64 random bits, a function of seed, row and how many were drawn before. */
static inline uint64_t search_bits(struct search *s)
{
	return eng_random(s->seed, s->stream, (s->row << 32) | s->draws++);
}

static inline float search_uniform(struct search *s)
{
	return (float)(search_bits(s) >> 40) * 0x1p-24f;
}

static inline unsigned int search_below(struct search *s, unsigned int bound)
{
	return (unsigned int)(((search_bits(s) >> 32) * bound) >> 32);
}

/* One value in each of @count equal parts of [lo, hi], anywhere in it. */
static inline void search_stratify(struct search *s, float *x, unsigned int count)
{
	float width = (s->hi - s->lo) / (float)count;

	for (unsigned int i = 0; i < count; i++)
		x[i] = s->lo + width * ((float)i + search_uniform(s));
}

/* Bring @x back into [lo, hi]: reflected if that is enough, anywhere otherwise. */
static inline float search_inside(struct search *s, float x)
{
	if (x < s->lo)
		x = 2.0f * s->lo - x;
	else if (x > s->hi)
		x = 2.0f * s->hi - x;
	if (x >= s->lo && x <= s->hi)
		return x;
	return s->lo + (s->hi - s->lo) * search_uniform(s);
}

/*
 * Error and its derivative by log beta, for Newton's method.  Safeguarded by a
 * bracket: the error is not negative at @lo and not positive at @hi.
 */
typedef void (*eng_slope_fn)(void *arg, float log_beta, float *error, float *slope);

void eng_search_newton(eng_slope_fn fn, void *arg, float start, float lo, float hi,
		       const struct eng_bandwidth_params *params, struct eng_search_result *res);

#endif /* ENG_SEARCH_H */

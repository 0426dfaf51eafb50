// SPDX-License-Identifier: LGPL-2.1-or-later
#include "search.h"

/*
 * A Newton step is taken where it stays inside the bracket and the last one
 * at least halved the error; bisection otherwise.  So the bracket or the error
 * halves every other evaluation, whatever the curve.
 */
void eng_search_newton(eng_slope_fn fn, void *arg, float start, float lo, float hi,
		       const struct eng_bandwidth_params *params, struct eng_search_result *res)
{
	float tolerance = eng_search_tolerance(params, ENG_SEARCH_NEWTON);
	uint32_t budget = eng_search_budget(params, ENG_SEARCH_NEWTON);
	float x = start > lo && start < hi ? start : lo + 0.5f * (hi - lo);
	float last = INFINITY, error, slope, next;

	*res = (struct eng_search_result){ 0 };
	while (budget--) {
		fn(arg, x, &error, &slope);
		search_note(res, x, error);
		if (fabsf(error) <= tolerance)
			return;
		if (error > 0.0f)
			lo = x;
		else
			hi = x;
		next = x - error / slope;
		if (!(next > lo && next < hi) || fabsf(error) > 0.5f * last)
			next = lo + 0.5f * (hi - lo);
		if (next == x)
			return;		/* the bracket is as narrow as float32 has it */
		last = fabsf(error);
		x = next;
	}
}

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "search.h"

void eng_search_bisect(eng_objective_fn fn, void *arg, float lo, float hi, uint64_t row,
		       const struct eng_bandwidth_params *params, struct eng_search_result *res)
{
	float tolerance = eng_search_tolerance(params, ENG_SEARCH_BISECT);
	uint32_t budget = eng_search_budget(params, ENG_SEARCH_BISECT);

	(void)row;	/* nothing random in here */
	*res = (struct eng_search_result){ 0 };
	while (budget--) {
		float mid = lo + 0.5f * (hi - lo), error;

		fn(arg, &mid, &error, 1);
		search_note(res, mid, error);
		if (fabsf(error) <= tolerance)
			return;
		if (mid == lo || mid == hi)
			return;		/* the bracket is as narrow as float32 has it */
		if (error > 0.0f)
			lo = mid;
		else
			hi = mid;
	}
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How a budget is split among groups.  Integers throughout: row numbers have
 * 32 bits, so every product of two sizes fits into 64.
 */
#include <errno.h>
#include <stdlib.h>

#include "groups.h"
#include "sort.h"

static uint64_t size_of(const struct eng_groups *groups, uint32_t g)
{
	return groups->start[g + 1] - groups->start[g];
}

static uint64_t least_of(const uint32_t *least, uint32_t g)
{
	return least ? least[g] : 0;
}

/* What is left to be split, and the rows it is split over. */
struct rest {
	uint64_t count, rows;
};

/*
 * Groups whose must-keep rows are more than their share get just those, and
 * the rest share what is left.  Each group fixed lowers the share of the
 * others, so that this is repeated until it holds for none.
 */
static struct rest fix_least(const struct eng_groups *groups, uint64_t count,
			     const uint32_t *least, uint32_t *budget, uint8_t *fixed)
{
	struct rest rest = { .count = count, .rows = groups->n };
	bool again = least;

	while (again) {
		struct rest now = rest;

		again = false;
		for (uint32_t g = 0; g < groups->count; g++) {
			if (fixed[g] || least[g] * now.rows <= now.count * size_of(groups, g))
				continue;
			fixed[g] = 1;
			budget[g] = least[g];
			rest.count -= least[g];
			rest.rows -= size_of(groups, g);
			again = true;
		}
	}
	return rest;
}

/* Whole seats first, then one each in order of what was cut off. */
static int split_proportional(const struct eng_groups *groups, uint64_t count,
			      const uint32_t *least, uint32_t *budget)
{
	uint64_t *cut = calloc((size_t)groups->count + 1, sizeof(*cut));
	uint32_t *order = calloc((size_t)groups->count + 1, sizeof(*order));
	uint8_t *fixed = calloc((size_t)groups->count + 1, 1);
	uint32_t open = 0;
	struct rest rest;
	uint64_t left;
	int err = -ENOMEM;

	if (!cut || !order || !fixed)
		goto out;
	rest = fix_least(groups, count, least, budget, fixed);
	left = rest.count;
	for (uint32_t g = 0; g < groups->count; g++) {
		uint64_t share = rest.count * size_of(groups, g);

		if (fixed[g])
			continue;
		budget[g] = (uint32_t)(share / rest.rows);
		left -= budget[g];
		cut[open] = UINT64_MAX - share % rest.rows;	/* largest first */
		order[open++] = g;
	}
	err = eng_sort(cut, order, open);
	for (uint32_t i = 0; !err && i < left; i++)
		budget[order[i]]++;
out:
	free(cut);
	free(order);
	free(fixed);
	return err;
}

/* What a group takes when each may have @level. */
static uint64_t take(const struct eng_groups *groups, const uint32_t *least, uint32_t g,
		     uint64_t level)
{
	uint64_t size = size_of(groups, g);

	if (level < least_of(least, g))
		return least_of(least, g);
	return level < size ? level : size;
}

static uint64_t take_all(const struct eng_groups *groups, const uint32_t *least, uint64_t level)
{
	uint64_t sum = 0;

	for (uint32_t g = 0; g < groups->count; g++)
		sum += take(groups, least, g, level);
	return sum;
}

/* The highest level that the budget reaches, and one more for the first few. */
static void split_equal(const struct eng_groups *groups, uint64_t count, const uint32_t *least,
			uint32_t *budget)
{
	uint64_t lo = 0, hi = groups->n + 1;

	while (hi - lo > 1) {
		uint64_t level = lo + (hi - lo) / 2;

		if (take_all(groups, least, level) <= count)
			lo = level;
		else
			hi = level;
	}
	count -= take_all(groups, least, lo);
	for (uint32_t g = 0; g < groups->count; g++) {
		budget[g] = (uint32_t)take(groups, least, g, lo);
		if (count && take(groups, least, g, lo + 1) > budget[g]) {
			budget[g]++;
			count--;
		}
	}
}

static int split_given(const struct eng_env *env, const struct eng_groups *groups,
		       uint64_t count, const uint32_t *given, const uint32_t *least,
		       uint32_t *budget)
{
	uint64_t sum = 0;

	for (uint32_t g = 0; g < groups->count; g++) {
		uint64_t size = size_of(groups, g);

		if (given[g] > size)
			return eng_fault(env, -EINVAL, g, ENG_FAULT_QUOTA, given[g], (double)size);
		if (given[g] < least_of(least, g))
			return eng_fault(env, -EINVAL, g, ENG_FAULT_QUOTA, given[g], least[g]);
		sum += given[g];
		budget[g] = given[g];
	}
	if (sum != count)
		return eng_fault(env, -EINVAL, groups->count, ENG_FAULT_QUOTA, (double)sum,
				 (double)count);
	return 0;
}

int eng_budget_split(const struct eng_env *env, const struct eng_groups *groups,
		     enum eng_budget rule, uint64_t count, const uint32_t *given,
		     const uint32_t *least, uint32_t *budget)
{
	uint64_t must = 0;

	if (count > groups->n)
		return eng_fault(env, -EINVAL, 0, ENG_FAULT_COUNT, (double)count,
				 (double)groups->n);
	for (uint32_t g = 0; g < groups->count; g++)
		must += least_of(least, g);
	if (must > count)
		return eng_fault(env, -EINVAL, 0, ENG_FAULT_COUNT, (double)count, (double)must);

	switch (rule) {
	case ENG_BUDGET_PROPORTIONAL:
		return split_proportional(groups, count, least, budget);
	case ENG_BUDGET_EQUAL:
		split_equal(groups, count, least, budget);
		return 0;
	case ENG_BUDGET_GIVEN:
		if (given)
			return split_given(env, groups, count, given, least, budget);
		break;
	}
	return eng_fault(env, -EINVAL, 0, ENG_FAULT_QUOTA, (double)rule, 0);
}

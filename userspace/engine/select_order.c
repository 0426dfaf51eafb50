// SPDX-License-Identifier: LGPL-2.1-or-later
#include "select_order.h"

#include <errno.h>
#include <stdlib.h>

#include "sort.h"

int eng_order_by_weight(struct eng_share *share)
{
	const size_t n = share->budget - share->nkeep;
	uint32_t *chosen = share->chosen + share->nkeep;
	float *weight = share->weight + share->nkeep;
	uint64_t *key = calloc(n + 1, sizeof(*key));
	uint32_t *order = calloc(n + 1, sizeof(*order));
	int err = -ENOMEM;

	if (!key || !order)
		goto out;
	for (size_t i = 0; i < n; i++)
		key[i] = (uint64_t)(uint32_t)~eng_sort_float(weight[i]) << 32 | chosen[i];
	for (size_t i = 0; i < n; i++)
		order[i] = (uint32_t)(key[i] >> 32);
	err = eng_sort(key, order, n);
	for (size_t i = 0; !err && i < n; i++) {
		union {
			uint32_t u;
			float f;
		} bits;

		/* Weights are not negative: the way back from eng_sort_float(). */
		bits.u = ~order[i] & 0x7fffffffu;
		chosen[i] = (uint32_t)key[i];
		weight[i] = bits.f;
	}
out:
	free(key);
	free(order);
	return err;
}

/*
 * Groups of the same budget take turns, so it is enough to compare one of each
 * size; of sizes that differ there are at most sqrt(2 count).
 */
struct turn {
	uint32_t budget;
	uint32_t first, end;	/* its groups, in the list by budget */
	uint32_t next;		/* the one whose turn it is */
	uint64_t taken;		/* by that one */
};

/* Groups that take any, by budget and then by place; how many. */
static uint32_t list_groups(const uint32_t *budget, uint32_t groups, uint64_t *key,
			    uint32_t *list)
{
	uint32_t n = 0;

	for (uint32_t g = 0; g < groups; g++) {
		if (!budget[g])
			continue;
		key[n] = budget[g];
		list[n++] = g;
	}
	return n;
}

static uint32_t list_turns(const uint64_t *key, uint32_t n, struct turn *turns)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (!i || key[i] != key[i - 1])
			turns[count++] = (struct turn){ .budget = (uint32_t)key[i], .first = i,
							.next = i };
		turns[count - 1].end = i + 1;
	}
	return count;
}

/*
 * How far a group is ahead: (t + 1) budget - taken count.  It is above -count,
 * and below count times the number of groups: what wraps around comes back.
 */
static int64_t ahead(const struct turn *turn, uint64_t t, uint64_t count)
{
	return (int64_t)((t + 1) * turn->budget - turn->taken * count);
}

static uint32_t step(struct turn *turns, uint32_t nturns, const uint32_t *list, uint64_t t,
		     uint64_t count)
{
	struct turn *best = &turns[0];
	int64_t most = ahead(best, t, count);
	uint32_t group;

	for (uint32_t i = 1; i < nturns; i++) {
		const int64_t here = ahead(&turns[i], t, count);

		if (here > most || (here == most && list[turns[i].next] < list[best->next])) {
			most = here;
			best = &turns[i];
		}
	}
	group = list[best->next];
	if (++best->next == best->end) {
		best->next = best->first;
		best->taken++;
	}
	return group;
}

int eng_interleave(const uint32_t *budget, uint32_t groups, uint64_t count, uint32_t *group)
{
	uint64_t *key = calloc((size_t)groups + 1, sizeof(*key));
	uint32_t *list = calloc((size_t)groups + 1, sizeof(*list));
	struct turn *turns = calloc((size_t)groups + 1, sizeof(*turns));
	uint32_t n, nturns;
	int err = -ENOMEM;

	if (!key || !list || !turns)
		goto out;
	n = list_groups(budget, groups, key, list);
	err = eng_sort(key, list, n);
	if (err)
		goto out;
	nturns = list_turns(key, n, turns);
	for (uint64_t t = 0; t < count; t++)
		group[t] = step(turns, nturns, list, t, count);
out:
	free(key);
	free(list);
	free(turns);
	return err;
}

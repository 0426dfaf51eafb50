// SPDX-License-Identifier: LGPL-2.1-or-later
#include "topk.h"

#include <stdbool.h>

/* Entries up to which insertion is the faster way to sort. */
#define RUN 12

static uint64_t median_of_three(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t lo = a < b ? a : b;
	uint64_t hi = a < b ? b : a;

	return c < lo ? lo : c > hi ? hi : c;
}

/* Entries below @pivot first, then the others; how many are below.  No branch on data. */
static size_t partition(uint64_t *entry, size_t n, uint64_t pivot)
{
	size_t below = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t x = entry[i];

		entry[i] = entry[below];
		entry[below] = x;
		below += x < pivot;
	}
	return below;
}

/*
 * Quickselect.  A pivot that is itself the smallest splits off nothing; then
 * the copies of it, which are the smallest, are split off instead.
 */
void eng_topk_select(uint64_t *entry, size_t n, size_t k)
{
	while (k && k < n) {
		uint64_t pivot = median_of_three(entry[0], entry[n / 2], entry[n - 1]);
		size_t below = partition(entry, n, pivot);

		if (!below)
			below = partition(entry, n, pivot + 1);
		if (below == n)
			return;		/* all are the same */
		if (k <= below) {
			n = below;
		} else {
			entry += below;
			n -= below;
			k -= below;
		}
	}
}

static void insertion_sort(uint64_t *entry, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		uint64_t x = entry[i];
		size_t j = i;

		for (; j && entry[j - 1] > x; j--)
			entry[j] = entry[j - 1];
		entry[j] = x;
	}
}

static void merge(const uint64_t *a, size_t na, const uint64_t *b, size_t nb, uint64_t *to)
{
	while (na && nb) {
		bool second = *b < *a;

		*to++ = second ? *b : *a;
		b += second;
		nb -= second;
		a += !second;
		na -= !second;
	}
	memcpy(to, a, na * sizeof(*to));
	memcpy(to + na, b, nb * sizeof(*to));
}

void eng_topk_sort(uint64_t *entry, size_t n, uint64_t *spare)
{
	uint64_t *from = entry, *to = spare, *t;

	for (size_t i = 0; i < n; i += RUN)
		insertion_sort(entry + i, n - i < RUN ? n - i : RUN);
	for (size_t run = RUN; run < n; run *= 2) {
		for (size_t i = 0; i < n; i += 2 * run) {
			size_t na = n - i < run ? n - i : run;
			size_t nb = n - i - na < run ? n - i - na : run;

			merge(from + i, na, from + i + na, nb, to + i);
		}
		t = from;
		from = to;
		to = t;
	}
	if (from != entry)
		memcpy(entry, from, n * sizeof(*entry));
}

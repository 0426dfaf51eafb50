// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a selection needs beside its input, at most: figures for one group that
 * holds all rows, which is the worst case.  They follow the allocations of the
 * rules, in bytes a row.
 */
#include "nearest.h"
#include "panel.h"
#include "select.h"
#include "select_edit.h"
#include "select_share.h"

/*
 * Facility at a perplexity of 30: neighbours (8 bytes each), probabilities (4),
 * two transposes (16), and entries to be sorted (12) or affinities, two for one (16).
 */
#define NEIGHBOURS 90
#define FACILITY (NEIGHBOURS * (8 + 4 + 16 + 16))

/* What allocators round up, all in all. */
#define SLACK ((size_t)1 << 20)

/* Points and their masses, and one more copy as a panel or in strips. */
static size_t twice(size_t d)
{
	return (2 * d + 6) * sizeof(float);
}

static size_t row_bytes(enum eng_rule rule, size_t d)
{
	switch (rule) {
	case ENG_RULE_RANDOM:
		return 24 + 4;				/* key and row, sorted aside */
	case ENG_RULE_GRID:
		return 24 + 8 + 4 + twice(2);
	case ENG_RULE_STRATA:
		return 24 + twice(2);
	case ENG_RULE_KMEDOIDS:
		return twice(d) + 16 + 24;		/* clusters; or the sort of the rest */
	case ENG_RULE_KCENTRE:
	case ENG_RULE_HERDING:
		return twice(d) + 8;
	case ENG_RULE_EDITED:
		return twice(d) + 8 + 4 + 4 + 1;	/* the other mean, who agrees, in a part too */
	case ENG_RULE_FACILITY:
		return twice(d) + 28 + FACILITY;
	}
	return 0;
}

size_t eng_select_memory(enum eng_rule rule, size_t n, size_t d, uint64_t count,
			 unsigned int threads)
{
	const size_t space = eng_rule_needs_features(rule) ? d : 2;
	const size_t each = 44 + space * sizeof(float);	/* an exemplar: lists, centre */
	size_t bytes = SLACK + n * (row_bytes(rule, d) + sizeof(float)) + (size_t)count * each;

	if (rule == ENG_RULE_FACILITY)
		bytes += eng_knn_memory(n, d, NEIGHBOURS, threads);
	if (rule == ENG_RULE_EDITED)
		bytes += eng_edit_memory(n, d, threads);
	if (rule != ENG_RULE_RANDOM)
		bytes += eng_nearest_memory(space, (size_t)count, threads);
	return bytes;
}

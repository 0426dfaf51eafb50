/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows by class, and how many exemplars each class gets. */
#ifndef ENG_GROUPS_H
#define ENG_GROUPS_H

#include "env.h"

/* Rows sorted by label, ascending within a label.  No labels: one group. */
struct eng_groups {
	size_t n;		/* rows in all groups */
	uint32_t count;		/* groups */
	uint32_t *label;	/* count: the label of each group, ascending */
	size_t *start;		/* count + 1 */
	uint32_t *row;		/* n: rows of group g are row[start[g]] ... */
};

/*
 * What a fault in a selection is about, in its column.
 *	COUNT	value: how many were asked for; limit: how many there are, or,
 *		if that is less, how many are must-keep
 *	QUOTA	row: the group by its place (the number of groups: their sum);
 *		value: its quota; limit: its size, its must-keep rows, or the count
 *	KEEP	row: the row at fault; value: how often it is named; limit: how
 *		often it may be: 0 if it is in no group (out of range or dropped), or 1
 *	MASS	row: whose mass is below 0 or not finite; value: its mass
 *	PERPLEXITY	value: what it is; limit: what it must be above
 *	RULE	value: no rule, or one whose features or embedding are missing
 */
enum eng_select_fault {
	ENG_FAULT_COUNT = 1,
	ENG_FAULT_QUOTA,
	ENG_FAULT_KEEP,
	ENG_FAULT_MASS,
	ENG_FAULT_PERPLEXITY,
	ENG_FAULT_RULE,
};

/*
 * @labels: one for each of @n rows, any values, or NULL.  @drop: ascending or
 * not, @ndrop rows to leave out, some perhaps named twice.  A label whose rows
 * are all left out has no group.  -ENOMEM, -EINVAL (a dropped row is not below
 * @n, or @n is above 2^32 - 1); then @groups is empty.
 */
int eng_groups_create(const uint32_t *labels, size_t n, const uint32_t *drop, size_t ndrop,
		      struct eng_groups *groups);
void eng_groups_free(struct eng_groups *groups);

/* The numbers are those of enum nms_hw_budget. */
enum eng_budget {
	ENG_BUDGET_PROPORTIONAL = 1,	/* to class size, by largest remainder (Hamilton) */
	ENG_BUDGET_EQUAL,		/* the same for each class, as far as it reaches */
	ENG_BUDGET_GIVEN,		/* as listed, in order of ascending label */
};

/*
 * Split @count among the groups into @budget (groups->count numbers): never
 * more than a group holds nor less than @least[g] (must-keep rows; may be
 * NULL); what a group cannot take goes to the others by the same rule.  Ties
 * go to the lower label.  -EINVAL (count above n or below the must-keep rows,
 * given numbers that do not add up to @count, exceed a group or fall short of
 * its must-keep rows; the fault names it as above), -ENOMEM.
 */
int eng_budget_split(const struct eng_env *env, const struct eng_groups *groups,
		     enum eng_budget rule, uint64_t count, const uint32_t *given,
		     const uint32_t *least, uint32_t *budget);

#endif /* ENG_GROUPS_H */

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order in which exemplars are listed. */
#ifndef ENG_SELECT_ORDER_H
#define ENG_SELECT_ORDER_H

#include "select_share.h"

/*
 * For rules that are not nested: exemplars of a share in order of what they
 * stand for, most first, ties to the lower row; must-keep rows stay in front.
 * -ENOMEM.
 */
int eng_order_by_weight(struct eng_share *share);

/*
 * Interleave: at step t comes the group whose part of t + 1 exemplars, by its
 * share of them all, is furthest ahead of what it has; ties to the lower group.
 * group[t], t below the sum of the budgets.  -ENOMEM.
 */
int eng_interleave(const uint32_t *budget, uint32_t groups, uint64_t count, uint32_t *group);

#endif /* ENG_SELECT_ORDER_H */

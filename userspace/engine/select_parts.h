/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A large group's share in parts, each of which stands for all of it.  Not for others. */
#ifndef ENG_SELECT_PARTS_H
#define ENG_SELECT_PARTS_H

#include "select_share.h"

/* A rule, as those of select_share.h. */
typedef int (*eng_rule_fn)(struct eng_share *share);

/*
 * Run @rule on each of as few parts as have at most @most rows: part p of g has the
 * positions p, p + g, p + 2 g, ...  They take turns: each choice goes to the next part
 * that has rows left, and a prefix of the whole is made of prefixes of the parts.
 * The must-keep rows come first, each taken into account by its own part.  One part:
 * the rule as it is.  What the rule says, or -ENOMEM.
 */
int eng_share_parts(struct eng_share *share, size_t most, eng_rule_fn rule);

#endif /* ENG_SELECT_PARTS_H */

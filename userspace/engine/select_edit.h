/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which rows their neighbours agree with. */
#ifndef ENG_SELECT_EDIT_H
#define ENG_SELECT_EDIT_H

#include "select.h"

/*
 * agreed[i], for the i-th row of in->groups: do at least ENG_EDIT_AGREE of its
 * ENG_EDIT_NEIGHBOURS nearest among the features belong to its group?  As the
 * edited nearest neighbour rule asks (Wilson, IEEE Transactions on Systems, Man
 * and Cybernetics 2, 1972), but for a share that a majority of one class among
 * many may fall short of.  Of many rows, parts of at most ENG_EDIT_ROWS that lie
 * all over the whole are looked at each for itself, so that the time is linear.
 * Where a part has no more rows than neighbours are asked for, those that it has
 * decide in proportion.
 *
 * -ENOMEM, -ECANCELED.
 */
#define ENG_EDIT_NEIGHBOURS 10u
#define ENG_EDIT_AGREE 3u
#define ENG_EDIT_ROWS 8192u

int eng_edit(const struct eng_env *env, const struct eng_select_input *in, bool *agreed);

/* Bytes that it needs at most, the answer included. */
size_t eng_edit_memory(size_t n, size_t d, unsigned int threads);

#endif /* ENG_SELECT_EDIT_H */

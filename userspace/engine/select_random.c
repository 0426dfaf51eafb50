// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Uniform without replacement: each row of the dataset has a random number of
 * its own, and the lowest are taken.  So a smaller budget gives a prefix, and
 * rows that are left out do not change the order of the others.
 */
#include <errno.h>
#include <stdlib.h>

#include "select_share.h"
#include "sort.h"

int eng_select_random(struct eng_share *share)
{
	uint64_t *key = calloc(share->n, sizeof(*key));
	uint32_t *rest = calloc(share->n, sizeof(*rest));
	size_t n;
	int err = -ENOMEM;

	if (!key || !rest)
		goto out;
	n = eng_share_rest(share, rest);
	for (size_t i = 0; i < n; i++)
		key[i] = eng_random(share->params->seed, ENG_STREAM_SELECT, share->row[rest[i]]);
	err = eng_sort(key, rest, n);
	if (err)
		goto out;
	for (size_t i = 0; i < share->budget; i++)
		share->chosen[i] = i < share->nkeep ? share->keep[i] : rest[i - share->nkeep];
	eng_share_count(share, ENG_COUNT_NEAR_READ, n * sizeof(uint32_t));
out:
	free(key);
	free(rest);
	return err;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sort.h"

/* One bit a row: is it left out?  NULL in @out if nothing is. */
static int mark_dropped(size_t n, const uint32_t *drop, size_t ndrop, uint8_t **out)
{
	uint8_t *bits;

	*out = NULL;
	if (!ndrop)
		return 0;
	bits = calloc(n / 8 + 1, 1);
	if (!bits)
		return -ENOMEM;
	for (size_t i = 0; i < ndrop; i++) {
		if (drop[i] >= n) {
			free(bits);
			return -EINVAL;
		}
		bits[drop[i] / 8] |= (uint8_t)(1u << drop[i] % 8);
	}
	*out = bits;
	return 0;
}

/* Rows that stay, in order of label and then of row; @key: their labels. */
static int sort_rows(const uint32_t *labels, size_t n, const uint8_t *dropped,
		     struct eng_groups *groups, uint64_t *key)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (dropped && dropped[i / 8] >> i % 8 & 1)
			continue;
		key[kept] = labels ? labels[i] : 0;
		groups->row[kept++] = (uint32_t)i;
	}
	groups->n = kept;
	return labels ? eng_sort(key, groups->row, kept) : 0;
}

/* Where each run of one label begins. */
static int find_runs(const uint64_t *key, struct eng_groups *groups)
{
	size_t count = 0;

	for (size_t i = 0; i < groups->n; i++)
		count += !i || key[i] != key[i - 1];
	groups->label = calloc(count + 1, sizeof(*groups->label));
	groups->start = calloc(count + 1, sizeof(*groups->start));
	if (!groups->label || !groups->start)
		return -ENOMEM;
	for (size_t i = 0; i < groups->n; i++) {
		if (i && key[i] == key[i - 1])
			continue;
		groups->start[groups->count] = i;
		groups->label[groups->count++] = (uint32_t)key[i];
	}
	groups->start[groups->count] = groups->n;
	return 0;
}

int eng_groups_create(const uint32_t *labels, size_t n, const uint32_t *drop, size_t ndrop,
		      struct eng_groups *groups)
{
	uint8_t *dropped;
	uint64_t *key;
	int err;

	memset(groups, 0, sizeof(*groups));
	if (n > UINT32_MAX)
		return -EINVAL;
	err = mark_dropped(n, drop, ndrop, &dropped);
	if (err)
		return err;
	key = calloc(n + 1, sizeof(*key));
	groups->row = calloc(n + 1, sizeof(*groups->row));
	err = key && groups->row ? sort_rows(labels, n, dropped, groups, key) : -ENOMEM;
	if (!err)
		err = find_runs(key, groups);
	if (err)
		eng_groups_free(groups);
	free(key);
	free(dropped);
	return err;
}

void eng_groups_free(struct eng_groups *groups)
{
	free(groups->label);
	free(groups->start);
	free(groups->row);
	memset(groups, 0, sizeof(*groups));
}

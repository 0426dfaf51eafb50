// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "twins.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct row {
	uint32_t sum, row;
};

struct rows {
	const uint8_t *base;
	size_t stride, size;
};

static const uint8_t *bytes(const struct rows *rows, uint32_t row)
{
	return rows->base + row * rows->stride;
}

/* By checksum, so that bytes are compared where they have a chance to be equal. */
static int order(const void *a, const void *b, void *arg)
{
	const struct row *x = a, *y = b;
	const struct rows *rows = arg;
	int differ;

	if (x->sum != y->sum)
		return x->sum < y->sum ? -1 : 1;
	differ = memcmp(bytes(rows, x->row), bytes(rows, y->row), rows->size);
	return differ ? differ : (x->row > y->row) - (x->row < y->row);
}

static bool equal(const struct rows *rows, const struct row *a, const struct row *b)
{
	return a->sum == b->sum && !memcmp(bytes(rows, a->row), bytes(rows, b->row), rows->size);
}

static void take_group(const struct row *row, size_t size, const uint32_t *known,
		       const uint8_t *chosen, struct twins *twins)
{
	uint64_t exemplars = 0;
	bool disputed = false;

	for (size_t i = 0; i < size; i++) {
		exemplars += chosen[row[i].row];
		disputed |= known && known[row[i].row] != known[row[0].row];
	}
	twins->groups++;
	twins->extra += size - 1;
	twins->disputed += disputed;
	twins->chosen += exemplars ? exemplars - 1 : 0;
}

/* All rows, those that are equal beside each other and in ascending order.  NULL: no memory. */
static struct row *sorted(const struct rows *rows, size_t n)
{
	struct row *list = malloc(n * sizeof(*list));

	if (!list)
		return NULL;
	for (size_t i = 0; i < n; i++)
		list[i] = (struct row){
			(uint32_t)crc32_z(0, bytes(rows, (uint32_t)i), rows->size), (uint32_t)i };
	qsort_r(list, n, sizeof(*list), order, (void *)rows);
	return list;
}

/* Where the group that begins at @begin ends. */
static size_t group_end(const struct rows *rows, const struct row *list, size_t n, size_t begin)
{
	size_t end = begin + 1;

	while (end < n && equal(rows, &list[begin], &list[end]))
		end++;
	return end;
}

int twins_count(const struct input *input, const uint32_t *index, size_t count,
		struct twins *twins)
{
	const struct dataset *d = input->dataset;
	struct rows rows = { d->base, d->stride, input_row_bytes(input) };
	struct row *list = sorted(&rows, d->rows);
	uint8_t *chosen = calloc(d->rows, 1);
	int error = list && chosen ? 0 : -ENOMEM;

	memset(twins, 0, sizeof(*twins));
	for (size_t i = 0; !error && i < count; i++)
		chosen[index[i]] = 1;
	for (size_t i = 0, end; !error && i < d->rows; i = end) {
		end = group_end(&rows, list, d->rows, i);
		if (end - i > 1)
			take_group(list + i, end - i, input->known, chosen, twins);
	}
	free(list);
	free(chosen);
	return error;
}

int twins_first(const struct input *input, uint32_t *first)
{
	const struct dataset *d = input->dataset;
	struct rows rows = { d->base, d->stride, input_row_bytes(input) };
	struct row *list = sorted(&rows, d->rows);

	if (!list)
		return -ENOMEM;
	for (size_t i = 0, end; i < d->rows; i = end) {
		end = group_end(&rows, list, d->rows, i);
		for (size_t j = i; j < end; j++)
			first[list[j].row] = list[i].row;
	}
	free(list);
	return 0;
}

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

int twins_count(const struct input *input, const uint32_t *index, size_t count,
		struct twins *twins)
{
	const struct dataset *d = input->dataset;
	struct rows rows = { d->base, d->stride, input_row_bytes(input) };
	struct row *list = malloc(d->rows * sizeof(*list));
	uint8_t *chosen = calloc(d->rows, 1);

	memset(twins, 0, sizeof(*twins));
	if (!list || !chosen) {
		free(list);
		free(chosen);
		return -ENOMEM;
	}
	for (size_t i = 0; i < d->rows; i++)
		list[i] = (struct row){
			(uint32_t)crc32_z(0, bytes(&rows, (uint32_t)i), rows.size), (uint32_t)i };
	for (size_t i = 0; i < count; i++)
		chosen[index[i]] = 1;
	qsort_r(list, d->rows, sizeof(*list), order, &rows);
	for (size_t i = 0, end; i < d->rows; i = end) {
		for (end = i + 1; end < d->rows && equal(&rows, &list[i], &list[end]); end++)
			;
		if (end - i > 1)
			take_group(list + i, end - i, input->known, chosen, twins);
	}
	free(list);
	free(chosen);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

size_t class_counts_find(const struct class_counts *counts, uint32_t label)
{
	size_t low = 0, high = counts->nclasses;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (counts->label[middle] <= label)
			low = middle;
		else
			high = middle;
	}
	return low;
}

int class_counts(const uint32_t *labels, size_t rows, const uint32_t *index, size_t n,
		 struct class_counts *counts)
{
	memset(counts, 0, sizeof(*counts));
	counts->label = malloc(rows * sizeof(*counts->label));
	if (!counts->label)
		return -ENOMEM;
	memcpy(counts->label, labels, rows * sizeof(*labels));
	qsort(counts->label, rows, sizeof(*labels), ascending);
	for (size_t i = 0; i < rows; i++)
		if (!i || counts->label[i] != counts->label[counts->nclasses - 1])
			counts->label[counts->nclasses++] = counts->label[i];
	counts->rows = calloc(counts->nclasses, sizeof(*counts->rows));
	counts->chosen = calloc(counts->nclasses, sizeof(*counts->chosen));
	if (!counts->rows || !counts->chosen) {
		class_counts_free(counts);
		return -ENOMEM;
	}
	for (size_t i = 0; i < rows; i++)
		counts->rows[class_counts_find(counts, labels[i])]++;
	for (size_t i = 0; index && i < n; i++)
		counts->chosen[class_counts_find(counts, labels[index[i]])]++;
	return 0;
}

void class_counts_free(struct class_counts *counts)
{
	free(counts->label);
	free(counts->rows);
	free(counts->chosen);
	memset(counts, 0, sizeof(*counts));
}

const char *class_name(char *const *names, uint32_t label, char text[16])
{
	if (names)
		return names[label];
	snprintf(text, 16, "%u", label);
	return text;
}

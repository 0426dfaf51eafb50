// SPDX-License-Identifier: GPL-2.0-only
#include "curve.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double ladder[] = { 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2 };

#define LADDER (sizeof(ladder) / sizeof(ladder[0]))

static int by_count(const void *a, const void *b)
{
	const struct curve_point *x = a, *y = b;

	return x->count < y->count ? -1 : x->count > y->count;
}

static void sort(struct curve *curve)
{
	size_t n = 0;

	qsort(curve->point, curve->n, sizeof(*curve->point), by_count);
	for (size_t i = 0; i < curve->n; i++)
		if (!n || curve->point[i].count != curve->point[n - 1].count)
			curve->point[n++] = curve->point[i];
	curve->n = n;
}

static void climb(uint64_t rows, uint64_t classes, struct curve *curve)
{
	for (size_t i = 0; i < LADDER; i++) {
		uint64_t count = (uint64_t)(ladder[i] * (double)rows + 0.5);

		count = count < classes ? classes : count;
		count = count < 1 ? 1 : count;
		curve->point[curve->n++].count = count < rows ? count : rows;
	}
}

static int parse(const char *text, uint64_t rows, struct curve *curve)
{
	char *end;

	for (;; text = end + 1) {
		errno = 0;
		curve->point[curve->n].count = strtoull(text, &end, 10);
		if (errno || *text < '0' || *text > '9' || (*end && *end != ',') ||
		    !curve->point[curve->n].count || curve->point[curve->n].count > rows)
			return -EINVAL;
		curve->n++;
		if (!*end)
			return 0;
	}
}

int curve_counts(const char *text, uint64_t rows, uint64_t classes, struct curve *curve)
{
	size_t room = LADDER;
	int error = 0;

	for (const char *c = text; c && *c; c++)
		room += *c == ',';
	*curve = (struct curve){ .point = calloc(room, sizeof(*curve->point)) };
	if (!curve->point)
		return -ENOMEM;
	if (text)
		error = parse(text, rows, curve);
	else
		climb(rows, classes, curve);
	if (error)
		curve_free(curve);
	else
		sort(curve);
	return error;
}

void curve_free(struct curve *curve)
{
	free(curve->point);
	*curve = (struct curve){ 0 };
}

double curve_random_equal(const struct curve *curve, size_t i)
{
	const double wanted = curve->point[i].coverage;

	if (!(wanted > 0))
		return 0;
	for (size_t j = 0; j + 1 < curve->n; j++) {
		const struct curve_point *a = &curve->point[j], *b = a + 1;
		double share;

		if (!(a->random >= wanted && wanted >= b->random && b->random > 0))
			continue;
		share = a->random > b->random ? log(a->random / wanted) / log(a->random / b->random) : 0;
		return (double)a->count * pow((double)b->count / (double)a->count, share);
	}
	return 0;
}

double curve_gain(const struct curve *curve, size_t i)
{
	const struct curve_point *a = &curve->point[i], *b = a + 1;

	if (i + 1 >= curve->n || !(a->coverage > 0) || !(b->coverage > 0))
		return 0;
	return 1 - exp(log(b->coverage / a->coverage) * log(2) /
		       log((double)b->count / (double)a->count));
}

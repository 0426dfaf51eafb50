// SPDX-License-Identifier: GPL-2.0-only
#include "audit.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "interrupt.h"
#include "knn.h"
#include "pool.h"
#include "profile.h"
#include "twins.h"

#define NEAR 0.1		/* of the median distance to the nearest row */
#define FAR 3.5			/* modified z-score */
#define AGREE 0.8		/* share of the neighbours */
#define LEAST_ROWS 10		/* of a class in which outliers can be told */

const char *const audit_kind_names[AUDIT_NKINDS] = {
	[AUDIT_FINE] = "fine",
	[AUDIT_DUPLICATE] = "duplicate",
	[AUDIT_NEAR_DUPLICATE] = "near-duplicate",
	[AUDIT_OUTLIER] = "outlier",
	[AUDIT_LABEL] = "label",
};

struct work {
	struct audit *audit;
	const struct class_counts *classes;
	struct eng_neighbours nb;
	uint32_t *class;	/* of each row, its place in classes; 0 without */
	size_t nclasses;
	double radius;
	double *value;		/* room for one number a row */
};

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts @value. */
static double median(double *value, size_t n)
{
	qsort(value, n, sizeof(*value), ascending);
	return n % 2 ? value[n / 2] : 0.5 * (value[n / 2 - 1] + value[n / 2]);
}

static void mark(struct audit_row *row, enum audit_kind kind, uint32_t other)
{
	if (row->kind != AUDIT_FINE)
		return;
	row->kind = kind;
	row->other = other;
}

static int find_duplicates(struct work *w, const struct input *input)
{
	uint32_t *first;
	int error;

	if (input->near)
		return 0;
	first = malloc(w->audit->n * sizeof(*first));
	error = first ? twins_first(input, first) : -ENOMEM;
	for (size_t i = 0; !error && i < w->audit->n; i++)
		if (first[i] != i)
			mark(&w->audit->row[i], AUDIT_DUPLICATE, first[i]);
	free(first);
	return error;
}

static void measure_rows(struct work *w)
{
	size_t k = w->nb.k;

	for (size_t i = 0; i < w->audit->n; i++) {
		struct audit_row *row = &w->audit->row[i];
		double sum = 0;
		size_t others = 0;

		for (size_t j = 0; j < k; j++) {
			sum += sqrt((double)w->nb.dist2[i * k + j]);
			others += w->class[w->nb.index[i * k + j]] != w->class[i];
		}
		row->distance = (float)(sum / ((double)k * w->radius));
		row->mixed = (float)others / (float)k;
	}
}

static void find_near_duplicates(struct work *w)
{
	size_t n = w->audit->n, k = w->nb.k, known = 0;
	double usual;

	for (size_t i = 0; i < n; i++)
		if (w->audit->row[i].kind == AUDIT_FINE && w->nb.dist2[i * k] > 0)
			w->value[known++] = sqrt((double)w->nb.dist2[i * k]);
	usual = known ? median(w->value, known) : 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t nearest = w->nb.index[i * k];

		if (nearest < i && sqrt((double)w->nb.dist2[i * k]) < NEAR * usual)
			mark(&w->audit->row[i], AUDIT_NEAR_DUPLICATE, nearest);
	}
}

/* Of class @c: logarithms of distances in w->value, and how many; duplicates lie where they lie. */
static size_t class_values(const struct work *w, size_t c)
{
	size_t count = 0;

	for (size_t i = 0; i < w->audit->n; i++)
		if (w->class[i] == c && w->audit->row[i].distance > 0)
			w->value[count++] = log((double)w->audit->row[i].distance);
	return count;
}

static void find_outliers(struct work *w)
{
	for (size_t c = 0; c < w->nclasses; c++) {
		size_t count = class_values(w, c);
		double middle, spread;

		if (count < LEAST_ROWS)
			continue;
		middle = median(w->value, count);
		for (size_t i = 0; i < count; i++)
			w->value[i] = fabs(w->value[i] - middle);
		spread = median(w->value, count);
		for (size_t i = 0; i < w->audit->n; i++) {
			struct audit_row *row = &w->audit->row[i];

			if (w->class[i] == c && row->distance > 0 && spread > 0 &&
			    0.6745 * (log((double)row->distance) - middle) > FAR * spread)
				mark(row, AUDIT_OUTLIER, 0);
		}
	}
}

/* The class that most of row @i's neighbours have, and how many. */
static size_t favourite(const struct work *w, size_t i, uint32_t *class)
{
	const uint32_t *index = w->nb.index + i * w->nb.k;
	size_t most = 0;

	for (size_t a = 0; a < w->nb.k; a++) {
		size_t count = 0;

		for (size_t b = 0; b < w->nb.k; b++)
			count += w->class[index[b]] == w->class[index[a]];
		if (count > most) {
			most = count;
			*class = w->class[index[a]];
		}
	}
	return most;
}

static void find_labels(struct work *w)
{
	size_t k = w->nb.k, agree = (size_t)ceil(AGREE * (double)k);

	for (size_t i = 0; w->classes && i < w->audit->n; i++) {
		uint32_t class = 0;

		if (w->audit->row[i].mixed * (float)k < (float)k - 1.5f)
			continue;
		if (favourite(w, i, &class) >= agree && class != w->class[i])
			mark(&w->audit->row[i], AUDIT_LABEL, w->classes->label[class]);
	}
}

static int find_neighbours(struct work *w, const struct features *f, unsigned int threads)
{
	size_t k = f->n - 1 < AUDIT_NEIGHBOURS ? f->n - 1 : AUDIT_NEIGHBOURS;
	struct eng_env env = { .kernels = eng_kernels_find("auto", NULL) };
	struct eng_knn_stats stats;
	int error;

	interrupt_block();
	error = eng_pool_create(threads, &env.pool);
	interrupt_unblock();
	if (error)
		return error;
	error = eng_knn_by(&env, ENG_KNN_AUTO, f->x, f->n, f->d, f->d, k, &w->nb, &stats);
	eng_pool_destroy(env.pool);
	if (error)
		return error;
	w->audit->neighbours = (uint32_t)k;
	w->audit->recall = (double)stats.recall10;
	return 0;
}

static int find_all(struct work *w, const struct features *f, const struct input *input,
		    unsigned int threads)
{
	int error = find_duplicates(w, input);

	if (error || !f->d)
		return error;
	error = find_neighbours(w, f, threads);
	if (error)
		return error;
	measure_rows(w);
	find_near_duplicates(w);
	find_outliers(w);
	find_labels(w);
	eng_neighbours_free(&w->nb);
	return 0;
}

int audit_make(const struct features *features, const struct input *input,
	       const struct class_counts *classes, unsigned int threads, struct audit *audit)
{
	struct work w = {
		.audit = audit, .classes = classes, .radius = features->radius,
		.nclasses = classes ? classes->nclasses : 1,
	};
	int error = -ENOMEM;

	memset(audit, 0, sizeof(*audit));
	audit->n = features->n;
	audit->row = calloc(audit->n, sizeof(*audit->row));
	w.class = calloc(audit->n, sizeof(*w.class));
	w.value = malloc(audit->n * sizeof(*w.value));
	if (audit->row && w.class && w.value) {
		for (size_t i = 0; classes && i < audit->n; i++)
			w.class[i] = (uint32_t)class_counts_find(classes, input->known[i]);
		error = find_all(&w, features, input, threads);
	}
	free(w.value);
	free(w.class);
	return error;
}

void audit_free(struct audit *audit)
{
	free(audit->row);
	audit->row = NULL;
}

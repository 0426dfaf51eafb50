// SPDX-License-Identifier: GPL-2.0-only
#include "measure.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "components.h"
#include "interrupt.h"
#include "knn.h"
#include "nearest_chosen.h"
#include "nmsctl.h"
#include "pool.h"
#include "profile.h"

struct work {
	struct session *session;
	const struct input *input;
	const struct class_counts *classes;
	struct eng_env env;
	struct features features;
	float *distance;
	uint32_t *class;	/* place in classes of each row, or NULL */
	size_t n;
};

static int find_classes(struct work *w)
{
	if (!w->classes)
		return 0;
	w->class = malloc(w->n * sizeof(*w->class));
	if (!w->class)
		return -ENOMEM;
	for (size_t i = 0; i < w->n; i++)
		w->class[i] = (uint32_t)class_counts_find(w->classes, w->input->known[i]);
	return 0;
}

/* From values of rows: their mean, and that of each class in a new array. */
static int average(const struct work *w, const float *value, double *mean, double **class)
{
	double sum = 0;

	for (size_t i = 0; i < w->n; i++)
		sum += (double)value[i];
	*mean = sum / (double)w->n;
	if (!w->class)
		return 0;
	*class = calloc(w->classes->nclasses, sizeof(**class));
	if (!*class)
		return -ENOMEM;
	for (size_t i = 0; i < w->n; i++)
		(*class)[w->class[i]] += (double)value[i];
	for (size_t c = 0; c < w->classes->nclasses; c++)
		(*class)[c] /= (double)w->classes->rows[c];
	return 0;
}

static int cover(struct work *w, const struct nms_sample_result *result, struct coverage *to)
{
	int error = eng_nearest_chosen(&w->env, w->features.x, w->n, w->features.d, result->index,
				       result->count, w->distance);

	for (size_t i = 0; !error && i < w->n; i++)
		w->distance[i] = (float)((double)w->distance[i] / w->features.radius);
	return error ? error : average(w, w->distance, &to->mean, &to->class);
}

/* As many rows again, with the same labels, quotas and lists, but drawn by lot. */
static int draw(struct work *w, const struct request *request, uint64_t count,
		struct measures *m)
{
	struct request lot = *request;
	struct choice choice;
	int status = 0, error = 0;

	lot.params.method = "random";
	lot.params.rule = 0;
	lot.params.want_embedding = 0;
	lot.params.ratio = 0;
	lot.params.count = lot.params.nquota ? 0 : count;
	for (size_t i = 0; !status && !error && i < MEASURE_DRAWS; i++) {
		lot.params.seed = request->params.seed + i;
		status = choose(w->session, &lot, true, &choice);
		if (status)
			break;
		error = cover(w, &choice.result, &m->draw[i]);
		choice_close(&choice);
	}
	return error ? nmsctl_fail("coverage: %s", strerror(-error)) : status;
}

static int mix(struct work *w, struct measures *m)
{
	size_t k = w->n - 1 < MEASURE_NEIGHBOURS ? w->n - 1 : MEASURE_NEIGHBOURS;
	struct eng_knn_stats stats;
	struct eng_neighbours nb;
	int error;

	if (!w->class || w->classes->nclasses < 2)
		return 0;
	error = eng_knn_by(&w->env, ENG_KNN_AUTO, w->features.x, w->n, w->features.d, w->features.d, k, &nb, &stats);
	if (error)
		return error;
	for (size_t i = 0; i < w->n; i++) {
		size_t others = 0;

		for (size_t j = 0; j < k; j++)
			others += w->class[nb.index[i * k + j]] != w->class[i];
		w->distance[i] = (float)others / (float)k;
	}
	eng_neighbours_free(&nb);
	m->neighbours = (uint32_t)k;
	m->recall = (double)stats.recall10;
	return average(w, w->distance, &m->mixed, &m->mixed_class);
}

static int measure(struct work *w, const struct request *request,
		   const struct nms_sample_result *result, struct measures *m)
{
	int status = 0, error;

	w->distance = malloc(w->n * sizeof(*w->distance));
	error = w->distance ? find_classes(w) : -ENOMEM;
	if (!error)
		error = cover(w, result, &m->chosen);
	if (!error)
		status = draw(w, request, result->count, m);
	if (!error && !status)
		error = mix(w, m);
	return error ? nmsctl_fail("coverage: %s", strerror(-error)) : status;
}

int measures_take(struct session *session, const struct nmsctl_options *options,
		  const struct input *input, const struct request *request,
		  const struct class_counts *classes, const struct nms_sample_result *result,
		  struct measures *m)
{
	size_t n = input->dataset->rows;
	struct work w = { .session = session, .input = input, .classes = classes, .n = n };
	double begin = seconds_now();
	int error, status;

	memset(m, 0, sizeof(*m));
	if (!result->count)
		return 0;
	status = features_make(session, n, input->dataset->cols, request->params.seed, &w.features);
	if (status || !w.features.d)
		goto out;
	m->features = (uint32_t)w.features.d;
	m->variance_kept = w.features.variance_kept;
	w.env.kernels = eng_kernels_find("auto", NULL);
	interrupt_block();
	error = eng_pool_create(options->threads, &w.env.pool);
	interrupt_unblock();
	status = error ? nmsctl_fail("coverage: %s", strerror(-error))
		       : measure(&w, request, result, m);
	eng_pool_destroy(w.env.pool);
out:
	features_free(&w.features);
	free(w.distance);
	free(w.class);
	m->seconds = seconds_now() - begin;
	return status;
}

void measures_free(struct measures *m)
{
	free(m->chosen.class);
	for (size_t i = 0; i < MEASURE_DRAWS; i++)
		free(m->draw[i].class);
	free(m->mixed_class);
	memset(m, 0, sizeof(*m));
}

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bandwidth.h"
#include "bandwidth_row.h"
#include "fmath.h"
#include "hot/bandwidth.h"
#include "pool.h"
#include "profile.h"
#include "search.h"

#include <errno.h>
#include <float.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 128		/* rows in a chunk */
#define SLICE 64		/* chunks between two reports of progress */

/* What a chunk leaves; added up in the order of chunks. */
struct tally {
	struct eng_bandwidth_stats stats;	/* but for residual_mean */
	double residual_sum;
	uint64_t passes;
	size_t bad_row;				/* SIZE_MAX: none */
};

struct task {
	const struct eng_env *env;
	const struct eng_bandwidth_ops *ops;
	const struct eng_fixed *fixed;	/* NULL: in float32 */
	const struct eng_neighbours *nb;
	const struct eng_bandwidth_params *params;
	double log_target;
	float *p, *beta;
	uint8_t *flags;
	float *scratch;			/* for each worker three times the padded row */
	size_t padded, first;		/* first chunk of this slice */
	struct tally *tally;		/* for each chunk of the slice */
};

static const char *const search_names[] = {
	[ENG_SEARCH_NEWTON] = "newton",
	[ENG_SEARCH_BISECT] = "bisect",
	[ENG_SEARCH_DE] = "de",
	[ENG_SEARCH_FWA] = "fwa",
};

const char *eng_search_name(enum eng_search search)
{
	size_t i = (size_t)search;

	return i < sizeof(search_names) / sizeof(search_names[0]) ? search_names[i] : NULL;
}

const char *eng_row_flag_text(enum eng_row_flag flag)
{
	static const char *const text[] = {
		[ENG_ROW_MET] = "target met",
		[ENG_ROW_ABOVE_K] = "target perplexity not below the number of neighbours",
		[ENG_ROW_TIES] = "more neighbours tie for nearest than the target perplexity",
		[ENG_ROW_IDENTICAL] = "all neighbours at one distance",
		[ENG_ROW_BUDGET] = "evaluations used up before the target was met",
	};
	size_t i = (size_t)flag;

	return i < ENG_NROW_FLAGS ? text[i] : NULL;
}

static bool population(enum eng_search search)
{
	return search == ENG_SEARCH_DE || search == ENG_SEARCH_FWA;
}

float eng_search_tolerance(const struct eng_bandwidth_params *params, enum eng_search search)
{
	if (params->tolerance > 0.0f)
		return params->tolerance;
	return population(search) ? 1e-3f : 1e-5f;
}

uint32_t eng_search_budget(const struct eng_bandwidth_params *params, enum eng_search search)
{
	if (params->evaluations)
		return params->evaluations;
	return population(search) ? 400 : 100;
}

/* Scaled beta of a row that a search can serve. */
static enum eng_row_flag search_row(struct bandwidth_row *row, uint64_t i,
				    const struct eng_bandwidth_params *params,
				    struct eng_search_result *res)
{
	eng_objective_fn fn = bandwidth_row_errors;

	switch (params->search) {
	case ENG_SEARCH_NEWTON:
		eng_search_newton(bandwidth_row_slope, row, row->start, row->lo, row->hi, params,
				  res);
		break;
	case ENG_SEARCH_BISECT:
		eng_search_bisect(fn, row, row->lo, row->hi, i, params, res);
		break;
	case ENG_SEARCH_DE:
		eng_search_de(fn, row, row->lo, row->hi, i, params, res);
		break;
	case ENG_SEARCH_FWA:
		eng_search_fwa(fn, row, row->lo, row->hi, i, params, res);
		break;
	}
	return fabsf(res->error) <= eng_search_tolerance(params, params->search) ?
	       ENG_ROW_MET : ENG_ROW_BUDGET;
}

static void do_row(const struct task *t, size_t i, struct bandwidth_row *row, float *e,
		   struct tally *tally)
{
	struct eng_search_result res = { 0 };
	enum eng_row_flag flag;
	double beta;

	if (!bandwidth_row_load(row, t->nb->dist2 + i * row->k)) {
		if (tally->bad_row == SIZE_MAX)
			tally->bad_row = i;
		return;
	}
	flag = bandwidth_row_decide(row, &beta);
	if (flag == ENG_ROW_MET) {
		flag = search_row(row, i, t->params, &res);
		beta = (float)eng_exp(res.log_beta);
	} else if (beta > 0.0) {
		res.error = bandwidth_row_error(row, (float)beta);
		res.evaluations = 1;
	} else {
		res.error = (float)(eng_log((double)row->k) - row->log_target);
	}
	/* by way of @e, as the row may end unaligned */
	bandwidth_row_weights(row, (float)beta, e);
	memcpy(t->p + i * row->k, e, row->k * sizeof(*e));
	beta *= row->scale;
	if (t->beta)
		t->beta[i] = beta < FLT_MAX ? (float)beta : FLT_MAX;
	if (t->flags)
		t->flags[i] = (uint8_t)flag;
	tally->stats.rows[flag]++;
	tally->stats.evaluations += res.evaluations;
	tally->passes += row->passes;
	tally->residual_sum += fabsf(res.error);
	if (fabsf(res.error) > tally->stats.residual_max)
		tally->stats.residual_max = fabsf(res.error);
}

static void do_chunk(void *arg, size_t chunk, unsigned int worker)
{
	const struct task *t = arg;
	struct tally *tally = &t->tally[chunk];
	float *scratch = t->scratch + 3 * t->padded * worker;
	struct bandwidth_row row = {
		.ops = t->ops, .env = t->env, .fixed = t->fixed, .d = scratch,
		.code = (uint16_t *)(scratch + 2 * t->padded), .k = t->nb->k,
		.padded = t->padded, .log_target = t->log_target,
	};
	size_t first = (t->first + chunk) * CHUNK, end = first + CHUNK;

	*tally = (struct tally){ .bad_row = SIZE_MAX };
	if (eng_cancelled(t->env))
		return;
	if (end > t->nb->n)
		end = t->nb->n;
	for (size_t i = first; i < end && !row.stopped; i++)
		do_row(t, i, &row, scratch + t->padded, tally);
}

static void add_tally(struct tally *sum, const struct tally *part)
{
	struct eng_bandwidth_stats *a = &sum->stats;
	const struct eng_bandwidth_stats *b = &part->stats;

	a->evaluations += b->evaluations;
	for (int f = 0; f < ENG_NROW_FLAGS; f++)
		a->rows[f] += b->rows[f];
	if (b->residual_max > a->residual_max)
		a->residual_max = b->residual_max;
	sum->residual_sum += part->residual_sum;
	sum->passes += part->passes;
	if (part->bad_row < sum->bad_row)
		sum->bad_row = part->bad_row;
}

static int run_slices(struct task *t, struct tally *sum)
{
	size_t chunks = (t->nb->n + CHUNK - 1) / CHUNK;

	for (t->first = 0; t->first < chunks; t->first += SLICE) {
		size_t count = chunks - t->first < SLICE ? chunks - t->first : SLICE;

		eng_progress(t->env, ENG_PHASE_SEARCH, t->first * CHUNK, t->nb->n);
		eng_parallel(t->env, count, do_chunk, t);
		for (size_t c = 0; c < count; c++)
			add_tally(sum, &t->tally[c]);
		if (eng_cancelled(t->env))
			return -ECANCELED;
		if (sum->bad_row != SIZE_MAX)
			return eng_fault(t->env, -EDOM, sum->bad_row, 0,
					 t->nb->dist2[sum->bad_row * t->nb->k], FLT_MAX);
	}
	eng_progress(t->env, ENG_PHASE_SEARCH, t->nb->n, t->nb->n);
	return 0;
}

/*
 * Words of two bytes.  An evaluation multiplies each by the step, looks it up and
 * adds as often as in float32; the logarithm is a look-up and a multiplication, the
 * division and the exponential that turns log beta into a word are in float32 still.
 */
static void count_words(const struct task *t, const struct tally *sum, uint64_t macs)
{
	uint64_t n = t->nb->n, k = t->nb->k, evaluations = sum->stats.evaluations;

	eng_count(t->env, ENG_COUNT_SCRATCH, (sum->passes + 3 * n) * k * sizeof(uint16_t));
	eng_count(t->env, ENG_COUNT_FIXED_MAC, macs * evaluations * k + 2 * evaluations);
	eng_count(t->env, ENG_COUNT_LOOKUP, evaluations * (k + 1) + 2 * n * k);
	eng_count(t->env, ENG_COUNT_MAC, 2 * n * k);
	eng_count(t->env, ENG_COUNT_SPECIAL, 2 * evaluations + n * k);
}

/*
 * Distances are read from near memory once and wait in scratchpad for the
 * passes; an evaluation scales, exponentiates and adds twice (newton: three
 * times) for each neighbour, and takes an exponential, a logarithm and a
 * division beside.
 */
static void count_work(const struct task *t, const struct tally *sum)
{
	uint64_t n = t->nb->n, k = t->nb->k, evaluations = sum->stats.evaluations;
	uint64_t macs = t->params->search == ENG_SEARCH_NEWTON ? 4 : 3;

	eng_count(t->env, ENG_COUNT_NEAR_READ, n * k * sizeof(float));
	eng_count(t->env, ENG_COUNT_NEAR_WRITE, (n * k + (t->beta ? n : 0)) * sizeof(float));
	if (t->fixed) {
		count_words(t, sum, macs);
		return;
	}
	eng_count(t->env, ENG_COUNT_SCRATCH, (sum->passes + 3 * n) * k * sizeof(float));
	eng_count(t->env, ENG_COUNT_MAC, macs * evaluations * k + 2 * n * k);
	eng_count(t->env, ENG_COUNT_SPECIAL, evaluations * (k + 3) + n * (k + 1));
}

static int check_params(const struct eng_neighbours *nb, const struct eng_bandwidth_params *params)
{
	if (!(params->perplexity > 1.0f && params->perplexity < INFINITY))
		return -EINVAL;
	if (!(params->tolerance >= 0.0f) || !params->search || !eng_search_name(params->search))
		return -EINVAL;
	return nb->n && nb->k ? 0 : -EINVAL;
}

/* 1e-5 is less than a word tells; and a jagged curve takes more looks than a smooth one. */
static void suit_words(struct eng_bandwidth_params *params)
{
	if (params->tolerance == 0.0f)
		params->tolerance = 1e-3f;
	if (!params->evaluations && population(params->search))
		params->evaluations = 600;
}

int eng_bandwidth(const struct eng_env *env, const struct eng_neighbours *nb,
		  const struct eng_bandwidth_params *params, float *p, float *beta,
		  uint8_t *flags, struct eng_bandwidth_stats *stats)
{
	const struct eng_kernels *kernels = env->kernels ? env->kernels :
					    eng_kernels_find("portable", NULL);
	struct eng_bandwidth_params own = *params;
	struct task task = {
		.env = env, .ops = kernels->bandwidth, .fixed = kernels->fixed, .nb = nb, .params = &own,
		.p = p, .beta = beta, .flags = flags, .padded = bandwidth_row_padded(nb->k),
	};
	struct tally sum = { .bad_row = SIZE_MAX };
	int err = check_params(nb, params);

	if (err)
		return err;
	if (task.fixed)
		suit_words(&own);
	eng_phase_enter(env, ENG_PHASE_SEARCH);
	task.log_target = eng_log(params->perplexity);
	task.scratch = calloc(eng_pool_threads(env->pool), 3 * task.padded * sizeof(float));
	task.tally = calloc(SLICE, sizeof(*task.tally));
	err = -ENOMEM;
	if (task.scratch && task.tally)
		err = run_slices(&task, &sum);
	if (!err)
		count_work(&task, &sum);
	if (!err && stats) {
		*stats = sum.stats;
		stats->residual_mean = (float)(sum.residual_sum / (double)nb->n);
	}
	free(task.tally);
	free(task.scratch);
	return err;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bandwidth_row.h"
#include "fixed.h"
#include "fmath.h"
#include "hot/bandwidth.h"
#include "vec.h"

#include <math.h>
#include <string.h>

/* Betas that are evaluated with one call of the hot loop. */
#define BATCH 32

size_t bandwidth_row_padded(size_t k)
{
	return (k + VLANES - 1) / VLANES * VLANES;
}

/* Shifted distances below this share of the widest are ties: no float32 beta tells them apart. */
#define TIE 0x1p-90f

/* 2^-e for 2^e <= x < 2^(e + 1); x > 0. */
static double power_below(double x)
{
	uint64_t exponent = eng_bits(x) >> 52;

	return eng_from_bits((uint64_t)(2046 - exponent) << 52);
}

bool bandwidth_row_load(struct bandwidth_row *row, const float *dist2)
{
	double nearest = dist2[0], widest = dist2[row->k - 1];

	row->passes = 0;
	row->ties = 0;
	if (!(nearest >= 0.0 && widest < INFINITY))
		return false;
	row->scale = widest > nearest ? power_below(widest - nearest) : 1.0;
	for (size_t j = 0; j < row->k; j++) {
		if (!(dist2[j] <= widest && dist2[j] >= nearest))
			return false;
		row->d[j] = (float)(((double)dist2[j] - nearest) * row->scale);
		if (row->fixed) {
			row->code[j] = eng_fixed_code(row->fixed, row->d[j]);
			row->d[j] = eng_fixed_distance(row->fixed, row->code[j]);
		}
		if (row->d[j] < TIE) {
			row->d[j] = 0.0f;
			row->ties++;
		}
	}
	for (size_t j = row->k; j < row->padded; j++)
		row->d[j] = ENG_ROW_PAD;
	return true;
}

/*
 * Bounds of log beta.  Below: log k - H is the integral of b Var_b(d) over b in
 * [0, beta], and Var <= R^2 / 4 for a range R (Popoviciu), so that
 * beta >= sqrt(8 log(k / target)) / R.
 */
static double lowest(const struct bandwidth_row *row)
{
	double gap = eng_log((double)row->k) - row->log_target;
	double beta = sqrt(8.0 * (gap > 0.0 ? gap : 0.0)) / row->d[row->k - 1];

	return beta > 0x1p-24 ? beta : 0x1p-24;	/* H is log k to 1e-14 there */
}

/*
 * Above: with j = target / 2 neighbours inside and a share w of the weight
 * outside, H <= log j + h(w) + w log(k / j), which is below the target's for
 * w = 1 / (4 + 2 log k).  The j + 1st distance bounds w by
 * (k - j) exp(-beta d).  Where ties leave no such j, everything but the ties
 * has vanished at exp(-40).
 */
static double highest(const struct bandwidth_row *row)
{
	double target = eng_exp(row->log_target);
	size_t j = (size_t)(0.5 * target);
	double share = 1.0 / (4.0 + 2.0 * eng_log((double)row->k));

	if (j < row->ties || j >= row->k)
		return 40.0 / row->d[row->ties];
	return eng_log((double)(row->k - j) / share) / row->d[j];
}

enum eng_row_flag bandwidth_row_decide(struct bandwidth_row *row, double *beta)
{
	double target = eng_exp(row->log_target);
	size_t rank = (size_t)target;

	*beta = 0.0;
	/* a target that differs from a count by the rounding of exp(log) is that count */
	if (target >= (double)row->k * (1.0 - 1e-12))
		return ENG_ROW_ABOVE_K;
	if (row->ties == row->k)
		return ENG_ROW_IDENTICAL;
	if ((double)row->ties > target * (1.0 + 1e-12)) {
		*beta = 40.0 / row->d[row->ties];
		return ENG_ROW_TIES;
	}
	row->lo = (float)eng_log(lowest(row));
	row->hi = (float)eng_log(highest(row));
	row->start = row->d[rank] > 0.0f ? (float)-eng_log(row->d[rank]) : 0.0f;
	return ENG_ROW_MET;
}

/* Nats, from octaves with 16 fraction bits: exact but for one product. */
static float fixed_error(const struct bandwidth_row *row, int64_t entropy)
{
	int64_t target = (int64_t)(row->log_target * ENG_LOG2E * 65536.0 + 0.5);

	return (float)((double)(entropy - target) * (0.6931471805599453 / 65536.0));
}

static void fixed_errors(const struct bandwidth_row *row, const float *log_beta, float *error,
			 unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		error[i] = fixed_error(row, eng_fixed_entropy(row->fixed, row->code, row->k,
							      eng_exp(log_beta[i])));
}

/* Passes from one look at the monitor to the next: a row's budget may be 2^32 of them. */
#define PASSES 1024u

static bool pass(struct bandwidth_row *row)
{
	if (!(++row->passes % PASSES) && row->env && eng_cancelled(row->env))
		row->stopped = true;
	return !row->stopped;
}

void bandwidth_row_errors(void *arg, const float *log_beta, float *error, unsigned int count)
{
	struct bandwidth_row *row = arg;
	float beta[BATCH], sum[2 * BATCH];

	if (!pass(row)) {
		memset(error, 0, count * sizeof(*error));
		return;
	}
	if (row->fixed) {
		fixed_errors(row, log_beta, error, count);
		return;
	}
	for (unsigned int first = 0; first < count; first += BATCH) {
		unsigned int n = count - first < BATCH ? count - first : BATCH;

		for (unsigned int i = 0; i < n; i++)
			beta[i] = (float)eng_exp(log_beta[first + i]);
		row->ops->moments(row->d, row->padded, beta, n, sum);
		for (unsigned int i = 0; i < n; i++) {
			double s0 = sum[2 * i], s1 = sum[2 * i + 1];

			error[first + i] = (float)(eng_log(s0) + beta[i] * (s1 / s0) -
						   row->log_target);
		}
	}
}

/* H = log S0 + beta S1 / S0, and dH / d(log beta) = -beta^2 Var(d). */
void bandwidth_row_slope(void *arg, float log_beta, float *error, float *slope)
{
	struct bandwidth_row *row = arg;
	float beta = (float)eng_exp(log_beta), sum[3];
	double inv, mean, variance;

	*error = 0;
	*slope = -1;
	if (!pass(row))
		return;
	if (row->fixed) {
		*error = fixed_error(row, eng_fixed_moments(row->fixed, row->code, row->k, beta,
							    &variance));
		*slope = (float)(-(double)beta * beta * variance);
		return;
	}
	row->ops->moments3(row->d, row->padded, beta, sum);
	inv = 1.0 / sum[0];
	mean = sum[1] * inv;
	*error = (float)(eng_log(sum[0]) + beta * mean - row->log_target);
	*slope = (float)(-(double)beta * beta * (sum[2] * inv - mean * mean));
}

float bandwidth_row_error(struct bandwidth_row *row, float beta)
{
	float sum[2];

	row->passes++;
	if (row->fixed)
		return fixed_error(row, eng_fixed_entropy(row->fixed, row->code, row->k, beta));
	row->ops->moments(row->d, row->padded, &beta, 1, sum);
	return (float)(eng_log(sum[0]) + beta * ((double)sum[1] / sum[0]) - row->log_target);
}

void bandwidth_row_weights(struct bandwidth_row *row, float beta, float *e)
{
	if (!(beta > 0.0f)) {
		for (size_t j = 0; j < row->k; j++)
			e[j] = 1.0f / (float)row->k;
	} else if (row->fixed) {
		eng_fixed_weights(row->fixed, row->code, row->k, beta, e);
	} else {
		row->ops->weights(row->d, row->padded, beta, e);
	}
}

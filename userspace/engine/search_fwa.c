// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The fireworks algorithm (Tan and Zhu, ICSI 2010) for one number: each
 * firework explodes into sparks, more of them and closer by the better it is;
 * a few Gaussian sparks beside; of all these the best and others that lie far
 * from the rest are the next fireworks.
 *
 * Parameters are ours, for errors that cost one exponential a neighbour: 3
 * fireworks, 6 sparks, 2 Gaussian sparks.  As first published the best firework
 * hardly moves (amplitude near 0) and nothing makes the amplitudes shrink;
 * after Zheng, Janecek and Tan (CEC 2013) no amplitude is below a share of a
 * reach, and the reach shrinks with each generation.  When it has become too
 * small to matter new fireworks are lit beside the best, all over the range and
 * around the best in turn, so that a curve with many minima, far apart or close
 * together, is searched until the budget ends.  All sparks of a generation
 * are evaluated in one call.
 */
#include "search.h"

#define FIREWORKS 3
#define SPARKS 6		/* of all explosions of a generation, about */
#define SPARKS_MOST 6		/* of one explosion */
#define GAUSSIAN 2
#define GENERATION (SPARKS + FIREWORKS + GAUSSIAN)
#define CROWD (FIREWORKS + GENERATION)

#define REACH_FIRST 0.5f	/* of the range */
#define REACH_LAST 1e-4f	/* of the range, or the tolerance times */
#define REACH_TOLERANCE 0.1f
#define REACH_SHRINK 0.4f
#define AMPLITUDE_LEAST 0.4f	/* of the reach */
#define AROUND 0.1f		/* of the range: where every other show begins anew */
#define ERROR_MOST 1e30f	/* what is larger, or no number, counts as this */

struct show {
	struct search s;
	float reach, last;		/* in log beta */
	unsigned int shows;		/* lit so far */
	unsigned int count;		/* in the arrays: fireworks first, then their sparks */
	float x[CROWD], error[CROWD];	/* log beta, and |error| there */
};

/* Sum of 12 uniform numbers of 16 bits less their mean: variance 1 (Irwin and Hall). */
static float gaussian(struct search *s)
{
	int32_t sum = 0;

	for (int word = 0; word < 3; word++) {
		uint64_t bits = search_bits(s);

		for (int part = 0; part < 64; part += 16)
			sum += (int32_t)(bits >> part & 0xffff);
	}
	return (float)(sum - 6 * 65535) * 0x1p-16f;
}

/* Amplitude and number of sparks of each firework, by the formulas of the paper. */
static void plan_explosions(const struct show *w, float *amplitude, unsigned int *sparks)
{
	const float tiny = 1e-12f;
	float best = w->error[0], worst = w->error[0], above = tiny, below = tiny;

	for (unsigned int i = 0; i < FIREWORKS; i++) {
		best = w->error[i] < best ? w->error[i] : best;
		worst = w->error[i] > worst ? w->error[i] : worst;
	}
	for (unsigned int i = 0; i < FIREWORKS; i++) {
		above += w->error[i] - best;
		below += worst - w->error[i];
	}
	for (unsigned int i = 0; i < FIREWORKS; i++) {
		float far = (w->error[i] - best) / above;
		float fit = (worst - w->error[i]) / below;
		float n = SPARKS * fit + 0.5f;

		amplitude[i] = w->reach * (far > AMPLITUDE_LEAST ? far : AMPLITUDE_LEAST);
		sparks[i] = n < 1.0f ? 1 : n >= SPARKS_MOST ? SPARKS_MOST : (unsigned int)n;
	}
}

static void explode(struct show *w)
{
	float amplitude[FIREWORKS];
	unsigned int sparks[FIREWORKS];

	w->count = FIREWORKS;
	plan_explosions(w, amplitude, sparks);
	for (unsigned int i = 0; i < FIREWORKS; i++) {
		for (unsigned int k = 0; k < sparks[i]; k++) {
			float u = 2.0f * search_uniform(&w->s) - 1.0f;

			w->x[w->count++] = search_inside(&w->s, w->x[i] + u * amplitude[i]);
		}
	}
	for (unsigned int k = 0; k < GAUSSIAN; k++) {
		unsigned int i = search_below(&w->s, FIREWORKS);
		float g = gaussian(&w->s);

		w->x[w->count++] = search_inside(&w->s, w->x[i] + g * amplitude[i]);
	}
}

static float magnitude(float error)
{
	error = fabsf(error);
	return error < ERROR_MOST ? error : ERROR_MOST;
}

/* Evaluate what is in the arrays from @first on, in one call. */
static void look(struct show *w, unsigned int first)
{
	unsigned int n = search_generation(&w->s, w->x + first, w->error + first,
					   w->count - first);

	w->count = first + n;
	for (unsigned int i = first; i < w->count; i++)
		w->error[i] = magnitude(w->error[i]);
}

static void swap(struct show *w, unsigned int a, unsigned int b)
{
	float x = w->x[a], error = w->error[a];

	w->x[a] = w->x[b];
	w->error[a] = w->error[b];
	w->x[b] = x;
	w->error[b] = error;
}

/* The best first; then others, each with a chance that grows with its distance to all. */
static void select_fireworks(struct show *w)
{
	float far[CROWD], total = 0.0f;
	unsigned int best = 0;

	for (unsigned int i = 0; i < w->count; i++)
		best = w->error[i] < w->error[best] ? i : best;
	swap(w, 0, best);
	for (unsigned int i = 0; i < w->count; i++) {
		far[i] = 0.0f;
		for (unsigned int j = 0; j < w->count; j++)
			far[i] += fabsf(w->x[i] - w->x[j]);
		total += i ? far[i] : 0.0f;
	}
	for (unsigned int place = 1; place < FIREWORKS; place++) {
		float at = total * search_uniform(&w->s);
		unsigned int i = place;

		while (i + 1 < w->count && at >= far[i])
			at -= far[i++];
		total -= far[i];
		far[i] = far[place];
		swap(w, place, i);
	}
}

/* New fireworks all over the range, every other time near the best; which stays. */
static void light(struct show *w)
{
	struct search part = w->s;
	unsigned int known = w->s.best->evaluations != 0;

	if (w->shows++ % 2 == 1) {
		float half = 0.5f * AROUND * (w->s.hi - w->s.lo);

		part.lo = fmaxf(w->s.lo, w->s.best->log_beta - half);
		part.hi = fminf(w->s.hi, w->s.best->log_beta + half);
	}
	search_stratify(&part, w->x, FIREWORKS);
	w->s.draws = part.draws;
	if (known) {
		w->x[0] = w->s.best->log_beta;
		w->error[0] = magnitude(w->s.best->error);
	}
	w->count = FIREWORKS;
	look(w, known);
	w->reach = REACH_FIRST * (part.hi - part.lo);
}

void eng_search_fwa(eng_objective_fn fn, void *arg, float lo, float hi, uint64_t row,
		    const struct eng_bandwidth_params *params, struct eng_search_result *res)
{
	struct show w = {
		.s = {
			.fn = fn, .arg = arg, .lo = lo, .hi = hi, .row = row, .seed = params->seed,
			.tolerance = eng_search_tolerance(params, ENG_SEARCH_FWA),
			.budget = eng_search_budget(params, ENG_SEARCH_FWA),
			.stream = ENG_STREAM_FWA, .best = res,
		},
	};

	*res = (struct eng_search_result){ 0 };
	w.last = REACH_TOLERANCE * w.s.tolerance;
	if (w.last > REACH_LAST * (hi - lo))
		w.last = REACH_LAST * (hi - lo);
	while (!search_ended(&w.s)) {
		if (w.reach > w.last) {
			explode(&w);
			look(&w, FIREWORKS);
			select_fireworks(&w);
			w.reach *= REACH_SHRINK;
		} else {
			light(&w);
		}
	}
}

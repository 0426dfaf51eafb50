// SPDX-License-Identifier: LGPL-2.1-or-later
#include "embed.h"
#include "embed_group.h"
#include "embed_watch.h"
#include "entropy.h"
#include "entropy_search.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

struct task {
	struct embed_watch watch;
	const float *x;
	size_t d, ld;
	const struct eng_groups *groups;
	const struct eng_embed_params *params;
	float perplexity;
	float *y;
	uint8_t *flags;
	double kl, entropy, residual;	/* sums over rows */
	struct eng_embed_stats *stats;
};

/* Positions and flags of one group, in its own order. */
struct part {
	float *y;
	uint8_t *flags;
};

static void add_bandwidth(struct task *t, const struct eng_bandwidth_stats *s, size_t n)
{
	struct eng_bandwidth_stats *sum = &t->stats->bandwidth;

	sum->evaluations += s->evaluations;
	for (int f = 0; f < ENG_NROW_FLAGS; f++)
		sum->rows[f] += s->rows[f];
	if (s->residual_max > sum->residual_max)
		sum->residual_max = s->residual_max;
	t->residual += (double)s->residual_mean * (double)n;
}

static int embed_rows(struct task *t, struct embed_rows *rows, struct part *part)
{
	const struct eng_env *env = &t->watch.env;
	struct eng_bandwidth_params bandwidth = t->params->bandwidth;
	struct eng_bandwidth_stats found;
	struct eng_knn_stats neighbours;
	struct eng_tsne_stats tsne;
	struct eng_neighbours nb;
	size_t n = rows->n;
	int err;

	bandwidth.perplexity = embed_perplexity(n, t->perplexity);
	err = embed_start(env, rows, t->params->tsne.seed, part->y);
	if (err)
		return err;
	err = eng_knn_by(env, t->params->neighbours, rows->x, n, rows->d, rows->ld,
			 embed_neighbours(n, t->perplexity), &nb, &neighbours);
	if (err)
		return err;
	free(rows->x);
	rows->x = NULL;
	err = embed_layout(env, &nb, &bandwidth, &t->params->tsne, part->y, part->flags, &found,
			   &tsne);
	if (err)
		return err;
	add_bandwidth(t, &found, n);
	eng_knn_stats_add(&t->stats->neighbours, &neighbours);
	t->stats->iterations += tsne.iterations;
	t->kl += (double)tsne.kl * (double)n;
	return 0;
}

/* Too few rows for neighbourhoods: their first two features. */
static void lay_out_few(struct task *t, const struct embed_rows *rows, struct part *part)
{
	for (size_t i = 0; i < rows->n; i++) {
		part->y[2 * i] = rows->x[i * rows->ld];
		part->y[2 * i + 1] = rows->x[i * rows->ld + 1];
		part->flags[i] = ENG_ROW_ABOVE_K;
	}
	t->stats->bandwidth.rows[ENG_ROW_ABOVE_K] += rows->n;
}

static int measure(struct task *t, const struct part *part, size_t n)
{
	float entropy;
	int err;

	eng_phase_enter(&t->watch.env, ENG_PHASE_ENTROPY);
	err = eng_occupancy_entropy(part->y, n, &entropy);
	if (err)
		return err;
	t->entropy += (double)entropy * (double)n;
	embed_entropy_count(&t->watch.env, n);
	return 0;
}

static void place(const struct task *t, const struct part *part, const uint32_t *row, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		t->y[2 * (size_t)row[i]] = part->y[2 * i];
		t->y[2 * (size_t)row[i] + 1] = part->y[2 * i + 1];
		if (t->flags)
			t->flags[row[i]] = part->flags[i];
	}
}

static int embed_group(struct task *t, uint32_t g)
{
	const uint32_t *row = t->groups->row + t->groups->start[g];
	size_t n = t->groups->start[g + 1] - t->groups->start[g];
	struct embed_rows rows = { 0 };
	struct part part = {
		.y = calloc(n, 2 * sizeof(*part.y)),
		.flags = calloc(n, sizeof(*part.flags)),
	};
	int err = -ENOMEM;

	t->watch.share = n;
	if (part.y && part.flags)
		err = embed_gather(&t->watch.env, t->x, t->d, t->ld, row, n, &rows);
	if (!err && n < EMBED_LEAST_ROWS)
		lay_out_few(t, &rows, &part);
	else if (!err)
		err = embed_rows(t, &rows, &part);
	if (!err) {
		embed_centre(part.y, n);
		err = measure(t, &part, n);
	}
	if (!err)
		place(t, &part, row, n);
	t->watch.before += n;
	free(rows.x);
	free(part.y);
	free(part.flags);
	return err;
}

/* Rows in no group. */
static void blank(const struct task *t)
{
	size_t rows = t->params->nrows;

	for (size_t i = 0; !t->params->nrows && i < t->groups->n; i++)
		rows = t->groups->row[i] >= rows ? (size_t)t->groups->row[i] + 1 : rows;
	for (size_t i = 0; i < 2 * rows; i++)
		t->y[i] = NAN;
}

/* What the largest group bears of it; groups too small for neighbourhoods have no use for it. */
static float borne(const struct eng_groups *groups, float perplexity)
{
	size_t largest = 0;

	for (uint32_t g = 0; g < groups->count; g++)
		if (groups->start[g + 1] - groups->start[g] > largest)
			largest = groups->start[g + 1] - groups->start[g];
	return largest < EMBED_LEAST_ROWS ? perplexity : embed_perplexity(largest, perplexity);
}

static bool above_one(float perplexity)
{
	return perplexity > 1.0f && perplexity < INFINITY;
}

static int check(const struct eng_groups *groups, size_t d, const struct eng_embed_params *params)
{
	float min = params->perplexity_min, max = params->perplexity_max;

	if (!groups->n || !d || !above_one(params->bandwidth.perplexity))
		return -EINVAL;
	if ((min != 0.0f && !above_one(min)) || (max != 0.0f && !above_one(max)))
		return -EINVAL;
	return min != 0.0f && max != 0.0f && min > max ? -EINVAL : 0;
}

int eng_embed(const struct eng_env *env, const float *x, size_t d, size_t ld,
	      const struct eng_groups *groups, const struct eng_embed_params *params,
	      float *y, uint8_t *flags, struct eng_trace *trace, struct eng_embed_stats *stats)
{
	struct eng_embed_stats own;
	struct task t = {
		.x = x, .d = d, .ld = ld, .groups = groups, .params = params, .y = y,
		.flags = flags, .perplexity = params->bandwidth.perplexity,
		.stats = stats ? stats : &own,
	};
	int err = check(groups, d, params);

	if (err)
		return err;
	*t.stats = (struct eng_embed_stats){ 0 };
	if (params->entropy_guided)
		err = embed_choose_perplexity(env, x, d, ld, groups, params, trace,
					      &t.stats->ntrace, &t.perplexity);
	if (err)
		return err;
	blank(&t);
	embed_watch(&t.watch, env, groups->n);
	for (uint32_t g = 0; !err && g < groups->count; g++)
		err = eng_cancelled(env) ? -ECANCELED : embed_group(&t, g);
	t.stats->perplexity = borne(groups, t.perplexity);
	t.stats->entropy = (float)(t.entropy / (double)groups->n);
	t.stats->kl = (float)(t.kl / (double)groups->n);
	t.stats->bandwidth.residual_mean = (float)(t.residual / (double)groups->n);
	return err;
}

size_t eng_embed_memory(size_t n, size_t d, float perplexity, unsigned int threads)
{
	size_t k = n > 1 ? embed_neighbours(n, perplexity) : 1;
	size_t edges = n * k, gathered = n * (d < 2 ? 2 : d) * 4, own = n * 9;
	/* each group's own: the gathered rows and their neighbours; then the lists of edges */
	size_t finding = gathered + edges * 8 + eng_knn_memory(n, d, k, threads);
	/* neighbours 8, probabilities 4, two transposes 16; then radix entries 12 or the sum 16 */
	size_t joining = edges * (8 + 4 + 16 + 16) + n * 3 * sizeof(size_t);
	size_t moving = edges * 16 + n * sizeof(size_t) + eng_tsne_memory(n, threads);
	size_t most = finding > joining ? finding : joining;

	return own + (most > moving ? most : moving);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Entropy-guided choice of the target perplexity: one for all groups.
 *
 * A perplexity is scored by embedding a sample of each of some groups, about
 * 20,000 rows together, drawn once.  Neighbours are found once, for the largest
 * perplexity, and cut for a smaller one.  A sample is laid out at the caller's
 * target once, and from there every perplexity goes on by itself, all for as
 * long: what they share costs once, and none has had more iterations than
 * another.  (Each going on from the one before is as fast and not fair: the
 * order of the trials then decides.)
 *
 * The entropy of occupancy alone falls with perplexity, as neighbourhoods draw
 * together: it would pick the smallest perplexity offered.  How many neighbours
 * are kept (R_NX, always against the same neighbours) falls towards both ends.
 * It is averaged over neighbourhoods of 10 to 100, the share of one exemplar
 * where a tenth to a hundredth is kept: those that a choice in the plane rests
 * on.  The objective is the harmonic mean of the two, so that neither is bought
 * with the other.  Mean of the ten classes of Fashion-MNIST, PCA to 50, 2,000
 * rows of each, 350 iterations:
 *
 *	perplexity	5	8	12	20	30	45	70	100
 *	entropy		0.931	0.914	0.901	0.883	0.874	0.861	0.856	0.847
 *	fidelity	0.418	0.439	0.454	0.469	0.476	0.480	0.478	0.475
 *	objective	0.577	0.593	0.603	0.612	0.616	0.616	0.614	0.609
 *	error		0.624	0.618	0.618	0.612	0.610	0.607	0.612	0.608
 *
 * error: distance in feature space to the nearest of 60 exemplars, those nearest
 * to the centres of k-means in the plane, over the RMS radius; of four classes
 * with all their 6,000 rows.  Random exemplars: 0.629.
 *
 * Tried first is the caller's target, then a geometric ladder, then, again and
 * again, the golden section of the wider gap beside the best.
 */
#include "entropy_search.h"
#include "embed_group.h"
#include "embed_watch.h"
#include "entropy.h"
#include "fmath.h"
#include "quality.h"
#include "rng.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PERPLEXITY_MIN 5.0f
#define PERPLEXITY_MAX 100.0f
#define CANDIDATES 8		/* as in embed.h */

#define GROUPS_MOST 16		/* scored */
#define ROWS_TOTAL 20000	/* in all samples, about */
#define ROWS_LEAST 1000		/* of a group, if it has them */
#define ROWS_MOST 5000
#define ITERATIONS_SHARED 300	/* of the picture that all perplexities start from */
#define EXAGGERATED_MOST 125	/* of them */
#define ITERATIONS_OWN 150	/* that each perplexity goes on for */
#define FIDELITY_FROM 10	/* neighbourhoods that the fidelity looks at */
#define FIDELITY_TO 100

#define GOLDEN 0.381966		/* 2 less the golden ratio */
#define GAP_LEAST 0.15		/* of log perplexity: scores of closer ones differ by chance */

/* A sample of a group. */
struct sample {
	size_t n;
	double weight;			/* size of the group */
	float *start;			/* n x 2: what every perplexity starts from */
	struct eng_neighbours nb;	/* for the largest perplexity */
	struct eng_neighbours near, nearest; /* FIDELITY_TO, and fewer than FIDELITY_FROM */
};

struct choice {
	struct embed_watch watch;
	const struct eng_embed_params *params;
	struct sample sample[GROUPS_MOST];
	uint32_t samples;
	size_t largest;			/* rows of the largest sample */
	double weight;			/* of all samples */
	float *y;			/* largest x 2: the picture that is scored */
	struct eng_trace *line;
	uint32_t lines, limit;
	float min, max;
};

static void free_samples(struct choice *c)
{
	for (uint32_t i = 0; i < c->samples; i++) {
		free(c->sample[i].start);
		eng_neighbours_free(&c->sample[i].nb);
		eng_neighbours_free(&c->sample[i].near);
		eng_neighbours_free(&c->sample[i].nearest);
	}
}

/* @m of @n rows, ascending, each set as likely (Knuth, TAOCP volume 2, algorithm 3.4.2 S). */
static void draw(const uint32_t *row, size_t n, size_t m, uint64_t seed, uint32_t *out)
{
	const uint64_t apart = (uint64_t)1 << 63;	/* from the numbers of the start */
	size_t got = 0;

	for (size_t i = 0; i < n && got < m; i++)
		if (eng_below(seed, ENG_STREAM_EMBED, apart | row[i], n - i) < m - got)
			out[got++] = row[i];
}

static int find_neighbours(struct choice *c, const struct embed_rows *rows, struct sample *s)
{
	const struct eng_env *env = &c->watch.env;
	float target = c->params->bandwidth.perplexity;
	size_t k = embed_neighbours(s->n, target > c->max ? target : c->max);
	size_t near = s->n / 2 < FIDELITY_TO ? s->n / 2 : FIDELITY_TO;
	int err;

	err = embed_start(env, rows, c->params->tsne.seed, s->start);
	if (!err)
		err = eng_knn(env, rows->x, s->n, rows->d, rows->ld, k > near ? k : near, &s->nb);
	if (!err)
		err = embed_cut(&s->nb, near, &s->near);
	if (!err && near >= FIDELITY_FROM)
		err = embed_cut(&s->nb, FIDELITY_FROM - 1, &s->nearest);
	return err;
}

static int add_sample(struct choice *c, const float *x, size_t d, size_t ld, const uint32_t *row,
		      size_t n, size_t m)
{
	struct sample *s = &c->sample[c->samples++];
	struct embed_rows rows = { 0 };
	uint32_t *drawn = malloc(m * sizeof(*drawn));
	int err = -ENOMEM;

	*s = (struct sample){ .n = m, .weight = (double)n };
	s->start = malloc(m * 2 * sizeof(*s->start));
	if (drawn && s->start) {
		draw(row, n, m, c->params->tsne.seed, drawn);
		err = embed_gather(&c->watch.env, x, d, ld, drawn, m, &rows);
	}
	if (!err)
		err = find_neighbours(c, &rows, s);
	c->weight += s->weight;
	if (m > c->largest)
		c->largest = m;
	free(rows.x);
	free(drawn);
	return err;
}

static size_t group_size(const struct eng_groups *groups, uint32_t g)
{
	return groups->start[g + 1] - groups->start[g];
}

/* Rows that a sample of a group of @n has, where @samples groups are scored. */
static size_t sample_rows(size_t n, uint32_t samples)
{
	size_t m = ROWS_TOTAL / samples;

	m = m < ROWS_LEAST ? ROWS_LEAST : m > ROWS_MOST ? ROWS_MOST : m;
	return n < m ? n : m;
}

/* The samples: of groups large enough, evenly spaced by label where there are many. */
static int draw_samples(struct choice *c, const float *x, size_t d, size_t ld,
			const struct eng_groups *groups)
{
	uint32_t able = 0, want, seen = 0;
	int err = 0;

	for (uint32_t g = 0; g < groups->count; g++)
		able += group_size(groups, g) >= EMBED_LEAST_ROWS;
	want = able < GROUPS_MOST ? able : GROUPS_MOST;
	for (uint32_t g = 0; !err && g < groups->count; g++) {
		size_t n = group_size(groups, g);

		if (n < EMBED_LEAST_ROWS)
			continue;
		if ((uint64_t)seen++ * want / able == c->samples && c->samples < want)
			err = add_sample(c, x, d, ld, groups->row + groups->start[g], n,
					 sample_rows(n, want));
	}
	return err;
}

void embed_entropy_count(const struct eng_env *env, size_t n)
{
	/* points read to be bounded and to be binned; a logarithm a cell */
	eng_count(env, ENG_COUNT_NEAR_READ, 2 * n * 2 * sizeof(float));
	eng_count(env, ENG_COUNT_SCRATCH, 2 * n * sizeof(uint32_t));
	eng_count(env, ENG_COUNT_MAC, 2 * n + n / 8);
	eng_count(env, ENG_COUNT_SPECIAL, n / 8);
}

/* Sum of 1 / K over K = 1 ... @k: the weights of eng_neighbourhood_kept(). */
static double harmonic_sum(size_t k)
{
	double sum = 0.0;

	for (size_t i = 1; i <= k; i++)
		sum += 1.0 / (double)i;
	return sum;
}

/*
 * R_NX(K) averaged with weights 1 / K over K = FIDELITY_FROM ... FIDELITY_TO:
 * the average up to the one less that up to the other.  Samples too small for
 * that: over all K up to half the sample.
 */
static int fidelity_of(const struct choice *c, const struct sample *s, float *fidelity)
{
	const struct eng_env *env = &c->watch.env;
	double all = harmonic_sum(s->near.k), low = harmonic_sum(s->nearest.k);
	float upto, below;
	int err;

	err = eng_neighbourhood_kept(env, &s->near, c->y, &upto);
	*fidelity = upto;
	if (err || !s->nearest.k)
		return err;
	err = eng_neighbourhood_kept(env, &s->nearest, c->y, &below);
	*fidelity = (float)((upto * all - below * low) / (all - low));
	return err;
}

/* Entropy and fidelity of c->y, a picture of @s. */
static int measure(struct choice *c, const struct sample *s, float *entropy, float *fidelity)
{
	const struct eng_env *env = &c->watch.env;
	int err;

	eng_phase_enter(env, ENG_PHASE_ENTROPY);
	err = eng_occupancy_entropy(c->y, s->n, entropy);
	if (!err)
		err = fidelity_of(c, s, fidelity);
	embed_entropy_count(env, s->n);
	return err;
}

/* Move @y, a picture of @s, at @perplexity. */
static int lay_out(struct choice *c, const struct sample *s, float perplexity,
		   const struct eng_tsne_params *tsne, float *y, struct eng_tsne_stats *moved)
{
	struct eng_bandwidth_params bandwidth = c->params->bandwidth;
	struct eng_neighbours nb;
	int err = embed_cut(&s->nb, embed_neighbours(s->n, perplexity), &nb);

	bandwidth.perplexity = embed_perplexity(s->n, perplexity);
	if (!err)
		err = embed_layout(&c->watch.env, &nb, &bandwidth, tsne, y, NULL, NULL, moved);
	return err;
}

/* The picture that all start from.  One that diverges leaves the start as it was. */
static int share_picture(struct choice *c, const struct sample *s)
{
	struct eng_tsne_params tsne = c->params->tsne;
	struct eng_tsne_stats moved;
	int err;

	if (!tsne.iterations || tsne.iterations > ITERATIONS_SHARED)
		tsne.iterations = ITERATIONS_SHARED;
	if (!tsne.exaggeration_iterations || tsne.exaggeration_iterations > EXAGGERATED_MOST)
		tsne.exaggeration_iterations = EXAGGERATED_MOST;
	err = lay_out(c, s, c->params->bandwidth.perplexity, &tsne, s->start, &moved);
	return err == -ERANGE ? 0 : err;
}

/* Embed @s at @perplexity and add what it is worth to @line.  -ERANGE: it diverged, worth 0. */
static int score_sample(struct choice *c, const struct sample *s, float perplexity,
			struct eng_trace *line)
{
	struct eng_tsne_params tsne = c->params->tsne;
	float share = (float)(s->weight / c->weight), entropy, fidelity;
	struct eng_tsne_stats moved;
	int err;

	if (!tsne.iterations || tsne.iterations > ITERATIONS_OWN)
		tsne.iterations = ITERATIONS_OWN;
	tsne.exaggeration = 1.0f;
	tsne.exaggeration_iterations = 1;
	memcpy(c->y, s->start, s->n * 2 * sizeof(*c->y));
	err = lay_out(c, s, perplexity, &tsne, c->y, &moved);
	if (!err)
		err = measure(c, s, &entropy, &fidelity);
	if (err)
		return err;
	line->entropy += share * entropy;
	line->fidelity += share * fidelity;
	line->kl += share * moved.kl;
	line->iterations += moved.iterations;
	line->rows += (uint32_t)s->n;
	return 0;
}

static float harmonic_mean(float a, float b)
{
	return a > 0.0f && b > 0.0f ? 2.0f * a * b / (a + b) : 0.0f;
}

static int score(struct choice *c, float perplexity)
{
	struct eng_trace *line = &c->line[c->lines];
	uint64_t total = (uint64_t)c->limit * c->samples;
	int err = 0;

	*line = (struct eng_trace){ .perplexity = perplexity };
	for (uint32_t i = 0; !err && i < c->samples; i++) {
		eng_progress(c->watch.outer, ENG_PHASE_ENTROPY,
			     (uint64_t)c->lines * c->samples + i, total);
		err = score_sample(c, &c->sample[i], perplexity, line);
	}
	if (err && err != -ERANGE)
		return err;
	if (!err)
		line->objective = harmonic_mean(line->entropy, line->fidelity);
	c->lines++;
	return 0;
}

static uint32_t best_line(const struct choice *c)
{
	uint32_t best = 0;

	for (uint32_t i = 1; i < c->lines; i++)
		if (c->line[i].objective > c->line[best].objective)
			best = i;
	return best;
}

static double log_of(const struct choice *c, uint32_t line)
{
	return eng_log(c->line[line].perplexity);
}

/*
 * Log of the next perplexity: in the wider of the two gaps beside the best,
 * nearer to the best.  False where both are narrow.
 */
static bool next_gap(const struct choice *c, double *next)
{
	double at = log_of(c, best_line(c)), below = -INFINITY, above = INFINITY;
	double left, right;

	for (uint32_t i = 0; i < c->lines; i++) {
		double other = log_of(c, i);

		if (other < at && other > below)
			below = other;
		if (other > at && other < above)
			above = other;
	}
	left = isfinite(below) ? at - below : 0.0;
	right = isfinite(above) ? above - at : 0.0;
	*next = left > right ? at - GOLDEN * left : at + GOLDEN * right;
	return (left > right ? left : right) > GAP_LEAST;
}

static bool tried(const struct choice *c, double log_perplexity)
{
	for (uint32_t i = 0; i < c->lines; i++)
		if (fabs(log_of(c, i) - log_perplexity) < 0.5 * GAP_LEAST)
			return true;
	return false;
}

static int climb_ladder(struct choice *c)
{
	uint32_t steps = c->limit >= 6 ? 4 : c->limit >= 4 ? 3 : c->limit - 1;
	double lo = eng_log(c->min), hi = eng_log(c->max);
	int err = 0;

	for (uint32_t i = 0; !err && i < steps; i++) {
		double at = steps > 1 ? lo + (hi - lo) * i / (steps - 1) : 0.5 * (lo + hi);

		if (c->lines < c->limit && !tried(c, at))
			err = score(c, (float)eng_exp(at));
	}
	return err;
}

static int choose(struct choice *c)
{
	double next;
	int err = 0;

	for (uint32_t i = 0; !err && i < c->samples; i++)
		err = share_picture(c, &c->sample[i]);
	if (!err)
		err = score(c, c->params->bandwidth.perplexity);
	if (!err)
		err = climb_ladder(c);
	while (!err && c->lines < c->limit && next_gap(c, &next))
		err = score(c, (float)eng_exp(next));
	eng_progress(c->watch.outer, ENG_PHASE_ENTROPY, 1, 1);
	return err;
}

/* The range of the search, as far as the largest sample bears it. */
static void set_range(struct choice *c, const struct eng_groups *groups)
{
	size_t largest = 0;

	for (uint32_t g = 0; g < groups->count; g++)
		largest = group_size(groups, g) > largest ? group_size(groups, g) : largest;
	c->min = c->params->perplexity_min > 0.0f ? c->params->perplexity_min : PERPLEXITY_MIN;
	c->max = c->params->perplexity_max > 0.0f ? c->params->perplexity_max : PERPLEXITY_MAX;
	if (largest >= EMBED_LEAST_ROWS)
		c->max = embed_perplexity(sample_rows(largest, GROUPS_MOST), c->max);
	if (c->min > c->max)
		c->min = c->max;
}

int embed_choose_perplexity(const struct eng_env *env, const float *x, size_t d, size_t ld,
			    const struct eng_groups *groups,
			    const struct eng_embed_params *params, struct eng_trace *trace,
			    uint32_t *ntrace, float *perplexity)
{
	struct choice *c = calloc(1, sizeof(*c));
	int err = -ENOMEM;

	*ntrace = 0;
	*perplexity = params->bandwidth.perplexity;
	if (!c)
		return -ENOMEM;
	c->params = params;
	c->limit = params->candidates ? params->candidates : CANDIDATES;
	c->line = calloc(c->limit, sizeof(*c->line));
	embed_watch(&c->watch, env, 0);
	c->watch.quiet = true;
	set_range(c, groups);
	if (c->line)
		err = draw_samples(c, x, d, ld, groups);
	c->y = malloc((c->largest + 1) * 2 * sizeof(*c->y));
	if (!err && !c->y)
		err = -ENOMEM;
	if (!err && c->samples)
		err = choose(c);
	if (!err && c->lines) {
		c->line[best_line(c)].chosen = 1;
		*perplexity = c->line[best_line(c)].perplexity;
	}
	if (trace && c->lines)
		memcpy(trace, c->line, c->lines * sizeof(*trace));
	*ntrace = c->lines;
	free_samples(c);
	free(c->y);
	free(c->line);
	free(c);
	return err;
}

size_t eng_embed_choice_memory(size_t largest_group, size_t d, float perplexity_max,
			       unsigned int threads)
{
	size_t m = largest_group < ROWS_MOST ? largest_group : ROWS_MOST;
	size_t k = m > 1 ? embed_neighbours(m, perplexity_max) : 1;
	/* start and neighbours of all samples; then one of them, found or embedded */
	size_t row = 8 + 8 * (k > FIDELITY_TO ? k : FIDELITY_TO) +
		     8 * (FIDELITY_TO + FIDELITY_FROM);

	return (size_t)ROWS_TOTAL * row + m * 8 + eng_embed_memory(m, d, perplexity_max, threads);
}

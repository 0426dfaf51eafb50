// SPDX-License-Identifier: LGPL-2.1-or-later
#include "select.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nearest.h"
#include "panel.h"
#include "pool.h"
#include "select_edit.h"
#include "select_order.h"
#include "sort.h"

enum space {
	NO_SPACE,	/* every exemplar stands for the same mass */
	PLANE,
	FEATURES,
};

struct rule {
	const char *name;
	int (*choose)(struct eng_share *share);
	enum space space;	/* which the rule needs, and weighs in */
	bool nested;
	bool threads;		/* calls stages that use all threads and count */
};

static const struct rule rules[] = {
	[ENG_RULE_RANDOM] = { "random", eng_select_random, NO_SPACE, true, false },
	[ENG_RULE_GRID] = { "grid", eng_select_grid, PLANE, false, false },
	[ENG_RULE_STRATA] = { "strata", eng_select_strata, PLANE, false, false },
	[ENG_RULE_KMEDOIDS] = { "kmedoids", eng_select_kmedoids, FEATURES, false, false },
	[ENG_RULE_KCENTRE] = { "kcentre", eng_select_kcentre, FEATURES, true, false },
	[ENG_RULE_HERDING] = { "herding", eng_select_herding, FEATURES, true, false },
	[ENG_RULE_FACILITY] = { "facility", eng_select_facility, FEATURES, true, true },
	[ENG_RULE_EDITED] = { "edited", eng_select_herding, FEATURES, true, false },
};

static const struct rule *rule_of(enum eng_rule rule)
{
	if ((size_t)rule >= sizeof(rules) / sizeof(rules[0]) || !rules[rule].name)
		return NULL;
	return &rules[rule];
}

bool eng_rule_nested(enum eng_rule rule)
{
	return rule_of(rule) && rule_of(rule)->nested;
}

bool eng_rule_needs_features(enum eng_rule rule)
{
	return rule_of(rule) && rule_of(rule)->space == FEATURES;
}

bool eng_rule_needs_embedding(enum eng_rule rule)
{
	return rule_of(rule) && rule_of(rule)->space == PLANE;
}

const char *eng_rule_name(enum eng_rule rule)
{
	return rule_of(rule) ? rule_of(rule)->name : NULL;
}

/* All that one call holds. */
struct selection {
	struct eng_env env;
	const struct eng_select_input *in;
	const struct eng_select_params *params;
	const struct rule *rule;
	uint64_t *keep;		/* must-keep rows, ascending */
	uint32_t *place;	/* of each in the list of the caller */
	uint32_t *position;	/* of the must-keep rows in their groups, group by group */
	uint32_t *least;	/* a group: must-keep rows */
	uint32_t *budget;	/* a group */
	struct eng_share *share;
	float *mass;		/* a row of a group */
	bool *agreed;		/* edited: a row of a group; NULL if there is but one */
	uint32_t *chosen;	/* group by group */
	float *weight;
	uint32_t *turn;		/* group by exemplar, in the order of the answer */
};

static int check_mass(const struct selection *s)
{
	const struct eng_groups *groups = s->in->groups;

	for (size_t i = 0; i < groups->n; i++) {
		const uint32_t row = groups->row[i];

		s->mass[i] = s->params->mass ? s->params->mass[row] : 1.0f;
		if (!(s->mass[i] >= 0) || isinf(s->mass[i]))
			return eng_fault(&s->env, -EINVAL, row, ENG_FAULT_MASS, s->mass[i], 0);
	}
	return 0;
}

/* Weights of means and sums; ones in a group that has no mass at all. */
static void set_masses(struct selection *s, uint32_t g)
{
	struct eng_share *share = &s->share[g];
	double sum = 0;

	for (size_t i = 0; i < share->n; i++)
		sum += (double)share->mass[i];
	for (size_t i = 0; i < share->n && !(sum > 0); i++)
		share->mass[i] = 1;
}

static int sort_keep(struct selection *s)
{
	const size_t n = s->params->nkeep;
	int err;

	for (size_t i = 0; i < n; i++) {
		s->keep[i] = s->params->keep[i];
		s->place[i] = (uint32_t)i;
	}
	err = eng_sort(s->keep, s->place, n);
	for (size_t i = 1; !err && i < n; i++)
		if (s->keep[i] == s->keep[i - 1])
			return eng_fault(&s->env, -EINVAL, s->keep[i], ENG_FAULT_KEEP, 2, 1);
	return err;
}

static bool is_kept(struct selection *s, uint32_t row)
{
	size_t lo = 0, hi = s->params->nkeep;

	while (lo < hi) {
		const size_t middle = lo + (hi - lo) / 2;

		if (s->keep[middle] < row)
			lo = middle + 1;
		else
			hi = middle;
	}
	if (lo == s->params->nkeep || s->keep[lo] != row)
		return false;
	s->place[lo] = UINT32_MAX;	/* found */
	return true;
}

/* Where each must-keep row is; the fault names the first that is in no group. */
static int find_keep(struct selection *s)
{
	const struct eng_groups *groups = s->in->groups;
	size_t found = 0;
	int err = sort_keep(s);

	if (err || !s->params->nkeep)
		return err;
	for (uint32_t g = 0; g < groups->count; g++) {
		for (size_t i = groups->start[g]; i < groups->start[g + 1]; i++) {
			if (!is_kept(s, groups->row[i]))
				continue;
			s->position[found++] = (uint32_t)(i - groups->start[g]);
			s->least[g]++;
		}
	}
	for (size_t i = 0; i < s->params->nkeep; i++)
		if (s->place[i] != UINT32_MAX)
			return eng_fault(&s->env, -EINVAL, s->keep[i], ENG_FAULT_KEEP, 1, 0);
	return 0;
}

static void set_shares(struct selection *s)
{
	const struct eng_groups *groups = s->in->groups;
	size_t keep = 0, chosen = 0;

	for (uint32_t g = 0; g < groups->count; g++) {
		s->share[g] = (struct eng_share){
			.env = s->env,
			.in = s->in,
			.params = s->params,
			.salt = eng_mix(s->params->seed ^ eng_mix(groups->label[g])),
			.row = groups->row + groups->start[g],
			.n = groups->start[g + 1] - groups->start[g],
			.mass = s->mass + groups->start[g],
			.agreed = s->agreed ? s->agreed + groups->start[g] : NULL,
			.keep = s->position + keep,
			.nkeep = s->least[g],
			.budget = s->budget[g],
			.chosen = s->chosen + chosen,
			.weight = s->weight + chosen,
			.before = groups->start[g],
			.whole = groups->n,
		};
		set_masses(s, g);
		keep += s->least[g];
		chosen += s->budget[g];
	}
}

/* Where all are chosen and rank is by weight, there is nothing to find out. */
static int choose_all(struct eng_share *share)
{
	for (size_t i = 0; i < share->nkeep; i++)
		share->chosen[i] = share->keep[i];
	eng_share_rest(share, share->chosen + share->nkeep);
	return 0;
}

static void run_share(const struct selection *s, struct eng_share *share)
{
	const struct rule *rule = s->rule;

	if (!share->budget)
		return;
	if (share->budget == share->n && !rule->nested)
		share->err = choose_all(share);
	else
		share->err = rule->choose(share);
	if (share->err)
		return;
	if (rule->space == NO_SPACE)
		eng_weights_even(share);
	else
		share->err = eng_weights_nearest(share, rule->space == PLANE);
	if (!share->err && !rule->nested)
		share->err = eng_order_by_weight(share);
}

static void share_chunk(void *arg, size_t chunk, unsigned int worker)
{
	struct selection *s = arg;

	(void)worker;
	run_share(s, &s->share[chunk]);
}

/*
 * A thread keeps a group to the end, and the pool cannot be given away before: where
 * it is shared, groups must be so small that this is a second or so.
 */
#define GROUP_SHARED 16384

static bool group_by_thread(const struct selection *s, size_t largest)
{
	const unsigned int threads = eng_pool_threads(s->env.pool);

	if (threads == 1 || s->rule->threads || largest > s->in->groups->n / threads)
		return false;
	return !s->env.sharing || largest <= GROUP_SHARED;
}

/*
 * A thread a group where that keeps all threads busy, or else all threads in
 * one group after the other.  The bits are the same: the chunks within a group
 * do not depend on who runs them.
 */
static int run(struct selection *s)
{
	const struct eng_groups *groups = s->in->groups;
	struct eng_monitor quiet = { 0 };
	size_t largest = 0;
	int err = 0;

	for (uint32_t g = 0; g < groups->count; g++)
		largest = s->share[g].n > largest ? s->share[g].n : largest;
	if (group_by_thread(s, largest)) {
		if (s->env.monitor) {
			quiet.cancelled = s->env.monitor->cancelled;
			quiet.data = s->env.monitor->data;
		}
		for (uint32_t g = 0; g < groups->count; g++) {
			s->share[g].env.pool = NULL;
			s->share[g].env.monitor = &quiet;
		}
		eng_parallel(&s->env, groups->count, share_chunk, s);
	} else {
		for (uint32_t g = 0; g < groups->count && !err; g++) {
			run_share(s, &s->share[g]);
			err = s->share[g].err;
			eng_progress(&s->env, ENG_PHASE_SELECT, groups->start[g + 1], groups->n);
		}
	}
	for (uint32_t g = 0; g < groups->count && !err; g++)
		err = s->share[g].err;
	return err;
}

static int finish(struct selection *s, uint32_t *index, float *weight)
{
	const struct eng_groups *groups = s->in->groups;
	uint32_t *taken = s->least;	/* no longer needed as it was */
	int err;

	err = eng_interleave(s->budget, groups->count, s->params->count, s->turn);
	if (err)
		return err;
	memset(taken, 0, groups->count * sizeof(*taken));
	for (uint64_t t = 0; t < s->params->count; t++) {
		const struct eng_share *share = &s->share[s->turn[t]];
		const uint32_t rank = taken[s->turn[t]]++;

		index[t] = share->row[share->chosen[rank]];
		if (weight)
			weight[t] = share->weight[rank];
	}
	for (uint32_t g = 0; g < groups->count; g++)
		for (int what = 0; what < ENG_NCOUNTS; what++)
			eng_count(&s->env, (enum eng_count)what, s->share[g].work.count[what]);
	eng_count(&s->env, ENG_COUNT_NEAR_WRITE, 2 * s->params->count * sizeof(uint32_t));
	return 0;
}

static void add_stats(const struct selection *s, struct eng_select_stats *stats)
{
	*stats = (struct eng_select_stats){ 0 };
	for (uint32_t g = 0; g < s->in->groups->count; g++)
		if (s->share[g].neighbours.method != ENG_KNN_AUTO)
			eng_knn_stats_add(&stats->neighbours, &s->share[g].neighbours);
}

static int check(const struct selection *s)
{
	const struct eng_select_params *params = s->params;
	const struct eng_groups *groups = s->in->groups;
	const float perplexity = params->affinity.perplexity;

	if (!s->rule || (s->rule->space == FEATURES && (!s->in->x || !s->in->d)) ||
	    (s->rule->space == PLANE && !s->in->y))
		return eng_fault(&s->env, -EINVAL, 0, ENG_FAULT_RULE, params->rule, 0);
	if (!params->count || params->count > groups->n)
		return eng_fault(&s->env, -EINVAL, 0, ENG_FAULT_COUNT, (double)params->count,
				 (double)groups->n);
	if (params->nkeep > params->count)
		return eng_fault(&s->env, -EINVAL, 0, ENG_FAULT_COUNT, (double)params->count,
				 (double)params->nkeep);
	if (params->rule == ENG_RULE_FACILITY && !(perplexity > 1 && isfinite(perplexity)))
		return eng_fault(&s->env, -EINVAL, 0, ENG_FAULT_PERPLEXITY, perplexity, 1);
	return 0;
}

/* What a group has to do with the others is settled before each goes for itself. */
static int edit(struct selection *s)
{
	int err;

	if (s->params->rule != ENG_RULE_EDITED || s->in->groups->count < 2)
		return 0;
	s->agreed = calloc(s->in->groups->n, sizeof(*s->agreed));
	if (!s->agreed)
		return -ENOMEM;
	err = eng_edit(&s->env, s->in, s->agreed);
	/* Which the search for neighbours has left. */
	eng_phase_enter(&s->env, ENG_PHASE_SELECT);
	return err;
}

static int allocate(struct selection *s)
{
	const size_t groups = s->in->groups->count, count = s->params->count;
	const size_t keep = s->params->nkeep + 1;

	s->keep = calloc(keep, sizeof(*s->keep));
	s->place = calloc(keep, sizeof(*s->place));
	s->position = calloc(keep, sizeof(*s->position));
	s->least = calloc(groups, sizeof(*s->least));
	s->budget = calloc(groups, sizeof(*s->budget));
	s->share = calloc(groups, sizeof(*s->share));
	s->mass = calloc(s->in->groups->n, sizeof(*s->mass));
	s->chosen = calloc(count, sizeof(*s->chosen));
	s->weight = calloc(count, sizeof(*s->weight));
	s->turn = calloc(count, sizeof(*s->turn));
	return s->keep && s->place && s->position && s->least && s->budget && s->share &&
	       s->mass && s->chosen && s->weight && s->turn ? 0 : -ENOMEM;
}

static void release(struct selection *s)
{
	free(s->keep);
	free(s->place);
	free(s->position);
	free(s->least);
	free(s->budget);
	free(s->share);
	free(s->mass);
	free(s->agreed);
	free(s->chosen);
	free(s->weight);
	free(s->turn);
}

int eng_select(const struct eng_env *env, const struct eng_select_input *in,
	       const struct eng_select_params *params, uint32_t *index, float *weight,
	       struct eng_select_stats *stats)
{
	struct selection s = { .env = *env, .in = in, .params = params,
			       .rule = rule_of(params->rule) };
	int err;

	if (!s.env.kernels)
		s.env.kernels = eng_kernels_find("portable", NULL);
	eng_phase_enter(env, ENG_PHASE_SELECT);
	err = check(&s);
	if (err)
		return err;
	err = allocate(&s);
	if (!err)
		err = check_mass(&s);
	if (!err)
		err = find_keep(&s);
	if (!err)
		err = eng_budget_split(env, in->groups, params->budget, params->count,
				       params->quota, s.least, s.budget);
	if (!err)
		err = edit(&s);
	if (err)
		goto out;
	set_shares(&s);
	eng_progress(env, ENG_PHASE_SELECT, 0, in->groups->n);
	err = run(&s);
	if (!err)
		err = finish(&s, index, weight);
	if (!err && stats)
		add_stats(&s, stats);
out:
	release(&s);
	return err;
}

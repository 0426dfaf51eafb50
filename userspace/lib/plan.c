// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From what a program asks for to what will run: every default settled, every
 * parameter checked, and the places of all that the commands read and write.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

/* Sections of a buffer begin on a boundary that suits any reader. */
#define ALIGN 64u

static uint64_t align_up(uint64_t n)
{
	return (n + ALIGN - 1) & ~(uint64_t)(ALIGN - 1);
}

/* Append @count elements of 4 bytes; nothing if there are none. */
static void add_part(struct nms_part *part, uint64_t count, uint64_t *bytes)
{
	part->offset = *bytes;
	part->count = count;
	*bytes = align_up(*bytes + 4 * count);
}

static int plan_data(struct nms_context *context, const struct nms_matrix *data,
		     struct nms_plan *plan)
{
	int ret;

	plan->data = *data;
	ret = nms_matrix_check(context, "data", &plan->data);
	if (ret)
		return ret;
	if (plan->data.rows > UINT32_MAX)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT,
				"data: %llu rows, at most %u can be chosen from",
				(unsigned long long)plan->data.rows, UINT32_MAX);
	if (plan->data.dtype == NMS_U32)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT,
				"data: elements of type NMS_U32 are labels or indices, not data");
	return 0;
}

/* Whether a device has such widths is for it to say. */
static bool fixed_profile(const char *name, uint32_t *number)
{
	unsigned int exp_bits = 8, entries = 64, distance_bits = 12, log = 0;
	int end = 0;

	if (strcmp(name, "fixed") &&
	    (sscanf(name, "fixed%2u/%4u/%2u%n", &exp_bits, &entries, &distance_bits, &end) != 3 ||
	     name[end]))
		return false;
	while (1u << log < entries)
		log++;
	*number = NMS_HW_PROFILE_FIXED | exp_bits << 8 | log << 16 | distance_bits << 24;
	return 1u << log == entries;
}

static int plan_profile(const char *profile, struct nms_plan *plan)
{
	if (!profile || !strcmp(profile, "auto"))
		plan->profile = 0;
	else if (!strcmp(profile, "portable"))
		plan->profile = NMS_HW_PROFILE_PORTABLE;
	else if (!strcmp(profile, "fma"))
		plan->profile = NMS_HW_PROFILE_FMA;
	else if (!fixed_profile(profile, &plan->profile))
		return nms_fail(-EINVAL, NMS_CAUSE_PROFILE,
				"profile: \"%.60s\" is not \"auto\", \"portable\", \"fma\", \"fixed\" or of the form \"fixed8/64/12\"",
				profile);
	return 0;
}

static int plan_method(const struct nms_sample_params *params, struct nms_plan *plan)
{
	const struct nms_method *m = nms_method_find(params->method);

	if (!m)
		return nms_fail(-EINVAL, NMS_CAUSE_METHOD, "method: there is no \"%.60s\"",
				params->method);
	plan->method = m;
	plan->rule = params->rule ? params->rule : m->rule;
	/* Of one class there is nobody to disagree. */
	if (plan->rule == NMS_RULE_EDITED && !m->fixed_rule && !params->rule && !params->labels)
		plan->rule = NMS_RULE_HERDING;
	plan->search = params->search ? params->search : m->search;
	if (!nms_rule_name(plan->rule))
		return nms_fail(-EINVAL, NMS_CAUSE_METHOD, "rule: %d is none", (int)plan->rule);
	if (!nms_search_name(plan->search))
		return nms_fail(-EINVAL, NMS_CAUSE_METHOD, "search: %d is none",
				(int)plan->search);
	plan->neighbours = params->neighbours;
	if ((unsigned int)plan->neighbours > NMS_NEIGHBOURS_IVF)
		return nms_fail(-EINVAL, NMS_CAUSE_METHOD, "neighbours: %d is none",
				(int)plan->neighbours);
	if (m->fixed_rule && plan->rule != m->rule)
		return nms_fail(-EINVAL, NMS_CAUSE_METHOD, "rule: method %s has no use for rule %s",
				m->name, nms_rule_name(plan->rule));
	plan->bring_plane = params->want_embedding;
	plan->embed = plan->bring_plane || nms_rule_needs_embedding(plan->rule);
	plan->reduce = plan->embed || nms_rule_needs_features(plan->rule);
	return 0;
}

static int sum_quota(const struct nms_sample_params *params, uint64_t *sum)
{
	size_t i;

	*sum = 0;
	if (!params->nquota)
		return 0;
	if (!params->quota)
		return nms_fail(-EINVAL, NMS_CAUSE_QUOTA, "quota: is NULL, nquota is %zu",
				params->nquota);
	if (params->nquota > UINT32_MAX)
		return nms_fail(-EINVAL, NMS_CAUSE_QUOTA, "nquota: %zu classes", params->nquota);
	if (!params->labels && params->nquota != 1)
		return nms_fail(-EINVAL, NMS_CAUSE_QUOTA,
				"quota: %zu quotas, without labels there is one class",
				params->nquota);
	for (i = 0; i < params->nquota; i++)
		*sum += params->quota[i];
	return 0;
}

static int plan_budget(const struct nms_sample_params *params, uint64_t quota_sum,
		       struct nms_plan *plan)
{
	plan->budget = params->budget;
	if (!plan->budget)
		plan->budget = params->nquota ? NMS_BUDGET_GIVEN : NMS_BUDGET_PROPORTIONAL;
	if ((unsigned int)plan->budget > NMS_BUDGET_GIVEN)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "budget: %d is none",
				(int)plan->budget);
	if ((plan->budget == NMS_BUDGET_GIVEN) != (params->nquota != 0))
		return nms_fail(-EINVAL, NMS_CAUSE_QUOTA, "quota: %s",
				params->nquota ? "given, but the budget is not NMS_BUDGET_GIVEN" :
				"none, but the budget is NMS_BUDGET_GIVEN");
	if (params->nquota && quota_sum != plan->count)
		return nms_fail(-EINVAL, NMS_CAUSE_QUOTA,
				"quota: they add up to %llu, %llu exemplars are wanted",
				(unsigned long long)quota_sum, (unsigned long long)plan->count);
	return 0;
}

/* A count, a ratio of the rows, or else the sum of the quotas. */
static int plan_count(const struct nms_sample_params *params, uint64_t quota_sum,
		      struct nms_plan *plan)
{
	uint64_t rows = plan->data.rows;
	double ratio = params->ratio;

	plan->count = params->count ? params->count : quota_sum;
	if (ratio != 0) {
		if (params->count)
			return nms_fail(-EINVAL, NMS_CAUSE_COUNT,
					"count: is %llu and ratio is %g; only one of them may be given",
					(unsigned long long)params->count, ratio);
		if (!(ratio > 0 && ratio <= 1))
			return nms_fail(-EINVAL, NMS_CAUSE_COUNT,
					"ratio: is %g, expected more than 0 and at most 1", ratio);
		plan->count = (uint64_t)(ratio * (double)rows + 0.5);
		if (!plan->count)
			plan->count = 1;
	}
	if (!plan->count)
		return nms_fail(-EINVAL, NMS_CAUSE_COUNT, "count: no exemplars wanted");
	if (plan->count > rows)
		return nms_fail(-EINVAL, NMS_CAUSE_COUNT,
				"count: %llu exemplars wanted, the dataset has %llu rows",
				(unsigned long long)plan->count, (unsigned long long)rows);
	if (params->nkeep > plan->count)
		return nms_fail(-EINVAL, NMS_CAUSE_COUNT,
				"count: %llu exemplars wanted, keep has %zu rows",
				(unsigned long long)plan->count, params->nkeep);
	return 0;
}

static int plan_features(const struct nms_sample_params *params, struct nms_plan *plan)
{
	uint64_t most = nms_min((uint64_t)plan->data.cols, plan->data.rows - 1);
	uint32_t usual;

	if (!plan->reduce)
		return 0;
	if (!most)
		return nms_fail(-EINVAL, NMS_CAUSE_FEATURES,
				"data: 1 row has no features; only method random can choose from it");
	if (params->features > most)
		return nms_fail(-EINVAL, NMS_CAUSE_FEATURES,
				"features: %u wanted, %llu rows of %u columns have at most %llu",
				params->features, (unsigned long long)plan->data.rows,
				plan->data.cols, (unsigned long long)most);
	usual = nms_rule_herds(plan->rule) ? NMS_FEATURES_HERDING : NMS_FEATURES;
	plan->features = params->features ? params->features : (uint32_t)nms_min(most, usual);
	if (nms_rule_herds(plan->rule))
		plan->scaling = NMS_SCALING_QUARTER_WHITE;
	/* Rows that begin on a boundary are read faster; the rest of each is zero. */
	plan->features_stride = align_up((uint64_t)plan->features * 4);
	plan->features_bytes = plan->features_stride * plan->data.rows;
	return 0;
}

static int plan_perplexity(const struct nms_sample_params *params, struct nms_plan *plan)
{
	float p = params->perplexity;

	if (p != 0 && !(p > 1 && isfinite(p)))
		return nms_fail(-EINVAL, NMS_CAUSE_PERPLEXITY,
				"perplexity: is %g, expected a finite number above 1", (double)p);
	plan->perplexity = p == 0 ? NMS_PERPLEXITY : p;
	return 0;
}

static int check_list(const char *name, const uint32_t *list, size_t n, uint64_t rows)
{
	size_t i;

	if (n && !list)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "%s: is NULL, n%s is %zu", name, name,
				n);
	if (n > UINT32_MAX)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "n%s: is %zu, at most %u", name, n,
				UINT32_MAX);
	for (i = 0; i < n; i++)
		if (list[i] >= rows)
			return nms_fail_at(-EINVAL, NMS_CAUSE_INDEX, i, list[i],
					   "%s: entry %zu is row %u, the dataset has %llu rows",
					   name, i, list[i], (unsigned long long)rows);
	return 0;
}

static int check_mass(const float *mass, uint64_t rows)
{
	uint64_t i;

	for (i = 0; mass && i < rows; i++) {
		if (!isfinite(mass[i]))
			return nms_fail_at(-EINVAL, NMS_CAUSE_NOT_FINITE, i, 0,
					   "mass: row %llu: %g is not a finite number",
					   (unsigned long long)i, (double)mass[i]);
		if (mass[i] < 0)
			return nms_fail_at(-EINVAL, NMS_CAUSE_ARGUMENT, i, 0,
					   "mass: row %llu: %g is less than nothing",
					   (unsigned long long)i, (double)mass[i]);
	}
	return 0;
}

static int plan_lists(const struct nms_sample_params *params, struct nms_plan *plan)
{
	uint64_t rows = plan->data.rows;
	int ret;

	ret = check_list("keep", params->keep, params->nkeep, rows);
	if (!ret)
		ret = check_list("drop", params->drop, params->ndrop, rows);
	if (!ret)
		ret = check_mass(params->mass, rows);
	if (ret)
		return ret;
	add_part(&plan->labels, params->labels ? rows : 0, &plan->lists_bytes);
	add_part(&plan->mass, params->mass ? rows : 0, &plan->lists_bytes);
	add_part(&plan->keep, params->nkeep, &plan->lists_bytes);
	add_part(&plan->drop, params->ndrop, &plan->lists_bytes);
	add_part(&plan->quota, params->nquota, &plan->lists_bytes);
	return 0;
}

static void plan_outcome(struct nms_plan *plan)
{
	uint64_t rows = plan->data.rows;

	add_part(&plan->index, plan->count, &plan->out_bytes);
	add_part(&plan->weight, plan->count, &plan->out_bytes);
	if (plan->embed && plan->method->entropy_guided)
		add_part(&plan->trace, NMS_CANDIDATES * sizeof(struct nms_trace) / 4,
			 &plan->out_bytes);
	/* What grows with the rows comes last, and stays where it is unless it is wanted. */
	plan->back_bytes = plan->out_bytes;
	if (!plan->embed)
		return;
	add_part(&plan->flags, rows, &plan->out_bytes);
	add_part(&plan->embedding, 2 * rows, &plan->out_bytes);
	if (plan->bring_plane)
		plan->back_bytes = plan->out_bytes;
}

int nms_plan_make(struct nms_context *context, const struct nms_matrix *data,
		  const struct nms_sample_params *caller, struct nms_plan *plan)
{
	struct nms_sample_params params;
	uint64_t quota_sum = 0;
	int ret;

	memset(plan, 0, sizeof(*plan));
	ret = nms_struct_in(&params, caller, sizeof(params), sizeof(params), "params");
	if (!ret)
		ret = plan_data(context, data, plan);
	if (!ret)
		ret = plan_profile(params.profile, plan);
	if (!ret)
		ret = plan_method(&params, plan);
	if (!ret)
		ret = sum_quota(&params, &quota_sum);
	if (!ret)
		ret = plan_count(&params, quota_sum, plan);
	if (!ret)
		ret = plan_budget(&params, quota_sum, plan);
	if (!ret)
		ret = plan_features(&params, plan);
	if (!ret)
		ret = plan_perplexity(&params, plan);
	if (!ret)
		ret = plan_lists(&params, plan);
	if (ret)
		return ret;
	plan_outcome(plan);
	plan->seed = params.seed;
	return 0;
}

static void copy_part(const struct nms_part *part, const void *from, void *base)
{
	if (part->count)
		memcpy((char *)base + part->offset, from, part->count * 4);
}

void nms_plan_lists(const struct nms_plan *plan, const struct nms_sample_params *params,
		    void *lists_host)
{
	copy_part(&plan->labels, params->labels, lists_host);
	copy_part(&plan->mass, params->mass, lists_host);
	copy_part(&plan->keep, params->keep, lists_host);
	copy_part(&plan->drop, params->drop, lists_host);
	copy_part(&plan->quota, params->quota, lists_host);
}

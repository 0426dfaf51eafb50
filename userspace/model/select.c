// SPDX-License-Identifier: LGPL-2.1-or-later
/* SELECT: features or plane to exemplars. */
#include "select.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "coverage.h"
#include "groups.h"
#include "operand.h"

#define FIELD(member) offsetof(struct nms_hw_select, member)

enum slot { FEATURES, EMBEDDING, LABELS, MASS, KEEP, DROP, QUOTA, INDEX, WEIGHT };

/* What the command works in, beside near memory. */
struct work {
	struct eng_groups groups;
	float *packed;			/* the embedding, where near memory has it with gaps */
	float *weight;			/* where nobody wants the weights */
};

static enum nms_hw_status check_facility(struct exec *x)
{
	const struct nms_hw_select *p = &x->param.select;
	float perplexity = param_float(p->perplexity), tolerance = param_float(p->tolerance);

	if (p->search < NMS_HW_SEARCH_NEWTON || p->search > NMS_HW_SEARCH_FWA)
		return exec_fail(x, NMS_HW_INVALID_FIELD, FIELD(search));
	if (!isfinite(perplexity) || perplexity <= 1)
		return exec_fail_at(x, NMS_HW_BAD_PERPLEXITY, FIELD(perplexity), 0, 0,
				    (double)perplexity, 1);
	if (!isfinite(tolerance) || tolerance < 0)
		return exec_fail_at(x, NMS_HW_INVALID_FIELD, FIELD(tolerance), 0, 0,
				    (double)tolerance, 0);
	if (p->neighbours > NMS_HW_NEIGHBOURS_IVF)
		return exec_fail(x, NMS_HW_INVALID_FIELD, FIELD(neighbours));
	return NMS_HW_OK;
}

/* What one rule alone has a use for is looked at with that rule alone. */
static enum nms_hw_status check_numbers(struct exec *x)
{
	const struct nms_hw_select *p = &x->param.select;
	float bandwidth = param_float(p->bandwidth);

	if (p->rule < NMS_HW_RULE_RANDOM || p->rule > NMS_HW_RULE_EDITED)
		return exec_fail(x, NMS_HW_INVALID_FIELD, FIELD(rule));
	if (p->budget < NMS_HW_BUDGET_PROPORTIONAL || p->budget > NMS_HW_BUDGET_GIVEN)
		return exec_fail(x, NMS_HW_INVALID_FIELD, FIELD(budget));
	if (!p->rows || p->rows > UINT32_MAX)
		return exec_fail(x, NMS_HW_INVALID_FIELD, FIELD(rows));
	if (!p->count || p->count > p->rows)
		return exec_fail_at(x, NMS_HW_BAD_COUNT, FIELD(count), 0, 0, (double)p->count,
				    (double)p->rows);
	if ((p->rule == NMS_HW_RULE_HERDING || p->rule == NMS_HW_RULE_EDITED) &&
	    (!isfinite(bandwidth) || bandwidth < 0))
		return exec_fail_at(x, NMS_HW_INVALID_FIELD, FIELD(bandwidth), 0, 0,
				    (double)bandwidth, 0);
	return p->rule == NMS_HW_RULE_FACILITY ? check_facility(x) : NMS_HW_OK;
}

static enum nms_hw_status bind_matrices(struct exec *x)
{
	const struct nms_hw_select *p = &x->param.select;
	bool features = eng_rule_needs_features((enum eng_rule)p->rule);
	bool embedding = eng_rule_needs_embedding((enum eng_rule)p->rule);
	enum nms_hw_status status;

	status = operand_matrix(x, FEATURES, FIELD(features), &p->features,
				OPERAND_F32 | (features ? 0 : OPERAND_OPTIONAL));
	if (!status)
		status = operand_matrix(x, EMBEDDING, FIELD(embedding), &p->embedding,
					OPERAND_F32 | (embedding ? 0 : OPERAND_OPTIONAL));
	if (status)
		return status;
	if (p->features.near.range && p->features.rows != p->rows)
		return exec_fail(x, NMS_HW_INVALID_FIELD, FIELD(features.rows));
	if (p->embedding.near.range && p->embedding.rows != p->rows)
		return exec_fail(x, NMS_HW_INVALID_FIELD, FIELD(embedding.rows));
	if (p->embedding.near.range && p->embedding.cols != 2)
		return exec_fail(x, NMS_HW_INVALID_FIELD, FIELD(embedding.cols));
	return NMS_HW_OK;
}

static enum nms_hw_status bind_vectors(struct exec *x)
{
	const struct nms_hw_select *p = &x->param.select;
	const struct {
		enum slot slot;
		size_t field;
		const struct nms_hw_vector *v;
		uint64_t count;
		unsigned int flags;
	} list[] = {
		{ LABELS, FIELD(labels), &p->labels, p->rows, OPERAND_OPTIONAL },
		{ MASS, FIELD(mass), &p->mass, p->rows, OPERAND_OPTIONAL },
		{ KEEP, FIELD(keep), &p->keep, 0, OPERAND_OPTIONAL },
		{ DROP, FIELD(drop), &p->drop, 0, OPERAND_OPTIONAL },
		{ QUOTA, FIELD(quota), &p->quota, 0, OPERAND_OPTIONAL },
		{ INDEX, FIELD(index), &p->index, p->count, OPERAND_WRITE },
		{ WEIGHT, FIELD(weight), &p->weight, p->count, OPERAND_OPTIONAL | OPERAND_WRITE },
	};
	enum nms_hw_status status = NMS_HW_OK;

	for (size_t i = 0; !status && i < sizeof(list) / sizeof(list[0]); i++)
		status = operand_vector(x, list[i].slot, list[i].field, list[i].v, list[i].count,
					list[i].flags);
	if (status)
		return status;
	if (!p->quota.count != (p->budget != NMS_HW_BUDGET_GIVEN))
		return exec_fail(x, NMS_HW_BAD_QUOTA, FIELD(quota));
	if (p->keep.count > p->count)
		return exec_fail_at(x, NMS_HW_BAD_COUNT, FIELD(keep.count), 0, 0,
				    (double)p->keep.count, (double)p->count);
	return NMS_HW_OK;
}

static enum nms_hw_status bind(struct exec *x)
{
	enum nms_hw_status status = check_numbers(x);

	if (!status)
		status = bind_matrices(x);
	return status ? status : bind_vectors(x);
}

static enum nms_hw_status make_groups(struct exec *x, struct eng_groups *groups)
{
	const struct nms_hw_select *p = &x->param.select;
	enum nms_hw_status status;
	uint64_t left;
	int err;

	status = operand_lists(x, p->rows, (struct operand_list){ KEEP, p->keep.count },
			       (struct operand_list){ DROP, p->drop.count }, &left);
	if (status)
		return status;
	if (p->count > left)
		return exec_fail_at(x, NMS_HW_BAD_COUNT, FIELD(count), 0, 0, (double)p->count,
				    (double)left);
	err = eng_groups_create(operand_at(x, LABELS), p->rows, operand_at(x, DROP),
				p->drop.count, groups);
	if (err)
		return exec_engine(x, err, NMS_HW_BAD_INDEX, FIELD(drop));
	eng_count(&x->env, ENG_COUNT_NEAR_READ, p->labels.count * 4);
	if (p->quota.count && p->quota.count != groups->count)
		return exec_fail_at(x, NMS_HW_BAD_QUOTA, FIELD(quota.count), 0, 0,
				    (double)p->quota.count, groups->count);
	return NMS_HW_OK;
}

/* The plane, packed and finite; rows that were left out when it was made may be NaN. */
static enum nms_hw_status take_embedding(struct exec *x, struct work *w, const float **y)
{
	const struct nms_hw_matrix *m = &x->param.select.embedding;
	const uint8_t *at = operand_at(x, EMBEDDING);

	*y = operand_at(x, EMBEDDING);
	if (m->stride != 2 * sizeof(float)) {
		w->packed = calloc(m->rows, 2 * sizeof(float));
		if (!w->packed)
			return exec_fail(x, NMS_HW_NO_MEMORY, 0);
		for (uint64_t i = 0; i < m->rows; i++)
			memcpy(w->packed + 2 * i, at + i * m->stride, 2 * sizeof(float));
		*y = w->packed;
	}
	for (size_t i = 0; i < w->groups.n; i++) {
		const float *p = *y + 2 * (size_t)w->groups.row[i];

		unsigned int col = isfinite(p[0]) ? 1 : 0;

		if (!isfinite(p[col]))
			return exec_fail_at(x, NMS_HW_NOT_FINITE, FIELD(embedding),
					    w->groups.row[i], col, (double)p[col], 0);
	}
	eng_count(&x->env, ENG_COUNT_NEAR_READ, w->groups.n * 2 * sizeof(float));
	return NMS_HW_OK;
}

/* What eng_select() refuses: its fault says in its column what it is about. */
static enum nms_hw_status refused(struct exec *x)
{
	enum nms_hw_status status = NMS_HW_INTERNAL;
	size_t field = 0;

	switch (x->fault.col) {
	case ENG_FAULT_COUNT:
		status = NMS_HW_BAD_COUNT;
		field = FIELD(count);
		break;
	case ENG_FAULT_QUOTA:
		status = NMS_HW_BAD_QUOTA;
		field = FIELD(quota);
		break;
	case ENG_FAULT_KEEP:
		status = NMS_HW_BAD_INDEX;
		field = FIELD(keep);
		break;
	case ENG_FAULT_MASS:
		status = isfinite(x->fault.value) ? NMS_HW_INVALID_FIELD : NMS_HW_NOT_FINITE;
		field = FIELD(mass);
		break;
	}
	return exec_fail_at(x, status, field, x->fault.row, 0, x->fault.value, x->fault.limit);
}

static enum nms_hw_status choose(struct exec *x, struct work *w, const float *y)
{
	const struct nms_hw_select *p = &x->param.select;
	float *weight = p->weight.near.range ? operand_at(x, WEIGHT) : w->weight;
	const struct eng_select_input in = {
		.x = operand_at(x, FEATURES),
		.d = p->features.cols,
		.ld = p->features.stride / 4,
		.y = y,
		.groups = &w->groups,
	};
	const struct eng_select_params params = {
		.rule = (enum eng_rule)p->rule,
		.budget = (enum eng_budget)p->budget,
		.count = p->count,
		.quota = operand_at(x, QUOTA),
		.keep = operand_at(x, KEEP),
		.nkeep = p->keep.count,
		.mass = operand_at(x, MASS),
		.bandwidth = param_float(p->bandwidth),
		.affinity = {
			.search = (enum eng_search)p->search,
			.perplexity = param_float(p->perplexity),
			.tolerance = param_float(p->tolerance),
			.evaluations = p->evaluations,
			.seed = p->seed,
		},
		.neighbours = (enum eng_knn_method)p->neighbours,
		.seed = p->seed,
	};
	struct eng_select_stats stats = { 0 };
	struct eng_coverage covered = { 0 };
	int err = eng_select(&x->env, &in, &params, operand_at(x, INDEX), weight, &stats);

	if (!err && in.x)
		err = eng_coverage(&x->env, &in, operand_at(x, INDEX), p->count, p->seed, &covered);
	result_neighbours(&x->result, &stats.neighbours);
	x->result.coverage = result_bits(covered.error);
	x->result.coverage_random = result_bits(covered.random);
	return err == -EINVAL ? refused(x) : exec_engine(x, err, NMS_HW_INTERNAL, 0);
}

static enum nms_hw_status run(struct exec *x)
{
	const struct nms_hw_select *p = &x->param.select;
	enum nms_hw_status status = NMS_HW_OK;
	struct work w = { 0 };
	const float *y = NULL;

	eng_phase_enter(&x->env, ENG_PHASE_SELECT);
	if (p->features.near.range)
		status = operand_finite(x, FEATURES, &p->features);
	if (!status)
		status = make_groups(x, &w.groups);
	if (!status && eng_rule_needs_embedding((enum eng_rule)p->rule))
		status = take_embedding(x, &w, &y);
	if (status)
		goto out;
	w.weight = p->weight.near.range ? NULL : calloc(p->count, sizeof(*w.weight));
	if (!w.weight && !p->weight.near.range)
		status = exec_fail(x, NMS_HW_NO_MEMORY, 0);
	else
		status = choose(x, &w, y);
	if (status)
		goto out;
	x->result.count = p->count;
	x->result.groups = w.groups.count;
	x->result.features = p->features.cols;
	x->value = p->count;
out:
	eng_groups_free(&w.groups);
	free(w.packed);
	free(w.weight);
	return status;
}

const struct exec_op exec_select = {
	.param_size = sizeof(struct nms_hw_select),
	.datapath = true,
	.bind = bind,
	.run = run,
};

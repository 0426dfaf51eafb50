// SPDX-License-Identifier: LGPL-2.1-or-later
/* EMBED: features to the plane. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "embed.h"
#include "groups.h"
#include "operand.h"

#define FIELD(member) offsetof(struct nms_hw_embed, member)

#define CANDIDATES_DEFAULT 8	/* as eng_embed() has it */
#define CANDIDATES_MAX 1024
#define TRACE_WORDS (sizeof(struct nms_hw_trace) / 4)

enum slot { FEATURES, OUTPUT, LABELS, DROP, FLAGS, TRACE };

/* What the command works in, beside near memory. */
struct work {
	struct eng_groups groups;
	float *y;			/* rows x 2; in near memory where that is packed */
	float *unpacked;		/* its memory where it is not, else NULL */
	uint8_t *flags;
	struct eng_trace *trace;
};

static enum nms_hw_status bind_operands(struct exec *x)
{
	const struct nms_hw_embed *p = &x->param.embed;
	enum nms_hw_status status;

	status = operand_matrix(x, FEATURES, FIELD(features), &p->features, OPERAND_F32);
	if (!status)
		status = operand_matrix(x, OUTPUT, FIELD(output), &p->output,
					OPERAND_WRITE | OPERAND_F32);
	if (status)
		return status;
	if (p->output.rows != p->features.rows)
		return exec_fail(x, NMS_HW_INVALID_FIELD, FIELD(output.rows));
	if (p->output.cols != 2)
		return exec_fail(x, NMS_HW_INVALID_FIELD, FIELD(output.cols));
	status = operand_vector(x, LABELS, FIELD(labels), &p->labels, p->features.rows,
				OPERAND_OPTIONAL);
	if (!status)
		status = operand_vector(x, DROP, FIELD(drop), &p->drop, 0, OPERAND_OPTIONAL);
	if (!status)
		status = operand_vector(x, FLAGS, FIELD(flags), &p->flags, p->features.rows,
					OPERAND_OPTIONAL | OPERAND_WRITE);
	if (!status)
		status = operand_vector(x, TRACE, FIELD(trace), &p->trace, 0,
					OPERAND_OPTIONAL | OPERAND_WRITE);
	if (!status && p->trace.count % TRACE_WORDS)
		return exec_fail(x, NMS_HW_INVALID_FIELD, FIELD(trace.count));
	return status;
}

/* A perplexity: finite and above 1, or 0 where that means the default. */
static bool perplexity_ok(uint32_t bits, bool optional)
{
	float p = param_float(bits);

	return (optional && bits == 0) || (isfinite(p) && p > 1);
}

static enum nms_hw_status check_perplexities(struct exec *x)
{
	const struct nms_hw_embed *p = &x->param.embed;
	float least = param_float(p->perplexity_min), most = param_float(p->perplexity_max);

	if (!perplexity_ok(p->perplexity, false))
		return exec_fail_at(x, NMS_HW_BAD_PERPLEXITY, FIELD(perplexity), 0, 0,
				    (double)param_float(p->perplexity), 1);
	if (!perplexity_ok(p->perplexity_min, true))
		return exec_fail_at(x, NMS_HW_BAD_PERPLEXITY, FIELD(perplexity_min), 0, 0,
				    (double)least, 1);
	if (!perplexity_ok(p->perplexity_max, true) ||
	    (p->perplexity_min && p->perplexity_max && most < least))
		return exec_fail_at(x, NMS_HW_BAD_PERPLEXITY, FIELD(perplexity_max), 0, 0,
				    (double)most, (double)least);
	return NMS_HW_OK;
}

static enum nms_hw_status check_numbers(struct exec *x)
{
	const struct nms_hw_embed *p = &x->param.embed;
	float tolerance = param_float(p->tolerance), exaggeration = param_float(p->exaggeration);

	if (p->options > (NMS_HW_EMBED_ENTROPY | NMS_HW_EMBED_NEIGHBOURS(NMS_HW_NEIGHBOURS_IVF)))
		return exec_fail(x, NMS_HW_RESERVED_NOT_ZERO, FIELD(options));
	if (p->search < NMS_HW_SEARCH_NEWTON || p->search > NMS_HW_SEARCH_FWA)
		return exec_fail(x, NMS_HW_INVALID_FIELD, FIELD(search));
	if (p->candidates > CANDIDATES_MAX)
		return exec_fail_at(x, NMS_HW_INVALID_FIELD, FIELD(candidates), 0, 0,
				    p->candidates, CANDIDATES_MAX);
	if (!isfinite(tolerance) || tolerance < 0)
		return exec_fail_at(x, NMS_HW_INVALID_FIELD, FIELD(tolerance), 0, 0,
				    (double)tolerance, 0);
	if (p->exaggeration && !(isfinite(exaggeration) && exaggeration >= 1))
		return exec_fail_at(x, NMS_HW_INVALID_FIELD, FIELD(exaggeration), 0, 0,
				    (double)exaggeration, 1);
	if (!isfinite(param_float(p->stop)))
		return exec_fail(x, NMS_HW_INVALID_FIELD, FIELD(stop));
	return check_perplexities(x);
}

static enum nms_hw_status bind(struct exec *x)
{
	enum nms_hw_status status = check_numbers(x);

	return status ? status : bind_operands(x);
}

static enum nms_hw_status work_create(struct exec *x, struct work *w)
{
	const struct nms_hw_embed *p = &x->param.embed;
	uint64_t left;
	enum nms_hw_status status;
	int err;

	status = operand_lists(x, p->features.rows, (struct operand_list){ 0 },
			       (struct operand_list){ DROP, p->drop.count }, &left);
	if (status)
		return status;
	if (!left)
		return exec_fail(x, NMS_HW_BAD_COUNT, FIELD(drop.count));
	err = eng_groups_create(operand_at(x, LABELS), p->features.rows, operand_at(x, DROP),
				p->drop.count, &w->groups);
	if (err)
		return exec_engine(x, err, NMS_HW_BAD_INDEX, FIELD(drop));
	eng_count(&x->env, ENG_COUNT_NEAR_READ, p->labels.count * 4);
	w->y = operand_at(x, OUTPUT);
	if (p->output.stride != 2 * sizeof(*w->y))
		w->y = w->unpacked = calloc(p->output.rows, 2 * sizeof(*w->y));
	w->flags = malloc(p->features.rows);
	w->trace = calloc(p->candidates ? p->candidates : CANDIDATES_DEFAULT, sizeof(*w->trace));
	if (!w->y || !w->flags || !w->trace)
		return exec_fail(x, NMS_HW_NO_MEMORY, 0);
	/* The engine flags the rows that it embeds; those left out keep this. */
	memset(w->flags, NMS_HW_NROW_FLAGS, p->features.rows);
	return NMS_HW_OK;
}

static void work_destroy(struct work *w)
{
	eng_groups_free(&w->groups);
	free(w->unpacked);
	free(w->flags);
	free(w->trace);
}

static void put_trace(struct exec *x, const struct work *w, uint32_t lines)
{
	struct nms_hw_trace *out = operand_at(x, TRACE);
	uint64_t room = x->param.embed.trace.count / TRACE_WORDS;

	if (lines > room)
		lines = (uint32_t)room;
	for (uint32_t i = 0; i < lines; i++) {
		const struct eng_trace *t = &w->trace[i];

		out[i] = (struct nms_hw_trace){
			.perplexity = result_bits(t->perplexity),
			.entropy = result_bits(t->entropy),
			.fidelity = result_bits(t->fidelity),
			.objective = result_bits(t->objective),
			.kl = result_bits(t->kl),
			.rows = t->rows,
			.iterations = t->iterations,
			.chosen = t->chosen,
		};
	}
	x->result.trace_lines = lines;
	eng_count(&x->env, ENG_COUNT_NEAR_WRITE, lines * sizeof(*out));
}

static void put_outputs(struct exec *x, const struct work *w, uint32_t trace_lines)
{
	const struct nms_hw_embed *p = &x->param.embed;
	uint32_t *flags = operand_at(x, FLAGS);
	uint8_t *out = operand_at(x, OUTPUT);

	for (uint64_t i = 0; w->unpacked && i < p->output.rows; i++)
		memcpy(out + i * p->output.stride, w->y + 2 * i, 2 * sizeof(*w->y));
	for (uint64_t i = 0; i < p->flags.count; i++)
		flags[i] = w->flags[i];
	eng_count(&x->env, ENG_COUNT_NEAR_WRITE, p->flags.count * 4);
	put_trace(x, w, trace_lines);
}

static void put_stats(struct exec *x, const struct work *w, const struct eng_embed_stats *stats)
{
	struct nms_hw_result *r = &x->result;

	r->count = w->groups.n;
	r->evaluations = stats->bandwidth.evaluations;
	for (unsigned int f = 0; f < NMS_HW_NROW_FLAGS; f++)
		r->row_flags[f] = stats->bandwidth.rows[f];
	r->features = x->param.embed.features.cols;
	r->groups = w->groups.count;
	r->iterations = stats->iterations;
	r->perplexity = result_bits(stats->perplexity);
	r->entropy = result_bits(stats->entropy);
	r->kl = result_bits(stats->kl);
	r->residual_mean = result_bits(stats->bandwidth.residual_mean);
	r->residual_max = result_bits(stats->bandwidth.residual_max);
	result_neighbours(r, &stats->neighbours);
	x->value = r->count;
}

static struct eng_embed_params engine_params(const struct nms_hw_embed *p)
{
	return (struct eng_embed_params){
		.bandwidth = {
			.search = (enum eng_search)p->search,
			.perplexity = param_float(p->perplexity),
			.tolerance = param_float(p->tolerance),
			.evaluations = p->evaluations,
			.seed = p->seed,
		},
		.tsne = {
			.iterations = p->iterations,
			.exaggeration_iterations = p->exaggeration_iterations,
			.exaggeration = param_float(p->exaggeration),
			.stop = param_float(p->stop),
			.seed = p->seed,
		},
		.entropy_guided = p->options & NMS_HW_EMBED_ENTROPY,
		.perplexity_min = param_float(p->perplexity_min),
		.perplexity_max = param_float(p->perplexity_max),
		.candidates = p->candidates ? p->candidates : CANDIDATES_DEFAULT,
		.nrows = p->features.rows,
		.neighbours = (enum eng_knn_method)(p->options >> 1),
	};
}

static enum nms_hw_status run(struct exec *x)
{
	const struct nms_hw_embed *p = &x->param.embed;
	struct eng_embed_params params = engine_params(p);
	struct eng_embed_stats stats = { 0 };
	struct work w = { 0 };
	enum nms_hw_status status;
	int err;

	eng_phase_enter(&x->env, ENG_PHASE_READ);
	status = operand_finite(x, FEATURES, &p->features);
	if (!status)
		status = work_create(x, &w);
	if (status)
		goto out;
	err = eng_embed(&x->env, operand_at(x, FEATURES), p->features.cols,
			p->features.stride / 4, &w.groups, &params, w.y, w.flags, w.trace, &stats);
	status = exec_engine(x, err, NMS_HW_BAD_PERPLEXITY, FIELD(perplexity));
	if (status)
		goto out;
	put_stats(x, &w, &stats);
	put_outputs(x, &w, stats.ntrace);
out:
	work_destroy(&w);
	return status;
}

const struct exec_op exec_embed = {
	.param_size = sizeof(struct nms_hw_embed),
	.datapath = true,
	.bind = bind,
	.run = run,
};

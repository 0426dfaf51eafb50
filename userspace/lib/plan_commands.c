// SPDX-License-Identifier: LGPL-2.1-or-later
/* The commands of a selection. */
#include <string.h>

#include "internal.h"

/* Part of a buffer, or an absent vector. */
static struct nms_vector vector(struct nms_buffer *buffer, const struct nms_part *part)
{
	struct nms_vector v = { .buffer = part->count ? buffer : NULL };

	if (v.buffer) {
		v.offset = part->offset;
		v.count = part->count;
	}
	return v;
}

static struct nms_matrix features(const struct nms_plan *plan, const struct nms_plan_memory *m)
{
	return (struct nms_matrix){
		.buffer = m->features,
		.rows = plan->data.rows,
		.cols = plan->features,
		.stride = plan->features_stride,
		.dtype = NMS_F32,
	};
}

static struct nms_matrix embedding(const struct nms_plan *plan, const struct nms_plan_memory *m)
{
	return (struct nms_matrix){
		.buffer = m->out,
		.offset = plan->embedding.offset,
		.rows = plan->data.rows,
		.cols = 2,
		.dtype = NMS_F32,
	};
}

static struct nms_copy whole(struct nms_buffer *buffer, void *host, uint64_t bytes)
{
	return (struct nms_copy){ .buffer = buffer, .bytes = bytes, .host = host };
}

static void make_embed(const struct nms_plan *plan, const struct nms_plan_memory *m,
		       struct nms_command *c)
{
	c->op = NMS_OP_EMBED;
	c->embed = (struct nms_embed){
		.features = features(plan, m),
		.output = embedding(plan, m),
		.labels = vector(m->lists, &plan->labels),
		.drop = vector(m->lists, &plan->drop),
		.flags = vector(m->out, &plan->flags),
		.trace = vector(m->out, &plan->trace),
		.seed = plan->seed,
		.entropy_guided = plan->method->entropy_guided,
		.search = plan->search,
		.neighbours = plan->neighbours,
		.perplexity = plan->perplexity,
		.candidates = plan->method->entropy_guided ? NMS_CANDIDATES : 0,
	};
}

static void make_select(const struct nms_plan *plan, const struct nms_plan_memory *m,
			struct nms_command *c)
{
	bool facility = plan->rule == NMS_RULE_FACILITY;

	c->op = NMS_OP_SELECT;
	c->select = (struct nms_select){
		.labels = vector(m->lists, &plan->labels),
		.mass = vector(m->lists, &plan->mass),
		.keep = vector(m->lists, &plan->keep),
		.drop = vector(m->lists, &plan->drop),
		.quota = vector(m->lists, &plan->quota),
		.index = vector(m->out, &plan->index),
		.weight = vector(m->out, &plan->weight),
		.rows = plan->data.rows,
		.count = plan->count,
		.seed = plan->seed,
		.rule = plan->rule,
		.budget = plan->budget,
		.search = facility ? plan->search : 0,
		.neighbours = facility ? plan->neighbours : 0,
		.perplexity = facility ? plan->perplexity : 0,
		.bandwidth = nms_rule_herds(plan->rule) ? NMS_BANDWIDTH_HERDING : 0,
	};
	/* Rules that can do without them choose better with them, and the coverage is told. */
	if (plan->reduce)
		c->select.features = features(plan, m);
	if (nms_rule_needs_embedding(plan->rule))
		c->select.embedding = embedding(plan, m);
}

size_t nms_plan_commands(const struct nms_plan *plan, const struct nms_plan_memory *m,
			 struct nms_command commands[NMS_PLAN_COMMANDS])
{
	struct nms_command *c = commands;

	memset(commands, 0, NMS_PLAN_COMMANDS * sizeof(*commands));
	if (plan->lists_bytes) {
		c->op = NMS_OP_WRITE;
		c++->copy = whole(m->lists, m->lists_host, plan->lists_bytes);
	}
	if (plan->reduce) {
		c->op = NMS_OP_REDUCE;
		c->reduce.input = plan->data;
		c->reduce.output = features(plan, m);
		c->reduce.scaling = plan->scaling;
		c++->reduce.seed = plan->seed;
	}
	if (plan->embed)
		make_embed(plan, m, c++);
	make_select(plan, m, c++);
	c->op = NMS_OP_READ;
	c++->copy = whole(m->out, m->out_host, plan->back_bytes);
	return (size_t)(c - commands);
}

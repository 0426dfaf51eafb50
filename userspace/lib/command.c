// SPDX-License-Identifier: LGPL-2.1-or-later
/* Commands as programs write them, to commands as the device takes them. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define SAME(a, b) _Static_assert((int)(a) == (int)(b), #a)
SAME(NMS_U8, NMS_HW_U8);
SAME(NMS_I8, NMS_HW_I8);
SAME(NMS_F16, NMS_HW_F16);
SAME(NMS_BF16, NMS_HW_BF16);
SAME(NMS_F32, NMS_HW_F32);
SAME(NMS_F64, NMS_HW_F64);
SAME(NMS_U32, NMS_HW_U32);
SAME(NMS_SCALING_PLAIN, NMS_HW_SCALING_PLAIN);
SAME(NMS_SCALING_HALF_WHITE, NMS_HW_SCALING_HALF_WHITE);
SAME(NMS_SCALING_QUARTER_WHITE, NMS_HW_SCALING_QUARTER_WHITE);
SAME(NMS_SEARCH_NEWTON, NMS_HW_SEARCH_NEWTON);
SAME(NMS_SEARCH_BISECT, NMS_HW_SEARCH_BISECT);
SAME(NMS_SEARCH_DE, NMS_HW_SEARCH_DE);
SAME(NMS_SEARCH_FWA, NMS_HW_SEARCH_FWA);
SAME(NMS_RULE_RANDOM, NMS_HW_RULE_RANDOM);
SAME(NMS_RULE_GRID, NMS_HW_RULE_GRID);
SAME(NMS_RULE_STRATA, NMS_HW_RULE_STRATA);
SAME(NMS_RULE_KMEDOIDS, NMS_HW_RULE_KMEDOIDS);
SAME(NMS_RULE_KCENTRE, NMS_HW_RULE_KCENTRE);
SAME(NMS_RULE_HERDING, NMS_HW_RULE_HERDING);
SAME(NMS_RULE_FACILITY, NMS_HW_RULE_FACILITY);
SAME(NMS_RULE_EDITED, NMS_HW_RULE_EDITED);
SAME(NMS_BUDGET_PROPORTIONAL, NMS_HW_BUDGET_PROPORTIONAL);
SAME(NMS_BUDGET_EQUAL, NMS_HW_BUDGET_EQUAL);
SAME(NMS_BUDGET_GIVEN, NMS_HW_BUDGET_GIVEN);
_Static_assert(sizeof(struct nms_trace) == sizeof(struct nms_hw_trace), "trace");
/* Part of the binary interface: commands come in arrays and have no size of their own. */
_Static_assert(sizeof(struct nms_command) == 520, "command");

/* One translation: what every step of it needs. */
struct xlat {
	struct nms_context *context;
	struct nms_slot *slot;
	struct nms_uses *uses;
};

int nms_uses_add(struct nms_uses *uses, struct nms_buffer *buffer)
{
	struct nms_buffer **more;
	size_t room;

	if (uses->count == uses->room) {
		room = uses->room ? 2 * uses->room : 8;
		more = realloc(uses->buffer, room * sizeof(*more));
		if (!more)
			return nms_fail_memory(room * sizeof(*more));
		uses->buffer = more;
		uses->room = room;
	}
	nms_buffer_get(buffer);
	uses->buffer[uses->count++] = buffer;
	return 0;
}

void nms_uses_drop(struct nms_uses *uses)
{
	while (uses->count)
		nms_buffer_put(uses->buffer[--uses->count]);
	free(uses->buffer);
	uses->buffer = NULL;
	uses->room = 0;
}

static __le32 real(float f)
{
	uint32_t bits;

	memcpy(&bits, &f, sizeof(bits));
	return htole32(bits);
}

/* The target perplexity where none is given. */
static float perplexity_or_default(float perplexity)
{
	return perplexity == 0 ? NMS_PERPLEXITY : perplexity;
}

static int set_near(struct xlat *x, struct nms_buffer *buffer, uint64_t offset,
		    struct nms_hw_near *near)
{
	near->range = buffer->near.range;
	near->generation = buffer->near.generation;
	near->offset = htole64(offset);
	return nms_uses_add(x->uses, buffer);
}

static int set_matrix(struct xlat *x, const char *name, const struct nms_matrix *from,
		      struct nms_hw_matrix *to)
{
	struct nms_matrix m = *from;
	int ret = nms_matrix_check(x->context, name, &m);

	if (ret)
		return ret;
	to->rows = htole64(m.rows);
	to->stride = htole64(m.stride);
	to->cols = htole32(m.cols);
	to->dtype = (uint8_t)m.dtype;
	return set_near(x, m.buffer, m.offset, &to->near);
}

/* One that may be absent. */
static int set_matrix_if(struct xlat *x, const char *name, const struct nms_matrix *from,
			 struct nms_hw_matrix *to)
{
	return from->buffer ? set_matrix(x, name, from, to) : 0;
}

static int set_vector(struct xlat *x, const char *name, const struct nms_vector *from,
		      struct nms_hw_vector *to)
{
	int ret = nms_vector_check(x->context, name, from);

	if (ret)
		return ret;
	to->count = htole64(from->count);
	return set_near(x, from->buffer, from->offset, &to->near);
}

static int set_vector_if(struct xlat *x, const char *name, const struct nms_vector *from,
			 struct nms_hw_vector *to)
{
	return from->buffer ? set_vector(x, name, from, to) : 0;
}

static int set_copy(struct xlat *x, enum nms_op op, const struct nms_copy *c)
{
	struct nms_slot *slot = x->slot;
	int ret = nms_buffer_check(x->context, "copy", c->buffer);

	if (ret)
		return ret;
	if (!c->bytes || (op != NMS_OP_ZERO && !c->host))
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "copy: %s",
				c->bytes ? "host is NULL" : "0 bytes");
	if (c->offset > c->buffer->bytes || c->bytes > c->buffer->bytes - c->offset)
		return nms_fail(-EINVAL, NMS_CAUSE_RANGE,
				"copy: %llu bytes from byte %llu, the buffer has %llu",
				(unsigned long long)c->bytes, (unsigned long long)c->offset,
				(unsigned long long)c->buffer->bytes);
	slot->bytes = c->bytes;
	if (op != NMS_OP_ZERO)
		slot->host = c->host;
	return set_near(x, c->buffer, c->offset, &slot->near);
}

static int set_reduce(struct xlat *x, const struct nms_reduce *from)
{
	struct nms_hw_reduce *to = &x->slot->param.reduce;
	int ret = set_matrix(x, "input", &from->input, &to->input);

	if (!ret)
		ret = set_matrix(x, "output", &from->output, &to->output);
	to->seed = htole64(from->seed);
	to->oversample = htole32(from->oversample);
	to->iterations = htole32(from->iterations);
	to->scaling = htole32((uint32_t)from->scaling);
	return ret;
}

static int set_embed_places(struct xlat *x, const struct nms_embed *from, struct nms_hw_embed *to)
{
	int ret = set_matrix(x, "features", &from->features, &to->features);

	if (!ret)
		ret = set_matrix(x, "output", &from->output, &to->output);
	if (!ret)
		ret = set_vector_if(x, "labels", &from->labels, &to->labels);
	if (!ret)
		ret = set_vector_if(x, "drop", &from->drop, &to->drop);
	if (!ret)
		ret = set_vector_if(x, "flags", &from->flags, &to->flags);
	if (!ret)
		ret = set_vector_if(x, "trace", &from->trace, &to->trace);
	return ret;
}

static int set_embed(struct xlat *x, const struct nms_embed *from)
{
	struct nms_hw_embed *to = &x->slot->param.embed;

	if ((unsigned int)from->neighbours > NMS_NEIGHBOURS_IVF)
		return nms_fail(-EINVAL, NMS_CAUSE_METHOD, "neighbours: %d is none",
				(int)from->neighbours);
	to->seed = htole64(from->seed);
	to->options = htole32((from->entropy_guided ? NMS_HW_EMBED_ENTROPY : 0) |
			      NMS_HW_EMBED_NEIGHBOURS((uint32_t)from->neighbours));
	to->search = htole32(from->search ? from->search : NMS_SEARCH_NEWTON);
	to->perplexity = real(perplexity_or_default(from->perplexity));
	to->perplexity_min = real(from->perplexity_min);
	to->perplexity_max = real(from->perplexity_max);
	to->candidates = htole32(from->candidates);
	to->tolerance = real(from->tolerance);
	to->evaluations = htole32(from->evaluations);
	to->iterations = htole32(from->iterations);
	to->exaggeration_iterations = htole32(from->exaggeration_iterations);
	to->exaggeration = real(from->exaggeration);
	to->stop = real(from->stop);
	return set_embed_places(x, from, to);
}

static int set_select_places(struct xlat *x, const struct nms_select *from,
			     struct nms_hw_select *to)
{
	const struct {
		const char *name;
		const struct nms_vector *from;
		struct nms_hw_vector *to;
	} v[] = {
		{ "labels", &from->labels, &to->labels },
		{ "mass", &from->mass, &to->mass },
		{ "keep", &from->keep, &to->keep },
		{ "drop", &from->drop, &to->drop },
		{ "quota", &from->quota, &to->quota },
		{ "weight", &from->weight, &to->weight },
	};
	size_t i;
	int ret;

	ret = set_matrix_if(x, "features", &from->features, &to->features);
	if (!ret)
		ret = set_matrix_if(x, "embedding", &from->embedding, &to->embedding);
	if (!ret)
		ret = set_vector(x, "index", &from->index, &to->index);
	for (i = 0; i < sizeof(v) / sizeof(v[0]) && !ret; i++)
		ret = set_vector_if(x, v[i].name, v[i].from, v[i].to);
	return ret;
}

static int set_select(struct xlat *x, const struct nms_select *from)
{
	struct nms_hw_select *to = &x->slot->param.select;
	enum nms_budget budget = from->budget;

	if (!budget)
		budget = from->quota.buffer ? NMS_BUDGET_GIVEN : NMS_BUDGET_PROPORTIONAL;
	to->rows = htole64(from->rows);
	to->count = htole64(from->count);
	to->seed = htole64(from->seed);
	to->rule = htole32(from->rule);
	to->budget = htole32(budget);
	to->search = htole32(from->search ? from->search : NMS_SEARCH_NEWTON);
	to->perplexity = real(perplexity_or_default(from->perplexity));
	to->bandwidth = real(from->bandwidth);
	to->tolerance = real(from->tolerance);
	to->evaluations = htole32(from->evaluations);
	to->neighbours = htole32(from->neighbours);
	return set_select_places(x, from, to);
}

static int set_gather(struct xlat *x, const struct nms_gather *from)
{
	struct nms_hw_gather *to = &x->slot->param.gather;
	uint64_t row, bytes;
	int ret;

	ret = set_matrix(x, "input", &from->input, &to->input);
	if (!ret)
		ret = set_vector(x, "index", &from->index, &to->index);
	if (ret)
		return ret;
	if (!from->host || !from->index.count)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "gather: %s",
				from->host ? "index has no elements" : "host is NULL");
	row = (uint64_t)from->input.cols * nms_dtype_size(from->input.dtype);
	if (__builtin_mul_overflow(row, from->index.count, &bytes) || bytes > from->bytes)
		return nms_fail(-EINVAL, NMS_CAUSE_RANGE,
				"gather: %llu rows of %llu bytes, there is room for %llu bytes at host",
				(unsigned long long)from->index.count, (unsigned long long)row,
				(unsigned long long)from->bytes);
	x->slot->host = from->host;
	x->slot->bytes = bytes;
	return 0;
}

/* The header of the parameter block. */
static void set_header(struct nms_slot *slot, enum nms_op op, uint32_t profile, size_t size)
{
	struct nms_hw_param_header *h = &slot->param.header;

	h->version = htole16(NMS_HW_PARAM_VERSION);
	h->opcode = htole16((uint16_t)op);
	h->size = htole32((uint32_t)size);
	h->profile = htole32(profile);
	slot->param_size = (uint32_t)size;
}

static int translate(struct xlat *x, const struct nms_command *c, uint32_t profile)
{
	struct nms_slot *slot = x->slot;

	switch (c->op) {
	case NMS_OP_NOP:
		return 0;
	case NMS_OP_WRITE:
	case NMS_OP_READ:
	case NMS_OP_ZERO:
		return set_copy(x, c->op, &c->copy);
	case NMS_OP_REDUCE:
		set_header(slot, c->op, profile, sizeof(slot->param.reduce));
		return set_reduce(x, &c->reduce);
	case NMS_OP_EMBED:
		set_header(slot, c->op, profile, sizeof(slot->param.embed));
		return set_embed(x, &c->embed);
	case NMS_OP_SELECT:
		set_header(slot, c->op, profile, sizeof(slot->param.select));
		return set_select(x, &c->select);
	case NMS_OP_GATHER:
		set_header(slot, c->op, profile, sizeof(slot->param.gather));
		return set_gather(x, &c->gather);
	}
	return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "op: 0x%x is no command", (unsigned int)c->op);
}

int nms_command_translate(struct nms_context *context, const struct nms_command *command,
			  uint32_t profile, struct nms_slot *slot, struct nms_uses *uses)
{
	struct xlat x = { .context = context, .slot = slot, .uses = uses };

	slot->op = command->op;
	slot->deadline_ms = command->deadline_ms;
	return translate(&x, command, profile);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parameter blocks: copied once, validated field by field, with the ranges in the
 * place of the handles that the user named.  What can be known only from the data
 * (labels, indices, finite values), and whether outputs overlap, the device says.
 */
#include <linux/dmapool.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "nms_drv.h"

union nms_param {
	struct nms_hw_param_header header;
	struct nms_hw_reduce reduce;
	struct nms_hw_embed embed;
	struct nms_hw_select select;
	struct nms_hw_gather gather;
};

/* ---- what each operation takes ------------------------------------------------- */

enum nms_operand_flag {
	NMS_MATRIX	= 0x1,	/* else a vector */
	NMS_WRITTEN	= 0x2,
	NMS_OPTIONAL	= 0x4,
	NMS_ANY_TYPE	= 0x8,	/* not only binary32 */
	NMS_MOVED	= 0x10,	/* may be integers too: nothing is computed with them */
	NMS_PADDED	= 0x20,	/* the rest of each row is written too */
};

struct nms_operand {
	u16 offset;		/* in the block */
	u16 same;		/* where the number stands that its rows or elements must be */
	u8 cols;		/* that it must have; 0: any */
	u8 flags;
};

enum nms_number_kind {
	NMS_INTEGER,		/* from least to most */
	NMS_FINITE,
	NMS_NOT_NEGATIVE,
	NMS_FACTOR,		/* from 1, or 0 for the default */
	NMS_PERPLEXITY,		/* above 1 */
	NMS_PERPLEXITY_OR_0,
};

struct nms_number {
	u16 offset;
	u8 kind;
	u8 rule;		/* SELECT: with this rule only; 0: always */
	u32 least, most;
};

struct nms_param_type {
	size_t size;
	const struct nms_operand *operands;
	unsigned int noperands;
	const struct nms_number *numbers;
	unsigned int nnumbers;
	int (*check)(const union nms_param *p, u32 *field);
};

#define NMS_REDUCE_AT(member)	offsetof(struct nms_hw_reduce, member)
#define NMS_EMBED_AT(member)	offsetof(struct nms_hw_embed, member)
#define NMS_SELECT_AT(member)	offsetof(struct nms_hw_select, member)
#define NMS_GATHER_AT(member)	offsetof(struct nms_hw_gather, member)

static const struct nms_operand nms_reduce_operands[] = {
	{ NMS_REDUCE_AT(input), 0, 0, NMS_MATRIX | NMS_ANY_TYPE },
	{ NMS_REDUCE_AT(output), NMS_REDUCE_AT(input.rows), 0,
	  NMS_MATRIX | NMS_WRITTEN | NMS_PADDED },
};

static const struct nms_number nms_reduce_numbers[] = {
	{ NMS_REDUCE_AT(scaling), NMS_INTEGER, 0, 0, NMS_HW_SCALING_QUARTER_WHITE },
	{ NMS_REDUCE_AT(reserved), NMS_INTEGER, 0, 0, 0 },
};

static const struct nms_operand nms_embed_operands[] = {
	{ NMS_EMBED_AT(features), 0, 0, NMS_MATRIX },
	{ NMS_EMBED_AT(output), NMS_EMBED_AT(features.rows), 2, NMS_MATRIX | NMS_WRITTEN },
	{ NMS_EMBED_AT(labels), NMS_EMBED_AT(features.rows), 0, NMS_OPTIONAL },
	{ NMS_EMBED_AT(drop), 0, 0, NMS_OPTIONAL },
	{ NMS_EMBED_AT(flags), NMS_EMBED_AT(features.rows), 0, NMS_OPTIONAL | NMS_WRITTEN },
	{ NMS_EMBED_AT(trace), 0, 0, NMS_OPTIONAL | NMS_WRITTEN },
};

static const struct nms_number nms_embed_numbers[] = {
	{ NMS_EMBED_AT(options), NMS_INTEGER, 0, 0,
	  NMS_HW_EMBED_ENTROPY | NMS_HW_EMBED_NEIGHBOURS(NMS_HW_NEIGHBOURS_IVF) },
	{ NMS_EMBED_AT(search), NMS_INTEGER, 0, NMS_HW_SEARCH_NEWTON, NMS_HW_SEARCH_FWA },
	{ NMS_EMBED_AT(perplexity), NMS_PERPLEXITY },
	{ NMS_EMBED_AT(perplexity_min), NMS_PERPLEXITY_OR_0 },
	{ NMS_EMBED_AT(perplexity_max), NMS_PERPLEXITY_OR_0 },
	{ NMS_EMBED_AT(tolerance), NMS_NOT_NEGATIVE },
	{ NMS_EMBED_AT(exaggeration), NMS_FACTOR },
	{ NMS_EMBED_AT(stop), NMS_FINITE },
};

static const struct nms_operand nms_select_operands[] = {
	{ NMS_SELECT_AT(features), NMS_SELECT_AT(rows), 0, NMS_MATRIX | NMS_OPTIONAL },
	{ NMS_SELECT_AT(embedding), NMS_SELECT_AT(rows), 2, NMS_MATRIX | NMS_OPTIONAL },
	{ NMS_SELECT_AT(labels), NMS_SELECT_AT(rows), 0, NMS_OPTIONAL },
	{ NMS_SELECT_AT(mass), NMS_SELECT_AT(rows), 0, NMS_OPTIONAL },
	{ NMS_SELECT_AT(keep), 0, 0, NMS_OPTIONAL },
	{ NMS_SELECT_AT(drop), 0, 0, NMS_OPTIONAL },
	{ NMS_SELECT_AT(quota), 0, 0, NMS_OPTIONAL },
	{ NMS_SELECT_AT(index), NMS_SELECT_AT(count), 0, NMS_WRITTEN },
	{ NMS_SELECT_AT(weight), NMS_SELECT_AT(count), 0, NMS_OPTIONAL | NMS_WRITTEN },
};

static const struct nms_number nms_select_numbers[] = {
	{ NMS_SELECT_AT(rule), NMS_INTEGER, 0, NMS_HW_RULE_RANDOM, NMS_HW_RULE_EDITED },
	{ NMS_SELECT_AT(budget), NMS_INTEGER, 0, NMS_HW_BUDGET_PROPORTIONAL, NMS_HW_BUDGET_GIVEN },
	{ NMS_SELECT_AT(search), NMS_INTEGER, NMS_HW_RULE_FACILITY,
	  NMS_HW_SEARCH_NEWTON, NMS_HW_SEARCH_FWA },
	{ NMS_SELECT_AT(perplexity), NMS_PERPLEXITY, NMS_HW_RULE_FACILITY },
	{ NMS_SELECT_AT(tolerance), NMS_NOT_NEGATIVE, NMS_HW_RULE_FACILITY },
	{ NMS_SELECT_AT(bandwidth), NMS_NOT_NEGATIVE, NMS_HW_RULE_HERDING },
	{ NMS_SELECT_AT(bandwidth), NMS_NOT_NEGATIVE, NMS_HW_RULE_EDITED },
	{ NMS_SELECT_AT(neighbours), NMS_INTEGER, NMS_HW_RULE_FACILITY, 0,
	  NMS_HW_NEIGHBOURS_IVF },
};

static const struct nms_operand nms_gather_operands[] = {
	{ NMS_GATHER_AT(input), 0, 0, NMS_MATRIX | NMS_ANY_TYPE | NMS_MOVED },
	{ NMS_GATHER_AT(index), 0, 0, 0 },
};

static int nms_refuse(u32 *field, size_t offset, int err)
{
	*field = NMS_FIELD_PARAM | offset;
	return err;
}

/* ---- what is not a matter of one field ------------------------------------------ */

static int nms_check_reduce(const union nms_param *p, u32 *field)
{
	u64 most = min_t(u64, le64_to_cpu(p->reduce.input.rows) - 1,
			 le32_to_cpu(p->reduce.input.cols));

	/* Without rows or columns it is the input that is refused. */
	if (most && le32_to_cpu(p->reduce.output.cols) > most)
		return nms_refuse(field, NMS_REDUCE_AT(output.cols), -EINVAL);
	return 0;
}

/* Positive binary32 compare as their bits do. */
static int nms_check_embed(const union nms_param *p, u32 *field)
{
	u32 least = le32_to_cpu(p->embed.perplexity_min);
	u32 most = le32_to_cpu(p->embed.perplexity_max);

	if (least && most && most < least)
		return nms_refuse(field, NMS_EMBED_AT(perplexity_max), -EINVAL);
	if (le64_to_cpu(p->embed.trace.count) % (sizeof(struct nms_hw_trace) / 4))
		return nms_refuse(field, NMS_EMBED_AT(trace.count), -EINVAL);
	return 0;
}

static int nms_check_select(const union nms_param *p, u32 *field)
{
	u64 rows = le64_to_cpu(p->select.rows), count = le64_to_cpu(p->select.count);
	bool given = le32_to_cpu(p->select.budget) == NMS_HW_BUDGET_GIVEN;

	if (!rows || rows > U32_MAX)
		return nms_refuse(field, NMS_SELECT_AT(rows), -EINVAL);
	if (!count || count > rows)
		return nms_refuse(field, NMS_SELECT_AT(count), -EINVAL);
	if (le64_to_cpu(p->select.keep.count) > count)
		return nms_refuse(field, NMS_SELECT_AT(keep.count), -EINVAL);
	if (given != !!p->select.quota.near.range)
		return nms_refuse(field, NMS_SELECT_AT(quota), -EINVAL);
	return 0;
}

#define NMS_PARAM_TYPE(name)							\
	.size = sizeof(struct nms_hw_##name),					\
	.operands = nms_##name##_operands,					\
	.noperands = ARRAY_SIZE(nms_##name##_operands)
#define NMS_PARAM_NUMBERS(name)							\
	.numbers = nms_##name##_numbers,					\
	.nnumbers = ARRAY_SIZE(nms_##name##_numbers),				\
	.check = nms_check_##name

static const struct nms_param_type nms_param_types[] = {
	[NMS_HW_REDUCE - NMS_HW_REDUCE] = { NMS_PARAM_TYPE(reduce), NMS_PARAM_NUMBERS(reduce) },
	[NMS_HW_EMBED - NMS_HW_REDUCE] = { NMS_PARAM_TYPE(embed), NMS_PARAM_NUMBERS(embed) },
	[NMS_HW_SELECT - NMS_HW_REDUCE] = { NMS_PARAM_TYPE(select), NMS_PARAM_NUMBERS(select) },
	[NMS_HW_GATHER - NMS_HW_REDUCE] = { NMS_PARAM_TYPE(gather) },
};

/* ---- numbers ------------------------------------------------------------------- */

#define NMS_FLOAT_1	0x3f800000u
#define NMS_FLOAT_INF	0x7f800000u
#define NMS_FLOAT_SIGN	0x80000000u

static bool nms_number_fits(const struct nms_number *n, u32 value)
{
	bool finite = (value & ~NMS_FLOAT_SIGN) < NMS_FLOAT_INF;

	switch (n->kind) {
	case NMS_INTEGER:
		return value >= n->least && value <= n->most;
	case NMS_FINITE:
		return finite;
	case NMS_NOT_NEGATIVE:
		return value < NMS_FLOAT_INF || value == NMS_FLOAT_SIGN;
	case NMS_FACTOR:
		return !value || (value >= NMS_FLOAT_1 && value < NMS_FLOAT_INF);
	case NMS_PERPLEXITY_OR_0:
		if (!value)
			return true;
		fallthrough;
	case NMS_PERPLEXITY:
		return value > NMS_FLOAT_1 && value < NMS_FLOAT_INF;
	}
	return false;
}

static int nms_check_numbers(const struct nms_param_type *type, const union nms_param *p,
			     u32 *field)
{
	for (unsigned int i = 0; i < type->nnumbers; i++) {
		const struct nms_number *n = &type->numbers[i];
		const __le32 *at = (const void *)p + n->offset;

		if (n->rule && n->rule != le32_to_cpu(p->select.rule))
			continue;
		if (!nms_number_fits(n, le32_to_cpu(*at)))
			return nms_refuse(field, n->offset, -EINVAL);
	}
	return 0;
}

/* ---- operands ------------------------------------------------------------------ */

/* Bytes of an element, 0: the operation does not know the type. */
static unsigned int nms_element_size(const struct nms_operand *o, u8 dtype)
{
	if (dtype == NMS_HW_F32 || (dtype == NMS_HW_U32 && (o->flags & NMS_MOVED)))
		return 4;
	if (!(o->flags & NMS_ANY_TYPE))
		return 0;
	switch (dtype) {
	case NMS_HW_U8:
	case NMS_HW_I8:
		return 1;
	case NMS_HW_F16:
	case NMS_HW_BF16:
		return 2;
	case NMS_HW_F64:
		return 8;
	default:
		return 0;
	}
}

/* As many rows or elements as another field of the block says. */
static bool nms_same_count(const struct nms_operand *o, const union nms_param *p, u64 count)
{
	const __le64 *at = (const void *)p + o->same;

	return count && count <= U32_MAX && (!o->same || count == le64_to_cpu(*at));
}

/* Fields in the order in which they stand; @length: bytes from its beginning to its end. */
static int nms_check_matrix(const struct nms_operand *o, const union nms_param *p, u64 *length,
			    u32 *field)
{
	const struct nms_hw_matrix *m = (const void *)p + o->offset;
	unsigned int element = nms_element_size(o, m->dtype);
	u64 rows = le64_to_cpu(m->rows), stride = le64_to_cpu(m->stride);
	u64 row = (u64)le32_to_cpu(m->cols) * element;

#define NMS_REFUSE(member, err) \
	nms_refuse(field, o->offset + offsetof(struct nms_hw_matrix, member), err)
	if (memchr_inv(m->reserved, 0, sizeof(m->reserved)))
		return NMS_REFUSE(reserved, -EINVAL);
	if (!element)
		return NMS_REFUSE(dtype, -EINVAL);
	if (!m->cols || (o->cols && o->cols != le32_to_cpu(m->cols)))
		return NMS_REFUSE(cols, -EINVAL);
	if (!nms_same_count(o, p, rows))
		return NMS_REFUSE(rows, -EINVAL);
	if (stride < row || (!(o->flags & NMS_ANY_TYPE) && stride % 4))
		return NMS_REFUSE(stride, -EINVAL);
	if (!(o->flags & NMS_ANY_TYPE) && le64_to_cpu(m->near.offset) % 4)
		return NMS_REFUSE(near.offset, -EINVAL);
	if (check_mul_overflow(rows - 1, stride, length) ||
	    check_add_overflow(*length, o->flags & NMS_PADDED ? stride : row, length))
		return NMS_REFUSE(stride, -ERANGE);
#undef NMS_REFUSE
	return 0;
}

static int nms_check_vector(const struct nms_operand *o, const union nms_param *p, u64 *length,
			    u32 *field)
{
	const struct nms_hw_vector *v = (const void *)p + o->offset;

	if (!nms_same_count(o, p, le64_to_cpu(v->count)))
		return nms_refuse(field, o->offset + offsetof(struct nms_hw_vector, count),
				  -EINVAL);
	if (le64_to_cpu(v->near.offset) % 4)
		return nms_refuse(field, o->offset + offsetof(struct nms_hw_vector, near.offset),
				  -EINVAL);
	*length = 4 * le64_to_cpu(v->count);
	return 0;
}

/* The range and its generation belong together; contents that were lost are not read. */
static int nms_place(struct nms_buffer *buffer, struct nms_hw_near *near, bool read)
{
	bool lost;

	mutex_lock(&buffer->lock);
	near->range = cpu_to_le32(buffer->range);
	near->generation = cpu_to_le32(buffer->range_generation);
	lost = buffer->dead || (read && buffer->lost);
	mutex_unlock(&buffer->lock);
	return lost ? -ESTALE : 0;
}

/* From a handle to a range.  The handle is kept until the job has ended. */
static int nms_resolve(struct nms_context *ctx, struct nms_compute *c, const struct nms_operand *o,
		       struct nms_hw_near *near, u64 length, u32 *field)
{
	bool written = o->flags & NMS_WRITTEN;
	struct nms_handle *handle;
	u64 end;

#define NMS_REFUSE(member, err) \
	nms_refuse(field, o->offset + offsetof(struct nms_hw_near, member), err)
	if (near->generation)
		return NMS_REFUSE(generation, -EINVAL);
	handle = nms_handle_get(ctx, le32_to_cpu(near->range));
	if (!handle)
		return NMS_REFUSE(range, -EBADF);
	c->handles[c->nhandles++] = handle;
	if (!(handle->access & (written ? NMS_ACCESS_WRITE : NMS_ACCESS_READ)))
		return NMS_REFUSE(range, -EACCES);
	if (check_add_overflow(le64_to_cpu(near->offset), length, &end) ||
	    end > handle->buffer->size)
		return NMS_REFUSE(offset, -ERANGE);
	if (nms_place(handle->buffer, near, !written))
		return NMS_REFUSE(range, -ESTALE);
#undef NMS_REFUSE
	return 0;
}

/* What rules look at beside indices. */
static bool nms_is_needed(const struct nms_operand *o, const union nms_param *p)
{
	if (!(o->flags & NMS_OPTIONAL))
		return true;
	if (le16_to_cpu(p->header.opcode) != NMS_HW_SELECT)
		return false;
	switch (le32_to_cpu(p->select.rule)) {
	case NMS_HW_RULE_RANDOM:
		return false;
	case NMS_HW_RULE_GRID:
	case NMS_HW_RULE_STRATA:
		return o->offset == NMS_SELECT_AT(embedding);
	default:
		return o->offset == NMS_SELECT_AT(features);
	}
}

static int nms_check_operand(struct nms_context *ctx, struct nms_compute *c,
			     const struct nms_operand *o, union nms_param *p, u32 *field)
{
	bool matrix = o->flags & NMS_MATRIX;
	size_t size = matrix ? sizeof(struct nms_hw_matrix) : sizeof(struct nms_hw_vector);
	struct nms_hw_near *near = (void *)p + o->offset;
	u64 length;
	int err;

	/* Both begin with where they are. */
	BUILD_BUG_ON(offsetof(struct nms_hw_matrix, near.range) ||
		     offsetof(struct nms_hw_vector, near.range));
	if (!near->range && nms_is_needed(o, p))
		return nms_refuse(field, o->offset, -EBADF);
	if (!near->range)
		return memchr_inv(near, 0, size) ? nms_refuse(field, o->offset, -EINVAL) : 0;
	err = matrix ? nms_check_matrix(o, p, &length, field) :
		       nms_check_vector(o, p, &length, field);
	return err ? err : nms_resolve(ctx, c, o, near, length, field);
}

/* ---- the block ----------------------------------------------------------------- */

static bool nms_has_profile(struct nms_device *nms, u32 profile)
{
	const struct nms_hw_identify *id = nms->identify;
	unsigned int n = min_t(u32, le16_to_cpu(id->profiles), ARRAY_SIZE(id->profile));

	for (unsigned int i = 0; i < n; i++)
		if (le32_to_cpu(id->profile[i].profile) == profile)
			return true;
	return !profile;
}

static int nms_check_header(struct nms_device *nms, const struct nms_cmd *cmd,
			    const struct nms_hw_param_header *h, u32 *field)
{
#define NMS_REFUSE(member) \
	nms_refuse(field, offsetof(struct nms_hw_param_header, member), -EINVAL)
	if (le16_to_cpu(h->version) != NMS_HW_PARAM_VERSION)
		return NMS_REFUSE(version);
	if (le16_to_cpu(h->opcode) != cmd->op)
		return NMS_REFUSE(opcode);
	if (le32_to_cpu(h->size) != cmd->param_size)
		return NMS_REFUSE(size);
	if (!nms_has_profile(nms, le32_to_cpu(h->profile)))
		return NMS_REFUSE(profile);
	if (h->reserved)
		return NMS_REFUSE(reserved);
#undef NMS_REFUSE
	return 0;
}

static int nms_check_param(struct nms_context *ctx, const struct nms_cmd *cmd,
			   const struct nms_param_type *type, struct nms_compute *c,
			   union nms_param *p, u32 *field)
{
	int err;

	err = nms_check_header(ctx->nms, cmd, &p->header, field);
	if (!err)
		err = nms_check_numbers(type, p, field);
	if (!err && type->check)
		err = type->check(p, field);
	for (unsigned int i = 0; !err && i < type->noperands; i++)
		err = nms_check_operand(ctx, c, &type->operands[i], p, field);
	return err;
}

/* Rows of at most 2^35 bytes, below 2^32 of them. */
static int nms_gather_length(const struct nms_hw_gather *p, struct nms_job_cmd *cmd, u32 *field)
{
	unsigned int element = nms_element_size(&nms_gather_operands[0], p->input.dtype);
	u64 row = (u64)le32_to_cpu(p->input.cols) * element;

	if (check_mul_overflow(le64_to_cpu(p->index.count), row, &cmd->one.length) ||
	    cmd->one.length > cmd->user.length) {
		*field = offsetof(struct nms_cmd, length);
		return -EMSGSIZE;
	}
	return 0;
}

static int nms_param_block(struct nms_device *nms, struct nms_job_cmd *cmd,
			   const union nms_param *p, size_t size)
{
	struct nms_compute *c = cmd->compute;
	struct nms_hw_cmd *hw = &cmd->one.req.cmd;

	c->param = dma_pool_alloc(nms->blocks, GFP_KERNEL, &c->param_dma);
	if (!c->param)
		return -ENOMEM;
	memcpy(c->param, p, size);
	hw->compute.param = cpu_to_le64(c->param_dma);
	hw->compute.param_size = cpu_to_le32(size);
	return 0;
}

/* What can be undone by nms_param_free_block() and nms_param_put_handles() on an error, too. */
int nms_param_prepare(struct nms_job *job, struct nms_job_cmd *cmd, u32 *field)
{
	const struct nms_param_type *type = &nms_param_types[cmd->user.op - NMS_CMD_REDUCE];
	union nms_param p;
	int err;

	BUILD_BUG_ON(NMS_CMD_REDUCE != (int)NMS_HW_REDUCE || NMS_CMD_EMBED != (int)NMS_HW_EMBED ||
		     NMS_CMD_SELECT != (int)NMS_HW_SELECT || NMS_CMD_GATHER != (int)NMS_HW_GATHER);
	if (cmd->user.param_size != type->size) {
		*field = offsetof(struct nms_cmd, param_size);
		return -EINVAL;
	}
	if (copy_from_user(&p, u64_to_user_ptr(cmd->user.param), type->size)) {
		*field = offsetof(struct nms_cmd, param);
		return -EFAULT;
	}
	cmd->compute = kzalloc(sizeof(*cmd->compute), GFP_KERNEL_ACCOUNT);
	if (!cmd->compute)
		return -ENOMEM;
	cmd->compute->job = job;
	cmd->compute->piece = &cmd->one;
	INIT_LIST_HEAD(&cmd->compute->link);
	err = nms_check_param(job->context, &cmd->user, type, cmd->compute, &p, field);
	if (!err && cmd->user.op == NMS_CMD_GATHER)
		err = nms_gather_length(&p.gather, cmd, field);
	if (err)
		return err;
	cmd->compute->units = nms_sched_units(&p);
	return nms_param_block(job->context->nms, cmd, &p, type->size);
}

/* Any context; not if the device may still read it. */
void nms_param_free_block(struct nms_device *nms, struct nms_job_cmd *cmd)
{
	struct nms_compute *c = cmd->compute;

	if (!c || !c->param)
		return;
	if (!cmd->mem.lost)
		dma_pool_free(nms->blocks, c->param, c->param_dma);
	c->param = NULL;
}

void nms_param_put_handles(struct nms_job_cmd *cmd)
{
	struct nms_compute *c = cmd->compute;

	while (c && c->nhandles)
		nms_handle_put(c->handles[--c->nhandles]);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Why the device ended a command, in words. */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

struct outcome {
	uint16_t status;
	int error;
	enum nms_cause cause;
	const char *text;
};

static const struct outcome outcomes[] = {
	{ NMS_HW_OK, 0, NMS_CAUSE_NONE,
	  "success" },
	{ NMS_HW_INVALID_OPCODE, -EINVAL, NMS_CAUSE_ARGUMENT,
	  "no such command" },
	{ NMS_HW_INVALID_FIELD, -EINVAL, NMS_CAUSE_ARGUMENT,
	  "field out of its range" },
	{ NMS_HW_INVALID_VERSION, -EINVAL, NMS_CAUSE_ARGUMENT,
	  "unknown version of the parameter block" },
	{ NMS_HW_INVALID_SIZE, -EINVAL, NMS_CAUSE_ARGUMENT,
	  "block of the wrong size" },
	{ NMS_HW_RESERVED_NOT_ZERO, -EINVAL, NMS_CAUSE_ARGUMENT,
	  "reserved field is not zero" },
	{ NMS_HW_NO_RANGE, -EINVAL, NMS_CAUSE_ARGUMENT,
	  "no such range" },
	{ NMS_HW_STALE_RANGE, -ESTALE, NMS_CAUSE_DEVICE,
	  "stale range" },
	{ NMS_HW_NO_RIGHT, -EACCES, NMS_CAUSE_RIGHT,
	  "no right on the range" },
	{ NMS_HW_OUT_OF_RANGE, -EINVAL, NMS_CAUSE_RANGE,
	  "beyond the end of the range" },
	{ NMS_HW_NO_SPACE, -ENOSPC, NMS_CAUSE_NEAR_MEMORY,
	  "near memory is full" },
	{ NMS_HW_DMA_ERROR, -EFAULT, NMS_CAUSE_ARGUMENT,
	  "host memory could not be reached" },
	{ NMS_HW_NOT_FINITE, -EINVAL, NMS_CAUSE_NOT_FINITE,
	  "value is NaN, infinite or too large" },
	{ NMS_HW_BAD_COUNT, -EINVAL, NMS_CAUSE_COUNT,
	  "more exemplars than rows, or none" },
	{ NMS_HW_BAD_FEATURES, -EINVAL, NMS_CAUSE_FEATURES,
	  "more features than the data can have" },
	{ NMS_HW_BAD_PERPLEXITY, -EINVAL, NMS_CAUSE_PERPLEXITY,
	  "perplexity out of its range" },
	{ NMS_HW_BAD_INDEX, -EINVAL, NMS_CAUSE_INDEX,
	  "index is not a row, or names it twice" },
	{ NMS_HW_BAD_QUOTA, -EINVAL, NMS_CAUSE_QUOTA,
	  "quotas do not fit the classes" },
	{ NMS_HW_BAD_PROFILE, -EINVAL, NMS_CAUSE_PROFILE,
	  "no such arithmetic profile" },
	{ NMS_HW_DIVERGED, -EDOM, NMS_CAUSE_DIVERGED,
	  "the embedding diverged" },
	{ NMS_HW_NO_MEMORY, -ENOMEM, NMS_CAUSE_MEMORY,
	  "out of working memory" },
	{ NMS_HW_CANCELLED, -ECANCELED, NMS_CAUSE_CANCELLED,
	  "cancelled" },
	{ NMS_HW_DEADLINE, -ETIME, NMS_CAUSE_DEADLINE,
	  "deadline has passed" },
	{ NMS_HW_ABORTED, -ECANCELED, NMS_CAUSE_CANCELLED,
	  "aborted" },
	{ NMS_HW_INTERNAL, -EIO, NMS_CAUSE_DEVICE,
	  "internal error of the device" },
};

/* Names of the fields of a block, by their offset; each reaches to the next. */
struct field {
	size_t offset;
	const char *name;
};

#define F(type, name) { offsetof(struct nms_hw_##type, name), #name }

static const struct field cmd_fields[] = {
	{ 0, "op" }, { 8, "buffer" }, { 24, "bytes" }, { 32, "host" }, { 44, "deadline_ms" },
};

static const struct field reduce_fields[] = {
	{ 0, "header" }, { 8, "profile" }, F(reduce, input), F(reduce, output), F(reduce, seed),
	F(reduce, oversample), F(reduce, iterations),
	F(reduce, scaling),
};

static const struct field embed_fields[] = {
	{ 0, "header" }, { 8, "profile" }, F(embed, features), F(embed, output), F(embed, labels),
	F(embed, drop), F(embed, flags), F(embed, trace), F(embed, seed), F(embed, options),
	F(embed, search), F(embed, perplexity), F(embed, perplexity_min),
	F(embed, perplexity_max), F(embed, candidates), F(embed, tolerance),
	F(embed, evaluations), F(embed, iterations), F(embed, exaggeration_iterations),
	F(embed, exaggeration), F(embed, stop),
};

static const struct field select_fields[] = {
	{ 0, "header" }, { 8, "profile" }, F(select, features), F(select, embedding),
	F(select, labels), F(select, mass), F(select, keep), F(select, drop), F(select, quota),
	F(select, index), F(select, weight), F(select, rows), F(select, count), F(select, seed),
	F(select, rule), F(select, budget), F(select, search), F(select, perplexity),
	F(select, bandwidth), F(select, tolerance), F(select, evaluations),
	F(select, neighbours),
};

static const struct field gather_fields[] = {
	{ 0, "header" }, { 8, "profile" }, F(gather, input), F(gather, index),
};

#define TABLE(t) (t), sizeof(t) / sizeof((t)[0])

static const char *name_in(const struct field *fields, size_t n, size_t offset)
{
	while (n > 1 && fields[n - 1].offset > offset)
		n--;
	return fields[n - 1].name;
}

const char *nms_fault_param_name(enum nms_op op, size_t offset)
{
	switch (op) {
	case NMS_OP_REDUCE:
		return name_in(TABLE(reduce_fields), offset);
	case NMS_OP_EMBED:
		return name_in(TABLE(embed_fields), offset);
	case NMS_OP_SELECT:
		return name_in(TABLE(select_fields), offset);
	case NMS_OP_GATHER:
		return name_in(TABLE(gather_fields), offset);
	default:
		return "param";
	}
}

static const char *field_name(const struct nms_slot *slot, size_t offset)
{
	if (slot->param_size)
		return nms_fault_param_name(slot->op, offset);
	return name_in(TABLE(cmd_fields), offset);
}

static const struct outcome *outcome_find(uint32_t status)
{
	size_t i;

	for (i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++)
		if (outcomes[i].status == status)
			return &outcomes[i];
	return &outcomes[sizeof(outcomes) / sizeof(outcomes[0]) - 1];
}

const char *nms_status_text(uint32_t status)
{
	return outcome_find(status)->text;
}

static double real64(__le64 word)
{
	uint64_t bits = le64toh(word);
	double d;

	memcpy(&d, &bits, sizeof(d));
	return d;
}

/* The text for those causes whose figures say more than the field's name. */
static int figures_text(const struct nms_slot *slot, enum nms_cause cause, const char *field,
			char *text, size_t size)
{
	const struct nms_hw_result *r = &slot->result;
	double value = real64(r->error_value), limit = real64(r->error_limit);

	switch (cause) {
	case NMS_CAUSE_NOT_FINITE:
		return snprintf(text, size, "row %llu, column %llu: %g is %s",
				(unsigned long long)le64toh(r->error_row),
				(unsigned long long)le64toh(r->error_col), value,
				value - value == 0 ? "too large" : "not a finite number");
	case NMS_CAUSE_COUNT:
		return snprintf(text, size, "count: %.0f exemplars wanted, %.0f can be had", value,
				limit);
	case NMS_CAUSE_FEATURES:
		return snprintf(text, size, "features: %.0f wanted, the data can have %.0f", value,
				limit);
	case NMS_CAUSE_PERPLEXITY:
		return snprintf(text, size, "%s: is %g, the limit is %g", field, value, limit);
	case NMS_CAUSE_INDEX:
		return snprintf(text, size, value > limit ?
				"%s: entry %llu is row %.0f, the last one is %.0f" :
				"%s: entry %llu is row %.0f, which is listed twice or dropped",
				field, (unsigned long long)le64toh(r->error_row), value, limit);
	case NMS_CAUSE_QUOTA:
		return snprintf(text, size, "%s: %s (found %.0f, the limit is %.0f)", field,
				nms_cause_text(cause), value, limit);
	case NMS_CAUSE_ARGUMENT:
		if (value == 0 && limit == 0)
			return 0;
		return snprintf(text, size, "%s: out of its range (found %g, the limit is %g)",
				field, value, limit);
	default:
		return 0;
	}
}

static void describe(const struct nms_slot *slot, const struct outcome *o, size_t offset,
		     struct nms_error *e)
{
	const struct nms_hw_result *r = &slot->result;
	const char *field;

	/* An opcode that no program can give here: the fault is in the command itself. */
	if (slot->param_size && le32toh(r->size))
		offset = le32toh(r->error_field);
	field = field_name(slot, offset);
	if (slot->param_size && figures_text(slot, e->cause, field, e->text, sizeof(e->text)) > 0)
		return;
	switch (e->cause) {
	case NMS_CAUSE_ARGUMENT:
	case NMS_CAUSE_RANGE:
	case NMS_CAUSE_RIGHT:
		snprintf(e->text, sizeof(e->text), "%s: %s", field, o->text);
		break;
	default:
		snprintf(e->text, sizeof(e->text), "%s", o->text);
	}
}

void nms_fault_describe(const struct nms_slot *slot, uint32_t status, uint32_t detail,
			struct nms_error *e)
{
	const struct outcome *o = outcome_find(status);

	memset(e, 0, sizeof(*e));
	e->error = o->error;
	e->cause = o->cause;
	if (!e->error)
		return;
	if (slot->param_size) {
		e->row = le64toh(slot->result.error_row);
		e->col = le64toh(slot->result.error_col);
	}
	describe(slot, o, detail, e);
}

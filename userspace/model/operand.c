// SPDX-License-Identifier: LGPL-2.1-or-later
#include "operand.h"

#include <stdlib.h>

#define IN_MATRIX(field, member) ((field) + offsetof(struct nms_hw_matrix, member))
#define IN_VECTOR(field, member) ((field) + offsetof(struct nms_hw_vector, member))

static bool all_zero(const void *p, size_t size)
{
	const uint8_t *byte = p;
	uint8_t any = 0;

	for (size_t i = 0; i < size; i++)
		any |= byte[i];
	return !any;
}

/* Which part of a struct nms_hw_near a refusal is about. */
static size_t near_part(enum nms_hw_status status)
{
	switch (status) {
	case NMS_HW_STALE_RANGE:
		return offsetof(struct nms_hw_near, generation);
	case NMS_HW_OUT_OF_RANGE:
		return offsetof(struct nms_hw_near, offset);
	default:
		return offsetof(struct nms_hw_near, range);
	}
}

static enum nms_hw_status claim(struct exec *x, unsigned int slot, size_t field,
				const struct nms_hw_near *near, uint64_t length,
				unsigned int align, unsigned int flags)
{
	struct near_claim *c = &x->hold.claim[slot];
	enum nms_hw_status status;

	status = near_claim(x->model->near, x->cmd->context, near, length,
			    flags & OPERAND_WRITE, c);
	if (status)
		return exec_fail(x, status, field + near_part(status));
	c->field = (uint32_t)field;
	if ((uintptr_t)c->at % align)
		return exec_fail(x, NMS_HW_INVALID_FIELD,
				 field + offsetof(struct nms_hw_near, offset));
	return NMS_HW_OK;
}

static enum nms_hw_status matrix_shape(struct exec *x, size_t field,
				       const struct nms_hw_matrix *m, unsigned int flags,
				       uint64_t *row_bytes)
{
	size_t element = m->dtype == NMS_HW_U32 && (flags & OPERAND_U32) ?
			 4 : eng_dtype_size((enum eng_dtype)m->dtype);

	if (!all_zero(m->reserved, sizeof(m->reserved)))
		return exec_fail(x, NMS_HW_RESERVED_NOT_ZERO, IN_MATRIX(field, reserved));
	if (!element || ((flags & OPERAND_F32) && m->dtype != NMS_HW_F32))
		return exec_fail(x, NMS_HW_INVALID_FIELD, IN_MATRIX(field, dtype));
	if (!m->cols)
		return exec_fail(x, NMS_HW_INVALID_FIELD, IN_MATRIX(field, cols));
	if (!m->rows || m->rows > UINT32_MAX)
		return exec_fail(x, NMS_HW_INVALID_FIELD, IN_MATRIX(field, rows));
	*row_bytes = (uint64_t)m->cols * element;
	if (m->stride < *row_bytes || ((flags & OPERAND_F32) && m->stride % 4))
		return exec_fail(x, NMS_HW_INVALID_FIELD, IN_MATRIX(field, stride));
	return NMS_HW_OK;
}

enum nms_hw_status operand_matrix(struct exec *x, unsigned int slot, size_t field,
				  const struct nms_hw_matrix *m, unsigned int flags)
{
	uint64_t row_bytes = 0, length;
	enum nms_hw_status status;

	if (!m->near.range) {
		if (!(flags & OPERAND_OPTIONAL))
			return exec_fail(x, NMS_HW_NO_RANGE, IN_MATRIX(field, near.range));
		return all_zero(m, sizeof(*m)) ? NMS_HW_OK :
		       exec_fail(x, NMS_HW_RESERVED_NOT_ZERO, field);
	}
	status = matrix_shape(x, field, m, flags, &row_bytes);
	if (status)
		return status;
	if (__builtin_mul_overflow(m->rows - 1, m->stride, &length) ||
	    __builtin_add_overflow(length, flags & OPERAND_PADDED ? m->stride : row_bytes,
				   &length))
		return exec_fail(x, NMS_HW_OUT_OF_RANGE, IN_MATRIX(field, stride));
	return claim(x, slot, field, &m->near, length, flags & OPERAND_F32 ? 4 : 1, flags);
}

enum nms_hw_status operand_vector(struct exec *x, unsigned int slot, size_t field,
				  const struct nms_hw_vector *v, uint64_t count,
				  unsigned int flags)
{
	if (!v->near.range) {
		if (!(flags & OPERAND_OPTIONAL))
			return exec_fail(x, NMS_HW_NO_RANGE, IN_VECTOR(field, near.range));
		return all_zero(v, sizeof(*v)) ? NMS_HW_OK :
		       exec_fail(x, NMS_HW_RESERVED_NOT_ZERO, field);
	}
	if (!v->count || v->count > UINT32_MAX || (count && v->count != count))
		return exec_fail_at(x, NMS_HW_INVALID_FIELD, IN_VECTOR(field, count), 0, 0,
				    (double)v->count, (double)count);
	return claim(x, slot, field, &v->near, v->count * 4, 4, flags);
}

enum nms_hw_status operand_bytes(struct exec *x, unsigned int slot, size_t field,
				 const struct nms_hw_near *near, uint64_t length,
				 unsigned int flags)
{
	return claim(x, slot, field, near, length, 1, flags);
}

enum nms_hw_status operand_overlaps(struct exec *x)
{
	const struct near_claim *c = x->hold.claim;

	for (unsigned int i = 0; i < NEAR_CLAIMS; i++)
		for (unsigned int j = 0; j < NEAR_CLAIMS; j++)
			if (i != j && c[i].write && near_overlap(&c[i], &c[j]))
				return exec_fail(x, NMS_HW_INVALID_FIELD, c[i].field +
						 offsetof(struct nms_hw_near, offset));
	return NMS_HW_OK;
}

void *operand_at(const struct exec *x, unsigned int slot)
{
	return x->hold.claim[slot].at;
}

struct eng_rows operand_rows(const struct exec *x, unsigned int slot,
			     const struct nms_hw_matrix *m)
{
	return (struct eng_rows){
		.base = operand_at(x, slot),
		.nrows = m->rows,
		.ncols = m->cols,
		.stride = m->stride,
		.dtype = (enum eng_dtype)m->dtype,
	};
}

enum nms_hw_status operand_finite(struct exec *x, unsigned int slot,
				  const struct nms_hw_matrix *m)
{
	struct eng_rows rows = operand_rows(x, slot, m);

	return exec_engine(x, eng_rows_check(&x->env, &rows), NMS_HW_INTERNAL,
			   x->hold.claim[slot].field);
}

/* Set the bits of a list's rows.  @once: a bit that is set already is an error. */
static enum nms_hw_status mark(struct exec *x, uint8_t *bits, uint64_t n,
			       struct operand_list list, bool once, uint64_t *marked)
{
	const uint32_t *list_at = operand_at(x, list.slot);

	for (uint64_t i = 0; i < list.count; i++) {
		uint32_t row = list_at[i];
		uint8_t bit = (uint8_t)(1u << row % 8);

		if (row >= n || (once && (bits[row / 8] & bit)))
			return exec_fail_at(x, NMS_HW_BAD_INDEX, x->hold.claim[list.slot].field,
					    i, 0, row, (double)(n - 1));
		*marked += !(bits[row / 8] & bit);
		bits[row / 8] |= bit;
	}
	eng_count(&x->env, ENG_COUNT_NEAR_READ, list.count * 4);
	return NMS_HW_OK;
}

enum nms_hw_status operand_lists(struct exec *x, uint64_t n, struct operand_list keep,
				 struct operand_list drop, uint64_t *left)
{
	uint64_t dropped = 0, kept = 0;
	enum nms_hw_status status;
	uint8_t *bits;

	*left = n;
	if (!keep.count && !drop.count)
		return NMS_HW_OK;
	bits = calloc(n / 8 + 1, 1);
	if (!bits)
		return exec_fail(x, NMS_HW_NO_MEMORY, 0);
	status = mark(x, bits, n, drop, false, &dropped);
	if (!status)
		status = mark(x, bits, n, keep, true, &kept);
	*left = n - dropped;
	free(bits);
	return status;
}

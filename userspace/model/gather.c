// SPDX-License-Identifier: LGPL-2.1-or-later
/* GATHER: chosen rows to the host, packed. */
#include <errno.h>

#include "operand.h"

#define FIELD(member) offsetof(struct nms_hw_gather, member)

/* Rows moved between two looks for a cancel. */
#define ROWS 256

enum slot { INPUT, INDEX };

static uint64_t row_bytes(const struct nms_hw_matrix *m)
{
	size_t element = m->dtype == NMS_HW_U32 ? 4 : eng_dtype_size((enum eng_dtype)m->dtype);

	return (uint64_t)m->cols * element;
}

static enum nms_hw_status bind(struct exec *x)
{
	const struct nms_hw_gather *p = &x->param.gather;
	enum nms_hw_status status;
	uint64_t total;

	status = operand_matrix(x, INPUT, FIELD(input), &p->input, OPERAND_U32);
	if (!status)
		status = operand_vector(x, INDEX, FIELD(index), &p->index, 0, 0);
	if (status)
		return status;
	/* Below 2^32 rows of below 2^35 bytes can be more than 2^64. */
	if (__builtin_mul_overflow(p->index.count, row_bytes(&p->input), &total) ||
	    total > x->scatter.total)
		return exec_fail_at(x, NMS_HW_INVALID_SIZE,
				    offsetof(struct nms_hw_cmd, sgl_entries), 0, 0,
				    (double)x->scatter.total,
				    (double)p->index.count * (double)row_bytes(&p->input));
	return NMS_HW_OK;
}

static enum nms_hw_status check_index(struct exec *x, const uint32_t *index)
{
	const struct nms_hw_gather *p = &x->param.gather;

	for (uint64_t i = 0; i < p->index.count; i++)
		if (index[i] >= p->input.rows)
			return exec_fail_at(x, NMS_HW_BAD_INDEX, FIELD(index), i, 0, index[i],
					    (double)(p->input.rows - 1));
	eng_count(&x->env, ENG_COUNT_NEAR_READ, p->index.count * 4);
	return NMS_HW_OK;
}

static enum nms_hw_status run(struct exec *x)
{
	const struct nms_hw_gather *p = &x->param.gather;
	const uint32_t *index = operand_at(x, INDEX);
	const uint8_t *input = operand_at(x, INPUT);
	uint64_t bytes = row_bytes(&p->input);
	enum nms_hw_status status;

	eng_phase_enter(&x->env, ENG_PHASE_GATHER);
	status = check_index(x, index);
	if (status)
		return status;
	for (uint64_t i = 0; i < p->index.count; i++) {
		if (i % ROWS == 0) {
			eng_progress(&x->env, ENG_PHASE_GATHER, i, p->index.count);
			if (exec_stopped(x))
				return exec_engine(x, -ECANCELED, NMS_HW_INTERNAL, 0);
		}
		if (scatter_write(&x->model->host, &x->scatter, input + index[i] * p->input.stride,
				  bytes))
			return exec_fail(x, NMS_HW_DMA_ERROR, offsetof(struct nms_hw_cmd, sgl));
		eng_count(&x->env, ENG_COUNT_NEAR_READ, bytes);
		x->work.link_out += bytes;
	}
	x->result.count = p->index.count;
	x->value = p->index.count * bytes;
	return NMS_HW_OK;
}

const struct exec_op exec_gather = {
	.param_size = sizeof(struct nms_hw_gather),
	.scatter = true,
	.bind = bind,
	.run = run,
};

// SPDX-License-Identifier: LGPL-2.1-or-later
/* NOP, WRITE, READ and ZERO. */
#include <errno.h>
#include <string.h>

#include "operand.h"

#define IN_CMD(member) offsetof(struct nms_hw_cmd, member)

/* Moved between two looks for a cancel. */
#define PIECE (1u << 20)

static enum nms_hw_status bind_nop(struct exec *x)
{
	const struct nms_hw_near *near = &x->cmd->data.near;

	if (near->range || near->generation || near->offset)
		return exec_fail(x, NMS_HW_RESERVED_NOT_ZERO, IN_CMD(data.near));
	if (x->cmd->data.length)
		return exec_fail(x, NMS_HW_RESERVED_NOT_ZERO, IN_CMD(data.length));
	return NMS_HW_OK;
}

static enum nms_hw_status run_nop(struct exec *x)
{
	(void)x;
	return NMS_HW_OK;
}

static enum nms_hw_status bind_data(struct exec *x, unsigned int flags)
{
	if (!x->cmd->data.length)
		return exec_fail(x, NMS_HW_INVALID_FIELD, IN_CMD(data.length));
	return operand_bytes(x, 0, IN_CMD(data.near), &x->cmd->data.near, x->cmd->data.length,
			     flags);
}

static enum nms_hw_status bind_copy(struct exec *x, unsigned int flags)
{
	if (x->scatter.total < x->cmd->data.length)
		return exec_fail_at(x, NMS_HW_INVALID_SIZE, IN_CMD(sgl_entries), 0, 0,
				    (double)x->scatter.total, (double)x->cmd->data.length);
	return bind_data(x, flags);
}

static enum nms_hw_status bind_write(struct exec *x)
{
	return bind_copy(x, OPERAND_WRITE);
}

static enum nms_hw_status bind_read(struct exec *x)
{
	return bind_copy(x, 0);
}

static enum nms_hw_status bind_zero(struct exec *x)
{
	return bind_data(x, OPERAND_WRITE);
}

/* One piece of at most PIECE bytes; 0 or -EFAULT. */
static int move_piece(struct exec *x, uint8_t *at, size_t size)
{
	switch (x->cmd->opcode) {
	case NMS_HW_WRITE:
		x->work.link_in += size;
		eng_count(&x->env, ENG_COUNT_NEAR_WRITE, size);
		return scatter_read(&x->model->host, &x->scatter, at, size);
	case NMS_HW_READ:
		x->work.link_out += size;
		eng_count(&x->env, ENG_COUNT_NEAR_READ, size);
		return scatter_write(&x->model->host, &x->scatter, at, size);
	default:
		eng_count(&x->env, ENG_COUNT_NEAR_WRITE, size);
		memset(at, 0, size);
		return 0;
	}
}

static enum nms_hw_status run_data(struct exec *x)
{
	uint64_t length = x->cmd->data.length, done = 0;
	uint8_t *at = operand_at(x, 0);
	size_t piece;

	eng_phase_enter(&x->env, ENG_PHASE_GATHER);
	for (; done < length; done += piece) {
		piece = length - done < PIECE ? (size_t)(length - done) : PIECE;
		if (exec_stopped(x))
			return exec_engine(x, -ECANCELED, NMS_HW_INTERNAL, 0);
		if (move_piece(x, at + done, piece))
			return exec_fail(x, NMS_HW_DMA_ERROR, IN_CMD(sgl));
		eng_progress(&x->env, ENG_PHASE_GATHER, done + piece, length);
	}
	x->value = length;
	return NMS_HW_OK;
}

const struct exec_op exec_nop = { .bind = bind_nop, .run = run_nop };
const struct exec_op exec_write = { .scatter = true, .bind = bind_write, .run = run_data };
const struct exec_op exec_read = { .scatter = true, .bind = bind_read, .run = run_data };
const struct exec_op exec_zero = { .bind = bind_zero, .run = run_data };

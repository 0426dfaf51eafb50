// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the commands with a parameter block have in common. */
#include <string.h>

#include "exec.h"

#define IN_CMD(member) offsetof(struct nms_hw_cmd, member)
#define IN_HEADER(member) offsetof(struct nms_hw_param_header, member)

float param_float(uint32_t bits)
{
	float value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static enum nms_hw_status check_command(struct exec *x, const struct exec_op *op)
{
	const struct nms_hw_cmd *cmd = x->cmd;

	if (cmd->compute.param_size != op->param_size)
		return exec_fail(x, NMS_HW_INVALID_SIZE, IN_CMD(compute.param_size));
	if (cmd->compute.reserved0)
		return exec_fail(x, NMS_HW_RESERVED_NOT_ZERO, IN_CMD(compute.reserved0));
	if (cmd->compute.reserved1)
		return exec_fail(x, NMS_HW_RESERVED_NOT_ZERO, IN_CMD(compute.reserved1));
	return NMS_HW_OK;
}

static enum nms_hw_status pick_profile(struct exec *x)
{
	const struct eng_kernels *kernels = NULL;
	uint32_t number = x->param.header.profile;
	struct eng_fixed_widths widths;

	if (!number)
		return NMS_HW_OK;
	if (number == NMS_HW_PROFILE_PORTABLE) {
		kernels = eng_kernels_find("portable", NULL);
	} else if (number == NMS_HW_PROFILE_FMA) {
		kernels = eng_kernels_find("fma", NULL);
	} else if (eng_fixed_widths(number, &widths)) {
		eng_fixed_profile_init(&x->fixed, &widths);
		kernels = &x->fixed.kernels;
	}
	if (!kernels)
		return exec_fail(x, NMS_HW_BAD_PROFILE, IN_HEADER(profile));
	x->env.kernels = kernels;
	return NMS_HW_OK;
}

enum nms_hw_status compute_fetch(struct exec *x, const struct exec_op *op)
{
	const struct nms_hw_param_header *header = &x->param.header;
	enum nms_hw_status status = check_command(x, op);

	if (status)
		return status;
	if (host_read(&x->model->host, x->cmd->compute.param, &x->param, op->param_size))
		return exec_fail(x, NMS_HW_DMA_ERROR, IN_CMD(compute.param));
	x->work.link_in += op->param_size;
	if (header->version != NMS_HW_PARAM_VERSION)
		return exec_fail(x, NMS_HW_INVALID_VERSION, IN_HEADER(version));
	if (header->opcode != x->cmd->opcode)
		return exec_fail(x, NMS_HW_INVALID_FIELD, IN_HEADER(opcode));
	if (header->size != op->param_size)
		return exec_fail(x, NMS_HW_INVALID_SIZE, IN_HEADER(size));
	if (header->reserved)
		return exec_fail(x, NMS_HW_RESERVED_NOT_ZERO, IN_HEADER(reserved));
	return pick_profile(x);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* REDUCE: rows to features, by principal components. */
#include <stdlib.h>

#include "operand.h"
#include "pca.h"
#include "variance.h"

#define FIELD(member) offsetof(struct nms_hw_reduce, member)

/* Far above what helps; keeps the sketch within reason. */
#define OVERSAMPLE_MAX 4096
#define ITERATIONS_MAX 1000

enum slot { INPUT, OUTPUT };

static enum nms_hw_status bind(struct exec *x)
{
	const struct nms_hw_reduce *p = &x->param.reduce;
	enum nms_hw_status status;
	uint64_t most;

	status = operand_matrix(x, INPUT, FIELD(input), &p->input, 0);
	if (!status)
		status = operand_matrix(x, OUTPUT, FIELD(output), &p->output,
					OPERAND_WRITE | OPERAND_F32 | OPERAND_PADDED);
	if (status)
		return status;
	if (p->output.rows != p->input.rows)
		return exec_fail_at(x, NMS_HW_INVALID_FIELD, FIELD(output.rows), 0, 0,
				    (double)p->output.rows, (double)p->input.rows);
	most = p->input.rows - 1 < p->input.cols ? p->input.rows - 1 : p->input.cols;
	if (p->output.cols > most)
		return exec_fail_at(x, NMS_HW_BAD_FEATURES, FIELD(output.cols), 0, 0,
				    p->output.cols, (double)most);
	if (p->oversample > OVERSAMPLE_MAX)
		return exec_fail_at(x, NMS_HW_INVALID_FIELD, FIELD(oversample), 0, 0,
				    p->oversample, OVERSAMPLE_MAX);
	if (p->iterations > ITERATIONS_MAX)
		return exec_fail_at(x, NMS_HW_INVALID_FIELD, FIELD(iterations), 0, 0,
				    p->iterations, ITERATIONS_MAX);
	if (p->scaling > NMS_HW_SCALING_QUARTER_WHITE)
		return exec_fail_at(x, NMS_HW_INVALID_FIELD, FIELD(scaling), 0, 0, p->scaling,
				    NMS_HW_SCALING_QUARTER_WHITE);
	if (p->reserved)
		return exec_fail(x, NMS_HW_RESERVED_NOT_ZERO, FIELD(reserved));
	return NMS_HW_OK;
}

/* The share of the variance of all columns that the features have. */
static int variance_kept(struct exec *x, const struct eng_rows *rows,
			 const float *variances, float *kept)
{
	double total, sum = 0;
	int err = variance_total(&x->env, rows, &total);

	for (uint32_t f = 0; f < x->param.reduce.output.cols; f++)
		sum += (double)variances[f];
	*kept = total > 0 && sum < total ? (float)(sum / total) : 1;
	return err;
}

static enum nms_hw_status run(struct exec *x)
{
	const struct nms_hw_reduce *p = &x->param.reduce;
	struct eng_rows rows = operand_rows(x, INPUT, &p->input);
	struct eng_pca_params params = {
		.features = p->output.cols,
		.oversample = p->oversample,
		.iterations = p->iterations,
		.seed = p->seed,
		.scaling = (enum eng_pca_scaling)p->scaling,
	};
	enum nms_hw_status status;
	float *variances, kept = 1;
	int err;

	eng_phase_enter(&x->env, ENG_PHASE_READ);
	status = operand_finite(x, INPUT, &p->input);
	if (status)
		return status;
	variances = calloc(p->output.cols, sizeof(*variances));
	if (!variances)
		return exec_fail(x, NMS_HW_NO_MEMORY, 0);
	eng_phase_enter(&x->env, ENG_PHASE_REDUCE);
	err = eng_pca(&x->env, &rows, &params, operand_at(x, OUTPUT), p->output.stride / 4,
		      variances);
	if (!err)
		err = variance_kept(x, &rows, variances, &kept);
	free(variances);
	if (err)
		return exec_engine(x, err, NMS_HW_BAD_FEATURES, FIELD(output.cols));
	x->result.features = p->output.cols;
	x->result.variance_kept = result_bits(kept);
	x->result.count = p->output.rows;
	x->value = p->output.rows;
	return NMS_HW_OK;
}

const struct exec_op exec_reduce = {
	.param_size = sizeof(struct nms_hw_reduce),
	.datapath = true,
	.bind = bind,
	.run = run,
};

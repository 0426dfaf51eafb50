// SPDX-License-Identifier: LGPL-2.1-or-later
/* Working memory of a command of compute, from its parameter block alone. */
#include <string.h>

#include "coverage.h"
#include "embed.h"
#include "exec.h"
#include "pca.h"
#include "select.h"

/* Rows by class: eng_groups and the keys it sorts, twice. */
#define GROUPS_ROW 24

static uint64_t estimate_reduce(struct nms_model *model, const struct nms_hw_reduce *p)
{
	unsigned int threads = eng_pool_threads(model->pool);
	uint64_t variance = (uint64_t)p->input.cols * 2 * 64 * sizeof(double);

	if (!p->input.rows || p->input.rows > UINT32_MAX || !p->input.cols || !p->output.cols)
		return 0;
	return eng_pca_memory(p->input.rows, p->input.cols, p->output.cols, threads) + variance;
}

/* Without the labels at hand, all rows may be one class: the most that it can be. */
static uint64_t estimate_embed(struct nms_model *model, const struct nms_hw_embed *p)
{
	uint64_t rows = p->features.rows, row = GROUPS_ROW + 1;
	float perplexity = param_float(p->perplexity), most = param_float(p->perplexity_max);

	if (!rows || rows > UINT32_MAX || !p->features.cols || !(perplexity > 1))
		return 0;
	if (p->options & NMS_HW_EMBED_ENTROPY) {
		most = p->perplexity_max ? most : 100;
		perplexity = perplexity > most ? perplexity : most;
	}
	if (p->output.stride != 2 * sizeof(float))
		row += 2 * sizeof(float);
	return eng_embed_memory(rows, p->features.cols, perplexity,
				eng_pool_threads(model->pool)) + rows * row;
}

static uint64_t estimate_select(struct nms_model *model, const struct nms_hw_select *p)
{
	const unsigned int threads = eng_pool_threads(model->pool);
	uint64_t row = GROUPS_ROW, most, covered = 0;

	if (!p->rows || p->rows > UINT32_MAX || !p->count || p->count > p->rows ||
	    p->rule < NMS_HW_RULE_RANDOM || p->rule > NMS_HW_RULE_EDITED)
		return 0;
	if (p->embedding.near.range && p->embedding.stride != 2 * sizeof(float))
		row += 2 * sizeof(float);
	/* The choice, and then a look at what it covers. */
	most = eng_select_memory((enum eng_rule)p->rule, p->rows, p->features.cols, p->count,
				 threads);
	if (p->features.near.range)
		covered = eng_coverage_memory(p->rows, p->features.cols, p->count, threads);
	return (most > covered ? most : covered) + p->rows * row + p->count * 4;
}

uint64_t nms_model_estimate(struct nms_model *model, const void *param, size_t size)
{
	struct nms_hw_param_header header;
	struct nms_hw_reduce reduce;
	struct nms_hw_embed embed;
	struct nms_hw_select select;

	if (size < sizeof(header))
		return 0;
	memcpy(&header, param, sizeof(header));
	if (header.version != NMS_HW_PARAM_VERSION || header.size != size)
		return 0;
	if (header.opcode == NMS_HW_REDUCE && size == sizeof(reduce)) {
		memcpy(&reduce, param, size);
		return estimate_reduce(model, &reduce);
	}
	if (header.opcode == NMS_HW_EMBED && size == sizeof(embed)) {
		memcpy(&embed, param, size);
		return estimate_embed(model, &embed);
	}
	if (header.opcode == NMS_HW_SELECT && size == sizeof(select)) {
		memcpy(&select, param, size);
		return estimate_select(model, &select);
	}
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/* What the selections of a soak must give: the model's word, without driver or device. */
#include "soak.h"

#include "model.h"

static const uint32_t rules[SOAK_ANSWERS] = {
	NMS_HW_RULE_GRID, NMS_HW_RULE_RANDOM, NMS_HW_RULE_STRATA, NMS_HW_RULE_KCENTRE,
	NMS_HW_RULE_HERDING, NMS_HW_RULE_FACILITY, NMS_HW_RULE_EDITED,
};

void soak_vary(struct nms_pipeline *p, unsigned int number)
{
	p->reduce.header.profile = NMS_HW_PROFILE_PORTABLE;
	p->embed.header.profile = NMS_HW_PROFILE_PORTABLE;
	p->select.header.profile = NMS_HW_PROFILE_PORTABLE;
	p->gather.header.profile = NMS_HW_PROFILE_PORTABLE;
	p->reduce.seed = 100 + number;
	p->embed.seed = 200 + number;
	p->embed.iterations = 20 + 5 * number;
	p->select.seed = 300 + number;
	p->select.rule = rules[number];
	p->select.search = NMS_HW_SEARCH_NEWTON;
	p->select.perplexity = nms_bits(10);
}

static bool place(struct nms_model *model, uint64_t size, struct nms_hw_near *near)
{
	return !nms_model_range_create(model, 1, size, NULL, NMS_MODEL_READ | NMS_MODEL_WRITE,
				       near);
}

static bool execute(struct nms_model *model, struct nms_hw_cmd cmd)
{
	struct nms_hw_cqe cqe;

	cmd.context = 1;
	nms_model_execute(model, &cmd, NULL, &cqe);
	if (cqe.status >> 1)
		printf("# model: opcode %#x: %s\n", cmd.opcode,
		       nms_model_status_text(cqe.status >> 1));
	return !(cqe.status >> 1);
}

static bool move(struct nms_model *model, uint8_t opcode, struct nms_hw_near near, void *memory,
		 uint32_t size)
{
	struct nms_hw_sge sge = { .addr = (uintptr_t)memory, .length = size };

	return execute(model, (struct nms_hw_cmd){
		.opcode = opcode, .data.near = near, .data.length = size,
		.sgl = (uintptr_t)&sge, .sgl_entries = 1 });
}

static bool compute(struct nms_model *model, uint8_t opcode, void *param, uint32_t size)
{
	return execute(model, (struct nms_hw_cmd){
		.opcode = opcode, .compute.param = (uintptr_t)param, .compute.param_size = size });
}

static bool know_one(struct nms_model *model, struct nms_pipeline *p, struct soak_answer *answer)
{
	return move(model, NMS_HW_WRITE, p->reduce.input.near, p->data, sizeof(p->data)) &&
	       compute(model, NMS_HW_REDUCE, &p->reduce, sizeof(p->reduce)) &&
	       compute(model, NMS_HW_EMBED, &p->embed, sizeof(p->embed)) &&
	       compute(model, NMS_HW_SELECT, &p->select, sizeof(p->select)) &&
	       move(model, NMS_HW_READ, p->select.index.near, answer->index,
		    sizeof(answer->index)) &&
	       move(model, NMS_HW_READ, p->select.weight.near, answer->weight,
		    sizeof(answer->weight));
}

bool soak_know(struct soak_answer *answer)
{
	struct nms_model_config config = { .near_size = 16 << 20, .threads = 1,
					   .profile = "portable" };
	static struct nms_pipeline p;
	struct nms_model *model;
	char why[256];
	bool fine;

	if (nms_model_create(&config, &model, why, sizeof(why))) {
		printf("# model: %s\n", why);
		return false;
	}
	nms_pipeline_data(&p);
	nms_pipeline_params(&p);
	fine = place(model, sizeof(p.data), &p.reduce.input.near) &&
	       place(model, NMS_ROWS * NMS_FEATURES * 4, &p.reduce.output.near) &&
	       place(model, NMS_ROWS * 2 * 4, &p.embed.output.near) &&
	       place(model, NMS_COUNT * 4, &p.select.index.near) &&
	       place(model, NMS_COUNT * 4, &p.select.weight.near);
	p.embed.features.near = p.select.features.near = p.reduce.output.near;
	p.select.embedding.near = p.embed.output.near;
	for (unsigned int i = 0; fine && i < SOAK_ANSWERS; i++) {
		soak_vary(&p, i);
		fine = know_one(model, &p, &answer[i]);
	}
	nms_model_destroy(model);
	return fine;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands for the model, made and run by its tests. */
#ifndef MODEL_FIXTURE_H
#define MODEL_FIXTURE_H

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

#define RW (NMS_MODEL_READ | NMS_MODEL_WRITE)
#define CTX 7u

static inline struct nms_model *model_new(uint64_t near_size, unsigned int threads)
{
	struct nms_model_config config = {
		.near_size = near_size, .threads = threads, .profile = "portable",
	};
	struct nms_model *model = NULL;
	char why[256];

	ck_assert_msg(nms_model_create(&config, &model, why, sizeof(why)) == 0, "%s", why);
	return model;
}

static inline struct nms_hw_near range_new(struct nms_model *m, uint64_t size)
{
	struct nms_hw_near near;

	ck_assert_int_eq(nms_model_range_create(m, CTX, size, NULL, RW, &near), 0);
	return near;
}

/* Run a command; its status. */
static inline enum nms_hw_status run(struct nms_model *m, const struct nms_hw_cmd *cmd,
				     struct nms_hw_cqe *cqe)
{
	struct nms_hw_cqe local;

	cqe = cqe ? cqe : &local;
	memset(cqe, 0xff, sizeof(*cqe));
	nms_model_execute(m, cmd, NULL, cqe);
	ck_assert_uint_eq(cqe->cid, cmd->cid);
	ck_assert_uint_eq(cqe->status & 1, 0);
	return (enum nms_hw_status)(cqe->status >> 1);
}

/* WRITE, READ or ZERO with one scatter entry at @sge. */
static inline struct nms_hw_cmd data_cmd(enum nms_hw_opcode opcode, struct nms_hw_near near,
					 uint64_t length, void *host, struct nms_hw_sge *sge)
{
	struct nms_hw_cmd cmd = {
		.opcode = (uint8_t)opcode, .cid = 0x1234, .context = CTX,
		.data = { .near = near, .length = length },
	};

	if (opcode != NMS_HW_ZERO) {
		*sge = (struct nms_hw_sge){
			.addr = (uintptr_t)host, .length = (uint32_t)length,
		};
		cmd.sgl = (uintptr_t)sge;
		cmd.sgl_entries = 1;
	}
	return cmd;
}

static inline enum nms_hw_status move(struct nms_model *m, enum nms_hw_opcode opcode,
				      struct nms_hw_near near, uint64_t length, void *host)
{
	struct nms_hw_sge sge;
	struct nms_hw_cmd cmd = data_cmd(opcode, near, length, host, &sge);

	return run(m, &cmd, NULL);
}

/* A new range that holds @size bytes of @data. */
static inline struct nms_hw_near range_of(struct nms_model *m, const void *data, uint64_t size)
{
	struct nms_hw_near near = range_new(m, size);

	ck_assert_int_eq(move(m, NMS_HW_WRITE, near, size, (void *)(uintptr_t)data), NMS_HW_OK);
	return near;
}

static inline struct nms_hw_matrix matrix_of(struct nms_hw_near near, uint64_t rows,
					     uint32_t cols, enum nms_hw_dtype dtype, size_t element)
{
	return (struct nms_hw_matrix){
		.near = near, .rows = rows, .cols = cols, .dtype = (uint8_t)dtype,
		.stride = cols * element,
	};
}

static inline struct nms_hw_param_header header_of(enum nms_hw_opcode opcode, size_t size)
{
	return (struct nms_hw_param_header){
		.version = NMS_HW_PARAM_VERSION, .opcode = (uint16_t)opcode,
		.size = (uint32_t)size,
	};
}

static inline struct nms_hw_cmd compute_cmd(const void *param, struct nms_hw_result *result)
{
	struct nms_hw_param_header header;

	memcpy(&header, param, sizeof(header));
	return (struct nms_hw_cmd){
		.opcode = (uint8_t)header.opcode, .cid = 0x4321, .context = CTX,
		.compute = {
			.param = (uintptr_t)param, .param_size = header.size,
		},
		.result = (uintptr_t)result, .result_size = result ? sizeof(*result) : 0,
	};
}

static inline uint32_t bits(float x)
{
	uint32_t b;

	memcpy(&b, &x, sizeof(b));
	return b;
}

static inline float from_bits(uint32_t b)
{
	float x;

	memcpy(&x, &b, sizeof(x));
	return x;
}

/* Small reproducible numbers, uniform in [0, 1). */
static inline double noise(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (double)(*state >> 11) * 0x1p-53;
}

/* A command for a thread of its own. */
struct runner {
	struct nms_model *model;
	struct nms_hw_cmd cmd;
	struct nms_model_run seen;
	struct nms_hw_cqe cqe;
};

static inline void *execute(void *arg)
{
	struct runner *r = arg;

	nms_model_execute(r->model, &r->cmd, &r->seen, &r->cqe);
	return NULL;
}

/* An EMBED that would take minutes. */
static inline struct nms_hw_embed long_embed(struct nms_model *m, uint32_t n)
{
	float *x = malloc(n * 2 * sizeof(*x));
	uint64_t state = 1;
	struct nms_hw_embed block = {
		.header = header_of(NMS_HW_EMBED, sizeof(block)),
		.output = matrix_of(range_new(m, n * 8), n, 2, NMS_HW_F32, 4),
		.search = NMS_HW_SEARCH_NEWTON, .perplexity = bits(30),
		.iterations = 1000000, .stop = bits(-1),
	};

	for (uint32_t i = 0; i < 2 * n; i++)
		x[i] = (float)noise(&state);
	block.features = matrix_of(range_of(m, x, n * 8), n, 2, NMS_HW_F32, 4);
	free(x);
	return block;
}

#endif /* MODEL_FIXTURE_H */

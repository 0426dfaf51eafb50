/* SPDX-License-Identifier: GPL-2.0-only */
/* Parameter blocks, and a small selection from beginning to end, for the tests of compute. */
#ifndef NMS_BLOCKS_H
#define NMS_BLOCKS_H

#include <math.h>
#include <time.h>

#include "nms_hw.h"
#include "nms_test.h"

static inline struct nms_hw_matrix nms_floats(uint32_t handle, uint64_t rows, uint32_t cols)
{
	return (struct nms_hw_matrix){ .near.range = handle, .rows = rows, .cols = cols,
				       .stride = 4 * (uint64_t)cols, .dtype = NMS_HW_F32 };
}

static inline struct nms_hw_vector nms_words(uint32_t handle, uint64_t count)
{
	return (struct nms_hw_vector){ .near.range = handle, .count = count };
}

static inline uint32_t nms_bits(float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static inline struct nms_cmd nms_compute_cmd(uint32_t op, void *param, uint32_t size,
					     struct nms_hw_result *result)
{
	return (struct nms_cmd){ .op = op, .param = (uintptr_t)param, .param_size = size,
				 .result = (uintptr_t)result,
				 .result_size = result ? sizeof(*result) : 0 };
}

static inline uint64_t nms_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* Between 0 and 1, the same every time. */
static inline double nms_uniform(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (double)(*state >> 11) / (double)(1ull << 53);
}

/* The driver's own account of what computes. */
#define SCHEDULER "/sys/kernel/debug/nms/nms0/scheduler"

#define NMS_ROWS 400u
#define NMS_COLS 12u
#define NMS_FEATURES 3u
#define NMS_COUNT 20u

/*
 * A whole selection: rows along one direction, with little noise, which are
 * reduced, embedded and selected from, and the chosen ones brought back.
 */
struct nms_pipeline {
	float data[NMS_ROWS][NMS_COLS];
	float along[NMS_ROWS];		/* how far each row lies along the direction */
	float direction[NMS_COLS];
	float chosen[NMS_COUNT][NMS_COLS];
	uint32_t input, features, plane, index, weight;	/* handles */
	struct nms_hw_reduce reduce;
	struct nms_hw_embed embed;
	struct nms_hw_select select;
	struct nms_hw_gather gather;
	struct nms_hw_result result[4];
	struct nms_cmd cmd[4];
};

#define NMS_HEADER(opcode_, type) \
	{ .version = NMS_HW_PARAM_VERSION, .opcode = (opcode_), .size = sizeof(type) }

static inline void nms_pipeline_data(struct nms_pipeline *p)
{
	uint64_t state = 17;
	double length = 0;

	for (unsigned int c = 0; c < NMS_COLS; c++) {
		p->direction[c] = nms_uniform(&state) - 0.5;
		length += (double)p->direction[c] * p->direction[c];
	}
	for (unsigned int c = 0; c < NMS_COLS; c++)
		p->direction[c] /= sqrt(length);
	for (unsigned int r = 0; r < NMS_ROWS; r++) {
		p->along[r] = 20 * (nms_uniform(&state) - 0.5);
		for (unsigned int c = 0; c < NMS_COLS; c++)
			p->data[r][c] = 5 + p->along[r] * p->direction[c] +
					nms_uniform(&state) - 0.5;
	}
}

static inline void nms_pipeline_params(struct nms_pipeline *p)
{
	p->reduce = (struct nms_hw_reduce){
		.header = NMS_HEADER(NMS_HW_REDUCE, struct nms_hw_reduce),
		.input = nms_floats(p->input, NMS_ROWS, NMS_COLS),
		.output = nms_floats(p->features, NMS_ROWS, NMS_FEATURES),
		.seed = 1,
	};
	p->embed = (struct nms_hw_embed){
		.header = NMS_HEADER(NMS_HW_EMBED, struct nms_hw_embed),
		.features = nms_floats(p->features, NMS_ROWS, NMS_FEATURES),
		.output = nms_floats(p->plane, NMS_ROWS, 2),
		.seed = 2, .search = NMS_HW_SEARCH_NEWTON, .perplexity = nms_bits(10),
		.iterations = 100,
	};
	p->select = (struct nms_hw_select){
		.header = NMS_HEADER(NMS_HW_SELECT, struct nms_hw_select),
		.features = nms_floats(p->features, NMS_ROWS, NMS_FEATURES),
		.embedding = nms_floats(p->plane, NMS_ROWS, 2),
		.index = nms_words(p->index, NMS_COUNT),
		.weight = nms_words(p->weight, NMS_COUNT),
		.rows = NMS_ROWS, .count = NMS_COUNT, .seed = 3,
		.rule = NMS_HW_RULE_GRID, .budget = NMS_HW_BUDGET_PROPORTIONAL,
	};
	p->gather = (struct nms_hw_gather){
		.header = NMS_HEADER(NMS_HW_GATHER, struct nms_hw_gather),
		.input = nms_floats(p->input, NMS_ROWS, NMS_COLS),
		.index = nms_words(p->index, NMS_COUNT),
	};
}

/* Handles of @fd, the rows in near memory, and commands that are as good as can be. */
static inline int nms_pipeline_init(struct nms_pipeline *p, int fd)
{
	int err;

	memset(p, 0, sizeof(*p));
	nms_pipeline_data(p);
	err = nms_create(fd, sizeof(p->data), &p->input);
	if (!err)
		err = nms_create(fd, NMS_ROWS * NMS_FEATURES * 4, &p->features);
	if (!err)
		err = nms_create(fd, NMS_ROWS * 2 * 4, &p->plane);
	if (!err)
		err = nms_create(fd, NMS_ROWS * 4, &p->index);
	if (!err)
		err = nms_create(fd, NMS_ROWS * 4, &p->weight);
	if (!err)
		err = nms_transfer(fd, NMS_CMD_WRITE, p->input, 0, p->data, sizeof(p->data));
	nms_pipeline_params(p);
	p->cmd[0] = nms_compute_cmd(NMS_CMD_REDUCE, &p->reduce, sizeof(p->reduce), &p->result[0]);
	p->cmd[1] = nms_compute_cmd(NMS_CMD_EMBED, &p->embed, sizeof(p->embed), &p->result[1]);
	p->cmd[2] = nms_compute_cmd(NMS_CMD_SELECT, &p->select, sizeof(p->select), &p->result[2]);
	p->cmd[3] = nms_compute_cmd(NMS_CMD_GATHER, &p->gather, sizeof(p->gather), &p->result[3]);
	p->cmd[3].address = (uintptr_t)p->chosen;
	p->cmd[3].length = sizeof(p->chosen);
	return err;
}

/* An embedding that goes on until it is stopped. */
static inline void nms_pipeline_endless(struct nms_pipeline *p)
{
	p->embed.iterations = 50000000;
	p->embed.stop = nms_bits(-1);
}

static inline int nms_progress(int fd, uint64_t job, struct nms_job_progress *progress)
{
	*progress = (struct nms_job_progress){ .job = job };
	return nms_call(fd, NMS_IOCTL_PROGRESS, progress);
}

static inline int nms_cancel(int fd, uint64_t job)
{
	struct nms_cancel c = { .job = job };

	return nms_call(fd, NMS_IOCTL_CANCEL, &c);
}

/* Wait until the command runs that has this number. */
static inline int nms_wait_runs(int fd, uint64_t job, uint32_t command)
{
	struct nms_job_progress p;

	for (int i = 0; i < 3000; i++) {
		int err = nms_progress(fd, job, &p);

		if (err)
			return err;
		if (p.command == command && p.state == NMS_PROGRESS_RUNS && p.total)
			return 0;
		usleep(10000);
	}
	return -ETIMEDOUT;
}

#endif /* NMS_BLOCKS_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* Gaussian blobs in near memory, for tests of selections by libnmsdev. */
#ifndef TEST_LIB_BLOBS_H
#define TEST_LIB_BLOBS_H

#include <math.h>

#include "test_lib.h"

#define BLOB_CLASSES 3
#define BLOB_ROWS 360		/* unequal classes: 60, 120, 180 */
#define BLOB_COLS 12

struct blobs {
	float x[BLOB_ROWS * BLOB_COLS];
	uint32_t labels[BLOB_ROWS];
	struct nms_matrix data;
};

/* Uniform in [0, 1): a linear congruential generator (Knuth's MMIX). */
static inline double blob_uniform(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (double)(*state >> 11) / 9007199254740992.0;
}

/* Sum of twelve uniforms: near enough to normal. */
static inline double blob_normal(uint64_t *state)
{
	double sum = -6;
	int i;

	for (i = 0; i < 12; i++)
		sum += blob_uniform(state);
	return sum;
}

static inline uint32_t blob_class(size_t row)
{
	return (uint32_t)(row % 6 == 0 ? 0 : row % 6 < 3 ? 1 : 2);
}

/* Labels are 10, 17 and 24: not 0, 1, 2, which would hide mistakes. */
static inline void blobs_make(struct nms_context *context, struct blobs *b)
{
	uint64_t state = 1;
	size_t i, j;

	for (i = 0; i < BLOB_ROWS; i++) {
		b->labels[i] = 10 + 7 * blob_class(i);
		for (j = 0; j < BLOB_COLS; j++)
			b->x[i * BLOB_COLS + j] = (float)(blob_normal(&state) +
				(j % BLOB_CLASSES == blob_class(i) ? 9 : 0));
	}
	memset(&b->data, 0, sizeof(b->data));
	b->data.rows = BLOB_ROWS;
	b->data.cols = BLOB_COLS;
	b->data.dtype = NMS_F32;
	ok(nms_buffer_wrap(context, b->x, sizeof(b->x), NMS_READ, &b->data.buffer));
}

/* Submit, wait, result. */
static inline int blobs_sample(struct nms_context *context, const struct blobs *b,
			       const struct nms_sample_params *params, struct nms_sample **sample,
			       struct nms_sample_result *result)
{
	int ret = nms_sample_submit(context, &b->data, params, sample);

	if (ret)
		return ret;
	ret = nms_job_wait(nms_sample_job(*sample), NULL);
	if (ret) {
		nms_sample_destroy(*sample);
		return ret;
	}
	NMS_INIT(result);
	ret = nms_sample_result(*sample, result);
	return ret;
}

#endif /* TEST_LIB_BLOBS_H */

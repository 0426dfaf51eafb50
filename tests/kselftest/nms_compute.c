// SPDX-License-Identifier: GPL-2.0-only
/*
 * REDUCE, EMBED, SELECT and GATHER: what they give, by properties that are worked
 * out here; what they cost; who may use what.
 */
#include "nms_blocks.h"

FIXTURE(compute) {
	int fd;
	struct nms_pipeline p;
};

FIXTURE_SETUP(compute)
{
	self->fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, nms_pipeline_init(&self->p, self->fd));
}

FIXTURE_TEARDOWN(compute)
{
	struct nms_query_counters c;

	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_CONTEXT, 0, &c, sizeof(c)));
	EXPECT_EQ(0, c.pinned_pages);
	close(self->fd);
}

static double variance(const float *x, unsigned int stride)
{
	double mean = 0, sum = 0;

	for (unsigned int r = 0; r < NMS_ROWS; r++)
		mean += x[r * stride] / NMS_ROWS;
	for (unsigned int r = 0; r < NMS_ROWS; r++)
		sum += (x[r * stride] - mean) * (x[r * stride] - mean);
	return sum / NMS_ROWS;
}

static double correlation(const float *x, unsigned int stride, const float *y)
{
	double mx = 0, my = 0, sum = 0;

	for (unsigned int r = 0; r < NMS_ROWS; r++) {
		mx += x[r * stride] / NMS_ROWS;
		my += y[r] / NMS_ROWS;
	}
	for (unsigned int r = 0; r < NMS_ROWS; r++)
		sum += (x[r * stride] - mx) * (y[r] - my) / NMS_ROWS;
	return sum / sqrt(variance(x, stride) * variance(y, 1));
}

/* Features: variance in order, the first along the direction in which the rows lie. */
static void check_features(struct __test_metadata *_metadata, int fd, struct nms_pipeline *p)
{
	static float features[NMS_ROWS][NMS_FEATURES];
	double along;

	ASSERT_EQ(0, nms_transfer(fd, NMS_CMD_READ, p->features, 0, features, sizeof(features)));
	along = variance(p->along, 1);
	for (unsigned int f = 1; f < NMS_FEATURES; f++)
		EXPECT_GE(variance(&features[0][f - 1], NMS_FEATURES),
			  variance(&features[0][f], NMS_FEATURES));
	EXPECT_GT(fabs(correlation(&features[0][0], NMS_FEATURES, p->along)), 0.99);
	EXPECT_LT(fabs(variance(&features[0][0], NMS_FEATURES) / along - 1), 0.1);
}

/* In a plane, finite, not in one point, and with neighbours still near one another. */
static void check_plane(struct __test_metadata *_metadata, int fd, struct nms_pipeline *p)
{
	static float y[NMS_ROWS][2];
	double near = 0, all = 0;
	unsigned int n = 0;

	ASSERT_EQ(0, nms_transfer(fd, NMS_CMD_READ, p->plane, 0, y, sizeof(y)));
	for (unsigned int i = 0; i < NMS_ROWS; i++) {
		ASSERT_TRUE(isfinite(y[i][0]) && isfinite(y[i][1]));
		for (unsigned int j = 0; j < i; j++) {
			double d = hypot(y[i][0] - y[j][0], y[i][1] - y[j][1]);

			all += d;
			if (fabs(p->along[i] - p->along[j]) < 0.1) {
				near += d;
				n++;
			}
		}
	}
	all /= NMS_ROWS * (NMS_ROWS - 1) / 2;
	ASSERT_GT(n, 0);
	EXPECT_GT(all, 0);
	EXPECT_LT(near / n, all / 2);
}

static void check_index(struct __test_metadata *_metadata, int fd, struct nms_pipeline *p)
{
	bool seen[NMS_ROWS] = { false };
	uint32_t index[NMS_COUNT];
	float weight[NMS_COUNT];
	double sum = 0;

	ASSERT_EQ(0, nms_transfer(fd, NMS_CMD_READ, p->index, 0, index, sizeof(index)));
	ASSERT_EQ(0, nms_transfer(fd, NMS_CMD_READ, p->weight, 0, weight, sizeof(weight)));
	for (unsigned int i = 0; i < NMS_COUNT; i++) {
		ASSERT_LT(index[i], NMS_ROWS);
		EXPECT_FALSE(seen[index[i]]);
		seen[index[i]] = true;
		EXPECT_EQ(0, memcmp(p->chosen[i], p->data[index[i]], sizeof(p->chosen[i])));
		EXPECT_GT(weight[i], 0);
		sum += weight[i];
	}
	/* Each row is stood for by one of them. */
	EXPECT_LT(fabs(sum - NMS_ROWS), 0.01);
}

static uint64_t energy(const struct nms_hw_result *r)
{
	uint64_t sum = 0;

	for (unsigned int d = 0; d < NMS_ENERGY_DOMAINS; d++)
		sum += r->energy[d];
	return sum;
}

TEST_F(compute, pipeline)
{
	struct nms_query_counters before, after;
	struct nms_pipeline *p = &self->p;
	struct nms_job_result result;
	uint64_t cost = 0, link_in = 0, link_out = 0, near_read = 0, near_write = 0;

	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_CONTEXT, 0, &before, sizeof(before)));
	ASSERT_EQ(0, nms_run(self->fd, p->cmd, 4, &result));
	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_CONTEXT, 0, &after, sizeof(after)));
	EXPECT_EQ(4, result.commands);
	EXPECT_EQ(sizeof(p->chosen), result.bytes);
	for (unsigned int i = 0; i < 4; i++) {
		const struct nms_hw_result *r = &p->result[i];

		EXPECT_EQ(NMS_HW_PARAM_VERSION, r->version);
		EXPECT_EQ(p->cmd[i].op, r->opcode);
		EXPECT_EQ(sizeof(*r), r->size);
		EXPECT_EQ(0, r->status);
		EXPECT_GT(energy(r), 0);
		EXPECT_GT(r->near_read, 0);
		EXPECT_GT(r->link_in, 0);
		EXPECT_EQ(i == 3 || i == 2 ? NMS_COUNT : NMS_ROWS, r->count);
		cost += energy(r);
		link_in += r->link_in;
		link_out += r->link_out;
		near_read += r->near_read;
		near_write += r->near_write;
	}
	EXPECT_EQ(before.link_in + link_in, after.link_in);
	EXPECT_EQ(before.link_out + link_out, after.link_out);
	EXPECT_EQ(before.near_read + near_read, after.near_read);
	EXPECT_EQ(before.near_write + near_write, after.near_write);
	for (unsigned int d = 0; d < NMS_ENERGY_DOMAINS; d++)
		cost -= after.energy[d] - before.energy[d];
	EXPECT_EQ(0, cost);
	EXPECT_EQ(before.commands + 4, after.commands);
	check_features(_metadata, self->fd, p);
	check_plane(_metadata, self->fd, p);
	check_index(_metadata, self->fd, p);
}

TEST_HARNESS_MAIN

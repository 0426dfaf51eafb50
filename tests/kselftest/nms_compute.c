// SPDX-License-Identifier: GPL-2.0-only
/*
 * REDUCE, EMBED, SELECT and GATHER: what they give, by properties that are worked
 * out here; what they cost; who may use what.
 */
#include <stddef.h>
#include <sys/socket.h>

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
	struct nms_job_result result = { 0 };
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

/* ---- what rules are told --------------------------------------------------------- */

static int write_words(int fd, uint32_t handle, const uint32_t *words, size_t count)
{
	return nms_transfer(fd, NMS_CMD_WRITE, handle, 0, (void *)words, 4 * count);
}

/* Features and plane, once. */
static int prepare_plane(FIXTURE_DATA(compute) *self)
{
	return nms_run(self->fd, self->p.cmd, 2, NULL);
}

static int select_index(FIXTURE_DATA(compute) *self, uint32_t *index)
{
	int err = nms_run(self->fd, &self->p.cmd[2], 1, NULL);

	if (!err)
		err = nms_transfer(self->fd, NMS_CMD_READ, self->p.index, 0, index, 4 * NMS_COUNT);
	return err;
}

static bool has(const uint32_t *index, uint32_t row)
{
	for (unsigned int i = 0; i < NMS_COUNT; i++)
		if (index[i] == row)
			return true;
	return false;
}

TEST_F(compute, rules)
{
	struct nms_hw_select *s = &self->p.select;

	ASSERT_EQ(0, prepare_plane(self));
	s->search = NMS_HW_SEARCH_NEWTON;
	s->perplexity = nms_bits(10);
	for (uint32_t rule = NMS_HW_RULE_RANDOM; rule <= NMS_HW_RULE_EDITED; rule++) {
		uint32_t index[NMS_COUNT];
		bool seen[NMS_ROWS] = { false };

		s->rule = rule;
		ASSERT_EQ(0, select_index(self, index));
		for (unsigned int i = 0; i < NMS_COUNT; i++) {
			ASSERT_LT(index[i], NMS_ROWS);
			EXPECT_FALSE(seen[index[i]]);
			seen[index[i]] = true;
		}
	}
}

/* Three rows of four are of class 0: so are three exemplars of four. */
TEST_F(compute, labels)
{
	uint32_t labels[NMS_ROWS], index[NMS_COUNT];
	struct nms_hw_select *s = &self->p.select;
	unsigned int of_class[2] = { 0, 0 };
	uint32_t handle;

	ASSERT_EQ(0, nms_create(self->fd, sizeof(labels), &handle));
	for (unsigned int r = 0; r < NMS_ROWS; r++)
		labels[r] = r % 4 == 3;
	ASSERT_EQ(0, write_words(self->fd, handle, labels, NMS_ROWS));
	self->p.embed.labels = s->labels = nms_words(handle, NMS_ROWS);
	ASSERT_EQ(0, prepare_plane(self));
	EXPECT_EQ(2, self->p.result[1].groups);
	ASSERT_EQ(0, select_index(self, index));
	EXPECT_EQ(2, self->p.result[2].groups);
	for (unsigned int i = 0; i < NMS_COUNT; i++)
		of_class[labels[index[i]]]++;
	EXPECT_EQ(NMS_COUNT * 3 / 4, of_class[0]);
	EXPECT_EQ(NMS_COUNT / 4, of_class[1]);
}

TEST_F(compute, quota)
{
	const uint32_t quota[2] = { 2, NMS_COUNT - 2 };
	uint32_t labels[NMS_ROWS], index[NMS_COUNT];
	struct nms_hw_select *s = &self->p.select;
	unsigned int of_class[2] = { 0, 0 };
	uint32_t handle;

	for (unsigned int r = 0; r < NMS_ROWS; r++)
		labels[r] = r % 4 == 3;
	ASSERT_EQ(0, nms_create(self->fd, sizeof(labels), &handle));
	ASSERT_EQ(0, write_words(self->fd, handle, labels, NMS_ROWS));
	s->labels = nms_words(handle, NMS_ROWS);
	ASSERT_EQ(0, nms_create(self->fd, sizeof(quota), &handle));
	ASSERT_EQ(0, write_words(self->fd, handle, quota, 2));
	s->quota = nms_words(handle, 2);
	s->budget = NMS_HW_BUDGET_GIVEN;
	s->rule = NMS_HW_RULE_RANDOM;
	ASSERT_EQ(0, select_index(self, index));
	for (unsigned int i = 0; i < NMS_COUNT; i++)
		of_class[labels[index[i]]]++;
	EXPECT_EQ(quota[0], of_class[0]);
	EXPECT_EQ(quota[1], of_class[1]);
}

TEST_F(compute, keep_and_drop)
{
	const uint32_t keep[3] = { 7, 399, 100 };
	uint32_t drop[200], index[NMS_COUNT];
	struct nms_hw_select *s = &self->p.select;
	float weight[NMS_COUNT];
	double sum = 0;
	uint32_t handle;

	ASSERT_EQ(0, prepare_plane(self));
	for (unsigned int i = 0; i < 200; i++)
		drop[i] = 150 + i;
	ASSERT_EQ(0, nms_create(self->fd, sizeof(drop), &handle));
	ASSERT_EQ(0, write_words(self->fd, handle, drop, 200));
	s->drop = nms_words(handle, 200);
	ASSERT_EQ(0, nms_create(self->fd, sizeof(keep), &handle));
	ASSERT_EQ(0, write_words(self->fd, handle, keep, 3));
	s->keep = nms_words(handle, 3);
	ASSERT_EQ(0, select_index(self, index));
	for (unsigned int i = 0; i < 3; i++)
		EXPECT_TRUE(has(index, keep[i]));
	for (unsigned int i = 0; i < 200; i++)
		EXPECT_FALSE(has(index, drop[i]));
	ASSERT_EQ(0, nms_transfer(self->fd, NMS_CMD_READ, self->p.weight, 0, weight,
				  sizeof(weight)));
	for (unsigned int i = 0; i < NMS_COUNT; i++)
		sum += weight[i];
	EXPECT_LT(fabs(sum - (NMS_ROWS - 200)), 0.01);
}

/* Where all the mass lies, there lie the exemplars of herding. */
TEST_F(compute, mass)
{
	uint32_t mass[NMS_ROWS], index[NMS_COUNT];
	struct nms_hw_select *s = &self->p.select;
	unsigned int heavy = 0;
	uint32_t handle;

	ASSERT_EQ(0, prepare_plane(self));
	for (unsigned int r = 0; r < NMS_ROWS; r++)
		mass[r] = nms_bits(self->p.along[r] > 5 ? 1000 : 0.001f);
	ASSERT_EQ(0, nms_create(self->fd, sizeof(mass), &handle));
	ASSERT_EQ(0, write_words(self->fd, handle, mass, NMS_ROWS));
	s->mass = nms_words(handle, NMS_ROWS);
	s->rule = NMS_HW_RULE_HERDING;
	ASSERT_EQ(0, select_index(self, index));
	for (unsigned int i = 0; i < NMS_COUNT; i++)
		heavy += self->p.along[index[i]] > 4;
	EXPECT_GT(heavy, NMS_COUNT / 2);
}

TEST_F(compute, entropy)
{
	struct nms_hw_embed *e = &self->p.embed;
	const uint32_t dropped = 11;
	struct nms_hw_trace trace[8];
	uint32_t flags[NMS_ROWS], handle;
	unsigned int chosen = 0;

	ASSERT_EQ(0, nms_create(self->fd, sizeof(flags), &handle));
	e->flags = nms_words(handle, NMS_ROWS);
	ASSERT_EQ(0, nms_create(self->fd, sizeof(trace), &handle));
	e->trace = nms_words(handle, sizeof(trace) / 4);
	ASSERT_EQ(0, nms_create(self->fd, 4, &handle));
	ASSERT_EQ(0, write_words(self->fd, handle, &dropped, 1));
	e->drop = nms_words(handle, 1);
	e->options = NMS_HW_EMBED_ENTROPY;
	e->candidates = 4;
	ASSERT_EQ(0, prepare_plane(self));
	ASSERT_EQ(0, nms_transfer(self->fd, NMS_CMD_READ, e->flags.near.range, 0, flags,
				  sizeof(flags)));
	ASSERT_EQ(0, nms_transfer(self->fd, NMS_CMD_READ, e->trace.near.range, 0, trace,
				  sizeof(trace)));
	for (unsigned int r = 0; r < NMS_ROWS; r++)
		EXPECT_TRUE(r == dropped ? flags[r] == NMS_HW_NROW_FLAGS :
					   flags[r] < NMS_HW_NROW_FLAGS);
	EXPECT_EQ(NMS_ROWS - 1, self->p.result[1].count);
	ASSERT_GT(self->p.result[1].trace_lines, 0);
	ASSERT_LE(self->p.result[1].trace_lines, 4);
	for (unsigned int i = 0; i < self->p.result[1].trace_lines; i++)
		chosen += trace[i].chosen;
	EXPECT_EQ(1, chosen);
}

/* ---- what the device refuses ------------------------------------------------------- */

/* The third of four fails: the job ends there, and says why. */
TEST_F(compute, chain_fails)
{
	const uint32_t keep[2] = { 3, NMS_ROWS };
	struct nms_query_counters before, after;
	struct nms_job_result result = { 0 };
	uint32_t handle;

	ASSERT_EQ(0, nms_create(self->fd, sizeof(keep), &handle));
	ASSERT_EQ(0, write_words(self->fd, handle, keep, 2));
	self->p.select.keep = nms_words(handle, 2);
	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_CONTEXT, 0, &before, sizeof(before)));
	EXPECT_EQ(-ENXIO, nms_run(self->fd, self->p.cmd, 4, &result));
	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_CONTEXT, 0, &after, sizeof(after)));
	EXPECT_EQ(2, result.commands);
	EXPECT_EQ(NMS_HW_BAD_INDEX, result.status);
	EXPECT_EQ(offsetof(struct nms_hw_select, keep), result.detail);
	EXPECT_EQ(before.commands + 3, after.commands);
	EXPECT_EQ(before.errors + 1, after.errors);
	EXPECT_EQ(0, self->p.result[1].status);
	EXPECT_EQ(NMS_HW_BAD_INDEX, self->p.result[2].status);
	EXPECT_EQ(1, self->p.result[2].error_row);
	EXPECT_EQ(0, self->p.result[3].version);
	EXPECT_EQ(0, self->p.chosen[0][0]);
}

TEST_F(compute, not_finite)
{
	float bad = NAN;
	struct nms_job_result result = { 0 };

	ASSERT_EQ(0, nms_transfer(self->fd, NMS_CMD_WRITE, self->p.input,
				  4 * (5 * NMS_COLS + 2), &bad, 4));
	EXPECT_EQ(-EDOM, nms_run(self->fd, self->p.cmd, 1, &result));
	EXPECT_EQ(NMS_HW_NOT_FINITE, result.status);
	EXPECT_EQ(5, self->p.result[0].error_row);
	EXPECT_EQ(2, self->p.result[0].error_col);
}

TEST_F(compute, overlap)
{
	struct nms_job_result result = { 0 };

	self->p.reduce.output.near.range = self->p.input;
	EXPECT_EQ(-EINVAL, nms_run(self->fd, self->p.cmd, 1, &result));
	EXPECT_EQ(NMS_HW_INVALID_FIELD, result.status);
	EXPECT_EQ(offsetof(struct nms_hw_reduce, output.near.offset), result.detail);
}

/* ---- who may use what -------------------------------------------------------------- */

/* @handle of @from, in @to, with no more than @access. */
static int pass(int from, uint32_t handle, int to, uint32_t access, uint32_t *passed)
{
	struct nms_buffer_export e = { .handle = handle, .access = access, .flags = O_CLOEXEC };
	struct nms_buffer_import i = { 0 };
	int err = nms_call(from, NMS_IOCTL_BUFFER_EXPORT, &e);

	if (err)
		return err;
	i.fd = e.fd;
	err = nms_call(to, NMS_IOCTL_BUFFER_IMPORT, &i);
	close(e.fd);
	*passed = i.handle;
	return err;
}

TEST_F(compute, rights)
{
	uint32_t readable, writable;

	ASSERT_EQ(0, pass(self->fd, self->p.input, self->fd, NMS_ACCESS_READ, &readable));
	ASSERT_EQ(0, pass(self->fd, self->p.features, self->fd, NMS_ACCESS_WRITE, &writable));
	self->p.reduce.input.near.range = readable;
	self->p.reduce.output.near.range = writable;
	EXPECT_EQ(0, nms_run(self->fd, self->p.cmd, 1, NULL));
	self->p.reduce.output.near.range = readable;
	EXPECT_EQ(-EACCES, nms_run(self->fd, self->p.cmd, 1, NULL));
	self->p.reduce.output.near.range = writable;
	self->p.reduce.input.near.range = writable;
	EXPECT_EQ(-EACCES, nms_run(self->fd, self->p.cmd, 1, NULL));
}

/* A number that means something in another context only. */
TEST_F(compute, handles_of_others)
{
	int other = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	uint32_t handle = 0;

	ASSERT_GE(other, 0);
	while (handle <= self->p.weight)
		ASSERT_EQ(0, nms_create(other, sizeof(self->p.data), &handle));
	self->p.reduce.output.near.range = handle;
	EXPECT_EQ(-EBADF, nms_run(self->fd, self->p.cmd, 1, NULL));
	close(other);
}

/* A command keeps what it uses, though its handles be forgotten meanwhile. */
TEST_F(compute, handles_forgotten)
{
	struct nms_job_result result = { 0 };
	uint64_t job;

	ASSERT_EQ(0, nms_submit(self->fd, self->p.cmd, 4, &job));
	ASSERT_EQ(0, nms_destroy(self->fd, self->p.input));
	ASSERT_EQ(0, nms_destroy(self->fd, self->p.features));
	ASSERT_EQ(0, nms_destroy(self->fd, self->p.plane));
	ASSERT_EQ(0, nms_wait(self->fd, job, UINT64_MAX, &result));
	EXPECT_EQ(0, result.error);
	check_index(_metadata, self->fd, &self->p);
}

/* In a process of its own: rows of a dataset that another has named. */
static int select_from_dataset(struct nms_pipeline *p)
{
	struct nms_dataset_open o = { .name = "compute-shared", .access = NMS_ACCESS_READ };
	int fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);

	/* Root passes modes by. */
	if (fd < 0 || (!geteuid() && seteuid(65534)))
		return 4;
	if (nms_pipeline_init(p, fd) || nms_call(fd, NMS_IOCTL_DATASET_OPEN, &o))
		return 1;
	p->reduce.input.near.range = o.handle;
	p->gather.input.near.range = o.handle;
	for (int i = 0; i < 5; i++)
		if (nms_run(fd, p->cmd, 4, NULL))
			return 2;
	p->reduce.output.near.range = o.handle;
	return nms_run(fd, p->cmd, 1, NULL) == -EACCES ? 0 : 3;
}

TEST_F(compute, shared_dataset)
{
	struct nms_dataset_create c = { .name = "compute-shared", .handle = self->p.input,
					.mode = 0444 };
	struct nms_dataset_unlink u = { .name = "compute-shared" };
	static float seen[NMS_ROWS][NMS_COLS];
	int status, reads = 0;
	pid_t pid;

	ASSERT_EQ(0, nms_call(self->fd, NMS_IOCTL_DATASET_CREATE, &c));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid)
		_exit(select_from_dataset(&self->p));
	while (!waitpid(pid, &status, WNOHANG)) {
		ASSERT_EQ(0, nms_transfer(self->fd, NMS_CMD_READ, self->p.input, 0, seen,
					  sizeof(seen)));
		ASSERT_EQ(0, memcmp(seen, self->p.data, sizeof(seen)));
		reads++;
	}
	EXPECT_EQ(0, status);
	EXPECT_GT(reads, 0);
	EXPECT_EQ(0, nms_call(self->fd, NMS_IOCTL_DATASET_UNLINK, &u));
}

static int send_fd(int to, int fd)
{
	char control[CMSG_SPACE(sizeof(fd))] = { 0 }, byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(to, &m, 0) == 1 ? 0 : -errno;
}

static int receive_fd(int from)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	int fd;

	if (recvmsg(from, &m, 0) != 1 || !CMSG_FIRSTHDR(&m))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	return fd;
}

/* In a process of its own: what it gets by a socket, it may compute from. */
static int reduce_received(struct nms_pipeline *p, int socket)
{
	struct nms_buffer_import i = { .fd = receive_fd(socket) };
	int fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);

	if (fd < 0 || i.fd < 0 || nms_pipeline_init(p, fd) ||
	    nms_call(fd, NMS_IOCTL_BUFFER_IMPORT, &i))
		return 1;
	/* Rows of its own would give the same: these are not there any more. */
	if (nms_destroy(fd, p->input))
		return 2;
	p->reduce.input.near.range = i.handle;
	if (nms_run(fd, p->cmd, 1, NULL))
		return 3;
	p->reduce.output.near.range = i.handle;
	return nms_run(fd, p->cmd, 1, NULL) == -EACCES ? 0 : 4;
}

TEST_F(compute, passed_descriptor)
{
	struct nms_buffer_export e = { .handle = self->p.input, .access = NMS_ACCESS_READ,
				       .flags = O_CLOEXEC };
	int sockets[2], status;
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid)
		_exit(reduce_received(&self->p, sockets[1]));
	ASSERT_EQ(0, nms_call(self->fd, NMS_IOCTL_BUFFER_EXPORT, &e));
	ASSERT_EQ(0, send_fd(sockets[0], e.fd));
	close(e.fd);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	close(sockets[0]);
	close(sockets[1]);
}

TEST_HARNESS_MAIN

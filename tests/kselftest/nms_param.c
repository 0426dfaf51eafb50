// SPDX-License-Identifier: GPL-2.0-only
/*
 * Malformed commands: each field of each parameter block, and of the command
 * itself, is refused before anything runs, and the caller learns which it was.
 */
#include <liburing.h>
#include <stddef.h>

#include "nms_blocks.h"

#define IN_CMD(member)		offsetof(struct nms_cmd, member)
#define IN_REDUCE(member)	offsetof(struct nms_hw_reduce, member)
#define IN_EMBED(member)	offsetof(struct nms_hw_embed, member)
#define IN_SELECT(member)	offsetof(struct nms_hw_select, member)
#define IN_GATHER(member)	offsetof(struct nms_hw_gather, member)
#define SIZE(type, member)	sizeof(((struct type *)0)->member)

FIXTURE(param) {
	int fd;
	struct nms_pipeline p;
	uint64_t commands;
};

static uint64_t commands(int fd)
{
	struct nms_query_counters c = { 0 };

	nms_query(fd, NMS_QUERY_CONTEXT, 0, &c, sizeof(c));
	return c.commands;
}

FIXTURE_SETUP(param)
{
	self->fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, nms_pipeline_init(&self->p, self->fd));
	self->commands = commands(self->fd);
}

/* What was refused has not run, not even what stood before it. */
FIXTURE_TEARDOWN(param)
{
	EXPECT_EQ(self->commands, commands(self->fd));
	close(self->fd);
}

struct refusal {
	size_t offset, size;	/* of the field that is changed */
	uint64_t value;
	int error;
	size_t field;		/* that is blamed; 0: the same */
};

static int submit(int fd, struct nms_cmd *cmd, uint32_t count, struct nms_submit *s)
{
	*s = (struct nms_submit){ .commands = (uintptr_t)cmd, .count = count,
				  .command_size = sizeof(*cmd) };
	return nms_call(fd, NMS_IOCTL_SUBMIT, s);
}

/* The whole pipeline, with one field of the block of command @number changed. */
static void check(struct __test_metadata *_metadata, FIXTURE_DATA(param) *self,
		  unsigned int number, const struct refusal *r, size_t count)
{
	struct nms_pipeline *p = &self->p;
	unsigned char *block = (void *)(uintptr_t)p->cmd[number].param;
	unsigned char good[512];
	struct nms_submit s;

	memcpy(good, block, p->cmd[number].param_size);
	for (size_t i = 0; i < count; i++, r++) {
		size_t field = r->field ? r->field : r->offset;
		int err;

		memcpy(block + r->offset, &r->value, r->size);
		err = submit(self->fd, p->cmd, 4, &s);
		EXPECT_EQ(r->error, err);
		EXPECT_EQ(number + 1, s.bad_command);
		EXPECT_EQ(NMS_FIELD_PARAM | field, s.bad_field);
		if (err != r->error || s.bad_field != (NMS_FIELD_PARAM | field))
			printf("# command %u, offset %zu, value %#llx\n", number, r->offset,
			       (unsigned long long)r->value);
		memcpy(block, good, p->cmd[number].param_size);
	}
}
#define CHECK(number, table) check(_metadata, self, number, table, sizeof(table) / sizeof(table[0]))

#define FIELD(type, member, value, error, ...) \
	{ offsetof(struct type, member), SIZE(type, member), value, error, ##__VA_ARGS__ }

#define HEADER(type)								\
	FIELD(type, header.version, 0, -EINVAL),				\
	FIELD(type, header.version, 2, -EINVAL),				\
	FIELD(type, header.opcode, NMS_HW_NOP, -EINVAL),			\
	FIELD(type, header.size, 16, -EINVAL),					\
	FIELD(type, header.profile, 77, -EINVAL),				\
	FIELD(type, header.reserved, 1, -EINVAL)

#define NEAR(type, member, missing)						\
	FIELD(type, member.near.range, 0, missing),				\
	FIELD(type, member.near.range, 999, -EBADF),				\
	FIELD(type, member.near.generation, 1, -EINVAL),			\
	FIELD(type, member.near.offset, 1 << 20, -ERANGE),			\
	FIELD(type, member.near.offset, UINT64_MAX - 3, -ERANGE)

#define MATRIX(type, member, missing)						\
	NEAR(type, member, missing),						\
	FIELD(type, member.rows, 0, -EINVAL),					\
	FIELD(type, member.rows, 1ull << 32, -EINVAL),				\
	FIELD(type, member.stride, 4, -EINVAL),					\
	FIELD(type, member.stride, 1ull << 62, -ERANGE),			\
	FIELD(type, member.cols, 0, -EINVAL),					\
	FIELD(type, member.dtype, 0, -EINVAL),					\
	FIELD(type, member.dtype, 8, -EINVAL),					\
	FIELD(type, member.reserved[0], 1, -EINVAL),				\
	FIELD(type, member.reserved[2], 1, -EINVAL,				\
	      offsetof(struct type, member.reserved))

/* Of float32 in rows that the device computes with. */
#define FLOATS(type, member, missing)						\
	MATRIX(type, member, missing),						\
	FIELD(type, member.dtype, NMS_HW_F64, -EINVAL),				\
	FIELD(type, member.dtype, NMS_HW_U32, -EINVAL),				\
	FIELD(type, member.near.offset, 2, -EINVAL),				\
	FIELD(type, member.stride, 4 * NMS_COLS + 2, -EINVAL),			\
	FIELD(type, member.stride, UINT32_MAX & ~3u, -ERANGE,			\
	      offsetof(struct type, member.near.offset))

#define VECTOR(type, member, missing)						\
	NEAR(type, member, missing),						\
	FIELD(type, member.near.offset, 2, -EINVAL),				\
	FIELD(type, member.count, 0, -EINVAL),					\
	FIELD(type, member.count, 1ull << 32, -EINVAL)

/* 0 for the handle while the rest says that there is one. */
#define ABSENT(type, member) \
	FIELD(type, member.count, 1, -EINVAL, offsetof(struct type, member))

TEST_F(param, reduce)
{
	static const struct refusal table[] = {
		HEADER(nms_hw_reduce),
		MATRIX(nms_hw_reduce, input, -EBADF),
		FLOATS(nms_hw_reduce, output, -EBADF),
		FIELD(nms_hw_reduce, input.dtype, NMS_HW_U32, -EINVAL),
		FIELD(nms_hw_reduce, output.rows, NMS_ROWS - 1, -EINVAL),
		FIELD(nms_hw_reduce, output.cols, NMS_COLS + 1, -EINVAL),
		FIELD(nms_hw_reduce, scaling, 3, -EINVAL),
		FIELD(nms_hw_reduce, reserved, 1, -EINVAL),
	};

	CHECK(0, table);
}

TEST_F(param, embed)
{
	const uint32_t nan = 0x7fc00000, infinite = 0x7f800000;
	const struct refusal table[] = {
		HEADER(nms_hw_embed),
		FLOATS(nms_hw_embed, features, -EBADF),
		FLOATS(nms_hw_embed, output, -EBADF),
		FIELD(nms_hw_embed, output.rows, NMS_ROWS - 1, -EINVAL),
		FIELD(nms_hw_embed, output.cols, 1, -EINVAL),
		ABSENT(nms_hw_embed, labels),
		ABSENT(nms_hw_embed, drop),
		ABSENT(nms_hw_embed, flags),
		FIELD(nms_hw_embed, trace.count, 8, -EINVAL, IN_EMBED(trace)),
		FIELD(nms_hw_embed, options, 6, -EINVAL),
		FIELD(nms_hw_embed, search, 0, -EINVAL),
		FIELD(nms_hw_embed, search, 5, -EINVAL),
		FIELD(nms_hw_embed, perplexity, 0, -EINVAL),
		FIELD(nms_hw_embed, perplexity, nms_bits(1), -EINVAL),
		FIELD(nms_hw_embed, perplexity, nms_bits(-5), -EINVAL),
		FIELD(nms_hw_embed, perplexity, nan, -EINVAL),
		FIELD(nms_hw_embed, perplexity, infinite, -EINVAL),
		FIELD(nms_hw_embed, perplexity_min, nms_bits(0.5f), -EINVAL),
		FIELD(nms_hw_embed, perplexity_min, nan, -EINVAL),
		FIELD(nms_hw_embed, perplexity_max, nms_bits(1), -EINVAL),
		FIELD(nms_hw_embed, perplexity_max, infinite, -EINVAL),
		FIELD(nms_hw_embed, tolerance, nms_bits(-1), -EINVAL),
		FIELD(nms_hw_embed, tolerance, nan, -EINVAL),
		FIELD(nms_hw_embed, exaggeration, nms_bits(0.5f), -EINVAL),
		FIELD(nms_hw_embed, exaggeration, nan, -EINVAL),
		FIELD(nms_hw_embed, stop, nan, -EINVAL),
		FIELD(nms_hw_embed, stop, infinite, -EINVAL),
	};

	CHECK(1, table);
}

/* Vectors that are optional, when they are there. */
TEST_F(param, embed_vectors)
{
	const struct refusal table[] = {
		VECTOR(nms_hw_embed, labels, -EINVAL),
		FIELD(nms_hw_embed, labels.count, NMS_ROWS - 1, -EINVAL),
		VECTOR(nms_hw_embed, flags, -EINVAL),
		FIELD(nms_hw_embed, flags.count, NMS_ROWS + 1, -EINVAL),
		VECTOR(nms_hw_embed, drop, -EINVAL),
		VECTOR(nms_hw_embed, trace, -EINVAL),
		FIELD(nms_hw_embed, trace.count, 12, -EINVAL),
		FIELD(nms_hw_embed, perplexity_max, nms_bits(3), -EINVAL),
	};
	struct nms_hw_embed *e = &self->p.embed;

	e->labels = nms_words(self->p.index, NMS_ROWS);
	e->flags = nms_words(self->p.weight, NMS_ROWS);
	e->drop = nms_words(self->p.index, 3);
	e->trace = nms_words(self->p.weight, 64);
	e->perplexity_min = nms_bits(5);
	CHECK(1, table);
}

TEST_F(param, select)
{
	static const struct refusal table[] = {
		HEADER(nms_hw_select),
		FLOATS(nms_hw_select, features, -EINVAL),
		FLOATS(nms_hw_select, embedding, -EBADF),
		FIELD(nms_hw_select, embedding.cols, 3, -EINVAL),
		FIELD(nms_hw_select, embedding.rows, NMS_ROWS - 1, -EINVAL),
		FIELD(nms_hw_select, features.rows, NMS_ROWS - 1, -EINVAL),
		ABSENT(nms_hw_select, labels),
		ABSENT(nms_hw_select, mass),
		ABSENT(nms_hw_select, keep),
		ABSENT(nms_hw_select, drop),
		FIELD(nms_hw_select, quota.near.range, 1, -EINVAL,
		      IN_SELECT(quota)),
		VECTOR(nms_hw_select, index, -EBADF),
		FIELD(nms_hw_select, index.count, NMS_COUNT - 1, -EINVAL),
		VECTOR(nms_hw_select, weight, -EINVAL),
		FIELD(nms_hw_select, weight.count, NMS_COUNT + 1, -EINVAL),
		FIELD(nms_hw_select, rows, 0, -EINVAL),
		FIELD(nms_hw_select, rows, 1ull << 32, -EINVAL),
		FIELD(nms_hw_select, count, 0, -EINVAL),
		FIELD(nms_hw_select, count, NMS_ROWS + 1, -EINVAL),
		FIELD(nms_hw_select, rule, 0, -EINVAL),
		FIELD(nms_hw_select, rule, 9, -EINVAL),
		FIELD(nms_hw_select, budget, 0, -EINVAL),
		FIELD(nms_hw_select, budget, 4, -EINVAL),
		FIELD(nms_hw_select, budget, NMS_HW_BUDGET_GIVEN, -EINVAL, IN_SELECT(quota)),
		/* These need what is not there or not set. */
		FIELD(nms_hw_select, rule, NMS_HW_RULE_FACILITY, -EINVAL, IN_SELECT(search)),
	};

	CHECK(2, table);
}

TEST_F(param, select_vectors)
{
	static const struct refusal table[] = {
		VECTOR(nms_hw_select, labels, -EINVAL),
		FIELD(nms_hw_select, labels.count, NMS_ROWS - 1, -EINVAL),
		VECTOR(nms_hw_select, mass, -EINVAL),
		FIELD(nms_hw_select, mass.count, NMS_ROWS - 1, -EINVAL),
		VECTOR(nms_hw_select, keep, -EINVAL),
		FIELD(nms_hw_select, keep.count, NMS_COUNT + 1, -EINVAL),
		VECTOR(nms_hw_select, drop, -EINVAL),
		VECTOR(nms_hw_select, quota, -EINVAL),
		FIELD(nms_hw_select, budget, NMS_HW_BUDGET_EQUAL, -EINVAL, IN_SELECT(quota)),
	};
	struct nms_hw_select *s = &self->p.select;

	s->labels = nms_words(self->p.input, NMS_ROWS);
	s->mass = nms_words(self->p.input, NMS_ROWS);
	s->keep = nms_words(self->p.input, 2);
	s->drop = nms_words(self->p.input, 2);
	s->quota = nms_words(self->p.input, 2);
	s->budget = NMS_HW_BUDGET_GIVEN;
	CHECK(2, table);
}

/* What one rule alone looks at. */
TEST_F(param, select_rules)
{
	const uint32_t nan = 0x7fc00000;
	const struct refusal herding[] = {
		FIELD(nms_hw_select, bandwidth, nms_bits(-1), -EINVAL),
		FIELD(nms_hw_select, bandwidth, nan, -EINVAL),
	};
	const struct refusal facility[] = {
		FIELD(nms_hw_select, search, 0, -EINVAL),
		FIELD(nms_hw_select, perplexity, nms_bits(1), -EINVAL),
		FIELD(nms_hw_select, perplexity, nan, -EINVAL),
		FIELD(nms_hw_select, tolerance, nms_bits(-1), -EINVAL),
		FIELD(nms_hw_select, neighbours, NMS_HW_NEIGHBOURS_IVF + 1, -EINVAL),
	};
	const struct refusal none[] = {
		FIELD(nms_hw_select, rule, NMS_HW_RULE_KCENTRE, -EBADF,
		      IN_SELECT(features.near.range)),
	};
	struct nms_hw_select *s = &self->p.select;

	s->rule = NMS_HW_RULE_HERDING;
	CHECK(2, herding);
	s->rule = NMS_HW_RULE_FACILITY;
	s->search = NMS_HW_SEARCH_NEWTON;
	s->perplexity = nms_bits(5);
	CHECK(2, facility);
	s->features = (struct nms_hw_matrix){ 0 };
	CHECK(2, none);
}

TEST_F(param, gather)
{
	static const struct refusal table[] = {
		HEADER(nms_hw_gather),
		MATRIX(nms_hw_gather, input, -EBADF),
		VECTOR(nms_hw_gather, index, -EBADF),
	};
	struct nms_submit s;

	CHECK(3, table);
	self->p.cmd[3].length--;
	EXPECT_EQ(-EMSGSIZE, submit(self->fd, self->p.cmd, 4, &s));
	EXPECT_EQ(4, s.bad_command);
	EXPECT_EQ(IN_CMD(length), s.bad_field);
	/* More than 64 bits can say. */
	self->p.cmd[3].length++;
	self->p.gather.input.stride = UINT64_MAX;
	self->p.gather.input.rows = 1;
	self->p.gather.input.cols = UINT32_MAX;
	EXPECT_EQ(-ERANGE, submit(self->fd, self->p.cmd, 4, &s));
	EXPECT_EQ(4, s.bad_command);
}

struct cmd_refusal {
	size_t offset, size;
	uint64_t value;
	int error;
	size_t field;
};

#define CMD(member, value, error, ...) \
	{ IN_CMD(member), SIZE(nms_cmd, member), value, error, ##__VA_ARGS__ }

/* Fields of a command, behind a good one. */
static void check_cmd(struct __test_metadata *_metadata, int fd, struct nms_cmd good,
		      const struct cmd_refusal *r, size_t count)
{
	for (size_t i = 0; i < count; i++, r++) {
		struct nms_cmd cmd[2] = { { .op = NMS_CMD_NOP }, good };
		size_t field = r->field ? r->field : r->offset;
		struct nms_submit s;
		int err;

		memcpy((char *)&cmd[1] + r->offset, &r->value, r->size);
		err = submit(fd, cmd, 2, &s);
		EXPECT_EQ(r->error, err);
		EXPECT_EQ(2, s.bad_command);
		EXPECT_EQ(field, s.bad_field);
		if (err != r->error || s.bad_field != field)
			printf("# op %#x, offset %zu, value %#llx\n", good.op, r->offset,
			       (unsigned long long)r->value);
	}
}
#define CHECK_CMD(good, table) \
	check_cmd(_metadata, self->fd, good, table, sizeof(table) / sizeof(table[0]))

TEST_F(param, commands_of_data)
{
	static const struct cmd_refusal nop[] = {
		CMD(op, 4, -EINVAL), CMD(op, 0x14, -EINVAL), CMD(op, UINT32_MAX, -EINVAL),
		CMD(flags, 1, -EINVAL), CMD(flags, 2, -EINVAL), CMD(handle, 1, -EINVAL),
		CMD(offset, 1, -EINVAL), CMD(length, 1, -EINVAL), CMD(address, 1, -EINVAL),
		CMD(param, 1, -EINVAL), CMD(param_size, 1, -EINVAL),
		CMD(result, 4096, -EINVAL, IN_CMD(result_size)), CMD(result_size, 1, -EINVAL),
	};
	static const struct cmd_refusal read[] = {
		CMD(flags, 1, -EINVAL), CMD(handle, 0, -EBADF), CMD(handle, 999, -EBADF),
		CMD(offset, 1 << 20, -ERANGE), CMD(offset, UINT64_MAX, -EINVAL),
		CMD(length, 0, -EINVAL), CMD(length, 1 << 20, -ERANGE),
		CMD(length, 2ull << 30, -EINVAL), CMD(address, 4096, -EFAULT),
		CMD(address, UINT64_MAX, -EINVAL), CMD(param, 1, -EINVAL),
	};
	static const struct cmd_refusal zero[] = {
		CMD(address, 1, -EINVAL), CMD(length, 0, -EINVAL), CMD(handle, 999, -EBADF),
	};
	char data[64];

	CHECK_CMD(((struct nms_cmd){ .op = NMS_CMD_NOP }), nop);
	CHECK_CMD(nms_copy(NMS_CMD_READ, self->p.input, 0, data, sizeof(data)), read);
	CHECK_CMD(nms_copy(NMS_CMD_ZERO, self->p.input, 0, NULL, 64), zero);
}

TEST_F(param, commands_of_compute)
{
	static const struct cmd_refusal reduce[] = {
		CMD(flags, 1, -EINVAL), CMD(handle, 1, -EINVAL), CMD(offset, 1, -EINVAL),
		CMD(length, 1, -EINVAL), CMD(address, 1, -EINVAL), CMD(param, 0, -EFAULT),
		CMD(param, 4096, -EFAULT), CMD(param_size, 0, -EINVAL),
		CMD(param_size, sizeof(struct nms_hw_reduce) - 1, -EINVAL),
		CMD(param_size, sizeof(struct nms_hw_reduce) + 8, -EINVAL),
		CMD(result_size, 0, -EINVAL), CMD(result, 0, -EINVAL, IN_CMD(result_size)),
	};
	static const struct cmd_refusal gather[] = {
		CMD(flags, 1, -EINVAL), CMD(handle, 1, -EINVAL), CMD(length, 0, -EINVAL),
		CMD(length, 8, -EMSGSIZE), CMD(address, 4096, -EFAULT),
		CMD(length, 2ull << 30, -EINVAL),
	};

	CHECK_CMD(self->p.cmd[0], reduce);
	CHECK_CMD(self->p.cmd[3], gather);
}

/* Whoever has room for less learns less, and nothing behind it is written. */
TEST_F(param, short_submit)
{
	struct nms_cmd bad = { .op = 99 };
	struct nms_submit s = { .commands = (uintptr_t)&bad, .count = 1,
				.command_size = sizeof(bad) };
	unsigned long call = NMS_IOCTL_SUBMIT & ~(_IOC_SIZEMASK << _IOC_SIZESHIFT);
	size_t size = offsetof(struct nms_submit, bad_field);

	s.bad_field = 0x77;
	ASSERT_EQ(-EINVAL, nms_call(self->fd, call | size << _IOC_SIZESHIFT, &s));
	EXPECT_EQ(1, s.bad_command);
	EXPECT_EQ(0x77, s.bad_field);
	s.bad_command = 0x66;
	size = offsetof(struct nms_submit, bad_command);
	ASSERT_EQ(-EINVAL, nms_call(self->fd, call | size << _IOC_SIZESHIFT, &s));
	EXPECT_EQ(0x66, s.bad_command);
}

/* The same by io_uring. */
TEST_F(param, uring)
{
	struct nms_cmd cmd[2] = { { .op = NMS_CMD_NOP }, self->p.cmd[0] };
	struct nms_submit s = { .commands = (uintptr_t)cmd, .count = 2,
				.command_size = sizeof(cmd[0]) };
	struct nms_uring_cmd payload = { (uintptr_t)&s, sizeof(s), 0 };
	struct io_uring_cqe *cqe;
	struct io_uring_sqe *sqe;
	struct io_uring ring;

	self->p.reduce.scaling = 9;
	ASSERT_EQ(0, io_uring_queue_init(4, &ring, 0));
	sqe = io_uring_get_sqe(&ring);
	ASSERT_NE(NULL, sqe);
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = self->fd;
	sqe->off = NMS_URING_SUBMIT;
	memcpy((void *)&sqe->addr3, &payload, sizeof(payload));
	ASSERT_EQ(1, io_uring_submit(&ring));
	ASSERT_EQ(0, io_uring_wait_cqe(&ring, &cqe));
	EXPECT_EQ(-EINVAL, cqe->res);
	EXPECT_EQ(2, s.bad_command);
	EXPECT_EQ(NMS_FIELD_PARAM | IN_REDUCE(scaling), s.bad_field);
	io_uring_queue_exit(&ring);
}

TEST_HARNESS_MAIN

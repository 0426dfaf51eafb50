// SPDX-License-Identifier: GPL-2.0-only
/* The model refuses malformed parameter blocks, field by field, each with its code. */
#include "model_fixture.h"

#include <math.h>
#include <unistd.h>

#define ROWS 20u
#define COLS 8u

/* A block of any command, and the near memory that it names. */
static struct nms_model *model;
static union block {
	struct nms_hw_param_header header;
	struct nms_hw_reduce reduce;
	struct nms_hw_embed embed;
	struct nms_hw_select select;
	struct nms_hw_gather gather;
	uint8_t byte[512];
} good;
static struct nms_hw_near rows, out, list, foreign, readonly;
static uint8_t host[4096];
static struct nms_hw_sge sge;

static void setup(void)
{
	model = model_new(1 << 20, 1);
	rows = range_new(model, ROWS * COLS * 4);
	out = range_new(model, ROWS * COLS * 4);
	list = range_new(model, ROWS * 4);
	ck_assert_int_eq(nms_model_range_create(model, CTX + 1, 4096, NULL, RW, &foreign), 0);
	ck_assert_int_eq(nms_model_range_create(model, CTX, 4096, NULL, NMS_MODEL_READ,
						&readonly), 0);
	memset(&good, 0, sizeof(good));
}

static void teardown(void)
{
	nms_model_destroy(model);
}

static struct nms_hw_vector vector(struct nms_hw_near near, uint64_t count)
{
	return (struct nms_hw_vector){ .near = near, .count = count };
}

/* What is put at an offset of a good block, and what must come of it. */
struct change {
	size_t offset, size;
	uint64_t value;
	enum nms_hw_status status;
	uint32_t detail;	/* 0: the offset itself */
};

static enum nms_hw_status run_block(const union block *block, struct nms_hw_cqe *cqe,
				    struct nms_hw_result *result)
{
	struct nms_hw_cmd cmd = compute_cmd(&good, result);

	cmd.compute.param = (uintptr_t)block;
	if (cmd.opcode == NMS_HW_GATHER) {
		sge = (struct nms_hw_sge){ .addr = (uintptr_t)host, .length = sizeof(host) };
		cmd.sgl = (uintptr_t)&sge;
		cmd.sgl_entries = 1;
	}
	return run(model, &cmd, cqe);
}

static void check_change(const struct change *c)
{
	uint32_t detail = c->detail ? c->detail : (uint32_t)c->offset;
	struct nms_hw_result result;
	union block block = good;
	struct nms_hw_cqe cqe;
	enum nms_hw_status status;

	memcpy(block.byte + c->offset, &c->value, c->size);
	memset(&result, 0xee, sizeof(result));
	status = run_block(&block, &cqe, &result);
	ck_assert_msg(status == c->status && cqe.detail == detail,
		      "offset %zu value %llu: status %#x (expected %#x), detail %u (expected %u)",
		      c->offset, (unsigned long long)c->value, status, c->status, cqe.detail,
		      detail);
	ck_assert_uint_eq(result.status, status);
	ck_assert_uint_eq(result.error_field, detail);
	ck_assert_uint_eq(result.opcode, good.header.opcode);
	ck_assert_uint_eq(result.count, 0);
}

static void check_changes(const struct change *list_of, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check_change(&list_of[i]);
}
#define CHECK_CHANGES(c) check_changes(c, sizeof(c) / sizeof((c)[0]))

static void check_header(void)
{
	const struct change changes[] = {
		{ 0, 2, 0, NMS_HW_INVALID_VERSION, 0 },
		{ 0, 2, 2, NMS_HW_INVALID_VERSION, 0 },
		{ 2, 2, NMS_HW_NOP, NMS_HW_INVALID_FIELD, 0 },
		{ 4, 4, good.header.size - 1, NMS_HW_INVALID_SIZE, 0 },
		{ 4, 4, UINT32_MAX, NMS_HW_INVALID_SIZE, 0 },
		{ 8, 4, 3, NMS_HW_BAD_PROFILE, 0 },		/* words of no bits */
		{ 8, 4, 4, NMS_HW_BAD_PROFILE, 0 },
		{ 8, 4, 0x11060803, NMS_HW_BAD_PROFILE, 0 },	/* distances of 17 bits */
		{ 12, 4, 1, NMS_HW_RESERVED_NOT_ZERO, 0 },
	};

	CHECK_CHANGES(changes);
}

#define M(member) (at + offsetof(struct nms_hw_matrix, member))
#define V(member) (at + offsetof(struct nms_hw_vector, member))

/* What holds for each matrix that is read or, with @write, written, as float32 if @f32. */
static void check_matrix(size_t at, bool f32, bool write)
{
	struct nms_hw_matrix m;

	memcpy(&m, good.byte + at, sizeof(m));
	const struct change changes[] = {
		{ M(near.range), 4, 0, NMS_HW_NO_RANGE, 0 },
		{ M(near.range), 4, 12345, NMS_HW_NO_RANGE, 0 },
		{ M(near.range), 4, foreign.range, NMS_HW_NO_RIGHT, 0 },
		{ M(near.generation), 4, m.near.generation + 1, NMS_HW_STALE_RANGE, 0 },
		{ M(near.offset), 8, 4096, NMS_HW_OUT_OF_RANGE, 0 },
		{ M(near.offset), 8, UINT64_MAX - 3, NMS_HW_OUT_OF_RANGE, 0 },
		{ M(rows), 8, 0, NMS_HW_INVALID_FIELD, 0 },
		{ M(rows), 8, UINT64_C(1) << 32, NMS_HW_INVALID_FIELD, 0 },
		{ M(rows), 8, UINT64_MAX, NMS_HW_INVALID_FIELD, 0 },
		{ M(rows), 8, ROWS * 64, NMS_HW_OUT_OF_RANGE, (uint32_t)M(near.offset) },
		{ M(stride), 8, 0, NMS_HW_INVALID_FIELD, 0 },
		{ M(stride), 8, m.stride - 1, NMS_HW_INVALID_FIELD, 0 },
		{ M(stride), 8, UINT64_MAX - 3, NMS_HW_OUT_OF_RANGE, 0 },
		{ M(stride), 8, UINT64_C(1) << 56, NMS_HW_OUT_OF_RANGE, (uint32_t)M(near.offset) },
		{ M(cols), 4, 0, NMS_HW_INVALID_FIELD, 0 },
		{ M(cols), 4, UINT32_MAX, NMS_HW_INVALID_FIELD, (uint32_t)M(stride) },
		{ M(dtype), 1, 0, NMS_HW_INVALID_FIELD, 0 },
		{ M(dtype), 1, 8, NMS_HW_INVALID_FIELD, 0 },
		{ M(reserved), 1, 1, NMS_HW_RESERVED_NOT_ZERO, 0 },
		{ M(reserved), 3, 0x10000, NMS_HW_RESERVED_NOT_ZERO, 0 },
	};
	const struct change aligned[] = {
		{ M(near.offset), 8, 2, NMS_HW_INVALID_FIELD, 0 },
		{ M(stride), 8, m.stride + 2, NMS_HW_INVALID_FIELD, 0 },
		{ M(dtype), 1, NMS_HW_U8, NMS_HW_INVALID_FIELD, 0 },
		{ M(dtype), 1, NMS_HW_F64, NMS_HW_INVALID_FIELD, 0 },
	};
	const struct change written[] = {
		{ M(near.range), 4, readonly.range, NMS_HW_NO_RIGHT, 0 },
	};

	CHECK_CHANGES(changes);
	if (f32) {
		/* Room for the shifted one: alignment is what it must fail on. */
		uint64_t fewer = m.rows / 2;

		memcpy(good.byte + M(rows), &fewer, sizeof(fewer));
		CHECK_CHANGES(aligned);
		memcpy(good.byte + M(rows), &m.rows, sizeof(m.rows));
	}
	if (write)
		CHECK_CHANGES(written);
}

static void check_vector(size_t at, bool optional, bool write)
{
	struct nms_hw_vector v;

	memcpy(&v, good.byte + at, sizeof(v));
	const struct change changes[] = {
		{ V(near.range), 4, 0, optional ? NMS_HW_RESERVED_NOT_ZERO : NMS_HW_NO_RANGE,
		  (uint32_t)at },
		{ V(near.range), 4, foreign.range, NMS_HW_NO_RIGHT, 0 },
		{ V(near.generation), 4, v.near.generation + 9, NMS_HW_STALE_RANGE, 0 },
		{ V(near.offset), 8, 1 << 20, NMS_HW_OUT_OF_RANGE, 0 },
		{ V(count), 8, 0, NMS_HW_INVALID_FIELD, 0 },
		{ V(count), 8, UINT64_MAX, NMS_HW_INVALID_FIELD, 0 },
		{ V(count), 8, UINT64_C(1) << 62, NMS_HW_INVALID_FIELD, 0 },
	};
	const struct change written[] = {
		{ V(near.range), 4, readonly.range, NMS_HW_NO_RIGHT, 0 },
	};

	CHECK_CHANGES(changes);
	if (write)
		CHECK_CHANGES(written);
}

#define R(member) offsetof(struct nms_hw_reduce, member)

START_TEST(reduce_fields)
{
	const struct change changes[] = {
		{ R(input.dtype), 1, NMS_HW_U32, NMS_HW_INVALID_FIELD, 0 },
		{ R(output.rows), 8, ROWS - 1, NMS_HW_INVALID_FIELD, 0 },
		{ R(oversample), 4, UINT32_MAX, NMS_HW_INVALID_FIELD, 0 },
		{ R(iterations), 4, UINT32_MAX, NMS_HW_INVALID_FIELD, 0 },
		{ R(scaling), 4, NMS_HW_SCALING_QUARTER_WHITE + 1, NMS_HW_INVALID_FIELD, 0 },
		{ R(reserved), 4, 1, NMS_HW_RESERVED_NOT_ZERO, 0 },
	};

	good.reduce = (struct nms_hw_reduce){
		.header = header_of(NMS_HW_REDUCE, sizeof(good.reduce)),
		.input = matrix_of(rows, ROWS, COLS, NMS_HW_U8, 1),
		.output = matrix_of(out, ROWS, 3, NMS_HW_F32, 4),
	};
	check_header();
	check_matrix(R(input), false, false);
	check_matrix(R(output), true, true);
	CHECK_CHANGES(changes);

	/* More features than columns, in an output that has room for them. */
	good.reduce.input.cols = 2;
	check_change(&(struct change){ R(output.cols), 4, 3,
				       NMS_HW_BAD_FEATURES, 0 });
	good.reduce.input = matrix_of(rows, 3, COLS, NMS_HW_U8, 1);
	good.reduce.output.rows = 3;
	check_change(&(struct change){ R(output.cols), 4, 3,
				       NMS_HW_BAD_FEATURES, 0 });
	good.reduce.input = matrix_of(rows, COLS, COLS, NMS_HW_U8, 1);
	good.reduce.output = matrix_of(out, COLS, COLS, NMS_HW_F32, 4);
	good.reduce.output.cols = COLS - 1;
	check_change(&(struct change){ R(output.cols), 4, COLS, NMS_HW_BAD_FEATURES, 0 });
	/* The padding of the last row is written too, and must be there. */
	good.reduce.input = matrix_of(rows, ROWS, COLS, NMS_HW_U8, 1);
	good.reduce.output = matrix_of(out, ROWS, 3, NMS_HW_F32, 4);
	good.reduce.output.near.offset = 16;
	check_change(&(struct change){ R(output.stride), 8, 32,
				       NMS_HW_OUT_OF_RANGE,
				       R(output.near.offset) });
}
END_TEST

START_TEST(outputs_do_not_overlap)
{
	good.reduce = (struct nms_hw_reduce){
		.header = header_of(NMS_HW_REDUCE, sizeof(good.reduce)),
		.input = matrix_of(rows, ROWS, COLS, NMS_HW_U8, 1),
		.output = matrix_of(rows, ROWS, 3, NMS_HW_F32, 4),
	};
	check_change(&(struct change){ R(output.near.offset), 8,
				       ROWS * COLS - 4, NMS_HW_INVALID_FIELD, 0 });
	good.reduce.output.near = out;
	good.reduce.input.near = out;
	check_change(&(struct change){ R(input.near.offset), 8, 239,
				       NMS_HW_INVALID_FIELD,
				       R(output.near.offset) });
}
END_TEST

#define E(member) offsetof(struct nms_hw_embed, member)

static void good_embed(void)
{
	good.embed = (struct nms_hw_embed){
		.header = header_of(NMS_HW_EMBED, sizeof(good.embed)),
		.features = matrix_of(rows, ROWS, COLS, NMS_HW_F32, 4),
		.output = matrix_of(out, ROWS, 2, NMS_HW_F32, 4),
		.labels = vector(list, ROWS),
		.drop = vector(list, 3),
		.flags = vector(range_new(model, ROWS * 4), ROWS),
		.trace = vector(range_new(model, 64 * 4), 64),
		.search = NMS_HW_SEARCH_NEWTON,
		.perplexity = bits(5),
	};
}

START_TEST(embed_fields)
{
	const struct change changes[] = {
		{ E(output.rows), 8, ROWS - 1, NMS_HW_INVALID_FIELD, 0 },
		{ E(output.cols), 4, 1, NMS_HW_INVALID_FIELD, 0 },
		{ E(labels.count), 8, ROWS - 1, NMS_HW_INVALID_FIELD, 0 },
		{ E(flags.count), 8, ROWS - 1, NMS_HW_INVALID_FIELD, 0 },
		{ E(trace.count), 8, 63, NMS_HW_INVALID_FIELD, 0 },
		{ E(options), 4, 6, NMS_HW_RESERVED_NOT_ZERO, 0 },
		{ E(search), 4, 0, NMS_HW_INVALID_FIELD, 0 },
		{ E(search), 4, 5, NMS_HW_INVALID_FIELD, 0 },
		{ E(candidates), 4, UINT32_MAX, NMS_HW_INVALID_FIELD, 0 },
		{ E(perplexity), 4, bits(0), NMS_HW_BAD_PERPLEXITY, 0 },
		{ E(perplexity), 4, bits(1), NMS_HW_BAD_PERPLEXITY, 0 },
		{ E(perplexity), 4, bits(-5), NMS_HW_BAD_PERPLEXITY, 0 },
		{ E(perplexity), 4, bits(NAN), NMS_HW_BAD_PERPLEXITY, 0 },
		{ E(perplexity), 4, bits(INFINITY), NMS_HW_BAD_PERPLEXITY, 0 },
		{ E(perplexity_min), 4, bits(0.5f), NMS_HW_BAD_PERPLEXITY, 0 },
		{ E(perplexity_min), 4, bits(NAN), NMS_HW_BAD_PERPLEXITY, 0 },
		{ E(perplexity_max), 4, bits(-1), NMS_HW_BAD_PERPLEXITY, 0 },
		{ E(tolerance), 4, bits(-1), NMS_HW_INVALID_FIELD, 0 },
		{ E(tolerance), 4, bits(NAN), NMS_HW_INVALID_FIELD, 0 },
		{ E(exaggeration), 4, bits(0.5f), NMS_HW_INVALID_FIELD, 0 },
		{ E(exaggeration), 4, bits(INFINITY), NMS_HW_INVALID_FIELD, 0 },
		{ E(stop), 4, bits(NAN), NMS_HW_INVALID_FIELD, 0 },
		{ E(flags.near.range), 4, list.range, NMS_HW_INVALID_FIELD,
		  E(flags.near.offset) },
	};

	good_embed();
	check_header();
	check_matrix(E(features), true, false);
	check_matrix(E(output), true, true);
	check_vector(E(labels), true, false);
	check_vector(E(drop), true, false);
	check_vector(E(flags), true, true);
	check_vector(E(trace), true, true);
	CHECK_CHANGES(changes);
	good.embed.perplexity_min = bits(20);
	check_change(&(struct change){ E(perplexity_max), 4, bits(10), NMS_HW_BAD_PERPLEXITY, 0 });
}
END_TEST

#define S(member) offsetof(struct nms_hw_select, member)

static void good_select(void)
{
	struct nms_hw_near index = range_new(model, 5 * 4), weight = range_new(model, 5 * 4);

	good.select = (struct nms_hw_select){
		.header = header_of(NMS_HW_SELECT, sizeof(good.select)),
		.features = matrix_of(rows, ROWS, COLS, NMS_HW_F32, 4),
		.embedding = matrix_of(out, ROWS, 2, NMS_HW_F32, 4),
		.labels = vector(list, ROWS),
		.mass = vector(list, ROWS),
		.keep = vector(list, 2),
		.drop = vector(list, 2),
		.index = vector(index, 5),
		.weight = vector(weight, 5),
		.rows = ROWS, .count = 5,
		.rule = NMS_HW_RULE_FACILITY, .budget = NMS_HW_BUDGET_PROPORTIONAL,
		.search = NMS_HW_SEARCH_NEWTON, .perplexity = bits(5),
	};
}

START_TEST(select_fields)
{
	const struct change changes[] = {
		{ S(features.rows), 8, ROWS - 1, NMS_HW_INVALID_FIELD, 0 },
		{ S(embedding.rows), 8, ROWS - 1, NMS_HW_INVALID_FIELD, 0 },
		{ S(embedding.cols), 4, 1, NMS_HW_INVALID_FIELD, 0 },
		{ S(labels.count), 8, ROWS - 1, NMS_HW_INVALID_FIELD, 0 },
		{ S(mass.count), 8, ROWS - 1, NMS_HW_INVALID_FIELD, 0 },
		{ S(keep.count), 8, 6, NMS_HW_BAD_COUNT, 0 },
		{ S(index.count), 8, 4, NMS_HW_INVALID_FIELD, 0 },
		{ S(weight.count), 8, 4, NMS_HW_INVALID_FIELD, 0 },
		{ S(rows), 8, 0, NMS_HW_INVALID_FIELD, 0 },
		{ S(rows), 8, UINT64_C(1) << 32, NMS_HW_INVALID_FIELD, 0 },
		{ S(count), 8, 0, NMS_HW_BAD_COUNT, 0 },
		{ S(count), 8, ROWS + 1, NMS_HW_BAD_COUNT, 0 },
		{ S(rule), 4, 0, NMS_HW_INVALID_FIELD, 0 },
		{ S(rule), 4, 9, NMS_HW_INVALID_FIELD, 0 },
		{ S(budget), 4, 0, NMS_HW_INVALID_FIELD, 0 },
		{ S(budget), 4, 4, NMS_HW_INVALID_FIELD, 0 },
		{ S(budget), 4, NMS_HW_BUDGET_GIVEN, NMS_HW_BAD_QUOTA, S(quota) },
		{ S(search), 4, 0, NMS_HW_INVALID_FIELD, 0 },
		{ S(perplexity), 4, bits(1), NMS_HW_BAD_PERPLEXITY, 0 },
		{ S(perplexity), 4, bits(NAN), NMS_HW_BAD_PERPLEXITY, 0 },
		{ S(tolerance), 4, bits(-1), NMS_HW_INVALID_FIELD, 0 },
		{ S(neighbours), 4, 3, NMS_HW_INVALID_FIELD, 0 },
		{ S(weight.near.range), 4, good.select.index.near.range, NMS_HW_INVALID_FIELD,
		  S(index.near.offset) },
	};

	check_header();
	check_matrix(S(features), true, false);
	check_vector(S(labels), true, false);
	check_vector(S(mass), true, false);
	check_vector(S(keep), true, false);
	check_vector(S(drop), true, false);
	check_vector(S(index), false, true);
	check_vector(S(weight), true, true);
	CHECK_CHANGES(changes);
	good.select.rule = NMS_HW_RULE_HERDING;
	check_change(&(struct change){ S(bandwidth), 4, bits(-1), NMS_HW_INVALID_FIELD, 0 });
	check_change(&(struct change){ S(bandwidth), 4, bits(NAN), NMS_HW_INVALID_FIELD, 0 });
	good.select.rule = NMS_HW_RULE_STRATA;
	check_matrix(S(embedding), true, false);
	good.select.budget = NMS_HW_BUDGET_GIVEN;
	good.select.quota = vector(list, 4);
	check_vector(S(quota), true, false);
}
END_TEST

/* A choice at random reads no rows: nothing but working memory bounds their number. */
START_TEST(more_rows_than_memory)
{
	struct nms_hw_select block = {
		.header = header_of(NMS_HW_SELECT, sizeof(block)),
		.rows = UINT32_MAX, .count = 3, .rule = NMS_HW_RULE_RANDOM,
		.budget = NMS_HW_BUDGET_PROPORTIONAL, .index = vector(list, 3),
	};
	struct nms_hw_cmd cmd = compute_cmd(&block, NULL);
	uint64_t bytes = nms_model_estimate(model, &block, sizeof(block));

	if (bytes > (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE))
		ck_assert_int_eq(run(model, &cmd, NULL), NMS_HW_NO_MEMORY);
	block.rows = ROWS;
	ck_assert_int_eq(run(model, &cmd, NULL), NMS_HW_OK);
}
END_TEST

START_TEST(gather_fields)
{
	const uint32_t index[] = { 0, ROWS - 1, ROWS };
	struct nms_hw_near near = range_of(model, index, sizeof(index));
	struct nms_hw_result result;
	struct nms_hw_cqe cqe;

	good.gather = (struct nms_hw_gather){
		.header = header_of(NMS_HW_GATHER, sizeof(good.gather)),
		.input = matrix_of(rows, ROWS, COLS, NMS_HW_F32, 4),
		.index = vector(near, 2),
	};
	check_header();
	check_matrix(offsetof(struct nms_hw_gather, input), false, false);
	check_vector(offsetof(struct nms_hw_gather, index), false, false);
	ck_assert_int_eq(run_block(&good, &cqe, &result), NMS_HW_OK);
	ck_assert_uint_eq(cqe.value, 2 * COLS * 4);
	ck_assert_uint_eq(result.count, 2);
	good.gather.index.count = 3;
	ck_assert_int_eq(run_block(&good, &cqe, &result), NMS_HW_BAD_INDEX);
	ck_assert_uint_eq(cqe.detail, offsetof(struct nms_hw_gather, index));
	ck_assert_uint_eq(result.error_row, 2);
}
END_TEST

START_TEST(blocks_are_reached_and_sized)
{
	struct nms_hw_result result;
	struct nms_hw_cmd cmd, bad;
	struct nms_hw_cqe cqe;

	good_select();
	cmd = compute_cmd(&good, &result);
	bad = cmd;
	bad.compute.param_size--;
	ck_assert_int_eq(run(model, &bad, &cqe), NMS_HW_INVALID_SIZE);
	ck_assert_uint_eq(cqe.detail, offsetof(struct nms_hw_cmd, compute.param_size));
	bad = cmd;
	bad.compute.param = 0;
	ck_assert_int_eq(run(model, &bad, NULL), NMS_HW_DMA_ERROR);
	ck_assert_uint_eq(result.status, NMS_HW_DMA_ERROR);
	bad = cmd;
	bad.result_size = sizeof(result) - 1;
	ck_assert_int_eq(run(model, &bad, &cqe), NMS_HW_INVALID_SIZE);
	ck_assert_uint_eq(cqe.detail, offsetof(struct nms_hw_cmd, result_size));
	bad = cmd;
	bad.result = 0;
	ck_assert_int_eq(run(model, &bad, NULL), NMS_HW_INVALID_FIELD);
	bad = cmd;
	bad.sgl = 1;
	ck_assert_int_eq(run(model, &bad, NULL), NMS_HW_RESERVED_NOT_ZERO);
	bad = cmd;
	bad.sgl_entries = 1;
	ck_assert_int_eq(run(model, &bad, NULL), NMS_HW_RESERVED_NOT_ZERO);
}
END_TEST

/* Overwrite a few words of a block with numbers that are likely to hurt. */
static void damage(union block *block, uint64_t *state)
{
	const uint64_t values[] = {
		0, 1, 2, 3, 4, 5, 8, ROWS - 1, ROWS, ROWS + 1, 80, 160, INT32_MAX, UINT32_MAX,
		UINT64_C(1) << 32, UINT64_MAX, UINT64_MAX - 3, bits(NAN), bits(30), bits(-1),
	};
	unsigned int words = block->header.size / 4 - 4, times = 1 + (unsigned int)(noise(state) * 3);

	for (unsigned int i = 0; i < times; i++) {
		size_t at = 16 + 4 * (size_t)(noise(state) * words);
		size_t v = (size_t)(noise(state) * (sizeof(values) / sizeof(values[0])));
		size_t size = at + 8 <= block->header.size && noise(state) < 0.5 ? 8 : 4;

		memcpy(block->byte + at, &values[v], size);
	}
}

/* Whatever is in a block, the device answers with one of its codes, and lives. */
static void survive_damage(uint64_t seed, unsigned int times)
{
	const char *unknown = nms_model_status_text((enum nms_hw_status)0x7e);
	struct nms_hw_result result;
	enum nms_hw_status status;
	unsigned int done = 0;
	struct nms_hw_cmd cmd;

	for (unsigned int i = 0; i < times; i++) {
		union block block = good;

		damage(&block, &seed);
		cmd = compute_cmd(&good, &result);
		cmd.compute.param = (uintptr_t)&block;
		cmd.deadline_ms = 20;
		if (cmd.opcode == NMS_HW_GATHER) {
			sge = (struct nms_hw_sge){
				.addr = (uintptr_t)host, .length = sizeof(host),
			};
			cmd.sgl = (uintptr_t)&sge;
			cmd.sgl_entries = 1;
		}
		status = run(model, &cmd, NULL);
		ck_assert_uint_eq(result.status, status);
		ck_assert_str_ne(nms_model_status_text(status), unknown);
		ck_assert_msg(status != NMS_HW_INTERNAL && status != NMS_HW_NO_MEMORY,
			      "command %#x of round %u: %#x, detail %u", cmd.opcode, i, status,
			      result.error_field);
		done += status == NMS_HW_OK;
	}
	/* Some damage does no harm, and most of it does. */
	ck_assert_uint_gt(done, times / 50);
	ck_assert_uint_lt(done, times / 2);
}

START_TEST(damaged_blocks_are_survived)
{
	float x[ROWS * COLS];
	uint32_t l[ROWS];
	uint64_t state = 11;

	for (unsigned int i = 0; i < ROWS * COLS; i++)
		x[i] = (float)noise(&state);
	for (unsigned int i = 0; i < ROWS; i++)
		l[i] = i;
	ck_assert_int_eq(move(model, NMS_HW_WRITE, rows, sizeof(x), x), NMS_HW_OK);
	ck_assert_int_eq(move(model, NMS_HW_WRITE, list, sizeof(l), l), NMS_HW_OK);
	good.reduce = (struct nms_hw_reduce){
		.header = header_of(NMS_HW_REDUCE, sizeof(good.reduce)),
		.input = matrix_of(rows, ROWS, COLS, NMS_HW_F32, 4),
		.output = matrix_of(out, ROWS, 3, NMS_HW_F32, 4),
	};
	survive_damage(1, 1000);
	memset(&good, 0, sizeof(good));
	good.gather = (struct nms_hw_gather){
		.header = header_of(NMS_HW_GATHER, sizeof(good.gather)),
		.input = matrix_of(rows, ROWS, COLS, NMS_HW_F32, 4),
		.index = vector(list, ROWS),
	};
	survive_damage(2, 1000);
	good_embed();
	good.embed.iterations = 20;
	survive_damage(3, 500);
	good_select();
	ck_assert_int_eq(move(model, NMS_HW_WRITE, out, sizeof(x), x), NMS_HW_OK);
	for (uint32_t rule = NMS_HW_RULE_RANDOM; rule <= NMS_HW_RULE_EDITED; rule++) {
		good.select.rule = rule;
		good.select.drop.near.offset = 8;
		survive_damage(3 + rule, 300);
	}
}
END_TEST

static void setup_select(void)
{
	setup();
	good_select();
}

int main(void)
{
	Suite *s = suite_create("model-param");
	TCase *t = tcase_create("fields"), *u = tcase_create("select");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, reduce_fields);
	tcase_add_test(t, outputs_do_not_overlap);
	tcase_add_test(t, embed_fields);
	tcase_add_test(t, more_rows_than_memory);
	tcase_add_test(t, gather_fields);
	tcase_add_test(t, blocks_are_reached_and_sized);
	tcase_add_test(t, damaged_blocks_are_survived);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(u, setup_select, teardown);
	tcase_add_test(u, select_fields);
	suite_add_tcase(s, u);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}

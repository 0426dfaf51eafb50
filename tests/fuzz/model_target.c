// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands to the software accelerator, as hostile as an application behind a driver without
 * checks could make them.
 *
 * An input is the number of commands (1 to MAX_COMMANDS, less 1) and COMPUTE, or they are cancelled
 * as soon as they have been checked; that many of 64 bytes; and what lies at HOST_BASE in host
 * memory: parameter blocks, scatter lists, data.  All else of host memory fails.
 */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "model.h"

#define MAX_COMMANDS 4u
#define COMPUTE 0xf0u
#define HOST_BASE 0x1000u
#define HOST_SIZE 4096u
#define NRANGES 5u
#define CONTEXT 7u
#define RW (NMS_MODEL_READ | NMS_MODEL_WRITE)

static struct nms_model *model;
static uint8_t host[HOST_SIZE];

/* Not whole pages: beyond the end there is nothing, and the sanitizer knows. */
static const struct range {
	uint32_t size, context, rights;
} ranges[NRANGES] = {
	{ 4096, CONTEXT, RW }, { 2400, CONTEXT, RW }, { 1200, CONTEXT, RW },
	{ 300, CONTEXT, NMS_MODEL_READ }, { 512, CONTEXT + 1, RW },
};
static uint8_t *near_bytes[NRANGES];
static struct nms_hw_near near_at[NRANGES];

static bool is_there(uint64_t addr, size_t size)
{
	return addr >= HOST_BASE && size <= HOST_SIZE && addr - HOST_BASE <= HOST_SIZE - size;
}

static int host_read(void *data, uint64_t addr, void *dst, size_t size)
{
	(void)data;
	if (!is_there(addr, size))
		return -EFAULT;
	memcpy(dst, host + (addr - HOST_BASE), size);
	return 0;
}

static int host_write(void *data, uint64_t addr, const void *src, size_t size)
{
	(void)data;
	if (!is_there(addr, size))
		return -EFAULT;
	memcpy(host + (addr - HOST_BASE), src, size);
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct nms_model_config config = {
		.near_size = 1 << 20, .threads = 1, .profile = "portable",
		.host = { host_read, host_write, NULL },
	};
	char why[256];

	(void)argc;
	(void)argv;
	if (nms_model_create(&config, &model, why, sizeof(why)))
		fuzz_fail(why);
	for (unsigned int i = 0; i < NRANGES; i++) {
		near_bytes[i] = malloc(ranges[i].size);
		if (!near_bytes[i] ||
		    nms_model_range_create(model, ranges[i].context, ranges[i].size, near_bytes[i],
					   ranges[i].rights, &near_at[i]))
			fuzz_fail("no range");
	}
	return 0;
}

/* The same for each input: reals, reals, small numbers, bytes. */
static void fill_near(void)
{
	uint64_t state = 1;

	for (unsigned int i = 0; i < NRANGES; i++) {
		for (uint32_t at = 0; at + 4 <= ranges[i].size; at += 4) {
			uint64_t random = fuzz_random(&state);
			float real = (float)(random % 4096) / 512;
			uint32_t number = (uint32_t)(random % 9);

			if (i < 2)
				memcpy(near_bytes[i] + at, &real, 4);
			else
				memcpy(near_bytes[i] + at, i == 2 ? &number : (void *)&random, 4);
		}
	}
}

/* What may take long by right is kept short: that it can be stopped is tested elsewhere. */
static void tame(struct nms_hw_cmd *cmd)
{
	struct nms_hw_param_header *header;

	if (!cmd->deadline_ms || cmd->deadline_ms > 20)
		cmd->deadline_ms = 20;
	if (cmd->opcode < NMS_HW_REDUCE || !is_there(cmd->compute.param, sizeof(struct nms_hw_select)))
		return;
	header = (void *)(host + (cmd->compute.param - HOST_BASE));
	if (cmd->opcode == NMS_HW_REDUCE) {
		struct nms_hw_reduce block;

		memcpy(&block, header, sizeof(block));
		block.iterations = 1 + block.iterations % 4;
		memcpy(header, &block, sizeof(block));
	} else if (cmd->opcode == NMS_HW_EMBED) {
		struct nms_hw_embed block;

		memcpy(&block, header, sizeof(block));
		block.iterations = 1 + block.iterations % 4;
		if (block.evaluations > 64)
			block.evaluations %= 64;
		if (block.candidates > 4)
			block.candidates = 1 + block.candidates % 4;
		memcpy(header, &block, sizeof(block));
	} else if (cmd->opcode == NMS_HW_SELECT) {
		struct nms_hw_select block;

		/* RANDOM takes any number, without near memory for it */
		memcpy(&block, header, sizeof(block));
		if (block.rows < UINT32_MAX / 2)
			block.rows %= 65536;
		memcpy(header, &block, sizeof(block));
	}
}

static void run(struct nms_hw_cmd *cmd, bool compute)
{
	struct nms_model_run seen = { .cancel = !compute };
	struct nms_hw_cqe cqe;

	tame(cmd);
	memset(&cqe, 0xff, sizeof(cqe));
	nms_model_execute(model, cmd, &seen, &cqe);
	if (cqe.cid != cmd->cid || (cqe.status & 1))
		fuzz_fail("a completion of another command");
	if (cqe.status >> 1 == NMS_HW_INTERNAL)
		fuzz_fail("an internal error");
	if (!strcmp(nms_model_status_text((enum nms_hw_status)(cqe.status >> 1)), "unknown status"))
		fuzz_fail("a status without a text");
	if (cqe.detail > sizeof(struct nms_hw_select))
		fuzz_fail("a field that is in no block");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nms_hw_cmd cmd[MAX_COMMANDS];
	unsigned int count;
	bool compute;

	if (!size)
		return 0;
	count = 1 + data[0] % MAX_COMMANDS;
	compute = (data[0] & COMPUTE) == COMPUTE;
	if (size - 1 < count * sizeof(cmd[0]))
		return 0;
	memcpy(cmd, data + 1, count * sizeof(cmd[0]));
	data += 1 + count * sizeof(cmd[0]);
	size -= 1 + count * sizeof(cmd[0]);
	memset(host, 0, sizeof(host));
	memcpy(host, data, size < sizeof(host) ? size : sizeof(host));
	fill_near();
	nms_model_estimate(model, host, size < sizeof(host) ? size : sizeof(host));
	for (unsigned int i = 0; i < count; i++)
		run(&cmd[i], compute);
	return 0;
}

/* ---- commands that are nearly right ------------------------------------------------- */

static bool seldom(uint64_t *state)
{
	return fuzz_random(state) % 16 == 0;
}

/* Mostly in range @range. */
static struct nms_hw_near some_near(uint64_t *state, unsigned int range)
{
	struct nms_hw_near near = near_at[seldom(state) ? fuzz_random(state) % NRANGES : range];

	if (seldom(state))
		near.offset = fuzz_random(state) % 64 * 4;
	return near;
}

/* Mostly one that lies within its range. */
static struct nms_hw_matrix some_matrix(uint64_t *state, unsigned int range, uint64_t rows,
					uint32_t cols, enum nms_hw_dtype dtype, unsigned int width)
{
	return (struct nms_hw_matrix){
		.near = some_near(state, range), .rows = rows, .cols = cols, .dtype = (uint8_t)dtype,
		.stride = (uint64_t)cols * width + (seldom(state) ? 4 : 0),
	};
}

/* Seldom one at all; of numbers in range 2, at a place of its own. */
static struct nms_hw_vector some_vector(uint64_t *state, unsigned int range, unsigned int place,
					uint64_t count)
{
	struct nms_hw_vector v = { 0 };

	if (fuzz_random(state) % 4 == 0) {
		v = (struct nms_hw_vector){ .near = some_near(state, range), .count = count };
		v.near.offset += 240 * place;
	}
	return v;
}

/* Mostly @usual. */
static uint32_t some_real(uint64_t *state, float usual)
{
	static const float reals[] = { 0, 1, 2, 3.5f, 5, 30, 0.5f, -1, 1e-3f, 1e30f, 1e-40f };
	float real = reals[fuzz_random(state) % (sizeof(reals) / sizeof(reals[0]))];
	uint32_t bits;

	if (!seldom(state))
		real = usual;
	memcpy(&bits, &real, sizeof(bits));
	return bits;
}

/* Mostly the default, as 0 is. */
static uint32_t some_number(uint64_t *state, uint32_t most)
{
	return fuzz_random(state) % 4 ? 0 : (uint32_t)(fuzz_random(state) % most);
}

static uint32_t some_count(uint64_t *state, uint32_t most)
{
	return (uint32_t)(fuzz_random(state) % most);
}

static size_t make_reduce(uint64_t *state, void *at, uint64_t rows)
{
	static const struct { enum nms_hw_dtype dtype; unsigned int width; } types[] = {
		{ NMS_HW_U8, 1 }, { NMS_HW_I8, 1 }, { NMS_HW_F16, 2 }, { NMS_HW_BF16, 2 },
		{ NMS_HW_F32, 4 }, { NMS_HW_F64, 8 },
	};
	unsigned int type = some_count(state, 6);
	uint32_t cols = 1 + some_count(state, 9);
	struct nms_hw_reduce block = {
		.input = some_matrix(state, 0, rows, cols, types[type].dtype, types[type].width),
		.output = some_matrix(state, 1, rows, 1 + some_count(state, cols), NMS_HW_F32, 4),
		.seed = fuzz_random(state), .oversample = some_number(state, 4),
		.iterations = some_number(state, 4), .scaling = some_count(state, 2) + seldom(state),
	};

	memcpy(at, &block, sizeof(block));
	return sizeof(block);
}

static size_t make_embed(uint64_t *state, void *at, uint64_t rows)
{
	struct nms_hw_embed block = {
		.features = some_matrix(state, 0, rows, 1 + some_count(state, 6), NMS_HW_F32, 4),
		.output = some_matrix(state, 1, rows, 2, NMS_HW_F32, 4),
		.labels = some_vector(state, 2, 0, rows),
		.drop = some_vector(state, 2, 1, some_count(state, 3)),
		.flags = some_vector(state, 2, 2, rows),
		.trace = some_vector(state, 2, 3, 8 * some_count(state, 9)),
		.seed = fuzz_random(state), .options = some_count(state, 6),
		.search = 1 + some_count(state, 4) + seldom(state),
		.perplexity = some_real(state, 2 + (float)some_count(state, 5)),
		.perplexity_min = some_real(state, 0), .perplexity_max = some_real(state, 0),
		.candidates = some_number(state, 4), .tolerance = some_real(state, 0),
		.evaluations = some_number(state, 40), .iterations = some_count(state, 4),
		.exaggeration_iterations = some_number(state, 4),
		.exaggeration = some_real(state, 0), .stop = some_real(state, 0),
	};

	memcpy(at, &block, sizeof(block));
	return sizeof(block);
}

static void select_facility(uint64_t *state, struct nms_hw_select *block)
{
	block->search = 1 + some_count(state, 4);
	block->perplexity = some_real(state, 3);
	block->tolerance = some_real(state, 0);
	block->evaluations = some_number(state, 40);
	block->neighbours = some_count(state, 3);
}

static size_t make_select(uint64_t *state, void *at, uint64_t rows)
{
	uint64_t count = 1 + fuzz_random(state) % rows;
	struct nms_hw_select block = {
		.labels = some_vector(state, 2, 0, rows), .mass = some_vector(state, 0, 14, rows),
		.keep = some_vector(state, 2, 1, some_count(state, 2)),
		.drop = some_vector(state, 2, 2, some_count(state, 3)),
		.index = { near_at[1], count }, .weight = some_vector(state, 1, 4, count),
		.rows = rows, .count = count, .seed = fuzz_random(state),
		.rule = 1 + some_count(state, 8) + seldom(state), .budget = 1 + some_count(state, 2),
	};

	if (seldom(state)) {
		block.quota = some_vector(state, 2, 3, some_count(state, 10));
		block.budget = NMS_HW_BUDGET_GIVEN;
	}
	if (block.rule == NMS_HW_RULE_FACILITY || seldom(state))
		select_facility(state, &block);
	if (block.rule == NMS_HW_RULE_HERDING || block.rule == NMS_HW_RULE_EDITED ||
	    seldom(state))
		block.bandwidth = some_real(state, 0);
	if (block.rule >= NMS_HW_RULE_KMEDOIDS || seldom(state))
		block.features = some_matrix(state, 0, rows, 1 + some_count(state, 6), NMS_HW_F32, 4);
	else if (block.rule != NMS_HW_RULE_RANDOM || seldom(state))
		block.embedding = some_matrix(state, 0, rows, 2, NMS_HW_F32, 4);
	memcpy(at, &block, sizeof(block));
	return sizeof(block);
}

static size_t make_gather(uint64_t *state, void *at, uint64_t rows)
{
	struct nms_hw_gather block = {
		.input = some_matrix(state, 0, rows, 1 + some_count(state, 9), NMS_HW_U8, 1),
		.index = { near_at[2], some_count(state, 20) },
	};

	memcpy(at, &block, sizeof(block));
	return sizeof(block);
}

/* A parameter block at host address @addr, which @cmd names. */
static void make_block(uint64_t *state, struct nms_hw_cmd *cmd, uint8_t *at, uint64_t addr)
{
	uint64_t rows = 1 + fuzz_random(state) % 30;
	struct nms_hw_param_header header = {
		.version = NMS_HW_PARAM_VERSION, .opcode = cmd->opcode,
		.profile = some_count(state, 3),
	};

	header.size = (uint32_t)(cmd->opcode == NMS_HW_REDUCE ? make_reduce(state, at, rows) :
				 cmd->opcode == NMS_HW_EMBED ? make_embed(state, at, rows) :
				 cmd->opcode == NMS_HW_SELECT ? make_select(state, at, rows) :
				 make_gather(state, at, rows));
	memcpy(at, &header, sizeof(header));
	cmd->compute.param = addr;
	cmd->compute.param_size = header.size;
}

/* Command @i, with what it points to: its parameter block, result block and scatter list. */
static void make_command(uint64_t *state, struct nms_hw_cmd *cmd, unsigned int i, uint8_t *memory)
{
	static const uint8_t opcodes[] = {
		NMS_HW_WRITE, NMS_HW_READ, NMS_HW_ZERO, NMS_HW_NOP,
		NMS_HW_REDUCE, NMS_HW_EMBED, NMS_HW_SELECT, NMS_HW_GATHER,
		NMS_HW_REDUCE, NMS_HW_EMBED, NMS_HW_SELECT,
	};
	size_t at = 384 * i;
	struct nms_hw_sge list = { .addr = HOST_BASE + 64, .length = 1 + some_count(state, 256) };

	*cmd = (struct nms_hw_cmd){
		.opcode = opcodes[fuzz_random(state) % sizeof(opcodes)],
		.cid = (uint16_t)fuzz_random(state), .context = CONTEXT,
	};
	if (cmd->opcode >= NMS_HW_REDUCE) {
		make_block(state, cmd, memory + at, HOST_BASE + at);
	} else if (cmd->opcode != NMS_HW_NOP) {
		cmd->data.near = some_near(state, 1);
		cmd->data.length = list.length;
	}
	if (cmd->opcode == NMS_HW_WRITE || cmd->opcode == NMS_HW_READ || cmd->opcode == NMS_HW_GATHER) {
		memcpy(memory + at + 352, &list, sizeof(list));
		cmd->sgl = HOST_BASE + at + 352;
		cmd->sgl_entries = 1;
	}
	if (fuzz_random(state) % 4 == 0) {
		cmd->result = HOST_BASE + 2048;
		cmd->result_size = sizeof(struct nms_hw_result);
	}
}

#define MADE (1 + MAX_COMMANDS * sizeof(struct nms_hw_cmd) + MAX_COMMANDS * 384)

static size_t make_input(uint64_t *state, uint8_t *data)
{
	uint8_t *memory = data + 1 + MAX_COMMANDS * sizeof(struct nms_hw_cmd);

	memset(data, 0, MADE);
	data[0] = (uint8_t)((MAX_COMMANDS - 1) | (seldom(state) ? COMPUTE : 0));
	for (unsigned int i = 0; i < MAX_COMMANDS; i++) {
		struct nms_hw_cmd cmd;

		make_command(state, &cmd, i, memory);
		memcpy(data + 1 + i * sizeof(cmd), &cmd, sizeof(cmd));
	}
	return MADE;
}

/* A number of 4 or 8 bytes at an address of its own: where fields are. */
static void change_field(uint64_t *state, uint8_t *data, size_t size)
{
	static const uint64_t interesting[] = {
		0, 1, 2, 3, 4, 5, 7, 8, 16, 255, 256, 4095, 4096, 0x7fffffff, 0x80000000, 0xffffffff,
		UINT64_C(1) << 32, UINT64_C(1) << 62, UINT64_MAX, INT64_MAX, HOST_BASE, HOST_BASE + 384,
	};
	size_t width = fuzz_random(state) % 2 ? 4 : 8;
	uint64_t value = 0;
	size_t at;

	if (size < 9)
		return;
	at = 1 + fuzz_random(state) % ((size - 1) / width) * width;
	memcpy(&value, data + at, width);
	switch (fuzz_random(state) % 3) {
	case 0:
		value = interesting[fuzz_random(state) % (sizeof(interesting) / sizeof(interesting[0]))];
		break;
	case 1:
		value += fuzz_random(state) % 9 - 4;
		break;
	default:
		value ^= UINT64_C(1) << fuzz_random(state) % (8 * width);
	}
	memcpy(data + at, &value, width);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned int seed)
{
	uint64_t state = seed;

	switch (fuzz_random(&state) % 8) {
	case 0:
		return LLVMFuzzerMutate(data, size, room);
	case 1:
	case 2:
		if (room >= MADE)
			return make_input(&state, data);
		/* fall through */
	default:
		for (uint64_t i = 1 + fuzz_random(&state) % 3; i; i--)
			change_field(&state, data, size);
		return size;
	}
}

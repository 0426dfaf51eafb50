/* SPDX-License-Identifier: GPL-2.0-only */
/* The grammar of nms_fuzz: arguments that are right but for what is spoiled on purpose. */
#ifndef NMS_FUZZ_ARGS_H
#define NMS_FUZZ_ARGS_H

#include "nms_fuzz.h"

#define MEMORY (1u << 20)

/* One process: what its threads share, without locks, for that is the point. */
static struct {
	int dev[DEVICES], passed[NPASSED], socket[2];
	uint32_t handle[NHANDLES];	/* number i is of device i % DEVICES */
	uint64_t job[NJOBS];
	unsigned char *memory;
	struct slot *slots;
	atomic_uint running;
} world;

struct caller {
	uint64_t state;
	struct slot *slot;
	struct io_uring ring;
	unsigned int calls;
	bool faults;
};

/* ---- arguments ----------------------------------------------------------------------- */

static uint32_t any_handle(struct caller *c, int dev)
{
	int i = below(&c->state, NHANDLES / DEVICES) * DEVICES + dev;

	return one_in(&c->state, 40) ? interesting(&c->state) : world.handle[i];
}

static uint64_t any_job(struct caller *c, int dev)
{
	int i = below(&c->state, NJOBS / DEVICES) * DEVICES + dev;

	return one_in(&c->state, 40) ? interesting(&c->state) : world.job[i];
}

static int any_fd(struct caller *c)
{
	if (one_in(&c->state, 8))
		return world.dev[below(&c->state, DEVICES)];
	return world.passed[below(&c->state, NPASSED)];
}

static uint64_t any_address(struct caller *c)
{
	if (one_in(&c->state, 20))
		return interesting(&c->state);
	return (uintptr_t)world.memory + below(&c->state, MEMORY);
}

static void any_name(struct caller *c, char *name)
{
	memset(name, 0, NMS_DATASET_NAME_SIZE);
	name[0] = 'a' + below(&c->state, 5);
	if (one_in(&c->state, 30))
		memset(name, 'x', 1 + below(&c->state, NMS_DATASET_NAME_SIZE));
}

static uint64_t any_size(struct caller *c)
{
	static const uint64_t sizes[] = { 1, 3, 64, 1000, 4095, 4096, 20000 };

	return one_in(&c->state, 20) ? interesting(&c->state) : sizes[below(&c->state, 7)];
}

static void fill_block(struct caller *c, int dev, uint32_t op, union block *b)
{
	uint32_t h[5];

	for (int i = 0; i < 5; i++)
		h[i] = any_handle(c, dev);
	memset(b, 0, sizeof(*b));
	switch (op) {
	case NMS_CMD_REDUCE:
		b->reduce = (struct nms_hw_reduce){
			.header = NMS_HEADER(NMS_HW_REDUCE, struct nms_hw_reduce),
			.input = nms_floats(h[0], ROWS, COLS),
			.output = nms_floats(h[1], ROWS, 3), .seed = 1 };
		break;
	case NMS_CMD_EMBED:
		b->embed = (struct nms_hw_embed){
			.header = NMS_HEADER(NMS_HW_EMBED, struct nms_hw_embed),
			.features = nms_floats(h[0], ROWS, 3), .output = nms_floats(h[1], ROWS, 2),
			.search = NMS_HW_SEARCH_NEWTON, .perplexity = nms_bits(5),
			.iterations = 1 + below(&c->state, 20) };
		break;
	case NMS_CMD_SELECT:
		b->select = (struct nms_hw_select){
			.header = NMS_HEADER(NMS_HW_SELECT, struct nms_hw_select),
			.features = nms_floats(h[0], ROWS, 3),
			.embedding = nms_floats(h[1], ROWS, 2), .index = nms_words(h[2], 5),
			.weight = nms_words(h[3], 5), .rows = ROWS, .count = 5,
			.rule = below(&c->state, 4) };
		break;
	default:
		b->gather = (struct nms_hw_gather){
			.header = NMS_HEADER(NMS_HW_GATHER, struct nms_hw_gather),
			.input = nms_floats(h[0], ROWS, COLS), .index = nms_words(h[1], 5) };
	}
}

static void fill_command(struct caller *c, int dev, struct nms_cmd *cmd, union block *b)
{
	static const uint32_t ops[] = {
		NMS_CMD_NOP, NMS_CMD_WRITE, NMS_CMD_READ, NMS_CMD_WRITE, NMS_CMD_READ,
		NMS_CMD_ZERO, NMS_CMD_REDUCE, NMS_CMD_EMBED, NMS_CMD_SELECT, NMS_CMD_GATHER,
	};
	uint32_t op = ops[below(&c->state, sizeof(ops) / sizeof(ops[0]))];

	*cmd = (struct nms_cmd){ .op = op };
	if (op >= NMS_CMD_REDUCE) {
		static const uint32_t sizes[] = { sizeof(b->reduce), sizeof(b->embed),
						  sizeof(b->select), sizeof(b->gather) };

		fill_block(c, dev, op, b);
		cmd->param = (uintptr_t)b;
		cmd->param_size = sizes[op - NMS_CMD_REDUCE];
		cmd->deadline_ms = 200;
	} else if (op != NMS_CMD_NOP) {
		cmd->handle = any_handle(c, dev);
		cmd->offset = one_in(&c->state, 4) ? any_size(c) : 0;
		cmd->length = any_size(c);
	}
	if (op == NMS_CMD_WRITE || op == NMS_CMD_READ || op == NMS_CMD_GATHER)
		cmd->address = any_address(c);
	if (op == NMS_CMD_GATHER)
		cmd->length = 5 * COLS * 4;
	if (one_in(&c->state, 3)) {
		cmd->result = any_address(c);
		cmd->result_size = one_in(&c->state, 2) ? sizeof(struct nms_hw_result) :
							  any_size(c);
	}
}

static void fill_submit(struct caller *c, int dev, bool uring)
{
	struct slot *s = c->slot;
	int count = 1 + below(&c->state, NBLOCKS);

	for (int i = 0; i < count; i++)
		fill_command(c, dev, &s->cmd[i], &s->block[i]);
	s->arg.submit = (struct nms_submit){ .commands = (uintptr_t)s->cmd, .count = count,
					     .command_size = sizeof(s->cmd[0]) };
	if (uring && one_in(&c->state, 2)) {
		s->arg.submit.result = any_address(c);
		s->arg.submit.result_size = sizeof(struct nms_job_result);
	}
	s->payload = (struct nms_uring_cmd){ .address = (uintptr_t)&s->arg,
					     .size = sizeof(s->arg.submit) };
}

static void fill_query(struct caller *c, struct nms_query *q)
{
	*q = (struct nms_query){ .type = below(&c->state, 6), .size = any_size(c),
				 .data = any_address(c) };
	if (q->type >= NMS_QUERY_PROFILE)
		q->index = below(&c->state, 4);
}

static void fill(struct caller *c, enum op op, int dev)
{
	union arg *a = &c->slot->arg;
	uint32_t access = 1 + below(&c->state, 3);

	memset(a, 0, sizeof(*a));
	switch (op) {
	case OP_QUERY:
		fill_query(c, &a->query);
		break;
	case OP_CREATE:
		a->create.size = any_size(c);
		break;
	case OP_DESTROY:
		a->destroy.handle = any_handle(c, dev);
		break;
	case OP_EXPORT:
		a->export = (struct nms_buffer_export){ .handle = any_handle(c, dev),
							.access = access, .flags = O_CLOEXEC };
		break;
	case OP_IMPORT:
		a->import.fd = any_fd(c);
		break;
	case OP_NAME:
		any_name(c, a->name.name);
		a->name.handle = any_handle(c, dev);
		a->name.mode = below(&c->state, 01000) & 0666;
		break;
	case OP_OPEN_NAME:
		any_name(c, a->open.name);
		a->open.access = access;
		break;
	case OP_UNLINK:
		any_name(c, a->unlink.name);
		break;
	case OP_WAIT:
		a->wait.job = any_job(c, dev);
		a->wait.deadline_ns = one_in(&c->state, 3) ? 0 : nms_now() + 5000000;
		break;
	case OP_CANCEL:
		a->cancel.job = any_job(c, dev);
		break;
	case OP_PROGRESS:
		a->progress.job = any_job(c, dev);
		break;
	default:
		fill_submit(c, dev, op == OP_URING);
	}
}

/* A third of the calls differ in some words from what is right. */
static void spoil(struct caller *c, enum op op, size_t size)
{
	struct slot *s = c->slot;

	if (!one_in(&c->state, 3))
		return;
	for (int i = below(&c->state, 3); i >= 0; i--) {
		int what = op == OP_SUBMIT || op == OP_URING ? below(&c->state, 4) : 0;
		int which = below(&c->state, NBLOCKS);

		if (what == 0)
			mutate(&c->state, &s->arg, size);
		else if (what == 1)
			mutate(&c->state, &s->cmd[which], sizeof(s->cmd[0]));
		else
			mutate(&c->state, &s->block[which], sizeof(s->block[0]));
	}
}

/* ---- what was new ---------------------------------------------------------------------- */

/*
 * Keep what the call was made from, if its answer is one that none had before: the
 * error, and of a job that was refused the command and the field at fault.
 */
static void keep(struct caller *c, enum op op, long err, const struct slot *before)
{
	const struct nms_submit *s = &c->slot->arg.submit;
	uint64_t what = (uint64_t)op << 32 | (uint32_t)err;
	unsigned int at;

	if (op == OP_SUBMIT && err)
		what ^= next(&(uint64_t){ (uint64_t)s->bad_command << 32 | s->bad_field });
	if (atomic_exchange(&shared->seen[next(&what) % SEEN], 1))
		return;
	atomic_fetch_add(&shared->fresh, 1);
	at = op <= OP_LAST_IOCTL ? atomic_fetch_add(&shared->kept, 1) : CORPUS;
	if (at < CORPUS) {
		shared->corpus[at].slot = *before;
		atomic_store(&shared->corpus[at].ready, op + 1);
	}
}

/* Instead of a call of its own making: one that was kept; the handles are today's. */
static bool recall(struct caller *c, enum op op, int dev)
{
	unsigned int n = atomic_load(&shared->kept);
	const struct kept *k;

	if (!n || !one_in(&c->state, 3))
		return false;
	k = &shared->corpus[below(&c->state, n < CORPUS ? n : CORPUS)];
	if (atomic_load(&k->ready) != (op == OP_URING ? OP_SUBMIT : op) + 1)
		return false;
	*c->slot = k->slot;
	/* What io_uring takes is refused for the same reasons. */
	if (op == OP_SUBMIT || op == OP_URING) {
		c->slot->arg.submit.commands = (uintptr_t)c->slot->cmd;
		c->slot->payload.address = (uintptr_t)&c->slot->arg;
		for (int i = 0; i < NBLOCKS; i++) {
			if (c->slot->cmd[i].handle)
				c->slot->cmd[i].handle = any_handle(c, dev);
			if (c->slot->cmd[i].param)
				c->slot->cmd[i].param = (uintptr_t)&c->slot->block[i];
		}
	}
	return true;
}

#endif /* NMS_FUZZ_ARGS_H */

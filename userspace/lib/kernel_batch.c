// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From commands of the library to those of the kernel.  A job of the library is one
 * of the kernel's where it fits; else it is cut where the kernel's limits are: the
 * number of commands, the bytes that one may move, and the memory that a process may
 * lock, of which one job takes at most half.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "kernel.h"

#define SAME(a, b) _Static_assert((int)(a) == (int)(b), #a)
SAME(NMS_OP_NOP, NMS_CMD_NOP);
SAME(NMS_OP_WRITE, NMS_CMD_WRITE);
SAME(NMS_OP_READ, NMS_CMD_READ);
SAME(NMS_OP_ZERO, NMS_CMD_ZERO);
SAME(NMS_OP_REDUCE, NMS_CMD_REDUCE);
SAME(NMS_OP_EMBED, NMS_CMD_EMBED);
SAME(NMS_OP_SELECT, NMS_CMD_SELECT);
SAME(NMS_OP_GATHER, NMS_CMD_GATHER);

#define MOST_COMMANDS 256u	/* more gain nothing, and take memory for their results */
#define LEAST_PINNED 65536u	/* below that there is no use in being modest */

static uint64_t page_size(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Bytes that a job may pin, in whole pages. */
static uint64_t pin_budget(void)
{
	struct rlimit limit;
	uint64_t most;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) || limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	most = limit.rlim_cur / 2 & ~(page_size() - 1);
	return most > LEAST_PINNED ? most : LEAST_PINNED;
}

/* Memory that is pinned for @bytes from @host on. */
static uint64_t span(const void *host, uint64_t bytes)
{
	uint64_t mask = page_size() - 1, first = (uintptr_t)host & ~mask;

	return (((uintptr_t)host + bytes + mask) & ~mask) - first;
}

static unsigned int batch_room(const struct kernel_device *device, const struct nms_job *job)
{
	uint64_t most = nms_min(device->about.max_commands, MOST_COMMANDS), pieces = 0;
	uint64_t piece = nms_min(device->about.max_transfer, LEAST_PINNED);
	size_t i;

	for (i = 0; i < job->count && pieces < most; i++)
		pieces += 1 + (job->slots[i].host ? job->slots[i].bytes / piece + 1 : 0);
	return (unsigned int)nms_min(most, pieces);
}

int nms_kernel_batch_init(const struct kernel_device *device, const struct nms_job *job,
			  struct kernel_batch *batch)
{
	memset(batch, 0, sizeof(*batch));
	batch->room = batch_room(device, job);
	batch->cmds = calloc(batch->room, sizeof(*batch->cmds));
	batch->items = calloc(batch->room, sizeof(*batch->items));
	if (batch->cmds && batch->items)
		return 0;
	nms_kernel_batch_free(batch);
	return -1;
}

void nms_kernel_batch_free(struct kernel_batch *batch)
{
	free(batch->cmds);
	free(batch->items);
}

static uint64_t gather_row(const struct nms_slot *slot)
{
	const struct nms_hw_matrix *m = &slot->param.gather.input;

	return le32toh(m->cols) * (uint64_t)nms_dtype_size((enum nms_dtype)m->dtype);
}

/*
 * How much of what is left of a slot goes into this job: 0 if that is better begun in
 * the next.  Rows are not cut.
 */
static uint64_t piece_bytes(const struct kernel_device *device, const struct nms_slot *slot,
			    const struct kernel_batch *batch)
{
	uint64_t unit = slot->op == NMS_OP_GATHER ? gather_row(slot) : 1;
	const char *host = (const char *)slot->host + batch->at;
	uint64_t left = slot->bytes - batch->at, bytes = left, room = pin_budget();

	room = room > batch->pinned ? room - batch->pinned : 0;
	bytes = nms_min(bytes, device->about.max_transfer);
	if (span(host, bytes) > room) {
		/* from here to the end of the last page that may be pinned */
		bytes = (uintptr_t)host & (page_size() - 1);
		bytes = room > bytes ? room - bytes : 0;
		if (batch->count && bytes < LEAST_PINNED)
			return 0;
	}
	bytes -= bytes % unit;
	return bytes ? bytes : unit;
}

/* Part of the index, for part of the rows. */
static void gather_piece(const struct nms_slot *slot, struct kernel_item *item, uint64_t at,
			 uint64_t bytes)
{
	uint64_t row = gather_row(slot);
	struct nms_hw_vector *index = &item->gather.index;

	item->gather = slot->param.gather;
	item->row = at / row;
	index->count = htole64(bytes / row);
	index->near.offset = htole64(le64toh(index->near.offset) + 4 * item->row);
}

static void set_param(const struct kernel_device *device, struct nms_slot *slot,
		      const struct kernel_batch *batch, struct kernel_item *item,
		      struct nms_cmd *cmd)
{
	if (!slot->param.header.profile)
		slot->param.header.profile = htole32(device->profile);
	cmd->param = (uintptr_t)&slot->param;
	cmd->param_size = slot->param_size;
	if (slot->op == NMS_OP_GATHER && item->bytes < slot->bytes) {
		gather_piece(slot, item, batch->at, item->bytes);
		cmd->param = (uintptr_t)&item->gather;
	}
}

/* The next command of the kernel; false if it is better begun in the next job. */
static bool add_item(const struct kernel_device *device, struct nms_slot *slot,
		     struct kernel_batch *batch)
{
	struct kernel_item *item = &batch->items[batch->count];
	struct nms_cmd *cmd = &batch->cmds[batch->count];

	memset(item, 0, sizeof(*item));
	item->slot = batch->slot;
	item->bytes = slot->host ? piece_bytes(device, slot, batch) : slot->bytes;
	if (slot->host && !item->bytes)
		return false;
	*cmd = (struct nms_cmd){
		.op = slot->op,
		.deadline_ms = slot->deadline_ms,
		.length = item->bytes,
		.result = (uintptr_t)&item->result,
		.result_size = sizeof(item->result),
	};
	if (slot->host) {
		cmd->address = (uintptr_t)slot->host + batch->at;
		batch->pinned += span((char *)slot->host + batch->at, item->bytes);
	}
	if (slot->param_size) {
		set_param(device, slot, batch, item, cmd);
		batch->computes = true;
	} else {
		cmd->handle = le32toh(slot->near.range);
		cmd->offset = slot->bytes ? le64toh(slot->near.offset) + batch->at : 0;
	}
	batch->at += item->bytes;
	item->last = batch->at == slot->bytes;
	batch->count++;
	return true;
}

void nms_kernel_batch_fill(const struct kernel_device *device, struct nms_job *job,
			   struct kernel_batch *batch)
{
	batch->count = 0;
	batch->pinned = 0;
	batch->computes = false;
	while (batch->slot < job->count && batch->count < batch->room) {
		if (!add_item(device, &job->slots[batch->slot], batch))
			break;
		if (batch->items[batch->count - 1].last) {
			batch->slot++;
			batch->at = 0;
		}
	}
	memset(&batch->result, 0, sizeof(batch->result));
	batch->submit = (struct nms_submit){
		.commands = (uintptr_t)batch->cmds,
		.count = batch->count,
		.command_size = sizeof(batch->cmds[0]),
	};
}

/* Costs of the pieces before go into the result of the last one, which has the rest. */
static void add_costs(struct nms_hw_result *sum, const struct nms_hw_result *before)
{
	const size_t from = offsetof(struct nms_hw_result, energy);
	const size_t to = offsetof(struct nms_hw_result, row_flags);
	__le64 a, b;
	size_t at;

	for (at = from; at < to; at += sizeof(a)) {
		memcpy(&a, (char *)sum + at, sizeof(a));
		memcpy(&b, (const char *)before + at, sizeof(b));
		a = htole64(le64toh(a) + le64toh(b));
		memcpy((char *)sum + at, &a, sizeof(a));
	}
	sum->switches = htole32(le32toh(sum->switches) + le32toh(before->switches));
}

void nms_kernel_batch_add(struct kernel_batch *batch, unsigned int i, bool fine,
			  struct nms_job *job)
{
	struct kernel_item *item = &batch->items[i];
	struct nms_slot *slot = &job->slots[item->slot];

	add_costs(&item->result, &slot->result);
	item->result.error_row = htole64(le64toh(item->result.error_row) + item->row);
	slot->result = item->result;
	if (!fine)
		slot->value = 0;
	else if (slot->param_size && !slot->host)
		slot->value = le64toh(slot->result.count);
	else
		slot->value += item->bytes;
}

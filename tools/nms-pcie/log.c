// SPDX-License-Identifier: GPL-2.0-only
/* What the device writes down, and the pages that show it. */
#include <string.h>

#include "private.h"

#define MAX_PAGE 65536u	/* bytes that any of them has */

void log_completion(struct device *d, const struct flight *flight, const struct nms_hw_cqe *cqe)
{
	bool failed = cqe->status >> 1 != NMS_HW_OK;

	pthread_mutex_lock(&d->lock);
	d->commands++;
	d->failed += failed;
	if (failed) {
		d->errors[d->nerrors % NERRORS] = (struct nms_hw_log_error){
			.number = d->nerrors + 1,
			.value = cqe->value,
			.status = cqe->status >> 1,
			.detail = cqe->detail,
			.context = flight->cmd.context,
			.sq_id = flight->sqid,
			.cid = flight->cmd.cid,
			.opcode = flight->cmd.opcode,
		};
		d->nerrors++;
	}
	pthread_mutex_unlock(&d->lock);
}

enum nms_hw_status log_put(struct device *d, const struct nms_hw_cmd *cmd, struct nms_hw_cqe *cqe,
			   const void *page, size_t size)
{
	size_t room = cmd->admin.buffer_size < MAX_PAGE ? cmd->admin.buffer_size : MAX_PAGE;
	unsigned char lie[MAX_PAGE];

	if (room < size)
		size = room;
	memcpy(lie, page, size);
	size = hostile_page(d->hostile,
			    cmd->opcode == NMS_HW_ADMIN_IDENTIFY ? 0 : cmd->admin.selector,
			    cmd->admin.value, lie, size, room);
	if (size && dma_write(d->dma, cmd->admin.buffer, lie, size))
		return fail(cqe, NMS_HW_DMA_ERROR, IN_CMD(admin.buffer));
	cqe->value = size;
	return NMS_HW_OK;
}

static void fill_energy(struct device *d, struct nms_hw_log_energy *page)
{
	struct nms_model_counters c;

	nms_model_counters(d->model, &c);
	for (int i = 0; i < NMS_HW_NDOMAINS; i++)
		page->energy[i] = c.energy[i];
	page->link_in = c.link_in;
	page->link_out = c.link_out;
	page->near_read = c.near_read;
	page->near_write = c.near_write;
	page->busy_cycles = c.busy_cycles;
	pthread_mutex_lock(&d->lock);
	page->commands = d->commands;
	page->errors = d->failed;
	pthread_mutex_unlock(&d->lock);
}

static enum nms_hw_status error_page(struct device *d, const struct nms_hw_cmd *cmd,
				     struct nms_hw_cqe *cqe)
{
	struct nms_hw_log_error page[NERRORS];

	memset(page, 0, sizeof(page));
	pthread_mutex_lock(&d->lock);
	for (uint64_t i = 0; i < NERRORS && i < d->nerrors; i++)
		page[i] = d->errors[(d->nerrors - 1 - i) % NERRORS];
	pthread_mutex_unlock(&d->lock);
	return log_put(d, cmd, cqe, page, sizeof(page));
}

/* Whole entries, at most as many as a page of 64 KiB holds. */
static enum nms_hw_status range_page(struct device *d, const struct nms_hw_cmd *cmd,
				     struct nms_hw_cqe *cqe)
{
	struct nms_hw_log_range page[MAX_PAGE / sizeof(struct nms_hw_log_range)];
	size_t most = cmd->admin.buffer_size / sizeof(page[0]);

	if (most > sizeof(page) / sizeof(page[0]))
		most = sizeof(page) / sizeof(page[0]);
	most = range_list(d, cmd->admin.value, page, most);
	return log_put(d, cmd, cqe, page, most * sizeof(page[0]));
}

enum nms_hw_status log_page(struct device *d, const struct nms_hw_cmd *cmd,
			    struct nms_hw_cqe *cqe)
{
	struct nms_hw_log_energy energy = { 0 };

	if (cmd->admin.value && cmd->admin.selector != NMS_HW_LOG_CONTEXT &&
	    cmd->admin.selector != NMS_HW_LOG_RANGES)
		return fail(cqe, NMS_HW_RESERVED_NOT_ZERO, IN_CMD(admin.value));
	switch (cmd->admin.selector) {
	case NMS_HW_LOG_ENERGY:
		fill_energy(d, &energy);
		return log_put(d, cmd, cqe, &energy, sizeof(energy));
	case NMS_HW_LOG_ERROR:
		return error_page(d, cmd, cqe);
	case NMS_HW_LOG_CONTEXT:
		context_read(d->contexts, cmd->admin.value, &energy);
		return log_put(d, cmd, cqe, &energy, sizeof(energy));
	case NMS_HW_LOG_RANGES:
		return range_page(d, cmd, cqe);
	default:
		return fail(cqe, NMS_HW_BAD_LOG_PAGE, IN_CMD(admin.selector));
	}
}

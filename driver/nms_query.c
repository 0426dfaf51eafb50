// SPDX-License-Identifier: GPL-2.0-only
/* What the device is and what it has counted. */
#include <linux/capability.h>
#include <linux/uaccess.h>

#include "nms_regs.h"

static int nms_query_device(struct nms_device *nms, struct nms_query_device *q)
{
	const struct nms_hw_identify *id = nms->identify;

	q->abi_version = NMS_ABI_VERSION;
	q->hw_version = nms->version;
	q->numerics = le32_to_cpu(id->numerics);
	q->profiles = min_t(u32, le16_to_cpu(id->profiles), ARRAY_SIZE(id->profile));
	q->near_size = le64_to_cpu(id->near_size);
	q->near_free = nms_read64(nms, NMS_HW_REG_NEAR_FREE);
	q->near_page = le64_to_cpu(id->near_page);
	q->near_quota = READ_ONCE(nms->near_quota);
	q->max_commands = NMS_MAX_COMMANDS;
	q->max_jobs = NMS_MAX_JOBS;
	q->max_handles = NMS_MAX_HANDLES;
	q->queues = nms->nqueues;
	q->vectors = nms->nvectors;
	q->iommu = nms->iommu;
	q->max_transfer = NMS_MAX_TRANSFER;
	q->generation = nms->generation;
#ifndef NMS_HAS_URING_CANCEL
	q->uring_limit_ms = NMS_URING_LIMIT_MS;
#endif
	memcpy(q->model, id->model, sizeof(q->model));
	memcpy(q->firmware, id->firmware, sizeof(q->firmware));
	memcpy(q->energy, id->energy, sizeof(q->energy));
	return q->near_free == U64_MAX ? -ENODEV : 0;
}

static void nms_query_queues(struct nms_device *nms, struct nms_query_counters *c)
{
	c->doorbells = nms->admin.doorbells;
	for (unsigned int i = 0; i < nms->nqueues; i++)
		c->doorbells += nms->queues[i].doorbells;
	for (unsigned int i = 0; i < nms->nvectors; i++)
		c->interrupts += atomic64_read(&nms->vectors[i].interrupts);
}

/* The caller sees to it that the registers can be read. */
void nms_query_device_counters(struct nms_device *nms, struct nms_query_counters *c)
{
	for (unsigned int i = 0; i < NMS_ENERGY_DOMAINS; i++)
		c->energy[i] = nms_read64(nms, NMS_HW_REG_ENERGY + 8 * i);
	c->link_in = nms_read64(nms, NMS_HW_REG_LINK_IN);
	c->link_out = nms_read64(nms, NMS_HW_REG_LINK_OUT);
	c->near_read = nms_read64(nms, NMS_HW_REG_NEAR_READ);
	c->near_write = nms_read64(nms, NMS_HW_REG_NEAR_WRITE);
	c->busy_cycles = nms_read64(nms, NMS_HW_REG_BUSY);
	c->jobs = atomic64_read(&nms->jobs);
	c->commands = atomic64_read(&nms->commands);
	c->errors = atomic64_read(&nms->errors);
	c->near_used = atomic64_read(&nms->near_used);
	c->pinned_pages = atomic64_read(&nms->pinned_pages);
	c->lost_pages = atomic64_read(&nms->lost_pages);
	c->resets = nms->resets;
	nms_query_queues(nms, c);
}

static int nms_query_context(struct nms_context *ctx, struct nms_query_counters *c)
{
	struct nms_hw_log_energy log = {};
	int err;

	err = nms_admin_log(ctx->nms, NMS_HW_LOG_CONTEXT, ctx->id, &log, sizeof(log));
	if (err && err != -EOPNOTSUPP)
		return err;
	for (unsigned int i = 0; i < NMS_ENERGY_DOMAINS; i++)
		c->energy[i] = le64_to_cpu(log.energy[i]);
	c->link_in = le64_to_cpu(log.link_in);
	c->link_out = le64_to_cpu(log.link_out);
	c->near_read = le64_to_cpu(log.near_read);
	c->near_write = le64_to_cpu(log.near_write);
	c->busy_cycles = le64_to_cpu(log.busy_cycles);
	c->jobs = atomic64_read(&ctx->total_jobs);
	c->commands = atomic64_read(&ctx->commands);
	c->errors = atomic64_read(&ctx->errors);
	c->near_used = atomic64_read(&ctx->near_used);
	c->pinned_pages = atomic64_read(&ctx->pinned_pages);
	c->lost_pages = atomic64_read(&ctx->nms->lost_pages);
	c->resets = ctx->nms->resets;
	return 0;
}

static int nms_query_profile(struct nms_device *nms, u32 index, struct nms_query_profile *p)
{
	const struct nms_hw_identify *id = nms->identify;
	const struct nms_hw_profile_entry *entry;

	if (index >= min_t(u32, le16_to_cpu(id->profiles), ARRAY_SIZE(id->profile)))
		return -ENOENT;
	entry = &id->profile[index];
	p->profile = le32_to_cpu(entry->profile);
	p->flags = le32_to_cpu(entry->flags) & 1;
	memcpy(p->name, entry->name, sizeof(p->name));
	return 0;
}

union nms_answer {
	struct nms_query_device device;
	struct nms_query_counters counters;
	struct nms_query_profile profile;
	struct nms_query_dataset dataset;
};

/* Fills @answer; returns its size or a negative errno.  The registers can be read. */
static int nms_answer(struct nms_context *ctx, const struct nms_query *query,
		      union nms_answer *answer)
{
	bool lists = query->type == NMS_QUERY_PROFILE || query->type == NMS_QUERY_DATASET;
	int err;

	if (query->index && !lists)
		return -EINVAL;
	switch (query->type) {
	case NMS_QUERY_DEVICE:
		err = nms_query_device(ctx->nms, &answer->device);
		return err ? err : sizeof(answer->device);
	case NMS_QUERY_CONTEXT:
		err = nms_query_context(ctx, &answer->counters);
		return err ? err : sizeof(answer->counters);
	case NMS_QUERY_DEVICE_COUNTERS:
		if (!perfmon_capable())
			return -EPERM;
		nms_query_device_counters(ctx->nms, &answer->counters);
		return sizeof(answer->counters);
	case NMS_QUERY_PROFILE:
		err = nms_query_profile(ctx->nms, query->index, &answer->profile);
		return err ? err : sizeof(answer->profile);
	case NMS_QUERY_DATASET:
		err = nms_dataset_query(ctx, query->index, &answer->dataset);
		return err ? err : sizeof(answer->dataset);
	default:
		return -EINVAL;
	}
}

int nms_query(struct nms_context *ctx, struct nms_query *query)
{
	struct nms_device *nms = ctx->nms;
	union nms_answer answer = {};
	int size;

	if (query->reserved)
		return -EINVAL;
	size = nms_wait_live(nms);
	if (size)
		return size;
	down_read(&nms->bound_lock);
	size = nms->state == NMS_GONE ? -ENODEV : nms_answer(ctx, query, &answer);
	up_read(&nms->bound_lock);
	if (size < 0)
		return size;
	if (copy_to_user(u64_to_user_ptr(query->data), &answer, min_t(u32, size, query->size)))
		return -EFAULT;
	query->size = size;
	return 0;
}

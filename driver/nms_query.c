// SPDX-License-Identifier: GPL-2.0-only
/* What the device is and what it has counted. */
#include <linux/capability.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "nms_compat.h"
#include "nms_regs.h"

static int nms_query_device(struct nms_device *nms, struct nms_query_device *q)
{
	const struct nms_hw_identify *id = nms->identify;
	u64 near_free = nms_read64(nms, NMS_HW_REG_NEAR_FREE);

	q->abi_version = NMS_ABI_VERSION;
	q->hw_version = nms->version;
	q->numerics = le32_to_cpu(id->numerics);
	q->profiles = min_t(u32, le16_to_cpu(id->profiles), ARRAY_SIZE(id->profile));
	q->near_size = le64_to_cpu(id->near_size);
	q->near_free = min(near_free, q->near_size);
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
	q->clock_khz = le32_to_cpu(id->clock_khz);
	return near_free == U64_MAX ? -ENODEV : 0;
}

static void nms_query_queues(struct nms_device *nms, struct nms_query_counters *c)
{
	c->doorbells = nms->admin.doorbells;
	for (unsigned int i = 0; i < nms->nqueues; i++)
		c->doorbells += nms->queues[i].doorbells;
	for (unsigned int i = 0; i < nms->nvectors; i++)
		c->interrupts += atomic64_read(&nms->vectors[i].interrupts);
}

static void nms_query_compute(struct nms_device *nms, struct nms_query_counters *c)
{
	struct nms_sched *s = &nms->sched;

	spin_lock_irq(&s->lock);
	c->compute_running = s->nrunning;
	c->compute_waiting = s->waiting;
	spin_unlock_irq(&s->lock);
}

static u64 nms_query_active(struct nms_device *nms)
{
	struct nms_context *ctx;
	unsigned long id;
	u64 active = 0;

	/* Whoever closes one takes it out under this lock before he frees it. */
	xa_lock(&nms->contexts);
	xa_for_each(&nms->contexts, id, ctx)
		active += atomic_read(&ctx->active);
	xa_unlock(&nms->contexts);
	return active;
}

/* The caller sees to it that the registers can be read. */
static void nms_query_device_counters(struct nms_device *nms, struct nms_query_counters *c)
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
	c->active_jobs = nms_query_active(nms);
	nms_query_queues(nms, c);
	nms_query_compute(nms, c);
}

static int nms_query_queue(struct nms_device *nms, u32 index, struct nms_query_queue *info)
{
	static const u32 state[] = {
		[NMS_QUEUE_HOLD] = NMS_QUERY_QUEUE_HELD,
		[NMS_QUEUE_RUN] = NMS_QUERY_QUEUE_RUNS,
		[NMS_QUEUE_DEAD] = NMS_QUERY_QUEUE_DEAD,
	};
	struct nms_queue *q;

	if (index > nms->nqueues)
		return -ENOENT;
	q = index ? &nms->queues[index - 1] : &nms->admin;
	spin_lock_irq(&q->lock);
	info->id = q->id;
	info->state = state[q->state];
	info->entries = q->entries;
	info->vector = q->vector;
	info->in_flight = q->in_flight;
	info->waiting = list_count_nodes(&q->waiting);
	info->doorbells = q->doorbells;
	info->completions = q->completions;
	spin_unlock_irq(&q->lock);
	return 0;
}

/* What the device has counted for a context. */
static int nms_query_log(struct nms_device *nms, u32 id, struct nms_query_counters *c)
{
	struct nms_hw_log_energy log = {};
	int err;

	err = nms_admin_log(nms, NMS_HW_LOG_CONTEXT, id, &log, sizeof(log));
	if (err && err != -EOPNOTSUPP)
		return err;
	for (unsigned int i = 0; i < NMS_ENERGY_DOMAINS; i++)
		c->energy[i] = le64_to_cpu(log.energy[i]);
	c->link_in = le64_to_cpu(log.link_in);
	c->link_out = le64_to_cpu(log.link_out);
	c->near_read = le64_to_cpu(log.near_read);
	c->near_write = le64_to_cpu(log.near_write);
	c->busy_cycles = le64_to_cpu(log.busy_cycles);
	return 0;
}

/* What the driver has. */
static void nms_query_context(const struct nms_context *ctx, struct nms_query_counters *c)
{
	c->jobs = atomic64_read(&ctx->total_jobs);
	c->commands = atomic64_read(&ctx->commands);
	c->errors = atomic64_read(&ctx->errors);
	c->near_used = atomic64_read(&ctx->near_used);
	c->pinned_pages = atomic64_read(&ctx->pinned_pages);
	c->lost_pages = atomic64_read(&ctx->nms->lost_pages);
	c->resets = ctx->nms->resets;
	c->active_jobs = atomic_read(&ctx->active);
}

/* One that ends meanwhile may leave nothing but zeroes in the device's part. */
static int nms_query_other(struct nms_device *nms, u32 id, struct nms_query_counters *c)
{
	struct nms_context *ctx;

	xa_lock(&nms->contexts);
	ctx = xa_load(&nms->contexts, id);
	if (ctx)
		nms_query_context(ctx, c);
	xa_unlock(&nms->contexts);
	return ctx ? nms_query_log(nms, id, c) : -ENOENT;
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
	struct nms_query_queue queue;
};

static bool nms_query_takes_index(u32 type)
{
	return type == NMS_QUERY_PROFILE || type == NMS_QUERY_DATASET ||
	       type == NMS_QUERY_QUEUE || type == NMS_QUERY_CONTEXT_COUNTERS;
}

/* What tells of others is for administrators. */
static bool nms_query_allowed(u32 type)
{
	switch (type) {
	case NMS_QUERY_DEVICE_COUNTERS:
	case NMS_QUERY_QUEUE:
	case NMS_QUERY_CONTEXT_COUNTERS:
		return perfmon_capable();
	default:
		return true;
	}
}

/* Fills @answer; returns its size or a negative errno.  The registers can be read. */
static int nms_answer(struct nms_context *ctx, const struct nms_query *query,
		      union nms_answer *answer)
{
	int err;

	if (query->index && !nms_query_takes_index(query->type))
		return -EINVAL;
	if (!nms_query_allowed(query->type))
		return -EPERM;
	switch (query->type) {
	case NMS_QUERY_DEVICE:
		err = nms_query_device(ctx->nms, &answer->device);
		return err ? err : sizeof(answer->device);
	case NMS_QUERY_CONTEXT:
		nms_query_context(ctx, &answer->counters);
		err = nms_query_log(ctx->nms, ctx->id, &answer->counters);
		return err ? err : sizeof(answer->counters);
	case NMS_QUERY_CONTEXT_COUNTERS:
		err = nms_query_other(ctx->nms, query->index, &answer->counters);
		return err ? err : sizeof(answer->counters);
	case NMS_QUERY_DEVICE_COUNTERS:
		nms_query_device_counters(ctx->nms, &answer->counters);
		return sizeof(answer->counters);
	case NMS_QUERY_PROFILE:
		err = nms_query_profile(ctx->nms, query->index, &answer->profile);
		return err ? err : sizeof(answer->profile);
	case NMS_QUERY_DATASET:
		err = nms_dataset_query(ctx, query->index, &answer->dataset);
		return err ? err : sizeof(answer->dataset);
	case NMS_QUERY_QUEUE:
		err = nms_query_queue(ctx->nms, query->index, &answer->queue);
		return err ? err : sizeof(answer->queue);
	default:
		return -EINVAL;
	}
}

static int nms_query_once(struct nms_context *ctx, const struct nms_query *query,
			  union nms_answer *answer)
{
	struct nms_device *nms = ctx->nms;
	int size = nms_wait_live(nms), err;
	u32 generation;

	if (size)
		return size;
	down_read(&nms->bound_lock);
	generation = READ_ONCE(nms->generation);
	err = nms_regs_usable(nms);
	if (!err)
		size = nms_answer(ctx, query, answer);
	if (size > 0)
		err = nms_regs_believe(nms, generation);
	up_read(&nms->bound_lock);
	return err ? err : size;
}

int nms_query(struct nms_context *ctx, struct nms_query *query)
{
	union nms_answer answer;
	int size;

	if (query->reserved)
		return -EINVAL;
	do {
		memset(&answer, 0, sizeof(answer));
		size = nms_query_once(ctx, query, &answer);
	} while (size == -EAGAIN && !signal_pending(current));
	if (size == -EAGAIN)
		return -ERESTARTSYS;
	if (size < 0)
		return size;
	if (copy_to_user(u64_to_user_ptr(query->data), &answer, min_t(u32, size, query->size)))
		return -EFAULT;
	query->size = size;
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/* Creation, and the registers of BAR 0. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "private.h"

#define STRIDE 0u	/* doorbells are 4 bytes apart */

/* Deadlines do not move with the time of day. */
static void cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

static void locks_init(struct device *d)
{
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->acted, NULL);
	pthread_mutex_init(&d->hang_lock, NULL);
	cond_init(&d->hang);
	pthread_mutex_init(&d->timer_lock, NULL);
	cond_init(&d->timer_changed);
	pthread_mutex_init(&d->range_lock, NULL);
	for (unsigned int q = 0; q <= MAX_QUEUES; q++) {
		pthread_mutex_init(&d->cq[q].lock, NULL);
		pthread_cond_init(&d->cq[q].room, NULL);
		pthread_mutex_init(&d->sq[q].lock, NULL);
		pthread_cond_init(&d->sq[q].changed, NULL);
	}
}

int device_make_model(struct device *d, struct nms_model **model, char *why, size_t size)
{
	struct nms_model_config config = {
		.near_size = d->options.near_size,
		.working = d->options.working,
		.threads = d->options.threads,
		.energy = d->options.energy,
		.profile = d->options.profile,
		/* What was known of a range before a loss of power must not fit one after it. */
		.generation = 1 + (d->powers << 16),
		.host = { dma_read, dma_write, d->dma },
	};

	return nms_model_create(&config, model, why, size);
}

static int make_parts(struct device *d, char *why, size_t size)
{
	int err = dma_create(&d->dma);

	if (!err)
		err = irq_create(d->options.vectors, &d->irq);
	if (!err)
		err = fault_create(d->options.seed, &d->faults);
	if (!err)
		err = hostile_create(d->options.seed, &d->hostile);
	if (!err)
		err = context_create(&d->contexts);
	if (err) {
		snprintf(why, size, "%s", strerror(-err));
		return err;
	}
	return device_make_model(d, &d->model, why, size);
}

static void free_parts(struct device *d)
{
	nms_model_destroy(d->model);
	context_destroy(d->contexts);
	fault_destroy(d->faults);
	hostile_destroy(d->hostile);
	irq_destroy(d->irq);
	dma_destroy(d->dma);
	free(d->range);
	free(d);
}

int device_create(const struct device_options *options, struct device **out, char *why, size_t size)
{
	struct device *d = calloc(1, sizeof(*d));
	int err;

	if (!d)
		return -ENOMEM;
	d->options = *options;
	atomic_store(&d->stopping, true);
	locks_init(d);
	err = make_parts(d, why, size);
	if (err)
		goto out_free;
	err = completion_start(d);
	if (err)
		goto out_why;
	err = state_start(d);
	if (err)
		goto out_completion;
	*out = d;
	return 0;

out_completion:
	completion_stop(d);
out_why:
	snprintf(why, size, "%s", strerror(-err));
out_free:
	free_parts(d);
	return err;
}

void device_destroy(struct device *d)
{
	if (!d)
		return;
	state_stop(d);
	completion_stop(d);
	free_parts(d);
}

struct dma *device_dma(struct device *d)
{
	return d->dma;
}

struct irq *device_irq(struct device *d)
{
	return d->irq;
}

/* ---- registers ----------------------------------------------------------------- */

static uint64_t cap(const struct device *d)
{
	return (d->options.entries - 1) | (uint64_t)STRIDE << 16 | UINT64_C(20) << 20 |
	       (uint64_t)d->options.queues << 32;
}

static uint32_t status(const struct device *d)
{
	return (d->ready ? NMS_HW_STATUS_READY : 0) | (d->fatal ? NMS_HW_STATUS_FATAL : 0) |
	       (state_changing(d) || atomic_load(&d->running) ? NMS_HW_STATUS_BUSY : 0);
}

static bool read_counter(struct device *d, uint64_t offset, uint64_t *value)
{
	struct nms_model_counters c;

	if (offset < NMS_HW_REG_ENERGY || offset > NMS_HW_REG_ERRORS)
		return false;
	nms_model_counters(d->model, &c);
	if (offset < NMS_HW_REG_ENERGY + 8 * NMS_HW_NDOMAINS)
		*value = c.energy[(offset - NMS_HW_REG_ENERGY) / 8];
	else if (offset == NMS_HW_REG_LINK_IN)
		*value = c.link_in;
	else if (offset == NMS_HW_REG_LINK_OUT)
		*value = c.link_out;
	else if (offset == NMS_HW_REG_NEAR_READ)
		*value = c.near_read;
	else if (offset == NMS_HW_REG_NEAR_WRITE)
		*value = c.near_write;
	else if (offset == NMS_HW_REG_BUSY)
		*value = c.busy_cycles;
	else if (offset == NMS_HW_REG_COMMANDS)
		*value = d->commands;
	else if (offset == NMS_HW_REG_ERRORS)
		*value = d->failed;
	else
		*value = 0;
	return true;
}

static uint64_t near_free(struct device *d)
{
	struct nms_model_info info;

	nms_model_info(d->model, &info);
	return info.near_size - info.near_used;
}

static uint64_t read64(struct device *d, uint64_t offset)
{
	uint64_t value = 0;

	switch (offset) {
	case NMS_HW_REG_CAP:
		return cap(d);
	case NMS_HW_REG_ADMIN_SQ:
		return d->admin_sq;
	case NMS_HW_REG_ADMIN_CQ:
		return d->admin_cq;
	case NMS_HW_REG_NEAR_SIZE:
		return d->options.near_size;
	case NMS_HW_REG_NEAR_FREE:
		return near_free(d);
	case NMS_HW_REG_ERROR_ADDR:
		return d->error_addr;
	default:
		read_counter(d, offset, &value);
		return value;
	}
}

static uint32_t read32(struct device *d, uint64_t offset)
{
	switch (offset) {
	case NMS_HW_REG_VERSION:
		return NMS_HW_VERSION_1_0;
	case NMS_HW_REG_CONFIG:
		return d->config;
	case NMS_HW_REG_STATUS:
		return status(d);
	case NMS_HW_REG_RESETS:
		return d->resets;
	case NMS_HW_REG_ADMIN_SIZE:
		return d->admin_size;
	case NMS_HW_REG_ERROR:
		return d->error;
	default:
		return 0;
	}
}

/* Whether accesses get no answer. */
static bool is_away(struct device *d)
{
	return atomic_load(&d->gone) || atomic_load(&d->asleep);
}

void device_read(struct device *d, uint64_t offset, void *dst, uint32_t count)
{
	bool away = is_away(d);
	uint64_t value = 0;

	memset(dst, away ? 0xff : 0, count);
	if (away || (count != 4 && count != 8) || offset % count)
		return;
	pthread_mutex_lock(&d->lock);
	value = count == 8 ? read64(d, offset) : read32(d, offset);
	pthread_mutex_unlock(&d->lock);
	value = hostile_register(d->hostile, offset, count, value);
	memcpy(dst, &value, count);
}

/* ADMIN_*: not while the device may be using them. */
static bool can_set_admin(const struct device *d)
{
	return !(d->config & NMS_HW_CONFIG_ENABLE) && !d->want_reset && !d->resetting;
}

static void write64(struct device *d, uint64_t offset, uint64_t value)
{
	pthread_mutex_lock(&d->lock);
	if (offset == NMS_HW_REG_ADMIN_SQ && can_set_admin(d))
		d->admin_sq = value;
	else if (offset == NMS_HW_REG_ADMIN_CQ && can_set_admin(d))
		d->admin_cq = value;
	pthread_mutex_unlock(&d->lock);
}

static void write_doorbell(struct device *d, uint64_t offset, uint32_t value)
{
	unsigned int index = (unsigned int)(offset - NMS_HW_REG_DOORBELL) / (4u << STRIDE);

	queue_doorbell(d, index / 2, index & 1, value);
}

static void write32(struct device *d, uint64_t offset, uint32_t value)
{
	if (offset >= NMS_HW_REG_DOORBELL) {
		write_doorbell(d, offset, value);
	} else if (offset == NMS_HW_REG_CONFIG) {
		state_config(d, value);
	} else if (offset == NMS_HW_REG_RESET) {
		if (value == NMS_HW_RESET_KEY)
			state_reset(d);
	} else {
		pthread_mutex_lock(&d->lock);
		if (offset == NMS_HW_REG_ADMIN_SIZE && can_set_admin(d))
			d->admin_size = value;
		else if (offset == NMS_HW_REG_ERROR)
			d->error &= ~value;
		pthread_mutex_unlock(&d->lock);
	}
}

void device_write(struct device *d, uint64_t offset, const void *src, uint32_t count)
{
	uint64_t value = 0;

	if (is_away(d) || (count != 4 && count != 8) || offset % count)
		return;
	memcpy(&value, src, count);
	if (count == 4)
		write32(d, offset, (uint32_t)value);
	else
		write64(d, offset, value);
}

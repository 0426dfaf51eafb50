// SPDX-License-Identifier: GPL-2.0-only
/*
 * Enable, disable, reset, fatal: the states of hardware.rst.  Registers say what
 * is wanted; a thread, the actor, brings it about, so that no access waits.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "private.h"

/* ---- sleeping ------------------------------------------------------------------ */

void state_pause(struct device *d, uint64_t us)
{
	struct timespec until;
	uint64_t ns;
	int err = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	ns = (uint64_t)until.tv_nsec + us % 1000000 * 1000;
	until.tv_sec += (time_t)(us / 1000000 + ns / 1000000000);
	until.tv_nsec = (long)(ns % 1000000000);
	pthread_mutex_lock(&d->hang_lock);
	while (!atomic_load(&d->stopping) && err != ETIMEDOUT)
		err = pthread_cond_timedwait(&d->hang, &d->hang_lock, &until);
	pthread_mutex_unlock(&d->hang_lock);
}

void state_hang(struct device *d)
{
	pthread_mutex_lock(&d->hang_lock);
	while (!atomic_load(&d->stopping))
		pthread_cond_wait(&d->hang, &d->hang_lock);
	pthread_mutex_unlock(&d->hang_lock);
}

/* ---- what the actor does --------------------------------------------------------- */

/* Take all queues down; no completion is posted and no DMA done when it returns. */
static void stop_queues(struct device *d)
{
	pthread_mutex_lock(&d->hang_lock);
	atomic_store(&d->stopping, true);
	pthread_cond_broadcast(&d->hang);
	pthread_mutex_unlock(&d->hang_lock);
	dma_set_stopped(d->dma, true);
	for (unsigned int q = 0; q <= MAX_QUEUES; q++) {
		cq_wake(d, q);
		queue_stop(d, q);
	}
	/* Admin first: it may be waiting for a command of another queue. */
	for (unsigned int q = 0; q <= MAX_QUEUES; q++)
		queue_delete_sq(d, q);
	for (unsigned int q = 0; q <= MAX_QUEUES; q++)
		cq_delete(d, q);
	event_forget(d);
	irq_clear(d->irq);
}

static void set_fatal(struct device *d, uint32_t error, uint64_t addr)
{
	pthread_mutex_lock(&d->lock);
	d->fatal = true;
	d->error |= error;
	if (error == NMS_HW_ERROR_DMA)
		d->error_addr = addr;
	pthread_mutex_unlock(&d->lock);
	dma_set_stopped(d->dma, true);
	/* Nothing can be posted any more: the interrupt says to look at STATUS. */
	irq_raise(d->irq, 0);
}

static bool admin_queue_fits(const struct device *d, uint32_t sq, uint32_t cq)
{
	return sq >= 2 && cq >= 2 && sq <= d->options.entries && cq <= d->options.entries &&
	       !(d->admin_sq % 4096) && !(d->admin_cq % 4096);
}

static bool start_queues(struct device *d)
{
	uint32_t sq = (d->admin_size & 0xffff) + 1, cq = (d->admin_size >> 16) + 1;

	if (!admin_queue_fits(d, sq, cq))
		return false;
	pthread_mutex_lock(&d->hang_lock);
	atomic_store(&d->stopping, false);
	pthread_mutex_unlock(&d->hang_lock);
	dma_set_stopped(d->dma, false);
	cq_create(d, 0, d->admin_cq, cq, 0);
	return queue_create_sq(d, 0, d->admin_sq, sq, 0);
}

static void enable(struct device *d)
{
	bool ok = start_queues(d);

	if (!ok)
		set_fatal(d, NMS_HW_ERROR_INTERNAL, 0);
	pthread_mutex_lock(&d->lock);
	d->enabled = true;
	d->ready = ok;
	pthread_mutex_unlock(&d->lock);
}

static void disable(struct device *d)
{
	stop_queues(d);
	pthread_mutex_lock(&d->lock);
	d->enabled = d->ready = false;
	pthread_mutex_unlock(&d->lock);
}

static void reset(struct device *d)
{
	stop_queues(d);
	atomic_store(&d->coalesce, 0);
	atomic_store(&d->deadline_ms, 0);
	pthread_mutex_lock(&d->lock);
	d->enabled = d->ready = d->fatal = d->want_disable = false;
	d->config = d->admin_size = d->error = 0;
	d->admin_sq = d->admin_cq = d->error_addr = 0;
	d->resets++;
	pthread_mutex_unlock(&d->lock);
}

/* ---- the actor -------------------------------------------------------------------- */

static bool want_enable(const struct device *d)
{
	return (d->config & NMS_HW_CONFIG_ENABLE) && !d->enabled && !d->fatal;
}

bool state_changing(const struct device *d)
{
	return d->want_reset || d->want_disable || d->acting || want_enable(d);
}

/* Under the lock, which is let go meanwhile. */
static void act(struct device *d)
{
	bool resetting = d->want_reset, disabling = d->want_disable;

	d->want_reset = d->want_disable = false;
	d->acting = true;
	d->resetting = resetting;
	pthread_mutex_unlock(&d->lock);
	if (resetting)
		reset(d);
	else if (disabling)
		disable(d);
	else
		enable(d);
	pthread_mutex_lock(&d->lock);
	d->acting = d->resetting = false;
	pthread_cond_broadcast(&d->acted);
}

static void *actor_main(void *data)
{
	struct device *d = data;

	pthread_mutex_lock(&d->lock);
	while (!d->want_exit) {
		if (state_changing(d))
			act(d);
		else
			pthread_cond_wait(&d->acted, &d->lock);
	}
	pthread_mutex_unlock(&d->lock);
	return NULL;
}

int state_start(struct device *d)
{
	return -pthread_create(&d->actor, NULL, actor_main, d);
}

static void wait_until_idle(struct device *d)
{
	pthread_mutex_lock(&d->lock);
	while (state_changing(d))
		pthread_cond_wait(&d->acted, &d->lock);
	pthread_mutex_unlock(&d->lock);
}

void state_stop(struct device *d)
{
	state_reset(d);
	wait_until_idle(d);
	pthread_mutex_lock(&d->lock);
	d->want_exit = true;
	pthread_cond_broadcast(&d->acted);
	pthread_mutex_unlock(&d->lock);
	pthread_join(d->actor, NULL);
}

/* ---- what asks it ------------------------------------------------------------------ */

void state_config(struct device *d, uint32_t value)
{
	uint32_t now = value & NMS_HW_CONFIG_ENABLE;

	pthread_mutex_lock(&d->lock);
	/* A reset ends with CONFIG 0, whatever was written meanwhile. */
	if (!d->want_reset && !d->resetting) {
		if (d->config && !now)
			d->want_disable = true;
		d->config = now;
		pthread_cond_broadcast(&d->acted);
	}
	pthread_mutex_unlock(&d->lock);
}

void state_reset(struct device *d)
{
	pthread_mutex_lock(&d->lock);
	d->want_reset = true;
	pthread_cond_broadcast(&d->acted);
	pthread_mutex_unlock(&d->lock);
}

void state_fatal(struct device *d, uint32_t error, uint64_t addr)
{
	bool fresh;

	pthread_mutex_lock(&d->lock);
	/* The first cause is the one to know; what follows follows from it. */
	fresh = !d->fatal && !atomic_load(&d->stopping);
	pthread_mutex_unlock(&d->lock);
	if (fresh)
		set_fatal(d, error, addr);
}

void device_function_reset(struct device *d)
{
	state_reset(d);
	wait_until_idle(d);
}

void device_power(struct device *d, unsigned int state)
{
	/* Queues do not survive D3; all else does. */
	if (state == 3) {
		state_config(d, 0);
		wait_until_idle(d);
	}
	atomic_store(&d->asleep, state == 3);
}

void device_link(struct device *d, bool up)
{
	if (up == !atomic_load(&d->gone))
		return;
	if (up) {
		/* It comes back as from a reset of the bus. */
		device_function_reset(d);
		irq_set_link(d->irq, true);
		dma_set_link(d->dma, true);
		atomic_store(&d->gone, false);
		return;
	}
	atomic_fetch_add(&d->departures, 1);
	atomic_store(&d->gone, true);
	irq_set_link(d->irq, false);
	dma_set_link(d->dma, false);
	dma_set_master(d->dma, false);
}

/* All that the device knows but its options is gone; so is the function, until the link is up. */
int device_lose_power(struct device *d)
{
	struct nms_model *old = d->model, *fresh;
	char why[128];
	int err;

	d->powers++;
	err = device_make_model(d, &fresh, why, sizeof(why));
	if (err)
		return err;
	device_link(d, false);
	/* No command is under way when this returns, and none comes over a link that is down. */
	device_function_reset(d);
	range_forget(d);
	context_forget(d->contexts, ALL_CONTEXTS);
	pthread_mutex_lock(&d->lock);
	d->model = fresh;
	d->resets = 0;
	d->commands = d->failed = d->nerrors = 0;
	memset(d->errors, 0, sizeof(d->errors));
	pthread_mutex_unlock(&d->lock);
	nms_model_destroy(old);
	return 0;
}

bool device_gone(struct device *d)
{
	return atomic_load(&d->gone);
}

unsigned int device_departures(struct device *d)
{
	return atomic_load(&d->departures);
}

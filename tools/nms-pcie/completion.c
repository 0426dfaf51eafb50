// SPDX-License-Identifier: GPL-2.0-only
/* Completion rings and their interrupts. */
#include <string.h>
#include <time.h>

#include "private.h"

/* At most so many completions before an interrupt, while more commands wait. */
#define BATCH 16u

#define STEP_NS 100000u	/* of the time in COALESCE */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Under the queue's lock. */
static void interrupt(struct device *d, struct cq *cq)
{
	cq->held = 0;
	cq->due = 0;
	if (!hostile_silent(d->hostile))
		irq_raise(d->irq, cq->vector);
}

/* ---- holding back ------------------------------------------------------------- */

static void timer_before(struct device *d, uint64_t due)
{
	pthread_mutex_lock(&d->timer_lock);
	if (!d->timer_due || due < d->timer_due) {
		d->timer_due = due;
		pthread_cond_signal(&d->timer_changed);
	}
	pthread_mutex_unlock(&d->timer_lock);
}

/* Send what is due in any queue; when the next is due, or 0. */
static uint64_t send_due(struct device *d)
{
	uint64_t next = 0, now = now_ns();

	for (unsigned int q = 0; q <= MAX_QUEUES; q++) {
		struct cq *cq = &d->cq[q];

		pthread_mutex_lock(&cq->lock);
		if (cq->due && cq->due <= now)
			interrupt(d, cq);
		else if (cq->due && (!next || cq->due < next))
			next = cq->due;
		pthread_mutex_unlock(&cq->lock);
	}
	return next;
}

static void *timer_main(void *data)
{
	struct device *d = data;

	pthread_mutex_lock(&d->timer_lock);
	while (!d->timer_exit) {
		uint64_t due = d->timer_due, next;
		struct timespec t = { (time_t)(due / 1000000000), (long)(due % 1000000000) };

		if (!due) {
			pthread_cond_wait(&d->timer_changed, &d->timer_lock);
			continue;
		}
		if (due > now_ns()) {
			pthread_cond_timedwait(&d->timer_changed, &d->timer_lock, &t);
			continue;
		}
		d->timer_due = 0;
		pthread_mutex_unlock(&d->timer_lock);
		next = send_due(d);
		if (next)
			timer_before(d, next);
		pthread_mutex_lock(&d->timer_lock);
	}
	pthread_mutex_unlock(&d->timer_lock);
	return NULL;
}

int completion_start(struct device *d)
{
	return -pthread_create(&d->timer, NULL, timer_main, d);
}

void completion_stop(struct device *d)
{
	pthread_mutex_lock(&d->timer_lock);
	d->timer_exit = true;
	pthread_cond_signal(&d->timer_changed);
	pthread_mutex_unlock(&d->timer_lock);
	pthread_join(d->timer, NULL);
}

/* COALESCE asks for so many completions (0: it does not), or so much time. */
static unsigned int coalesce(struct device *d, const struct cq *cq, uint64_t *ns)
{
	uint32_t feature = atomic_load(&d->coalesce);

	*ns = (uint64_t)(feature >> 8 & 0xff) * STEP_NS;
	return cq != &d->cq[0] && *ns ? feature & 0xff : 0;
}

/* Under the queue's lock: one more has been posted. */
static void interrupt_or_hold(struct device *d, struct cq *cq, bool hold)
{
	uint64_t ns;
	unsigned int threshold = coalesce(d, cq, &ns);

	cq->held++;
	if (threshold ? cq->held >= threshold : !hold || cq->held >= BATCH) {
		interrupt(d, cq);
	} else if (threshold && !cq->due) {
		cq->due = now_ns() + ns;
		timer_before(d, cq->due);
	}
}

void cq_flush(struct device *d, unsigned int id)
{
	struct cq *cq = &d->cq[id];

	pthread_mutex_lock(&cq->lock);
	if (cq->exists && cq->held && !cq->due)
		interrupt(d, cq);
	pthread_mutex_unlock(&cq->lock);
}

/* ---- posting ------------------------------------------------------------------- */

/* Wait for room, under the lock.  False: the device stops. */
static bool wait_for_room(struct device *d, struct cq *cq)
{
	while ((cq->tail + 1) % cq->entries == cq->head && !atomic_load(&d->stopping)) {
		/* Who is to make room must know that there is something to consume. */
		if (cq->held)
			interrupt(d, cq);
		pthread_cond_wait(&cq->room, &cq->lock);
	}
	return !atomic_load(&d->stopping);
}

/* The last four bytes hold the phase and become visible after the others. */
static int write_entry(struct device *d, uint64_t at, const struct nms_hw_cqe *cqe)
{
	size_t head = offsetof(struct nms_hw_cqe, cid);
	int err = dma_write(d->dma, at, cqe, head);

	if (err)
		return err;
	atomic_thread_fence(memory_order_release);
	return dma_write(d->dma, at + head, (const char *)cqe + head, sizeof(*cqe) - head);
}

void cq_post(struct device *d, unsigned int id, struct nms_hw_cqe *cqe, bool hold)
{
	struct cq *cq = &d->cq[id];
	uint64_t at = 0;
	bool failed = false;

	pthread_mutex_lock(&cq->lock);
	if (cq->exists && wait_for_room(d, cq)) {
		at = cq->base + (uint64_t)cq->tail * sizeof(*cqe);
		cqe->status = (uint16_t)((cqe->status & ~1u) | cq->phase);
		hostile_completion(d->hostile, !id, cqe);
		failed = write_entry(d, at, cqe);
		if (++cq->tail == cq->entries) {
			cq->tail = 0;
			cq->phase ^= 1;
		}
		if (!failed)
			interrupt_or_hold(d, cq, hold);
	}
	pthread_mutex_unlock(&cq->lock);
	if (failed)
		state_fatal(d, NMS_HW_ERROR_DMA, at);
}

void cq_uncalled(struct device *d, const struct hostile_extra *extra)
{
	for (uint64_t i = 0; i < extra->times && extra->where <= MAX_QUEUES; i++) {
		struct nms_hw_cqe cqe = {
			.cid = extra->cid, .status = cqe_status((enum nms_hw_status)extra->status),
			.sq_id = (uint16_t)extra->where,
		};

		if (extra->kind == EXTRA_POST)
			cq_post(d, extra->where, &cqe, false);
		else
			irq_raise(d->irq, extra->where);
	}
}

/* ---- the queues themselves ------------------------------------------------------ */

void cq_create(struct device *d, unsigned int id, uint64_t base, uint32_t entries,
	       uint16_t vector)
{
	struct cq *cq = &d->cq[id];

	pthread_mutex_lock(&cq->lock);
	cq->base = base;
	cq->entries = entries;
	cq->head = cq->tail = 0;
	cq->phase = 1;
	cq->vector = vector;
	cq->users = cq->held = 0;
	cq->due = 0;
	cq->exists = true;
	pthread_mutex_unlock(&cq->lock);
}

void cq_delete(struct device *d, unsigned int id)
{
	pthread_mutex_lock(&d->cq[id].lock);
	d->cq[id].exists = false;
	d->cq[id].held = 0;
	d->cq[id].due = 0;
	pthread_mutex_unlock(&d->cq[id].lock);
}

bool cq_doorbell(struct device *d, unsigned int id, uint32_t head)
{
	struct cq *cq = &d->cq[id];
	bool ok;

	pthread_mutex_lock(&cq->lock);
	ok = cq->exists && head < cq->entries;
	if (ok)
		cq->head = head;
	pthread_cond_broadcast(&cq->room);
	pthread_mutex_unlock(&cq->lock);
	return ok;
}

void cq_wake(struct device *d, unsigned int id)
{
	pthread_mutex_lock(&d->cq[id].lock);
	pthread_cond_broadcast(&d->cq[id].room);
	pthread_mutex_unlock(&d->cq[id].lock);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asynchronous events.  What happened is kept as state (a flag of the range)
 * until a request is there to say it, so that none is lost.
 */
#include <stdlib.h>

#include "private.h"

bool event_keep(struct device *d, struct flight *flight)
{
	bool kept;

	pthread_mutex_lock(&d->lock);
	kept = d->nevents < MAX_EVENTS;
	if (kept)
		d->event[d->nevents++] = flight;
	pthread_mutex_unlock(&d->lock);
	if (kept)
		atomic_store(&d->announce, true);
	return kept;
}

/* The oldest request, or NULL. */
static struct flight *take_request(struct device *d)
{
	struct flight *flight = NULL;

	pthread_mutex_lock(&d->lock);
	if (d->nevents) {
		flight = d->event[0];
		d->nevents--;
		for (unsigned int i = 0; i < d->nevents; i++)
			d->event[i] = d->event[i + 1];
	}
	pthread_mutex_unlock(&d->lock);
	return flight;
}

/* Something to say, and then it has been said; false: nothing. */
static bool next_event(struct device *d, struct nms_hw_cqe *cqe)
{
	uint32_t id;

	if (!range_lost(d, &id))
		return false;
	cqe->detail = NMS_HW_EVENT_RANGE_LOST;
	cqe->value = id;
	return true;
}

static bool have_request(struct device *d)
{
	bool have;

	pthread_mutex_lock(&d->lock);
	have = d->nevents;
	pthread_mutex_unlock(&d->lock);
	return have;
}

void event_deliver(struct device *d)
{
	struct nms_hw_cqe cqe = { 0 };

	/* Set again by whoever has news, or a request. */
	if (!atomic_exchange(&d->announce, false))
		return;
	while (have_request(d) && next_event(d, &cqe)) {
		struct flight *flight = take_request(d);

		cqe.cid = flight->cmd.cid;
		atomic_fetch_add(&d->running, 1);
		queue_complete(flight, &cqe, false);
		cqe = (struct nms_hw_cqe){ 0 };
	}
}

void event_near_lost(struct device *d)
{
	pthread_mutex_lock(&d->lock);
	d->error |= NMS_HW_ERROR_NEAR;
	pthread_mutex_unlock(&d->lock);
	atomic_store(&d->announce, true);
	queue_wake_admin(d);
}

void event_forget(struct device *d)
{
	struct flight *flight;

	while ((flight = take_request(d)))
		free(flight);
	pthread_mutex_lock(&d->sq[0].lock);
	d->sq[0].flights = NULL;
	pthread_mutex_unlock(&d->sq[0].lock);
}

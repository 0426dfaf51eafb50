// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>

#include "near.h"
#include "near_private.h"
#include "pause.h"

bool near_overlap(const struct near_claim *a, const struct near_claim *b)
{
	uintptr_t from_a = (uintptr_t)a->at, from_b = (uintptr_t)b->at;

	if (!a->range || !b->range || !a->length || !b->length)
		return false;
	return from_a < from_b ? from_b - from_a < a->length : from_a - from_b < b->length;
}

static bool conflict(const struct near_hold *a, const struct near_hold *b)
{
	for (unsigned int i = 0; i < NEAR_CLAIMS; i++)
		for (unsigned int j = 0; j < NEAR_CLAIMS; j++)
			if ((a->claim[i].write || b->claim[j].write) &&
			    near_overlap(&a->claim[i], &b->claim[j]))
				return true;
	return false;
}

static bool must_wait(const struct near_memory *near, const struct near_hold *hold)
{
	for (const struct near_hold *other = near->held; other; other = other->next)
		if (conflict(hold, other))
			return true;
	return false;
}

/* Under the lock. */
static int wait_locked(struct near_memory *near, const struct near_hold *hold,
		       bool (*stopped)(void *data), void *data)
{
	while (must_wait(near, hold)) {
		if (stopped(data))
			return -ECANCELED;
		pause_wait(&near->released, &near->lock);
	}
	return 0;
}

/* Under the lock. */
static void hold_locked(struct near_memory *near, struct near_hold *hold)
{
	hold->held = true;
	hold->next = near->held;
	near->held = hold;
}

int near_hold(struct near_memory *near, struct near_hold *hold,
	      bool (*stopped)(void *data), void *data)
{
	int err;

	pthread_mutex_lock(&near->lock);
	err = wait_locked(near, hold, stopped, data);
	if (!err)
		hold_locked(near, hold);
	pthread_mutex_unlock(&near->lock);
	return err;
}

bool near_hold_try(struct near_memory *near, struct near_hold *hold)
{
	bool free;

	pthread_mutex_lock(&near->lock);
	free = !must_wait(near, hold);
	if (free)
		hold_locked(near, hold);
	pthread_mutex_unlock(&near->lock);
	return free;
}

int near_hold_wait(struct near_memory *near, const struct near_hold *hold,
		   bool (*stopped)(void *data), void *data)
{
	int err;

	pthread_mutex_lock(&near->lock);
	err = wait_locked(near, hold, stopped, data);
	pthread_mutex_unlock(&near->lock);
	return err;
}

bool near_hold_lost(struct near_memory *near, const struct near_hold *hold, uint32_t *field)
{
	bool lost = false;

	pthread_mutex_lock(&near->lock);
	for (unsigned int i = 0; i < NEAR_CLAIMS && !lost; i++) {
		lost = hold->claim[i].range && hold->claim[i].range->lost;
		*field = hold->claim[i].field;
	}
	pthread_mutex_unlock(&near->lock);
	return lost;
}

/* Under the lock. */
static void unpin(struct near_claim *claim)
{
	struct near_range *range = claim->range;

	claim->range = NULL;
	if (range && !--range->users && range->lost)
		near_range_free(range);
}

void near_release(struct near_memory *near, struct near_hold *hold)
{
	struct near_hold **link = &near->held;

	pthread_mutex_lock(&near->lock);
	if (hold->held) {
		while (*link != hold)
			link = &(*link)->next;
		*link = hold->next;
		hold->held = false;
		pthread_cond_broadcast(&near->released);
	}
	for (unsigned int i = 0; i < NEAR_CLAIMS; i++)
		unpin(&hold->claim[i]);
	pthread_mutex_unlock(&near->lock);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "turn.h"

#include <errno.h>
#include <stddef.h>

#include "pause.h"

/*
 * What a change of turn costs is a wake-up and caches full of another's data, about
 * a millisecond: 2 % of this.  And a person does not notice ten others ahead of them.
 */
#define QUANTUM_NS 50000000u

/* Between two looks for a cancel.  Hundreds may wait, so less often than elsewhere. */
#define LOOK_NS 10000000u

int turn_init(struct turn *turn)
{
	int err = pause_init(&turn->moved);

	if (err)
		return err;
	pthread_mutex_init(&turn->lock, NULL);
	turn->first = NULL;
	turn->last = &turn->first;
	atomic_init(&turn->length, 0);
	atomic_init(&turn->hurried, 0);
	turn->quantum = QUANTUM_NS;
	turn->passes = 0;
	return 0;
}

void turn_fini(struct turn *turn)
{
	pthread_cond_destroy(&turn->moved);
	pthread_mutex_destroy(&turn->lock);
}

static void append(struct turn *turn, struct turn_ticket *ticket)
{
	ticket->next = NULL;
	*turn->last = ticket;
	turn->last = &ticket->next;
	atomic_fetch_add(&turn->length, 1);
}

static void leave(struct turn *turn, struct turn_ticket *ticket)
{
	struct turn_ticket **link = &turn->first;

	while (*link != ticket)
		link = &(*link)->next;
	*link = ticket->next;
	if (turn->last == &ticket->next)
		turn->last = link;
	atomic_fetch_sub(&turn->length, 1);
	pthread_cond_broadcast(&turn->moved);
}

/* From wherever it waits to behind the first. */
static void hurry(struct turn *turn, struct turn_ticket *ticket)
{
	leave(turn, ticket);
	ticket->next = turn->first->next;
	turn->first->next = ticket;
	if (turn->last == &turn->first->next)
		turn->last = &ticket->next;
	atomic_fetch_add(&turn->length, 1);
}

static void look_again(struct turn *turn)
{
	pause_until(&turn->moved, &turn->lock, clock_ns() + LOOK_NS);
}

int turn_take(struct turn *turn, struct turn_ticket *ticket,
	      bool (*stopped)(void *data), void *data)
{
	int err = 0;

	pthread_mutex_lock(&turn->lock);
	append(turn, ticket);
	while (turn->first != ticket) {
		if (stopped(data)) {
			leave(turn, ticket);
			err = -ECANCELED;
			break;
		}
		look_again(turn);
	}
	pthread_mutex_unlock(&turn->lock);
	ticket->since = clock_ns();
	return err;
}

void turn_give(struct turn *turn, struct turn_ticket *ticket)
{
	pthread_mutex_lock(&turn->lock);
	leave(turn, ticket);
	pthread_mutex_unlock(&turn->lock);
}

bool turn_over(struct turn *turn, const struct turn_ticket *ticket)
{
	if (atomic_load_explicit(&turn->length, memory_order_relaxed) < 2)
		return false;
	return atomic_load_explicit(&turn->hurried, memory_order_relaxed) ||
	       clock_ns() - ticket->since >= turn->quantum;
}

void turn_pass(struct turn *turn, struct turn_ticket *ticket,
	       bool (*stopped)(void *data), void *data)
{
	bool hurried = false;

	pthread_mutex_lock(&turn->lock);
	if (ticket->next) {
		leave(turn, ticket);
		append(turn, ticket);
		turn->passes++;
	}
	while (turn->first != ticket) {
		if (!hurried && stopped(data)) {
			hurried = true;
			atomic_fetch_add(&turn->hurried, 1);
			hurry(turn, ticket);
		}
		look_again(turn);
	}
	if (hurried)
		atomic_fetch_sub(&turn->hurried, 1);
	pthread_mutex_unlock(&turn->lock);
	ticket->since = clock_ns();
}

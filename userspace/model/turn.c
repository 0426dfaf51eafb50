// SPDX-License-Identifier: LGPL-2.1-or-later
#include "turn.h"

#include <errno.h>
#include <stddef.h>

#include "pause.h"

int turn_init(struct turn *turn)
{
	int err = pause_init(&turn->moved);

	if (err)
		return err;
	pthread_mutex_init(&turn->lock, NULL);
	turn->first = NULL;
	turn->last = &turn->first;
	return 0;
}

void turn_fini(struct turn *turn)
{
	pthread_cond_destroy(&turn->moved);
	pthread_mutex_destroy(&turn->lock);
}

static void leave(struct turn *turn, struct turn_ticket *ticket)
{
	struct turn_ticket **link = &turn->first;

	while (*link != ticket)
		link = &(*link)->next;
	*link = ticket->next;
	if (turn->last == &ticket->next)
		turn->last = link;
	pthread_cond_broadcast(&turn->moved);
}

int turn_take(struct turn *turn, struct turn_ticket *ticket,
	      bool (*stopped)(void *data), void *data)
{
	int err = 0;

	pthread_mutex_lock(&turn->lock);
	ticket->next = NULL;
	*turn->last = ticket;
	turn->last = &ticket->next;
	while (turn->first != ticket) {
		if (stopped(data)) {
			leave(turn, ticket);
			err = -ECANCELED;
			break;
		}
		pause_wait(&turn->moved, &turn->lock);
	}
	pthread_mutex_unlock(&turn->lock);
	return err;
}

void turn_give(struct turn *turn, struct turn_ticket *ticket)
{
	pthread_mutex_lock(&turn->lock);
	leave(turn, ticket);
	pthread_mutex_unlock(&turn->lock);
}

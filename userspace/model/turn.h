/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The shared datapath: one command at a time, in order of arrival. */
#ifndef TURN_H
#define TURN_H

#include <pthread.h>
#include <stdbool.h>

/* One who waits, or whose turn it is; lives on the stack of its command. */
struct turn_ticket {
	struct turn_ticket *next;
};

struct turn {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	struct turn_ticket *first, **last;	/* the first has the turn */
};

int turn_init(struct turn *turn);
void turn_fini(struct turn *turn);

/* -ECANCELED when @stopped says so while it waits; then it holds no turn. */
int turn_take(struct turn *turn, struct turn_ticket *ticket,
	      bool (*stopped)(void *data), void *data);
void turn_give(struct turn *turn, struct turn_ticket *ticket);

#endif /* TURN_H */

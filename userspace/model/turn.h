/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The shared datapath: one command at a time, turn by turn.  Who has the turn
 * keeps it for a quantum while others wait, and then queues up behind them.
 */
#ifndef TURN_H
#define TURN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* One who waits, or whose turn it is; lives on the stack of its command. */
struct turn_ticket {
	struct turn_ticket *next;
	uint64_t since;				/* ns: when its turn began */
};

struct turn {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	struct turn_ticket *first, **last;	/* the first has the turn */
	atomic_uint length;			/* of the queue, with the first */
	atomic_uint hurried;			/* who have been stopped and wait to end */
	uint64_t quantum;			/* ns */
	uint64_t passes;			/* turns that ended before their commands did */
};

int turn_init(struct turn *turn);
void turn_fini(struct turn *turn);

/* -ECANCELED when @stopped says so while it waits; then it holds no turn. */
int turn_take(struct turn *turn, struct turn_ticket *ticket,
	      bool (*stopped)(void *data), void *data);
void turn_give(struct turn *turn, struct turn_ticket *ticket);

/* Have others waited for as long as a turn lasts?  For who has the turn. */
bool turn_over(struct turn *turn, const struct turn_ticket *ticket);
/*
 * Let all the others have a turn, and return with the next.  Once @stopped says
 * so it comes before all others, since it needs the turn in order to end.
 */
void turn_pass(struct turn *turn, struct turn_ticket *ticket,
	       bool (*stopped)(void *data), void *data);

#endif /* TURN_H */

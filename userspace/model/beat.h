/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Progress, as the host sees it in the result blocks of commands under way:
 * written by a thread of its own, so that a command which waits, or which is long
 * at one step, is seen to be alive.
 */
#ifndef BEAT_H
#define BEAT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "model.h"

/* One command; lives on its stack. */
struct beat {
	struct beat *next, **link;
	uint64_t block;			/* address of the result block */
	uint64_t done, total;		/* steps of the phase; under the lock */
	uint32_t phase, count;		/* count: how often it has been written */
};

struct beats {
	pthread_mutex_t lock;		/* held while a beat is written */
	pthread_cond_t changed;
	const struct nms_model_host *host;
	struct beat *first;
	bool asleep, stop;
	pthread_t thread;
};

/* @host must outlive it.  -ENOMEM, -EAGAIN. */
int beats_start(struct beats *beats, const struct nms_model_host *host);
/* No command may be under way. */
void beats_stop(struct beats *beats);

void beat_begin(struct beats *beats, struct beat *beat, uint64_t block);
void beat_note(struct beats *beats, struct beat *beat, uint32_t phase, uint64_t done,
	       uint64_t total);
/* When this returns nothing is written any more. */
void beat_end(struct beats *beats, struct beat *beat);

#endif /* BEAT_H */

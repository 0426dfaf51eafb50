/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waiting on a condition by someone who must also look up for a cancel now and then. */
#ifndef PAUSE_H
#define PAUSE_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

#define PAUSE_NS 2000000u

static inline uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* A condition variable on CLOCK_MONOTONIC.  Returns 0 or a negative errno. */
static inline int pause_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;
	int err = pthread_condattr_init(&attr);

	if (err)
		return -err;
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	err = pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
	return -err;
}

/* Until @cond is signalled, but not beyond @until, of clock_ns().  @lock is held. */
static inline void pause_until(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t until)
{
	struct timespec t = {
		.tv_sec = (time_t)(until / 1000000000u),
		.tv_nsec = (long)(until % 1000000000u),
	};

	pthread_cond_timedwait(cond, lock, &t);
}

/* The same for PAUSE_NS at most. */
static inline void pause_wait(pthread_cond_t *cond, pthread_mutex_t *lock)
{
	pause_until(cond, lock, clock_ns() + PAUSE_NS);
}

#endif /* PAUSE_H */

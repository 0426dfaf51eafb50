// SPDX-License-Identifier: GPL-2.0-only
#include "hot.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct timed {
	void (*fn)(void *arg);
	void *arg;
	size_t reps;
	pthread_barrier_t *together;
	struct hot_seconds took;
	pthread_t thread;
};

static void *run_timed(void *data)
{
	struct timed *t = data;
	double processor, wall;

	if (t->together)
		pthread_barrier_wait(t->together);
	wall = now(CLOCK_MONOTONIC);
	processor = now(CLOCK_THREAD_CPUTIME_ID);
	for (size_t i = 0; i < t->reps; i++)
		t->fn(t->arg);
	t->took.processor = now(CLOCK_THREAD_CPUTIME_ID) - processor;
	t->took.wall = now(CLOCK_MONOTONIC) - wall;
	return NULL;
}

static struct hot_seconds slower(struct hot_seconds a, struct hot_seconds b)
{
	return (struct hot_seconds){
		.processor = a.processor > b.processor ? a.processor : b.processor,
		.wall = a.wall > b.wall ? a.wall : b.wall,
	};
}

struct hot_seconds hot_time(unsigned int threads, void (*fn)(void *arg), void *const *arg,
			    size_t reps)
{
	struct timed t[2];
	pthread_barrier_t together;

	pthread_barrier_init(&together, NULL, threads);
	for (unsigned int i = 0; i < threads; i++)
		t[i] = (struct timed){ .fn = fn, .arg = arg[i], .reps = reps,
				       .together = threads > 1 ? &together : NULL };
	if (threads > 1 && pthread_create(&t[1].thread, NULL, run_timed, &t[1])) {
		fprintf(stderr, "hot: no second thread\n");
		exit(1);
	}
	run_timed(&t[0]);
	if (threads > 1)
		pthread_join(t[1].thread, NULL);
	pthread_barrier_destroy(&together);
	return threads > 1 ? slower(t[0].took, t[1].took) : t[0].took;
}

struct hot_seconds hot_time_call(unsigned int threads, void (*fn)(void *arg), void *arg,
				 size_t reps)
{
	double wall = now(CLOCK_MONOTONIC), processor = now(CLOCK_PROCESS_CPUTIME_ID);

	for (size_t i = 0; i < reps; i++)
		fn(arg);
	processor = now(CLOCK_PROCESS_CPUTIME_ID) - processor;
	return (struct hot_seconds){ processor / threads, now(CLOCK_MONOTONIC) - wall };
}

size_t hot_calibrate(void (*fn)(void *arg), void *arg, double seconds)
{
	size_t reps = 1;
	double took = hot_time(1, fn, &arg, reps).processor;	/* and once to warm up */

	for (;;) {
		took = hot_time(1, fn, &arg, reps).processor;
		if (took >= seconds / 4 || reps > (size_t)1 << 40)
			break;
		reps *= 4;
	}
	took = (double)reps * seconds / took;
	return took < 1.0 ? 1 : (size_t)took;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double hot_median(double *x, size_t n)
{
	qsort(x, n, sizeof(*x), compare);
	return n % 2 ? x[n / 2] : 0.5 * (x[n / 2 - 1] + x[n / 2]);
}

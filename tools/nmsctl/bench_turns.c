// SPDX-License-Identifier: GPL-2.0-only
/* Turns, and what is made of their numbers. */
#define _GNU_SOURCE		/* RUSAGE_THREAD */
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "bench.h"

uint64_t bench_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

int bench_ring(struct io_uring *ring, unsigned int extra, const char **how)
{
	struct io_uring_params p = {
		.flags = extra | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
	};
	int error = io_uring_queue_init_params(2 * BENCH_DEPTH, ring, &p);

	*how = "one issuer, completions deferred";
	if (error != -EINVAL)
		return error;
	*how = "plain";
	p = (struct io_uring_params){ .flags = extra };
	return io_uring_queue_init_params(2 * BENCH_DEPTH, ring, &p);
}

struct bench_way *bench_way_add(struct bench *bench)
{
	return &bench->way[bench->nways++];
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct bench_stat bench_stat(double *values, size_t n)
{
	struct bench_stat s = { .count = n };

	if (!n)
		return s;
	qsort(values, n, sizeof(*values), ascending);
	s.low = values[n / 4];
	s.median = n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
	s.high = values[n - 1 - n / 4];
	return s;
}

struct bench_stat bench_ratio(const double *a, const double *b, size_t n)
{
	double quotient[BENCH_MAX_ROUNDS];
	size_t m = 0;

	for (size_t i = 0; i < n; i++)
		if (b[i] > 0)
			quotient[m++] = a[i] / b[i];
	return bench_stat(quotient, m);
}

/* How often this thread has gone to sleep. */
static uint64_t sleeps(void)
{
	struct rusage use;

	return getrusage(RUSAGE_THREAD, &use) ? 0 : (uint64_t)use.ru_nvcsw;
}

static int turn(struct bench *bench, struct bench_way *way, unsigned int round)
{
	struct nms_query_counters before, after;
	uint64_t had = way->commands, slept = sleeps(), begin;
	int error = 0;

	if (bench->counted)
		error = node_query(bench->fd, NMS_QUERY_DEVICE_COUNTERS, 0, &before,
				   sizeof(before));
	if (error)
		return error;
	begin = bench_now();
	error = way->run(way, (uint64_t)(1e9 * bench->slice));
	way->rate[round] = 1e9 * (double)(way->commands - had) / (double)(bench_now() - begin);
	way->sleeps += sleeps() - slept;
	if (error || !bench->counted)
		return error;
	error = node_query(bench->fd, NMS_QUERY_DEVICE_COUNTERS, 0, &after, sizeof(after));
	if (error)
		return error;
	way->doorbells += after.doorbells - before.doorbells;
	way->interrupts += after.interrupts - before.interrupts;
	if (after.jobs - before.jobs != (way->ours ? way->commands - had : 0))
		bench->alone = false;
	return 0;
}

/* A first turn that does not count warms everything up. */
static int warm_up(struct bench *bench)
{
	struct nms_query_counters c;
	int error = 0;

	bench->counted = !node_query(bench->fd, NMS_QUERY_DEVICE_COUNTERS, 0, &c, sizeof(c));
	for (size_t i = 0; !error && i < bench->nways; i++) {
		struct bench_way *way = &bench->way[i];

		way->rate = calloc(bench->rounds, sizeof(*way->rate));
		if (!way->rate)
			return -ENOMEM;
		error = turn(bench, way, 0);
		way->commands = way->submissions = way->doorbells = 0;
		way->interrupts = way->sleeps = 0;
	}
	bench->alone = true;
	return error;
}

int bench_turns(struct bench *bench)
{
	int error = warm_up(bench);

	for (unsigned int round = 0; !error && round < bench->rounds; round++)
		for (size_t i = 0; !error && i < bench->nways; i++)
			error = turn(bench, &bench->way[round % 2 ? bench->nways - 1 - i : i],
				     round);
	return error;
}

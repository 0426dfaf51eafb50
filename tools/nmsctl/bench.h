/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Measuring a device through the kernel.  Ways to have the same thing done take
 * short turns, forwards and backwards in alternate rounds, so that whatever
 * drifts on the machine strikes all of them alike.
 */
#ifndef NMSCTL_BENCH_H
#define NMSCTL_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "node.h"

#define BENCH_DEPTH 32
#define BENCH_MAX_ROUNDS 1000
#define BENCH_MAX_WAYS 8
#define BENCH_BYTES (64u << 20)

/* Quartiles; a count of 0: nothing was measured. */
struct bench_stat {
	size_t count;
	double low, median, high;
};

/* Of @n values, which are sorted. */
struct bench_stat bench_stat(double *values, size_t n);
/* Of the quotients a[i] / b[i]. */
struct bench_stat bench_ratio(const double *a, const double *b, size_t n);

/* One way to have commands done that move nothing. */
struct bench_way {
	const char *key;		/* in JSON */
	const char *text;
	unsigned int batch;		/* commands of one submission */
	bool ours;			/* the device's counters tell of it */
	/* Go on for @ns nanoseconds and add what was done to it: 0 or negative errno. */
	int (*run)(struct bench_way *way, uint64_t ns);
	void *with;
	uint64_t commands, submissions;
	uint64_t doorbells, interrupts, sleeps;
	double *rate;			/* commands a second, by round */
	struct bench_stat stat;
};

struct bench {
	const char *node, *peer;	/* peer NULL: none */
	int fd;
	double seconds;			/* that the commands may take */
	unsigned int rounds;
	double slice;			/* seconds of a turn */
	struct nms_query_device device;
	bool counted;			/* the device's counters could be read ... */
	bool alone;			/* ... and nobody else used it meanwhile */
	const char *ring;		/* how rings are set up */
	struct bench_way way[BENCH_MAX_WAYS];
	size_t nways;
	struct bench_copies *copies;
	char no_copies[128];		/* why nothing was moved, or "" */
	char no_peer[128];
};

/* Nanoseconds on CLOCK_MONOTONIC. */
uint64_t bench_now(void);

/*
 * A ring for one thread, completions taken where it waits for them, if the kernel
 * has that.  @extra: IORING_SETUP_* flags.
 */
struct io_uring;
int bench_ring(struct io_uring *ring, unsigned int extra, const char **how);

/* Room for one more, of at most BENCH_MAX_WAYS. */
struct bench_way *bench_way_add(struct bench *bench);

/* Add ways to bench->way.  0 or negative errno. */
struct bench_nop;
int bench_nop_open(struct bench *bench, struct bench_nop **nop);
void bench_nop_close(struct bench_nop *nop);
struct bench_peer;
/* A refusal that concerns the peer alone is told in bench->no_peer. */
int bench_peer_open(struct bench *bench, struct bench_peer **peer);
void bench_peer_close(struct bench_peer *peer);
/* Let all ways take their turns. */
int bench_turns(struct bench *bench);

/* 64 MiB to near memory and back, and the same by memcpy. */
enum bench_copy {
	BENCH_MEMCPY, BENCH_WRITE, BENCH_READ, BENCH_WRITE_FIXED, BENCH_READ_FIXED, BENCH_NCOPIES
};
struct bench_copies {
	double first[BENCH_NCOPIES];	/* bytes a second when memory is touched first */
	double later[BENCH_NCOPIES][BENCH_MAX_ROUNDS];
	struct bench_stat stat[BENCH_NCOPIES];
	size_t rounds;
	bool fixed;
};
extern const char *const bench_copy_keys[BENCH_NCOPIES], *const bench_copy_texts[BENCH_NCOPIES];
/* Fills bench->copies, or bench->no_copies with the reason. */
int bench_copies_run(struct bench *bench);

enum { BENCH_NRATIOS = 9 };
extern const char *const bench_ratio_keys[BENCH_NRATIOS], *const bench_ratio_texts[BENCH_NRATIOS];
/* Make the statistics of all that was measured. */
void bench_settle(struct bench *bench);
/* Of rates within the same round; those with a count of 0 were not measured. */
void bench_ratios(const struct bench *bench, struct bench_stat ratio[BENCH_NRATIOS]);

void bench_print(const struct bench *bench);
/* 0 or -ENOMEM */
int bench_json(const struct bench *bench);

#endif /* NMSCTL_BENCH_H */

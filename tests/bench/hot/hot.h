/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How far the engine's hot loops are from what the machine could do.
 *
 * A loop says how much it needs of each of the machine's rates; those are
 * measured beside it.  The time that the scarcest of them takes is the bound (the
 * roofline of Williams, Waterman, Patterson, CACM 52 (2009), with more than two
 * roofs), and its share of the time taken is the fraction reached.
 */
#ifndef HOT_H
#define HOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "env.h"
#include "profile.h"

enum hot_level { HOT_L1, HOT_L2, HOT_L3, HOT_DRAM, HOT_NLEVELS };

/* What a machine does so many of a second. */
enum hot_rate {
	HOT_FLOPS,	/* additions and multiplications of float32, fused if the profile has it */
	HOT_EXPS,	/* the engine's own exponentials; they take the same units as HOT_FLOPS */
	HOT_DIVS,	/* divisions of float32 */
	HOT_READ,	/* bytes read in order, at each level */
	HOT_TRIAD = HOT_READ + HOT_NLEVELS,	/* bytes of a = b + s c: loads and stores */
	HOT_GATHER = HOT_TRIAD + HOT_NLEVELS,	/* 8-byte loads from anywhere */
	HOT_NRATES = HOT_GATHER + HOT_NLEVELS
};

const char *hot_rate_name(enum hot_rate rate);
const char *hot_rate_unit(enum hot_rate rate);	/* of 10^9 a second */

/* What one call of a loop needs. */
struct hot_work {
	double amount[HOT_NRATES];
};

/* Where a loop runs. */
struct hot_setting {
	struct eng_env env;
	unsigned int threads;
	unsigned int thread;	/* whose state it is */
	bool quick;		/* smaller sizes where a call takes seconds */
};

#define HOT_BLOCKS 24

/* What a loop runs on: memory that goes with it, and what it reads. */
struct hot_state {
	struct hot_setting set;
	struct hot_work work;
	char size[64];
	void *block[HOT_BLOCKS];
	unsigned int blocks;
	void *data;
	void (*end)(struct hot_state *s);	/* of what is no block, or NULL */
};

struct hot_loop {
	const char *name;
	/* Runs on the pool of the environment, one for all threads; else each has a state. */
	bool call;
	void (*make)(struct hot_state *s);	/* fills in data, work and size */
	void (*run)(struct hot_state *s);
};

/* Memory, zeroed, until the state goes; the program ends where there is none. */
void *hot_alloc(struct hot_state *s, size_t count, size_t size);
void hot_free(struct hot_state *s);

/* Of data, at level 1, 2 or 3. */
size_t hot_cache_bytes(unsigned int level);

/* Uniform in [0, 1), and near to normal: the same numbers each time. */
float hot_uniform(uint64_t stream, uint64_t counter);
float hot_normal(uint64_t stream, uint64_t counter);

extern const struct hot_loop hot_products[], hot_plane[], hot_rows[];

/* The machine's rates for one variant of the engine's arithmetic. */
struct hot_peaks;

struct hot_peaks *hot_peaks_create(const struct eng_kernels *kernels, unsigned int threads);
void hot_peaks_destroy(struct hot_peaks *p);
/* One measurement: per second and thread, with all threads at it. */
double hot_peak(struct hot_peaks *p, enum hot_rate rate);

/*
 * @processor: what a thread had of its processor, so that what else runs on the
 * machine does not count.
 */
struct hot_seconds {
	double processor, wall;
};

/* Of @reps calls of @fn, one of @arg for each thread; the slowest counts. */
struct hot_seconds hot_time(unsigned int threads, void (*fn)(void *arg), void *const *arg,
			    size_t reps);
/* Of @reps calls that share their work among the @threads of a pool: their mean. */
struct hot_seconds hot_time_call(unsigned int threads, void (*fn)(void *arg), void *arg,
				 size_t reps);
/* Calls that take some @seconds. */
size_t hot_calibrate(void (*fn)(void *arg), void *arg, double seconds);

double hot_median(double *x, size_t n);

/* What was found. */
struct hot_result {
	const char *name;
	char size[64];
	unsigned int threads;
	double seconds, wall, gflops, gbytes, bound, fraction;
	enum hot_rate limit;
};

struct hot_report {
	const struct eng_kernels *kernels;
	double peak[2][HOT_NRATES];	/* per thread, with one and with two; 0: not measured */
	const struct hot_result *result;
	size_t results;
};

void hot_print_peaks(const struct hot_report *r);
void hot_print_head(void);
void hot_print(const struct hot_result *r);
int hot_write_json(const struct hot_report *r, const char *path);

#endif /* HOT_H */

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every stage of the engine runs in: threads, arithmetic, and somebody
 * who watches.  The engine owns none of them; whoever calls it does.
 */
#ifndef ENG_ENV_H
#define ENG_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct eng_pool;
struct eng_kernels;

/*
 * Stages of a selection, in the order in which they usually run.  The numbers
 * are those of enum nms_hw_phase; the model checks that at compile time.
 */
enum eng_phase {
	ENG_PHASE_READ,		/* conversion of rows to float32 */
	ENG_PHASE_REDUCE,	/* centring and PCA */
	ENG_PHASE_NEIGHBOURS,	/* k nearest neighbours */
	ENG_PHASE_SEARCH,	/* bandwidth for a target perplexity */
	ENG_PHASE_EMBED,	/* gradient descent in the plane */
	ENG_PHASE_ENTROPY,	/* scoring of a candidate perplexity */
	ENG_PHASE_SELECT,	/* choice of the exemplars */
	ENG_PHASE_GATHER,	/* copy of the chosen rows */
	ENG_NPHASES
};

/*
 * Work that the stages count, analytically, from shapes and tile schedules:
 * the same figures with any number of threads.  Energy is metered from these.
 */
enum eng_count {
	ENG_COUNT_NEAR_READ,	/* bytes read from near memory */
	ENG_COUNT_NEAR_WRITE,	/* bytes written to near memory */
	ENG_COUNT_SCRATCH,	/* bytes moved in and out of scratchpad */
	ENG_COUNT_MAC,		/* multiply-adds */
	ENG_COUNT_SPECIAL,	/* exponentials, logarithms, divisions, roots */
	ENG_COUNT_FIXED_MAC,	/* multiply-adds of words */
	ENG_COUNT_LOOKUP,	/* of words in a table */
	ENG_NCOUNTS
};

struct eng_counters {
	uint64_t count[ENG_NPHASES][ENG_NCOUNTS];
	uint64_t nanoseconds[ENG_NPHASES];	/* wall time in each phase */
	uint32_t switches;			/* changes from one phase to another */
	enum eng_phase phase;			/* the phase running now */
	uint64_t since;				/* when it began, CLOCK_MONOTONIC ns */
};

/* Where a fault in the input was found, and what stood there. */
struct eng_fault {
	uint64_t row, col;
	double value;		/* what was found */
	double limit;		/* what would have been allowed */
};

/*
 * A watcher.  @cancelled is asked often, from the calling thread and from
 * workers, and must be cheap and thread-safe.  @progress is called from the
 * calling thread only, with @done out of @total steps of @phase.  Either may
 * be NULL.
 */
struct eng_monitor {
	bool (*cancelled)(void *data);
	void (*progress)(void *data, enum eng_phase phase, uint64_t done, uint64_t total);
	void *data;
	struct eng_counters *counters;	/* may be NULL */
	struct eng_fault *fault;	/* may be NULL; written on -EDOM, -ERANGE, -EINVAL */
};

/*
 * Whoever has the pool after us.  @wanted: should it be given away now?  Asked
 * often; must be cheap.  @yield gives it away, and returns when it is ours again.
 * Both are called from the calling thread only, @yield while no loop runs.
 */
struct eng_sharing {
	bool (*wanted)(void *data);
	void (*yield)(void *data);
	void *data;
};

/*
 * The environment of a stage.  Copied freely.  @pool NULL runs on the calling
 * thread alone; @kernels NULL takes those of profile "portable"; @sharing NULL:
 * nobody else uses the pool.
 */
struct eng_env {
	struct eng_pool *pool;
	const struct eng_kernels *kernels;
	struct eng_monitor *monitor;
	const struct eng_sharing *sharing;
};

bool eng_cancelled(const struct eng_env *env);
void eng_progress(const struct eng_env *env, enum eng_phase phase, uint64_t done, uint64_t total);

/* Is the pool wanted by others?  False without a pool: a chunk of a loop does not give it away. */
bool eng_wanted(const struct eng_env *env);
/*
 * Let others have the pool if they want it.  eng_parallel() does so by itself;
 * this is for what takes long without it.
 */
void eng_yield(const struct eng_env *env);

/*
 * Enter @phase: closes the clock of the phase before.  Calling thread only.
 * eng_phase_leave() closes the last one; call it once at the end of a command.
 */
void eng_phase_enter(const struct eng_env *env, enum eng_phase phase);
void eng_phase_leave(const struct eng_env *env);

/* Add @n to what @what has counted in the phase running now.  Calling thread only. */
void eng_count(const struct eng_env *env, enum eng_count what, uint64_t n);

/* Name a fault for the caller; returns @err, so that it can end a function. */
int eng_fault(const struct eng_env *env, int err, uint64_t row, uint64_t col,
	      double value, double limit);

#endif /* ENG_ENV_H */

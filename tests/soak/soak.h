/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A soak of driver and device: clients that submit jobs of every kind, trouble of
 * every kind, and an account in which each job must be found again.
 */
#ifndef SOAK_H
#define SOAK_H

#include <stdatomic.h>

#include "nms_blocks.h"

#define SOAK_CLIENTS 6
#define SOAK_ANSWERS 7
#define SOAK_PATIENCE_S 180	/* a job that has not ended by then is lost */

enum soak_kind {
	SOAK_NOPS,		/* a storm of commands that do nothing */
	SOAK_DATA,		/* a pattern, there and back */
	SOAK_FRESH,		/* a new buffer, which must read as zeros */
	SOAK_SELECT,		/* rows, reduced, embedded, selected from and gathered */
	SOAK_DATASET,		/* rows of a named dataset, gathered */
	SOAK_KINDS
};

/* How a job may end, beside success. */
enum soak_end {
	SOAK_CANCELLED,
	SOAK_RESET,
	SOAK_TIMED_OUT,
	SOAK_DEVICE_GONE,
	SOAK_STALE,
	SOAK_FAILED_FOR_GOOD,
	SOAK_UNREACHABLE,
	SOAK_ENDS
};

extern const char *const soak_kind_name[SOAK_KINDS];
extern const char *const soak_end_name[SOAK_ENDS];

/*
 * Of one client, whichever process plays it at the time; in shared memory, and written
 * by that process alone.  What was begun and is not in any other number was in flight.
 */
struct soak_account {
	uint64_t begun[SOAK_KINDS];
	uint64_t refused;		/* the call failed: there was no job */
	uint64_t completed[SOAK_KINDS];
	uint64_t ended[SOAK_ENDS];
	uint64_t lost, wrong, unexplained;
	uint64_t contexts;		/* opened */
	uint64_t uring;			/* of the jobs begun, by io_uring */
	_Atomic uint64_t heartbeat;	/* nms_now() of its last step */
};

struct soak_shared {
	atomic_bool stop;
	struct soak_account account[SOAK_CLIENTS];
};

/* What a selection must give. */
struct soak_answer {
	uint32_t index[NMS_COUNT];
	float weight[NMS_COUNT];
};

/* ---- soak_known.c ---------------------------------------------------------------- */

/* The parameters of selection @number, in the blocks of @p. */
void soak_vary(struct nms_pipeline *p, unsigned int number);
/* What each gives, by the model in this process; false: it failed. */
bool soak_know(struct soak_answer *answer);

/* ---- soak_client.c --------------------------------------------------------------- */

/* Play client @number until told to stop; does not return. */
void soak_client(struct soak_shared *shared, const struct soak_answer *answer, unsigned int number,
		 uint64_t seed) __attribute__((noreturn));
void soak_dataset_name(char *name, size_t size, unsigned int client, unsigned int slot);

/* ---- soak_trouble.c -------------------------------------------------------------- */

struct soak_trouble;
/* NULL: the device cannot be made to fail. */
struct soak_trouble *soak_trouble_begin(uint64_t seed);
/* One thing goes wrong; a client to be killed, or -1. */
int soak_trouble_next(struct soak_trouble *t);
/* All is well again; false: it cannot be brought about. */
bool soak_trouble_heal(struct soak_trouble *t);
void soak_trouble_report(const struct soak_trouble *t);

static inline uint64_t soak_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

/* From 0 to @limit - 1. */
static inline unsigned int soak_below(uint64_t *state, unsigned int limit)
{
	return (unsigned int)(soak_random(state) >> 32) % limit;
}

#endif /* SOAK_H */

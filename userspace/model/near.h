/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Near memory: ranges of it, the rights of contexts on them, and the interlock
 * that keeps commands which run at once from tearing each other's data.
 *
 * Thread-safe.  All reading and writing of near memory goes through a claim.
 */
#ifndef NEAR_H
#define NEAR_H

#include <stdbool.h>
#include <stdint.h>

#include "nms_hw.h"

struct near_memory;
struct near_range;

/* Near memory that a command names: pinned, so that its range is not destroyed. */
struct near_claim {
	struct near_range *range;	/* NULL: nothing is claimed */
	uint8_t *at;
	uint64_t length;
	bool write;
	uint32_t field;			/* offset of its struct nms_hw_near in the block */
};

#define NEAR_CLAIMS 10

/* All that one command claims.  Held, no other hold conflicts with it. */
struct near_hold {
	struct near_claim claim[NEAR_CLAIMS];
	bool held;
	struct near_hold *next;		/* of those that are held */
};

/* @generation: of the first ranges.  -ENOMEM. */
int near_create(uint64_t size, uint32_t generation, struct near_memory **near);
void near_destroy(struct near_memory *near);
uint64_t near_size(const struct near_memory *near);
uint64_t near_used(struct near_memory *near);

/* As nms_model_range_create() and its kin in model.h. */
int near_range_create(struct near_memory *near, uint32_t context, uint64_t size,
		      void *backing, uint32_t rights, struct nms_hw_near *place);
int near_range_grant(struct near_memory *near, const struct nms_hw_near *place,
		     uint32_t context, uint32_t rights);
int near_range_destroy(struct near_memory *near, const struct nms_hw_near *place);
int near_range_lose(struct near_memory *near, struct nms_hw_near *place);

/*
 * Pin @length bytes at @place for @context, which needs the right to write if
 * @write, else to read.  NMS_HW_NO_RANGE, NMS_HW_NO_RIGHT, NMS_HW_STALE_RANGE,
 * NMS_HW_OUT_OF_RANGE.  Does not wait.
 */
enum nms_hw_status near_claim(struct near_memory *near, uint32_t context,
			      const struct nms_hw_near *place, uint64_t length, bool write,
			      struct near_claim *claim);

/* Whether two claims share bytes; by address, since wrapped ranges can share memory. */
bool near_overlap(const struct near_claim *a, const struct near_claim *b);

/*
 * Wait until none that is held writes what @hold reads or writes, nor reads
 * what it writes; then hold it, all at once.  -ECANCELED when @stopped says so.
 */
int near_hold(struct near_memory *near, struct near_hold *hold,
	      bool (*stopped)(void *data), void *data);
/* The same in two steps: hold it if that is possible at once, or wait until it seems to be. */
bool near_hold_try(struct near_memory *near, struct near_hold *hold);
int near_hold_wait(struct near_memory *near, const struct near_hold *hold,
		   bool (*stopped)(void *data), void *data);
/* The field of a claim whose range has lost its contents since; false: none has. */
bool near_hold_lost(struct near_memory *near, const struct near_hold *hold, uint32_t *field);
/* Let go, if it is held, and unpin all its claims. */
void near_release(struct near_memory *near, struct near_hold *hold);

#endif /* NEAR_H */

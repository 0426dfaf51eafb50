/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What near.c (ranges and rights) and interlock.c (holds) share. */
#ifndef NEAR_PRIVATE_H
#define NEAR_PRIVATE_H

#include <pthread.h>
#include <stddef.h>

#include "near.h"

#define NEAR_BUCKETS 256	/* of the table of ranges, by id */

struct near_right {
	uint32_t context;
	uint32_t rights;
};

struct near_range {
	uint32_t id, generation;
	uint8_t *base;
	uint64_t size;
	uint64_t taken;			/* bytes against the size of near memory; 0: wrapped */
	unsigned int users;		/* claims on it */
	bool lost;			/* not in the table any more: freed with its last claim */
	struct near_right *right;
	size_t nrights;
	struct near_range *next;	/* in its bucket */
};

/* Unmaps and frees a range that no list holds. */
void near_range_free(struct near_range *range);

struct near_memory {
	pthread_mutex_t lock;		/* guards all below */
	pthread_cond_t released;	/* a hold has been let go */
	uint64_t size, used;
	uint32_t next_id;		/* 0 is no range */
	uint32_t generation;		/* raised each time the ids start again */
	struct near_range *bucket[NEAR_BUCKETS];
	struct near_hold *held;
};

#endif /* NEAR_PRIVATE_H */

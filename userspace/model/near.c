// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include "near.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "model.h"
#include "near_private.h"
#include "pause.h"

#define PAGE 4096u
#define HUGE_FROM (4u << 20)	/* ranges from here on ask for large pages */

int near_create(uint64_t size, uint32_t generation, struct near_memory **out)
{
	struct near_memory *near = calloc(1, sizeof(*near));
	int err;

	if (!near)
		return -ENOMEM;
	err = pause_init(&near->released);
	if (err) {
		free(near);
		return err;
	}
	pthread_mutex_init(&near->lock, NULL);
	near->size = size;
	near->next_id = 1;
	near->generation = generation;
	*out = near;
	return 0;
}

void near_range_free(struct near_range *range)
{
	if (range->taken)
		munmap(range->base, range->taken);
	free(range->right);
	free(range);
}

void near_destroy(struct near_memory *near)
{
	struct near_range *range, *next;

	if (!near)
		return;
	for (size_t b = 0; b < NEAR_BUCKETS; b++) {
		for (range = near->bucket[b]; range; range = next) {
			next = range->next;
			near_range_free(range);
		}
	}
	pthread_cond_destroy(&near->released);
	pthread_mutex_destroy(&near->lock);
	free(near);
}

uint64_t near_size(const struct near_memory *near)
{
	return near->size;
}

uint64_t near_used(struct near_memory *near)
{
	uint64_t used;

	pthread_mutex_lock(&near->lock);
	used = near->used;
	pthread_mutex_unlock(&near->lock);
	return used;
}

/* The link that points to the range of that id, or to the NULL at the end. */
static struct near_range **range_link(struct near_memory *near, uint32_t id)
{
	struct near_range **link = &near->bucket[id % NEAR_BUCKETS];

	while (*link && (*link)->id != id)
		link = &(*link)->next;
	return link;
}

static struct near_range *range_find(struct near_memory *near, const struct nms_hw_near *place)
{
	struct near_range *range = *range_link(near, place->range);

	return range && range->generation == place->generation ? range : NULL;
}

static struct near_right *right_find(struct near_range *range, uint32_t context)
{
	for (size_t i = 0; i < range->nrights; i++)
		if (range->right[i].context == context)
			return &range->right[i];
	return NULL;
}

static int right_set(struct near_range *range, uint32_t context, uint32_t rights)
{
	struct near_right *right = right_find(range, context);

	if (!right && !rights)
		return 0;
	if (!right) {
		right = reallocarray(range->right, range->nrights + 1, sizeof(*right));
		if (!right)
			return -ENOMEM;
		range->right = right;
		right += range->nrights++;
	}
	*right = (struct near_right){ .context = context, .rights = rights };
	if (!rights)
		*right = range->right[--range->nrights];
	return 0;
}

/* Anonymous pages read as zero, and an unmapped one never comes back with its contents. */
static int memory_map(uint64_t size, struct near_range *range)
{
	void *base = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (base == MAP_FAILED)
		return -ENOMEM;
	if (size >= HUGE_FROM)
		madvise(base, size, MADV_HUGEPAGE);
	range->base = base;
	range->taken = size;
	return 0;
}

/* Take @size bytes from near memory: reserved first, mapped outside the lock. */
static int memory_take(struct near_memory *near, uint64_t size, struct near_range *range)
{
	uint64_t taken;
	bool fits;
	int err;

	if (size > near->size)
		return -ENOSPC;
	taken = (size + PAGE - 1) / PAGE * PAGE;
	pthread_mutex_lock(&near->lock);
	fits = taken >= size && taken <= near->size - near->used;
	if (fits)
		near->used += taken;
	pthread_mutex_unlock(&near->lock);
	if (!fits)
		return -ENOSPC;
	err = memory_map(taken, range);
	if (err) {
		pthread_mutex_lock(&near->lock);
		near->used -= taken;
		pthread_mutex_unlock(&near->lock);
	}
	return err;
}

/* An id goes to nobody else before all the others have had their turn. */
static void range_insert(struct near_memory *near, struct near_range *range)
{
	struct near_range **link;

	do {
		range->id = near->next_id++;
		range->generation = near->generation;
		if (!near->next_id) {
			near->next_id = 1;
			near->generation++;
		}
		link = range_link(near, range->id);
	} while (*link);
	*link = range;
}

int near_range_create(struct near_memory *near, uint32_t context, uint64_t size,
		      void *backing, uint32_t rights, struct nms_hw_near *place)
{
	struct near_range *range;
	int err = 0;

	if (!size || (rights & ~(NMS_MODEL_READ | NMS_MODEL_WRITE)))
		return -EINVAL;
	if (backing && (uintptr_t)backing + size < (uintptr_t)backing)
		return -EINVAL;
	range = calloc(1, sizeof(*range));
	if (!range)
		return -ENOMEM;
	range->size = size;
	range->base = backing;
	err = right_set(range, context, rights);
	if (!err && !backing)
		err = memory_take(near, size, range);
	if (err) {
		near_range_free(range);
		return err;
	}
	pthread_mutex_lock(&near->lock);
	range_insert(near, range);
	*place = (struct nms_hw_near){ .range = range->id, .generation = range->generation };
	pthread_mutex_unlock(&near->lock);
	return 0;
}

int near_range_grant(struct near_memory *near, const struct nms_hw_near *place,
		     uint32_t context, uint32_t rights)
{
	struct near_range *range;
	int err = -ENOENT;

	if (rights & ~(NMS_MODEL_READ | NMS_MODEL_WRITE))
		return -EINVAL;
	pthread_mutex_lock(&near->lock);
	range = range_find(near, place);
	if (range)
		err = right_set(range, context, rights);
	pthread_mutex_unlock(&near->lock);
	return err;
}

/* A range of the same size and rights, zeroed; in no list. */
static struct near_range *range_again(const struct near_range *range)
{
	struct near_range *fresh = calloc(1, sizeof(*fresh));

	if (!fresh)
		return NULL;
	*fresh = (struct near_range){
		.id = range->id,
		.generation = range->generation + 1,
		.size = range->size,
		.nrights = range->nrights,
		.right = reallocarray(NULL, range->nrights + 1, sizeof(*range->right)),
	};
	if (fresh->right)
		memcpy(fresh->right, range->right, range->nrights * sizeof(*range->right));
	if (!fresh->right || memory_map(range->taken, fresh)) {
		near_range_free(fresh);
		return NULL;
	}
	return fresh;
}

/* Claims keep the memory that they point into; the table gets a new range in its place. */
static int lose_locked(struct near_memory *near, struct nms_hw_near *place)
{
	struct near_range **link = range_link(near, place->range), *range = *link, *fresh;

	if (!range)
		return -ENOENT;
	if (!range->taken)
		return -EINVAL;
	fresh = range_again(range);
	if (!fresh)
		return -ENOMEM;
	fresh->next = range->next;
	*link = fresh;
	range->lost = true;
	if (!range->users)
		near_range_free(range);
	*place = (struct nms_hw_near){ .range = fresh->id, .generation = fresh->generation };
	return 0;
}

int near_range_lose(struct near_memory *near, struct nms_hw_near *place)
{
	int err;

	pthread_mutex_lock(&near->lock);
	err = lose_locked(near, place);
	pthread_mutex_unlock(&near->lock);
	return err;
}

int near_range_destroy(struct near_memory *near, const struct nms_hw_near *place)
{
	struct near_range *range;
	uint64_t taken;
	int err = 0;

	pthread_mutex_lock(&near->lock);
	range = range_find(near, place);
	if (!range)
		err = -ENOENT;
	else if (range->users)
		err = -EBUSY;
	else
		*range_link(near, range->id) = range->next;
	pthread_mutex_unlock(&near->lock);
	if (err)
		return err;
	taken = range->taken;
	near_range_free(range);
	/* Only now is it gone, and may be handed out again. */
	pthread_mutex_lock(&near->lock);
	near->used -= taken;
	pthread_mutex_unlock(&near->lock);
	return 0;
}

static enum nms_hw_status claim_locked(struct near_memory *near, uint32_t context,
				       const struct nms_hw_near *place, struct near_claim *claim)
{
	struct near_range *range = place->range ? *range_link(near, place->range) : NULL;
	struct near_right *right;

	if (!range)
		return NMS_HW_NO_RANGE;
	right = right_find(range, context);
	if (!right || !(right->rights & (claim->write ? NMS_MODEL_WRITE : NMS_MODEL_READ)))
		return NMS_HW_NO_RIGHT;
	if (range->generation != place->generation)
		return NMS_HW_STALE_RANGE;
	if (place->offset > range->size || claim->length > range->size - place->offset)
		return NMS_HW_OUT_OF_RANGE;
	claim->at = range->base + place->offset;
	claim->range = range;
	range->users++;
	return NMS_HW_OK;
}

enum nms_hw_status near_claim(struct near_memory *near, uint32_t context,
			      const struct nms_hw_near *place, uint64_t length, bool write,
			      struct near_claim *claim)
{
	enum nms_hw_status status;

	*claim = (struct near_claim){ .length = length, .write = write };
	pthread_mutex_lock(&near->lock);
	status = claim_locked(near, context, place, claim);
	pthread_mutex_unlock(&near->lock);
	return status;
}

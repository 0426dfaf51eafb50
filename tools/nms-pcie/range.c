// SPDX-License-Identifier: GPL-2.0-only
/* The table of near-memory ranges, over that of the model. */
#include <errno.h>
#include <stdlib.h>

#include "private.h"

static struct range *find(struct device *d, uint32_t id)
{
	for (size_t i = 0; i < d->nranges; i++)
		if (d->range[i].id == id)
			return &d->range[i];
	return NULL;
}

static struct nms_hw_near near_of(const struct range *r)
{
	return (struct nms_hw_near){ .range = r->id, .generation = r->generation };
}

static uint64_t value_of(const struct range *r)
{
	return r->id | (uint64_t)r->generation << 32;
}

static bool make_room(struct device *d)
{
	size_t room = d->room_ranges ? 2 * d->room_ranges : 64;
	struct range *range;

	if (d->nranges < d->room_ranges)
		return true;
	if (d->nranges >= MAX_RANGES)
		return false;
	range = realloc(d->range, room * sizeof(*range));
	if (!range)
		return false;
	d->range = range;
	d->room_ranges = room;
	return true;
}

enum nms_hw_status range_create(struct device *d, const struct nms_hw_cmd *cmd,
				struct nms_hw_cqe *cqe)
{
	uint64_t size = cmd->range.size;
	uint32_t context = cmd->range.context;
	struct nms_hw_near near;
	int err = -ENOSPC;

	if (context == ALL_CONTEXTS)
		return fail(cqe, NMS_HW_INVALID_FIELD, IN_CMD(range.context));
	if (!size)
		return fail(cqe, NMS_HW_INVALID_FIELD, IN_CMD(range.size));
	if (size > d->options.near_size)
		return fail(cqe, NMS_HW_NO_SPACE, IN_CMD(range.size));
	size = (size + NEAR_PAGE - 1) / NEAR_PAGE * NEAR_PAGE;
	pthread_mutex_lock(&d->range_lock);
	if (make_room(d))
		err = nms_model_range_create(d->model, context, size, NULL,
					     NMS_MODEL_READ | NMS_MODEL_WRITE, &near);
	if (!err) {
		struct range *r = &d->range[d->nranges++];

		*r = (struct range){ near.range, near.generation, context, size, false };
		cqe->value = value_of(r);
	}
	pthread_mutex_unlock(&d->range_lock);
	return err ? fail(cqe, NMS_HW_NO_SPACE, IN_CMD(range.size)) : NMS_HW_OK;
}

/* Under the lock.  OK, or RANGE_BUSY. */
static enum nms_hw_status destroy(struct device *d, struct range *r)
{
	struct nms_hw_near near = near_of(r);

	if (nms_model_range_destroy(d->model, &near))
		return NMS_HW_RANGE_BUSY;
	*r = d->range[--d->nranges];
	return NMS_HW_OK;
}

enum nms_hw_status range_destroy(struct device *d, const struct nms_hw_cmd *cmd,
				 struct nms_hw_cqe *cqe)
{
	enum nms_hw_status status = NMS_HW_NO_RANGE;
	size_t field = IN_CMD(range.range);
	struct range *r;

	pthread_mutex_lock(&d->range_lock);
	r = find(d, cmd->range.range);
	if (r && r->generation != cmd->range.generation) {
		status = NMS_HW_STALE_RANGE;
		field = IN_CMD(range.generation);
	} else if (r) {
		status = destroy(d, r);
	}
	pthread_mutex_unlock(&d->range_lock);
	return status ? fail(cqe, status, field) : NMS_HW_OK;
}

/* Under the lock. */
static enum nms_hw_status grant(struct device *d, const struct nms_hw_cmd *cmd,
				struct nms_hw_cqe *cqe)
{
	struct range *r = find(d, cmd->range.range);
	struct nms_hw_near near;

	if (!r)
		return fail(cqe, NMS_HW_NO_RANGE, IN_CMD(range.range));
	/* The creator may not know the generation: it is asking for it. */
	if (r->generation != cmd->range.generation && cmd->range.context != r->creator)
		return fail(cqe, NMS_HW_STALE_RANGE, IN_CMD(range.generation));
	near = near_of(r);
	if (nms_model_range_grant(d->model, &near, cmd->range.context, cmd->range.rights))
		return fail(cqe, NMS_HW_NO_MEMORY, IN_CMD(range.context));
	cqe->value = value_of(r);
	return NMS_HW_OK;
}

enum nms_hw_status range_grant(struct device *d, const struct nms_hw_cmd *cmd,
			       struct nms_hw_cqe *cqe)
{
	enum nms_hw_status status;

	if (cmd->range.rights & ~(NMS_HW_RIGHT_READ | NMS_HW_RIGHT_WRITE))
		return fail(cqe, NMS_HW_INVALID_FIELD, IN_CMD(range.rights));
	if (cmd->range.context == ALL_CONTEXTS)
		return fail(cqe, NMS_HW_INVALID_FIELD, IN_CMD(range.context));
	pthread_mutex_lock(&d->range_lock);
	status = grant(d, cmd, cqe);
	pthread_mutex_unlock(&d->range_lock);
	return status;
}

enum nms_hw_status range_context_destroy(struct device *d, const struct nms_hw_cmd *cmd,
					 struct nms_hw_cqe *cqe)
{
	uint32_t context = cmd->range.context;
	enum nms_hw_status status = NMS_HW_OK;

	pthread_mutex_lock(&d->range_lock);
	for (size_t i = d->nranges; i-- > 0; ) {
		struct range *r = &d->range[i];
		struct nms_hw_near near = near_of(r);

		if (context == ALL_CONTEXTS || r->creator == context) {
			if (destroy(d, r))
				status = fail(cqe, NMS_HW_RANGE_BUSY, IN_CMD(range.context));
		} else {
			/* Taking rights away needs no memory. */
			nms_model_range_grant(d->model, &near, context, 0);
		}
	}
	pthread_mutex_unlock(&d->range_lock);
	if (!status)
		context_forget(d->contexts, context);
	return status;
}

int range_lose(struct device *d, uint32_t id)
{
	struct nms_hw_near near;
	struct range *r;
	int err = -ENOENT;

	pthread_mutex_lock(&d->range_lock);
	r = find(d, id);
	if (r) {
		near = near_of(r);
		err = nms_model_range_lose(d->model, &near);
	}
	if (!err) {
		r->generation = near.generation;
		r->announce = true;
	}
	pthread_mutex_unlock(&d->range_lock);
	if (!err)
		event_near_lost(d);
	return err;
}

static int by_id(const void *a, const void *b)
{
	const struct range *x = *(const struct range *const *)a, *y = *(const struct range *const *)b;

	return x->id < y->id ? -1 : x->id > y->id;
}

size_t range_list(struct device *d, uint32_t from, struct nms_hw_log_range *entry, size_t most)
{
	const struct range **sorted;
	size_t n = 0;

	pthread_mutex_lock(&d->range_lock);
	sorted = calloc(d->nranges + 1, sizeof(*sorted));
	for (size_t i = 0; sorted && i < d->nranges; i++)
		if (d->range[i].id >= from)
			sorted[n++] = &d->range[i];
	if (n)
		qsort(sorted, n, sizeof(*sorted), by_id);
	if (n > most)
		n = most;
	for (size_t i = 0; i < n; i++)
		entry[i] = (struct nms_hw_log_range){
			.range = sorted[i]->id,
			.generation = sorted[i]->generation,
			.creator = sorted[i]->creator,
			.size = sorted[i]->size,
		};
	pthread_mutex_unlock(&d->range_lock);
	free(sorted);
	return n;
}

void range_forget(struct device *d)
{
	pthread_mutex_lock(&d->range_lock);
	d->nranges = 0;
	pthread_mutex_unlock(&d->range_lock);
}

bool range_lost(struct device *d, uint32_t *id)
{
	bool found = false;

	pthread_mutex_lock(&d->range_lock);
	for (size_t i = 0; i < d->nranges && !found; i++) {
		if (d->range[i].announce) {
			d->range[i].announce = false;
			*id = d->range[i].id;
			found = true;
		}
	}
	pthread_mutex_unlock(&d->range_lock);
	return found;
}

// SPDX-License-Identifier: GPL-2.0-only
/* Submission rings: commands are taken here, and leave again. */
#include <stdlib.h>
#include <string.h>

#include "private.h"

/* A command that moves more than this is worth an interrupt for those before it. */
#define QUICK_BYTES 65536u

/* Commands with a thread of their own in one queue; more run on the queue's. */
#define MAX_THREADS 256u

static bool is_compute(const struct nms_hw_cmd *cmd)
{
	return cmd->opcode == NMS_HW_REDUCE || cmd->opcode == NMS_HW_EMBED ||
	       cmd->opcode == NMS_HW_SELECT;
}

static bool is_quick(const struct nms_hw_cmd *cmd)
{
	return cmd->opcode == NMS_HW_NOP ||
	       (cmd->opcode <= NMS_HW_ZERO && cmd->data.length <= QUICK_BYTES);
}

/* ---- leaving ------------------------------------------------------------------- */

static void unlink_flight(struct sq *sq, struct flight *flight)
{
	struct flight **at = &sq->flights;

	while (*at && *at != flight)
		at = &(*at)->next;
	if (*at)
		*at = flight->next;
	pthread_cond_broadcast(&sq->changed);
}

uint16_t queue_head(struct device *d, unsigned int id)
{
	struct sq *sq = &d->sq[id];
	uint16_t head;

	pthread_mutex_lock(&sq->lock);
	head = (uint16_t)sq->head;
	pthread_mutex_unlock(&sq->lock);
	return head;
}

void queue_complete(struct flight *flight, struct nms_hw_cqe *cqe, bool hold)
{
	struct device *d = flight->device;
	struct sq *sq = &d->sq[flight->sqid];

	/* Counted and logged before the driver can know of it. */
	if (cqe && !atomic_load(&d->stopping))
		log_completion(d, flight, cqe);
	if (cqe) {
		cqe->sq_id = flight->sqid;
		cqe->sq_head = queue_head(d, flight->sqid);
		cq_post(d, sq->cqid, cqe, hold);
	} else {
		cq_flush(d, sq->cqid);
	}
	pthread_mutex_lock(&sq->lock);
	unlink_flight(sq, flight);
	pthread_mutex_unlock(&sq->lock);
	atomic_fetch_sub(&d->running, 1);
	free(flight);
}

/* ---- taking -------------------------------------------------------------------- */

static bool take_doom(struct sq *sq)
{
	uint8_t bit = (uint8_t)(1u << sq->head % 8), *byte = &sq->doomed[sq->head / 8];
	bool doomed = *byte & bit;

	*byte &= (uint8_t)~bit;
	return doomed;
}

/* Under the lock.  False: the queue has ended, and is empty or needs not be emptied. */
static bool wait_for_command(struct device *d, struct sq *sq)
{
	while (sq->head == sq->tail && !sq->stop) {
		if (sq == &d->sq[0] && atomic_load(&d->announce)) {
			pthread_mutex_unlock(&sq->lock);
			event_deliver(d);
			pthread_mutex_lock(&sq->lock);
			continue;
		}
		pthread_cond_wait(&sq->changed, &sq->lock);
	}
	return sq->head != sq->tail && !atomic_load(&d->stopping);
}

/* Under the lock: read the command at head into @flight.  0 or -EFAULT. */
static int fetch(struct device *d, struct sq *sq, struct flight *flight)
{
	uint64_t at = sq->base + (uint64_t)sq->head * sizeof(flight->cmd);
	int err = dma_read(d->dma, at, &flight->cmd, sizeof(flight->cmd));

	if (err)
		return err;
	atomic_store(&flight->run.cancel, take_doom(sq) || sq->stop);
	flight->number = sq->taken++;
	sq->head = (sq->head + 1) % sq->entries;
	flight->next = sq->flights;
	sq->flights = flight;
	return 0;
}

/* The next command; NULL: the queue ends.  @more: others wait behind it. */
static struct flight *take(struct device *d, uint16_t sqid, bool *more)
{
	struct flight *flight = calloc(1, sizeof(*flight));
	struct sq *sq = &d->sq[sqid];
	uint32_t error = flight ? 0 : NMS_HW_ERROR_INTERNAL;
	uint64_t at = 0;

	pthread_mutex_lock(&sq->lock);
	if (!wait_for_command(d, sq)) {
		pthread_mutex_unlock(&sq->lock);
		free(flight);
		return NULL;
	}
	at = sq->base + (uint64_t)sq->head * sizeof(flight->cmd);
	if (flight) {
		flight->device = d;
		flight->sqid = sqid;
		if (fetch(d, sq, flight))
			error = NMS_HW_ERROR_DMA;
	}
	*more = sq->head != sq->tail;
	pthread_mutex_unlock(&sq->lock);
	if (error) {
		free(flight);
		state_fatal(d, error, at);
		return NULL;
	}
	atomic_fetch_add(&d->running, 1);
	return flight;
}

/* ---- threads -------------------------------------------------------------------- */

static void *own_thread(void *data)
{
	struct flight *flight = data;
	struct sq *sq = &flight->device->sq[flight->sqid];

	run_command(flight, false);
	pthread_mutex_lock(&sq->lock);
	sq->threads--;
	pthread_cond_broadcast(&sq->changed);
	pthread_mutex_unlock(&sq->lock);
	return NULL;
}

/* Long commands get a thread, so that those behind them in the queue go on. */
static bool run_apart(struct sq *sq, struct flight *flight)
{
	pthread_attr_t attr;
	pthread_t thread;
	bool ok;

	pthread_mutex_lock(&sq->lock);
	ok = sq->threads < MAX_THREADS;
	sq->threads += ok;
	pthread_mutex_unlock(&sq->lock);
	if (!ok)
		return false;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	ok = !pthread_create(&thread, &attr, own_thread, flight);
	pthread_attr_destroy(&attr);
	if (!ok) {
		pthread_mutex_lock(&sq->lock);
		sq->threads--;
		pthread_mutex_unlock(&sq->lock);
	}
	return ok;
}

struct start {
	struct device *device;
	uint16_t sqid;
};

static void *queue_main(void *data)
{
	struct start start = *(struct start *)data;
	struct device *d = start.device;
	struct sq *sq = &d->sq[start.sqid];
	struct flight *flight;
	bool more = false;

	free(data);
	while ((flight = take(d, start.sqid, &more))) {
		if (!start.sqid) {
			run_admin(flight);
			event_deliver(d);
			continue;
		}
		if (!is_quick(&flight->cmd))
			cq_flush(d, sq->cqid);
		if (!is_compute(&flight->cmd) || !run_apart(sq, flight))
			run_command(flight, more);
	}
	return NULL;
}

/* ---- the queues themselves -------------------------------------------------------- */

static void count_user(struct device *d, unsigned int cqid, int change)
{
	pthread_mutex_lock(&d->cq[cqid].lock);
	d->cq[cqid].users += (unsigned int)change;
	pthread_mutex_unlock(&d->cq[cqid].lock);
}

bool queue_create_sq(struct device *d, unsigned int id, uint64_t base, uint32_t entries,
		     uint16_t cqid)
{
	struct start *start = malloc(sizeof(*start));
	uint8_t *doomed = calloc(entries / 8 + 1, 1);
	struct sq *sq = &d->sq[id];
	bool ok = start && doomed;

	if (ok) {
		*start = (struct start){ d, (uint16_t)id };
		pthread_mutex_lock(&sq->lock);
		sq->base = base;
		sq->entries = entries;
		sq->head = sq->tail = 0;
		sq->taken = 0;
		sq->doomed = doomed;
		sq->cqid = cqid;
		sq->stop = false;
		sq->exists = ok = !pthread_create(&sq->thread, NULL, queue_main, start);
		pthread_mutex_unlock(&sq->lock);
	}
	if (!ok) {
		free(start);
		free(doomed);
		return false;
	}
	count_user(d, cqid, 1);
	return true;
}

void queue_stop(struct device *d, unsigned int id)
{
	struct sq *sq = &d->sq[id];

	pthread_mutex_lock(&sq->lock);
	sq->stop = true;
	for (struct flight *f = sq->flights; f; f = f->next)
		atomic_store(&f->run.cancel, true);
	pthread_cond_broadcast(&sq->changed);
	pthread_mutex_unlock(&sq->lock);
}

void queue_delete_sq(struct device *d, unsigned int id)
{
	struct sq *sq = &d->sq[id];
	bool exists;

	pthread_mutex_lock(&sq->lock);
	exists = sq->exists;
	pthread_mutex_unlock(&sq->lock);
	if (!exists)
		return;
	queue_stop(d, id);
	pthread_join(sq->thread, NULL);
	pthread_mutex_lock(&sq->lock);
	while (sq->threads)
		pthread_cond_wait(&sq->changed, &sq->lock);
	sq->exists = false;
	free(sq->doomed);
	sq->doomed = NULL;
	pthread_mutex_unlock(&sq->lock);
	cq_flush(d, sq->cqid);
	count_user(d, sq->cqid, -1);
}

static bool sq_doorbell(struct device *d, unsigned int id, uint32_t tail)
{
	struct sq *sq = &d->sq[id];
	bool ok;

	pthread_mutex_lock(&sq->lock);
	ok = sq->exists && tail < sq->entries;
	if (ok)
		sq->tail = tail;
	pthread_cond_broadcast(&sq->changed);
	pthread_mutex_unlock(&sq->lock);
	return ok;
}

/* Posted writes may still come when the device has stopped: it is deaf to them then. */
void queue_doorbell(struct device *d, unsigned int id, bool completion, uint32_t value)
{
	bool ok = id <= MAX_QUEUES;

	if (atomic_load(&d->stopping))
		return;
	if (ok)
		ok = completion ? cq_doorbell(d, id, value) : sq_doorbell(d, id, value);
	if (!ok)
		state_fatal(d, NMS_HW_ERROR_DOORBELL, 0);
}

void queue_wake_admin(struct device *d)
{
	pthread_mutex_lock(&d->sq[0].lock);
	pthread_cond_broadcast(&d->sq[0].changed);
	pthread_mutex_unlock(&d->sq[0].lock);
}

/* ---- abort ------------------------------------------------------------------------ */

static const struct flight *find_number(const struct sq *sq, uint64_t number)
{
	for (const struct flight *f = sq->flights; f; f = f->next)
		if (f->number == number)
			return f;
	return NULL;
}

/* Under the lock: cancel the command of that id among those taken. */
static bool cancel_taken(struct sq *sq, uint16_t cid, uint64_t *number)
{
	/* Newest first: an id is used again as soon as its completion can be read. */
	for (struct flight *f = sq->flights; f; f = f->next) {
		if (f->cmd.cid == cid) {
			atomic_store(&f->run.cancel, true);
			*number = f->number;
			return true;
		}
	}
	return false;
}

/* Under the lock: the same among those that wait in the ring. */
static bool cancel_waiting(struct device *d, struct sq *sq, uint16_t cid, uint64_t *number)
{
	uint64_t ahead = 0;

	for (uint32_t i = sq->head; i != sq->tail; i = (i + 1) % sq->entries, ahead++) {
		struct nms_hw_cmd cmd;

		if (dma_read(d->dma, sq->base + (uint64_t)i * sizeof(cmd), &cmd, sizeof(cmd)))
			return false;
		if (cmd.cid == cid) {
			sq->doomed[i / 8] |= (uint8_t)(1u << i % 8);
			*number = sq->taken + ahead;
			return true;
		}
	}
	return false;
}

bool queue_abort(struct device *d, uint16_t sqid, uint16_t cid)
{
	struct sq *sq = &d->sq[sqid];
	uint64_t number;
	bool found;

	pthread_mutex_lock(&sq->lock);
	found = cancel_taken(sq, cid, &number) || cancel_waiting(d, sq, cid, &number);
	while (found && (sq->taken <= number || find_number(sq, number)) &&
	       !atomic_load(&d->stopping))
		pthread_cond_wait(&sq->changed, &sq->lock);
	pthread_mutex_unlock(&sq->lock);
	return found;
}

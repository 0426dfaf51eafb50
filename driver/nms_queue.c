// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rings: a submission queue and its completion queue.
 *
 * Nothing in a completion is trusted: a command id must be that of a command in
 * flight, in its present use of the slot, and the head must lie between the old
 * one and the tail.  What does not fit is counted and dropped; the command it
 * may have meant runs into its timeout.
 */
#include <linux/slab.h>

#include "nms_regs.h"
#include "nms_trace.h"

#define NMS_SLOT_MASK ((1u << NMS_CID_BITS) - 1)

/* Completions of nobody's commands in a row, after which there is no sense in reading on. */
#define NMS_SPURIOUS_MOST 256

int nms_queue_init(struct nms_device *nms, struct nms_queue *q, unsigned int id,
		   unsigned int entries)
{
	struct device *dev = &nms->pdev->dev;

	BUILD_BUG_ON(NMS_QUEUE_ENTRIES > 1 << NMS_CID_BITS);
	q->nms = nms;
	q->id = id;
	q->entries = entries;
	spin_lock_init(&q->lock);
	INIT_LIST_HEAD(&q->waiting);
	q->state = NMS_QUEUE_HOLD;
	q->slot = kcalloc(entries, sizeof(*q->slot), GFP_KERNEL);
	q->uses = kcalloc(entries, sizeof(*q->uses), GFP_KERNEL);
	q->used = bitmap_zalloc(entries, GFP_KERNEL);
	if (!q->slot || !q->uses || !q->used)
		return -ENOMEM;
	q->sq = dma_alloc_coherent(dev, entries * sizeof(*q->sq), &q->sq_dma, GFP_KERNEL);
	q->cq = dma_alloc_coherent(dev, entries * sizeof(*q->cq), &q->cq_dma, GFP_KERNEL);
	return q->sq && q->cq ? 0 : -ENOMEM;
}

/* The rings; the queue itself stays, to turn away those who still come. */
void nms_queue_free_rings(struct nms_queue *q)
{
	struct device *dev;

	if (!q->nms)
		return;
	dev = &q->nms->pdev->dev;
	if (q->sq)
		dma_free_coherent(dev, q->entries * sizeof(*q->sq), q->sq, q->sq_dma);
	if (q->cq)
		dma_free_coherent(dev, q->entries * sizeof(*q->cq), q->cq, q->cq_dma);
	q->sq = NULL;
	q->cq = NULL;
}

void nms_queue_free(struct nms_queue *q)
{
	kfree(q->slot);
	kfree(q->uses);
	bitmap_free(q->used);
}

/* Before the queue is made known to the device: nothing is in flight. */
void nms_queue_reset(struct nms_queue *q)
{
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	memset(q->cq, 0, q->entries * sizeof(*q->cq));
	q->tail = 0;
	q->rung = 0;
	q->head = 0;
	q->cq_head = 0;
	q->phase = 1;
	q->spurious_run = 0;
	q->progress = jiffies;
	spin_unlock_irqrestore(&q->lock, flags);
}

/* ---- submission ---------------------------------------------------------------- */

static void nms_queue_ring_locked(struct nms_queue *q)
{
	struct nms_device *nms = q->nms;

	if (q->state != NMS_QUEUE_RUN || q->rung == q->tail)
		return;
	/* Orders the commands before the doorbell. */
	nms_write32(nms, NMS_HW_SQ_DOORBELL(q->id, nms->stride), q->tail);
	q->rung = q->tail;
	q->doorbells++;
	trace_nms_doorbell(q);
}

/* Tell the device what has been written to the ring. */
void nms_queue_ring(struct nms_queue *q)
{
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	nms_queue_ring_locked(q);
	spin_unlock_irqrestore(&q->lock, flags);
}

/* One slot stays free, so that completions always have room. */
static bool nms_queue_put(struct nms_queue *q, struct nms_request *req)
{
	unsigned int next = (q->tail + 1u) % q->entries;
	unsigned int slot;

	if (next == q->head || q->in_flight >= q->entries - 1)
		return false;
	slot = find_first_zero_bit(q->used, q->entries);
	__set_bit(slot, q->used);
	q->slot[slot] = req;
	q->uses[slot]++;
	q->in_flight++;
	req->slot = slot;
	req->state = NMS_REQUEST_IN_FLIGHT;
	req->given = true;
	req->since = jiffies;
	req->cmd.cid = cpu_to_le16((u16)(slot | (u32)q->uses[slot] << NMS_CID_BITS));
	q->sq[q->tail] = req->cmd;
	q->tail = next;
	trace_nms_submit(q, req);
	return true;
}

static void nms_queue_refill(struct nms_queue *q)
{
	struct nms_request *req;

	while (q->state == NMS_QUEUE_RUN && !list_empty(&q->waiting)) {
		req = list_first_entry(&q->waiting, struct nms_request, link);
		if (!nms_queue_put(q, req))
			return;
		list_del_init(&req->link);
	}
}

/*
 * Submit @req, whose done() is called once, maybe before this returns.  @defer:
 * the caller promises to call nms_queue_ring() soon.
 */
void nms_queue_submit(struct nms_queue *q, struct nms_request *req, bool defer)
{
	unsigned long flags;

	req->error = 0;
	req->status = 0;
	req->detail = 0;
	req->value = 0;
	req->given = false;
	req->timed_out = false;
	req->lost = false;
	INIT_LIST_HEAD(&req->link);
	spin_lock_irqsave(&q->lock, flags);
	if (q->state == NMS_QUEUE_DEAD || (q->state == NMS_QUEUE_HOLD && !q->id)) {
		req->error = q->state == NMS_QUEUE_DEAD ? q->error : -ENETRESET;
		spin_unlock_irqrestore(&q->lock, flags);
		req->done(req);
		return;
	}
	if (q->state != NMS_QUEUE_RUN || !list_empty(&q->waiting) || !nms_queue_put(q, req)) {
		req->state = NMS_REQUEST_WAITING;
		req->since = jiffies;
		list_add_tail(&req->link, &q->waiting);
	}
	if (!defer && !q->polling)
		nms_queue_ring_locked(q);
	spin_unlock_irqrestore(&q->lock, flags);
}

/* ---- completion ---------------------------------------------------------------- */

static void nms_queue_release(struct nms_queue *q, struct nms_request *req)
{
	__clear_bit(req->slot, q->used);
	q->slot[req->slot] = NULL;
	q->in_flight--;
	req->state = NMS_REQUEST_IDLE;
}

static struct nms_request *nms_queue_find(struct nms_queue *q, u16 cid)
{
	unsigned int slot = cid & NMS_SLOT_MASK;
	struct nms_request *req = slot < q->entries ? q->slot[slot] : NULL;

	return req && le16_to_cpu(req->cmd.cid) == cid ? req : NULL;
}

static void nms_queue_complete(struct nms_queue *q, const struct nms_hw_cqe *cqe,
			       struct list_head *done)
{
	struct nms_request *req = nms_queue_find(q, le16_to_cpu(cqe->cid));
	unsigned int head = le16_to_cpu(cqe->sq_head);

	/* How far the device has read: never back, never beyond what it was told. */
	if (head < q->entries &&
	    (head + q->entries - q->head) % q->entries <=
	    (q->rung + q->entries - q->head) % q->entries)
		q->head = head;
	if (!req || le16_to_cpu(cqe->sq_id) != q->id) {
		q->spurious++;
		dev_warn_ratelimited(&q->nms->pdev->dev,
				     "queue %u: completion of a command that is not in flight (%#x)\n",
				     q->id, le16_to_cpu(cqe->cid));
		if (++q->spurious_run == NMS_SPURIOUS_MOST)
			nms_recover(q->nms, "the device completes what nobody has asked for");
		return;
	}
	q->spurious_run = 0;
	nms_queue_release(q, req);
	req->status = le16_to_cpu(cqe->status) >> 1;
	req->detail = le32_to_cpu(cqe->detail);
	req->value = le64_to_cpu(cqe->value);
	req->error = nms_status_errno(req->status);
	q->completions++;
	/* An event is what nobody has asked for. */
	if (req != &q->nms->event)
		WRITE_ONCE(q->useful, q->useful + 1);
	q->progress = jiffies;
	trace_nms_complete(q, req);
	list_add_tail(&req->link, done);
}

static unsigned int nms_queue_reap(struct nms_queue *q, struct list_head *done)
{
	unsigned int n;

	if (q->state != NMS_QUEUE_RUN)
		return 0;
	for (n = 0; n < q->entries; n++) {
		struct nms_hw_cqe *at = &q->cq[q->cq_head];
		struct nms_hw_cqe cqe;

		if ((le16_to_cpu(READ_ONCE(at->status)) & 1) != q->phase)
			break;
		/* The rest of the entry was written before its phase. */
		dma_rmb();
		cqe = *at;
		if (++q->cq_head == q->entries) {
			q->cq_head = 0;
			q->phase ^= 1;
		}
		nms_queue_complete(q, &cqe, done);
	}
	if (n)
		nms_write32(q->nms, NMS_HW_CQ_DOORBELL(q->id, q->nms->stride), q->cq_head);
	return n;
}

static void nms_queue_call(struct list_head *done)
{
	while (!list_empty(done)) {
		struct nms_request *req = list_first_entry(done, struct nms_request, link);

		list_del_init(&req->link);
		req->done(req);
	}
}

/*
 * Take completions; what done() submits shares one doorbell.  Returns how many
 * there were.
 */
unsigned int nms_queue_poll(struct nms_queue *q)
{
	unsigned long flags;
	unsigned int n;
	LIST_HEAD(done);

	spin_lock_irqsave(&q->lock, flags);
	n = nms_queue_reap(q, &done);
	if (!n) {
		spin_unlock_irqrestore(&q->lock, flags);
		return 0;
	}
	nms_queue_refill(q);
	q->polling++;
	spin_unlock_irqrestore(&q->lock, flags);

	nms_queue_call(&done);

	spin_lock_irqsave(&q->lock, flags);
	if (!--q->polling)
		nms_queue_ring_locked(q);
	spin_unlock_irqrestore(&q->lock, flags);
	return n;
}

/* ---- when things go wrong ------------------------------------------------------ */

/*
 * Take a request back that nobody answers.  True: done() will not be called.
 * Only for requests without memory of their own that the device could reach.
 */
bool nms_queue_forget(struct nms_queue *q, struct nms_request *req)
{
	unsigned long flags;
	bool ours = true;

	spin_lock_irqsave(&q->lock, flags);
	if (req->state == NMS_REQUEST_IN_FLIGHT) {
		nms_queue_release(q, req);
	} else if (req->state == NMS_REQUEST_WAITING) {
		list_del_init(&req->link);
		req->state = NMS_REQUEST_IDLE;
	} else {
		ours = false;
	}
	spin_unlock_irqrestore(&q->lock, flags);
	return ours;
}

/*
 * End what is in flight, and if @waiting what waits, with @error.  @lost: the
 * device could not be stopped.
 */
void nms_queue_fail(struct nms_queue *q, int error, bool lost, bool waiting)
{
	struct nms_request *req;
	unsigned long flags;
	unsigned int slot;
	LIST_HEAD(done);

	spin_lock_irqsave(&q->lock, flags);
	for_each_set_bit(slot, q->used, q->entries) {
		req = q->slot[slot];
		nms_queue_release(q, req);
		req->lost = lost;
		list_add_tail(&req->link, &done);
	}
	if (waiting) {
		list_for_each_entry(req, &q->waiting, link)
			req->state = NMS_REQUEST_IDLE;
		list_splice_tail_init(&q->waiting, &done);
	}
	list_for_each_entry(req, &done, link)
		req->error = req->timed_out ? -ETIMEDOUT : error;
	spin_unlock_irqrestore(&q->lock, flags);
	nms_queue_call(&done);
}

/* In a state other than RUN neither ring nor doorbell is touched. */
void nms_queue_set_state(struct nms_queue *q, enum nms_queue_state state, int error)
{
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	q->state = state;
	q->error = error;
	nms_queue_refill(q);
	nms_queue_ring_locked(q);
	spin_unlock_irqrestore(&q->lock, flags);
}

/* The id under which @req is in flight; what only waits is ended.  False: neither. */
bool nms_queue_cid(struct nms_queue *q, struct nms_request *req, u16 *cid)
{
	unsigned long flags;
	bool waited, flies;

	spin_lock_irqsave(&q->lock, flags);
	waited = req->state == NMS_REQUEST_WAITING;
	flies = req->state == NMS_REQUEST_IN_FLIGHT;
	if (waited) {
		list_del_init(&req->link);
		req->state = NMS_REQUEST_IDLE;
		req->error = -ECANCELED;
	} else if (flies) {
		*cid = le16_to_cpu(req->cmd.cid);
		/* Who submits may ring later; the device does not know of it before. */
		nms_queue_ring_locked(q);
	}
	spin_unlock_irqrestore(&q->lock, flags);
	if (waited)
		req->done(req);
	return flies;
}

/*
 * A command of compute may take any time, and wait for its turn in the device: it
 * is alive as long as its beat changes.  The device ends it at its deadline, which
 * counts from when it began.
 */
static bool nms_beat_expired(struct nms_request *req, unsigned long limit, unsigned long deadline)
{
	u32 beat = le32_to_cpu(READ_ONCE(req->block->progress_beat)), now = jiffies;

	if (beat != req->beat) {
		req->beat = beat;
		req->since = jiffies;
	}
	if (!req->began && READ_ONCE(req->block->progress_total))
		req->began = now ?: 1;
	if (time_after(jiffies, req->since + limit))
		return true;
	return deadline && req->began && now - req->began > limit + deadline;
}

static bool nms_request_expired(const struct nms_queue *q, struct nms_request *req)
{
	unsigned long timeout = msecs_to_jiffies(max(READ_ONCE(nms_timeout_ms), 100u));
	unsigned long deadline = msecs_to_jiffies(le32_to_cpu(req->cmd.deadline_ms));
	unsigned long from = time_after(q->progress, req->since) ? q->progress : req->since;
	unsigned long limit = timeout + deadline;

	if (req->block && req->cmd.opcode >= NMS_HW_REDUCE)
		return nms_beat_expired(req, timeout, deadline);
	/* Others before it in the queue take their time, but not for ever. */
	return time_after(jiffies, from + limit) || time_after(jiffies, req->since + 4 * limit);
}

/* One command that has been in flight for too long. */
bool nms_queue_expired(struct nms_queue *q, u16 *cid)
{
	unsigned long flags;
	unsigned int slot;
	bool found = false;

	spin_lock_irqsave(&q->lock, flags);
	for_each_set_bit(slot, q->used, q->entries) {
		struct nms_request *req = q->slot[slot];

		if (nms_request_expired(q, req)) {
			req->timed_out = true;
			*cid = le16_to_cpu(req->cmd.cid);
			found = true;
			break;
		}
	}
	spin_unlock_irqrestore(&q->lock, flags);
	return found;
}

/* The request itself: after a reset its id may be that of another. */
bool nms_queue_flies(struct nms_queue *q, const struct nms_request *req)
{
	unsigned long flags;
	bool flies;

	spin_lock_irqsave(&q->lock, flags);
	flies = req->state == NMS_REQUEST_IN_FLIGHT;
	spin_unlock_irqrestore(&q->lock, flags);
	return flies;
}

bool nms_queue_holds(struct nms_queue *q, u16 cid)
{
	unsigned long flags;
	bool holds;

	spin_lock_irqsave(&q->lock, flags);
	holds = nms_queue_find(q, cid);
	spin_unlock_irqrestore(&q->lock, flags);
	return holds;
}

/*
 * Commands wait, and it is not for those in flight: by its own word the device does
 * not read the ring.  If nothing is in flight no timeout would ever tell.
 */
bool nms_queue_blocked(struct nms_queue *q)
{
	unsigned long timeout = msecs_to_jiffies(max(READ_ONCE(nms_timeout_ms), 100u));
	struct nms_request *req;
	unsigned long flags;
	bool blocked = false;

	spin_lock_irqsave(&q->lock, flags);
	req = list_first_entry_or_null(&q->waiting, struct nms_request, link);
	if (req && q->state == NMS_QUEUE_RUN && q->in_flight < q->entries - 1)
		blocked = time_after(jiffies, req->since + timeout) &&
			  time_after(jiffies, q->progress + timeout);
	spin_unlock_irqrestore(&q->lock, flags);
	return blocked;
}

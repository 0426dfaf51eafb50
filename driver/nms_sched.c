// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which command of compute the device gets next.
 *
 * REDUCE, EMBED and SELECT may take minutes, and share one datapath, on which the
 * device lets those take turns that it has.  It is given one command of a context at
 * most, and NMS_COMPUTE_SLOTS of all contexts; those that are predicted to be long
 * may have NMS_LONG_SLOTS of these, so that what is short soon finds a place.  Of
 * the contexts that wait, that with the highest response ratio is next, which is
 * (waited + predicted) / predicted: it prefers the short, and nobody starves.
 *
 * A command that waits here has not reached its queue: a reset does not touch it.
 * Each that ends, for whatever reason, lets the next one go to its queue, which
 * holds it, gives it to the device or ends it.
 */
#include <linux/ktime.h>
#include <linux/overflow.h>

#include "nms_drv.h"
#include "nms_trace.h"

#define NMS_LONG_NS		NSEC_PER_SEC
#define NMS_RATE_FIRST		1000u		/* ps: a billion units in a second */
#define NMS_RATE_MOST		BIT(19)
#define NMS_UNITS_LEAST		1000000ull	/* what any command costs */
#define NMS_UNITS_MOST		BIT_ULL(44)	/* times NMS_RATE_MOST: fits 64 bits */

/* Near enough to what the device takes where the command says 0. */
#define NMS_FEATURES_MORE	10		/* directions beside those asked for */
#define NMS_EMBED_ITERATIONS	1000
#define NMS_EMBED_CANDIDATES	8
#define NMS_EMBED_STEP		64		/* of a row, beside its neighbours */

/* ---- how much work ------------------------------------------------------------- */

/* The whole part of a positive binary32. */
static u64 nms_float_whole(__le32 value)
{
	u32 bits = le32_to_cpu(value);
	u64 mantissa = (bits & 0x7fffff) | 0x800000;
	int shift = (int)(bits >> 23) - 127 - 23;

	if (shift <= -24)
		return 0;
	return shift < 0 ? mantissa >> -shift : mantissa << min(shift, 40);
}

static u64 nms_reduce_units(const struct nms_hw_reduce *p)
{
	u64 values = size_mul(le64_to_cpu(p->input.rows), le32_to_cpu(p->input.cols));

	return size_mul(values, (u64)le32_to_cpu(p->output.cols) +
				(le32_to_cpu(p->oversample) ?: NMS_FEATURES_MORE));
}

/* All distances once; then each step goes over the neighbours of each row. */
static u64 nms_embed_units(const struct nms_hw_embed *p)
{
	u64 rows = le64_to_cpu(p->features.rows);
	u64 distances = size_mul(size_mul(rows, rows), le32_to_cpu(p->features.cols));
	u64 neighbours = min(3 * nms_float_whole(p->perplexity), rows);
	u64 steps = le32_to_cpu(p->iterations) ?: NMS_EMBED_ITERATIONS;

	if (le32_to_cpu(p->options) & NMS_HW_EMBED_ENTROPY)
		steps = size_mul(steps, le32_to_cpu(p->candidates) ?: NMS_EMBED_CANDIDATES);
	return size_add(distances, size_mul(size_mul(rows, neighbours + NMS_EMBED_STEP), steps));
}

static u64 nms_select_units(const struct nms_hw_select *p)
{
	u64 rows = le64_to_cpu(p->rows), count = le64_to_cpu(p->count);
	u64 cols = le32_to_cpu(p->features.cols);

	switch (le32_to_cpu(p->rule)) {
	case NMS_HW_RULE_RANDOM:
	case NMS_HW_RULE_GRID:
	case NMS_HW_RULE_STRATA:
		return rows;
	case NMS_HW_RULE_FACILITY:
		return size_mul(size_mul(rows, rows), cols);
	default:
		return size_mul(size_mul(rows, count), cols);
	}
}

/* Multiplications and additions that a valid block asks for, about; 0: no turn is needed. */
u64 nms_sched_units(const void *param)
{
	const struct nms_hw_param_header *header = param;
	u64 units;

	switch (le16_to_cpu(header->opcode)) {
	case NMS_HW_REDUCE:
		units = nms_reduce_units(param);
		break;
	case NMS_HW_EMBED:
		units = nms_embed_units(param);
		break;
	case NMS_HW_SELECT:
		units = nms_select_units(param);
		break;
	default:
		return 0;
	}
	return min(size_add(units, NMS_UNITS_LEAST), NMS_UNITS_MOST);
}

/* ---- how long ------------------------------------------------------------------ */

static struct nms_sched *nms_sched_of(const struct nms_compute *c)
{
	/* The context may have gone when a cancel looks for what has ended. */
	return &c->job->queue->nms->sched;
}

static u32 *nms_sched_rate(struct nms_sched *s, const struct nms_compute *c)
{
	return &s->rate[c->piece->req.cmd.opcode - NMS_HW_REDUCE];
}

static u64 nms_sched_predict(struct nms_sched *s, const struct nms_compute *c)
{
	return c->units * *nms_sched_rate(s, c) / 1000;
}

/* Learn from what has succeeded: the device's word, as far as it can be true. */
static void nms_sched_learn(struct nms_sched *s, const struct nms_compute *c)
{
	const struct nms_hw_result *block = c->piece->req.block;
	u32 *rate = nms_sched_rate(s, c);
	u64 took = ktime_get_ns() - c->since, busy = 0, seen;

	for (unsigned int i = 0; i < NMS_HW_NPHASES; i++)
		busy = size_add(busy, le64_to_cpu(block->nanoseconds[i]));
	busy = min3(busy, took, U64_MAX / 1000);
	seen = clamp_t(u64, busy * 1000 / c->units, 1, NMS_RATE_MOST);
	*rate = max(*rate - *rate / 4 + (u32)seen / 4, 1u);
}

/* ---- who is next --------------------------------------------------------------- */

/* In 1024ths. */
static u64 nms_sched_ratio(const struct nms_compute *c, u64 predicted, u64 now)
{
	u64 waited = min(now - c->since, BIT_ULL(50));

	return (waited + predicted) / (predicted / 1024 + 1);
}

static struct nms_compute *nms_sched_best(struct nms_sched *s)
{
	struct nms_compute *c, *best = NULL;
	u64 now = ktime_get_ns(), most = 0;
	struct nms_sched_context *ctx;

	if (s->nrunning >= NMS_COMPUTE_SLOTS)
		return NULL;
	list_for_each_entry(ctx, &s->contexts, link) {
		u64 ratio;

		c = list_first_entry(&ctx->waiting, struct nms_compute, link);
		c->predicted = nms_sched_predict(s, c);
		c->is_long = c->predicted > NMS_LONG_NS;
		if (c->is_long && s->nlong >= NMS_LONG_SLOTS)
			continue;
		ratio = nms_sched_ratio(c, c->predicted, now);
		if (!best || ratio > most) {
			best = c;
			most = ratio;
		}
	}
	return best;
}

/* Under the lock: give the best a turn, and keep its job until it has reached its queue. */
static struct nms_compute *nms_sched_take(struct nms_sched *s)
{
	struct nms_compute *c = nms_sched_best(s);
	struct nms_sched_context *ctx;
	u64 now = ktime_get_ns();

	if (!c)
		return NULL;
	ctx = &c->job->context->sched;
	ctx->running = true;
	list_del_init(&ctx->link);
	list_move_tail(&c->link, &s->running);
	c->turn = NMS_TURN_RUNS;
	trace_nms_turn(c, now - c->since);
	c->since = now;
	s->waiting--;
	s->nrunning++;
	s->nlong += c->is_long;
	kref_get(&c->job->ref);
	return c;
}

/*
 * Whoever finds another at it leaves it to him: he looks again after each.  Without
 * that, commands which end at once would be nested without end.
 */
static void nms_sched_dispatch(struct nms_sched *s)
{
	struct nms_compute *c;
	unsigned long flags;

	spin_lock_irqsave(&s->lock, flags);
	if (s->dispatching)
		goto unlock;
	s->dispatching = true;
	while ((c = nms_sched_take(s))) {
		struct nms_job *job = c->job;

		spin_unlock_irqrestore(&s->lock, flags);
		nms_queue_submit(job->queue, &c->piece->req, false);
		/* A cancel may have come by when it was neither here nor there. */
		if (READ_ONCE(job->cancelled))
			nms_job_cancel(job);
		nms_job_put(job);
		spin_lock_irqsave(&s->lock, flags);
	}
	s->dispatching = false;
unlock:
	spin_unlock_irqrestore(&s->lock, flags);
}

static void nms_sched_add_context(struct nms_sched *s, struct nms_sched_context *ctx)
{
	if (!ctx->running && !list_empty(&ctx->waiting) && list_empty(&ctx->link))
		list_add_tail(&ctx->link, &s->contexts);
}

/* ---- come and go --------------------------------------------------------------- */

/* The command's done() is called once, maybe before this returns. */
void nms_sched_submit(struct nms_compute *c)
{
	struct nms_sched_context *ctx = &c->job->context->sched;
	struct nms_sched *s = nms_sched_of(c);
	unsigned long flags;

	spin_lock_irqsave(&s->lock, flags);
	c->turn = NMS_TURN_WAITS;
	c->since = ktime_get_ns();
	list_add_tail(&c->link, &ctx->waiting);
	s->waiting++;
	nms_sched_add_context(s, ctx);
	spin_unlock_irqrestore(&s->lock, flags);
	nms_sched_dispatch(s);
}

/* It has ended; its job and its blocks are still there. */
void nms_sched_done(struct nms_compute *c)
{
	struct nms_sched_context *ctx = &c->job->context->sched;
	struct nms_sched *s = nms_sched_of(c);
	unsigned long flags;
	bool ran;

	spin_lock_irqsave(&s->lock, flags);
	ran = c->turn == NMS_TURN_RUNS;
	if (ran) {
		c->turn = NMS_TURN_NONE;
		list_del_init(&c->link);
		s->nrunning--;
		s->nlong -= c->is_long;
		ctx->running = false;
		nms_sched_add_context(s, ctx);
		if (!c->piece->req.error)
			nms_sched_learn(s, c);
	}
	spin_unlock_irqrestore(&s->lock, flags);
	if (ran)
		nms_sched_dispatch(s);
}

/* End a command that waits.  False: it does not. */
bool nms_sched_cancel(struct nms_compute *c)
{
	struct nms_sched *s = nms_sched_of(c);
	struct nms_request *req = &c->piece->req;
	struct nms_sched_context *ctx;
	bool waits;

	spin_lock_irq(&s->lock);
	waits = c->turn == NMS_TURN_WAITS;
	if (waits) {
		ctx = &c->job->context->sched;
		c->turn = NMS_TURN_NONE;
		list_del_init(&c->link);
		if (list_empty(&ctx->waiting))
			list_del_init(&ctx->link);
		s->waiting--;
	}
	spin_unlock_irq(&s->lock);
	if (!waits)
		return false;
	req->error = -ECANCELED;
	req->done(req);
	/* What was behind it may be shorter. */
	nms_sched_dispatch(s);
	return true;
}

void nms_sched_init_context(struct nms_context *ctx)
{
	INIT_LIST_HEAD(&ctx->sched.link);
	INIT_LIST_HEAD(&ctx->sched.waiting);
}

void nms_sched_init(struct nms_sched *s)
{
	spin_lock_init(&s->lock);
	INIT_LIST_HEAD(&s->contexts);
	INIT_LIST_HEAD(&s->running);
	for (unsigned int i = 0; i < NMS_COMPUTE_OPS; i++)
		s->rate[i] = NMS_RATE_FIRST;
}

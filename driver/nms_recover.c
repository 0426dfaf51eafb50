// SPDX-License-Identifier: GPL-2.0-only
/*
 * Starting and stopping the device, and the one way by which it is brought back
 * after a failure: nms_recover(), single flight, whoever calls it.
 *
 * Commands in flight at a reset end with ENETRESET; those that wait for room are
 * submitted when the device is back.  Host memory is given back only when the
 * device has provably stopped; else it stays pinned and is counted.
 */
#include <linux/delay.h>

#include "nms_regs.h"
#include "nms_trace.h"

#define NMS_START_TRIES	3
#define NMS_VAIN_MOST	10	/* recoveries in a row between which the device did nothing */

const char *nms_state_name(enum nms_state state)
{
	static const char * const name[] = {
		[NMS_STARTING] = "starting",
		[NMS_LIVE] = "live",
		[NMS_RECOVERING] = "recovering",
		[NMS_SUSPENDED] = "suspended",
		[NMS_DEAD] = "dead",
		[NMS_GONE] = "gone",
	};

	return name[state];
}

void nms_set_state(struct nms_device *nms, enum nms_state state)
{
	WRITE_ONCE(nms->state, state);
	wake_up_all(&nms->state_wait);
}

static bool nms_is_settled(struct nms_device *nms)
{
	enum nms_state state = READ_ONCE(nms->state);

	if (state == NMS_GONE)
		return true;
	/* Nothing is begun that a recovery which has been asked for would undo. */
	return (state == NMS_LIVE || state == NMS_DEAD) && !atomic_read(&nms->recovering);
}

/*
 * Wait until the device has been brought back.  -EIO: that failed, -ENODEV: it
 * has gone.  Not to be called with a lock that nms_start() takes.
 */
int nms_wait_live(struct nms_device *nms)
{
	wait_event(nms->state_wait, nms_is_settled(nms));
	switch (READ_ONCE(nms->state)) {
	case NMS_DEAD:
	case NMS_GONE:
		return READ_ONCE(nms->error);
	default:
		return 0;
	}
}

/* ---- stop ---------------------------------------------------------------------- */

static void nms_set_queues(struct nms_device *nms, enum nms_queue_state state, int error)
{
	nms_queue_set_state(&nms->admin, state, error);
	for (unsigned int i = 0; i < nms->nqueues; i++)
		nms_queue_set_state(&nms->queues[i], state, error);
}

static void nms_fail_queues(struct nms_device *nms, int error, bool lost, bool waiting)
{
	nms_queue_fail(&nms->admin, error, lost, true);
	for (unsigned int i = 0; i < nms->nqueues; i++)
		nms_queue_fail(&nms->queues[i], error, lost, waiting);
}

/*
 * Stop the device and end what was in flight.  For a final @state (DEAD, GONE)
 * what waits ends too, and all that comes, with @error.  Under run_lock.
 */
void nms_stop(struct nms_device *nms, enum nms_state state, int error)
{
	bool final = state == NMS_DEAD || state == NMS_GONE;
	int end = final ? error : nms_has_gone(nms) ? -ENODEV : -ENETRESET;
	bool halted;

	if (final)
		WRITE_ONCE(nms->error, error);
	nms_set_state(nms, state);
	nms_set_queues(nms, final ? NMS_QUEUE_DEAD : NMS_QUEUE_HOLD, error);
	halted = nms_halt(nms);
	if (!halted)
		dev_err(&nms->pdev->dev, "the device could not be stopped\n");
	nms->dma_lost = !halted;
	nms_fail_queues(nms, end, !halted, final);
}

/* ---- start --------------------------------------------------------------------- */

static bool nms_is_plausible(const struct nms_hw_identify *id)
{
	u64 size = le64_to_cpu(id->near_size), page = le64_to_cpu(id->near_page);

	return is_power_of_2(page) && size && size <= S64_MAX && IS_ALIGNED(size, page) &&
	       id->max_sgl_entries && id->max_contexts && id->max_ranges;
}

static int nms_check_identify(struct nms_device *nms, const struct nms_hw_identify *id, bool first)
{
	struct device *dev = &nms->pdev->dev;

	if (le16_to_cpu(id->sq_entry_size) != sizeof(struct nms_hw_cmd) ||
	    le16_to_cpu(id->cq_entry_size) != sizeof(struct nms_hw_cqe)) {
		dev_err(dev, "unknown size of queue entries\n");
		return -EPROTO;
	}
	if (!nms_is_plausible(id)) {
		dev_err(dev, "the device describes itself implausibly\n");
		return -EPROTO;
	}
	/* Whoever has read a limit relies on it, a reset or not. */
	if (!first && (id->near_size != nms->identify->near_size ||
		       id->near_page != nms->identify->near_page ||
		       id->max_sgl_entries != nms->identify->max_sgl_entries ||
		       id->max_contexts != nms->identify->max_contexts ||
		       id->max_ranges != nms->identify->max_ranges)) {
		dev_err(dev, "not the device that it was before the reset\n");
		return -EPROTO;
	}
	return 0;
}

static int nms_start_admin(struct nms_device *nms, bool first)
{
	struct nms_hw_identify *id;
	int err;

	nms_regain_config(nms);
	if (!nms_open_port(nms))
		return -ENODEV;
	err = nms_regs_reset(nms);
	if (err)
		return err;
	/* Not before: who had the device may have left it at work. */
	pci_set_master(nms->pdev);
	nms_queue_reset(&nms->admin);
	err = nms_regs_enable(nms);
	if (err)
		return err;
	nms_queue_set_state(&nms->admin, NMS_QUEUE_RUN, 0);

	id = kmalloc(sizeof(*id), GFP_KERNEL);
	if (!id)
		return -ENOMEM;
	err = nms_admin_identify(nms, id);
	if (!err)
		err = nms_check_identify(nms, id, first);
	if (!err)
		*nms->identify = *id;
	kfree(id);
	return err;
}

static int nms_forget_ranges(struct nms_device *nms)
{
	struct nms_hw_cmd cmd = { .opcode = NMS_HW_ADMIN_CONTEXT_DESTROY };

	cmd.range.context = cpu_to_le32(U32_MAX);
	return nms_admin(nms, &cmd, NULL);
}

static int nms_start_queues(struct nms_device *nms)
{
	for (unsigned int i = 0; i < nms->nqueues; i++) {
		int err;

		nms_queue_reset(&nms->queues[i]);
		err = nms_admin_create_queue(&nms->queues[i]);
		if (err)
			return err;
	}
	return 0;
}

/*
 * From any state of the device to one that takes commands.  @first: nothing is
 * known about it; its ranges are nobody's.  Under run_lock.
 */
int nms_start(struct nms_device *nms, bool first)
{
	int err;

	err = nms_start_admin(nms, first);
	if (err)
		return err;
	err = nms_start_queues(nms);
	if (err)
		return err;
	err = first ? nms_forget_ranges(nms) : nms_buffer_restore(nms);
	if (err)
		return err;
	if (nms_coalesce) {
		err = nms_admin_feature(nms, NMS_HW_FEATURE_COALESCE, nms_coalesce);
		if (err)
			dev_warn(&nms->pdev->dev, "interrupts are not coalesced: %d\n", err);
	}
	nms_admin_event_want(nms);
	nms->resets = nms_read32(nms, NMS_HW_REG_RESETS);
	nms_note_link(nms);
	for (unsigned int i = 0; i < nms->nqueues; i++)
		nms_queue_set_state(&nms->queues[i], NMS_QUEUE_RUN, 0);
	nms_set_state(nms, NMS_LIVE);
	queue_delayed_work(nms->run_wq, &nms->watchdog, HZ);
	return 0;
}

/* ---- recovery ------------------------------------------------------------------ */

/*
 * The device has failed: reset it and put it back to work.  Returns at once; any
 * context.  A recovery that is under way serves all who ask.
 */
void nms_recover(struct nms_device *nms, const char *reason)
{
	if (atomic_xchg(&nms->recovering, 1))
		return;
	strscpy(nms->reason, reason, sizeof(nms->reason));
	/* Whoever asks may be the last one to have the device. */
	get_device(&nms->dev);
	if (!queue_work(nms->run_wq, &nms->recover_work))
		put_device(&nms->dev);
}

/* The same for an administrator, who may hope where the driver does not. */
void nms_recover_asked(struct nms_device *nms)
{
	mutex_lock(&nms->run_lock);
	nms->vain = 0;
	mutex_unlock(&nms->run_lock);
	nms_recover(nms, "asked for by an administrator");
}

/* What the device has completed of what it was asked for, however it ended. */
static u64 nms_useful(const struct nms_device *nms)
{
	u64 n = READ_ONCE(nms->admin.useful);

	for (unsigned int i = 0; i < nms->nqueues; i++)
		n += READ_ONCE(nms->queues[i].useful);
	return n;
}

/*
 * A device that fails again as soon as it is back would be brought back for ever.
 * True: that has gone on for long enough.
 */
static bool nms_is_in_vain(struct nms_device *nms)
{
	if (nms_useful(nms) != nms->useful)
		nms->vain = 0;
	return ++nms->vain > NMS_VAIN_MOST;
}

static void nms_tell_userspace(struct nms_device *nms)
{
	char generation[32], state[32];
	char *env[3] = {};

	env[0] = generation;
	env[1] = state;
	snprintf(generation, sizeof(generation), "GENERATION=%u", nms->generation);
	snprintf(state, sizeof(state), "STATE=%s", nms_state_name(nms->state));
	kobject_uevent_env(&nms->dev.kobj, KOBJ_CHANGE, env);
}

static void nms_recover_once(struct nms_device *nms)
{
	struct device *dev = &nms->pdev->dev;
	int err = -EIO;

	dev_warn(dev, "recovery: %s\n", nms->reason);
	trace_nms_recover(nms, nms->reason);
	nms_regain_config(nms);
	nms_set_state(nms, NMS_RECOVERING);
	nms_set_queues(nms, NMS_QUEUE_HOLD, 0);
	nms_dump(nms, nms->reason);
	nms_stop(nms, NMS_RECOVERING, 0);
	nms->generation++;
	if (nms_is_in_vain(nms)) {
		dev_err(dev, "%u recoveries have led to nothing\n", NMS_VAIN_MOST);
		goto out;
	}
	for (int i = 0; i < NMS_START_TRIES && err; i++) {
		if (i) {
			msleep(100 << i);
			nms_stop(nms, NMS_RECOVERING, 0);
		}
		err = nms_start(nms, false);
		/* Unless it has come back just now. */
		if (err == -ENODEV && (nms_has_gone(nms) || pci_channel_offline(nms->pdev)))
			break;
	}
	nms->useful = nms_useful(nms);
out:
	if (err) {
		dev_err(dev, "recovery failed: %d\n", err);
		nms_stop(nms, NMS_DEAD, err == -ENODEV ? -ENODEV : -EIO);
	} else {
		dev_info(dev, "back, generation %u\n", nms->generation);
	}
	nms_tell_userspace(nms);
}

static void nms_recover_work(struct work_struct *work)
{
	struct nms_device *nms = container_of(work, struct nms_device, recover_work);

	mutex_lock(&nms->run_lock);
	if (nms->state == NMS_LIVE || nms->state == NMS_DEAD ||
	    (nms->state == NMS_RECOVERING && !nms->bus_since))
		nms_recover_once(nms);
	atomic_set(&nms->recovering, 0);
	wake_up_all(&nms->state_wait);
	mutex_unlock(&nms->run_lock);
	put_device(&nms->dev);
}

/* ---- watchdog ------------------------------------------------------------------ */

/* A command has been in flight for too long: look again, abort it, or give the device up. */
static void nms_watch_queue(struct nms_device *nms, struct nms_queue *q)
{
	u16 cid;

	if (nms_queue_blocked(q) && !nms_queue_poll(q)) {
		nms_recover(nms, "the device does not read its ring");
		return;
	}
	if (!nms_queue_expired(q, &cid))
		return;
	if (nms_queue_poll(q)) {
		q->missed_irqs++;
		dev_warn_ratelimited(&nms->pdev->dev, "queue %u: an interrupt was missed\n", q->id);
		return;
	}
	dev_warn_ratelimited(&nms->pdev->dev, "queue %u: command %#x timed out\n", q->id, cid);
	if (nms_admin_abort(nms, q->id, cid) == -ETIMEDOUT)
		return;
	nms_queue_poll(q);
	if (nms_queue_holds(q, cid))
		nms_recover(nms, "a command neither completes nor can be aborted");
}

static void nms_watch(struct nms_device *nms)
{
	u32 status = nms_read32(nms, NMS_HW_REG_STATUS);

	if (nms_is_gone(status)) {
		nms_recover(nms, "the device has gone from the bus");
		return;
	}
	if (status & NMS_HW_STATUS_FATAL) {
		nms_recover(nms, "the device has stopped with a fatal error");
		return;
	}
	if (!(status & NMS_HW_STATUS_READY)) {
		nms_recover(nms, "the device has lost its state");
		return;
	}
	for (unsigned int i = 0; i < nms->nqueues; i++)
		nms_watch_queue(nms, &nms->queues[i]);
}

/*
 * The PCI core resets the function after an error of the bus, and tells; but where
 * it fails it gives up without a word.
 */
static void nms_watch_bus(struct nms_device *nms)
{
	unsigned long limit = 3 * msecs_to_jiffies(max(READ_ONCE(nms_timeout_ms), 100u));

	if (!nms->bus_since || time_before(jiffies, nms->bus_since + limit))
		return;
	nms->bus_since = 0;
	nms_recover(nms, "the bus has not brought the device back");
}

static void nms_watchdog(struct work_struct *work)
{
	struct nms_device *nms = container_of(to_delayed_work(work), struct nms_device, watchdog);
	unsigned int ms = clamp(READ_ONCE(nms_timeout_ms) / 4, 50u, 1000u);

	/* Whoever starts or stops the device needs no watching; a start begins it anew. */
	if (mutex_trylock(&nms->run_lock)) {
		if (nms->state == NMS_LIVE)
			nms_watch(nms);
		else if (nms->state == NMS_RECOVERING)
			nms_watch_bus(nms);
		mutex_unlock(&nms->run_lock);
	}
	if (READ_ONCE(nms->state) != NMS_GONE)
		queue_delayed_work(nms->run_wq, &nms->watchdog, msecs_to_jiffies(ms));
}

void nms_recover_init(struct nms_device *nms)
{
	mutex_init(&nms->run_lock);
	init_waitqueue_head(&nms->state_wait);
	INIT_WORK(&nms->recover_work, nms_recover_work);
	INIT_DELAYED_WORK(&nms->watchdog, nms_watchdog);
}

/*
 * After the state has become GONE: each may ask for the next.  Where the device goes, too, no
 * interrupt may come any more.
 */
void nms_recover_exit(struct nms_device *nms)
{
	cancel_delayed_work_sync(&nms->watchdog);
	cancel_work_sync(&nms->event_work);
	if (cancel_work_sync(&nms->recover_work))
		put_device(&nms->dev);
}

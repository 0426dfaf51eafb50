// SPDX-License-Identifier: GPL-2.0-only
/* Commands of the admin queue: one waits for the answer of each. */
#include <linux/completion.h>
#include <linux/ctype.h>
#include <linux/delay.h>

#include "nms_drv.h"

struct nms_admin_wait {
	struct nms_request req;
	struct completion done;
};

static void nms_admin_done(struct nms_request *req)
{
	complete(&container_of(req, struct nms_admin_wait, req)->done);
}

/*
 * Execute an admin command.  0 or the errno of its status, -ETIMEDOUT (the
 * device is being recovered then), -ENETRESET (it was reset meanwhile), or why
 * there is no device.  @value may be NULL.
 */
int nms_admin(struct nms_device *nms, struct nms_hw_cmd *cmd, u64 *value)
{
	unsigned long timeout = msecs_to_jiffies(max(READ_ONCE(nms_admin_timeout_ms), 100u));
	struct nms_admin_wait wait = { .req = { .done = nms_admin_done, .cmd = *cmd } };

	init_completion(&wait.done);
	nms_queue_submit(&nms->admin, &wait.req, false);
	if (!wait_for_completion_timeout(&wait.done, timeout)) {
		/* Perhaps only the interrupt was lost. */
		nms_queue_poll(&nms->admin);
		if (nms_queue_forget(&nms->admin, &wait.req)) {
			nms_recover(nms, "an admin command was not answered");
			return -ETIMEDOUT;
		}
		wait_for_completion(&wait.done);
	}
	if (value)
		*value = wait.req.value;
	return wait.req.error;
}

/*
 * The same for what must not be left undone because of a reset: wait for the
 * device to come back and try again.
 */
int nms_admin_retry(struct nms_device *nms, const struct nms_hw_cmd *cmd, u64 *value)
{
	int err = -EIO;

	for (int i = 0; i < 3; i++) {
		struct nms_hw_cmd again = *cmd;

		err = nms_wait_live(nms);
		if (err)
			return err;
		err = nms_admin(nms, &again, value);
		if (err != -ENETRESET && err != -ETIMEDOUT)
			return err;
	}
	return err;
}

/* A command that answers with a page.  @size: at most 4096. */
static int nms_admin_page(struct nms_device *nms, struct nms_hw_cmd *cmd, void *data, size_t size)
{
	int err;

	mutex_lock(&nms->page_lock);
	memset(nms->page, 0, size);
	cmd->admin.buffer = cpu_to_le64(nms->page_dma);
	cmd->admin.buffer_size = cpu_to_le32(size);
	err = nms_admin(nms, cmd, NULL);
	if (!err)
		memcpy(data, nms->page, size);
	mutex_unlock(&nms->page_lock);
	return err;
}

/* It goes to the log and to terminals: what is no text there does not. */
static void nms_clean_text(char *text, size_t size)
{
	text[size - 1] = '\0';
	for (; *text; text++)
		if (!isascii(*text) || !isprint(*text))
			*text = '?';
}

int nms_admin_identify(struct nms_device *nms, struct nms_hw_identify *identify)
{
	struct nms_hw_cmd cmd = { .opcode = NMS_HW_ADMIN_IDENTIFY };
	int err = nms_admin_page(nms, &cmd, identify, sizeof(*identify));

	if (err)
		return err;
	nms_clean_text(identify->model, sizeof(identify->model));
	nms_clean_text(identify->serial, sizeof(identify->serial));
	nms_clean_text(identify->firmware, sizeof(identify->firmware));
	nms_clean_text(identify->energy, sizeof(identify->energy));
	for (unsigned int i = 0; i < ARRAY_SIZE(identify->profile); i++)
		nms_clean_text(identify->profile[i].name, sizeof(identify->profile[i].name));
	return 0;
}

int nms_admin_log(struct nms_device *nms, u32 page, u32 context, void *data, size_t size)
{
	struct nms_hw_cmd cmd = { .opcode = NMS_HW_ADMIN_LOG_PAGE };

	cmd.admin.selector = cpu_to_le32(page);
	cmd.admin.value = cpu_to_le32(context);
	return nms_admin_page(nms, &cmd, data, size);
}

/* Both rings of a pair have the pair's number. */
int nms_admin_create_queue(struct nms_queue *q)
{
	struct nms_hw_cmd cq = { .opcode = NMS_HW_ADMIN_CREATE_CQ };
	struct nms_hw_cmd sq = { .opcode = NMS_HW_ADMIN_CREATE_SQ };
	int err;

	cq.queue.base = cpu_to_le64(q->cq_dma);
	cq.queue.qid = cpu_to_le16(q->id);
	cq.queue.entries = cpu_to_le16(q->entries - 1);
	cq.queue.vector = cpu_to_le16(q->vector);
	err = nms_admin(q->nms, &cq, NULL);
	if (err)
		return err;
	sq.queue.base = cpu_to_le64(q->sq_dma);
	sq.queue.qid = cpu_to_le16(q->id);
	sq.queue.entries = cpu_to_le16(q->entries - 1);
	sq.queue.cqid = cpu_to_le16(q->id);
	return nms_admin(q->nms, &sq, NULL);
}

/* -ENOENT: it had completed already. */
int nms_admin_abort(struct nms_device *nms, u16 sq, u16 cid)
{
	struct nms_hw_cmd cmd = { .opcode = NMS_HW_ADMIN_ABORT };

	cmd.admin.sq_id = cpu_to_le16(sq);
	cmd.admin.cid = cpu_to_le16(cid);
	return nms_admin(nms, &cmd, NULL);
}

int nms_admin_feature(struct nms_device *nms, u32 feature, u32 value)
{
	struct nms_hw_cmd cmd = { .opcode = NMS_HW_ADMIN_SET_FEATURE };

	cmd.admin.selector = cpu_to_le32(feature);
	cmd.admin.value = cpu_to_le32(value);
	return nms_admin(nms, &cmd, NULL);
}

/* ---- asynchronous events ------------------------------------------------------- */

/*
 * One request is put up, by the work and by nobody else, so that it is never put up
 * twice: when it is wanted, after a start, and when the last one has been answered.
 * It is up until its done(): one that has been completed is still on the list of
 * whoever is about to say so, for long if that CPU is slow.
 */

#define NMS_EVENT_BURST	100	/* a second; a device that has more to say is slowed down */

static void nms_admin_event_done(struct nms_request *req)
{
	struct nms_device *nms = container_of(req, struct nms_device, event);

	/* Not after an error: what there is to say then is said after the next start. */
	if (!req->error)
		atomic_set(&nms->event_answered, 1);
	/* Pairs with nms_admin_event_work(), which may put it up again at once. */
	smp_store_release(&nms->event_up, false);
	queue_work(nms->run_wq, &nms->event_work);
}

static void nms_admin_event_arm(struct nms_device *nms)
{
	nms->event.cmd = (struct nms_hw_cmd){ .opcode = NMS_HW_ADMIN_ASYNC_EVENT };
	nms->event.done = nms_admin_event_done;
	nms->event_generation = READ_ONCE(nms->generation);
	WRITE_ONCE(nms->event_up, true);
	nms_queue_submit(&nms->admin, &nms->event, false);
}

static void nms_admin_event_tell(struct nms_device *nms, u32 event, u64 value)
{
	switch (event) {
	case NMS_HW_EVENT_ERROR:
		nms_recover(nms, "the device reported an error");
		break;
	case NMS_HW_EVENT_RANGE_LOST:
		nms_buffer_lost(nms, lower_32_bits(value));
		break;
	default:
		dev_warn_ratelimited(&nms->pdev->dev, "unknown event %#x\n", event);
	}
}

static void nms_admin_event_work(struct work_struct *work)
{
	struct nms_device *nms = container_of(work, struct nms_device, event_work);
	bool answered, wanted;
	u32 event, generation;
	u64 value;

	/* Its end calls here again. */
	if (smp_load_acquire(&nms->event_up))
		return;
	event = nms->event.detail;
	value = nms->event.value;
	generation = nms->event_generation;
	answered = atomic_xchg(&nms->event_answered, 0);
	wanted = atomic_xchg(&nms->event_wanted, 0);
	if (!answered && !wanted)
		return;
	if (answered && !__ratelimit(&nms->event_limit))
		usleep_range(10000, 20000);
	nms_admin_event_arm(nms);
	/* A reset since has taken care of it: it looks at all that may have been lost. */
	if (answered && generation == READ_ONCE(nms->generation))
		nms_admin_event_tell(nms, event, value);
}

/* The device has been started, and knows of no request. */
void nms_admin_event_want(struct nms_device *nms)
{
	atomic_set(&nms->event_wanted, 1);
	queue_work(nms->run_wq, &nms->event_work);
}

void nms_admin_event_init(struct nms_device *nms)
{
	ratelimit_state_init(&nms->event_limit, HZ, NMS_EVENT_BURST);
	ratelimit_set_flags(&nms->event_limit, RATELIMIT_MSG_ON_RELEASE);
	INIT_WORK(&nms->event_work, nms_admin_event_work);
}

// SPDX-License-Identifier: GPL-2.0-only
/* What the device and its queues looked like when it failed, for devcoredump. */
#include <linux/devcoredump.h>
#include <linux/vmalloc.h>

#include "nms_regs.h"

#define NMS_DUMP_SIZE SZ_32K

static size_t nms_dump_registers(struct nms_device *nms, char *buf, size_t size)
{
	static const struct {
		const char *name;
		unsigned int reg;
	} reg32[] = {
		{ "VERSION", NMS_HW_REG_VERSION },
		{ "CONFIG", NMS_HW_REG_CONFIG },
		{ "STATUS", NMS_HW_REG_STATUS },
		{ "RESETS", NMS_HW_REG_RESETS },
		{ "ERROR", NMS_HW_REG_ERROR },
	};
	size_t n = 0;

	if (pci_channel_offline(nms->pdev))
		return scnprintf(buf, size, "registers cannot be reached\n");
	for (unsigned int i = 0; i < ARRAY_SIZE(reg32); i++)
		n += scnprintf(buf + n, size - n, "%s %#010x\n", reg32[i].name,
			       nms_read32(nms, reg32[i].reg));
	n += scnprintf(buf + n, size - n, "CAP %#018llx\n", nms->cap);
	n += scnprintf(buf + n, size - n, "ERROR_ADDR %#018llx\n",
		       nms_read64(nms, NMS_HW_REG_ERROR_ADDR));
	return n;
}

static size_t nms_dump_queue(struct nms_queue *q, char *buf, size_t size)
{
	unsigned long flags;
	unsigned int slot;
	size_t n;

	spin_lock_irqsave(&q->lock, flags);
	n = scnprintf(buf, size,
		      "queue %u: tail %u rung %u head %u cq_head %u phase %u in flight %u\n",
		      q->id, q->tail, q->rung, q->head, q->cq_head, q->phase, q->in_flight);
	for_each_set_bit(slot, q->used, q->entries) {
		struct nms_request *req = q->slot[slot];

		n += scnprintf(buf + n, size - n, "  cid %#x opcode %#x context %u for %u ms%s\n",
			       le16_to_cpu(req->cmd.cid), req->cmd.opcode,
			       le32_to_cpu(req->cmd.context),
			       jiffies_to_msecs(jiffies - req->since),
			       req->timed_out ? ", timed out" : "");
	}
	spin_unlock_irqrestore(&q->lock, flags);
	return n;
}

/* No contents of user memory and no addresses of it. */
void nms_dump(struct nms_device *nms, const char *reason)
{
	char *buf = vzalloc(NMS_DUMP_SIZE);
	size_t n;

	if (!buf)
		return;
	n = scnprintf(buf, NMS_DUMP_SIZE, "reason: %s\nmodel: %s\nfirmware: %s\ngeneration: %u\n",
		      reason, nms->identify->model, nms->identify->firmware, nms->generation);
	n += nms_dump_registers(nms, buf + n, NMS_DUMP_SIZE - n);
	n += nms_dump_queue(&nms->admin, buf + n, NMS_DUMP_SIZE - n);
	for (unsigned int i = 0; i < nms->nqueues; i++)
		n += nms_dump_queue(&nms->queues[i], buf + n, NMS_DUMP_SIZE - n);
	/* Takes the memory over. */
	dev_coredumpv(&nms->pdev->dev, buf, n, GFP_KERNEL);
}

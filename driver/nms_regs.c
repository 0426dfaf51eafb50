// SPDX-License-Identifier: GPL-2.0-only
/* Enable, disable and reset, as the contract has them. */
#include <linux/delay.h>

#include "nms_regs.h"

/*
 * Where nothing answers, some platforms read ones and some zeroes, which as a STATUS would be a
 * device at rest.  No version is either.
 */
static bool nms_regs_answer(const struct nms_device *nms)
{
	u32 version = nms_read32(nms, NMS_HW_REG_VERSION);

	return version && !nms_is_gone(version);
}

/*
 * Wait until the bits of @mask in STATUS are @value.  -EIO: FATAL (unless it is
 * waited for), -ENODEV: gone, -ETIMEDOUT.
 */
int nms_regs_wait_status(struct nms_device *nms, u32 mask, u32 value)
{
	unsigned long end = jiffies + msecs_to_jiffies(nms->start_ms) + 1;

	for (;;) {
		bool late = time_after(jiffies, end);
		u32 status = nms_read32(nms, NMS_HW_REG_STATUS);

		if (nms_is_gone(status) || (!status && !nms_regs_answer(nms)))
			return -ENODEV;
		if ((status & mask) == value)
			return 0;
		if ((status & ~mask) & NMS_HW_STATUS_FATAL)
			return -EIO;
		if (late)
			return -ETIMEDOUT;
		usleep_range(100, 1000);
	}
}

/* When this returns 0, no DMA is started any more. */
int nms_regs_reset(struct nms_device *nms)
{
	nms_write32(nms, NMS_HW_REG_RESET, NMS_HW_RESET_KEY);
	return nms_regs_wait_status(nms, U32_MAX, 0);
}

int nms_regs_enable(struct nms_device *nms)
{
	struct nms_queue *q = &nms->admin;
	u32 entries = q->entries - 1;

	nms_write32(nms, NMS_HW_REG_ADMIN_SIZE, entries | entries << 16);
	nms_write64(nms, NMS_HW_REG_ADMIN_SQ, q->sq_dma);
	nms_write64(nms, NMS_HW_REG_ADMIN_CQ, q->cq_dma);
	nms_write32(nms, NMS_HW_REG_CONFIG, NMS_HW_CONFIG_ENABLE);
	return nms_regs_wait_status(nms, NMS_HW_STATUS_READY, NMS_HW_STATUS_READY);
}

int nms_regs_disable(struct nms_device *nms)
{
	nms_write32(nms, NMS_HW_REG_CONFIG, 0);
	return nms_regs_wait_status(nms, NMS_HW_STATUS_READY, 0);
}

/* 0, -EAGAIN: not now, -ENODEV: never again.  Under bound_lock. */
int nms_regs_usable(struct nms_device *nms)
{
	switch (READ_ONCE(nms->state)) {
	case NMS_LIVE:
		return 0;
	case NMS_GONE:
		return -ENODEV;
	default:
		return -EAGAIN;
	}
}

/*
 * A device that has gone, or is being reset, reads as all ones or as zeroes, and the driver
 * may not have noticed yet.  After registers have been read that were usable, in
 * @generation: 0: they were the device's, -ENODEV: it has gone, -EAGAIN: it is brought back.
 */
int nms_regs_believe(struct nms_device *nms, u32 generation)
{
	u32 status = nms_read32(nms, NMS_HW_REG_STATUS);

	if (READ_ONCE(nms->state) != NMS_LIVE || READ_ONCE(nms->generation) != generation)
		return -EAGAIN;
	if (nms_is_gone(status))
		return -ENODEV;
	if (status & (NMS_HW_STATUS_READY | NMS_HW_STATUS_FATAL))
		return 0;
	nms_recover(nms, "the device has lost its state");
	return -EAGAIN;
}

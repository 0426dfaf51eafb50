/* SPDX-License-Identifier: GPL-2.0-only */
/* Access to registers.  All ones: the function has gone from the bus. */
#ifndef NMS_REGS_H
#define NMS_REGS_H

#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>

#include "nms_drv.h"

static inline u32 nms_read32(const struct nms_device *nms, unsigned int reg)
{
	return readl(nms->regs + reg);
}

static inline u64 nms_read64(const struct nms_device *nms, unsigned int reg)
{
	return readq(nms->regs + reg);
}

static inline void nms_write32(struct nms_device *nms, unsigned int reg, u32 value)
{
	writel(value, nms->regs + reg);
}

static inline void nms_write64(struct nms_device *nms, unsigned int reg, u64 value)
{
	writeq(value, nms->regs + reg);
}

static inline bool nms_is_gone(u32 value)
{
	return value == U32_MAX;
}

int nms_regs_wait_status(struct nms_device *nms, u32 mask, u32 value);
int nms_regs_reset(struct nms_device *nms);
int nms_regs_enable(struct nms_device *nms);
int nms_regs_disable(struct nms_device *nms);
int nms_regs_usable(struct nms_device *nms);
int nms_regs_believe(struct nms_device *nms, u32 generation);

#endif /* NMS_REGS_H */

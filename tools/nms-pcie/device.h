/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device as Documentation/hardware.rst has it: registers, queues, admin
 * commands, around the model.  Register access comes from one thread (the
 * server) and is never blocked by work in progress.
 */
#ifndef NMS_PCIE_DEVICE_H
#define NMS_PCIE_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "dma.h"
#include "irq.h"
#include "nms_hw.h"

struct device;

struct device_options {
	uint64_t near_size;	/* bytes */
	uint64_t working;	/* the same, of one command */
	unsigned int vectors;	/* 1 to IRQ_MAX_VECTORS */
	unsigned int queues;	/* pairs beside admin, 1 to 64 */
	unsigned int entries;	/* most in a queue, 2 to 65536 */
	unsigned int threads;	/* of the model's datapath; 0: all */
	const char *energy, *profile;	/* NULL: the model's defaults */
	uint64_t seed;		/* of faults at random */
	uint64_t latency_us;	/* added to each command */
};

/* @why gets a line of reason. */
int device_create(const struct device_options *options, struct device **device, char *why,
		  size_t size);
void device_destroy(struct device *device);

struct dma *device_dma(struct device *device);
struct irq *device_irq(struct device *device);

/* Access to BAR 0; the caller keeps it inside.  Widths as in hardware.rst. */
void device_read(struct device *device, uint64_t offset, void *dst, uint32_t count);
void device_write(struct device *device, uint64_t offset, const void *src, uint32_t count);

/*
 * FLR, or a reset of the bus: as the table in hardware.rst has it.  Returns
 * when no more DMA will be done; a long command is cancelled, not awaited to its end.
 */
void device_function_reset(struct device *device);
/* The link to the host goes down, or comes up again, as after a reset of the bus. */
void device_link(struct device *device, bool up);
/* Not to be seen on the bus; and how often it has gone from there. */
bool device_gone(struct device *device);
unsigned int device_departures(struct device *device);
/* Power fails: 0 or -ENOMEM. */
int device_lose_power(struct device *device);
/* D0 (0) to D3hot (3). */
void device_power(struct device *device, unsigned int state);

/*
 * A line of the control socket ("fault drop 3", ...; see control.c), answered
 * with a line into @answer.
 */
void device_control(struct device *device, const char *line, char *answer, size_t size);

#endif /* NMS_PCIE_DEVICE_H */

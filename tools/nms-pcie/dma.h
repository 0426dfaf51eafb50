/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's memory, as the client maps it.  Thread-safe; an access under way
 * holds off the unmapping of what it touches.
 */
#ifndef NMS_PCIE_DMA_H
#define NMS_PCIE_DMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dma;

int dma_create(struct dma **dma);
void dma_destroy(struct dma *dma);

/*
 * Map @size bytes of @fd from @offset at guest address @address.  @fd -1: an
 * area that cannot be reached.  Does not take @fd.  -EINVAL (empty, wraps),
 * -EEXIST (overlaps), -ENOSPC (too many), or what mmap(2) says.
 */
int dma_map(struct dma *dma, uint64_t address, uint64_t size, int fd, uint64_t offset,
	    bool writable);
/* Exactly one area.  -ENOENT. */
int dma_unmap(struct dma *dma, uint64_t address, uint64_t size);
void dma_unmap_all(struct dma *dma);

/* Bus mastering: while it is off every access fails. */
void dma_set_master(struct dma *dma, bool on);
/* The link to the host: while it is down every access fails. */
void dma_set_link(struct dma *dma, bool up);
/* The device has stopped itself: every access fails until it is let go on. */
void dma_set_stopped(struct dma *dma, bool stopped);

/* @dma is a struct dma; the types are those of struct nms_model_host.  0 or -EFAULT. */
int dma_read(void *dma, uint64_t address, void *dst, size_t size);
int dma_write(void *dma, uint64_t address, const void *src, size_t size);

/* From now on accesses by the calling thread fail, or no longer do (injected faults). */
void dma_fail_thread(bool fail);

#endif /* NMS_PCIE_DMA_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages of vfio-user, as its specification has them (docs of libvfio-user and of
 * QEMU).  Everything is in host byte order: both ends are on one machine.
 */
#ifndef NMS_PCIE_WIRE_H
#define NMS_PCIE_WIRE_H

#include <stdint.h>

enum wire_command {
	WIRE_VERSION		= 1,
	WIRE_DMA_MAP		= 2,
	WIRE_DMA_UNMAP		= 3,
	WIRE_GET_INFO		= 4,
	WIRE_GET_REGION_INFO	= 5,
	WIRE_GET_REGION_IO_FDS	= 6,
	WIRE_GET_IRQ_INFO	= 7,
	WIRE_SET_IRQS		= 8,
	WIRE_REGION_READ	= 9,
	WIRE_REGION_WRITE	= 10,
	WIRE_DMA_READ		= 11,
	WIRE_DMA_WRITE		= 12,
	WIRE_RESET		= 13,
};

#define WIRE_TYPE_MASK		0xfu
#define WIRE_REPLY		0x1u
#define WIRE_NO_REPLY		0x10u
#define WIRE_ERROR		0x20u

struct wire_header {
	uint16_t id;
	uint16_t command;
	uint32_t size;		/* of the message, this header included */
	uint32_t flags;
	uint32_t error;
};

struct wire_version {
	uint16_t major, minor;
	/* JSON, NUL-terminated */
};

#define WIRE_DMA_FLAG_READ	0x1u
#define WIRE_DMA_FLAG_WRITE	0x2u
#define WIRE_UNMAP_ALL		0x2u

struct wire_dma_map {
	uint32_t argsz, flags;
	uint64_t offset;	/* in the descriptor */
	uint64_t address, size;
};

struct wire_dma_unmap {
	uint32_t argsz, flags;
	uint64_t address, size;
};

#define WIRE_INFO_RESET		0x1u
#define WIRE_INFO_PCI		0x2u

struct wire_info {
	uint32_t argsz, flags, regions, irqs;
};

#define WIRE_REGION_FLAG_READ	0x1u
#define WIRE_REGION_FLAG_WRITE	0x2u

enum wire_region {
	WIRE_REGION_BAR0	= 0,
	WIRE_REGION_BAR2	= 2,
	WIRE_REGION_CONFIG	= 7,
	WIRE_NREGIONS		= 9,
};

struct wire_region_info {
	uint32_t argsz, flags, index, cap_offset;
	uint64_t size, offset;
};

enum wire_irq {
	WIRE_IRQ_MSIX		= 2,
	WIRE_NIRQS		= 5,
};

#define WIRE_IRQ_EVENTFD	0x1u
#define WIRE_IRQ_NORESIZE	0x8u

struct wire_irq_info {
	uint32_t argsz, flags, index, count;
};

#define WIRE_IRQ_DATA_NONE	0x01u
#define WIRE_IRQ_DATA_BOOL	0x02u
#define WIRE_IRQ_DATA_EVENTFD	0x04u
#define WIRE_IRQ_DATA		0x07u
#define WIRE_IRQ_TRIGGER	0x20u

struct wire_set_irqs {
	uint32_t argsz, flags, index, start, count;
};

struct wire_access {
	uint64_t offset;
	uint32_t region, count;
	/* data */
};

#define WIRE_MAX_DATA	(1u << 20)
#define WIRE_MAX_FDS	16

#endif /* NMS_PCIE_WIRE_H */

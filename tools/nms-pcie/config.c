// SPDX-License-Identifier: GPL-2.0-only
/* PCI Local Bus 3.0, chapter 6; PCI Express 4.0, chapter 7. */
#include "config.h"

#include <linux/pci_regs.h>
#include <string.h>

#include "nms_hw.h"

/* Where the capabilities lie. */
#define CAP_PM		0x40
#define CAP_EXPRESS	0x50
#define CAP_MSIX	0x90
#define CAP_AER		0x100

/* Errors that the device knows, and which are fatal by default (PCI Express 4.0, 7.8.4). */
#define AER_UNCORRECTABLE (PCI_ERR_UNC_DLP | PCI_ERR_UNC_POISON_TLP | PCI_ERR_UNC_FCP | \
	PCI_ERR_UNC_COMP_TIME | PCI_ERR_UNC_COMP_ABORT | PCI_ERR_UNC_UNX_COMP | PCI_ERR_UNC_RX_OVER | \
	PCI_ERR_UNC_MALF_TLP | PCI_ERR_UNC_UNSUP | PCI_ERR_UNC_INTN)
#define AER_FATAL (PCI_ERR_UNC_DLP | PCI_ERR_UNC_FCP | PCI_ERR_UNC_RX_OVER | \
	PCI_ERR_UNC_MALF_TLP | PCI_ERR_UNC_INTN)
#define AER_CORRECTABLE (PCI_ERR_COR_RCVR | PCI_ERR_COR_BAD_TLP | PCI_ERR_COR_BAD_DLLP | \
	PCI_ERR_COR_REP_ROLL | PCI_ERR_COR_REP_TIMER | PCI_ERR_COR_ADV_NFAT)

static void put(struct config *c, unsigned int at, uint64_t value, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		c->byte[at + i] = (uint8_t)(value >> (8 * i));
}

static void mark(uint8_t *map, unsigned int at, uint64_t mask, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		map[at + i] = (uint8_t)(mask >> (8 * i));
}

static void allow(struct config *c, unsigned int at, uint64_t mask, unsigned int bytes)
{
	mark(c->writable, at, mask, bytes);
}

static uint32_t get(const struct config *c, unsigned int at, unsigned int bytes)
{
	uint32_t value = 0;

	for (unsigned int i = 0; i < bytes; i++)
		value |= (uint32_t)c->byte[at + i] << (8 * i);
	return value;
}

static void header_init(struct config *c)
{
	put(c, PCI_VENDOR_ID, NMS_HW_VENDOR_ID, 2);
	put(c, PCI_DEVICE_ID, NMS_HW_DEVICE_ID, 2);
	put(c, PCI_SUBSYSTEM_VENDOR_ID, NMS_HW_VENDOR_ID, 2);
	put(c, PCI_SUBSYSTEM_ID, NMS_HW_DEVICE_ID, 2);
	put(c, PCI_CLASS_REVISION, (uint32_t)NMS_HW_CLASS << 8 | 1, 4);
	put(c, PCI_STATUS, PCI_STATUS_CAP_LIST, 2);
	put(c, PCI_CAPABILITY_LIST, CAP_PM, 1);
	allow(c, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY |
	      PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE, 2);
	allow(c, PCI_CACHE_LINE_SIZE, 0xff, 1);
	allow(c, PCI_INTERRUPT_LINE, 0xff, 1);
	/* 64-bit memory BARs: sizing writes ones and reads back the mask. */
	put(c, PCI_BASE_ADDRESS_0, PCI_BASE_ADDRESS_MEM_TYPE_64, 4);
	allow(c, PCI_BASE_ADDRESS_0, ~(uint64_t)(NMS_HW_BAR_REGS_SIZE - 1), 8);
	put(c, PCI_BASE_ADDRESS_2, PCI_BASE_ADDRESS_MEM_TYPE_64, 4);
	allow(c, PCI_BASE_ADDRESS_2, ~(uint64_t)(CONFIG_BAR2_SIZE - 1), 8);
}

static void power_init(struct config *c)
{
	put(c, CAP_PM, PCI_CAP_ID_PM, 1);
	put(c, CAP_PM + 1, CAP_EXPRESS, 1);
	put(c, CAP_PM + PCI_PM_PMC, 3, 2);
	put(c, CAP_PM + PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RESET, 2);
	allow(c, CAP_PM + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK, 2);
}

static void express_init(struct config *c)
{
	put(c, CAP_EXPRESS, PCI_CAP_ID_EXP, 1);
	put(c, CAP_EXPRESS + 1, CAP_MSIX, 1);
	put(c, CAP_EXPRESS + PCI_EXP_FLAGS, PCI_EXP_TYPE_ENDPOINT << 4 | 2, 2);
	put(c, CAP_EXPRESS + PCI_EXP_DEVCAP, PCI_EXP_DEVCAP_FLR | PCI_EXP_DEVCAP_RBER | 1, 4);
	allow(c, CAP_EXPRESS + PCI_EXP_DEVCTL, 0xffff, 2);
	put(c, CAP_EXPRESS + PCI_EXP_LNKCAP, 0x43, 4);	/* x4, 8 GT/s */
	put(c, CAP_EXPRESS + PCI_EXP_LNKSTA, 0x43, 2);
	put(c, CAP_EXPRESS + PCI_EXP_LNKCAP2, 0xe, 4);
	put(c, CAP_EXPRESS + PCI_EXP_LNKCTL2, 3, 2);
}

/* Errors are recorded by whoever injects them (a root port, a kernel's aer_inject). */
static void aer_init(struct config *c)
{
	put(c, CAP_AER, PCI_EXT_CAP_ID_ERR | 2u << 16, 4);
	mark(c->clearable, CAP_AER + PCI_ERR_UNCOR_STATUS, AER_UNCORRECTABLE, 4);
	allow(c, CAP_AER + PCI_ERR_UNCOR_MASK, AER_UNCORRECTABLE, 4);
	put(c, CAP_AER + PCI_ERR_UNCOR_SEVER, AER_FATAL, 4);
	allow(c, CAP_AER + PCI_ERR_UNCOR_SEVER, AER_UNCORRECTABLE, 4);
	mark(c->clearable, CAP_AER + PCI_ERR_COR_STATUS, AER_CORRECTABLE, 4);
	put(c, CAP_AER + PCI_ERR_COR_MASK, PCI_ERR_COR_ADV_NFAT, 4);
	allow(c, CAP_AER + PCI_ERR_COR_MASK, AER_CORRECTABLE, 4);
}

static void msix_init(struct config *c, unsigned int vectors)
{
	put(c, CAP_MSIX, PCI_CAP_ID_MSIX, 1);
	put(c, CAP_MSIX + PCI_MSIX_FLAGS, vectors - 1, 2);
	allow(c, CAP_MSIX + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL, 2);
	put(c, CAP_MSIX + PCI_MSIX_TABLE, NMS_HW_BAR_MSIX, 4);
	put(c, CAP_MSIX + PCI_MSIX_PBA, CONFIG_PBA | NMS_HW_BAR_MSIX, 4);
}

void config_init(struct config *c, unsigned int vectors)
{
	memset(c, 0, sizeof(*c));
	header_init(c);
	power_init(c);
	express_init(c);
	msix_init(c, vectors);
	aer_init(c);
}

void config_read(const struct config *c, uint64_t offset, void *dst, uint32_t count)
{
	memcpy(dst, c->byte + offset, count);
}

unsigned int config_write(struct config *c, uint64_t offset, const void *src, uint32_t count)
{
	const uint8_t *data = src;
	bool master = config_master(c);
	unsigned int power = config_power(c), events = CONFIG_NOTHING;

	for (uint32_t i = 0; i < count; i++) {
		uint8_t mask = c->writable[offset + i];

		c->byte[offset + i] = (uint8_t)((c->byte[offset + i] & ~mask) | (data[i] & mask));
		c->byte[offset + i] &= (uint8_t)~(data[i] & c->clearable[offset + i]);
	}
	if (config_master(c) != master)
		events |= CONFIG_MASTER;
	if (config_power(c) != power)
		events |= CONFIG_POWER;
	if (get(c, CAP_EXPRESS + PCI_EXP_DEVCTL, 2) & PCI_EXP_DEVCTL_BCR_FLR) {
		/* The bit reads as zero. */
		c->byte[CAP_EXPRESS + PCI_EXP_DEVCTL + 1] &= 0x7f;
		events |= CONFIG_FLR;
	}
	return events;
}

bool config_master(const struct config *c)
{
	return get(c, PCI_COMMAND, 2) & PCI_COMMAND_MASTER;
}

bool config_memory(const struct config *c)
{
	return get(c, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY;
}

unsigned int config_power(const struct config *c)
{
	return get(c, CAP_PM + PCI_PM_CTRL, 2) & PCI_PM_CTRL_STATE_MASK;
}

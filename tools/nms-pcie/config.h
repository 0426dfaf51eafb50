/* SPDX-License-Identifier: GPL-2.0-only */
/* PCI configuration space of the function.  One thread. */
#ifndef NMS_PCIE_CONFIG_H
#define NMS_PCIE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#define CONFIG_SIZE	4096u
#define CONFIG_BAR2_SIZE 4096u
#define CONFIG_PBA	0x800u		/* of the pending bits in BAR 2 */

struct config {
	uint8_t byte[CONFIG_SIZE];
	uint8_t writable[CONFIG_SIZE];	/* bits that a write changes */
	uint8_t clearable[CONFIG_SIZE];	/* bits that a write of one clears */
};

/* What a write to the space asks of the function. */
enum config_event {
	CONFIG_NOTHING	= 0,
	CONFIG_MASTER	= 1,		/* the bus-master bit has changed */
	CONFIG_FLR	= 2,		/* a function-level reset is wanted */
	CONFIG_POWER	= 4,		/* the power state has changed */
};

/* The space as it is after power-on, FLR or a reset of the bus. */
void config_init(struct config *config, unsigned int vectors);

/* The caller keeps offset + count within CONFIG_SIZE. */
void config_read(const struct config *config, uint64_t offset, void *dst, uint32_t count);
/* Returns a set of enum config_event. */
unsigned int config_write(struct config *config, uint64_t offset, const void *src, uint32_t count);

bool config_master(const struct config *config);
/* Without it the function does not answer for its BARs. */
bool config_memory(const struct config *config);
/* D0 to D3hot: 0 to 3. */
unsigned int config_power(const struct config *config);

#endif /* NMS_PCIE_CONFIG_H */

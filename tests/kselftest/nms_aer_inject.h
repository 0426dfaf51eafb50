/* SPDX-License-Identifier: GPL-2.0-only */
/* Errors of the bus (PCI Express AER) for tests: the kernel's aer_inject makes them. */
#ifndef NMS_AER_INJECT_H
#define NMS_AER_INJECT_H

#include <linux/pci_regs.h>

#include "nms_control.h"

/* As drivers/pci/pcie/aer_inject.c has it; no header of the kernel does. */
struct aer_error_inj {
	uint8_t bus, dev, fn;
	uint32_t uncor_status, cor_status;
	uint32_t header_log[4];
	uint32_t domain;
};

/* The function @slot has these errors, bits of its AER registers; 0 or a negative errno. */
static inline int nms_aer_inject(const char *slot, uint32_t uncorrectable, uint32_t correctable)
{
	struct aer_error_inj error = { .uncor_status = uncorrectable, .cor_status = correctable,
				       .header_log = { 1, 2, 3, 4 } };
	unsigned int domain, bus, dev, fn;
	int fd, err;

	if (sscanf(slot, "%x:%x:%x.%x", &domain, &bus, &dev, &fn) != 4)
		return -EINVAL;
	error.domain = domain;
	error.bus = bus;
	error.dev = dev;
	error.fn = fn;
	fd = open("/dev/aer_inject", O_WRONLY | O_CLOEXEC);
	err = fd < 0 || write(fd, &error, sizeof(error)) < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	return err;
}

#endif /* NMS_AER_INJECT_H */

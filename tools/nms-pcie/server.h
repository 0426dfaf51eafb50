/* SPDX-License-Identifier: GPL-2.0-only */
/* The vfio-user side: one client at a time, one message after another. */
#ifndef NMS_PCIE_SERVER_H
#define NMS_PCIE_SERVER_H

#include "device.h"

/*
 * Listen at @path (a socket that somebody left there is replaced) and serve clients one
 * after another until @stop_fd is readable.  When a client goes, the device is
 * reset as by power-on of the bus, and its memory unmapped.  0 or -errno.
 */
int server_run(const char *path, struct device *device, int stop_fd);

#endif /* NMS_PCIE_SERVER_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* The control socket: faults and counters, a line a request, a line an answer. */
#ifndef NMS_PCIE_CONTROL_H
#define NMS_PCIE_CONTROL_H

#include "device.h"

struct control;

/* Serve requests at @path on a thread of its own.  0 or -errno. */
int control_start(const char *path, struct device *device, struct control **control);
void control_stop(struct control *control);

#endif /* NMS_PCIE_CONTROL_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* A device's counters, time after time. */
#ifndef NMSCTL_WATCH_H
#define NMSCTL_WATCH_H

#include "options.h"

/* Every options->watch seconds a line, until interrupted.  Returns the status to exit with. */
int energy_watch(const struct nmsctl_options *options);

#endif /* NMSCTL_WATCH_H */

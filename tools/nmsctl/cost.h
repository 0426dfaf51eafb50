/* SPDX-License-Identifier: GPL-2.0-only */
/* What it costs to move a byte, found by moving some; and the host path that is modelled from it. */
#ifndef NMSCTL_COST_H
#define NMSCTL_COST_H

#include "session.h"

/* Picojoules a byte, by domain. */
struct unit_cost {
	double write[NMS_NDOMAINS];	/* host to near memory */
	double read[NMS_NDOMAINS];	/* near memory to host */
};

/* Returns the status to exit with after having said why, or 0. */
int unit_cost_measure(struct session *session, struct unit_cost *cost);

/*
 * One selection two ways, in picojoules.  Near: the job beside the memory, then
 * the chosen rows over the link.  Host: every row over the link once, then the
 * same work at the host.
 */
struct two_paths {
	uint64_t near_bytes, host_bytes;	/* over the link */
	double near[NMS_NDOMAINS], host[NMS_NDOMAINS];
};
void two_paths_model(const struct unit_cost *cost, const struct nms_result *job,
		     uint64_t rows, uint64_t chosen, uint64_t row_bytes, struct two_paths *paths);

double energy_sum(const double *energy);
extern const char *const domain_names[NMS_NDOMAINS];

#endif /* NMSCTL_COST_H */

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From counted work to modelled cycles, time and energy. */
#ifndef METER_H
#define METER_H

#include "energy.h"
#include "env.h"
#include "nms_hw.h"

/* Work that a command did: the engine's counts, and bytes over the link. */
struct meter_work {
	struct eng_counters engine;
	uint64_t link_in, link_out;
};

struct meter_reading {
	uint64_t energy[NMS_HW_NDOMAINS];	/* picojoules */
	uint64_t cycles[NMS_HW_NPHASES];
	double seconds;				/* modelled */
};

/* One count summed over the phases. */
uint64_t meter_sum(const struct eng_counters *counters, enum eng_count what);

/* A function of @profile and @work alone: no clock is read. */
void meter_read(const struct energy_profile *profile, const struct meter_work *work,
		struct meter_reading *reading);

#endif /* METER_H */

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
	uint64_t cycles[NMS_HW_NPHASES], switch_cycles;
	double seconds;				/* modelled */
	/* Shares of their lanes' cycles in which multipliers and units for the rest worked. */
	double mac_used, special_used;
	/* um2: one set of units for all phases that ran here, and what each of them had work for. */
	double area_shared, area[NMS_HW_NPHASES];
};

/* One count summed over the phases. */
uint64_t meter_sum(const struct eng_counters *counters, enum eng_count what);

/* A function of @profile and @work alone: no clock is read. */
void meter_read(const struct energy_profile *profile, const struct meter_work *work,
		struct meter_reading *reading);

#endif /* METER_H */

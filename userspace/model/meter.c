// SPDX-License-Identifier: LGPL-2.1-or-later
#include "meter.h"

#include <math.h>

#define PICO 1e12

uint64_t meter_sum(const struct eng_counters *counters, enum eng_count what)
{
	uint64_t sum = 0;

	for (unsigned int p = 0; p < ENG_NPHASES; p++)
		sum += counters->count[p][what];
	return sum;
}

static uint64_t to_integer(double x)
{
	return x < 0x1p63 ? (uint64_t)x : UINT64_MAX;
}

/*
 * Units work side by side and the slowest sets the pace, as in the roofline
 * model (Williams, Waterman, Patterson, CACM 52, 2009).
 */
static double phase_cycles(const double *k, const uint64_t *count)
{
	double near = (double)(count[ENG_COUNT_NEAR_READ] + count[ENG_COUNT_NEAR_WRITE]);
	double most = near * k[ENERGY_CLOCK] / k[ENERGY_NEAR_BANDWIDTH];

	most = fmax(most, (double)count[ENG_COUNT_MAC] / k[ENERGY_MAC_LANES]);
	most = fmax(most, (double)count[ENG_COUNT_SPECIAL] / k[ENERGY_SPECIAL_LANES]);
	return fmax(most, (double)count[ENG_COUNT_SCRATCH] / k[ENERGY_SCRATCH_WIDTH]);
}

void meter_read(const struct energy_profile *profile, const struct meter_work *work,
		struct meter_reading *reading)
{
	const double *k = profile->value;
	const struct eng_counters *c = &work->engine;
	double cycles = (double)c->switches * k[ENERGY_SWITCH_CYCLES];
	double link = (double)(work->link_in + work->link_out);
	double pj[NMS_HW_NDOMAINS];

	for (unsigned int p = 0; p < NMS_HW_NPHASES; p++) {
		reading->cycles[p] = to_integer(ceil(phase_cycles(k, c->count[p])));
		cycles += (double)reading->cycles[p];
	}
	reading->seconds = cycles / k[ENERGY_CLOCK] + link / k[ENERGY_LINK_BANDWIDTH];
	pj[NMS_HW_NEAR] =
		8 * ((double)meter_sum(c, ENG_COUNT_NEAR_READ) * k[ENERGY_NEAR_READ] +
		     (double)meter_sum(c, ENG_COUNT_NEAR_WRITE) * k[ENERGY_NEAR_WRITE]);
	pj[NMS_HW_COMPUTE] = (double)meter_sum(c, ENG_COUNT_MAC) * k[ENERGY_MAC] +
				 (double)meter_sum(c, ENG_COUNT_SPECIAL) * k[ENERGY_SPECIAL];
	pj[NMS_HW_SCRATCH] = (double)meter_sum(c, ENG_COUNT_SCRATCH) * k[ENERGY_SCRATCH];
	pj[NMS_HW_LINK] = 8 * link * k[ENERGY_LINK];
	pj[NMS_HW_STATIC] = (k[ENERGY_NEAR_STATIC] + k[ENERGY_LOGIC_STATIC]) *
				reading->seconds * PICO;
	for (unsigned int d = 0; d < NMS_HW_NDOMAINS; d++)
		reading->energy[d] = to_integer(pj[d] + 0.5);
}

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

/* Words go through the lanes for floats. */
static double multiplications(const uint64_t *count)
{
	return (double)count[ENG_COUNT_MAC] + (double)count[ENG_COUNT_FIXED_MAC];
}

/*
 * Units work side by side and the slowest sets the pace, as in the roofline
 * model (Williams, Waterman, Patterson, CACM 52, 2009).
 */
static double phase_cycles(const double *k, const uint64_t *count)
{
	double near = (double)(count[ENG_COUNT_NEAR_READ] + count[ENG_COUNT_NEAR_WRITE]);
	double most = near * k[ENERGY_CLOCK] / k[ENERGY_NEAR_BANDWIDTH];

	most = fmax(most, multiplications(count) / k[ENERGY_MAC_LANES]);
	most = fmax(most, (double)count[ENG_COUNT_SPECIAL] / k[ENERGY_SPECIAL_LANES]);
	most = fmax(most, (double)count[ENG_COUNT_LOOKUP] / k[ENERGY_LOOKUP_LANES]);
	return fmax(most, (double)count[ENG_COUNT_SCRATCH] / k[ENERGY_SCRATCH_WIDTH]);
}

static double used(double work, double lanes, double cycles)
{
	return cycles > 0.0 ? work / (lanes * cycles) : 0.0;
}

/* Lanes of a kind that a phase has work for. */
static double units_area(const double *k, const uint64_t *count)
{
	double area = 0.0;

	if (multiplications(count) > 0.0)
		area += k[ENERGY_MAC_LANES] * k[ENERGY_MAC_AREA];
	if (count[ENG_COUNT_SPECIAL])
		area += k[ENERGY_SPECIAL_LANES] * k[ENERGY_SPECIAL_AREA];
	if (count[ENG_COUNT_LOOKUP])
		area += k[ENERGY_LOOKUP_LANES] * k[ENERGY_LOOKUP_AREA];
	return area;
}

/* The datapath is shared: one phase at a time has all of it. */
static void read_datapath(const double *k, const struct eng_counters *c, double cycles,
			  struct meter_reading *reading)
{
	uint64_t all[ENG_NCOUNTS] = { 0 };

	for (unsigned int p = 0; p < ENG_NPHASES; p++) {
		reading->area[p] = units_area(k, c->count[p]);
		for (unsigned int what = 0; what < ENG_NCOUNTS; what++)
			all[what] += c->count[p][what];
	}
	reading->area_shared = units_area(k, all);
	reading->mac_used = used(multiplications(all), k[ENERGY_MAC_LANES], cycles);
	reading->special_used = used((double)all[ENG_COUNT_SPECIAL], k[ENERGY_SPECIAL_LANES],
				     cycles);
}

void meter_read(const struct energy_profile *profile, const struct meter_work *work,
		struct meter_reading *reading)
{
	const double *k = profile->value;
	const struct eng_counters *c = &work->engine;
	double cycles = (double)c->switches * k[ENERGY_SWITCH_CYCLES];
	double link = (double)(work->link_in + work->link_out);
	double pj[NMS_HW_NDOMAINS];

	reading->switch_cycles = to_integer(cycles);
	for (unsigned int p = 0; p < NMS_HW_NPHASES; p++) {
		reading->cycles[p] = to_integer(ceil(phase_cycles(k, c->count[p])));
		cycles += (double)reading->cycles[p];
	}
	read_datapath(k, c, cycles, reading);
	reading->seconds = cycles / k[ENERGY_CLOCK] + link / k[ENERGY_LINK_BANDWIDTH];
	pj[NMS_HW_NEAR] =
		8 * ((double)meter_sum(c, ENG_COUNT_NEAR_READ) * k[ENERGY_NEAR_READ] +
		     (double)meter_sum(c, ENG_COUNT_NEAR_WRITE) * k[ENERGY_NEAR_WRITE]);
	pj[NMS_HW_COMPUTE] = (double)meter_sum(c, ENG_COUNT_MAC) * k[ENERGY_MAC] +
				 (double)meter_sum(c, ENG_COUNT_SPECIAL) * k[ENERGY_SPECIAL] +
				 (double)meter_sum(c, ENG_COUNT_FIXED_MAC) * k[ENERGY_FIXED_MAC] +
				 (double)meter_sum(c, ENG_COUNT_LOOKUP) * k[ENERGY_LOOKUP];
	pj[NMS_HW_SCRATCH] = (double)meter_sum(c, ENG_COUNT_SCRATCH) * k[ENERGY_SCRATCH];
	pj[NMS_HW_LINK] = 8 * link * k[ENERGY_LINK];
	pj[NMS_HW_STATIC] = (k[ENERGY_NEAR_STATIC] + k[ENERGY_LOGIC_STATIC]) *
				reading->seconds * PICO;
	for (unsigned int d = 0; d < NMS_HW_NDOMAINS; d++)
		reading->energy[d] = to_integer(pj[d] + 0.5);
}

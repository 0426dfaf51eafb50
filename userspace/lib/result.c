// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a command did, from what the device left. */
#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

_Static_assert((int)NMS_NPHASES == (int)NMS_HW_NPHASES, "phases");
_Static_assert(NMS_HW_NROW_FLAGS == 5, "row flags of struct nms_result");
_Static_assert((int)NMS_ROW_MET == (int)NMS_HW_ROW_MET &&
	       (int)NMS_ROW_ABOVE_K == (int)NMS_HW_ROW_ABOVE_K &&
	       (int)NMS_ROW_TIES == (int)NMS_HW_ROW_TIES &&
	       (int)NMS_ROW_IDENTICAL == (int)NMS_HW_ROW_IDENTICAL &&
	       (int)NMS_ROW_BUDGET == (int)NMS_HW_ROW_BUDGET, "row flags");

static const char *const phase_name[NMS_NPHASES] = {
	[NMS_PHASE_READ]	= "read",
	[NMS_PHASE_REDUCE]	= "reduce",
	[NMS_PHASE_NEIGHBOURS]	= "neighbours",
	[NMS_PHASE_SEARCH]	= "search",
	[NMS_PHASE_EMBED]	= "embed",
	[NMS_PHASE_ENTROPY]	= "entropy",
	[NMS_PHASE_SELECT]	= "select",
	[NMS_PHASE_GATHER]	= "gather",
};

const char *nms_phase_name(enum nms_phase phase)
{
	return (unsigned int)phase < NMS_NPHASES ? phase_name[phase] : "";
}

static float real(__le32 word)
{
	uint32_t bits = le32toh(word);
	float f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

static void put_profile(struct nms_result *to, uint32_t profile)
{
	unsigned int log = profile >> 16 & 0xff;

	if (profile == NMS_HW_PROFILE_PORTABLE)
		snprintf(to->profile, sizeof(to->profile), "portable");
	else if (profile == NMS_HW_PROFILE_FMA)
		snprintf(to->profile, sizeof(to->profile), "fma");
	else if ((profile & 0xff) == NMS_HW_PROFILE_FIXED && log <= 10)
		snprintf(to->profile, sizeof(to->profile), "fixed%u/%u/%u", profile >> 8 & 0x1f,
			 1u << log, profile >> 24 & 0x1f);
	else
		to->profile[0] = '\0';
}

/* Costs are told of every command; what was computed with, where there was computing. */
static void fill_block(const struct nms_slot *slot, struct nms_result *to)
{
	const struct nms_hw_result *from = &slot->result;
	unsigned int i;

	for (i = 0; i < NMS_NDOMAINS; i++)
		to->energy[i] = le64toh(from->energy[i]);
	for (i = 0; i < NMS_NPHASES; i++) {
		to->cycles[i] = le64toh(from->cycles[i]);
		to->nanoseconds[i] = le64toh(from->nanoseconds[i]);
	}
	to->near_read = le64toh(from->near_read);
	to->near_write = le64toh(from->near_write);
	to->link_in = le64toh(from->link_in);
	to->link_out = le64toh(from->link_out);
	if (!slot->param_size)
		return;
	put_profile(to, le32toh(from->profile));
	to->numerics = le32toh(from->numerics);
	to->switches = le32toh(from->switches);
	to->scratch = le64toh(from->scratch);
	to->mac = le64toh(from->mac);
	to->special = le64toh(from->special);
	to->fixed_mac = le64toh(from->fixed_mac);
	to->lookup = le64toh(from->lookup);
	to->switch_cycles = le64toh(from->switch_cycles);
	to->mac_used = real(from->mac_used);
	to->special_used = real(from->special_used);
	to->area_shared = real(from->area_shared);
	for (i = 0; i < NMS_NPHASES; i++)
		to->area[i] = real(from->area[i]);
	to->evaluations = le64toh(from->evaluations);
	for (i = 0; i < NMS_HW_NROW_FLAGS; i++)
		to->row_flags[i] = le64toh(from->row_flags[i]);
	to->features = le32toh(from->features);
	to->groups = le32toh(from->groups);
	to->iterations = le32toh(from->iterations);
	to->trace_lines = le32toh(from->trace_lines);
	to->perplexity = real(from->perplexity);
	to->entropy = real(from->entropy);
	to->kl = real(from->kl);
	to->residual_mean = real(from->residual_mean);
	to->residual_max = real(from->residual_max);
	to->variance_kept = real(from->variance_kept);
	to->neighbours = (enum nms_neighbours)le32toh(from->neighbours);
	to->recall10 = real(from->recall10);
	to->recall = real(from->recall);
	to->coverage = real(from->coverage);
	to->coverage_random = real(from->coverage_random);
}

void nms_result_fill(const struct nms_device *device, const struct nms_slot *slot,
		     const struct nms_error *e, struct nms_result *result)
{
	NMS_INIT(result);
	result->error = e->error;
	result->cause = e->cause;
	snprintf(result->backend, sizeof(result->backend), "%s", device->ops->name);
	snprintf(result->device, sizeof(result->device), "%s", device->name);
	result->value = slot->value;
	fill_block(slot, result);
}

static uint64_t all_cycles(const struct nms_result *r)
{
	uint64_t sum = r->switch_cycles;

	for (unsigned int i = 0; i < NMS_NPHASES; i++)
		sum += r->cycles[i];
	return sum;
}

static float shared_by(float used, uint64_t cycles, float other, uint64_t other_cycles)
{
	double all = (double)cycles + (double)other_cycles;

	return all > 0 ? (float)((used * (double)cycles + other * (double)other_cycles) / all) : 0;
}

/* One datapath did both, one after the other. */
static void add_datapath(struct nms_result *total, const struct nms_result *r)
{
	uint64_t before = all_cycles(total), now = all_cycles(r);

	total->mac_used = shared_by(total->mac_used, before, r->mac_used, now);
	total->special_used = shared_by(total->special_used, before, r->special_used, now);
	if (r->area_shared > total->area_shared)
		total->area_shared = r->area_shared;
	for (unsigned int i = 0; i < NMS_NPHASES; i++)
		if (r->area[i] > total->area[i])
			total->area[i] = r->area[i];
}

static void add_work(struct nms_result *total, const struct nms_result *r)
{
	unsigned int i;

	add_datapath(total, r);
	for (i = 0; i < NMS_NDOMAINS; i++)
		total->energy[i] += r->energy[i];
	for (i = 0; i < NMS_NPHASES; i++) {
		total->cycles[i] += r->cycles[i];
		total->nanoseconds[i] += r->nanoseconds[i];
	}
	total->near_read += r->near_read;
	total->near_write += r->near_write;
	total->link_in += r->link_in;
	total->link_out += r->link_out;
	total->scratch += r->scratch;
	total->mac += r->mac;
	total->special += r->special;
	total->fixed_mac += r->fixed_mac;
	total->lookup += r->lookup;
	total->switches += r->switches;
	total->switch_cycles += r->switch_cycles;
	total->evaluations += r->evaluations;
}

void nms_result_add(struct nms_result *total, const struct nms_result *r)
{
	unsigned int i;

	add_work(total, r);
	for (i = 0; i < 5; i++)
		total->row_flags[i] += r->row_flags[i];
	if (r->profile[0]) {
		memcpy(total->profile, r->profile, sizeof(total->profile));
		total->numerics = r->numerics;
	}
	if (r->features)
		total->features = r->features;
	if (r->groups)
		total->groups = r->groups;
	if (r->variance_kept > 0)
		total->variance_kept = r->variance_kept;
	if (r->perplexity > 0) {
		total->perplexity = r->perplexity;
		total->residual_mean = r->residual_mean;
		total->residual_max = r->residual_max;
	}
	if (r->coverage_random > 0) {
		total->coverage = r->coverage;
		total->coverage_random = r->coverage_random;
	}
	if (r->neighbours) {
		total->neighbours = r->neighbours;
		total->recall10 = r->recall10;
		total->recall = r->recall;
	}
	if (r->iterations) {
		total->iterations = r->iterations;
		total->entropy = r->entropy;
		total->kl = r->kl;
		total->trace_lines = r->trace_lines;
	}
}

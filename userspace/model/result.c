// SPDX-License-Identifier: LGPL-2.1-or-later
/* The result block: what ran, what it cost, why it failed. */
#include <string.h>

#include "exec.h"

uint32_t result_bits(float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

void result_neighbours(struct nms_hw_result *r, const struct eng_knn_stats *stats)
{
	r->neighbours = stats->method;
	r->recall10 = result_bits(stats->recall10);
	r->recall = result_bits(stats->recall);
}

static uint64_t double_bits(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static void fill_cost(struct exec *x)
{
	const struct eng_counters *c = &x->work.engine;
	struct nms_hw_result *r = &x->result;
	struct meter_reading reading;

	meter_read(&x->model->energy, &x->work, &reading);
	for (unsigned int d = 0; d < NMS_HW_NDOMAINS; d++)
		r->energy[d] = reading.energy[d];
	for (unsigned int p = 0; p < NMS_HW_NPHASES; p++) {
		r->cycles[p] = reading.cycles[p];
		r->area[p] = result_bits((float)reading.area[p]);
		r->nanoseconds[p] = c->nanoseconds[p];
	}
	r->switches = c->switches;
	r->switch_cycles = reading.switch_cycles;
	r->mac_used = result_bits((float)reading.mac_used);
	r->special_used = result_bits((float)reading.special_used);
	r->area_shared = result_bits((float)reading.area_shared);
	r->near_read = meter_sum(c, ENG_COUNT_NEAR_READ);
	r->near_write = meter_sum(c, ENG_COUNT_NEAR_WRITE);
	r->scratch = meter_sum(c, ENG_COUNT_SCRATCH);
	r->mac = meter_sum(c, ENG_COUNT_MAC);
	r->special = meter_sum(c, ENG_COUNT_SPECIAL);
	r->fixed_mac = meter_sum(c, ENG_COUNT_FIXED_MAC);
	r->lookup = meter_sum(c, ENG_COUNT_LOOKUP);
	r->link_in = x->work.link_in;
	r->link_out = x->work.link_out;
}

static void fill_error(struct exec *x)
{
	struct nms_hw_result *r = &x->result;

	r->count = 0;
	r->error_field = x->detail;
	r->error_row = x->fault.row;
	r->error_col = x->fault.col;
	r->error_value = double_bits(x->fault.value);
	r->error_limit = double_bits(x->fault.limit);
}

static bool wanted(const struct exec *x)
{
	return x->cmd->result && x->cmd->result_size >= sizeof(x->result);
}

void result_begin(struct exec *x)
{
	if (wanted(x))
		beat_begin(&x->model->beats, &x->beat, x->cmd->result);
}

void result_progress(struct exec *x, enum eng_phase phase, uint64_t done, uint64_t total)
{
	if (wanted(x))
		beat_note(&x->model->beats, &x->beat, (uint32_t)phase, done, total);
}

/* The last beat must not come after the block, or after the completion. */
static void end_progress(struct exec *x)
{
	beat_end(&x->model->beats, &x->beat);
	x->result.progress_phase = x->beat.phase;
	x->result.progress_done = x->beat.done;
	x->result.progress_total = x->beat.total;
	x->result.progress_beat = x->beat.count;
}

void result_write(struct exec *x, enum nms_hw_status *status)
{
	const struct nms_hw_cmd *cmd = x->cmd;
	struct nms_hw_result *r = &x->result;
	uint32_t size = sizeof(*r);

	if (!wanted(x))
		return;
	end_progress(x);
	r->version = NMS_HW_PARAM_VERSION;
	r->opcode = cmd->opcode;
	r->size = size;
	r->status = *status;
	r->profile = x->env.kernels->profile;
	r->numerics = NMS_HW_NUMERICS_VERSION;
	x->work.link_out += size;
	fill_cost(x);
	if (*status)
		fill_error(x);
	if (host_write(&x->model->host, cmd->result, r, size)) {
		x->work.link_out -= size;
		if (!*status)
			*status = exec_fail(x, NMS_HW_DMA_ERROR,
					    offsetof(struct nms_hw_cmd, result));
	}
}

// SPDX-License-Identifier: GPL-2.0-only
#include "results_json.h"

#include <errno.h>

#include "cost.h"

static const char *const flag_names[] = { "met", "above_k", "ties", "identical", "budget" };

static int add_bytes(struct json_object *root, const struct nms_result *total)
{
	struct json_object *to = json_put_object(root, "bytes");
	int error = json_put_u64(to, "near_read", total->near_read);

	error |= json_put_u64(to, "near_write", total->near_write);
	error |= json_put_u64(to, "link_in", total->link_in);
	error |= json_put_u64(to, "link_out", total->link_out);
	return error | json_put_u64(to, "scratch", total->scratch);
}

static int add_energy(struct json_object *root, const struct nms_result *total, const char *profile)
{
	struct json_object *to = json_put_object(root, "energy");
	uint64_t sum = 0;
	int error = json_put_text(to, "unit", "pJ");

	error |= json_put_text(to, "profile", profile);
	error |= json_put_flag(to, "modelled", 1);
	for (int d = 0; d < NMS_NDOMAINS; d++) {
		error |= json_put_u64(to, domain_names[d], total->energy[d]);
		sum += total->energy[d];
	}
	return error | json_put_u64(to, "total", sum);
}

static int add_flags(struct json_object *root, const struct nms_result *total)
{
	struct json_object *to = json_put_object(root, "row_flags");
	int error = 0;

	for (size_t i = 0; i < sizeof(flag_names) / sizeof(flag_names[0]); i++)
		error |= json_put_u64(to, flag_names[i], total->row_flags[i]);
	return error;
}

/* One datapath for all phases, one after another; modelled, as the energy is. */
static int add_datapath(struct json_object *root, const struct nms_result *total)
{
	struct json_object *to = json_put_object(root, "datapath"), *cycles;
	int error = json_put_flag(to, "modelled", 1);
	double separate = 0;

	cycles = json_put_object(to, "cycles");
	for (int p = 0; p < NMS_NPHASES; p++) {
		error |= json_put_u64(cycles, nms_phase_name(p), total->cycles[p]);
		separate += (double)total->area[p];
	}
	error |= json_put_u64(to, "switches", total->switches);
	error |= json_put_u64(to, "switch_cycles", total->switch_cycles);
	error |= json_put_real(to, "mac_used", total->mac_used, 9);
	error |= json_put_real(to, "special_used", total->special_used, 9);
	error |= json_put_real(to, "area_shared_um2", total->area_shared, 9);
	return error | json_put_real(to, "area_separate_um2", separate, 9);
}

static int add_trace(struct json_object *root, const struct nms_sample_result *result)
{
	struct json_object *array = json_object_new_array();
	int error = json_put(root, "trace", array);

	for (size_t i = 0; !error && i < result->ntrace; i++) {
		const struct nms_trace *line = &result->trace[i];
		struct json_object *to = json_object_new_object();

		if (!to || json_object_array_add(array, to)) {
			json_object_put(to);
			return -ENOMEM;
		}
		error = json_put_real(to, "perplexity", line->perplexity, 9);
		error |= json_put_real(to, "entropy", line->entropy, 9);
		error |= json_put_real(to, "fidelity", line->fidelity, 9);
		error |= json_put_real(to, "objective", line->objective, 9);
		error |= json_put_real(to, "kl", line->kl, 9);
		error |= json_put_u64(to, "rows", line->rows);
		error |= json_put_u64(to, "iterations", line->iterations);
		error |= json_put_flag(to, "chosen", line->chosen != 0);
	}
	return error;
}

/* What the bandwidths and the plane have; where there were none it is left out. */
static int add_plane(struct json_object *root, const struct nms_sample_result *result)
{
	const struct nms_result *total = &result->total;
	int error = 0;

	if (total->perplexity > 0)
		error |= json_put_real(root, "perplexity", total->perplexity, 9);
	if (total->entropy > 0)
		error |= json_put_real(root, "entropy", total->entropy, 9);
	if (total->coverage_random > 0) {
		error |= json_put_real(root, "coverage", total->coverage, 9);
		error |= json_put_real(root, "coverage_random", total->coverage_random, 9);
	}
	if (total->neighbours) {
		error |= json_put_text(root, "neighbours",
				       total->neighbours == NMS_NEIGHBOURS_IVF ? "ivf" : "exact");
		error |= json_put_real(root, "recall10", total->recall10, 9);
		error |= json_put_real(root, "recall", total->recall, 9);
	}
	if (result->embedding || total->kl > 0)
		error |= json_put_real(root, "kl", total->kl, 9);
	if (total->iterations)
		error |= json_put_u64(root, "iterations", total->iterations);
	if (total->evaluations) {
		error |= json_put_u64(root, "evaluations", total->evaluations);
		error |= json_put_real(root, "residual_mean", total->residual_mean, 9);
		error |= json_put_real(root, "residual_max", total->residual_max, 9);
		error |= add_flags(root, total);
	}
	if (result->ntrace)
		error |= add_trace(root, result);
	return error;
}

int results_json(struct json_object *root, const struct nms_sample_result *result,
		 const char *energy_profile)
{
	const struct nms_result *total = &result->total;
	int error = 0;

	if (total->features) {
		error |= json_put_u64(root, "features", total->features);
		error |= json_put_real(root, "variance_kept", total->variance_kept, 9);
	}
	error |= add_plane(root, result);
	error |= json_put_u64(root, "mac", total->mac);
	error |= json_put_u64(root, "special", total->special);
	if (total->lookup) {
		error |= json_put_u64(root, "fixed_mac", total->fixed_mac);
		error |= json_put_u64(root, "lookup", total->lookup);
	}
	error |= add_datapath(root, total);
	error |= add_bytes(root, total);
	return error | add_energy(root, total, energy_profile);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bandwidth.h"
#include "exec.h"
#include "pca.h"
#include "rows.h"
#include "select.h"

/* Commands and near memory are little-endian, and used in place. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "host byte order");

/* The engine knows nothing of nms_hw.h; here the two meet. */
#define SAME(hw, eng) _Static_assert((int)(hw) == (int)(eng), #hw " is not " #eng)
SAME(NMS_HW_NUMERICS_VERSION, ENG_NUMERICS_VERSION);
SAME(NMS_HW_RIGHT_READ, NMS_MODEL_READ);
SAME(NMS_HW_RIGHT_WRITE, NMS_MODEL_WRITE);
SAME(NMS_HW_U8, ENG_U8);
SAME(NMS_HW_I8, ENG_I8);
SAME(NMS_HW_F16, ENG_F16);
SAME(NMS_HW_BF16, ENG_BF16);
SAME(NMS_HW_F32, ENG_F32);
SAME(NMS_HW_F64, ENG_F64);
SAME(NMS_HW_PROFILE_PORTABLE, ENG_PORTABLE);
SAME(NMS_HW_PROFILE_FMA, ENG_FMA_PROFILE);
SAME(NMS_HW_PROFILE_FIXED, ENG_FIXED_PROFILE);
SAME(NMS_HW_SCALING_PLAIN, ENG_PCA_PLAIN);
SAME(NMS_HW_SCALING_HALF_WHITE, ENG_PCA_HALF_WHITE);
SAME(NMS_HW_SCALING_QUARTER_WHITE, ENG_PCA_QUARTER_WHITE);
SAME(NMS_HW_SEARCH_NEWTON, ENG_SEARCH_NEWTON);
SAME(NMS_HW_SEARCH_BISECT, ENG_SEARCH_BISECT);
SAME(NMS_HW_SEARCH_DE, ENG_SEARCH_DE);
SAME(NMS_HW_SEARCH_FWA, ENG_SEARCH_FWA);
SAME(NMS_HW_NEIGHBOURS_DEFAULT, ENG_KNN_AUTO);
SAME(NMS_HW_NEIGHBOURS_EXACT, ENG_KNN_EXACT);
SAME(NMS_HW_NEIGHBOURS_IVF, ENG_KNN_IVF);
SAME(NMS_HW_ROW_MET, ENG_ROW_MET);
SAME(NMS_HW_ROW_ABOVE_K, ENG_ROW_ABOVE_K);
SAME(NMS_HW_ROW_TIES, ENG_ROW_TIES);
SAME(NMS_HW_ROW_IDENTICAL, ENG_ROW_IDENTICAL);
SAME(NMS_HW_ROW_BUDGET, ENG_ROW_BUDGET);
SAME(NMS_HW_NROW_FLAGS, ENG_NROW_FLAGS);
SAME(NMS_HW_RULE_RANDOM, ENG_RULE_RANDOM);
SAME(NMS_HW_RULE_GRID, ENG_RULE_GRID);
SAME(NMS_HW_RULE_STRATA, ENG_RULE_STRATA);
SAME(NMS_HW_RULE_KMEDOIDS, ENG_RULE_KMEDOIDS);
SAME(NMS_HW_RULE_KCENTRE, ENG_RULE_KCENTRE);
SAME(NMS_HW_RULE_HERDING, ENG_RULE_HERDING);
SAME(NMS_HW_RULE_FACILITY, ENG_RULE_FACILITY);
SAME(NMS_HW_RULE_EDITED, ENG_RULE_EDITED);
SAME(NMS_HW_BUDGET_PROPORTIONAL, ENG_BUDGET_PROPORTIONAL);
SAME(NMS_HW_BUDGET_EQUAL, ENG_BUDGET_EQUAL);
SAME(NMS_HW_BUDGET_GIVEN, ENG_BUDGET_GIVEN);
SAME(NMS_HW_PHASE_READ, ENG_PHASE_READ);
SAME(NMS_HW_PHASE_REDUCE, ENG_PHASE_REDUCE);
SAME(NMS_HW_PHASE_NEIGHBOURS, ENG_PHASE_NEIGHBOURS);
SAME(NMS_HW_PHASE_SEARCH, ENG_PHASE_SEARCH);
SAME(NMS_HW_PHASE_EMBED, ENG_PHASE_EMBED);
SAME(NMS_HW_PHASE_ENTROPY, ENG_PHASE_ENTROPY);
SAME(NMS_HW_PHASE_SELECT, ENG_PHASE_SELECT);
SAME(NMS_HW_PHASE_GATHER, ENG_PHASE_GATHER);
SAME(NMS_HW_NPHASES, ENG_NPHASES);

static uint64_t machine_memory(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

	if (pages <= 0 || page <= 0)
		return (uint64_t)1 << 30;
	return (uint64_t)pages * (uint64_t)page;
}

/* The parts that need no cleaning up if a later one fails. */
static int configure(struct nms_model *model, const struct nms_model_config *config,
		     char *why, size_t size)
{
	const char *profile = config->profile ? config->profile : "auto";
	struct eng_fixed_widths widths;

	if (!config->host.read != !config->host.write) {
		snprintf(why, size, "host memory can be reached in one direction only");
		return -EINVAL;
	}
	model->host = config->host;
	model->working = config->working ? config->working : machine_memory();
	if (eng_fixed_parse(profile, &widths)) {
		eng_fixed_profile_init(&model->fixed, &widths);
		model->kernels = &model->fixed.kernels;
	} else {
		model->kernels = eng_kernels_find(profile, NULL);
	}
	if (!model->kernels) {
		snprintf(why, size, "no arithmetic profile '%s' here", profile);
		return -EINVAL;
	}
	return energy_load(config->energy ? config->energy : "ddr4", &model->energy, why, size);
}

int nms_model_create(const struct nms_model_config *config, struct nms_model **out,
		     char *why, size_t size)
{
	struct nms_model *model = calloc(1, sizeof(*model));
	int err;

	if (!model) {
		snprintf(why, size, "out of memory");
		return -ENOMEM;
	}
	if (size)
		why[0] = '\0';
	err = configure(model, config, why, size);
	if (err)
		goto out_free;
	err = near_create(config->near_size ? config->near_size : machine_memory() / 4 * 3,
			  config->generation ? config->generation : 1, &model->near);
	if (err)
		goto out_energy;
	err = turn_init(&model->datapath);
	if (err)
		goto out_near;
	err = beats_start(&model->beats, &model->host);
	if (err)
		goto out_turn;
	err = eng_pool_create(config->threads, &model->pool);
	if (err)
		goto out_beats;
	pthread_mutex_init(&model->counters_lock, NULL);
	*out = model;
	return 0;

out_beats:
	beats_stop(&model->beats);
out_turn:
	turn_fini(&model->datapath);
out_near:
	near_destroy(model->near);
out_energy:
	energy_free(&model->energy);
out_free:
	free(model);
	if (size && !why[0])
		snprintf(why, size, "%s", strerror(-err));
	return err;
}

void nms_model_destroy(struct nms_model *model)
{
	if (!model)
		return;
	pthread_mutex_destroy(&model->counters_lock);
	eng_pool_destroy(model->pool);
	beats_stop(&model->beats);
	turn_fini(&model->datapath);
	near_destroy(model->near);
	energy_free(&model->energy);
	free(model);
}

static uint32_t profiles_here(void)
{
	uint32_t profiles = 1u << NMS_HW_PROFILE_FIXED;

	if (eng_kernels_find("portable", NULL))
		profiles |= 1u << NMS_HW_PROFILE_PORTABLE;
	if (eng_kernels_find("fma", NULL))
		profiles |= 1u << NMS_HW_PROFILE_FMA;
	return profiles;
}

void nms_model_info(struct nms_model *model, struct nms_model_info *info)
{
	*info = (struct nms_model_info){
		.near_size = near_size(model->near),
		.near_used = near_used(model->near),
		.threads = eng_pool_threads(model->pool),
		.profile = model->kernels->profile_name,
		.profile_number = model->kernels->profile,
		.isa = model->kernels->isa,
		.energy = model->energy.name,
		.energy_source = model->energy.source,
		.numerics = NMS_HW_NUMERICS_VERSION,
		.profiles = profiles_here(),
		.clock_hz = (uint64_t)model->energy.value[ENERGY_CLOCK],
	};
}

int nms_model_range_create(struct nms_model *model, uint32_t context, uint64_t size,
			   void *backing, uint32_t rights, struct nms_hw_near *near)
{
	return near_range_create(model->near, context, size, backing, rights, near);
}

int nms_model_range_grant(struct nms_model *model, const struct nms_hw_near *near,
			  uint32_t context, uint32_t rights)
{
	return near_range_grant(model->near, near, context, rights);
}

int nms_model_range_destroy(struct nms_model *model, const struct nms_hw_near *near)
{
	return near_range_destroy(model->near, near);
}

int nms_model_range_lose(struct nms_model *model, struct nms_hw_near *near)
{
	return near_range_lose(model->near, near);
}

void nms_model_counters(struct nms_model *model, struct nms_model_counters *counters)
{
	pthread_mutex_lock(&model->counters_lock);
	*counters = model->counters;
	pthread_mutex_unlock(&model->counters_lock);
}

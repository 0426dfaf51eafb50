// SPDX-License-Identifier: GPL-2.0-only
#include "names.h"

#include <stdio.h>
#include <string.h>

#include "nmsctl.h"
#include "nmsdev.h"

const struct name rule_names[] = {
	{ NMS_RULE_RANDOM, "random", "uniform without replacement" },
	{ NMS_RULE_GRID, "grid", "square cells in the plane, the row nearest each centre" },
	{ NMS_RULE_STRATA, "strata", "equal masses along a Hilbert curve in the plane, their medoids" },
	{ NMS_RULE_KMEDOIDS, "kmedoids", "medoids of k-means clusters of the features" },
	{ NMS_RULE_KCENTRE, "kcentre", "farthest first in the features" },
	{ NMS_RULE_HERDING, "herding", "kernel herding on the features" },
	{ NMS_RULE_FACILITY, "facility", "facility location on the affinities" },
	{ NMS_RULE_EDITED, "edited", "herding, first of rows that their neighbours agree with" },
	{ 0, NULL, NULL }
};

const struct name search_names[] = {
	{ NMS_SEARCH_NEWTON, "newton", "safeguarded Newton steps on the logarithm" },
	{ NMS_SEARCH_BISECT, "bisect", "bisection" },
	{ NMS_SEARCH_DE, "de", "differential evolution" },
	{ NMS_SEARCH_FWA, "fwa", "fireworks algorithm" },
	{ 0, NULL, NULL }
};

const struct name neighbours_names[] = {
	{ NMS_NEIGHBOURS_EXACT, "exact", "all distances" },
	{ NMS_NEIGHBOURS_IVF, "ivf", "inverted file: approximate, with measured recall" },
	{ 0, NULL, NULL }
};

const struct name budget_names[] = {
	{ NMS_BUDGET_PROPORTIONAL, "proportional", "as classes share the rows, largest remainder" },
	{ NMS_BUDGET_EQUAL, "equal", "as many of each class" },
	{ 0, NULL, NULL }
};

const struct name energy_names[] = {
	{ 0, "ddr4", "accelerator on a DDR4 module" },
	{ 0, "lpddr4", "accelerator beside LPDDR4" },
	{ 0, "hbm2e", "accelerator under HBM2E" },
	{ 0, NULL, NULL }
};

const struct name device_names[] = {
	{ 0, "auto", "a device if one may be used, else the software accelerator" },
	{ 0, "/dev/nmsN", "that device and no other" },
	{ 0, "emu:", "the software accelerator in this process" },
	{ 0, NULL, NULL }
};

static void append(char *list, size_t size, const char *name)
{
	size_t length = strlen(list);

	snprintf(list + length, size - length, "%s%s", length ? ", " : "", name);
}

int name_value(const struct name *names, const char *option, const char *text, int *value)
{
	char known[256] = "";

	*value = 0;
	if (!text)
		return 0;
	for (; names->name; names++) {
		append(known, sizeof(known), names->name);
		if (!strcmp(text, names->name)) {
			*value = names->value;
			return 0;
		}
	}
	return nmsctl_usage("--%s %s: unknown; expected one of %s", option, text, known);
}

int method_check(const char *text)
{
	char known[256] = "";
	const char *name;

	if (!text)
		return 0;
	for (size_t i = 0; (name = nms_method_name(i)); i++) {
		append(known, sizeof(known), name);
		if (!strcmp(text, name))
			return 0;
	}
	return nmsctl_usage("--method %s: unknown; expected one of %s", text, known);
}

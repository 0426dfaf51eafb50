/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NMSCTL_RESULTS_JSON_H
#define NMSCTL_RESULTS_JSON_H

#include "json.h"
#include "nmsdev.h"

/*
 * Put into @root what a job found and what it cost: features, perplexity,
 * entropy, kl, flagged rows and trace where they exist; bytes; energy.  Clocks
 * have no part in any of it: the same job gives the same.  0 or -ENOMEM.
 */
int results_json(struct json_object *root, const struct nms_sample_result *result,
		 const char *energy_profile);

#endif /* NMSCTL_RESULTS_JSON_H */

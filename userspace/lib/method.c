// SPDX-License-Identifier: LGPL-2.1-or-later
/* The methods: which rule and which search each is made of. */
#include <string.h>

#include "internal.h"

static const struct nms_method methods[] = {
	{
		.name = "auto",
		.text = "what measured best: edited herding within class if there are labels, else kernel herding",
		.rule = NMS_RULE_EDITED,
		.search = NMS_SEARCH_NEWTON,
	}, {
		.name = "nms",
		.text = "strata of a t-SNE plane at a set perplexity, bandwidths by differential evolution",
		.rule = NMS_RULE_STRATA,
		.search = NMS_SEARCH_DE,
	}, {
		.name = "adapsne",
		.text = "strata of a t-SNE plane at a perplexity chosen by entropy, bandwidths by fireworks",
		.rule = NMS_RULE_STRATA,
		.search = NMS_SEARCH_FWA,
		.entropy_guided = true,
	}, {
		.name = "random",
		.text = "uniformly at random, the baseline of them all",
		.rule = NMS_RULE_RANDOM,
		.search = NMS_SEARCH_NEWTON,
		.fixed_rule = true,
	}, {
		.name = "grid",
		.text = "the point nearest the centre of each cell of a square grid on a t-SNE plane",
		.rule = NMS_RULE_GRID,
		.search = NMS_SEARCH_NEWTON,
		.fixed_rule = true,
	}, {
		.name = "strata",
		.text = "medoids of equal masses along a Hilbert curve on a t-SNE plane",
		.rule = NMS_RULE_STRATA,
		.search = NMS_SEARCH_NEWTON,
		.fixed_rule = true,
	}, {
		.name = "kmedoids",
		.text = "medoids of the clusters of the features",
		.rule = NMS_RULE_KMEDOIDS,
		.search = NMS_SEARCH_NEWTON,
		.fixed_rule = true,
	}, {
		.name = "kcentre",
		.text = "each the farthest from those before it, in the features",
		.rule = NMS_RULE_KCENTRE,
		.search = NMS_SEARCH_NEWTON,
		.fixed_rule = true,
	}, {
		.name = "herding",
		.text = "kernel herding: the mean of the exemplars follows that of the data",
		.rule = NMS_RULE_HERDING,
		.search = NMS_SEARCH_NEWTON,
		.fixed_rule = true,
	}, {
		.name = "edited",
		.text = "kernel herding, in each class first of rows that their neighbours agree with",
		.rule = NMS_RULE_EDITED,
		.search = NMS_SEARCH_NEWTON,
		.fixed_rule = true,
	}, {
		.name = "facility",
		.text = "facility location on the affinities: every row near to some exemplar",
		.rule = NMS_RULE_FACILITY,
		.search = NMS_SEARCH_NEWTON,
		.fixed_rule = true,
	},
};

#define NMETHODS (sizeof(methods) / sizeof(methods[0]))

static const struct rule {
	const char *name;
	bool nested, features, embedding;
} rules[] = {
	[NMS_RULE_RANDOM]	= { "random",	true,	false,	false },
	[NMS_RULE_GRID]		= { "grid",	false,	false,	true },
	[NMS_RULE_STRATA]	= { "strata",	false,	false,	true },
	[NMS_RULE_KMEDOIDS]	= { "kmedoids",	false,	true,	false },
	[NMS_RULE_KCENTRE]	= { "kcentre",	true,	true,	false },
	[NMS_RULE_HERDING]	= { "herding",	true,	true,	false },
	[NMS_RULE_FACILITY]	= { "facility",	true,	true,	false },
	[NMS_RULE_EDITED]	= { "edited",	true,	true,	false },
};

static const char *const searches[] = {
	[NMS_SEARCH_NEWTON]	= "newton",
	[NMS_SEARCH_BISECT]	= "bisect",
	[NMS_SEARCH_DE]		= "de",
	[NMS_SEARCH_FWA]	= "fwa",
};

const struct nms_method *nms_method_find(const char *name)
{
	size_t i;

	for (i = 0; i < NMETHODS; i++)
		if (!name || !strcmp(name, methods[i].name))
			return &methods[i];
	return NULL;
}

const char *nms_method_name(size_t i)
{
	return i < NMETHODS ? methods[i].name : NULL;
}

const char *nms_method_text(size_t i)
{
	return i < NMETHODS ? methods[i].text : NULL;
}

static const struct rule *rule_at(enum nms_rule rule)
{
	unsigned int i = (unsigned int)rule;

	return i >= 1 && i < sizeof(rules) / sizeof(rules[0]) ? &rules[i] : NULL;
}

const char *nms_rule_name(enum nms_rule rule)
{
	const struct rule *r = rule_at(rule);

	return r ? r->name : NULL;
}

const char *nms_search_name(enum nms_search search)
{
	unsigned int i = (unsigned int)search;

	return i >= 1 && i < sizeof(searches) / sizeof(searches[0]) ? searches[i] : NULL;
}

bool nms_rule_nested(enum nms_rule rule)
{
	const struct rule *r = rule_at(rule);

	return r && r->nested;
}

bool nms_rule_herds(enum nms_rule rule)
{
	return rule == NMS_RULE_HERDING || rule == NMS_RULE_EDITED;
}

bool nms_rule_needs_features(enum nms_rule rule)
{
	const struct rule *r = rule_at(rule);

	return r && r->features;
}

bool nms_rule_needs_embedding(enum nms_rule rule)
{
	const struct rule *r = rule_at(rule);

	return r && r->embedding;
}

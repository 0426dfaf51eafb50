/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The choice of the exemplars. */
#ifndef ENG_SELECT_H
#define ENG_SELECT_H

#include "bandwidth.h"
#include "groups.h"
#include "knn.h"
#include "rows.h"

/*
 * The numbers are those of enum nms_hw_rule.  A nested rule ranks: in each group
 * the answer for a smaller budget is a prefix of that for a larger one.  The
 * others list the exemplars of a group by what they stand for, most first.
 */
enum eng_rule {
	ENG_RULE_RANDOM = 1,	/* uniform without replacement; nested */
	ENG_RULE_GRID,		/* square cells in the plane, the point nearest each centre */
	ENG_RULE_STRATA,	/* equal masses along a Hilbert curve, medoid of each */
	ENG_RULE_KMEDOIDS,	/* medoids of k-means clusters of the features */
	ENG_RULE_KCENTRE,	/* farthest first (Gonzalez 1985); nested */
	ENG_RULE_HERDING,	/* kernel herding (Chen, Welling, Smola, UAI 2010), RBF; nested */
	ENG_RULE_FACILITY,	/* facility location on the affinities, lazy greedy; nested */
	/*
	 * Herding, but that in a group the first ENG_EDIT_FIRST of its rows are chosen
	 * among, and for the mean of, those that their neighbours agree with
	 * (select_edit.h); of one group, herding; nested.
	 */
	ENG_RULE_EDITED,
};

#define ENG_EDIT_FIRST 0.01

struct eng_select_params {
	enum eng_rule rule;
	enum eng_budget budget;
	uint64_t count;			/* exemplars wanted */
	const uint32_t *quota;		/* ENG_BUDGET_GIVEN: one for each group */
	const uint32_t *keep;		/* rows that must be among them; not dropped ones */
	size_t nkeep;
	const float *mass;		/* weight of each row, not negative; NULL: 1 */
	float bandwidth;		/* herding, edited: in half RMS radii; 0: 1 */
	struct eng_bandwidth_params affinity; /* facility: perplexity and search */
	enum eng_knn_method neighbours;	/* facility */
	uint64_t seed;
};

struct eng_select_stats {
	struct eng_knn_stats neighbours; /* facility: of the group with the lowest recall */
};

struct eng_select_input {
	const float *x;			/* features, n x ld; NULL where the rule needs none */
	size_t d, ld;
	const float *y;			/* embedding, n x 2; NULL where the rule needs none */
	const struct eng_groups *groups;
};

/* Whether the answer for a smaller budget is a prefix of that for a larger one. */
bool eng_rule_nested(enum eng_rule rule);
bool eng_rule_needs_features(enum eng_rule rule);
bool eng_rule_needs_embedding(enum eng_rule rule);
const char *eng_rule_name(enum eng_rule rule);

/*
 * Choose params->count rows, each group's share from that group alone: it is the
 * same whatever the other groups hold, but that of ENG_RULE_EDITED, which asks
 * who the neighbours of its rows are.
 *
 * @index: params->count rows, no row twice.  Order: each class by rank, classes
 * interleaved so that every prefix is split among them as evenly as their
 * budgets allow; the must-keep rows of a class come first, in order of row.
 * Rules that are not nested choose the others among the rows not kept.
 * @weight: how much mass each exemplar stands for, that of the rows of its class
 * nearest to it (in the plane for grid and strata, among the features for
 * kmedoids, kcentre, herding, edited and facility; for random the mass is shared
 * evenly); an exemplar stands at least for itself.  They add up to the mass of
 * the groups that have exemplars.  @weight and @stats may be NULL.
 *
 * Features and embedding hold no NaN or infinite value in rows of groups; rows in
 * no group are not read.  Ties go to the lower row: rows that are equal tie
 * exactly, in every rule.  Bits depend neither on threads nor, within a profile,
 * on the instruction set.
 *
 * -EINVAL (count, quota, keep, mass, perplexity, rule: the fault says which and
 * how, see enum eng_select_fault), -ENOMEM, -ECANCELED.
 */
int eng_select(const struct eng_env *env, const struct eng_select_input *in,
	       const struct eng_select_params *params, uint32_t *index, float *weight,
	       struct eng_select_stats *stats);

/*
 * Bytes that it needs at most beside its input, linear in @n; facility at a
 * perplexity of 30, and in proportion above that.
 */
size_t eng_select_memory(enum eng_rule rule, size_t n, size_t d, uint64_t count,
			 unsigned int threads);

#endif /* ENG_SELECT_H */

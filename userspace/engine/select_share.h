/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One group's share of a selection, as the rules see it.  Not for others. */
#ifndef ENG_SELECT_SHARE_H
#define ENG_SELECT_SHARE_H

#include "hot/select.h"
#include "profile.h"
#include "rng.h"
#include "select.h"

/* Work done, in the terms of enum eng_count; added up by the rule itself. */
struct eng_work {
	uint64_t count[ENG_NCOUNTS];
};

struct eng_share {
	struct eng_env env;
	const struct eng_select_input *in;
	const struct eng_select_params *params;
	uint64_t salt;		/* seeds this group's random numbers */
	const uint32_t *row;	/* n rows of the dataset, ascending; a position is a place in it */
	size_t n;
	float *mass;		/* n: weight of each in means and sums, never all 0 */
	bool *agreed;		/* n: do its neighbours agree with it?  NULL: nobody asks */
	uint32_t *keep;		/* nkeep positions that must be chosen, ascending */
	size_t nkeep;
	size_t budget;		/* nkeep ... n */
	uint32_t *chosen;	/* out: budget positions by rank, the kept ones first */
	float *weight;		/* out: what each of them stands for */
	struct eng_work work;
	struct eng_knn_stats neighbours; /* out; zeros where none were sought */
	uint64_t before, whole;	/* rows in earlier groups and in all, for the progress */
	int err;
};

/* The rules.  0, -ENOMEM, -ECANCELED. */
int eng_select_random(struct eng_share *share);
int eng_select_grid(struct eng_share *share);
int eng_select_strata(struct eng_share *share);
int eng_select_kmedoids(struct eng_share *share);
int eng_select_kcentre(struct eng_share *share);
int eng_select_herding(struct eng_share *share);
int eng_select_facility(struct eng_share *share);

/*
 * share->weight: the mass of the rows nearest to each chosen one, in the plane
 * or in the space of features.  Ties go to the lower row; a chosen row always
 * stands for itself.
 */
int eng_weights_nearest(struct eng_share *share, bool plane);
/* The same mass for each. */
void eng_weights_even(struct eng_share *share);

/* The mass of a position in the dataset. */
static inline float eng_share_mass(const struct eng_share *share, size_t position)
{
	return share->params->mass ? share->params->mass[share->row[position]] : 1.0f;
}

static inline const struct eng_select_ops *eng_share_ops(const struct eng_share *share)
{
	return share->env.kernels->select;
}

/* Positions that are not must-keep, ascending, into @rest (n of room); how many. */
size_t eng_share_rest(const struct eng_share *share, uint32_t *rest);
/* A rule that chooses what the budget leaves from the @n positions of @rest, which it may reorder. */
typedef int (*eng_choose_fn)(struct eng_share *share, uint32_t *rest, size_t n);
/* The must-keep positions first, then @choose among the others.  -ENOMEM, or what it says. */
int eng_share_choose(struct eng_share *share, eng_choose_fn choose);

/*
 * Points: @n rows of @d numbers, one after the other, shifted to mean 0 and
 * scaled to RMS radius 1 (both weighted by mass) times @scale.  Equal rows of
 * the dataset stay equal.  Rows that are all the same become 0.
 */
struct eng_points {
	size_t n, d;
	float *x;	/* n x d */
	float *mass;	/* n */
};

/*
 * @position: which rows of the share, or NULL for all of them; @plane: from the
 * embedding, or else from the features.  Free with eng_points_free().
 */
int eng_points_create(const struct eng_share *share, const uint32_t *position, size_t n,
		      bool plane, double scale, struct eng_points *points);
void eng_points_free(struct eng_points *points);

/*
 * The same points in strips (see hot/select.h), and room for a distance each.
 * Chunks of ENG_STRIPS_CHUNK strips are what threads share.  Rows beyond the
 * last are 0.
 */
#define ENG_STRIPS_CHUNK 256

struct eng_strips {
	size_t n, d, count, chunks;
	float *x;	/* count x d x 16 */
	float *d2;	/* count x 16 */
	struct eng_best *best;	/* chunks: what each chunk found */
};

int eng_strips_create(const float *x, size_t n, size_t d, size_t ld, struct eng_strips *strips);
void eng_strips_free(struct eng_strips *strips);

/* First strip of a chunk, and how many it has. */
static inline size_t eng_strips_first(size_t chunk)
{
	return chunk * ENG_STRIPS_CHUNK;
}

static inline size_t eng_strips_in(const struct eng_strips *strips, size_t chunk)
{
	size_t left = strips->count - eng_strips_first(chunk);

	return left < ENG_STRIPS_CHUNK ? left : ENG_STRIPS_CHUNK;
}

/* The best of all chunks, ties to the lower row. */
size_t eng_strips_best(const struct eng_strips *strips);

/* d2 of the strips of one chunk to @q. */
void eng_strips_dist2(const struct eng_share *share, const struct eng_strips *strips,
		      size_t chunk, const float *q);

/* Work of one pass over the strips. */
void eng_strips_count(struct eng_share *share, const struct eng_strips *strips, bool special);

void eng_share_count(struct eng_share *share, enum eng_count what, uint64_t n);
void eng_share_progress(const struct eng_share *share, uint64_t done, uint64_t total);

#endif /* ENG_SELECT_SHARE_H */

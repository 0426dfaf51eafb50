// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Kernel herding without replacement: the t-th exemplar maximises
 *
 *	mu(x) - 1 / (t + 1) sum over chosen s of k(x, s),
 *
 * mu the mean map of the group (Chen, Welling, Smola, UAI 2010, equation 8).
 * k(a, b) = exp(-|a - b|^2 / 2 sigma^2), sigma half the RMS radius of the group
 * times params->bandwidth.  Each exemplar adds one row of the kernel.
 *
 * Edited (the rule says who asked for it), the first of them have for mu the mean
 * map of those rows alone that their neighbours agree with, and are chosen among
 * these.  What they leave out the later ones make up for.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "kernel_rbf.h"
#include "pool.h"
#include "select_parts.h"

/*
 * From this many rows on the mean is taken over as many of them, one drawn from
 * each of LANDMARKS even pieces: the time is linear then, and the error of a mean
 * of so many is below 1/256 of the kernel's spread.
 */
#define LANDMARKS 65536

/*
 * More rows than this are herded in parts, for the choice takes time in proportion
 * to rows times exemplars.  Parts that know nothing of each other cover a little
 * worse than the whole would; see Documentation/algorithms.rst.
 */
#define ROWS_MOST 262144

/* Rows between two reports of progress. */
#define STEP (64 * ENG_PANEL_ROWS)

/* How the time is shared between the mean map and the choice, for the progress. */
#define PARTS 4

struct herd {
	struct eng_share *share;
	struct eng_strips strips;
	float *mean;		/* mu; -infinity: not to be chosen (again) */
	float *later;		/* mu from exemplar @early on, if there are so many */
	size_t early;
	float *sum;		/* over the chosen, of k(x, s) */
	const float *query;	/* the last one chosen */
	float inv;
};

static void herd_chunk(void *arg, size_t chunk, unsigned int worker)
{
	struct herd *h = arg;
	const size_t first = eng_strips_first(chunk) * ENG_STRIP;

	(void)worker;
	eng_strips_dist2(h->share, &h->strips, chunk, h->query);
	h->strips.best[chunk] = eng_share_ops(h->share)->herd(h->strips.d2 + first,
							      eng_strips_in(&h->strips, chunk),
							      h->mean + first, h->inv,
							      h->sum + first);
}

static size_t first_choice(struct herd *h)
{
	const struct eng_select_ops *ops = eng_share_ops(h->share);

	for (size_t c = 0; c < h->strips.chunks; c++)
		h->strips.best[c] = ops->largest(h->mean + eng_strips_first(c) * ENG_STRIP,
						 eng_strips_in(&h->strips, c));
	return eng_strips_best(&h->strips);
}

static int choose(struct herd *h, const struct eng_points *points)
{
	struct eng_share *share = h->share;
	size_t next = first_choice(h);

	for (size_t t = 0; t < share->budget; t++) {
		const size_t i = t < share->nkeep ? share->keep[t] : next;

		if (eng_cancelled(&share->env))
			return -ECANCELED;
		share->chosen[t] = (uint32_t)i;
		h->mean[i] = -INFINITY;
		if (h->later)
			h->later[i] = -INFINITY;
		if (t + 1 == share->budget)
			break;
		if (t + 1 == h->early)
			h->mean = h->later;
		h->query = points->x + i * points->d;
		h->inv = 1.0f / (float)(t + 2);
		eng_parallel(&share->env, h->strips.chunks, herd_chunk, h);
		eng_strips_count(share, &h->strips, true);
		next = eng_strips_best(&h->strips);
		if (t % 64 == 63)
			eng_share_progress(share, (PARTS - 1) * share->budget + t,
					   PARTS * share->budget);
	}
	return 0;
}

/* One from each of @m even pieces of @n rows, or of the @n that @list names. */
static uint32_t *draw_landmarks(const struct eng_share *share, const uint32_t *list, size_t n,
				size_t m)
{
	uint32_t *index = calloc(m, sizeof(*index));

	for (size_t j = 0; index && j < m; j++) {
		const uint64_t from = (uint64_t)j * n / m, to = (uint64_t)(j + 1) * n / m;
		const uint64_t i = from + eng_below(share->salt, ENG_STREAM_SELECT, j, to - from);

		index[j] = list ? list[i] : (uint32_t)i;
	}
	return index;
}

static void count_mean(struct eng_share *share, const struct eng_points *points, size_t m)
{
	const uint64_t n = points->n, d = points->d;
	const uint64_t blocks = (n + ENG_PANEL_ROWS - 1) / ENG_PANEL_ROWS;

	/* Each block of rows is read once and walks all landmarks. */
	eng_share_count(share, ENG_COUNT_NEAR_READ, (n * d + blocks * m * (d + 2)) * sizeof(float));
	eng_share_count(share, ENG_COUNT_NEAR_WRITE, n * sizeof(float));
	eng_share_count(share, ENG_COUNT_SCRATCH, 2 * n * m * sizeof(float));
	eng_share_count(share, ENG_COUNT_MAC, n * m * d);
	eng_share_count(share, ENG_COUNT_SPECIAL, n * m);
}

/* mean[i] over all rows, or over the @count that @list names. */
static int mean_map(struct eng_share *share, const struct eng_points *points,
		    const uint32_t *list, size_t count, float *mean)
{
	const size_t n = points->n, d = points->d, m = count < LANDMARKS ? count : LANDMARKS;
	uint32_t *landmarks = NULL;
	struct eng_kernel_mean map;
	int err;

	if (m < count) {
		landmarks = draw_landmarks(share, list, count, m);
		if (!landmarks)
			return -ENOMEM;
	}
	err = eng_kernel_mean_create(&share->env, points->x, d, points->mass,
				     landmarks ? landmarks : list, m, &map);
	if (err)
		goto out;
	for (size_t i = 0; !err && i < n; i += STEP) {
		const size_t here = n - i < STEP ? n - i : STEP;

		err = eng_kernel_mean_at(&share->env, &map, points->x + i * d, here, mean + i);
		eng_share_progress(share, (PARTS - 1) * (i + here), PARTS * n);
	}
	count_mean(share, points, m);
	eng_kernel_mean_free(&map);
out:
	free(landmarks);
	return err;
}

/* Not to be chosen: who is kept, and what is there to fill the last strip. */
static void exclude(const struct eng_share *share, float *mean, size_t whole)
{
	for (size_t i = share->n; i < whole; i++)
		mean[i] = -INFINITY;
	for (size_t i = 0; i < share->nkeep; i++)
		mean[share->keep[i]] = -INFINITY;
}

/* Rows that agree and weigh something, into @list (n of room); how many. */
static size_t list_agreed(const struct eng_share *share, const struct eng_points *points,
			  uint32_t *list)
{
	size_t count = 0;

	for (size_t i = 0; i < share->n; i++)
		if (share->agreed[i] && points->mass[i] > 0)
			list[count++] = (uint32_t)i;
	return count;
}

/* h->mean of the first exemplars, where they are to be edited; h->early: how many. */
static int edited_mean(struct herd *h, const struct eng_points *points)
{
	struct eng_share *share = h->share;
	const size_t first = (size_t)ceil(ENG_EDIT_FIRST * (double)share->n);
	uint32_t *list = calloc(share->n, sizeof(*list));
	size_t count;
	int err = 0;

	if (!list)
		return -ENOMEM;
	count = list_agreed(share, points, list);
	/* As long as there is one left to be chosen. */
	h->early = first < count ? first : count;
	if (h->early)
		err = mean_map(share, points, list, count, h->mean);
	for (size_t i = 0; i < share->n; i++)
		if (!share->agreed[i] || !(points->mass[i] > 0))
			h->mean[i] = -INFINITY;
	free(list);
	return err;
}

/* Both means, as far as exemplars are chosen by them. */
static int means(struct herd *h, const struct eng_points *points, size_t whole)
{
	int err = 0;

	if (h->share->agreed) {
		err = edited_mean(h, points);
		exclude(h->share, h->mean, whole);
	}
	if (err || h->early >= h->share->budget)
		return err;
	err = mean_map(h->share, points, NULL, points->n, h->later);
	exclude(h->share, h->later, whole);
	if (!h->early)
		h->mean = h->later;
	return err;
}

static int herd_part(struct eng_share *share)
{
	const size_t whole = (share->n + ENG_STRIP - 1) / ENG_STRIP * ENG_STRIP;
	const float bandwidth = share->params->bandwidth;
	struct herd h = { .share = share };
	struct eng_points points;
	float *mean, *later;
	int err;

	err = eng_points_create(share, NULL, share->n, false,
				2.0 / (bandwidth > 0 ? (double)bandwidth : 1.0), &points);
	if (err)
		return err;
	mean = share->agreed ? calloc(whole, sizeof(*mean)) : NULL;
	later = calloc(whole, sizeof(*later));
	h.sum = calloc(whole, sizeof(*h.sum));
	h.mean = mean;
	h.later = later;
	err = (mean || !share->agreed) && later && h.sum ? means(&h, &points, whole) : -ENOMEM;
	if (!err)
		err = eng_strips_create(points.x, points.n, points.d, points.d, &h.strips);
	if (err)
		goto out;
	err = choose(&h, &points);
	eng_strips_free(&h.strips);
out:
	free(mean);
	free(later);
	free(h.sum);
	eng_points_free(&points);
	return err;
}

int eng_select_herding(struct eng_share *share)
{
	return eng_share_parts(share, ROWS_MOST, herd_part);
}

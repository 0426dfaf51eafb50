// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Kernel herding without replacement: the t-th exemplar maximises
 *
 *	mu(x) - 1 / (t + 1) sum over chosen s of k(x, s),
 *
 * mu the mean map of the group (Chen, Welling, Smola, UAI 2010, equation 8).
 * k(a, b) = exp(-|a - b|^2 / 2 sigma^2), sigma half the RMS radius of the group
 * times params->bandwidth.  Each exemplar adds one row of the kernel.
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
		if (t + 1 == share->budget)
			break;
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

/* One row from each of @m even pieces of @n. */
static uint32_t *draw_landmarks(const struct eng_share *share, size_t n, size_t m)
{
	uint32_t *index = calloc(m, sizeof(*index));

	for (size_t j = 0; index && j < m; j++) {
		const uint64_t from = (uint64_t)j * n / m, to = (uint64_t)(j + 1) * n / m;

		index[j] = (uint32_t)(from + eng_below(share->salt, ENG_STREAM_SELECT, j,
						       to - from));
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

static int mean_map(struct eng_share *share, const struct eng_points *points, float *mean)
{
	const size_t n = points->n, d = points->d, m = n < LANDMARKS ? n : LANDMARKS;
	uint32_t *landmarks = NULL;
	struct eng_kernel_mean map;
	int err;

	if (m < n) {
		landmarks = draw_landmarks(share, n, m);
		if (!landmarks)
			return -ENOMEM;
	}
	err = eng_kernel_mean_create(&share->env, points->x, d, points->mass, landmarks, m, &map);
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

static int herd_part(struct eng_share *share)
{
	const float bandwidth = share->params->bandwidth;
	struct herd h = { .share = share };
	struct eng_points points;
	size_t whole;
	int err;

	err = eng_points_create(share, NULL, share->n, false,
				2.0 / (bandwidth > 0 ? (double)bandwidth : 1.0), &points);
	if (err)
		return err;
	whole = (share->n + ENG_STRIP - 1) / ENG_STRIP * ENG_STRIP;
	h.mean = calloc(whole, sizeof(*h.mean));
	h.sum = calloc(whole, sizeof(*h.sum));
	err = h.mean && h.sum ? mean_map(share, &points, h.mean) : -ENOMEM;
	if (!err)
		err = eng_strips_create(points.x, points.n, points.d, points.d, &h.strips);
	if (err)
		goto out;
	for (size_t i = share->n; i < whole; i++)
		h.mean[i] = -INFINITY;
	for (size_t i = 0; i < share->nkeep; i++)
		h.mean[share->keep[i]] = -INFINITY;
	err = choose(&h, &points);
	eng_strips_free(&h.strips);
out:
	free(h.mean);
	free(h.sum);
	eng_points_free(&points);
	return err;
}

int eng_select_herding(struct eng_share *share)
{
	return eng_share_parts(share, ROWS_MOST, herd_part);
}

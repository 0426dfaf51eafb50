// SPDX-License-Identifier: LGPL-2.1-or-later
#include "embed_group.h"
#include "pca.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int embed_gather(const struct eng_env *env, const float *x, size_t d, size_t ld,
		 const uint32_t *row, size_t n, struct embed_rows *rows)
{
	uint64_t bytes = (uint64_t)n * d * sizeof(*x);

	eng_phase_enter(env, ENG_PHASE_READ);
	*rows = (struct embed_rows){ .n = n, .d = d, .ld = d < 2 ? 2 : d };
	if (n > SIZE_MAX / sizeof(float) / rows->ld)
		return -ENOMEM;
	rows->x = calloc(n * rows->ld, sizeof(*rows->x));
	if (!rows->x)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		memcpy(rows->x + i * rows->ld, x + (size_t)row[i] * ld, d * sizeof(*x));
	eng_count(env, ENG_COUNT_NEAR_READ, bytes);
	eng_count(env, ENG_COUNT_NEAR_WRITE, bytes);
	return 0;
}

float embed_perplexity(size_t n, float perplexity)
{
	float most = (float)(n - 1) / 3.0f;

	return perplexity < most ? perplexity : most;
}

size_t embed_neighbours(size_t n, float perplexity)
{
	double k = 3.0 * (double)embed_perplexity(n, perplexity) + 1e-3;

	return k < (double)(n - 1) ? (size_t)k : n - 1;
}

/*
 * Two principal axes of the group itself: those of all rows may say little
 * about it, and the caller's features need not be principal components.
 */
int embed_start(const struct eng_env *env, const struct embed_rows *rows, uint64_t seed,
		float *y)
{
	struct eng_pca_params params = { .features = 2, .seed = seed };
	struct eng_rows in = {
		.base = rows->x, .nrows = rows->n, .ncols = rows->d,
		.stride = rows->ld * sizeof(float), .dtype = ENG_F32,
	};
	int err = 0;
	float *axes;

	if (rows->d <= 2) {
		eng_tsne_start(env, rows->x, rows->n, rows->ld, seed, y);
		return 0;
	}
	axes = malloc(rows->n * 2 * sizeof(*axes));
	if (!axes)
		return -ENOMEM;
	err = eng_pca(env, &in, &params, axes, 2, NULL);
	if (!err)
		eng_tsne_start(env, axes, rows->n, 2, seed, y);
	free(axes);
	return err;
}

int embed_cut(const struct eng_neighbours *nb, size_t k, struct eng_neighbours *out)
{
	*out = (struct eng_neighbours){ .n = nb->n, .k = k };
	out->index = malloc(nb->n * k * sizeof(*out->index));
	out->dist2 = malloc(nb->n * k * sizeof(*out->dist2));
	if (!out->index || !out->dist2) {
		eng_neighbours_free(out);
		return -ENOMEM;
	}
	for (size_t i = 0; i < nb->n; i++) {
		memcpy(out->index + i * k, nb->index + i * nb->k, k * sizeof(*out->index));
		memcpy(out->dist2 + i * k, nb->dist2 + i * nb->k, k * sizeof(*out->dist2));
	}
	return 0;
}

int embed_layout(const struct eng_env *env, struct eng_neighbours *nb,
		 const struct eng_bandwidth_params *bandwidth,
		 const struct eng_tsne_params *tsne, float *y, uint8_t *flags,
		 struct eng_bandwidth_stats *bandwidth_stats, struct eng_tsne_stats *tsne_stats)
{
	struct eng_affinity affinity = { 0 };
	float *p = malloc(nb->n * nb->k * sizeof(*p));
	int err = -ENOMEM;

	if (p)
		err = eng_bandwidth(env, nb, bandwidth, p, NULL, flags, bandwidth_stats);
	if (!err)
		err = eng_affinity(env, nb, p, &affinity);
	free(p);
	eng_neighbours_free(nb);
	eng_phase_enter(env, ENG_PHASE_EMBED);
	if (!err)
		err = eng_tsne(env, &affinity, tsne, y, tsne_stats);
	eng_affinity_free(&affinity);
	return err;
}

void embed_centre(float *y, size_t n)
{
	double sum[2] = { 0.0, 0.0 };

	for (size_t i = 0; i < 2 * n; i++)
		sum[i % 2] += y[i];
	for (size_t i = 0; i < 2 * n; i++)
		y[i] = (float)(y[i] - sum[i % 2] / (double)n);
}

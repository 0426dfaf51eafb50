// SPDX-License-Identifier: LGPL-2.1-or-later
#include "panel.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gemm.h"

/* A tile of products, 120 x 512 floats, fits into the second-level cache. */
#define TILE 512

float eng_half_norm(const float *x, size_t d)
{
	double sum = 0;

	for (size_t k = 0; k < d; k++)
		sum += (double)x[k] * x[k];
	return (float)(sum / 2);
}

static size_t tile_size(const struct eng_env *env, size_t n)
{
	const size_t step = 16 * eng_gemm_nr(env);	/* of both, whatever the strip */
	const size_t need = (n + step - 1) / step * step;

	return need < TILE ? need : (TILE + step - 1) / step * step;
}

/* Strips are packed one at a time, so that points can be picked out. */
static void pack(const struct eng_env *env, const float *x, const uint32_t *index,
		 struct eng_panel *panel, float *strip)
{
	const size_t d = panel->d, nr = eng_gemm_nr(env);

	for (size_t first = 0; first < panel->n; first += nr) {
		const size_t here = panel->n - first < nr ? panel->n - first : nr;

		for (size_t r = 0; r < here; r++) {
			const size_t i = index ? index[first + r] : first + r;

			memcpy(strip + r * d, x + i * d, d * sizeof(*x));
			panel->half[first + r] = eng_half_norm(x + i * d, d);
		}
		eng_gemm_pack(strip, here, d, d, nr, panel->packed + first * d);
	}
}

int eng_panel_create(const struct eng_env *env, const float *x, size_t d, const uint32_t *index,
		     size_t n, struct eng_panel *panel)
{
	const size_t nr = eng_gemm_nr(env);
	float *strip = malloc((nr * d + 1) * sizeof(*strip));
	size_t whole;

	*panel = (struct eng_panel){ .n = n, .d = d, .tile = tile_size(env, n) };
	whole = (n + panel->tile - 1) / panel->tile * panel->tile;
	panel->packed = malloc((eng_gemm_packed_size(n, d, nr) + 1) * sizeof(float));
	panel->half = malloc((whole + 1) * sizeof(float));
	if (!strip || !panel->packed || !panel->half) {
		free(strip);
		eng_panel_free(panel);
		return -ENOMEM;
	}
	for (size_t i = n; i < whole; i++)
		panel->half[i] = INFINITY;
	pack(env, x, index, panel, strip);
	free(strip);
	return 0;
}

void eng_panel_free(struct eng_panel *panel)
{
	free(panel->packed);
	free(panel->half);
	memset(panel, 0, sizeof(*panel));
}

static size_t left_floats(const struct eng_panel *panel)
{
	return (ENG_PANEL_ROWS + 16) * panel->d;
}

size_t eng_panel_scratch(const struct eng_panel *panel)
{
	return left_floats(panel) + (ENG_PANEL_ROWS + 16) * panel->tile;
}

void eng_panel_multiply(const struct eng_env *env, const struct eng_panel *panel,
			const float *x, size_t m, float *scratch, eng_panel_fn fn, void *arg)
{
	const size_t d = panel->d, tile = panel->tile;
	float *c = scratch + left_floats(panel);

	eng_gemm_pack(x, m, d, d, eng_gemm_mr(env), scratch);
	for (size_t first = 0; first < panel->n; first += tile) {
		size_t n = panel->n - first < tile ? panel->n - first : tile;

		eng_gemm_tile(env, scratch, m, panel->packed + first * d, n, d, c, tile, false);
		fn(arg, c, tile, m, first, (n + 15) / 16 * 16);
	}
}

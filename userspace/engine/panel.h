/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A panel: points packed as the right operand of products, walked tile by tile
 * by blocks of other points, so that of the products of all pairs no more than
 * a tile a thread is held.
 */
#ifndef ENG_PANEL_H
#define ENG_PANEL_H

#include "env.h"

/* Points in a block of the left operand: a multiple of every variant's strip. */
#define ENG_PANEL_ROWS 120

struct eng_panel {
	size_t n, d;
	size_t tile;	/* points in a tile, a multiple of 16 and of a strip */
	float *packed;
	float *half;	/* |x|^2 / 2 of each, infinite from n to whole tiles */
};

/*
 * Pack @n points of @x (@d numbers each, one after the other), or those that
 * @index names.  -ENOMEM.  Free with eng_panel_free().
 */
int eng_panel_create(const struct eng_env *env, const float *x, size_t d, const uint32_t *index,
		     size_t n, struct eng_panel *panel);
void eng_panel_free(struct eng_panel *panel);

/* Floats of scratch for one block. */
size_t eng_panel_scratch(const struct eng_panel *panel);

/*
 * @c: products of the block's @m points with the @n points (a multiple of 16,
 * beyond the panel's last one they are finite) from @first on.
 */
typedef void (*eng_panel_fn)(void *arg, const float *c, size_t ldc, size_t m, size_t first,
			     size_t n);

/* Multiply @m points of @x, at most ENG_PANEL_ROWS, by the panel.  One thread. */
void eng_panel_multiply(const struct eng_env *env, const struct eng_panel *panel,
			const float *x, size_t m, float *scratch, eng_panel_fn fn, void *arg);

float eng_half_norm(const float *x, size_t d);

#endif /* ENG_PANEL_H */

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loops of t-SNE, of its repulsion and of its divergence. */
#ifndef ENG_HOT_TSNE_H
#define ENG_HOT_TSNE_H

#include <stddef.h>
#include <stdint.h>

#define ENG_SPLINE 6		/* nodes of a quintic B-spline in each direction */
#define ENG_SPLINE_WIDTH 8	/* floats of a grid row that its loops touch */
#define ENG_EDGE_ROWS 16	/* rows of edges in one call */

/*
 * Affinities in rows padded to whole vectors: row i holds edges
 * [16 start[i], 16 start[i + 1]), the last of them with p = 0 and itself for
 * its neighbour.
 */
struct eng_edges {
	size_t n;
	size_t *start;		/* n + 1 */
	uint32_t *col;
	float *p;
};

struct eng_move {
	float attract, repel;	/* gradient = attract * attraction - repel * repulsion */
	float rate, momentum;
	float longest;		/* step of a coordinate */
};

/* What a chunk of a move adds up to. */
struct eng_moved {
	double x, y;		/* sum of the new positions */
	double grad2;		/* sum of the squared gradient */
};

struct eng_tsne_ops {
	/*
	 * Spread unit charges on the grid.  @at: grid coordinates (count x 2),
	 * not negative; @grid: @ld floats from row to row.
	 */
	void (*spread)(const float *at, size_t count, float *grid, size_t ld);
	/*
	 * The potential on the grid at @at: returns its sum, and sets force[index]
	 * (n x 2) to its gradient (per node) times @scale.
	 */
	double (*gather)(const float *at, const uint32_t *index, size_t count,
			 const float *grid, size_t ld, float scale, float *force);
	/*
	 * All pairs: for @count points from @first, their force and, summed,
	 * 1 / (1 + r^2) over all points, themselves included.  @x and @y: @n, a
	 * multiple of 16, padded with 1e15.  @force may be NULL.
	 */
	double (*pairs)(const float *x, const float *y, size_t n, size_t first, size_t count,
			float *force);
	/* Sum over a row's edges of p (y_i - y_j) / (1 + r^2), for rows [first, last). */
	void (*attract)(const struct eng_edges *e, const float *y, size_t first, size_t last,
			float *force);
	/* Sum over the edges of rows [first, last) of p log(1 + r^2). */
	double (*log_distance)(const struct eng_edges *e, const float *y, size_t first,
			       size_t last);
	/*
	 * One step with gains (Jacobs 1988, as in van der Maaten's bh_tsne) for
	 * @count floats, a multiple of 16; x and y alternate.
	 */
	struct eng_moved (*move)(const struct eng_move *m, size_t count, const float *attraction,
				 const float *repulsion, float *gain, float *velocity, float *y);
};

#endif /* ENG_HOT_TSNE_H */

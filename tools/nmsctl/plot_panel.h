/* SPDX-License-Identifier: GPL-2.0-only */
/* One plane within a picture. */
#ifndef NMSCTL_PLOT_PANEL_H
#define NMSCTL_PLOT_PANEL_H

#include <cairo.h>

#include "plot.h"

struct panel {
	const struct plot *plot;
	double left, top, side;		/* the square it fills */
	bool all;			/* all rows, or those of one class */
	size_t class;			/* its place in plot->classes */
	bool vector;			/* few bytes matter more than overlap within a class */
};

void plot_panel(cairo_t *cr, const struct panel *panel);

/* Colour-blind-safe; repeats after 20. */
struct colour {
	double r, g, b;
};
struct colour plot_colour(size_t class);

/* Text with its baseline at @y; @align 0: from @x, 0.5: about it, 1: up to it; no wider than @width. */
void plot_text(cairo_t *cr, double x, double y, double size, double align, double width,
	       const char *text);
/* A row's dot and an exemplar's mark, as in the panels, for the key. */
void plot_exemplar(cairo_t *cr, double x, double y, double radius, struct colour colour);

#endif /* NMSCTL_PLOT_PANEL_H */

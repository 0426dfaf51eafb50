// SPDX-License-Identifier: GPL-2.0-only
#include "plot_panel.h"

#include <math.h>
#include <stdlib.h>

#include "utf8.h"

#define MARGIN 0.03		/* of the side, around the points */
#define PASSES 4		/* classes take turns, so that none hides another */
#define FADED 0.5

/* Okabe and Ito (2008), then Tol's muted scheme. */
static const unsigned int palette[] = {
	0x0072b2, 0xe69f00, 0x009e73, 0xd55e00, 0x56b4e9, 0xcc79a7, 0x332288, 0x999933,
	0x882255, 0x7f7f7f, 0x44aa99, 0xddcc77, 0x117733, 0xcc6677, 0x661100, 0x6699cc,
	0xaa4499, 0xf0e442, 0x88ccee, 0x222222,
};

struct scale {
	double x, y, k;		/* pixel = left + k * (value - x) */
};

struct colour plot_colour(size_t class)
{
	unsigned int rgb = palette[class % (sizeof(palette) / sizeof(palette[0]))];

	return (struct colour){ (rgb >> 16) / 255., (rgb >> 8 & 255) / 255., (rgb & 255) / 255. };
}

void plot_text(cairo_t *cr, double x, double y, double size, double align, double width,
	       const char *text)
{
	cairo_text_extents_t extents;
	char shown[1024];

	/* a name that is no UTF-8, or is cut within a character, is an error to cairo */
	utf8_mend(shown, sizeof(shown), text);
	cairo_set_font_size(cr, size);
	cairo_text_extents(cr, shown, &extents);
	if (extents.x_advance > width) {
		cairo_set_font_size(cr, size * width / extents.x_advance);
		extents.x_advance = width;
	}
	cairo_move_to(cr, x - align * extents.x_advance, y);
	cairo_show_text(cr, shown);
}

void plot_exemplar(cairo_t *cr, double x, double y, double radius, struct colour colour)
{
	/* ringed dark, then white, so that it stands out from its own colour, light or dark */
	const struct colour dark = { 0.1, 0.1, 0.1 }, white = { 1, 1, 1 };
	const struct colour fill[] = { dark, white, colour };
	const double out[] = { 1.9, 0.9, 0 };

	for (int i = 0; i < 3; i++) {
		cairo_new_path(cr);
		cairo_arc(cr, x, y, radius + out[i], 0, 2 * M_PI);
		cairo_set_source_rgb(cr, fill[i].r, fill[i].g, fill[i].b);
		cairo_fill(cr);
	}
}

static size_t class_of(const struct plot *plot, size_t row)
{
	return plot->labels ? class_counts_find(plot->classes, plot->labels[row]) : 0;
}

/* Rows of no known class are grey where there are exemplars to stand out from them. */
static struct colour row_colour(const struct plot *plot, size_t class)
{
	const struct colour grey = { 0.55, 0.55, 0.55 };

	return !plot->labels && plot->index ? grey : plot_colour(class);
}

static bool shown(const struct panel *panel, size_t row)
{
	const float *p = panel->plot->points + 2 * row;

	return isfinite(p[0]) && isfinite(p[1]) &&
	       (panel->all || class_of(panel->plot, row) == panel->class);
}

/* The square around the points that are shown; how many they are. */
static size_t fit(const struct panel *panel, struct scale *scale)
{
	double low[2] = { INFINITY, INFINITY }, high[2] = { -INFINITY, -INFINITY };
	double span, room = panel->side * (1 - 2 * MARGIN);
	size_t n = 0;

	for (size_t i = 0; i < panel->plot->rows; i++) {
		if (!shown(panel, i))
			continue;
		for (int j = 0; j < 2; j++) {
			double v = panel->plot->points[2 * i + j];

			low[j] = v < low[j] ? v : low[j];
			high[j] = v > high[j] ? v : high[j];
		}
		n++;
	}
	if (!n)
		return 0;
	span = fmax(high[0] - low[0], high[1] - low[1]);
	scale->k = span > 0 ? room / span : 0;
	scale->x = (low[0] + high[0]) / 2 - (scale->k > 0 ? panel->side / 2 / scale->k : 0);
	scale->y = (low[1] + high[1]) / 2 - (scale->k > 0 ? panel->side / 2 / scale->k : 0);
	return n;
}

static void place(const struct panel *panel, const struct scale *scale, size_t row, double *x,
		  double *y)
{
	const float *p = panel->plot->points + 2 * row;

	*x = panel->left + (scale->k > 0 ? scale->k * (p[0] - scale->x) : panel->side / 2);
	/* upwards, as axes go */
	*y = panel->top + panel->side -
	     (scale->k > 0 ? scale->k * (p[1] - scale->y) : panel->side / 2);
}

/* The rows of @class in one of the turns: one path, of dots that are round ends of no line. */
static void dots_as_path(cairo_t *cr, const struct panel *panel, const struct scale *scale,
			 size_t class, size_t pass, double radius)
{
	cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
	cairo_set_line_width(cr, 2 * radius);
	cairo_new_path(cr);
	for (size_t i = pass; i < panel->plot->rows; i += PASSES) {
		double x, y;

		if (!shown(panel, i) || class_of(panel->plot, i) != class)
			continue;
		place(panel, scale, i, &x, &y);
		/* quarters of a pixel have few digits */
		x = round(x * 4) / 4;
		y = round(y * 4) / 4;
		cairo_move_to(cr, x, y);
		cairo_line_to(cr, x, y);
	}
	cairo_stroke(cr);
}

static void dots_in_turn(cairo_t *cr, const struct panel *panel, const struct scale *scale,
			 double radius)
{
	for (size_t i = 0; i < panel->plot->rows; i++) {
		struct colour c;
		double x, y;

		if (!shown(panel, i))
			continue;
		c = row_colour(panel->plot, class_of(panel->plot, i));
		place(panel, scale, i, &x, &y);
		cairo_set_source_rgba(cr, c.r, c.g, c.b, FADED);
		cairo_arc(cr, x, y, radius, 0, 2 * M_PI);
		cairo_fill(cr);
	}
}

static void draw_rows(cairo_t *cr, const struct panel *panel, const struct scale *scale, size_t n)
{
	double radius = fmin(3, fmax(0.7, panel->side * 0.22 / sqrt((double)n)));
	size_t nclasses = panel->plot->labels ? panel->plot->classes->nclasses : 1;

	if (!panel->vector) {
		dots_in_turn(cr, panel, scale, radius);
		return;
	}
	for (size_t pass = 0; pass < PASSES; pass++) {
		for (size_t c = 0; c < nclasses; c++) {
			struct colour colour = row_colour(panel->plot, c);

			if (!panel->all && c != panel->class)
				continue;
			cairo_set_source_rgba(cr, colour.r, colour.g, colour.b, FADED);
			dots_as_path(cr, panel, scale, c, pass, radius);
		}
	}
}

static void draw_exemplars(cairo_t *cr, const struct panel *panel, const struct scale *scale)
{
	const struct plot *plot = panel->plot;
	double radius;
	size_t n = 0;

	for (size_t i = 0; i < plot->count; i++)
		n += shown(panel, plot->index[i]);
	radius = n ? fmin(5.5, fmax(2, panel->side * 0.09 / sqrt((double)n))) : 0;
	for (size_t i = 0; i < plot->count; i++) {
		double x, y;

		if (!shown(panel, plot->index[i]))
			continue;
		place(panel, scale, plot->index[i], &x, &y);
		plot_exemplar(cr, x, y, radius, plot_colour(class_of(plot, plot->index[i])));
	}
}

void plot_panel(cairo_t *cr, const struct panel *panel)
{
	struct scale scale = { 0 };
	size_t n = fit(panel, &scale);

	cairo_set_source_rgb(cr, 0.8, 0.8, 0.8);
	cairo_set_line_width(cr, 1);
	cairo_rectangle(cr, panel->left + 0.5, panel->top + 0.5, panel->side - 1, panel->side - 1);
	cairo_stroke(cr);
	if (!n)
		return;
	draw_rows(cr, panel, &scale, n);
	draw_exemplars(cr, panel, &scale);
}

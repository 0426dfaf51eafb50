// SPDX-License-Identifier: GPL-2.0-only
/* The sheet: title, key, and one plane or a panel for each class. */
#include "plot.h"

#include <cairo-svg.h>
#include <errno.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "plot_panel.h"

#define MAX_PANELS 20
#define PANEL 380.
#define PLANE 1200.
#define GAP 16.
#define HEAD 84.
#define CAPTION 26.
#define KEY 270.
#define MAX_KEY 40

struct sheet {
	const struct plot *plot;
	bool vector, panels;
	size_t npanels, across;
	double width, height;
};

static bool ends_in(const char *path, const char *end)
{
	size_t n = strlen(path), m = strlen(end);

	return n > m && !strcasecmp(path + n - m, end);
}

bool plot_format_known(const char *path)
{
	return ends_in(path, ".png") || ends_in(path, ".svg");
}

/* Places that @panels leave in rows of @across. */
static size_t empty(size_t panels, size_t across)
{
	return (across - panels % across) % across;
}

static void lay_out(struct sheet *sheet)
{
	const struct plot *plot = sheet->plot;
	size_t down;

	sheet->panels = plot->by_class && plot->labels;
	if (!sheet->panels) {
		sheet->width = PLANE + 2 * GAP + (plot->labels ? KEY : 0);
		sheet->height = HEAD + PLANE + GAP;
		return;
	}
	sheet->npanels = plot->classes->nclasses;
	if (sheet->npanels > MAX_PANELS)
		sheet->npanels = MAX_PANELS;
	/* as many columns as leave the fewest places empty; five if that is all the same */
	sheet->across = sheet->npanels < 4 ? sheet->npanels : 4;
	for (size_t n = 3; n <= 5 && sheet->npanels > 3; n++)
		if (empty(sheet->npanels, n) <= empty(sheet->npanels, sheet->across))
			sheet->across = n;
	down = (sheet->npanels + sheet->across - 1) / sheet->across;
	sheet->width = GAP + (double)sheet->across * (PANEL + GAP);
	sheet->width = fmax(sheet->width, 2 * PANEL);
	sheet->height = HEAD + (double)down * (CAPTION + PANEL + GAP);
}

static void draw_head(cairo_t *cr, const struct sheet *sheet)
{
	char below[320];

	cairo_set_source_rgb(cr, 1, 1, 1);
	cairo_paint(cr);
	cairo_set_source_rgb(cr, 0.1, 0.1, 0.1);
	cairo_select_font_face(cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_BOLD);
	plot_text(cr, GAP, 38, 24, 0, sheet->width - 2 * GAP, sheet->plot->title);
	cairo_select_font_face(cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
	cairo_set_source_rgb(cr, 0.35, 0.35, 0.35);
	snprintf(below, sizeof(below), "%s", sheet->plot->subtitle);
	if (sheet->panels && sheet->plot->classes->nclasses > sheet->npanels)
		snprintf(below, sizeof(below), "%s; the first %zu of %zu classes",
			 sheet->plot->subtitle, sheet->npanels, sheet->plot->classes->nclasses);
	plot_text(cr, GAP, 66, 16, 0, sheet->width - 2 * GAP, below);
}

static void caption(const struct plot *plot, size_t class, char *text, size_t size)
{
	const struct class_counts *c = plot->classes;
	char number[16];
	int at;

	at = snprintf(text, size, "%s%s: ", plot->class_names ? "" : "class ",
		      class_name(plot->class_names, c->label[class], number));
	if (at < 0 || (size_t)at >= size)
		return;
	if (plot->index)
		at += snprintf(text + at, size - (size_t)at, "%llu of ",
			       (unsigned long long)c->chosen[class]);
	snprintf(text + at, size - (size_t)at, "%llu", (unsigned long long)c->rows[class]);
}

static void draw_panels(cairo_t *cr, const struct sheet *sheet)
{
	char text[256];

	for (size_t i = 0; i < sheet->npanels; i++) {
		size_t line = i / sheet->across;
		const struct panel panel = {
			.plot = sheet->plot,
			.left = GAP + (double)(i % sheet->across) * (PANEL + GAP),
			.top = HEAD + (double)line * (CAPTION + PANEL + GAP) + CAPTION,
			.side = PANEL,
			.class = i,
			.vector = sheet->vector,
		};

		caption(sheet->plot, i, text, sizeof(text));
		cairo_set_source_rgb(cr, 0.1, 0.1, 0.1);
		plot_text(cr, panel.left + 2, panel.top - 8, 17, 0, PANEL - 4, text);
		plot_panel(cr, &panel);
	}
}

static void draw_key(cairo_t *cr, const struct sheet *sheet)
{
	const struct plot *plot = sheet->plot;
	double x = PLANE + 2 * GAP, y = HEAD + 12;
	char text[256];

	for (size_t i = 0; i < plot->classes->nclasses; i++, y += 28) {
		struct colour c = plot_colour(i);

		cairo_set_source_rgb(cr, 0.1, 0.1, 0.1);
		if (i == MAX_KEY) {
			snprintf(text, sizeof(text), "and %zu more", plot->classes->nclasses - i);
			plot_text(cr, x + 6, y + 6, 16, 0, KEY - GAP, text);
			return;
		}
		caption(plot, i, text, sizeof(text));
		plot_text(cr, x + 26, y + 6, 16, 0, KEY - 26 - GAP, text);
		if (plot->index) {
			plot_exemplar(cr, x + 10, y, 6, c);
			continue;
		}
		cairo_set_source_rgb(cr, c.r, c.g, c.b);
		cairo_arc(cr, x + 10, y, 6, 0, 2 * M_PI);
		cairo_fill(cr);
	}
}

static void draw(cairo_t *cr, const struct sheet *sheet)
{
	const struct panel plane = {
		.plot = sheet->plot,
		.left = GAP,
		.top = HEAD,
		.side = PLANE,
		.all = true,
		.vector = sheet->vector,
	};

	draw_head(cr, sheet);
	if (sheet->panels) {
		draw_panels(cr, sheet);
		return;
	}
	plot_panel(cr, &plane);
	if (sheet->plot->labels)
		draw_key(cr, sheet);
}

static cairo_status_t write_out(void *closure, const unsigned char *data, unsigned int length)
{
	return fwrite(data, 1, length, closure) == length ? CAIRO_STATUS_SUCCESS :
							    CAIRO_STATUS_WRITE_ERROR;
}

int plot_write(const struct plot *plot, const char *path, FILE *stream)
{
	struct sheet sheet = { .plot = plot, .vector = ends_in(path, ".svg") };
	cairo_surface_t *surface;
	cairo_status_t status;
	cairo_t *cr;

	lay_out(&sheet);
	if (sheet.vector)
		surface = cairo_svg_surface_create_for_stream(write_out, stream, sheet.width,
							      sheet.height);
	else
		surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)sheet.width,
						     (int)sheet.height);
	cr = cairo_create(surface);
	draw(cr, &sheet);
	status = cairo_status(cr);
	cairo_destroy(cr);
	if (status == CAIRO_STATUS_SUCCESS && !sheet.vector)
		status = cairo_surface_write_to_png_stream(surface, write_out, stream);
	cairo_surface_finish(surface);
	if (status == CAIRO_STATUS_SUCCESS)
		status = cairo_surface_status(surface);
	cairo_surface_destroy(surface);
	if (status == CAIRO_STATUS_SUCCESS)
		return 0;
	return status == CAIRO_STATUS_NO_MEMORY ? -ENOMEM : -EIO;
}

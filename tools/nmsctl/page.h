/* SPDX-License-Identifier: GPL-2.0-only */
/* A selection as a page to look at: one HTML file that needs nothing beside it. */
#ifndef NMSCTL_PAGE_H
#define NMSCTL_PAGE_H

#include "measure.h"
#include "report.h"
#include "thumbs.h"
#include "twins.h"

struct page {
	const struct report *report;
	const struct request *request;
	struct class_counts classes;	/* of all labels that are known */
	struct measures measures;
	struct twins twins;
	struct thumbs exemplars, rows;	/* count 0: there are no images */
	double seconds;			/* that all this took */
};

/*
 * Measure and draw what the page shows.  The report has the digests, and its plane.
 * Both return the status to exit with after having said why, or 0.  Free with
 * page_free(), in any case.
 */
int page_make(struct session *session, const struct report *report,
	      const struct request *request, struct page *page);
int page_write(const struct page *page, const char *path, FILE *to);
void page_free(struct page *page);

/* Made at build time from report/: what stands before the data, and after. */
extern const char page_head[], page_tail[];

/* For page.c: all that is not an array.  0, or negative errno as manifest_write(). */
struct json_object;
struct page_scale {
	double x, y, step;	/* position = x + step * number */
};
int page_json(struct json_object *root, const struct page *page, const struct page_scale *scale);

#endif /* NMSCTL_PAGE_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* Doubled, far-off and disputed rows, for the report of a selection. */
#ifndef NMSCTL_HYGIENE_H
#define NMSCTL_HYGIENE_H

#include <stdbool.h>
#include <stdio.h>

#include "audit_lines.h"
#include "twins.h"

/* Equal rows are counted without being asked for where that takes a few hundredths of a second. */
#define HYGIENE_ROWS (1u << 17)
#define HYGIENE_BYTES (1u << 28)

struct hygiene {
	bool compared;			/* rows byte for byte */
	struct twins twins;
	bool audited;
	struct features features;	/* by which they were audited */
	struct audit audit;
	struct class_counts classes;	/* of input->known; chosen: exemplars */
	struct audit_line *all, *chosen;	/* as audit_lines(), of all rows and of exemplars */
	double seconds;
};

/*
 * With options->audit all of it; else equal rows alone, where they are at the host and few.
 * Returns the status to exit with after having said why, or 0.  Free with hygiene_free(), in any case.
 */
int hygiene_take(struct session *session, const struct nmsctl_options *options,
		 const struct input *input, const struct nms_sample_result *result,
		 struct hygiene *hygiene);
void hygiene_free(struct hygiene *hygiene);

/* In report_hygiene.c: for report_print(), and for report_fill(), 0 or -ENOMEM. */
void hygiene_print(FILE *to, const struct hygiene *hygiene, const struct input *input);
int hygiene_json(struct json_object *root, const struct hygiene *hygiene,
		 const struct input *input, const struct nms_sample_result *result);

#endif /* NMSCTL_HYGIENE_H */

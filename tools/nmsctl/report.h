/* SPDX-License-Identifier: GPL-2.0-only */
/* What was done and what it cost, for people and for programs. */
#ifndef NMSCTL_REPORT_H
#define NMSCTL_REPORT_H

#include <stdio.h>

#include "cost.h"
#include "digest.h"
#include "input.h"
#include "options.h"
#include "session.h"

struct hygiene;

struct report {
	const struct nmsctl_options *options;
	const struct input *input;
	const struct session *session;
	const struct nms_device_info *device;
	const struct nms_sample_result *result;	/* index NULL: nothing was chosen */
	const struct class_counts *classes;	/* NULL without labels to choose by */
	const struct two_paths *paths;		/* NULL: not compared */
	const struct hygiene *hygiene;		/* NULL: not looked for */
	uint64_t wanted;			/* exemplars */
	double load, digest, work, plot, page, write, total;	/* seconds */
	char data_digest[DIGEST_HEX], labels_digest[DIGEST_HEX], index_digest[DIGEST_HEX];
};

/* A summary of a few lines. */
void report_print(FILE *to, const struct report *report);

/* @with_index: the selection itself is in it.  0 or -ENOMEM. */
struct json_object;
int report_fill(struct json_object *root, const struct report *report, bool with_index);
/*
 * One object, on the standard output; @with_index: the selection itself is in
 * it.  Returns the status to exit with after having said why, or 0.
 */
int report_json(const struct report *report, bool with_index);

/* 12345678 as "12,345,678"; @text has room for 32. */
const char *grouped(uint64_t value, char *text);

#endif /* NMSCTL_REPORT_H */

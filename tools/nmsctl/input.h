/* SPDX-License-Identifier: GPL-2.0-only */
/* The dataset that a sub-command works on, with its labels. */
#ifndef NMSCTL_INPUT_H
#define NMSCTL_INPUT_H

#include "dataset.h"
#include "options.h"

struct input {
	const char *path, *labels_path;	/* labels_path NULL: the dataset's own, or none */
	struct dataset *dataset;
	struct near_rows *near;		/* where they lie near under a name; else NULL */
	struct labels *file;		/* of labels_path */
	const uint32_t *labels;		/* to choose by, or NULL */
	const uint32_t *known;		/* the same, or those not to choose by; or NULL */
	size_t nclasses;		/* of known */
	char *const *class_names;	/* by known label, or NULL */
	double seconds;			/* that reading took */
};

/*
 * Open the dataset @path, a file or nms:NAME on the session's device.  Returns the
 * status to exit with after having said why, or 0.
 */
struct session;
int input_open(const struct nmsctl_options *options, const char *path, struct session *session,
	       struct input *input);
void input_close(struct input *input);

/* "u8" and so on, of enum nms_dtype. */
const char *dtype_name(int dtype);
uint64_t input_row_bytes(const struct input *input);

/*
 * The classes of @labels in ascending order, and how many rows each has.
 * @index (may be NULL): only these rows, @n of them, among the classes of all.
 * Returns 0 or -ENOMEM.  Free with class_counts_free().
 */
struct class_counts {
	size_t nclasses;
	uint32_t *label;
	uint64_t *rows, *chosen;
};
int class_counts(const uint32_t *labels, size_t rows, const uint32_t *index, size_t n,
		 struct class_counts *counts);
void class_counts_free(struct class_counts *counts);
/* Its place in counts->label. */
size_t class_counts_find(const struct class_counts *counts, uint32_t label);
/* "name", or the number in @text. */
const char *class_name(char *const *names, uint32_t label, char text[16]);

double seconds_now(void);

#endif /* NMSCTL_INPUT_H */

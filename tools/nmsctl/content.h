/* SPDX-License-Identifier: GPL-2.0-only */
/* What a reader found in a file, before it is made into a dataset, labels or row numbers. */
#ifndef NMSCTL_CONTENT_H
#define NMSCTL_CONTENT_H

#include "array.h"
#include "cells.h"
#include "dataset.h"
#include "source.h"

/** What the file is read for. */
enum wanted { WANT_ROWS, WANT_LABELS, WANT_INDEX };

struct content {
	const char *path;
	const char *format;
	enum wanted wanted;
	struct dataset_options options;	/* memory_limit is set */
	struct source source;		/* arrays may point into it */
	struct array x;			/* what was wanted */
	struct array y;			/* WANT_ROWS: labels, if there are */
	struct cells cells;		/* labels or row numbers as text, if it was text */
	char **class_names;		/* nclasses, by label, or NULL */
	size_t nclasses;
};

/**
 * Find out what @path is and read it.  Negative errno and @why.  content_close() it in any case.
 */
int content_open(struct content *content, const char *path, enum wanted wanted,
		 const struct dataset_options *options, struct message *why);
void content_close(struct content *content);

/*
 * The readers: each takes content->source, and gives x, and what else it has.  The arrays' bytes
 * are there; dimensions may be 0.
 */
int npy_read(struct content *content, struct message *why);
int npz_read(struct content *content, struct message *why);
int idx_read(struct content *content, struct message *why);
int cifar_read(struct content *content, struct message *why);
int csv_read(struct content *content, struct message *why);
int raw_read(struct content *content, struct message *why);
/* Only for WANT_INDEX, and only to be known as such: format "json", the text in source. */
int json_read(struct content *content, struct message *why);
/* These take content->path, a folder. */
int cifar_folder_read(struct content *content, struct message *why);
int folder_read(struct content *content, struct message *why);

#endif /* NMSCTL_CONTENT_H */

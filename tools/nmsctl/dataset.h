/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rows from files.  What a file is, is told by its content, never by its name:
 *
 *   npy     NumPy array, versions 1 to 3; mapped, not copied, where its bytes can be used as
 *           they are
 *   npz     zip of those; member "x", "X" or "data", else the first of two or more dimensions,
 *           else the first; labels from "y", "labels", "label", "target" or "targets" where
 *           there is one (a member that is named in the options comes alone)
 *   idx     IDX, as MNIST has it
 *   cifar   CIFAR-10 or CIFAR-100 (fine labels) binary batch, or a folder of data_batch_*.bin
 *   folder  a folder of PNG or JPEG files of one size, in the order of their names; with
 *           subfolders, each is a class, in the order of their names; alpha is dropped
 *   csv     text, one row a line; a first line without numbers, or one that names a label column,
 *           is a header; the column "label", "labels", "class", "target" or "y" (but not beside an
 *           "x") gives labels, and so does a last column whose first value is no number; the rest
 *           are numbers
 *   raw     bytes, by dtype and shape in the options
 *
 * Each of them but npz and folder may also be inside gzip.
 *
 * Element types.  The engine's own are kept; bool is u8.  Others are converted in memory: 16-bit
 * integers to f32; 32- and 64-bit integers to f32 where that is exact for all of them, else to f64
 * (rounded beyond 2^53); the other byte order to this one.  CSV gives u8 where all numbers are
 * integers from 0 to 255, f64 where f32 would overflow or round an integer up to 2^53, else f32.
 * Values that are not finite are kept; the library names them when it reads the rows.
 */
#ifndef NMSCTL_DATASET_H
#define NMSCTL_DATASET_H

#include <stddef.h>
#include <stdint.h>

#include "message.h"

#define DATASET_MAX_NDIM 8	/* of one row */

struct dataset_options {
	const char *dtype;	/* raw: "u8", "uint8", "<f4", ...; NULL: not raw */
	const char *shape;	/* raw: "60000x28x28" or "60000,28,28"; a first "-1": as many as there are */
	const char *member;	/* npz: name, with or without ".npy"; NULL: as above */
	const char *label_column; /* csv: number from 0, or name in the header; NULL: as above */
	char delimiter;		/* csv; 0: found from the first line (comma, semicolon, tab, space) */
	uint64_t memory_limit;	/* most bytes that are allocated; 0: the machine's memory */
};

struct dataset {
	const void *base;	/* element 0 of row 0, aligned to the element's size */
	size_t rows;		/* at least 1 */
	size_t cols;		/* elements of a row, at least 1 */
	size_t stride;		/* bytes from one row to the next, at least cols elements */
	int dtype;		/* enum nms_dtype, never NMS_U32 */
	size_t ndim;		/* dimensions of one row, 0 if rows are single numbers */
	size_t shape[DATASET_MAX_NDIM]; /* of one row, the product is cols */
	const uint32_t *labels;	/* one a row, or NULL */
	size_t nclasses;	/* different labels; 0 without */
	char **class_names;	/* nclasses, by label (labels are then 0 to nclasses-1), or NULL */
	const char *format;	/* "npy", "npz", ... */
	struct dataset_memory *memory;
};

/**
 * Open @path.  @options and @why may be NULL.  Free with dataset_close().
 *
 * -ENOENT and others of open(2); -EINVAL: not a dataset, damaged or of a kind that is refused;
 * -ENOMEM: too large.  @why then has the line for the user, and begins with the path.
 *
 * A mapped file must not be shortened by others while it is in use.
 */
int dataset_open(const char *path, const struct dataset_options *options,
		 struct dataset **dataset, struct message *why);
void dataset_close(struct dataset *dataset);

/** Whether dtype and shape of @options are such, whatever the file: -EINVAL and @why if not. */
int dataset_options_check(const struct dataset_options *options, struct message *why);

/** Labels for the rows of a dataset. */
struct labels {
	uint32_t *label;	/* rows of them */
	size_t rows;
	size_t nclasses;	/* different ones */
	char **class_names;	/* nclasses, by label, or NULL: labels are the file's own numbers */
};

/**
 * Read labels from @path: a dataset of one column, npz member "y" (or the others above) or the
 * one that @options names, or text, one a line (CSV: the label column, or the only one).
 *
 * Numbers must be integral.  Those from 0 to 2^32-2 are kept as they are; if there are others among
 * them (as -1 and 1), all are numbered from 0 in ascending order and class_names says which was
 * which.  Text is numbered from 0 in byte order, with names.
 *
 * @nrows: as many must there be (-EINVAL); 0: any number.  Free with labels_close().
 */
int labels_open(const char *path, const struct dataset_options *options, size_t nrows,
		struct labels **labels, struct message *why);
void labels_close(struct labels *labels);

/**
 * Read row numbers from @path: npy of integers, text one a line (CSV: the column "index", or the
 * only one), a JSON array of integers, or what selection_write() wrote.  The order is kept, and
 * so are numbers that occur twice.  An empty list is none: *@rows is NULL and *@count 0.
 *
 * -EINVAL: a number is negative, not integral or not below @nrows.  Free *@rows with free().
 */
int index_list_open(const char *path, size_t nrows, uint32_t **rows, size_t *count,
		    struct message *why);

#endif /* NMSCTL_DATASET_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Output files that appear whole or not at all: written aside in the folder where they will be,
 * then renamed.
 */
#ifndef NMSCTL_OUTPUT_H
#define NMSCTL_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "message.h"

struct output;

/**
 * Begin to write @path; "-" is the standard output, to which nothing goes before the commit.
 * What exists there is replaced by the commit, if it is a regular file (through symbolic links);
 * anything else is refused (-EINVAL).  End with output_commit() or output_abort().
 */
int output_open(const char *path, struct output **output, struct message *why);
/** Where to write; owned by the output.  Errors of writing are noticed by the commit. */
FILE *output_stream(struct output *output);
/** Have all of it on the disk: after that only the name is missing.  Nothing more can be written. */
int output_settle(struct output *output, struct message *why);
/** Whether it goes to the standard output. */
bool output_is_stdout(const struct output *output);
/** Make it appear, synced to disk.  @output is freed, on failure too (nothing appears then). */
int output_commit(struct output *output, struct message *why);
/** Leave no trace; accepts NULL. */
void output_abort(struct output *output);

/** Unlink what is unfinished.  For signal handlers: async-signal-safe; does not free. */
void output_unlink_all(void);

#endif /* NMSCTL_OUTPUT_H */

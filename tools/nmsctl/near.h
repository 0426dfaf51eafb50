/* SPDX-License-Identifier: GPL-2.0-only */
/* Bytes of the host to near memory and back, and what lies there under a name. */
#ifndef NMSCTL_NEAR_H
#define NMSCTL_NEAR_H

#include <stdbool.h>

#include "dataset.h"
#include "session.h"

#define NEAR_PREFIX "nms:"
#define NEAR_LABELS ".labels"
#define NEAR_NAME_SIZE 64

/* All but near_name() return the status to exit with after having said why, or 0. */

/* A copy in near memory, with a bar unless @quiet; @what is being brought. */
int near_write(struct session *session, const void *host, uint64_t bytes, const char *what,
	       bool quiet, struct nms_buffer **buffer);
/*
 * The same for reading alone, without a copy where near memory is the host's:
 * @host must then outlive the buffer.
 */
int near_bring(struct session *session, const void *host, uint64_t bytes, const char *what,
	       bool quiet, struct nms_buffer **buffer);

/* The name in "nms:NAME"; NULL if @path is a file. */
const char *near_name(const char *path);
/* Is this a name that rows can be given, and their labels beside them? */
int near_name_check(const char *name);
/* Under what name their labels lie. */
void near_labels_name(const char *name, char labels[NEAR_NAME_SIZE]);
/* What is known of a dataset: 0, or -ENOENT, and nothing is said. */
int near_find(struct session *session, const char *name, struct nms_dataset_info *info);
/* "user:group"; @text has room for 40. */
const char *near_owner(const struct nms_dataset_info *info, char *text);
/* Names that outlive this process need a device. */
int near_need_device(const struct session *session, const char *command);

/* Rows that lie in near memory, as those of a file. */
struct near_rows {
	struct dataset dataset;		/* without a base */
	struct nms_matrix matrix;	/* its buffer goes with the context */
	struct nms_dataset_info info;
	uint32_t *labels;		/* read back; NULL without */
	size_t nclasses;
};

int near_open(struct session *session, const char *name, bool labels, struct near_rows **rows);
void near_close(struct near_rows *rows);

#endif /* NMSCTL_NEAR_H */

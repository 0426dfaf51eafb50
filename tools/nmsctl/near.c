// SPDX-License-Identifier: GPL-2.0-only
#include "near.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interrupt.h"
#include "nmsctl.h"
#include "progress.h"

/* Below what any user may pin, and long beside what a command costs. */
#define PIECE (4u << 20)

static int move(struct session *session, enum nms_op op, struct nms_buffer *buffer,
		uint64_t offset, void *host, uint64_t bytes)
{
	struct nms_command command;
	struct nms_job *job;
	int error, status;

	memset(&command, 0, sizeof(command));
	command.op = op;
	command.copy = (struct nms_copy){
		.buffer = buffer, .offset = offset, .bytes = bytes, .host = host,
	};
	interrupt_block();
	error = nms_job_submit(session->context, &command, 1, &job);
	interrupt_unblock();
	if (error)
		return nmsctl_fail_library(error, nms_last_error());
	status = session_wait(job, true);
	nms_job_destroy(job);
	return status;
}

int near_write(struct session *session, const void *host, uint64_t bytes, const char *what,
	       bool quiet, struct nms_buffer **buffer)
{
	double begin = seconds_now();
	struct progress bar;
	int error, status = 0;

	error = nms_buffer_create(session->context, bytes, buffer);
	if (error)
		return nmsctl_fail_library(error, nms_last_error());
	progress_begin(&bar, quiet);
	for (uint64_t at = 0; !status && at < bytes; at += PIECE) {
		uint64_t n = bytes - at < PIECE ? bytes - at : PIECE;

		progress_show(&bar, what, at, bytes);
		/* a WRITE reads it */
		status = move(session, NMS_OP_WRITE, *buffer, at, (char *)host + at, n);
	}
	progress_end(&bar);
	session->uploaded += bytes;
	session->seconds += seconds_now() - begin;
	if (!status)
		return 0;
	nms_buffer_destroy(*buffer);
	*buffer = NULL;
	return status;
}

int near_bring(struct session *session, const void *host, uint64_t bytes, const char *what,
	       bool quiet, struct nms_buffer **buffer)
{
	/* the right to write is not given */
	int error = nms_buffer_wrap(session->context, (void *)host, bytes, NMS_READ, buffer);

	if (error == -EOPNOTSUPP)
		return near_write(session, host, bytes, what, quiet, buffer);
	return error ? nmsctl_fail_library(error, nms_last_error()) : 0;
}

/* A matrix to the host, packed or not: all of it. */
static int fetch(struct session *session, const struct nms_matrix *m, void *host, uint64_t bytes)
{
	int status = 0;

	for (uint64_t at = 0; !status && at < bytes; at += PIECE)
		status = move(session, NMS_OP_READ, m->buffer, m->offset + at, (char *)host + at,
			      bytes - at < PIECE ? bytes - at : PIECE);
	return status;
}

/* ---- names --------------------------------------------------------------------- */

const char *near_name(const char *path)
{
	size_t n = strlen(NEAR_PREFIX);

	return path && !strncmp(path, NEAR_PREFIX, n) ? path + n : NULL;
}

int near_name_check(const char *name)
{
	size_t n = strlen(name), m = strlen(NEAR_LABELS), most = NEAR_NAME_SIZE - 1 - m;

	if (!n || n > most)
		return nmsctl_usage("%s: expected a name of 1 to %zu characters", name, most);
	for (const char *c = name; *c; c++)
		if (*c <= ' ' || *c > '~' || *c == '/')
			return nmsctl_usage("%s: a name has letters, digits and signs, but no space "
					    "and no '/'", name);
	if (n > m && !strcmp(name + n - m, NEAR_LABELS))
		return nmsctl_usage("%s: under such a name lie the labels of other rows", name);
	return 0;
}

void near_labels_name(const char *name, char labels[NEAR_NAME_SIZE])
{
	snprintf(labels, NEAR_NAME_SIZE, "%.*s%s",
		 (int)(NEAR_NAME_SIZE - sizeof(NEAR_LABELS)), name, NEAR_LABELS);
}

int near_find(struct session *session, const char *name, struct nms_dataset_info *info)
{
	for (size_t i = 0;; i++) {
		NMS_INIT(info);
		if (nms_dataset_info(session->context, i, info))
			return -ENOENT;
		if (!strcmp(info->name, name))
			return 0;
	}
}

const char *near_owner(const struct nms_dataset_info *info, char *text)
{
	const struct passwd *user = getpwuid(info->uid);
	const struct group *group = getgrgid(info->gid);
	char uid[16], gid[16];

	snprintf(uid, sizeof(uid), "%u", info->uid);
	snprintf(gid, sizeof(gid), "%u", info->gid);
	snprintf(text, 40, "%.19s:%.19s", user ? user->pw_name : uid, group ? group->gr_name : gid);
	return text;
}

int near_need_device(const struct session *session, const char *command)
{
	if (session->info.node[0])
		return 0;
	return nmsctl_fail("%s: needs a device: a name on the software accelerator ends with the "
			   "process (%s)", command, session->info.reason);
}

/* ---- rows under a name ----------------------------------------------------------- */

static int open_named(struct session *session, const char *name, struct nms_matrix *matrix)
{
	struct nms_dataset *handle;
	/* the handle, and with it the buffer, stays until the context goes */
	int error = nms_dataset_open(session->context, name, &handle);

	if (error == -ENOENT && !session->info.node[0])
		return near_need_device(session, name);
	if (error)
		return nmsctl_fail_library(error, nms_last_error());
	*matrix = *nms_dataset_matrix(handle);
	return 0;
}

static size_t count_classes(const uint32_t *labels, size_t n)
{
	struct class_counts counts;
	size_t classes;

	if (class_counts(labels, n, NULL, 0, &counts))
		return 0;
	classes = counts.nclasses;
	class_counts_free(&counts);
	return classes;
}

static int read_labels(struct session *session, const char *name, struct near_rows *rows)
{
	struct nms_dataset_info info;
	char labels[NEAR_NAME_SIZE];
	struct nms_matrix matrix = { 0 };
	int status;

	near_labels_name(name, labels);
	if (near_find(session, labels, &info))
		return 0;
	if (info.rows != rows->info.rows || info.cols != 1 || info.dtype != NMS_U32 ||
	    (info.stride && info.stride != sizeof(uint32_t)))
		return nmsctl_fail("%s%s: not labels of %s: %llu rows of %u %s", NEAR_PREFIX, labels,
				   name, (unsigned long long)info.rows, info.cols,
				   dtype_name(info.dtype));
	status = open_named(session, labels, &matrix);
	if (status)
		return status;
	rows->labels = malloc(info.rows * sizeof(*rows->labels));
	if (!rows->labels)
		return nmsctl_fail("out of memory");
	status = fetch(session, &matrix, rows->labels, info.rows * sizeof(*rows->labels));
	if (!status)
		rows->nclasses = count_classes(rows->labels, info.rows);
	return status;
}

static int describe(const char *name, struct near_rows *rows)
{
	const struct nms_matrix *m = &rows->matrix;

	if (m->dtype < NMS_U8 || m->dtype >= NMS_U32 || !m->rows || !m->cols ||
	    m->rows >= UINT32_MAX)
		return nmsctl_fail("%s%s: holds no rows: %llu of %u %s", NEAR_PREFIX, name,
				   (unsigned long long)m->rows, m->cols,
				   nms_dtype_size(m->dtype) ? dtype_name(m->dtype) : "unknown");
	rows->dataset = (struct dataset){
		.rows = m->rows, .cols = m->cols, .stride = m->stride, .dtype = m->dtype,
		.ndim = 1, .shape = { m->cols }, .format = "near memory",
	};
	return 0;
}

int near_open(struct session *session, const char *name, bool labels, struct near_rows **out)
{
	struct near_rows *rows = calloc(1, sizeof(*rows));
	int status;

	*out = NULL;
	if (!rows)
		return nmsctl_fail("out of memory");
	status = open_named(session, name, &rows->matrix);
	if (!status)
		status = describe(name, rows);
	if (!status && near_find(session, name, &rows->info))
		status = nmsctl_fail("%s%s: has just been taken away", NEAR_PREFIX, name);
	if (!status && labels)
		status = read_labels(session, name, rows);
	if (status)
		near_close(rows);
	else
		*out = rows;
	return status;
}

void near_close(struct near_rows *rows)
{
	if (rows)
		free(rows->labels);
	free(rows);
}

// SPDX-License-Identifier: GPL-2.0-only
/* nmsctl load: bring rows to near memory under a name, where they stay. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "interrupt.h"
#include "json.h"
#include "near.h"
#include "nmsctl.h"
#include "report.h"

/* Nobody but the owner. */
#define MODE 0600

struct loading {
	const struct nmsctl_options *options;
	const char *name;
	char labels_name[NEAR_NAME_SIZE];
	unsigned int mode;
	struct session session;
	struct input input;
	struct nms_buffer *labels;
};

static int take_mode(struct loading *l)
{
	const char *text = l->options->mode;

	l->mode = MODE;
	if (!text)
		return 0;
	l->mode = (unsigned int)strtoul(text, NULL, 8);
	if (strlen(text) > 4 || strspn(text, "01234567") != strlen(text) || l->mode & ~0666u)
		return nmsctl_usage("--mode %s: expected an octal number such as 0640, of read and "
				    "write alone", text);
	return 0;
}

static int take_name(struct loading *l)
{
	const char *stripped = near_name(l->options->operand[0]);

	l->name = stripped ? stripped : l->options->operand[0];
	if (near_name(l->options->operand[1]))
		return nmsctl_usage("%s: is near already", l->options->operand[1]);
	near_labels_name(l->name, l->labels_name);
	return near_name_check(l->name);
}

/* Before much is moved; whoever comes in between is seen when the name is given. */
static int check_free(struct loading *l)
{
	struct nms_dataset_info info;

	if (!near_find(&l->session, l->name, &info))
		return nmsctl_fail("%s%s: is there already; nmsctl unload takes it away", NEAR_PREFIX,
				   l->name);
	if (l->input.labels && !near_find(&l->session, l->labels_name, &info))
		return nmsctl_fail("%s%s: is there already, without rows; nmsctl unload takes it "
				   "away", NEAR_PREFIX, l->labels_name);
	return 0;
}

static int bring(struct loading *l)
{
	const struct dataset *d = l->input.dataset;
	uint64_t size = (uint64_t)(d->rows - 1) * d->stride + input_row_bytes(&l->input);
	int status = 0;

	if (d->cols > UINT32_MAX)
		return nmsctl_fail("%s: %zu columns; expected at most %u", l->input.path, d->cols,
				   UINT32_MAX);
	if (l->input.labels)
		status = near_write(&l->session, l->input.labels, 4 * (uint64_t)d->rows, "labels",
				    l->options->quiet, &l->labels);
	if (!status)
		status = near_write(&l->session, d->base, size, "rows", l->options->quiet,
				    &l->session.buffer);
	return status;
}

/* From here on it is theirs to keep: neither handle is given back. */
static int give_name(struct loading *l, const char *name, struct nms_buffer **buffer,
		     uint64_t stride, uint32_t cols, enum nms_dtype dtype)
{
	const struct nms_matrix matrix = {
		.buffer = *buffer, .rows = l->input.dataset->rows, .stride = stride, .cols = cols,
		.dtype = dtype,
	};
	struct nms_dataset *handle;
	int error = nms_dataset_create(l->session.context, name, &matrix, l->mode, &handle);

	if (error)
		return nmsctl_fail_library(error, nms_last_error());
	*buffer = NULL;
	return 0;
}

/*
 * Whoever finds the rows finds their labels, too: those get their name first, and
 * lose it if the rows do not get theirs.
 */
static int give_names(struct loading *l)
{
	const struct dataset *d = l->input.dataset;
	bool labels = l->labels;
	int status = 0;

	interrupt_hold();
	if (interrupt_pending())
		return NMSCTL_INTERRUPTED;
	if (labels)
		status = give_name(l, l->labels_name, &l->labels, sizeof(uint32_t), 1, NMS_U32);
	if (status)
		return status;
	status = give_name(l, l->name, &l->session.buffer, d->stride, (uint32_t)d->cols, d->dtype);
	if (status && labels)
		nms_dataset_unlink(l->session.context, l->labels_name);
	return status;
}

static int tell(const struct loading *l)
{
	const struct dataset *d = l->input.dataset;
	struct json_object *root;
	char rows[32], bytes[32];
	int error;

	if (!l->options->json) {
		if (!l->options->quiet)
			fprintf(stderr, "%s%s: %s rows of %zu %s%s, %s bytes to %s in %.2f s, mode "
				"%04o\n", NEAR_PREFIX, l->name, grouped(d->rows, rows), d->cols,
				dtype_name(d->dtype), l->input.labels ? ", with labels" : "",
				grouped(l->session.uploaded, bytes), l->session.info.node,
				l->session.seconds, l->mode);
		return 0;
	}
	root = json_object_new_object();
	error = json_put_text(root, "name", l->name);
	error |= json_put_text(root, "node", l->session.info.node);
	error |= json_put_u64(root, "rows", d->rows);
	error |= json_put_u64(root, "cols", d->cols);
	error |= json_put_text(root, "dtype", dtype_name(d->dtype));
	error |= json_put_u64(root, "uploaded", l->session.uploaded);
	error |= json_put_real(root, "seconds", l->session.seconds, 6);
	error |= json_put_text(root, "labels", l->input.labels ? l->labels_name : NULL);
	if (!error)
		error = json_print(stdout, root);
	json_object_put(root);
	return error ? nmsctl_fail("out of memory") : 0;
}

int nmsctl_load(const struct nmsctl_options *options)
{
	struct loading l = { .options = options };
	int status = take_name(&l);

	if (!status)
		status = take_mode(&l);
	if (!status)
		status = session_open(options, &l.session);
	if (!status)
		status = near_need_device(&l.session, "load");
	if (!status)
		status = input_open(options, options->operand[1], &l.session, &l.input);
	if (!status)
		status = check_free(&l);
	if (!status)
		status = bring(&l);
	if (!status)
		status = give_names(&l);
	if (!status)
		status = tell(&l);
	nms_buffer_destroy(l.labels);
	session_close(&l.session);
	input_close(&l.input);
	return status;
}

// SPDX-License-Identifier: GPL-2.0-only
/* nmsctl gather: copy the chosen rows out. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "interrupt.h"
#include "json.h"
#include "near.h"
#include "nmsctl.h"
#include "npy_write.h"
#include "outputs.h"
#include "printable.h"
#include "session.h"

struct gathering {
	const struct nmsctl_options *options;
	struct session session;
	struct input input;
	struct outputs outputs;
	uint32_t *index;
	size_t count;
	struct nms_buffer *list;
	void *rows;
	struct nms_result result;
};

static int read_index(struct gathering *g)
{
	const char *path = g->options->operand[1];
	struct message why;

	if (index_list_open(path, g->input.dataset->rows, &g->index, &g->count, &why))
		return nmsctl_fail("%s", why.text);
	if (!g->count)
		return nmsctl_fail("%s: no row numbers; expected at least one", path);
	return 0;
}

static int run(struct gathering *g, uint64_t bytes)
{
	struct nms_command command[1];
	struct nms_job *job = NULL;
	int error, status;

	memset(command, 0, sizeof(command));
	command[0].op = NMS_OP_GATHER;
	command[0].gather.input = g->session.data;
	command[0].gather.index = (struct nms_vector){ .buffer = g->list, .count = g->count };
	command[0].gather.host = g->rows;
	command[0].gather.bytes = bytes;
	interrupt_block();
	error = nms_job_submit(g->session.context, command, 1, &job);
	interrupt_unblock();
	if (error)
		return nmsctl_fail_library(error, nms_last_error());
	status = session_wait(job, g->options->quiet);
	NMS_INIT(&g->result);
	if (!status)
		nms_job_result(job, 0, &g->result);
	nms_job_destroy(job);
	return status;
}

static int gather(struct gathering *g)
{
	uint64_t bytes;
	int status;

	if (__builtin_mul_overflow((uint64_t)g->count, input_row_bytes(&g->input), &bytes) ||
	    bytes > SIZE_MAX)
		return nmsctl_fail("%s: too many rows to gather", g->options->operand[1]);
	g->rows = malloc(bytes);
	if (!g->rows)
		return nmsctl_fail("out of memory: %llu bytes of rows", (unsigned long long)bytes);
	status = near_bring(&g->session, g->index, 4 * (uint64_t)g->count, "row numbers",
			    g->options->quiet, &g->list);
	return status ? status : run(g, bytes);
}

static int write_labels(const struct gathering *g, FILE *to)
{
	uint32_t *chosen = malloc(g->count * sizeof(*chosen));
	int error;

	if (!chosen)
		return -ENOMEM;
	for (size_t i = 0; i < g->count; i++)
		chosen[i] = g->input.known[g->index[i]];
	error = npy_write_u32(to, chosen, g->count);
	free(chosen);
	return error;
}

static int write_files(struct gathering *g)
{
	const struct dataset *d = g->input.dataset;
	FILE *to = outputs_stream(&g->outputs, OUTPUT_RESULT);
	int error = npy_write_rows(to, g->rows, g->count, d->dtype, d->shape, d->ndim);

	to = outputs_stream(&g->outputs, OUTPUT_LABELS);
	if (to && !error)
		error = write_labels(g, to);
	if (error)
		return nmsctl_fail("%s: %s", g->options->output, strerror(-error));
	return outputs_commit(&g->outputs);
}

static void print_summary(const struct gathering *g)
{
	fprintf(stderr, "%zu rows of ", g->count);
	printable_put(stderr, g->input.path, 0, PRINTABLE_ALL);
	fprintf(stderr, ", %llu bytes over the link, to ",
		(unsigned long long)g->result.link_out);
	printable_put(stderr, g->options->output, 0, PRINTABLE_ALL);
	fputc('\n', stderr);
}

static int tell(const struct gathering *g)
{
	struct json_object *root;
	int error;

	if (!g->options->json) {
		if (!g->options->quiet)
			print_summary(g);
		return 0;
	}
	root = json_object_new_object();
	error = json_put_u64(root, "count", g->count);
	error |= json_put_u64(root, "bytes", g->count * input_row_bytes(&g->input));
	error |= json_put_u64(root, "link_out", g->result.link_out);
	error |= json_put_u64(root, "uploaded", g->session.uploaded);
	error |= json_put_text(root, "backend", g->result.backend);
	error |= json_put_text(root, "node",
			       g->session.info.node[0] ? g->session.info.node : NULL);
	error |= json_put_text(root, "output", g->options->output);
	if (!error)
		error = json_print(stdout, root);
	json_object_put(root);
	return error ? nmsctl_fail("out of memory") : 0;
}

static int check_labels(const struct gathering *g)
{
	if (g->options->labels_out && !g->input.known)
		return nmsctl_usage("--labels-out %s: there are no labels; give --labels",
				    g->options->labels_out);
	return 0;
}

int nmsctl_gather(const struct nmsctl_options *options)
{
	struct gathering g = { .options = options };
	int status = 0;

	if (!options->output)
		status = nmsctl_usage("gather: expected --output FILE.npy");
	if (!status)
		status = session_open(options, &g.session);
	if (!status)
		status = outputs_open(options, false, &g.outputs);
	if (!status)
		status = input_open(options, options->operand[0], &g.session, &g.input);
	if (!status)
		status = check_labels(&g);
	if (!status)
		status = read_index(&g);
	if (!status)
		status = session_load(&g.session, &g.input, options->quiet);
	if (!status)
		status = gather(&g);
	if (!status)
		status = write_files(&g);
	if (!status)
		status = tell(&g);
	outputs_close(&g.outputs);
	nms_buffer_destroy(g.list);
	free(g.rows);
	free(g.index);
	session_close(&g.session);
	input_close(&g.input);
	return status;
}

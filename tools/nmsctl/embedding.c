// SPDX-License-Identifier: GPL-2.0-only
#include "embedding.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interrupt.h"
#include "names.h"
#include "nmsctl.h"

#define FEATURES 50
#define PERPLEXITY 30
#define CANDIDATES 8
#define MAX_COMMANDS 4

static int nothing_left(void)
{
	return nmsctl_fail("out of memory");
}

/* Near memory and host memory for what the commands pass on. */
static int allocate(struct session *session, const struct nmsctl_options *options,
		    const struct input *input, uint32_t features, struct embedding *e)
{
	uint64_t rows = input->dataset->rows;
	int error;

	e->points = calloc(rows, 2 * sizeof(*e->points));
	e->lines = calloc(CANDIDATES, sizeof(*e->lines));
	if (!e->points || !e->lines)
		return nothing_left();
	error = nms_buffer_create(session->context, rows * features * 4, &e->features);
	if (!error)
		error = nms_buffer_create(session->context, rows * 8, &e->plane);
	if (!error)
		error = nms_buffer_create(session->context, CANDIDATES * sizeof(*e->lines),
					  &e->trace);
	if (!error && options->by_class)
		error = nms_buffer_wrap(session->context, (void *)input->known, rows * 4, NMS_READ,
					&e->labels);
	return error ? nmsctl_fail_library(error, nms_last_error()) : 0;
}

/* Words of the command line as numbers; 0: the default. */
struct how {
	int search, neighbours;
};

static struct nms_command embed_command(const struct nmsctl_options *options, uint64_t rows,
					const struct nms_matrix *features, const struct how *how,
					const struct embedding *e)
{
	struct nms_command c;

	memset(&c, 0, sizeof(c));
	c.op = NMS_OP_EMBED;
	c.embed.features = *features;
	c.embed.output = (struct nms_matrix){
		.buffer = e->plane,
		.rows = rows,
		.cols = 2,
		.dtype = NMS_F32,
	};
	if (e->labels)
		c.embed.labels = (struct nms_vector){ .buffer = e->labels, .count = rows };
	c.embed.seed = options->seed;
	c.embed.entropy_guided = options->guided;
	c.embed.neighbours = how->neighbours;
	c.embed.search = how->search   ? how->search
			 : options->guided ? NMS_SEARCH_FWA
					   : NMS_SEARCH_NEWTON;
	c.embed.perplexity = options->perplexity > 0 ? (float)options->perplexity : PERPLEXITY;
	c.embed.iterations = options->iterations;
	if (options->guided) {
		c.embed.candidates = CANDIDATES;
		c.embed.trace = (struct nms_vector){
			.buffer = e->trace,
			.count = CANDIDATES * sizeof(*e->lines) / 4,
		};
	}
	return c;
}

static struct nms_command read_command(struct nms_buffer *buffer, uint64_t bytes, void *host)
{
	struct nms_command c;

	memset(&c, 0, sizeof(c));
	c.op = NMS_OP_READ;
	c.copy = (struct nms_copy){ .buffer = buffer, .bytes = bytes, .host = host };
	return c;
}

static int submit(struct session *session, const struct nmsctl_options *options,
		  const struct how *how, uint32_t features, struct embedding *e)
{
	uint64_t rows = session->data.rows;
	struct nms_command command[MAX_COMMANDS];
	const struct nms_matrix reduced = {
		.buffer = e->features,
		.rows = rows,
		.cols = features,
		.dtype = NMS_F32,
	};
	size_t n = 0;
	int error;

	memset(command, 0, sizeof(command));
	command[n].op = NMS_OP_REDUCE;
	command[n].reduce.input = session->data;
	command[n].reduce.output = reduced;
	command[n++].reduce.seed = options->seed;
	command[n++] = embed_command(options, rows, &reduced, how, e);
	command[n++] = read_command(e->plane, rows * 8, e->points);
	if (options->guided)
		command[n++] = read_command(e->trace, CANDIDATES * sizeof(*e->lines), e->lines);
	interrupt_block();
	error = nms_job_submit(session->context, command, n, &e->job);
	interrupt_unblock();
	return error ? nmsctl_fail_library(error, nms_last_error()) : 0;
}

static void add(struct nms_result *total, const struct nms_result *part)
{
	for (int d = 0; d < NMS_NDOMAINS; d++)
		total->energy[d] += part->energy[d];
	for (int p = 0; p < NMS_NPHASES; p++) {
		total->nanoseconds[p] += part->nanoseconds[p];
		total->cycles[p] += part->cycles[p];
	}
	total->near_read += part->near_read;
	total->near_write += part->near_write;
	total->link_in += part->link_in;
	total->link_out += part->link_out;
	total->scratch += part->scratch;
	total->mac += part->mac;
	total->special += part->special;
}

/* The second command is the EMBED, whose figures are those of the whole. */
static int sum_up(const struct nmsctl_options *options, struct embedding *e)
{
	struct nms_result *total = &e->result.total, part;
	int error;

	NMS_INIT(total);
	error = nms_job_result(e->job, 1, total);
	for (size_t i = 0; !error && i < (options->guided ? 4 : 3); i++) {
		NMS_INIT(&part);
		error = nms_job_result(e->job, i, &part);
		if (!error && i != 1)
			add(total, &part);
		if (!error && !i) {
			total->features = part.features;
			total->variance_kept = part.variance_kept;
		}
	}
	if (error)
		return nmsctl_fail_library(error, nms_last_error());
	e->result.embedding = e->points;
	e->result.trace = e->lines;
	e->result.ntrace = total->trace_lines < CANDIDATES ? total->trace_lines : CANDIDATES;
	return 0;
}

static void name_it(const struct nmsctl_options *options, struct embedding *e)
{
	snprintf(e->result.method, sizeof(e->result.method), "embed");
	snprintf(e->result.search, sizeof(e->result.search), "%s",
		 options->search   ? options->search
		 : options->guided ? "fwa"
				   : "newton");
}

int embedding_make(struct session *session, const struct nmsctl_options *options,
		   const struct input *input, struct embedding *e)
{
	uint64_t rows = input->dataset->rows, most = input->dataset->cols;
	uint32_t features = options->features;
	double begin = seconds_now();
	struct how how;
	int status;

	memset(e, 0, sizeof(*e));
	status = name_value(search_names, "search", options->search, &how.search);
	if (!status)
		status = name_value(neighbours_names, "neighbours", options->neighbours,
				    &how.neighbours);
	if (status)
		return status;
	most = most < rows - 1 ? most : rows - 1;
	if (!most || features > most)
		return nmsctl_fail("%s: %llu rows of %zu columns have at most %llu features",
				   input->path, (unsigned long long)rows, input->dataset->cols,
				   (unsigned long long)most);
	if (!features)
		features = most < FEATURES ? (uint32_t)most : FEATURES;
	status = allocate(session, options, input, features, e);
	if (!status)
		status = submit(session, options, &how, features, e);
	if (!status)
		status = session_wait(e->job, options->quiet);
	if (!status)
		status = sum_up(options, e);
	name_it(options, e);
	e->seconds = seconds_now() - begin;
	return status;
}

void embedding_close(struct embedding *e)
{
	nms_job_destroy(e->job);
	nms_buffer_destroy(e->features);
	nms_buffer_destroy(e->plane);
	nms_buffer_destroy(e->trace);
	nms_buffer_destroy(e->labels);
	free(e->points);
	free(e->lines);
	memset(e, 0, sizeof(*e));
}

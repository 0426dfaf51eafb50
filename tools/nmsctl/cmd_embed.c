// SPDX-License-Identifier: GPL-2.0-only
/* nmsctl embed: lay the rows out in the plane. */
#include <string.h>

#include "embedding.h"
#include "names.h"
#include "nmsctl.h"
#include "npy_write.h"
#include "outputs.h"
#include "picture.h"

struct embedding_run {
	const struct nmsctl_options *options;
	struct session session;
	struct input input;
	struct outputs outputs;
	struct embedding embedding;
	struct report report;
};

static int check(const struct nmsctl_options *options)
{
	int value, status;

	if (!options->output)
		return nmsctl_usage("embed: expected --output FILE.npy");
	status = name_value(search_names, "search", options->search, &value);
	if (!status)
		status = name_value(neighbours_names, "neighbours", options->neighbours, &value);
	return status;
}

static int check_labels(const struct embedding_run *run)
{
	if (run->options->by_class && !run->input.labels)
		return nmsctl_usage("--by-class: there are no labels; give --labels");
	return 0;
}

static void fill_report(struct embedding_run *run)
{
	struct report *r = &run->report;

	r->options = run->options;
	r->input = &run->input;
	r->session = &run->session;
	r->device = &run->session.info;
	r->result = &run->embedding.result;
	r->load = run->input.seconds;
	r->work = run->embedding.seconds;
}

static int write_all(struct embedding_run *run)
{
	FILE *to = outputs_stream(&run->outputs, OUTPUT_PLOT);
	double begin = seconds_now();
	int error, status = 0;

	if (to) {
		status =
			picture_write(&run->report, run->options->by_class, run->options->plot, to);
		run->report.plot = seconds_now() - begin;
		begin = seconds_now();
	}
	if (status)
		return status;
	error = npy_write_f32(outputs_stream(&run->outputs, OUTPUT_RESULT), run->embedding.points,
			      run->input.dataset->rows, 2);
	if (error)
		return nmsctl_fail("%s: %s", run->options->output, strerror(-error));
	status = outputs_commit(&run->outputs);
	run->report.write = seconds_now() - begin;
	return status;
}

static int tell(const struct embedding_run *run)
{
	if (run->options->json)
		return report_json(&run->report, false);
	if (!run->options->quiet)
		report_print(stderr, &run->report);
	return 0;
}

int nmsctl_embed(const struct nmsctl_options *options)
{
	struct embedding_run run = { .options = options };
	double begin = seconds_now();
	int status = check(options);

	if (!status)
		status = session_open(options, &run.session);
	if (!status)
		status = outputs_open(options, false, &run.outputs);
	if (!status)
		status = input_open(options, options->operand[0], &run.session, &run.input);
	if (!status)
		status = check_labels(&run);
	if (!status)
		status = session_load(&run.session, &run.input, options->quiet);
	if (!status)
		status = embedding_make(&run.session, options, &run.input, &run.embedding);
	fill_report(&run);
	if (!status)
		status = write_all(&run);
	run.report.total = seconds_now() - begin;
	if (!status)
		status = tell(&run);
	outputs_close(&run.outputs);
	embedding_close(&run.embedding);
	session_close(&run.session);
	input_close(&run.input);
	return status;
}

// SPDX-License-Identifier: GPL-2.0-only
/* nmsctl sample: choose exemplars. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "choose.h"
#include "hygiene.h"
#include "manifest.h"
#include "nmsctl.h"
#include "npy_write.h"
#include "outputs.h"
#include "page.h"
#include "picture.h"
#include "selection.h"

struct sampling {
	const struct nmsctl_options *options;
	double begin;
	struct session session;
	struct input input;
	struct outputs outputs;
	struct request request;
	struct choice choice;
	struct class_counts classes;
	struct hygiene hygiene;
	struct two_paths paths;
	struct report report;
	struct page page;
};

static int digest(struct sampling *s)
{
	struct report *r = &s->report;
	double begin = seconds_now();
	int error = 0;

	/* rows that stay in near memory are not there to be read */
	if (!s->input.near)
		error = digest_dataset(s->input.dataset, r->data_digest);
	if (!error && s->input.labels)
		error = digest_u32(s->input.labels, s->input.dataset->rows, r->labels_digest);
	if (!error)
		error = digest_u32(s->choice.result.index, s->choice.result.count, r->index_digest);
	r->digest = seconds_now() - begin;
	return error ? nmsctl_fail("%s: %s", s->input.path, strerror(-error)) : 0;
}

static int compare_paths(struct sampling *s)
{
	struct unit_cost cost;
	int status = unit_cost_measure(&s->session, &cost);

	if (status)
		return status;
	two_paths_model(&cost, &s->choice.result.total, s->input.dataset->rows,
			s->choice.result.count, input_row_bytes(&s->input), &s->paths);
	s->report.paths = &s->paths;
	return 0;
}

static int count_classes(struct sampling *s)
{
	if (!s->input.labels)
		return 0;
	if (class_counts(s->input.labels, s->input.dataset->rows, s->choice.result.index,
			 s->choice.result.count, &s->classes))
		return nmsctl_fail("out of memory");
	s->report.classes = &s->classes;
	return 0;
}

/* For the summary and --json alone: what nobody reads is not looked for. */
static int look_at_rows(struct sampling *s)
{
	int status;

	if (s->options->quiet && !s->options->json)
		return 0;
	status = hygiene_take(&s->session, s->options, &s->input, &s->choice.result, &s->hygiene);
	s->report.hygiene = &s->hygiene;
	return status;
}

/* All that the report needs. */
static int work(struct sampling *s)
{
	struct report *r = &s->report;
	int status = choose(&s->session, &s->request, s->options->quiet, &s->choice);

	if (status)
		return status;
	r->options = s->options;
	r->input = &s->input;
	r->session = &s->session;
	r->device = &s->session.info;
	r->result = &s->choice.result;
	r->load = s->input.seconds;
	r->work = s->choice.seconds;
	status = count_classes(s);
	if (!status)
		status = compare_paths(s);
	if (!status)
		status = look_at_rows(s);
	if (!status && (outputs_stream(&s->outputs, OUTPUT_MANIFEST) ||
			outputs_stream(&s->outputs, OUTPUT_REPORT)))
		status = digest(s);
	return status;
}

static int write_selection(const struct sampling *s, FILE *to)
{
	const struct selection selection = {
		.count = s->choice.result.count,
		.index = s->choice.result.index,
		.weight = s->choice.result.weight,
		.labels = s->input.labels,
		.class_names = s->input.class_names,
	};
	enum selection_format format;
	int error = selection_format_of(s->options->output, &format);

	return error ? error : selection_write(to, &selection, format);
}

/* Errors of writing itself are noticed by the commit. */
static int write_files(struct sampling *s)
{
	const struct nms_sample_result *result = &s->choice.result;
	FILE *to;
	int error = 0;

	to = outputs_stream(&s->outputs, OUTPUT_RESULT);
	if (to)
		error = write_selection(s, to);
	to = outputs_stream(&s->outputs, OUTPUT_EMBEDDING);
	if (to && !error)
		error = npy_write_f32(to, result->embedding, s->input.dataset->rows, 2);
	to = outputs_stream(&s->outputs, OUTPUT_WEIGHTS);
	if (to && !error)
		error = npy_write_f32(to, result->weight, result->count, 1);
	to = outputs_stream(&s->outputs, OUTPUT_MANIFEST);
	if (to && !error)
		error = manifest_write(to, &s->report, &s->request);
	return error ? nmsctl_fail("%s: %s", s->options->output ? s->options->output : "output",
				   strerror(-error))
		     : 0;
}

/* What it tells of time is what was spent before it. */
static int write_page(struct sampling *s, double begin)
{
	FILE *to = outputs_stream(&s->outputs, OUTPUT_REPORT);
	int status;

	if (!to)
		return 0;
	status = page_make(&s->session, &s->report, &s->request, &s->page);
	s->report.total = seconds_now() - s->begin;
	if (!status)
		status = page_write(&s->page, s->options->report, to);
	s->report.page = seconds_now() - begin;
	return status;
}

static int write_all(struct sampling *s)
{
	FILE *to = outputs_stream(&s->outputs, OUTPUT_PLOT);
	double begin = seconds_now();
	int status = 0;

	if (to) {
		status = picture_write(&s->report, s->input.labels != NULL, s->options->plot, to);
		s->report.plot = seconds_now() - begin;
		begin = seconds_now();
	}
	if (!status)
		status = write_page(s, begin);
	begin = seconds_now();
	if (!status)
		status = write_files(s);
	if (!status)
		status = outputs_commit(&s->outputs);
	s->report.write = seconds_now() - begin;
	return status;
}

static int tell(struct sampling *s)
{
	const struct nms_sample_result *result = &s->choice.result;
	const char *output = s->options->output;

	if (s->options->json)
		return report_json(&s->report, !output);
	for (uint64_t i = 0; !output && i < result->count; i++)
		printf("%u\n", result->index[i]);
	if (s->options->quiet)
		return 0;
	if (fflush(stdout))
		return nmsctl_fail("standard output: %s", strerror(errno));
	report_print(stderr, &s->report);
	return 0;
}

static int check(const struct nmsctl_options *options)
{
	if (options->audit && options->quiet && !options->json)
		return nmsctl_usage("--audit: --quiet hides what it finds; expected --json beside it");
	return request_check(options);
}

int nmsctl_sample(const struct nmsctl_options *options)
{
	struct sampling s = { .options = options, .begin = seconds_now() };
	int status = check(options);

	if (!status)
		status = session_open(options, &s.session);
	if (!status)
		status = outputs_open(options, true, &s.outputs);
	if (!status)
		status = input_open(options, options->operand[0], &s.session, &s.input);
	if (!status)
		status = request_open(options, &s.input, &s.request);
	if (!status)
		status = session_load(&s.session, &s.input, options->quiet);
	if (!status)
		status = work(&s);
	if (!status)
		status = write_all(&s);
	s.report.total = seconds_now() - s.begin;
	if (!status)
		status = tell(&s);
	outputs_close(&s.outputs);
	page_free(&s.page);
	hygiene_free(&s.hygiene);
	class_counts_free(&s.classes);
	choice_close(&s.choice);
	request_close(&s.request);
	session_close(&s.session);
	input_close(&s.input);
	return status;
}

// SPDX-License-Identifier: GPL-2.0-only
/* nmsctl curve: how well more and more exemplars cover. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "choose.h"
#include "curve.h"
#include "nmsctl.h"
#include "report.h"

struct run {
	const struct nmsctl_options *options;
	struct session session;
	struct input input;
	struct request request;
	struct curve curve;
	char method[16], rule[16];
};

static int check(const struct nmsctl_options *options)
{
	int status = request_check_words(options);

	if (status)
		return status;
	if (options->method && !strcmp(options->method, "random"))
		return nmsctl_usage("curve: method random makes no features to measure in; its curve "
				    "stands beside that of any other method");
	return 0;
}

static int make_counts(struct run *r)
{
	uint64_t rows = r->input.dataset->rows;
	int error = curve_counts(r->options->counts, rows, r->input.labels ? r->input.nclasses : 1,
				 &r->curve);

	if (error == -EINVAL)
		return nmsctl_usage("--counts %s: expected whole numbers from 1 to %llu, with commas "
				    "between them", r->options->counts, (unsigned long long)rows);
	return error ? nmsctl_fail("%s", strerror(-error)) : 0;
}

static int measure(struct run *r, struct curve_point *point)
{
	struct choice choice;
	int status;

	r->request.params.count = point->count;
	status = choose(&r->session, &r->request, r->options->quiet, &choice);
	if (status)
		return status;
	point->coverage = (double)choice.result.total.coverage;
	point->random = (double)choice.result.total.coverage_random;
	point->seconds = choice.seconds;
	snprintf(r->method, sizeof(r->method), "%s", choice.result.method);
	snprintf(r->rule, sizeof(r->rule), "%s", choice.result.rule);
	choice_close(&choice);
	return 0;
}

static int put_point(struct json_object *array, const struct curve *curve, size_t i)
{
	const struct curve_point *p = &curve->point[i];
	struct json_object *to = json_object_new_object();
	double equal = curve_random_equal(curve, i);
	int error;

	if (!to || json_object_array_add(array, to)) {
		json_object_put(to);
		return -ENOMEM;
	}
	error = json_put_u64(to, "count", p->count);
	error |= json_put_real(to, "coverage", p->coverage, 9);
	error |= json_put_real(to, "coverage_random", p->random, 9);
	if (equal > 0)
		error |= json_put_real(to, "random_equal", equal, 6);
	if (i + 1 < curve->n)
		error |= json_put_real(to, "gain_of_doubling", curve_gain(curve, i), 6);
	return error | json_put_real(to, "seconds", p->seconds, 6);
}

static int print_json(const struct run *r)
{
	struct json_object *root = json_object_new_object(), *array = json_object_new_array();
	int error = root && array ? 0 : -ENOMEM;

	if (!error)
		error = json_put_text(root, "method", r->method);
	if (!error)
		error = json_put_text(root, "rule", r->rule);
	if (!error)
		error = json_put_u64(root, "rows", r->input.dataset->rows);
	for (size_t i = 0; i < r->curve.n && !error; i++)
		error = put_point(array, &r->curve, i);
	if (!error)
		error = json_put(root, "points", array);
	else
		json_object_put(array);
	if (!error)
		error = json_print(stdout, root);
	json_object_put(root);
	return error ? nmsctl_fail("%s", strerror(-error)) : 0;
}

static void print_point(const struct run *r, size_t i)
{
	const struct curve_point *p = &r->curve.point[i];
	double equal = curve_random_equal(&r->curve, i);
	char count[32], as[32];

	printf("%10s %7.2f %% %10.4f %10.4f", grouped(p->count, count),
	       100 * (double)p->count / (double)r->input.dataset->rows, p->coverage, p->random);
	printf(" %12s", equal > 0 ? grouped((uint64_t)(equal + 0.5), as) : "-");
	if (i + 1 < r->curve.n)
		printf(" %10.1f %%\n", 100 * curve_gain(&r->curve, i));
	else
		printf(" %12s\n", "-");
}

static void print_table(const struct run *r)
{
	printf("%s, rule %s: distance from a row to the nearest exemplar, of the RMS radius\n",
	       r->method, r->rule);
	printf("%10s %9s %10s %10s %12s %12s\n", "exemplars", "share", "coverage", "random",
	       "as random", "doubling");
	for (size_t i = 0; i < r->curve.n; i++)
		print_point(r, i);
	printf("as random: so many rows drawn at random cover as well; doubling: how much nearer "
	       "twice as many\n");
}

int nmsctl_curve(const struct nmsctl_options *options)
{
	struct run r = { .options = options };
	int status = check(options);

	if (!status)
		status = session_open(options, &r.session);
	if (!status)
		status = input_open(options, options->operand[0], &r.session, &r.input);
	if (!status)
		status = request_open(options, &r.input, &r.request);
	if (!status)
		status = make_counts(&r);
	if (!status)
		status = session_load(&r.session, &r.input, options->quiet);
	for (size_t i = 0; i < r.curve.n && !status; i++)
		status = measure(&r, &r.curve.point[i]);
	if (!status && options->json)
		status = print_json(&r);
	else if (!status)
		print_table(&r);
	curve_free(&r.curve);
	request_close(&r.request);
	session_close(&r.session);
	input_close(&r.input);
	return status;
}

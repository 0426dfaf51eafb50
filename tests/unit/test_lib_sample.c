// SPDX-License-Identifier: GPL-2.0-only
/* Whole selections by libnmsdev, with each method. */
#include <errno.h>

#include "test_lib_blobs.h"

#define MIB (1ull << 20)
#define COUNT 36u

static const struct expected {
	const char *method, *rule, *search;
	int nested, embeds;
	const char *labelled;	/* the rule where there are labels, if it is another */
} expected[] = {
	{ "auto",	"herding",	"",		1, 0, "edited" },
	{ "nms",	"strata",	"de",		0, 1, NULL },
	{ "adapsne",	"strata",	"fwa",		0, 1, NULL },
	{ "random",	"random",	"",		1, 0, NULL },
	{ "grid",	"grid",		"newton",	0, 1, NULL },
	{ "strata",	"strata",	"newton",	0, 1, NULL },
	{ "kmedoids",	"kmedoids",	"",		0, 0, NULL },
	{ "kcentre",	"kcentre",	"",		1, 0, NULL },
	{ "herding",	"herding",	"",		1, 0, NULL },
	{ "edited",	"edited",	"",		1, 0, NULL },
	{ "facility",	"facility",	"newton",	1, 0, NULL },
};

#define NMETHODS (sizeof(expected) / sizeof(expected[0]))

static struct nms_sample_params params_of(const char *method, uint64_t count)
{
	struct nms_sample_params p;

	NMS_INIT(&p);
	p.method = method;
	p.count = count;
	p.seed = 5;
	return p;
}

/* Distinct rows; returns how many there are of class @c. */
static size_t count_class(const uint32_t *index, size_t n, uint32_t c)
{
	unsigned char seen[BLOB_ROWS] = { 0 };
	size_t i, found = 0;

	for (i = 0; i < n; i++) {
		ck_assert_uint_lt(index[i], BLOB_ROWS);
		ck_assert(!seen[index[i]]);
		seen[index[i]] = 1;
		found += blob_class(index[i]) == c;
	}
	return found;
}

static double sum(const float *w, size_t n)
{
	double s = 0;
	size_t i;

	for (i = 0; i < n; i++)
		s += (double)w[i];
	return s;
}

static void check_embedding(const struct nms_sample_result *r)
{
	size_t i;

	ck_assert_ptr_nonnull(r->embedding);
	ck_assert_ptr_nonnull(r->row_flags);
	for (i = 0; i < 2 * BLOB_ROWS; i++)
		ck_assert(isfinite(r->embedding[i]));
	for (i = 0; i < BLOB_ROWS; i++)
		ck_assert_uint_le(r->row_flags[i], NMS_ROW_BUDGET);
}

static void check_trace(const struct nms_sample_result *r)
{
	size_t i, chosen = 0;

	ck_assert_uint_ge(r->ntrace, 1);
	ck_assert(r->trace[0].perplexity > 1);
	for (i = 0; i < r->ntrace; i++) {
		chosen += r->trace[i].chosen;
		if (r->trace[i].chosen)
			ck_assert(r->trace[i].perplexity == r->total.perplexity);
	}
	ck_assert_uint_eq(chosen, 1);
}

static void check_result(const struct expected *e, int labelled, const struct nms_sample_result *r)
{
	ck_assert_str_eq(r->method, e->method);
	ck_assert_str_eq(r->rule, labelled && e->labelled ? e->labelled : e->rule);
	ck_assert_str_eq(r->search, e->search);
	ck_assert_int_eq(r->nested, e->nested);
	ck_assert_uint_eq(r->count, COUNT);
	ck_assert_str_eq(r->total.backend, "emu");
	ck_assert(r->total.profile[0]);
	ck_assert_uint_eq(r->total.value, COUNT);
	ck_assert_uint_gt(r->total.energy[NMS_ENERGY_NEAR], 0);
	ck_assert_double_eq_tol(sum(r->weight, COUNT), BLOB_ROWS, 0.01);
	if (e->embeds)
		check_embedding(r);
	else
		ck_assert_ptr_null(r->embedding);
	if (!strcmp(e->method, "adapsne"))
		check_trace(r);
	else
		ck_assert_uint_eq(r->ntrace, 0);
	if (!strcmp(e->method, "nms"))
		ck_assert(r->total.perplexity <= 30 && r->total.perplexity > 1);
	ck_assert_uint_eq(r->total.features, strcmp(e->method, "random") ? BLOB_COLS : 0);
}

START_TEST(every_method)
{
	const struct expected *e = &expected[_i / 2];
	struct place p = place_open(64 * MIB, 2);
	struct nms_sample_params params = params_of(e->method, COUNT);
	struct nms_sample_result r;
	struct nms_device_info info;
	static struct blobs b;
	struct nms_sample *s;

	blobs_make(p.context, &b);
	if (_i % 2)
		params.labels = b.labels;
	/* The plane is the caller's for the asking, where the method makes one. */
	params.want_embedding = e->embeds;
	ok(blobs_sample(p.context, &b, &params, &s, &r));
	check_result(e, _i % 2, &r);
	count_class(r.index, COUNT, 0);
	if (_i % 2) {
		ck_assert_uint_eq(count_class(r.index, COUNT, 0), COUNT / 6);
		ck_assert_uint_eq(count_class(r.index, COUNT, 1), COUNT / 3);
		ck_assert_uint_eq(count_class(r.index, COUNT, 2), COUNT / 2);
		ck_assert_uint_eq(r.total.groups, BLOB_CLASSES);
	}
	NMS_INIT(&info);
	ok(nms_device_info(p.device, &info));
	ck_assert_uint_eq(info.near_used, 0);
	nms_sample_destroy(s);
	place_close(&p);
}
END_TEST

/* What crosses the link grows with the exemplars; the plane only if it is wanted. */
START_TEST(plane_stays_near)
{
	struct place p = place_open(64 * MIB, 2);
	struct nms_sample_params params = params_of("nms", COUNT);
	struct nms_sample_result with, without;
	static struct blobs b;
	struct nms_sample *s, *t;

	blobs_make(p.context, &b);
	ok(blobs_sample(p.context, &b, &params, &s, &without));
	params.want_embedding = 1;
	ok(blobs_sample(p.context, &b, &params, &t, &with));
	ck_assert_ptr_null(without.embedding);
	ck_assert_ptr_null(without.row_flags);
	ck_assert_mem_eq(with.index, without.index, COUNT * sizeof(*with.index));
	/* three words a row, and what alignment adds */
	ck_assert_uint_ge(with.total.link_out - without.total.link_out, 12 * BLOB_ROWS);
	ck_assert_uint_le(with.total.link_out - without.total.link_out, 12 * BLOB_ROWS + 128);
	nms_sample_destroy(s);
	nms_sample_destroy(t);
	place_close(&p);
}
END_TEST

/* The same bits with one thread and with two. */
START_TEST(threads_do_not_matter)
{
	struct nms_sample_params params = params_of(expected[_i].method, COUNT);
	struct place p = place_open(64 * MIB, 1), q = place_open(64 * MIB, 2);
	static struct blobs b, d;
	struct nms_sample_result r, t;
	struct nms_sample *s, *u;

	blobs_make(p.context, &b);
	blobs_make(q.context, &d);
	params.labels = b.labels;
	params.want_embedding = 1;
	ok(blobs_sample(p.context, &b, &params, &s, &r));
	ok(blobs_sample(q.context, &d, &params, &u, &t));
	ck_assert_mem_eq(r.index, t.index, COUNT * sizeof(*r.index));
	ck_assert_mem_eq(r.weight, t.weight, COUNT * sizeof(*r.weight));
	ck_assert_ptr_nonnull(r.embedding);
	ck_assert_mem_eq(r.embedding, t.embedding, 2 * BLOB_ROWS * sizeof(*r.embedding));
	ck_assert_mem_eq(r.row_flags, t.row_flags, BLOB_ROWS * sizeof(*r.row_flags));
	ck_assert_uint_eq(r.ntrace, t.ntrace);
	if (r.ntrace)
		ck_assert_mem_eq(r.trace, t.trace, r.ntrace * sizeof(*r.trace));
	ck_assert_mem_eq(r.total.energy, t.total.energy, sizeof(r.total.energy));
	nms_sample_destroy(s);
	nms_sample_destroy(u);
	place_close(&p);
	place_close(&q);
}
END_TEST

/* The rows of one class in @index, in order. */
static size_t of_class(const uint32_t *index, size_t n, uint32_t c, uint32_t *out)
{
	size_t i, m = 0;

	for (i = 0; i < n; i++)
		if (blob_class(index[i]) == c)
			out[m++] = index[i];
	return m;
}

START_TEST(nested_means_prefix)
{
	static const char *const nested[] = { "random", "kcentre", "herding", "facility", "edited" };
	struct place p = place_open(64 * MIB, 2);
	struct nms_sample_params params = params_of(nested[_i], COUNT);
	uint32_t small[BLOB_ROWS], large[BLOB_ROWS], c;
	struct nms_sample_result r, t;
	struct nms_sample *s, *u;
	static struct blobs b;
	size_t n, m;

	blobs_make(p.context, &b);
	params.labels = b.labels;
	ok(blobs_sample(p.context, &b, &params, &s, &r));
	ck_assert(r.nested);
	params.count = 2 * COUNT;
	ok(blobs_sample(p.context, &b, &params, &u, &t));
	for (c = 0; c < BLOB_CLASSES; c++) {
		n = of_class(r.index, COUNT, c, small);
		m = of_class(t.index, 2 * COUNT, c, large);
		ck_assert_uint_eq(m, 2 * n);
		ck_assert_mem_eq(small, large, n * sizeof(*small));
	}
	nms_sample_destroy(s);
	nms_sample_destroy(u);
	place_close(&p);
}
END_TEST

static bool contains(const uint32_t *index, size_t n, uint32_t row)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (index[i] == row)
			return true;
	return false;
}

START_TEST(keep_and_drop)
{
	struct place p = place_open(64 * MIB, 2);
	struct nms_sample_params params = params_of(expected[_i].method, 10);
	const uint32_t keep[3] = { 17, 300, 4 }, drop[4] = { 0, 1, 5, 200 };
	struct nms_sample_result r;
	struct nms_sample *s;
	static struct blobs b;
	size_t i;

	blobs_make(p.context, &b);
	params.keep = keep;
	params.nkeep = 3;
	params.drop = drop;
	params.ndrop = 4;
	params.want_embedding = expected[_i].embeds;
	ok(blobs_sample(p.context, &b, &params, &s, &r));
	count_class(r.index, 10, 0);
	for (i = 0; i < 3; i++)
		ck_assert(contains(r.index, 10, keep[i]));
	for (i = 0; i < 4; i++)
		ck_assert(!contains(r.index, 10, drop[i]));
	ck_assert_double_eq_tol(sum(r.weight, 10), BLOB_ROWS - 4, 0.01);
	if (r.embedding) {
		ck_assert(isnan(r.embedding[2 * 5]));
		ck_assert(isfinite(r.embedding[2 * 6]));
	}
	nms_sample_destroy(s);
	place_close(&p);
}
END_TEST

START_TEST(budgets)
{
	struct place p = place_open(64 * MIB, 2);
	struct nms_sample_params params = params_of("auto", 30);
	const uint32_t quota[3] = { 1, 2, 7 };
	struct nms_sample_result r;
	struct nms_sample *s;
	static struct blobs b;
	uint32_t c;

	blobs_make(p.context, &b);
	params.labels = b.labels;
	params.budget = NMS_BUDGET_EQUAL;
	ok(blobs_sample(p.context, &b, &params, &s, &r));
	for (c = 0; c < 3; c++)
		ck_assert_uint_eq(count_class(r.index, 30, c), 10);
	nms_sample_destroy(s);
	params.budget = 0;
	params.count = 0;
	params.quota = quota;
	params.nquota = 3;
	ok(blobs_sample(p.context, &b, &params, &s, &r));
	ck_assert_uint_eq(r.count, 10);
	for (c = 0; c < 3; c++)
		ck_assert_uint_eq(count_class(r.index, 10, c), quota[c]);
	nms_sample_destroy(s);
	place_close(&p);
}
END_TEST

START_TEST(ratio_and_mass)
{
	struct place p = place_open(64 * MIB, 2);
	struct nms_sample_params params = params_of("herding", 0);
	struct nms_sample_result r;
	float mass[BLOB_ROWS];
	struct nms_sample *s;
	static struct blobs b;
	size_t i;

	blobs_make(p.context, &b);
	for (i = 0; i < BLOB_ROWS; i++)
		mass[i] = i % 2 ? 1.5f : 0.5f;
	params.mass = mass;
	params.ratio = 0.1;
	ok(blobs_sample(p.context, &b, &params, &s, &r));
	ck_assert_uint_eq(r.count, 36);
	ck_assert_double_eq_tol(sum(r.weight, 36), BLOB_ROWS, 0.01);
	nms_sample_destroy(s);
	params.ratio = 1e-9;
	ok(blobs_sample(p.context, &b, &params, &s, &r));
	ck_assert_uint_eq(r.count, 1);
	nms_sample_destroy(s);
	place_close(&p);
}
END_TEST

/* What a program changes after the call has no effect. */
START_TEST(lists_are_copied)
{
	struct place p = place_open(64 * MIB, 1);
	struct nms_sample_params params = params_of("auto", COUNT);
	struct nms_sample_result r;
	uint32_t labels[BLOB_ROWS];
	struct nms_sample *s;
	static struct blobs b;

	blobs_make(p.context, &b);
	memcpy(labels, b.labels, sizeof(labels));
	params.labels = labels;
	ok(nms_sample_submit(p.context, &b.data, &params, &s));
	memset(labels, 0xff, sizeof(labels));
	ok(nms_job_wait(nms_sample_job(s), NULL));
	NMS_INIT(&r);
	ok(nms_sample_result(s, &r));
	ck_assert_uint_eq(count_class(r.index, COUNT, 0), COUNT / 6);
	nms_sample_destroy(s);
	place_close(&p);
}
END_TEST

/* The data crosses the link when it is loaded, and never again. */
START_TEST(data_crosses_the_link_once)
{
	struct place p = place_open(64 * MIB, 1);
	struct nms_sample_params params = params_of("auto", 5);
	struct nms_sample_result r;
	struct nms_command c;
	struct nms_sample *s;
	static struct blobs b;

	blobs_make(p.context, &b);
	nms_buffer_destroy(b.data.buffer);
	ok(nms_buffer_create(p.context, sizeof(b.x), &b.data.buffer));
	c = copy_command(NMS_OP_WRITE, b.data.buffer, b.x, sizeof(b.x));
	ok(run_commands(p.context, &c, 1));
	ok(blobs_sample(p.context, &b, &params, &s, &r));
	ck_assert_uint_lt(r.total.link_in, sizeof(b.x) / 4);
	ck_assert_uint_lt(r.total.link_out, sizeof(b.x) / 4);
	ck_assert_uint_ge(r.total.near_read, sizeof(b.x));
	nms_sample_destroy(s);
	place_close(&p);
}
END_TEST

/* Many seconds of work, unless it is cancelled. */
static struct nms_job *blocker(struct nms_context *context)
{
	struct nms_command c[1000];
	struct nms_buffer *b;
	struct nms_job *job;
	size_t i;

	ok(nms_buffer_create(context, 64 * MIB, &b));
	for (i = 0; i < 1000; i++)
		c[i] = copy_command(NMS_OP_ZERO, b, NULL, 64 * MIB);
	ok(nms_job_submit(context, c, 1000, &job));
	return job;
}

START_TEST(cancelled_sample)
{
	struct place p = place_open(128 * MIB, 1);
	struct nms_sample_params params = params_of("adapsne", COUNT);
	struct nms_job *before = blocker(p.context);
	struct nms_sample_result r;
	struct nms_sample *s, *t;
	static struct blobs b;

	blobs_make(p.context, &b);
	ok(nms_sample_submit(p.context, &b.data, &params, &s));
	ok(nms_sample_submit(p.context, &b.data, &params, &t));
	NMS_INIT(&r);
	ck_assert_int_eq(nms_sample_result(s, &r), -EAGAIN);
	nms_job_cancel(nms_sample_job(s));
	fails(nms_job_wait(nms_sample_job(s), NULL), -ECANCELED, NMS_CAUSE_CANCELLED, "");
	fails(nms_sample_result(s, &r), -ECANCELED, NMS_CAUSE_CANCELLED, "cancelled");
	nms_sample_destroy(s);
	nms_context_destroy(p.context);
	fails(nms_sample_result(t, &r), -ECANCELED, NMS_CAUSE_CANCELLED, "cancelled");
	nms_sample_destroy(t);
	nms_sample_destroy(NULL);
	nms_job_destroy(before);
	nms_device_close(p.device);
}
END_TEST

START_TEST(estimate_is_enough)
{
	struct place p = place_open(64 * MIB, 1), q;
	struct nms_sample_params params = params_of("nms", COUNT);
	uint64_t near, host, less;
	struct nms_sample_result r;
	struct nms_sample *s;
	static struct blobs b;

	blobs_make(p.context, &b);
	params.labels = b.labels;
	ok(nms_sample_estimate(p.context, &b.data, &params, &near, &host));
	ck_assert_uint_ge(near, BLOB_ROWS * (64 + 4 + 4 + 8));
	ck_assert_uint_gt(host, near);
	params.method = "random";
	ok(nms_sample_estimate(p.context, &b.data, &params, &less, NULL));
	ck_assert_uint_lt(less, near);
	place_close(&p);

	params.method = "nms";
	q = place_open(near, 1);
	blobs_make(q.context, &b);
	ok(blobs_sample(q.context, &b, &params, &s, &r));
	nms_sample_destroy(s);
	place_close(&q);
	q = place_open(near - 4096, 1);
	blobs_make(q.context, &b);
	fails(nms_sample_submit(q.context, &b.data, &params, &s), -ENOSPC, NMS_CAUSE_NEAR_MEMORY,
	      "are free");
	place_close(&q);
}
END_TEST

START_TEST(methods_have_names_and_texts)
{
	size_t i;

	for (i = 0; i < NMETHODS; i++) {
		ck_assert_str_eq(nms_method_name(i), expected[i].method);
		ck_assert_uint_gt(strlen(nms_method_text(i)), 10);
	}
	ck_assert_ptr_null(nms_method_name(NMETHODS));
	ck_assert_ptr_null(nms_method_text(NMETHODS));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lib-sample");
	TCase *t = tcase_create("sample");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, every_method, 0, 2 * NMETHODS);
	tcase_add_loop_test(t, threads_do_not_matter, 0, NMETHODS);
	tcase_add_loop_test(t, nested_means_prefix, 0, 5);
	tcase_add_loop_test(t, keep_and_drop, 0, NMETHODS);
	tcase_add_test(t, budgets);
	tcase_add_test(t, ratio_and_mass);
	tcase_add_test(t, lists_are_copied);
	tcase_add_test(t, data_crosses_the_link_once);
	tcase_add_test(t, plane_stays_near);
	tcase_add_test(t, cancelled_sample);
	tcase_add_test(t, estimate_is_enough);
	tcase_add_test(t, methods_have_names_and_texts);
	suite_add_tcase(s, t);
	return run_suite(s);
}

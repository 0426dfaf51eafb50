// SPDX-License-Identifier: GPL-2.0-only
/* What libnmsdev says when something is wrong: codes, causes and texts. */
#include <errno.h>
#include <pthread.h>

#include "test_lib_blobs.h"

#define MIB (1ull << 20)

static struct place place;
static struct blobs blobs;

static void setup(void)
{
	place = place_open(64 * MIB, 1);
	blobs_make(place.context, &blobs);
}

static void teardown(void)
{
	place_close(&place);
}

static struct nms_sample_params params_of(const char *method, uint64_t count)
{
	struct nms_sample_params p;

	NMS_INIT(&p);
	p.method = method;
	p.count = count;
	return p;
}

static int sample(const struct nms_sample_params *params)
{
	struct nms_sample_result r;
	struct nms_sample *s;
	int ret = blobs_sample(place.context, &blobs, params, &s, &r);

	if (!ret)
		nms_sample_destroy(s);
	return ret;
}

START_TEST(causes_have_texts)
{
	int i, k;

	for (i = 0; i < NMS_NCAUSES; i++) {
		ck_assert_ptr_nonnull(nms_cause_text((enum nms_cause)i));
		for (k = 0; k < i; k++)
			ck_assert_str_ne(nms_cause_text((enum nms_cause)i),
					 nms_cause_text((enum nms_cause)k));
	}
	ck_assert_str_eq(nms_cause_text(NMS_NCAUSES), "unknown cause");
	ck_assert_str_eq(nms_cause_text((enum nms_cause)-1), "unknown cause");
	for (i = 0; i < NMS_NPHASES; i++)
		ck_assert(nms_phase_name((enum nms_phase)i)[0]);
	ck_assert_str_eq(nms_phase_name(NMS_NPHASES), "");
}
END_TEST

START_TEST(counts)
{
	struct nms_sample_params p = params_of("auto", BLOB_ROWS + 1);
	uint32_t keep[2] = { 1, 2 }, drop[BLOB_ROWS], i;

	fails(sample(&p), -EINVAL, NMS_CAUSE_COUNT,
	      "count: 361 exemplars wanted, the dataset has 360 rows");
	p.count = 0;
	fails(sample(&p), -EINVAL, NMS_CAUSE_COUNT, "count: no exemplars wanted");
	p.ratio = -0.5;
	fails(sample(&p), -EINVAL, NMS_CAUSE_COUNT, "ratio: is -0.5");
	p.ratio = (double)NAN;
	fails(sample(&p), -EINVAL, NMS_CAUSE_COUNT, "ratio: is");
	p.ratio = 1.01;
	fails(sample(&p), -EINVAL, NMS_CAUSE_COUNT, "at most 1");
	p.ratio = 0.5;
	p.count = 3;
	fails(sample(&p), -EINVAL, NMS_CAUSE_COUNT, "only one of them");
	p = params_of("random", 1);
	p.keep = keep;
	p.nkeep = 2;
	fails(sample(&p), -EINVAL, NMS_CAUSE_COUNT, "keep has 2 rows");
	p = params_of("random", 11);
	for (i = 0; i < BLOB_ROWS; i++)
		drop[i] = i;
	p.drop = drop;
	p.ndrop = BLOB_ROWS - 10;
	fails(sample(&p), -EINVAL, NMS_CAUSE_COUNT, "count: 11 exemplars wanted, 10 can be had");
}
END_TEST

START_TEST(lists)
{
	struct nms_sample_params p = params_of("random", 5);
	uint32_t list[3] = { 4, 7, BLOB_ROWS }, other[1] = { 7 };

	p.keep = list;
	p.nkeep = 3;
	fails(sample(&p), -EINVAL, NMS_CAUSE_INDEX,
	      "keep: entry 2 is row 360, the dataset has 360 rows");
	ck_assert_uint_eq(nms_last_error()->row, 2);
	ck_assert_uint_eq(nms_last_error()->col, 360);
	p.drop = list;
	p.ndrop = 3;
	p.nkeep = 0;
	fails(sample(&p), -EINVAL, NMS_CAUSE_INDEX, "drop: entry 2");
	p.drop = NULL;
	fails(sample(&p), -EINVAL, NMS_CAUSE_ARGUMENT, "drop: is NULL, ndrop is 3");
	p.ndrop = 0;
	list[2] = 4;
	p.nkeep = 3;
	fails(sample(&p), -EINVAL, NMS_CAUSE_INDEX, "keep: entry 2 is row 4, which is listed twice");
	p.nkeep = 2;
	p.drop = other;
	p.ndrop = 1;
	fails(sample(&p), -EINVAL, NMS_CAUSE_INDEX, "keep: entry 1 is row 7, which is");
}
END_TEST

START_TEST(quotas)
{
	const uint32_t quota[4] = { 1, 2, 7, 100 };
	struct nms_sample_params p = params_of("random", 10);

	p.quota = quota;
	p.nquota = 3;
	fails(sample(&p), -EINVAL, NMS_CAUSE_QUOTA, "without labels there is one class");
	p.labels = blobs.labels;
	p.count = 9;
	fails(sample(&p), -EINVAL, NMS_CAUSE_QUOTA, "they add up to 10, 9 exemplars are wanted");
	p.count = 10;
	p.budget = NMS_BUDGET_EQUAL;
	fails(sample(&p), -EINVAL, NMS_CAUSE_QUOTA, "not NMS_BUDGET_GIVEN");
	p.budget = NMS_BUDGET_GIVEN;
	p.nquota = 0;
	fails(sample(&p), -EINVAL, NMS_CAUSE_QUOTA, "quota: none");
	p.nquota = 2;
	p.count = 3;
	fails(sample(&p), -EINVAL, NMS_CAUSE_QUOTA, "quota: the quotas do not fit");
	p.nquota = 3;
	p.quota = quota + 1;
	p.count = 0;
	ok(sample(&p));
	p.budget = (enum nms_budget)9;
	fails(sample(&p), -EINVAL, NMS_CAUSE_ARGUMENT, "budget: 9");
}
END_TEST

START_TEST(numbers_must_be_finite)
{
	struct nms_sample_params p = params_of("auto", 5);
	float mass[BLOB_ROWS];
	size_t i;

	blobs.x[17 * BLOB_COLS + 3] = NAN;
	blobs.x[18 * BLOB_COLS] = INFINITY;
	fails(sample(&p), -EINVAL, NMS_CAUSE_NOT_FINITE, "row 17, column 3: nan is not a finite number");
	ck_assert_uint_eq(nms_last_error()->row, 17);
	ck_assert_uint_eq(nms_last_error()->col, 3);
	blobs.x[17 * BLOB_COLS + 3] = -INFINITY;
	fails(sample(&p), -EINVAL, NMS_CAUSE_NOT_FINITE, "-inf is not a finite number");
	blobs.x[17 * BLOB_COLS + 3] = 3e38f;
	fails(sample(&p), -EINVAL, NMS_CAUSE_NOT_FINITE, "3e+38 is too large");
	p.method = "random";
	ok(sample(&p));
	for (i = 0; i < BLOB_ROWS; i++)
		mass[i] = 1;
	mass[5] = NAN;
	p.mass = mass;
	fails(sample(&p), -EINVAL, NMS_CAUSE_NOT_FINITE, "mass: row 5: nan");
	mass[5] = -1;
	fails(sample(&p), -EINVAL, NMS_CAUSE_ARGUMENT, "mass: row 5: -1");
}
END_TEST

START_TEST(methods_rules_and_searches)
{
	struct nms_sample_params p = params_of("magic", 5);

	fails(sample(&p), -EINVAL, NMS_CAUSE_METHOD, "method: there is no \"magic\"");
	p.method = "auto";
	p.rule = (enum nms_rule)9;
	fails(sample(&p), -EINVAL, NMS_CAUSE_METHOD, "rule: 9");
	p.rule = 0;
	p.search = (enum nms_search)5;
	fails(sample(&p), -EINVAL, NMS_CAUSE_METHOD, "search: 5");
	p.search = 0;
	p.method = "grid";
	p.rule = NMS_RULE_RANDOM;
	fails(sample(&p), -EINVAL, NMS_CAUSE_METHOD, "method grid has no use for rule random");
	p.rule = NMS_RULE_GRID;
	ok(sample(&p));
}
END_TEST

START_TEST(features_perplexity_profile)
{
	struct nms_sample_params p = params_of("auto", 5);

	p.features = BLOB_COLS + 1;
	fails(sample(&p), -EINVAL, NMS_CAUSE_FEATURES,
	      "features: 13 wanted, 360 rows of 12 columns have at most 12");
	p.features = 3;
	ok(sample(&p));
	p.perplexity = 1;
	fails(sample(&p), -EINVAL, NMS_CAUSE_PERPLEXITY, "perplexity: is 1, expected");
	p.perplexity = INFINITY;
	fails(sample(&p), -EINVAL, NMS_CAUSE_PERPLEXITY, "perplexity: is inf");
	p.perplexity = 0;
	p.profile = "exact";
	fails(sample(&p), -EINVAL, NMS_CAUSE_PROFILE, "profile: \"exact\"");
	p.profile = "portable";
	ok(sample(&p));
}
END_TEST

START_TEST(odd_data)
{
	struct nms_sample_params p = params_of("auto", 1);
	struct nms_sample *s;
	struct nms_matrix m;

	m = blobs.data;
	m.dtype = NMS_U32;
	fails(nms_sample_submit(place.context, &m, &p, &s), -EINVAL, NMS_CAUSE_ARGUMENT, "NMS_U32");
	m = blobs.data;
	m.rows = 361;
	fails(nms_sample_submit(place.context, &m, &p, &s), -EINVAL, NMS_CAUSE_RANGE, "data: 361");
	m.rows = 1;
	fails(nms_sample_submit(place.context, &m, &p, &s), -EINVAL, NMS_CAUSE_FEATURES, "1 row");
	m.buffer = NULL;
	fails(nms_sample_submit(place.context, &m, &p, &s), -EINVAL, NMS_CAUSE_ARGUMENT, "data:");
	fails(nms_sample_submit(place.context, NULL, &p, &s), -EINVAL, NMS_CAUSE_ARGUMENT, "data:");
	p.size = 8;
	fails(nms_sample_submit(place.context, &blobs.data, &p, &s), -EINVAL, NMS_CAUSE_SIZE,
	      "params: size is 8");
}
END_TEST

/* Rows that share memory: a matrix of any height, with nothing behind it. */
START_TEST(work_that_does_not_fit)
{
	struct nms_sample_params p = params_of("auto", 5);
	struct nms_matrix m = blobs.data;
	struct nms_device *d;
	struct nms_context *c;
	struct nms_sample *s;
	uint64_t near, host;
	static char memory[1];

	ok(nms_device_open("emu:near_size=1M,threads=1", NULL, &d));
	ok(nms_context_create(d, &c));
	/* As much address space as there is; nothing of it is touched. */
	ok(nms_buffer_wrap(c, memory, 1ull << 44, NMS_READ, &m.buffer));
	m.rows = UINT32_MAX;
	m.cols = 1024;
	m.dtype = NMS_U8;
	ok(nms_sample_estimate(c, &m, &p, &near, &host));
	ck_assert_uint_ge(near, 50ull * 4 * UINT32_MAX);
	fails(nms_sample_submit(c, &m, &p, &s), -ENOMEM, NMS_CAUSE_ESTIMATE, "MiB are available");
	nms_context_destroy(c);
	nms_device_close(d);
}
END_TEST

struct log {
	char line[256];
	int level, lines;
};

static void on_log(void *data, int level, const char *line)
{
	struct log *log = data;

	log->level = level;
	log->lines++;
	strncpy(log->line, line, sizeof(log->line) - 1);
}

START_TEST(log_gets_what_fails)
{
	struct log log = { .level = -1 };
	struct nms_sample_params p = params_of("magic", 5);

	nms_log_set(on_log, &log);
	ck_assert_int_ne(sample(&p), 0);
	ck_assert_int_eq(log.lines, 1);
	ck_assert_int_eq(log.level, 3);
	ck_assert_str_eq(log.line, nms_last_error()->text);
	nms_log_set(NULL, NULL);
	ck_assert_int_ne(sample(&p), 0);
	ck_assert_int_eq(log.lines, 1);
}
END_TEST

static void *fail_elsewhere(void *arg)
{
	struct nms_device *d;

	(void)arg;
	ck_assert_int_eq(nms_last_error()->error, 0);
	fails(nms_device_open("elsewhere", NULL, &d), -ENODEV, NMS_CAUSE_URI, "elsewhere");
	return NULL;
}

START_TEST(errors_are_each_threads_own)
{
	struct nms_sample_params p = params_of("magic", 5);
	pthread_t thread;

	fails(sample(&p), -EINVAL, NMS_CAUSE_METHOD, "magic");
	ck_assert_int_eq(pthread_create(&thread, NULL, fail_elsewhere, NULL), 0);
	pthread_join(thread, NULL);
	ck_assert_int_eq(nms_last_error()->cause, NMS_CAUSE_METHOD);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lib-error");
	TCase *t = tcase_create("error");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, causes_have_texts);
	tcase_add_test(t, counts);
	tcase_add_test(t, lists);
	tcase_add_test(t, quotas);
	tcase_add_test(t, numbers_must_be_finite);
	tcase_add_test(t, methods_rules_and_searches);
	tcase_add_test(t, features_perplexity_profile);
	tcase_add_test(t, odd_data);
	tcase_add_test(t, work_that_does_not_fit);
	tcase_add_test(t, log_gets_what_fails);
	tcase_add_test(t, errors_are_each_threads_own);
	suite_add_tcase(s, t);
	return run_suite(s);
}

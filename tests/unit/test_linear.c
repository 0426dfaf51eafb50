// SPDX-License-Identifier: GPL-2.0-only
/* Rows, PCA and neighbours on several threads: the bits of one, and an end when asked for it. */
#include <check.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "knn.h"
#include "pca.h"
#include "pool.h"
#include "profile.h"
#include "rng.h"

#define ROWS 1300
#define COLS 60
#define FEATURES 7
#define NEIGHBOURS 20

struct answer {
	float features[ROWS * FEATURES];
	float variances[FEATURES];
	struct eng_neighbours nb;
};

static float data[ROWS * COLS];

static const struct eng_rows rows = {
	.base = data, .nrows = ROWS, .ncols = COLS, .stride = COLS * sizeof(float),
	.dtype = ENG_F32,
};

static void fill(void)
{
	for (size_t i = 0; i < ROWS * COLS; i++)
		data[i] = eng_uniform(1, ENG_STREAM_SELECT, i) * (float)(COLS - i % COLS);
}

static int run(const struct eng_env *env, struct answer *a)
{
	const struct eng_pca_params params = { .features = FEATURES };
	int err = eng_rows_check(env, &rows);

	if (!err)
		err = eng_pca(env, &rows, &params, a->features, FEATURES, a->variances);
	if (!err)
		err = eng_knn(env, a->features, ROWS, FEATURES, FEATURES, NEIGHBOURS, &a->nb);
	return err;
}

static void compare(const struct answer *a, const struct answer *b)
{
	size_t cells = ROWS * NEIGHBOURS;

	ck_assert_mem_eq(a->features, b->features, sizeof(a->features));
	ck_assert_mem_eq(a->variances, b->variances, sizeof(a->variances));
	ck_assert_mem_eq(a->nb.index, b->nb.index, cells * sizeof(*a->nb.index));
	ck_assert_mem_eq(a->nb.dist2, b->nb.dist2, cells * sizeof(*a->nb.dist2));
}

START_TEST(test_threads)
{
	struct eng_env env = { .kernels = eng_kernels_find("auto", NULL) };
	struct answer *one = calloc(1, sizeof(*one));
	struct answer *many = calloc(1, sizeof(*many));

	ck_assert(one && many);
	fill();
	ck_assert_int_eq(run(&env, one), 0);
	for (unsigned int threads = 2; threads < 5; threads++) {
		ck_assert_int_eq(eng_pool_create(threads, &env.pool), 0);
		ck_assert_int_eq(run(&env, many), 0);
		compare(one, many);
		eng_neighbours_free(&many->nb);
		eng_pool_destroy(env.pool);
	}
	eng_neighbours_free(&one->nb);
	free(many);
	free(one);
}
END_TEST

START_TEST(test_first_fault)
{
	struct eng_fault fault;
	struct eng_monitor monitor = { .fault = &fault };
	struct eng_env env = { .monitor = &monitor };
	const size_t nrows = 200000;
	float *x = calloc(nrows, 8 * sizeof(*x));
	struct eng_rows tall = { .base = x, .nrows = nrows, .ncols = 8,
				 .stride = 8 * sizeof(*x), .dtype = ENG_F32 };

	ck_assert_ptr_nonnull(x);
	for (size_t row = 90000; row < nrows; row += 7)
		x[row * 8 + row % 8] = 2e18f;
	ck_assert_int_eq(eng_pool_create(3, &env.pool), 0);
	for (int i = 0; i < 20; i++) {
		memset(&fault, 0, sizeof(fault));
		ck_assert_int_eq(eng_rows_check(&env, &tall), -EDOM);
		ck_assert_uint_eq(fault.row, 90000);
		ck_assert_uint_eq(fault.col, 0);
		ck_assert(fault.value == (double)2e18f && fault.limit == 1e18);
	}
	eng_pool_destroy(env.pool);
	free(x);
}
END_TEST

static bool count_down(void *left)
{
	return atomic_fetch_sub((atomic_int *)left, 1) <= 0;
}

/* Cancelled at every point where it is asked, until one is too late to be asked. */
START_TEST(test_cancel)
{
	atomic_int left;
	struct eng_monitor monitor = { .cancelled = count_down, .data = &left };
	struct eng_env env = { .monitor = &monitor };
	struct answer *a = calloc(1, sizeof(*a));
	int err = -ECANCELED;
	int calls = 0;

	ck_assert_ptr_nonnull(a);
	fill();
	ck_assert_int_eq(eng_pool_create(2, &env.pool), 0);
	for (; err == -ECANCELED; calls++) {
		atomic_store(&left, calls);
		err = run(&env, a);
	}
	ck_assert_int_eq(err, 0);
	ck_assert_int_gt(calls, 10);
	eng_neighbours_free(&a->nb);
	eng_pool_destroy(env.pool);
	free(a);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("linear");
	TCase *tcase = tcase_create("threads");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, test_threads);
	tcase_add_test(tcase, test_first_fault);
	tcase_add_test(tcase, test_cancel);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

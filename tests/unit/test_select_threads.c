// SPDX-License-Identifier: GPL-2.0-only
/* Selections by several threads, for the thread and leak sanitizers. */
#include <check.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"
#include "profile.h"
#include "rng.h"
#include "select.h"

#define ROWS 9000
#define COLS 5
#define COUNT 40

struct data {
	float x[ROWS * COLS], y[ROWS * 2];
	uint32_t labels[ROWS];
	struct eng_groups groups;
};

static struct data *data_create(bool labelled)
{
	struct data *data = calloc(1, sizeof(*data));

	ck_assert_ptr_nonnull(data);
	for (size_t i = 0; i < ROWS; i++) {
		data->labels[i] = (uint32_t)eng_below(1, ENG_STREAM_EMBED, i, 3);
		for (size_t k = 0; k < COLS; k++)
			data->x[i * COLS + k] = eng_uniform(2, ENG_STREAM_EMBED, i * COLS + k) +
						(float)data->labels[i];
		memcpy(data->y + 2 * i, data->x + i * COLS, 2 * sizeof(float));
	}
	ck_assert_int_eq(eng_groups_create(labelled ? data->labels : NULL, ROWS, NULL, 0,
					   &data->groups), 0);
	return data;
}

static void data_free(struct data *data)
{
	eng_groups_free(&data->groups);
	free(data);
}

static int run(const struct data *data, enum eng_rule rule, unsigned int threads,
	       struct eng_monitor *monitor, uint32_t *index, float *weight)
{
	const struct eng_select_input in = { .x = data->x, .d = COLS, .ld = COLS, .y = data->y,
					     .groups = &data->groups };
	const struct eng_select_params params = {
		.rule = rule, .budget = ENG_BUDGET_PROPORTIONAL, .count = COUNT, .seed = 5,
		.affinity = { .search = ENG_SEARCH_NEWTON, .perplexity = 10 },
	};
	struct eng_env env = { .kernels = eng_kernels_find("auto", NULL), .monitor = monitor };
	int err;

	ck_assert_int_eq(eng_pool_create(threads, &env.pool), 0);
	err = eng_select(&env, &in, &params, index, weight, NULL);
	eng_pool_destroy(env.pool);
	return err;
}

static void check_rule(const struct data *data, enum eng_rule rule)
{
	uint32_t index[2][COUNT];
	float weight[2][COUNT];

	ck_assert_int_eq(run(data, rule, 1, NULL, index[0], weight[0]), 0);
	ck_assert_int_eq(run(data, rule, 3, NULL, index[1], weight[1]), 0);
	ck_assert_mem_eq(index[0], index[1], sizeof(index[0]));
	ck_assert_mem_eq(weight[0], weight[1], sizeof(weight[0]));
}

START_TEST(test_same_answer)
{
	struct data *data = data_create(_i % 2);

	check_rule(data, (enum eng_rule)(_i / 2));
	data_free(data);
}
END_TEST

static bool cancel_after(void *left)
{
	return atomic_fetch_sub((atomic_int *)left, 1) <= 0;
}

START_TEST(test_cancelled)
{
	struct data *data = data_create(_i % 2);
	uint32_t index[COUNT];
	float weight[COUNT];

	for (int after = 0; after < 12; after += 3) {
		atomic_int left = after;
		struct eng_monitor monitor = { .cancelled = cancel_after, .data = &left };

		ck_assert_int_eq(run(data, (enum eng_rule)(_i / 2), 3, &monitor, index, weight),
				 -ECANCELED);
	}
	data_free(data);
}
END_TEST

/* No weights wanted, no pool, no kernels named: all may be left out. */
START_TEST(test_bare)
{
	struct data *data = data_create(true);
	const struct eng_select_input in = { .x = data->x, .d = COLS, .ld = COLS, .y = data->y,
					     .groups = &data->groups };
	const struct eng_select_params params = { .rule = ENG_RULE_HERDING, .count = COUNT,
						  .budget = ENG_BUDGET_EQUAL };
	const struct eng_env portable = { .kernels = eng_kernels_find("portable", NULL) };
	const struct eng_env bare = { .pool = NULL };
	uint32_t index[2][COUNT];
	float weight[COUNT];

	ck_assert_int_eq(eng_select(&bare, &in, &params, index[0], NULL, NULL), 0);
	ck_assert_int_eq(eng_select(&portable, &in, &params, index[1], weight, NULL), 0);
	ck_assert_mem_eq(index[0], index[1], sizeof(index[0]));
	data_free(data);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("select-threads");
	TCase *tc = tcase_create("threads");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, test_same_answer, 2 * ENG_RULE_RANDOM, 2 * ENG_RULE_EDITED + 2);
	tcase_add_loop_test(tc, test_cancelled, 2 * ENG_RULE_GRID, 2 * ENG_RULE_EDITED + 2);
	tcase_add_test(tc, test_bare);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bandwidths, affinities and the embedding of groups with one thread and with
 * several: the same bytes.  Made to be run under the thread sanitizer too.
 */
#include "affinity.h"
#include "embed.h"
#include "pool.h"
#include "rng.h"

#include <check.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 1200
#define FEATURES 6
#define K 40
#define THREADS 4

static float *random_rows(void)
{
	float *x = malloc(ROWS * FEATURES * sizeof(*x));

	ck_assert_ptr_nonnull(x);
	for (size_t i = 0; i < ROWS * FEATURES; i++)
		x[i] = eng_uniform(9, ENG_STREAM_EMBED, i) + (float)(i / FEATURES % 3);
	return x;
}

static struct eng_env with_threads(unsigned int threads, struct eng_monitor *monitor)
{
	struct eng_env env = { .monitor = monitor };

	ck_assert_int_eq(eng_pool_create(threads, &env.pool), 0);
	return env;
}

static void find(const struct eng_env *env, const float *x, struct eng_neighbours *nb)
{
	ck_assert_int_eq(eng_knn(env, x, ROWS, FEATURES, FEATURES, K, nb), 0);
}

static void same_bandwidth(enum eng_search search)
{
	struct eng_bandwidth_params params = { .search = search, .perplexity = 12.0f, .seed = 3 };
	float *x = random_rows(), *p[2], *beta[2];
	struct eng_bandwidth_stats stats[2];
	struct eng_neighbours nb;

	for (int many = 0; many < 2; many++) {
		struct eng_env env = with_threads(many ? THREADS : 1, NULL);

		find(&env, x, &nb);
		p[many] = malloc(ROWS * K * sizeof(float));
		beta[many] = malloc(ROWS * sizeof(float));
		ck_assert_int_eq(eng_bandwidth(&env, &nb, &params, p[many], beta[many], NULL,
					       &stats[many]), 0);
		eng_neighbours_free(&nb);
		eng_pool_destroy(env.pool);
	}
	ck_assert_mem_eq(p[0], p[1], ROWS * K * sizeof(float));
	ck_assert_mem_eq(beta[0], beta[1], ROWS * sizeof(float));
	ck_assert_uint_eq(stats[0].evaluations, stats[1].evaluations);
	ck_assert(stats[0].residual_mean == stats[1].residual_mean);
	ck_assert_uint_ge(stats[0].rows[ENG_ROW_MET], ROWS - ROWS / 100);
	for (int many = 0; many < 2; many++) {
		free(p[many]);
		free(beta[many]);
	}
	free(x);
}

START_TEST(bandwidth)
{
	same_bandwidth((enum eng_search)_i);
}
END_TEST

START_TEST(affinities)
{
	struct eng_affinity a[2];
	float *x = random_rows(), *cond = malloc(ROWS * K * sizeof(*cond));
	struct eng_neighbours nb;

	ck_assert_ptr_nonnull(cond);
	for (size_t i = 0; i < ROWS * K; i++)
		cond[i] = 1.0f / (float)(K + i % 7);
	for (int many = 0; many < 2; many++) {
		struct eng_env env = with_threads(many ? THREADS : 1, NULL);

		find(&env, x, &nb);
		ck_assert_int_eq(eng_affinity(&env, &nb, cond, &a[many]), 0);
		eng_neighbours_free(&nb);
		eng_pool_destroy(env.pool);
	}
	ck_assert_mem_eq(a[0].start, a[1].start, (ROWS + 1) * sizeof(size_t));
	ck_assert_mem_eq(a[0].col, a[1].col, a[0].start[ROWS] * sizeof(uint32_t));
	ck_assert_mem_eq(a[0].p, a[1].p, a[0].start[ROWS] * sizeof(float));
	eng_affinity_free(&a[0]);
	eng_affinity_free(&a[1]);
	free(cond);
	free(x);
}
END_TEST

static void embed_all(unsigned int threads, const float *x, const struct eng_groups *groups,
		      struct eng_counters *counters, float *y)
{
	struct eng_embed_params params = {
		.bandwidth = { .search = ENG_SEARCH_FWA, .perplexity = 10.0f },
		.tsne = { .iterations = 30, .exaggeration_iterations = 10, .stop = -1.0f },
		.entropy_guided = true, .perplexity_max = 20.0f, .candidates = 3,
	};
	struct eng_monitor monitor = { .counters = counters };
	struct eng_env env = with_threads(threads, &monitor);

	ck_assert_int_eq(eng_embed(&env, x, FEATURES, FEATURES, groups, &params, y, NULL, NULL,
				   NULL), 0);
	eng_phase_leave(&env);
	eng_pool_destroy(env.pool);
}

START_TEST(embedding)
{
	struct eng_counters counters[2] = { 0 };
	uint32_t labels[ROWS];
	struct eng_groups groups;
	float *x = random_rows(), *y[2];

	for (size_t i = 0; i < ROWS; i++)
		labels[i] = i % 4 == 0;
	ck_assert_int_eq(eng_groups_create(labels, ROWS, NULL, 0, &groups), 0);
	for (int many = 0; many < 2; many++) {
		y[many] = malloc(ROWS * 2 * sizeof(float));
		ck_assert_ptr_nonnull(y[many]);
		embed_all(many ? THREADS : 1, x, &groups, &counters[many], y[many]);
	}
	ck_assert_mem_eq(y[0], y[1], ROWS * 2 * sizeof(float));
	ck_assert_mem_eq(counters[0].count, counters[1].count, sizeof(counters[0].count));
	ck_assert_uint_eq(counters[0].switches, counters[1].switches);
	free(y[0]);
	free(y[1]);
	free(x);
	eng_groups_free(&groups);
}
END_TEST

static bool after_some(void *data)
{
	return atomic_fetch_add((atomic_uint *)data, 1) > 25;
}

START_TEST(cancelled_by_workers)
{
	atomic_uint asked = 0;
	struct eng_monitor monitor = { .cancelled = after_some, .data = &asked };
	struct eng_env env = with_threads(THREADS, &monitor);
	struct eng_embed_params params = {
		.bandwidth = { .search = ENG_SEARCH_NEWTON, .perplexity = 10.0f },
	};
	struct eng_groups groups;
	float *x = random_rows(), *y = malloc(ROWS * 2 * sizeof(float));

	ck_assert_int_eq(eng_groups_create(NULL, ROWS, NULL, 0, &groups), 0);
	ck_assert_int_eq(eng_embed(&env, x, FEATURES, FEATURES, &groups, &params, y, NULL, NULL,
				   NULL), -ECANCELED);
	eng_groups_free(&groups);
	eng_pool_destroy(env.pool);
	free(x);
	free(y);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sne");
	TCase *t = tcase_create("threads");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, bandwidth, ENG_SEARCH_NEWTON, ENG_SEARCH_FWA + 1);
	tcase_add_test(t, affinities);
	tcase_add_test(t, embedding);
	tcase_add_test(t, cancelled_by_workers);
	tcase_set_timeout(t, 120);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

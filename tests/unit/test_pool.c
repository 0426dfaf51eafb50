// SPDX-License-Identifier: GPL-2.0-only
/* Loops over chunks in a pool that is given away between them. */
#include <check.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pool.h"

#define CHUNKS 1000

static struct shared {
	bool want;		/* others always want the pool; else never */
	unsigned int yields;
	atomic_int running;	/* chunks under way */
	atomic_uchar runs[CHUNKS];
	const struct eng_env *inner;	/* of a stage that a chunk calls, or NULL */
} shared;

static bool wanted(void *data)
{
	(void)data;
	return shared.want;
}

/* Somebody else's loop in the same pool. */
static void nothing(void *arg, size_t chunk, unsigned int worker)
{
	(void)chunk;
	(void)worker;
	atomic_fetch_add((atomic_int *)arg, 1);
}

static void yield(void *data)
{
	struct eng_env other = { .pool = data };
	atomic_int calls = 0;

	ck_assert_int_eq(atomic_load(&shared.running), 0);
	eng_parallel(&other, 3, nothing, &calls);
	ck_assert_int_eq(atomic_load(&calls), 3);
	shared.yields++;
}

static void count(void *arg, size_t chunk, unsigned int worker)
{
	atomic_int calls = 0;

	ck_assert_uint_lt(worker, eng_pool_threads(arg));
	atomic_fetch_add(&shared.running, 1);
	atomic_fetch_add(&shared.runs[chunk], 1);
	if (shared.inner) {
		eng_yield(shared.inner);
		eng_parallel(shared.inner, 2, nothing, &calls);
		ck_assert_int_eq(atomic_load(&calls), 2);
	}
	atomic_fetch_sub(&shared.running, 1);
}

static void loop(const struct eng_env *env, size_t chunks)
{
	memset(shared.runs, 0, sizeof(shared.runs));
	shared.yields = 0;
	eng_parallel(env, chunks, count, env->pool);
	for (size_t c = 0; c < CHUNKS; c++)
		ck_assert_uint_eq(shared.runs[c], c < chunks);
}

START_TEST(each_chunk_once)
{
	struct eng_sharing sharing = { .wanted = wanted, .yield = yield };
	struct eng_env env = { .sharing = &sharing };

	for (unsigned int threads = 1; threads < 5; threads++) {
		ck_assert_int_eq(eng_pool_create(threads, &env.pool), 0);
		sharing.data = env.pool;
		for (size_t chunks = 0; chunks < 8; chunks++) {
			shared.want = true;
			loop(&env, chunks);
			ck_assert_uint_le(shared.yields, chunks);
			/* The others may take the rest while the first one is at its first. */
			ck_assert_uint_ge(shared.yields, threads == 1 ? chunks : chunks != 0);
		}
		loop(&env, CHUNKS);
		ck_assert_uint_ge(shared.yields, threads == 1 ? CHUNKS : 1);
		shared.want = false;
		loop(&env, CHUNKS);
		ck_assert_uint_eq(shared.yields, 0);
		eng_pool_destroy(env.pool);
	}
}
END_TEST

/* A chunk that runs a stage alone must not give away the pool that it runs in. */
START_TEST(never_within_a_chunk)
{
	struct eng_sharing sharing = { .wanted = wanted, .yield = yield };
	struct eng_env env = { .sharing = &sharing }, inner = { .sharing = &sharing };

	ck_assert_int_eq(eng_pool_create(3, &env.pool), 0);
	sharing.data = env.pool;
	shared.want = true;
	shared.inner = &inner;
	loop(&env, CHUNKS);
	shared.inner = NULL;
	ck_assert_uint_ge(shared.yields, 1);
	eng_pool_destroy(env.pool);
}
END_TEST

#define LATE_THREADS 12
#define LATE_LOOPS 3000
#define LATE_CHUNKS 7

struct short_loop {
	bool over;
	unsigned int runs[LATE_CHUNKS];
};

static void run_once(void *arg, size_t chunk, unsigned int worker)
{
	struct short_loop *l = arg;

	(void)worker;
	ck_assert(!l->over);
	l->runs[chunk]++;
}

/*
 * More threads than processors and loops shorter than it takes to wake up: workers
 * come when the loop is over, or the next one under way, and must not touch the one before.
 */
START_TEST(workers_come_late)
{
	struct short_loop loops[2];
	struct eng_env env = { 0 };

	ck_assert_int_eq(eng_pool_create(LATE_THREADS, &env.pool), 0);
	for (size_t i = 0; i < LATE_LOOPS; i++) {
		struct short_loop *l = &loops[i % 2];
		size_t chunks = 2 + i % (LATE_CHUNKS - 1);

		*l = (struct short_loop){ 0 };
		eng_parallel(&env, chunks, run_once, l);
		l->over = true;
		for (size_t c = 0; c < LATE_CHUNKS; c++)
			ck_assert_uint_eq(l->runs[c], c < chunks);
		if (i % 64 == 63)
			usleep(500);	/* long enough for all to fall asleep */
	}
	eng_pool_destroy(env.pool);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pool");
	TCase *tcase = tcase_create("sharing");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, each_chunk_once);
	tcase_add_test(tcase, never_within_a_chunk);
	tcase_add_test(tcase, workers_come_late);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include "pool.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

/* How long an idle worker looks for the next loop before it sleeps. */
#define SPIN 4000

struct eng_pool {
	unsigned int threads;
	pthread_t *workers;		/* threads - 1 of them */
	pthread_mutex_t lock;
	pthread_cond_t work, idle;

	eng_chunk_fn fn;
	void *arg;
	size_t chunks;
	atomic_size_t next;		/* the next chunk to take */
	atomic_uint generation;		/* raised for each loop */
	atomic_uint busy;		/* workers that have not left the loop */
	bool stop;
};

struct start {
	struct eng_pool *pool;
	unsigned int worker;
};

static void take_chunks(struct eng_pool *pool, unsigned int worker)
{
	size_t chunk;

	while ((chunk = atomic_fetch_add(&pool->next, 1)) < pool->chunks)
		pool->fn(pool->arg, chunk, worker);
}

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
}

static unsigned int wait_for_loop(struct eng_pool *pool, unsigned int seen)
{
	unsigned int now;

	for (int i = 0; i < SPIN; i++) {
		now = atomic_load(&pool->generation);
		if (now != seen)
			return now;
		relax();
	}
	pthread_mutex_lock(&pool->lock);
	while ((now = atomic_load(&pool->generation)) == seen)
		pthread_cond_wait(&pool->work, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
	return now;
}

static void *worker_main(void *data)
{
	struct start start = *(struct start *)data;
	struct eng_pool *pool = start.pool;
	unsigned int seen = 0;

	free(data);
	for (;;) {
		seen = wait_for_loop(pool, seen);
		if (pool->stop)
			return NULL;
		take_chunks(pool, start.worker);
		if (atomic_fetch_sub(&pool->busy, 1) == 1) {
			pthread_mutex_lock(&pool->lock);
			pthread_cond_signal(&pool->idle);
			pthread_mutex_unlock(&pool->lock);
		}
	}
}

static void publish(struct eng_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	atomic_fetch_add(&pool->generation, 1);
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
}

static void wait_until_idle(struct eng_pool *pool)
{
	for (int i = 0; i < SPIN; i++) {
		if (!atomic_load(&pool->busy))
			return;
		relax();
	}
	pthread_mutex_lock(&pool->lock);
	while (atomic_load(&pool->busy))
		pthread_cond_wait(&pool->idle, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
}

/* As take_chunks(), until others want the pool: then no worker takes another. */
static size_t take_chunks_while_ours(const struct eng_env *env, struct eng_pool *pool)
{
	size_t chunk;

	do {
		chunk = atomic_fetch_add(&pool->next, 1);
		if (chunk >= pool->chunks)
			return pool->chunks;
		pool->fn(pool->arg, chunk, 0);
	} while (!eng_wanted(env));
	chunk = atomic_exchange(&pool->next, pool->chunks);
	return chunk < pool->chunks ? chunk : pool->chunks;
}

/* Run chunks from @first on; returns the first that has not been run. */
static size_t run_chunks(const struct eng_env *env, size_t first, size_t chunks,
			 eng_chunk_fn fn, void *arg)
{
	struct eng_pool *pool = env->pool;

	if (!pool || pool->threads == 1 || chunks - first < 2) {
		fn(arg, first, 0);
		return first + 1;
	}
	pool->fn = fn;
	pool->arg = arg;
	pool->chunks = chunks;
	atomic_store(&pool->next, first);
	atomic_store(&pool->busy, pool->threads - 1);
	publish(pool);
	first = take_chunks_while_ours(env, pool);
	wait_until_idle(pool);
	return first;
}

void eng_parallel(const struct eng_env *env, size_t chunks, eng_chunk_fn fn, void *arg)
{
	size_t done = 0;

	while (done < chunks) {
		eng_yield(env);
		done = run_chunks(env, done, chunks, fn, arg);
	}
}

static unsigned int processors(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 1;
	return (unsigned int)CPU_COUNT(&set);
}

static int start_worker(struct eng_pool *pool, unsigned int worker)
{
	struct start *start = malloc(sizeof(*start));
	int err;

	if (!start)
		return -ENOMEM;
	*start = (struct start){ .pool = pool, .worker = worker };
	err = pthread_create(&pool->workers[worker - 1], NULL, worker_main, start);
	if (err)
		free(start);
	return -err;
}

int eng_pool_create(unsigned int threads, struct eng_pool **out)
{
	struct eng_pool *pool = calloc(1, sizeof(*pool));
	unsigned int want = threads ? threads : processors();
	int err = 0;

	if (!pool)
		return -ENOMEM;
	pool->threads = 1;
	pool->workers = calloc(want, sizeof(*pool->workers));
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->work, NULL);
	pthread_cond_init(&pool->idle, NULL);
	if (!pool->workers)
		err = -ENOMEM;
	while (!err && pool->threads < want) {
		err = start_worker(pool, pool->threads);
		if (!err)
			pool->threads++;
	}
	if (err) {
		eng_pool_destroy(pool);
		return err;
	}
	*out = pool;
	return 0;
}

void eng_pool_destroy(struct eng_pool *pool)
{
	if (!pool)
		return;
	pool->stop = true;
	publish(pool);
	for (unsigned int i = 0; i + 1 < pool->threads; i++)
		pthread_join(pool->workers[i], NULL);
	pthread_cond_destroy(&pool->idle);
	pthread_cond_destroy(&pool->work);
	pthread_mutex_destroy(&pool->lock);
	free(pool->workers);
	free(pool);
}

unsigned int eng_pool_threads(const struct eng_pool *pool)
{
	return pool ? pool->threads : 1;
}

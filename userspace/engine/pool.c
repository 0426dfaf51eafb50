// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include "pool.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Looks for what is waited for, before the thread sleeps: at most, and at least. */
#define SPIN_MOST 4000
#define SPIN_LEAST 200

/*
 * How long to look depends on how long it took of late, as in the adaptive
 * mutexes of glibc.  On a machine that is busy with other things the thread that
 * is waited for may not run, and looking for it keeps the processor from it.
 */
struct patience {
	unsigned int mean;	/* looks that it took, a running mean */
};

/*
 * A loop is open to workers while it has chunks left.  The calling thread waits
 * for those alone that came in, so that a worker that sleeps, or whose processor
 * does something else, holds nobody up.  Whoever comes in counts itself first
 * and then looks whether the loop is open; whoever closes it does so first and
 * then looks at the count: one of them sees the other.
 */
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
	atomic_bool open;		/* what stands above may be read */
	atomic_uint inside;		/* workers that may have seen it open */
	atomic_uint sleeping;		/* workers that want to be woken */
	struct patience patience;	/* of the calling thread */
	atomic_bool stop;
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

static unsigned int looks(const struct patience *p)
{
	unsigned int most = 8 * p->mean + SPIN_LEAST;

	return most < SPIN_MOST ? most : SPIN_MOST;
}

static void seen_after(struct patience *p, unsigned int looked)
{
	p->mean = (7 * p->mean + looked + 7) / 8;
}

static void not_seen(struct patience *p)
{
	p->mean -= p->mean / 4;
}

static unsigned int wait_for_loop(struct eng_pool *pool, unsigned int seen, struct patience *p)
{
	unsigned int now, most = looks(p);

	for (unsigned int i = 0; i < most; i++) {
		now = atomic_load(&pool->generation);
		if (now != seen) {
			seen_after(p, i);
			return now;
		}
		relax();
	}
	not_seen(p);
	pthread_mutex_lock(&pool->lock);
	atomic_fetch_add(&pool->sleeping, 1);
	while ((now = atomic_load(&pool->generation)) == seen)
		pthread_cond_wait(&pool->work, &pool->lock);
	atomic_fetch_sub(&pool->sleeping, 1);
	pthread_mutex_unlock(&pool->lock);
	return now;
}

static void join_loop(struct eng_pool *pool, unsigned int worker)
{
	atomic_fetch_add(&pool->inside, 1);
	if (atomic_load(&pool->open))
		take_chunks(pool, worker);
	if (atomic_fetch_sub(&pool->inside, 1) == 1 && !atomic_load(&pool->open)) {
		pthread_mutex_lock(&pool->lock);
		pthread_cond_signal(&pool->idle);
		pthread_mutex_unlock(&pool->lock);
	}
}

static void *worker_main(void *data)
{
	struct start start = *(struct start *)data;
	struct eng_pool *pool = start.pool;
	struct patience patience = { .mean = SPIN_MOST / 8 };
	unsigned int seen = 0;

	free(data);
	for (;;) {
		seen = wait_for_loop(pool, seen, &patience);
		if (atomic_load(&pool->stop))
			return NULL;
		join_loop(pool, start.worker);
	}
}

/* Raise the generation; whoever goes to sleep after that sees it. */
static void publish(struct eng_pool *pool)
{
	atomic_fetch_add(&pool->generation, 1);
	if (!atomic_load(&pool->sleeping))
		return;
	pthread_mutex_lock(&pool->lock);
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
}

/* Close the loop, and wait until nobody is in it. */
static void wait_until_idle(struct eng_pool *pool)
{
	unsigned int most = looks(&pool->patience);

	atomic_store(&pool->open, false);
	for (unsigned int i = 0; i < most; i++) {
		if (!atomic_load(&pool->inside)) {
			seen_after(&pool->patience, i);
			return;
		}
		relax();
	}
	not_seen(&pool->patience);
	pthread_mutex_lock(&pool->lock);
	while (atomic_load(&pool->inside))
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
	atomic_store(&pool->open, true);
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
	pool->patience.mean = SPIN_MOST / 8;
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
	atomic_store(&pool->stop, true);
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

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A pool of threads that runs a loop over chunks.
 *
 * The same bits with any number of threads: the number of chunks never depends
 * on the number of threads, a chunk writes only what is its own, and partial
 * sums are added by the caller in the order of the chunks.
 */
#ifndef ENG_POOL_H
#define ENG_POOL_H

#include "env.h"

typedef void (*eng_chunk_fn)(void *arg, size_t chunk, unsigned int worker);

/* @threads 0: one for each processor that this process may run on.  -ENOMEM, -EAGAIN. */
int eng_pool_create(unsigned int threads, struct eng_pool **pool);
void eng_pool_destroy(struct eng_pool *pool);

/* Workers of the pool, the calling thread included; 1 for NULL. */
unsigned int eng_pool_threads(const struct eng_pool *pool);

/*
 * Call @fn for each chunk in [0, @chunks), in no particular order, on all
 * workers, and return when all have ended.  @worker is below
 * eng_pool_threads() and unique among the calls under way, so that it can
 * index scratch memory.  One loop at a time in a pool; not to be nested.
 * Between chunks the pool is given away when others want it.
 */
void eng_parallel(const struct eng_env *env, size_t chunks, eng_chunk_fn fn, void *arg);

#endif /* ENG_POOL_H */

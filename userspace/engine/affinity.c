// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Symmetrisation in two transpositions.  The transpose of P, its rows sorted
 * by column, is made by a radix partition: rows are taken in blocks, entries
 * scattered by block and bucket of columns, each pair to a range of its own,
 * and each bucket sorted by counting.  Order within a column is that of rows,
 * so the transpose of the transpose is P with its rows sorted.  Then the two
 * are merged.  Blocks and buckets depend on n alone.
 */
#include "affinity.h"
#include "pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PARTS 64	/* blocks of rows, and buckets of columns, at most */

struct entry {
	uint32_t row, col;
	float p;
};

/* Sparse rows, or a table of @k entries in each row where start is NULL. */
struct sparse {
	const size_t *start;
	const uint32_t *col;
	const float *p;
	size_t k;
};

struct work {
	const struct eng_env *env;
	size_t n, width;		/* rows of a block, columns of a bucket: 2^shift */
	unsigned int shift;
	size_t parts;
	struct sparse in;		/* what is transposed */
	size_t (*at)[PARTS];		/* first of block and bucket in the entries */
	struct entry *entries;
	struct eng_affinity *out;	/* what it becomes */
	const struct eng_affinity *a, *b; /* what is merged */
	float scale;
};

static size_t row_start(const struct sparse *s, size_t i)
{
	return s->start ? s->start[i] : i * s->k;
}

static size_t part_end(const struct work *w, size_t part)
{
	size_t end = (part + 1) * w->width;

	return end < w->n ? end : w->n;
}

/* Entries of each bucket in one block of rows. */
static void count_block(void *arg, size_t block, unsigned int worker)
{
	struct work *w = arg;
	size_t first = row_start(&w->in, block * w->width);
	size_t end = row_start(&w->in, part_end(w, block));

	(void)worker;
	memset(w->at[block], 0, sizeof(w->at[block]));
	for (size_t e = first; e < end; e++)
		w->at[block][w->in.col[e] >> w->shift]++;
}

static void scatter_block(void *arg, size_t block, unsigned int worker)
{
	struct work *w = arg;
	size_t to[PARTS];

	(void)worker;
	memcpy(to, w->at[block], sizeof(to));
	for (size_t i = block * w->width; i < part_end(w, block); i++) {
		size_t end = row_start(&w->in, i + 1);

		for (size_t e = row_start(&w->in, i); e < end; e++) {
			uint32_t col = w->in.col[e];

			w->entries[to[col >> w->shift]++] = (struct entry){
				.row = (uint32_t)i, .col = col, .p = w->in.p[e],
			};
		}
	}
}

/* Sort one bucket by column; start[] of its columns ends up right. */
static void sort_bucket(void *arg, size_t bucket, unsigned int worker)
{
	struct work *w = arg;
	size_t first = bucket * w->width, end = part_end(w, bucket);
	size_t from = w->at[0][bucket];
	size_t to = bucket + 1 < w->parts ? w->at[0][bucket + 1] :
					    row_start(&w->in, w->n);
	size_t *start = w->out->start, sum = from;

	(void)worker;
	for (size_t j = first; j < end; j++)
		start[j] = 0;
	for (size_t e = from; e < to; e++)
		start[w->entries[e].col]++;
	for (size_t j = first; j < end; j++) {
		size_t count = start[j];

		start[j] = sum;
		sum += count;
	}
	for (size_t e = from; e < to; e++) {
		size_t place = start[w->entries[e].col]++;

		w->out->col[place] = w->entries[e].row;
		w->out->p[place] = w->entries[e].p;
	}
	/* each start now is that of the next column */
	for (size_t j = end; j-- > first;)
		start[j] = j > first ? start[j - 1] : from;
}

/* Where each block's share of each bucket begins: buckets first, blocks within. */
static void place_parts(struct work *w)
{
	size_t sum = 0;

	for (size_t bucket = 0; bucket < w->parts; bucket++) {
		for (size_t block = 0; block < w->parts; block++) {
			size_t count = w->at[block][bucket];

			w->at[block][bucket] = sum;
			sum += count;
		}
	}
	w->out->start[w->n] = sum;
}

static int transpose(struct work *w, struct sparse in, struct eng_affinity *out)
{
	w->in = in;
	w->out = out;
	eng_parallel(w->env, w->parts, count_block, w);
	place_parts(w);
	eng_parallel(w->env, w->parts, scatter_block, w);
	eng_parallel(w->env, w->parts, sort_bucket, w);
	return eng_cancelled(w->env) ? -ECANCELED : 0;
}

/*
 * Merge row @i of P and of its transpose.  Returns the length of the result,
 * which is written where @col is not NULL.  Both sums are of the same two
 * numbers, so the result is symmetric to the bit.
 */
static size_t merge_row(const struct work *w, size_t i, uint32_t *col, float *p)
{
	const struct eng_affinity *a = w->a, *b = w->b;
	size_t x = a->start[i], xe = a->start[i + 1], y = b->start[i], ye = b->start[i + 1];
	size_t len = 0;

	for (; x < xe || y < ye; len++) {
		bool take_a = x < xe && (y == ye || a->col[x] <= b->col[y]);
		bool take_b = y < ye && (x == xe || b->col[y] <= a->col[x]);

		if (col) {
			col[len] = take_a ? a->col[x] : b->col[y];
			p[len] = ((take_a ? a->p[x] : 0.0f) + (take_b ? b->p[y] : 0.0f)) * w->scale;
		}
		x += take_a;
		y += take_b;
	}
	return len;
}

static void measure_block(void *arg, size_t block, unsigned int worker)
{
	struct work *w = arg;

	(void)worker;
	for (size_t i = block * w->width; i < part_end(w, block); i++)
		w->out->start[i + 1] = merge_row(w, i, NULL, NULL);
}

static void merge_block(void *arg, size_t block, unsigned int worker)
{
	struct work *w = arg;

	(void)worker;
	for (size_t i = block * w->width; i < part_end(w, block); i++)
		merge_row(w, i, w->out->col + w->out->start[i], w->out->p + w->out->start[i]);
}

static int allocate(struct eng_affinity *a, size_t n, size_t entries)
{
	a->n = n;
	if (!a->start)
		a->start = calloc(n + 1, sizeof(*a->start));
	if (entries) {
		a->col = malloc(entries * sizeof(*a->col));
		a->p = malloc(entries * sizeof(*a->p));
	}
	return a->start && (!entries || (a->col && a->p)) ? 0 : -ENOMEM;
}

static int merge(struct work *w, const struct eng_affinity *p, const struct eng_affinity *pt,
		 struct eng_affinity *out)
{
	int err = allocate(out, w->n, 0);

	if (err)
		return err;
	w->a = p;
	w->b = pt;
	w->out = out;
	w->scale = 0.5f / (float)w->n;
	eng_parallel(w->env, w->parts, measure_block, w);
	for (size_t i = 0; i < w->n; i++)
		out->start[i + 1] += out->start[i];
	err = allocate(out, w->n, out->start[w->n]);
	if (err)
		return err;
	eng_parallel(w->env, w->parts, merge_block, w);
	return eng_cancelled(w->env) ? -ECANCELED : 0;
}

/* Both transpositions; the entries between are not needed after. */
static int transpose_twice(struct work *w, const struct eng_neighbours *nb, const float *cond,
			   struct eng_affinity *p, struct eng_affinity *pt)
{
	struct sparse table = { .col = nb->index, .p = cond, .k = nb->k };
	int err = -ENOMEM;

	w->at = calloc(PARTS, sizeof(*w->at));
	w->entries = malloc(nb->n * nb->k * sizeof(*w->entries));
	if (w->at && w->entries)
		err = transpose(w, table, pt);
	if (!err)
		err = transpose(w, (struct sparse){ pt->start, pt->col, pt->p, 0 }, p);
	free(w->entries);
	free(w->at);
	return err;
}

/*
 * For each of @in entries, twice: read to be counted, read to be scattered,
 * written and read as a struct entry, written sorted; then both lists are read
 * twice and @out entries written.
 */
static void count_work(const struct eng_env *env, uint64_t in, uint64_t out)
{
	const uint64_t pair = sizeof(uint32_t) + sizeof(float);

	eng_count(env, ENG_COUNT_NEAR_READ,
		  in * (2 * (sizeof(uint32_t) + pair + sizeof(struct entry)) + 4 * pair));
	eng_count(env, ENG_COUNT_NEAR_WRITE, in * 2 * (sizeof(struct entry) + pair) + out * pair);
	eng_count(env, ENG_COUNT_MAC, out);
}

int eng_affinity(const struct eng_env *env, const struct eng_neighbours *nb,
		 const float *cond, struct eng_affinity *out)
{
	struct work w = { .env = env, .n = nb->n };
	struct eng_affinity p = { 0 }, pt = { 0 };
	int err;

	*out = (struct eng_affinity){ 0 };
	if (!nb->n || !nb->k)
		return -EINVAL;
	/* the largest product of sizes in here */
	if (nb->k > SIZE_MAX / sizeof(struct entry) / nb->n)
		return -ENOMEM;
	eng_phase_enter(env, ENG_PHASE_SEARCH);
	while ((nb->n - 1) >> w.shift >= PARTS)
		w.shift++;
	w.width = (size_t)1 << w.shift;
	w.parts = ((nb->n - 1) >> w.shift) + 1;
	err = allocate(&p, nb->n, nb->n * nb->k);
	if (!err)
		err = allocate(&pt, nb->n, nb->n * nb->k);
	if (!err)
		err = transpose_twice(&w, nb, cond, &p, &pt);
	if (!err)
		err = merge(&w, &p, &pt, out);
	if (!err)
		count_work(env, nb->n * nb->k, out->start[nb->n]);
	eng_affinity_free(&p);
	eng_affinity_free(&pt);
	if (err)
		eng_affinity_free(out);
	return err;
}

void eng_affinity_free(struct eng_affinity *a)
{
	free(a->start);
	free(a->col);
	free(a->p);
	*a = (struct eng_affinity){ 0 };
}

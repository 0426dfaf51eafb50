// SPDX-License-Identifier: LGPL-2.1-or-later
/* Products X^T X of the centred rows, whole or with a basis: where PCA's time goes. */
#include "pca_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hot/gemm.h"
#include "pool.h"

/* Rows over which a sum is held in float32. */
#define DEPTH 512

/* Strips of the left operand that one chunk multiplies: they reuse what is in the cache. */
#define GROUP 4

struct gram {
	struct pca *p;
	bool symmetric;
	double *out;
	size_t m, n;		/* the product has m columns of X on the left, n on the right */
	float *left, *right;	/* panels of a slab */
	float *basis;		/* packed; NULL where symmetric */
	size_t first, count;	/* rows of the slab under way */
};

static size_t round_up(size_t x, size_t to)
{
	return (x + to - 1) / to * to;
}

/*
 * Scratch: a block of rows; the same packed, with its product with the basis;
 * or one tile.
 */
size_t pca_scratch_size(const struct pca *p)
{
	size_t rows = p->block + ENG_GEMM_MR_MAX;
	size_t wide = p->l + ENG_GEMM_NR_MAX;

	return rows * (2 * p->c + wide) + ENG_GEMM_MR_MAX * ENG_GEMM_NR_MAX;
}

/* P = X Q^T for a block at @x, behind it in the scratch; packed for the right operand. */
static void project_block(struct gram *g, float *x, size_t from, size_t count)
{
	struct pca *p = g->p;
	float *packed = x + (p->block + ENG_GEMM_MR_MAX) * p->c;
	float *product = packed + (p->block + ENG_GEMM_MR_MAX) * p->c;
	size_t ld = round_up(p->l, p->ops->nr);

	eng_gemm_pack(x, count, p->c, p->c, p->ops->mr, packed);
	eng_gemm_tile(p->env, packed, count, g->basis, p->l, p->c, product, ld, false);
	eng_gemm_pack_columns(product, count, p->l, ld, p->ops->nr, g->right, p->slab, from);
}

static void pack_chunk(void *arg, size_t chunk, unsigned int worker)
{
	struct gram *g = arg;
	struct pca *p = g->p;
	size_t from = chunk * p->block;
	size_t count = g->count - from < p->block ? g->count - from : p->block;
	float *x = pca_load_centred(p, g->first + from, count, worker);

	eng_gemm_pack_columns(x, count, p->c, p->c, p->ops->mr, g->left, p->slab, from);
	if (g->symmetric)
		eng_gemm_pack_columns(x, count, p->c, p->c, p->ops->nr, g->right, p->slab, from);
	else
		project_block(g, x, from, count);
}

/* Add a tile to the result, which is held transposed: a row for each column on the right. */
static void add_tile(struct gram *g, size_t i0, size_t j0, const float *tile)
{
	size_t mr = g->p->ops->mr, nr = g->p->ops->nr;
	size_t ni = g->m - i0 < mr ? g->m - i0 : mr;
	size_t nj = g->n - j0 < nr ? g->n - j0 : nr;

	for (size_t j = 0; j < nj; j++)
		for (size_t i = 0; i < ni; i++)
			g->out[(j0 + j) * g->m + i0 + i] += (double)tile[i * nr + j];
}

static void multiply_chunk(void *arg, size_t chunk, unsigned int worker)
{
	struct gram *g = arg;
	struct pca *p = g->p;
	size_t mr = p->ops->mr, nr = p->ops->nr;
	size_t begin = chunk * GROUP * mr;
	size_t end = begin + GROUP * mr < g->m ? begin + GROUP * mr : g->m;
	float *tile = pca_scratch(p, worker);

	for (size_t k = 0; k < g->count; k += DEPTH) {
		size_t depth = g->count - k < DEPTH ? g->count - k : DEPTH;

		for (size_t j = 0; j < g->n; j += nr)
			for (size_t i = begin; i < end; i += mr) {
				if (g->symmetric && j + nr <= i)
					continue;	/* below the diagonal */
				p->ops->tile(g->left + i * p->slab + k * mr,
					     g->right + j * p->slab + k * nr, depth,
					     tile, nr, false);
				add_tile(g, i, j, tile);
			}
	}
}

/* Above the diagonal is what has been computed; below, a few tiles of the same. */
static void mirror(double *a, size_t n)
{
	for (size_t j = 0; j < n; j++)
		for (size_t i = 0; i < j; i++)
			a[i * n + j] = a[j * n + i];
}

static int read_slabs(struct gram *g)
{
	struct pca *p = g->p;
	size_t group = GROUP * p->ops->mr;
	int err;

	for (g->first = 0; g->first < p->n; g->first += g->count) {
		g->count = p->n - g->first < p->slab ? p->n - g->first : p->slab;
		eng_parallel(p->env, (g->count + p->block - 1) / p->block, pack_chunk, g);
		eng_parallel(p->env, (g->m + group - 1) / group, multiply_chunk, g);
		err = pca_step(p, g->count);
		if (err)
			return err;
	}
	return 0;
}

static int pack_basis(struct gram *g)
{
	struct pca *p = g->p;
	float *rows = calloc(p->l, p->c * sizeof(*rows));

	g->basis = calloc(eng_gemm_packed_size(p->l, p->c, p->ops->nr), sizeof(*g->basis));
	if (!rows || !g->basis) {
		free(rows);
		return -ENOMEM;
	}
	for (size_t i = 0; i < p->l * p->c; i++)
		rows[i] = (float)p->basis[i];
	eng_gemm_pack(rows, p->l, p->c, p->c, p->ops->nr, g->basis);
	free(rows);
	return 0;
}

static void count_work(const struct pca *p, bool symmetric)
{
	uint64_t cells = (uint64_t)p->n * p->c;

	eng_count(p->env, ENG_COUNT_MAC, symmetric ? cells * (p->c + 1) / 2 : 2 * cells * p->l);
	eng_count(p->env, ENG_COUNT_SCRATCH, 4 * cells * sizeof(float));
}

int pca_gram(struct pca *p, bool symmetric, double *out)
{
	struct gram g = { .p = p, .symmetric = symmetric, .out = out, .m = p->c };
	int err = 0;

	g.n = symmetric ? p->c : p->l;
	g.left = calloc(eng_gemm_packed_size(g.m, p->slab, p->ops->mr), sizeof(*g.left));
	g.right = calloc(eng_gemm_packed_size(g.n, p->slab, p->ops->nr), sizeof(*g.right));
	if (!g.left || !g.right)
		err = -ENOMEM;
	if (!err && !symmetric)
		err = pack_basis(&g);
	if (!err) {
		memset(out, 0, g.n * g.m * sizeof(*out));
		err = read_slabs(&g);
	}
	if (!err && symmetric)
		mirror(out, p->c);
	if (!err)
		count_work(p, symmetric);
	free(g.basis);
	free(g.right);
	free(g.left);
	return err;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The inverted file.  Rows are copied cell by cell, each cell beginning on a
 * strip of the right operand, so that the search among some cells is that among
 * all with strips left out.
 *
 * How many cells are to be looked at is not guessed: the exact neighbours of
 * the first few rows of some cells are found first, and in the cells' own order
 * (nearest centre first) each neighbour's cell has a rank.  The share of ranks
 * below p is the recall that p cells would give these rows.
 */
#include "knn_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "knn_cells.h"
#include "pool.h"

#define NEAREST 10		/* neighbours whose recall is told beside that of all */
#define SAMPLE_CELLS 128	/* at most */
#define SAMPLE_ROWS 16		/* at most, of a cell */
#define PROBES 512		/* cells ranked for each, at most; nor more than half of them */

struct ivf {
	struct knn s;
	struct knn_cells cells;
	struct eng_neighbours near;	/* cells nearest to each, by their centres */
	float *x;			/* rows by place; empty places are 0 */
	uint32_t *list;			/* cells x (1 + near.k): itself, then by rank */
	struct knn_block *blocks;
	size_t probed;			/* cells looked at for each */
	struct eng_knn_stats stats;
};

static void copy_cell(void *arg, size_t cell, unsigned int worker)
{
	const struct ivf *v = arg;
	const struct knn_cells *c = &v->cells;

	(void)worker;
	for (size_t p = c->start[cell]; p < c->start[cell] + c->rows[cell]; p++)
		memcpy(v->x + p * v->s.d, v->s.x + (size_t)c->name[p] * v->s.ld,
		       v->s.d * sizeof(*v->x));
}

/* The order in which a cell's neighbours are looked at. */
static int rank_cells(struct ivf *v)
{
	const size_t count = v->cells.count, most = count / 2 < PROBES ? count / 2 : PROBES;
	const size_t each = most + 1;
	int err;

	err = eng_knn(v->s.env, v->cells.centre, count, v->s.d, v->s.d, most, &v->near);
	if (err)
		return err;
	v->list = malloc(count * each * sizeof(*v->list));
	if (!v->list)
		return -ENOMEM;
	for (size_t c = 0; c < count; c++) {
		v->list[c * each] = (uint32_t)c;
		memcpy(v->list + c * each + 1, v->near.index + c * most,
		       most * sizeof(*v->list));
	}
	return 0;
}

/* ---- how many cells ------------------------------------------------------ */

/* Rows of a sampled cell that are in the sample. */
static size_t sampled_rows(const struct ivf *v, size_t cell)
{
	return v->cells.rows[cell] < SAMPLE_ROWS ? v->cells.rows[cell] : SAMPLE_ROWS;
}

static size_t sampled_cell(const struct ivf *v, size_t i, size_t samples)
{
	return i * v->cells.count / samples;
}

/* The exact neighbours of the sample, into where the others will stand. */
static int search_sample(struct ivf *v, size_t samples)
{
	static const uint32_t all;
	const size_t start[2] = { 0, v->s.n };
	struct knn_block *blocks = calloc(samples * SAMPLE_ROWS, sizeof(*blocks));
	int err;

	if (!blocks)
		return -ENOMEM;
	v->s.nblocks = 0;
	for (size_t i = 0; i < samples; i++) {
		size_t cell = sampled_cell(v, i, samples), rows = sampled_rows(v, cell), here;

		for (size_t from = 0; from < rows; from += here) {
			here = rows - from < v->s.rows ? rows - from : v->s.rows;
			blocks[v->s.nblocks++] = (struct knn_block){
				.first = v->cells.start[cell] + from, .rows = here,
				.list = &all, .cells = 1, .others = v->cells.n - 1,
			};
		}
	}
	v->s.blocks = blocks;
	v->s.start = start;
	err = knn_run(&v->s, false);
	free(blocks);
	return err;
}

/* What the sample says: of neighbours, how many are in the cell of each rank. */
struct ranks {
	uint64_t *near, *all;	/* near.k + 1 ranks, and one for what is beyond */
	uint64_t rows;
	uint32_t *rank;		/* of each cell, from the one at hand */
};

static void rank_row(const struct ivf *v, struct ranks *r, size_t row, size_t beyond)
{
	const uint32_t *index = v->s.out->index + row * v->s.k;

	for (size_t j = 0; j < v->s.k; j++) {
		size_t rank = r->rank[v->cells.of[index[j]]];

		rank = rank < beyond ? rank : beyond;
		r->all[rank]++;
		r->near[rank] += j < NEAREST;
	}
	r->rows++;
}

static void rank_sample(const struct ivf *v, struct ranks *r, size_t samples)
{
	const size_t each = v->near.k + 1;

	for (size_t i = 0; i < samples; i++) {
		size_t cell = sampled_cell(v, i, samples);

		memset(r->rank, 0xff, v->cells.count * sizeof(*r->rank));
		for (size_t p = 0; p < each; p++)
			r->rank[v->list[cell * each + p]] = (uint32_t)p;
		for (size_t p = 0; p < sampled_rows(v, cell); p++)
			rank_row(v, r, v->cells.name[v->cells.start[cell] + p], each);
	}
}

/* As few cells as give the recall; false if those that were ranked do not. */
static bool settle(struct ivf *v, const struct ranks *r)
{
	const size_t ten = v->s.k < NEAREST ? v->s.k : NEAREST;
	uint64_t near = 0, all = 0;

	for (v->probed = 0; v->probed <= v->near.k;) {
		near += r->near[v->probed];
		all += r->all[v->probed++];
		v->stats.recall10 = (float)((double)near / (double)(r->rows * ten));
		v->stats.recall = (float)((double)all / (double)(r->rows * v->s.k));
		if (v->stats.recall10 >= ENG_KNN_RECALL && v->stats.recall >= ENG_KNN_RECALL)
			return true;
	}
	return false;
}

/* 1 when the recall can be had, 0 when it cannot, or -errno. */
static int calibrate(struct ivf *v)
{
	const size_t ranks = v->near.k + 2, count = v->cells.count;
	const size_t samples = count < SAMPLE_CELLS ? count : SAMPLE_CELLS;
	struct ranks r = {
		.near = calloc(ranks, sizeof(*r.near)),
		.all = calloc(ranks, sizeof(*r.all)),
		.rank = calloc(count, sizeof(*r.rank)),
	};
	int ret = r.near && r.all && r.rank ? search_sample(v, samples) : -ENOMEM;

	if (!ret) {
		rank_sample(v, &r, samples);
		ret = settle(v, &r);
		v->stats.sample = (uint32_t)r.rows;
	}
	free(r.near);
	free(r.all);
	free(r.rank);
	return ret;
}

/* ---- the search ---------------------------------------------------------- */

/* Cells looked at from @cell: those that are due, and more where they hold too few rows. */
static size_t cells_from(const struct ivf *v, size_t cell, size_t *others)
{
	const uint32_t *list = v->list + cell * (v->near.k + 1);
	size_t rows = 0, cells = 0;

	while (cells <= v->near.k && (cells < v->probed || rows < v->s.keep + 1))
		rows += v->cells.rows[list[cells++]];
	*others = rows - 1;
	return cells;
}

/* Each cell's rows in blocks of even size; false where a cell's neighbours hold too few. */
static bool fill_blocks(struct ivf *v)
{
	struct knn *s = &v->s;

	s->nblocks = 0;
	for (size_t c = 0; c < v->cells.count; c++) {
		size_t rows = v->cells.rows[c], pieces = (rows + s->rows - 1) / s->rows;
		size_t others, cells;

		if (!rows)
			continue;
		cells = cells_from(v, c, &others);
		if (others < s->keep)
			return false;
		for (size_t p = 0; p < pieces; p++) {
			size_t from = p * rows / pieces, to = (p + 1) * rows / pieces;

			v->blocks[s->nblocks++] = (struct knn_block){
				.first = v->cells.start[c] + from, .rows = to - from,
				.list = v->list + c * (v->near.k + 1), .cells = cells,
				.others = others,
			};
		}
	}
	return true;
}

static int search_cells(struct ivf *v)
{
	int err;

	v->blocks = calloc(v->cells.count + v->cells.n / v->s.rows + 1, sizeof(*v->blocks));
	if (!v->blocks)
		return -ENOMEM;
	if (!fill_blocks(v))
		return 0;
	v->s.blocks = v->blocks;
	v->s.start = v->cells.start;
	err = knn_run(&v->s, true);
	return err ? err : 1;
}

/* 1 when the neighbours were found, 0 when they are to be sought exactly, or -errno. */
static int search(struct ivf *v)
{
	struct knn *s = &v->s;
	int ret;

	ret = knn_cells_create(s->env, s->x, s->n, s->d, s->ld, &v->cells);
	if (ret || v->cells.count < 2)
		return ret;
	v->stats.cells = (uint32_t)v->cells.count;
	ret = rank_cells(v);
	if (ret)
		return ret;
	v->x = calloc(v->cells.places, s->d * sizeof(*v->x));
	if (!v->x)
		return -ENOMEM;
	eng_parallel(s->env, v->cells.count, copy_cell, v);
	knn_plan(s, s->n);
	s->n = v->cells.places;
	s->x = v->x;
	s->ld = s->d;
	s->name = v->cells.name;
	ret = knn_begin(s);
	if (!ret)
		ret = calibrate(v);
	return ret > 0 ? search_cells(v) : ret;
}

static void ivf_free(struct ivf *v)
{
	knn_end(&v->s);
	knn_cells_destroy(&v->cells);
	eng_neighbours_free(&v->near);
	free(v->x);
	free(v->list);
	free(v->blocks);
}

size_t knn_ivf_memory(size_t n, size_t d, unsigned int threads)
{
	const size_t cells = 2 * knn_cells_count(n), places = knn_cells_places(n);
	const size_t ranked = cells < PROBES ? cells : PROBES;

	if (!places)
		return 0;
	/* rows and what the exact search has, by place; lists of cells; blocks */
	return knn_cells_memory(n, d, threads) + places * (2 * d * 4 + 12) +
	       cells * (ranked + 1) * (4 + 8) + (cells + n / ENG_GEMM_MR_MAX) * 48;
}

int eng_knn_ivf(const struct eng_env *env, const float *x, size_t n, size_t d, size_t ld,
		size_t k, struct eng_neighbours *out, struct eng_knn_stats *stats)
{
	struct ivf v = { .s = { .env = env, .ops = eng_gemm_ops(env), .x = x, .n = n, .d = d,
				.ld = ld, .k = k, .out = out } };
	int ret;

	*out = (struct eng_neighbours){ .n = n, .k = k };
	if (!d || ld < d || k < 1 || k >= n || n > UINT32_MAX)
		return eng_fault(env, -EINVAL, n, d, (double)k, (double)n - 1.0);
	eng_phase_enter(env, ENG_PHASE_NEIGHBOURS);
	ret = eng_neighbours_create(n, k, out);
	if (!ret)
		ret = search(&v);
	ivf_free(&v);
	if (ret <= 0)
		eng_neighbours_free(out);
	if (!ret) {
		ret = eng_knn(env, x, n, d, ld, k, out);
		v.stats = (struct eng_knn_stats)ENG_KNN_STATS_EXACT;
	} else if (ret > 0) {
		v.stats.method = ENG_KNN_IVF;
		v.stats.probed = (uint32_t)v.probed;
	}
	if (stats)
		*stats = v.stats;
	return ret < 0 ? ret : 0;
}

void eng_knn_stats_add(struct eng_knn_stats *sum, const struct eng_knn_stats *one)
{
	if (sum->method == ENG_KNN_AUTO || one->recall < sum->recall)
		*sum = *one;
}

int eng_knn_by(const struct eng_env *env, enum eng_knn_method method, const float *x, size_t n,
	       size_t d, size_t ld, size_t k, struct eng_neighbours *out,
	       struct eng_knn_stats *stats)
{
	if (method == ENG_KNN_IVF || (method == ENG_KNN_AUTO && n > ENG_KNN_EXACT_ROWS))
		return eng_knn_ivf(env, x, n, d, ld, k, out, stats);
	if (stats)
		*stats = (struct eng_knn_stats)ENG_KNN_STATS_EXACT;
	return eng_knn(env, x, n, d, ld, k, out);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Neighbours are screened by x y - |y|^2 / 2, which is larger the nearer y is
 * to x, for a block of rows x against all rows y; the sums begin at -|y|^2 / 2,
 * so that a tile comes out of the product ready to be compared.  Screening
 * rounds, and so keeps more rows than are wanted; what it keeps is measured
 * directly.  Where the rounding could have hidden a neighbour all the same
 * (many rows about as far away as the last neighbour), the row is screened
 * again against a bound that hides none, and all above it is measured.
 */
#include "knn_internal.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "topk.h"

#define CANCEL_STRIPS 256	/* strips of the right operand between two looks */
#define FLOAT_UNIT 0x1p-24	/* half the distance from 1 to the next float32 */

/* Keep the best candidates of a row; the bound rises to the last of them. */
static void select_row(const struct knn *s, struct knn_worker *w, size_t row)
{
	uint64_t *entry = w->entry + row * s->room;
	uint64_t last = 0;

	if (w->count[row] < s->keep)
		return;
	eng_topk_select(entry, w->count[row], s->keep);
	for (size_t i = 0; i < s->keep; i++)
		last = entry[i] > last ? entry[i] : last;
	w->count[row] = s->keep;
	w->bound[row] = eng_topk_descending_value(last);
}

/* Entries of the rows in the places w->index, from measured distances, appended at @to. */
static void measure(const struct knn *s, struct knn_worker *w, size_t row, size_t count,
		    uint64_t *to)
{
	s->ops->distances(s->x + row * s->ld, s->x, s->ld, s->d, w->index, count, w->dist2);
	for (size_t i = 0; i < count; i++)
		to[i] = eng_topk_entry(eng_topk_ascending(w->dist2[i]),
				       knn_name(s, w->index[i]));
}

/* Candidates of the screening, with what it found as key. */
static size_t append_screened(uint64_t *entry, size_t count, size_t self, uint32_t hits,
			      const float *c, size_t j0)
{
	for (; hits; hits &= hits - 1) {
		size_t j = (size_t)__builtin_ctz(hits);

		entry[count] = eng_topk_entry(eng_topk_descending(c[j]), (uint32_t)(j0 + j));
		count += j0 + j != self;
	}
	return count;
}

/* The same, measured at once. */
static size_t append_measured(const struct knn *s, struct knn_worker *w, uint64_t *entry,
			      size_t count, size_t self, uint32_t hits, size_t j0)
{
	size_t here = 0;

	for (; hits; hits &= hits - 1) {
		w->index[here] = (uint32_t)(j0 + (size_t)__builtin_ctz(hits));
		here += w->index[here] != self;
	}
	measure(s, w, self, here, entry + count);
	return count + here;
}

static void take_hits(const struct knn *s, struct knn_worker *w, size_t first, size_t row,
		      uint32_t hits, const float *c, size_t j0)
{
	uint64_t *entry = w->entry + row * s->room;
	size_t count = w->count[row];

	if (w->again)
		count = append_measured(s, w, entry, count, first + row, hits, j0);
	else
		count = append_screened(entry, count, first + row, hits, c, j0);
	w->count[row] = count;
	if (count + s->ops->nr <= s->room)
		return;
	if (w->again) {
		eng_topk_select(entry, count, s->k);
		w->count[row] = s->k;
	} else {
		select_row(s, w, row);
	}
}

/* Strips of the block with a row that can still have candidates. */
static size_t active_strips(const struct knn *s, const struct knn_worker *w, size_t count,
			    size_t *strips)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i += s->ops->mr) {
		bool active = false;

		for (size_t r = 0; r < s->ops->mr; r++)
			active |= w->bound[i + r] < INFINITY;
		if (active)
			strips[n++] = i;
	}
	return n;
}

static void screen_strip(struct knn *s, struct knn_worker *w, size_t first, size_t i, size_t j)
{
	float c[ENG_GEMM_MR_MAX * ENG_GEMM_NR_MAX];
	uint32_t hits[ENG_GEMM_MR_MAX];
	uint32_t rows = s->ops->screen(w->left + i * s->d, s->right + j * s->d, s->d, s->seed + j,
				       w->bound + i, c, hits);

	for (; rows; rows &= rows - 1) {
		size_t r = (size_t)__builtin_ctz(rows);

		take_hits(s, w, first, i + r, hits[r], c + r * s->ops->nr, j);
	}
}

/* The rows of one cell against those of the block. */
static int screen_cell(struct knn *s, struct knn_worker *w, const struct knn_block *b,
		       const size_t *strips, size_t n, uint32_t cell)
{
	for (size_t j = s->start[cell]; j < s->start[cell + 1]; j += s->ops->nr) {
		if (w->looks++ % CANCEL_STRIPS == 0 && eng_cancelled(s->env))
			return -ECANCELED;
		for (size_t i = 0; i < n; i++)
			screen_strip(s, w, b->first, strips[i], j);
	}
	return 0;
}

/* Candidates come cell by cell, in the order of their places. */
static int screen_block(struct knn *s, struct knn_worker *w, const struct knn_block *b)
{
	size_t strips[KNN_STRIPS];
	size_t n = active_strips(s, w, b->rows, strips);
	int err = 0;

	for (size_t c = 0; c < b->cells && !err; c++)
		err = screen_cell(s, w, b, strips, n, b->list[c]);
	return err;
}

/*
 * A bound at or below which no row screens that is as near as @kth (squared).
 * The rounding errors of a product add up to less than
 * (d + 2) u (|x| |y| + |y|^2 / 2), u being half the unit in the last place
 * (Higham, Accuracy and Stability, section 3.1); taking the mean off and
 * measuring add a few u.  A row y with |y| above |x| + sqrt(kth) is farther than
 * that anyway, so that outliers do not matter.
 */
static float safe_bound(const struct knn *s, size_t row, float kth)
{
	double terms = (double)s->d + 8.0;
	double x = sqrt(s->norm2[row]);
	double y = fmin(s->longest, 1.01 * (x + sqrt((double)kth)));
	double error = 1.01 * terms * (FLOAT_UNIT * (x * y + 0.5 * y * y) + 0x1p-126);
	double reach = sqrt((double)kth) * (1.0 + 2.0 * terms * FLOAT_UNIT) +
		       1.01 * FLOAT_UNIT * (x + y);
	double bound = 0.5 * (s->norm2[row] - reach * reach) - error;

	return (float)(bound - 0x1p-22 * fabs(bound));
}

/* The k nearest of row @row, measured against all others. */
static void search_row(const struct knn *s, struct knn_worker *w, size_t row, uint64_t *entry)
{
	size_t batch = s->room - s->k;
	size_t count = 0;

	for (size_t j = 0; j < s->n;) {
		size_t here = 0;

		for (; j < s->n && here < batch; j++)
			if (j != row && knn_name(s, j) != KNN_NOBODY)
				w->index[here++] = (uint32_t)j;
		measure(s, w, row, here, entry + count);
		count += here;
		if (count > s->k) {
			eng_topk_select(entry, count, s->k);
			count = s->k;
		}
	}
	eng_topk_sort(entry, count, w->spare);
}

static void put_row(const struct knn *s, size_t place, const uint64_t *entry)
{
	size_t row = knn_name(s, place);
	uint32_t *index = s->out->index + row * s->k;
	float *dist2 = s->out->dist2 + row * s->k;

	for (size_t i = 0; i < s->k; i++) {
		index[i] = (uint32_t)entry[i];
		dist2[i] = eng_topk_ascending_value(entry[i]);
	}
}

/*
 * Measure the candidates of a row.  Returns whether it is to be screened
 * again, its bound having been lowered.  Copies of one row screen alike, with
 * ties by index, so that nothing is lost where all neighbours are copies.
 */
static bool finish_row(const struct knn *s, struct knn_worker *w, const struct knn_block *b,
		       size_t row)
{
	size_t place = b->first + row;
	uint64_t *entry = w->entry + row * s->room;
	size_t count;
	float kth, safe;

	select_row(s, w, row);
	count = w->count[row];
	for (size_t i = 0; i < count; i++)
		w->index[i] = (uint32_t)entry[i];
	measure(s, w, place, count, entry);
	eng_topk_sort(entry, count, w->spare);
	kth = count < s->k ? INFINITY : eng_topk_ascending_value(entry[s->k - 1]);
	safe = safe_bound(s, place, kth);
	if (count < s->keep || !isfinite(safe)) {
		search_row(s, w, place, entry);	/* sums overflowed */
	} else if (count < b->others && kth > 0.0f && safe < w->bound[row]) {
		w->bound[row] = safe;
		w->count[row] = 0;
		return true;
	}
	put_row(s, place, entry);
	w->bound[row] = INFINITY;
	return false;
}

/* The rows whose bounds are not infinite once more. */
static int screen_again(struct knn *s, struct knn_worker *w, const struct knn_block *b)
{
	int err;

	w->again = true;
	err = screen_block(s, w, b);
	w->again = false;
	for (size_t i = 0; i < b->rows && !err; i++) {
		uint64_t *entry = w->entry + i * s->room;

		if (!(w->bound[i] < INFINITY))
			continue;
		eng_topk_sort(entry, w->count[i], w->spare);
		put_row(s, b->first + i, entry);
	}
	return err;
}

void knn_search(void *arg, size_t chunk, unsigned int worker)
{
	struct knn *s = arg;
	struct knn_worker *w = &s->workers[worker];
	const struct knn_block *b = &s->blocks[s->first_block + chunk];
	size_t again = 0;
	int err;

	if (atomic_load(&s->cancelled))
		return;
	knn_centre(s, b->first, b->rows, w->centred);
	eng_gemm_pack(w->centred, b->rows, s->d, s->d, s->ops->mr, w->left);
	memset(w->count, 0, s->rows * sizeof(*w->count));
	for (size_t i = 0; i < s->rows; i++)
		w->bound[i] = i < b->rows ? -INFINITY : INFINITY;
	err = screen_block(s, w, b);
	for (size_t i = 0; i < b->rows && !err; i++)
		again += finish_row(s, w, b, i);
	if (!err && again)
		err = screen_again(s, w, b);
	if (err)
		atomic_store(&s->cancelled, true);
}

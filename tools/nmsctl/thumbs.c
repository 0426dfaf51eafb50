// SPDX-License-Identifier: GPL-2.0-only
#include "thumbs.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nmsdev.h"
#include "pool.h"
#include "rng.h"
#include "rows.h"

#define SHEET_SIDE 4096		/* what every browser can draw */
#define PER_SHEET 1024		/* few enough to be decoded while one waits */
#define SAMPLE 256		/* images that tell how long all will be */
#define LEAST 4			/* pixels of a side of an image, whatever its shape */
#define MOST 4096

/* Sides that are tried, in eighths. */
static const unsigned int eighths[] = { 8, 6, 5, 4, 3 };

bool thumbs_shape(const struct dataset *d, size_t shape[3])
{
	bool last;

	if (d->ndim == 2) {
		memcpy(shape, (size_t[]){ d->shape[0], d->shape[1], 1 }, 3 * sizeof(*shape));
	} else if (d->ndim == 3) {
		last = d->shape[0] != 1 && d->shape[0] != 3;
		shape[0] = d->shape[last ? 0 : 1];
		shape[1] = d->shape[last ? 1 : 2];
		shape[2] = d->shape[last ? 2 : 0];
	} else {
		return false;
	}
	return shape[0] >= LEAST && shape[1] >= LEAST && shape[0] <= MOST && shape[1] <= MOST &&
	       (shape[2] == 1 || shape[2] == 3);
}

struct maker {
	struct eng_rows rows;
	size_t shape[3];
	bool planar;		/* channel after channel */
	float low, scale;	/* (element - low) * scale is from 0 to 1 */
	struct thumbs *to;
	const uint32_t *row;	/* which; NULL: to->row */
	int *error;		/* of each sheet */
};

/* ---- one image ------------------------------------------------------------------ */

/*
 * One dimension of @n samples to @m, @step apart, each the mean of what it covers.
 */
static void average(const float *from, size_t n, float *to, size_t m, size_t step)
{
	double size = (double)n / (double)m;

	for (size_t i = 0; i < m; i++) {
		double begin = (double)i * size, end = begin + size, sum = 0;

		for (size_t j = (size_t)begin; j < n && (double)j < end; j++)
			sum += (double)from[j * step] * (fmin(end, (double)j + 1) - fmax(begin, (double)j));
		to[i * step] = (float)(sum / size);
	}
}

/* A channel, packed @width x @height, made small in place: @work has room for its rows. */
static void shrink(float *channel, size_t width, size_t height, size_t w, size_t h, float *work)
{
	for (size_t y = 0; y < height; y++) {
		average(channel + y * width, width, work, w, 1);
		memcpy(channel + y * w, work, w * sizeof(*work));
	}
	for (size_t x = 0; x < w; x++) {
		average(channel + x, height, work, h, w);
		for (size_t y = 0; y < h; y++)
			channel[x + y * w] = work[y * w];
	}
}

/* Image @row to its place on a sheet: @at, @line samples from one line to the next. */
static void place(const struct maker *m, uint32_t row, float *image, float *channel, float *work,
		  uint8_t *at, size_t line)
{
	const size_t height = m->shape[0], width = m->shape[1], channels = m->shape[2];
	const struct thumbs *t = m->to;

	eng_rows_load(&m->rows, row, 1, image, m->rows.ncols);
	for (size_t c = 0; c < channels; c++) {
		for (size_t i = 0; i < width * height; i++)
			channel[i] = image[m->planar ? c * width * height + i : i * channels + c];
		shrink(channel, width, height, t->width, t->height, work);
		for (size_t i = 0; i < t->width * t->height; i++) {
			float v = (channel[i] - m->low) * m->scale;

			v = fminf(fmaxf(v, 0), 1) * (float)(t->levels - 1) + 0.5f;
			at[i / t->width * line + i % t->width * channels + c] = (uint8_t)v;
		}
	}
}

/* ---- sheets ----------------------------------------------------------------------- */

/* Sheets are narrower where there is less than a line of them. */
static int make_sheet(const struct maker *m, size_t first, size_t count, struct sheet *sheet)
{
	const struct thumbs *t = m->to;
	size_t across = count < THUMB_COLUMNS ? count : THUMB_COLUMNS;
	size_t down = (count + across - 1) / across, line = across * t->width * t->channels;
	size_t pixels = m->shape[0] * m->shape[1];
	uint8_t *canvas = calloc(down * t->height, line);
	float *image = malloc(m->rows.ncols * sizeof(*image));
	float *channel = malloc(2 * pixels * sizeof(*channel));
	int error = -ENOMEM;

	if (canvas && image && channel) {
		for (size_t i = 0; i < count; i++)
			place(m, m->row ? m->row[first + i] : t->row[first + i], image, channel,
			      channel + pixels,
			      canvas + i / across * t->height * line +
				      i % across * t->width * t->channels, line);
		error = sheet_encode(canvas, across * t->width, down * t->height, t->channels,
				     t->levels, sheet);
	}
	free(canvas);
	free(image);
	free(channel);
	return error;
}

static void sheet_chunk(void *arg, size_t chunk, unsigned int worker)
{
	const struct maker *m = arg;
	size_t first = chunk * m->to->per_sheet, left = m->to->count - first;

	(void)worker;
	m->error[chunk] = make_sheet(m, first, left < m->to->per_sheet ? left : m->to->per_sheet,
				     &m->to->sheet[chunk]);
}

static void free_sheets(struct thumbs *t)
{
	for (size_t i = 0; t->sheet && i < t->nsheets; i++)
		free(t->sheet[i].data);
	free(t->sheet);
	t->sheet = NULL;
	t->nsheets = 0;
}

static int make_sheets(const struct eng_env *env, struct maker *m)
{
	struct thumbs *t = m->to;
	int error = 0;

	t->nsheets = (t->count + t->per_sheet - 1) / t->per_sheet;
	t->sheet = calloc(t->nsheets, sizeof(*t->sheet));
	m->error = calloc(t->nsheets, sizeof(*m->error));
	if (!t->sheet || !m->error) {
		free(m->error);
		return -ENOMEM;
	}
	eng_parallel(env, t->nsheets, sheet_chunk, m);
	for (size_t i = 0; i < t->nsheets; i++)
		error |= m->error[i];
	free(m->error);
	return error ? -ENOMEM : 0;
}

/* ---- within the budget -------------------------------------------------------------- */

static size_t scaled(size_t side, size_t longest, size_t most, unsigned int eighth)
{
	double factor = (longest > most ? (double)most / (double)longest : 1) * eighth / 8;
	size_t n = (size_t)((double)side * factor + 0.5);

	return n ? n : 1;
}

static void set_size(struct maker *m, const struct thumbs_wish *wish, unsigned int eighth)
{
	size_t longest = m->shape[0] > m->shape[1] ? m->shape[0] : m->shape[1];
	struct thumbs *t = m->to;
	size_t lines;

	t->height = scaled(m->shape[0], longest, wish->side, eighth);
	t->width = scaled(m->shape[1], longest, wish->side, eighth);
	lines = SHEET_SIDE / t->height;
	t->per_sheet = lines * THUMB_COLUMNS < PER_SHEET ? lines * THUMB_COLUMNS : PER_SHEET;
}

/* Bytes an image, by some that are spread over all. */
static int estimate(struct maker *m, double *bytes)
{
	uint32_t row[SAMPLE];
	size_t n = m->to->count < SAMPLE ? m->to->count : SAMPLE;
	struct sheet sheet;
	int error;

	if (n > m->to->per_sheet)
		n = m->to->per_sheet;
	for (size_t i = 0; i < n; i++)
		row[i] = m->to->row[i * m->to->count / n];
	m->row = row;
	error = make_sheet(m, 0, n, &sheet);
	m->row = NULL;
	if (error)
		return error;
	*bytes = (double)sheet.size / (double)n;
	free(sheet.data);
	return 0;
}

/* Leave out what is beyond @share: the last of a list, any of all. */
static void thin(struct thumbs *t, const struct thumbs_wish *wish, double share)
{
	size_t n = 0;

	if (wish->row) {
		n = (size_t)((double)t->count * share);
		t->count = n ? n : 1;
		return;
	}
	for (size_t i = 0; i < t->count; i++)
		if ((double)(eng_mix(eng_mix(wish->seed) + t->row[i]) >> 11) * 0x1p-53 < share)
			t->row[n++] = t->row[i];
	t->count = n;
}

static size_t total(const struct thumbs *t)
{
	size_t sum = 0;

	for (size_t i = 0; i < t->nsheets; i++)
		sum += t->sheet[i].size;
	return sum;
}

static int fit(const struct eng_env *env, struct maker *m, const struct thumbs_wish *wish)
{
	const size_t tries = sizeof(eighths) / sizeof(eighths[0]);
	struct thumbs *t = m->to;
	double bytes;
	int error = 0;

	for (size_t i = 0; !error && i < tries; i++) {
		double need;

		set_size(m, wish, eighths[i]);
		error = estimate(m, &bytes);
		need = bytes * (double)t->count;
		if (error || (need > (double)wish->budget && i + 1 < tries))
			continue;
		if (need > (double)wish->budget)
			thin(t, wish, 0.95 * (double)wish->budget / need);
		error = make_sheets(env, m);
		if (error || total(t) <= wish->budget)
			return error;
		/* longer than the sample had it */
		if (i + 1 < tries)
			free_sheets(t);
	}
	while (!error && t->nsheets && total(t) > wish->budget) {
		free(t->sheet[--t->nsheets].data);
		t->count = t->nsheets * t->per_sheet;
	}
	return error;
}

static void find_range(struct maker *m, float *row)
{
	float low = INFINITY, high = -INFINITY;

	if (m->rows.dtype == ENG_U8) {
		m->low = 0;
		m->scale = 1.0f / 255;
		return;
	}
	for (size_t i = 0; i < m->rows.nrows; i++) {
		eng_rows_load(&m->rows, i, 1, row, m->rows.ncols);
		for (size_t j = 0; j < m->rows.ncols; j++) {
			low = fminf(low, row[j]);
			high = fmaxf(high, row[j]);
		}
	}
	m->low = low;
	m->scale = high > low ? 1 / (high - low) : 0;
}

int thumbs_make(const struct eng_env *env, const struct dataset *dataset,
		const struct thumbs_wish *wish, struct thumbs *thumbs)
{
	struct maker m = {
		.rows = { dataset->base, dataset->rows, dataset->cols, dataset->stride,
			  (enum eng_dtype)dataset->dtype },
		.to = thumbs,
	};
	float *row = malloc(dataset->cols * sizeof(*row));

	memset(thumbs, 0, sizeof(*thumbs));
	thumbs_shape(dataset, m.shape);
	m.planar = dataset->ndim == 3 && m.shape[2] == dataset->shape[0];
	thumbs->channels = m.shape[2];
	thumbs->levels = wish->levels;
	thumbs->count = wish->row ? wish->count : dataset->rows;
	thumbs->row = malloc(thumbs->count * sizeof(*thumbs->row));
	if (!row || !thumbs->row) {
		free(row);
		return -ENOMEM;
	}
	for (size_t i = 0; i < thumbs->count; i++)
		thumbs->row[i] = wish->row ? wish->row[i] : (uint32_t)i;
	find_range(&m, row);
	free(row);
	return fit(env, &m, wish);
}

void thumbs_free(struct thumbs *thumbs)
{
	free_sheets(thumbs);
	free(thumbs->row);
	memset(thumbs, 0, sizeof(*thumbs));
}

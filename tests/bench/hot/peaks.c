// SPDX-License-Identifier: GPL-2.0-only
/* The machine's rates, each of them measured for a few milliseconds at a time. */
#include "hot.h"

#include <stdlib.h>

#include "rates.h"

#define SECONDS 2e-3	/* of a measurement */
#define GATHERS 4096	/* of a call */
#define PLACES ((size_t)1 << 21)	/* drawn for them: more cache lines than a shared cache has */
#define STEPS 2048	/* of a call in registers */

/* One thread's. */
struct bench {
	const struct hot_rates *ops;
	enum hot_rate rate;
	float *x[HOT_NLEVELS];		/* floats[] of them */
	size_t floats[HOT_NLEVELS];
	uint32_t *index;		/* of the level that was drawn last */
	enum hot_level drawn;
	size_t at;			/* in a level larger than one call reads */
	double units;			/* of one call */
	float sink;
	uint64_t sum;
};

struct hot_peaks {
	unsigned int threads;
	struct hot_state memory;
	struct bench bench[2];
	size_t reps[HOT_NRATES];
};

/* Half of a cache that is a core's own, an eighth of the shared one, and four of those. */
static size_t level_bytes(enum hot_level level)
{
	switch (level) {
	case HOT_L1:
		return hot_cache_bytes(1) / 2;
	case HOT_L2:
		return hot_cache_bytes(2) / 2;
	case HOT_L3:
		return hot_cache_bytes(3) / 8;
	default:
		return 4 * hot_cache_bytes(3);
	}
}

static enum hot_level level_of(enum hot_rate rate)
{
	return rate < HOT_READ ? HOT_L1 : (enum hot_level)((rate - HOT_READ) % HOT_NLEVELS);
}

/* Bytes that one call reads or writes: a part of the level, the next call the next part. */
#define PART_FLOATS ((size_t)1 << 18)

static float *next_part(struct bench *b, size_t *n)
{
	enum hot_level level = level_of(b->rate);
	float *x = b->x[level];

	*n = b->floats[level] < PART_FLOATS ? b->floats[level] : PART_FLOATS;
	if (b->at + *n > b->floats[level])
		b->at = 0;
	x += b->at;
	b->at += *n;
	return x;
}

static void one_call(void *arg)
{
	struct bench *b = arg;
	enum hot_level level = level_of(b->rate);
	size_t n;
	float *x;

	if (b->rate == HOT_FLOPS) {
		b->units = b->ops->flops(STEPS, &b->sink);
	} else if (b->rate == HOT_EXPS) {
		b->units = b->ops->exps(STEPS, &b->sink);
	} else if (b->rate == HOT_DIVS) {
		b->units = b->ops->divs(STEPS, &b->sink);
	} else if (b->rate < HOT_TRIAD) {
		x = next_part(b, &n);
		b->units = b->ops->read(x, n, &b->sink);
	} else if (b->rate < HOT_GATHER) {
		x = next_part(b, &n);
		n = n / 3 / 64 * 64;
		b->units = b->ops->triad(x, x + n, x + 2 * n, n);
	} else {
		b->at = b->at + GATHERS < PLACES ? b->at + GATHERS : 0;
		b->units = hot_gather((const uint64_t *)(const void *)b->x[level],
				      b->index + b->at / GATHERS * GATHERS, GATHERS, &b->sum);
	}
}

static void draw(struct bench *b, enum hot_level level)
{
	for (size_t i = 0; i < PLACES; i++)
		b->index[i] = (uint32_t)(hot_uniform(2, i) * (float)(b->floats[level] / 2 - 1));
	b->drawn = level;
}

struct hot_peaks *hot_peaks_create(const struct eng_kernels *kernels, unsigned int threads)
{
	struct hot_peaks *p = calloc(1, sizeof(*p));

	if (!p)
		exit(1);
	p->threads = threads;
	for (unsigned int i = 0; i < threads; i++) {
		struct bench *b = &p->bench[i];

		b->ops = hot_rates_for(kernels);
		b->drawn = HOT_NLEVELS;
		b->index = hot_alloc(&p->memory, PLACES, sizeof(*b->index));
		for (enum hot_level l = HOT_L1; l < HOT_NLEVELS; l++) {
			b->floats[l] = level_bytes(l) / sizeof(float) / 768 * 768;
			b->x[l] = hot_alloc(&p->memory, b->floats[l], sizeof(float));
		}
	}
	return p;
}

void hot_peaks_destroy(struct hot_peaks *p)
{
	hot_free(&p->memory);
	free(p);
}

double hot_peak(struct hot_peaks *p, enum hot_rate rate)
{
	void *arg[2] = { &p->bench[0], &p->bench[1] };
	double seconds;

	for (unsigned int i = 0; i < p->threads; i++) {
		struct bench *b = &p->bench[i];

		b->rate = rate;
		if (rate >= HOT_GATHER && b->drawn != level_of(rate))
			draw(b, level_of(rate));
	}
	if (!p->reps[rate])
		p->reps[rate] = hot_calibrate(one_call, arg[0], SECONDS);
	seconds = hot_time(p->threads, one_call, arg, p->reps[rate]).processor;
	return p->bench[0].units * (double)p->reps[rate] / seconds;
}

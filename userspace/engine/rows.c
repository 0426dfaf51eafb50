// SPDX-License-Identifier: LGPL-2.1-or-later
#include "rows.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"

/* A block of rows as float32 is to take half of a common second-level cache. */
#define BLOCK_BYTES (512u << 10)
#define BLOCK_MIN 16
#define BLOCK_MAX 4096

/* Bytes that one chunk of a check looks at. */
#define CHECK_BYTES (1u << 20)

#define LIMIT 1e18

size_t eng_dtype_size(enum eng_dtype dtype)
{
	switch (dtype) {
	case ENG_U8:
	case ENG_I8:
		return 1;
	case ENG_F16:
	case ENG_BF16:
		return 2;
	case ENG_F32:
		return 4;
	case ENG_F64:
		return 8;
	}
	return 0;
}

static inline float float_of(uint32_t bits)
{
	float x;

	memcpy(&x, &bits, sizeof(x));
	return x;
}

static inline uint16_t half_at(const uint8_t *src, size_t i)
{
	uint16_t h;

	memcpy(&h, src + i * sizeof(h), sizeof(h));
	return h;
}

/* Moving the exponent by a product is exact, for subnormal numbers too. */
static inline float from_f16(uint16_t h)
{
	uint32_t sign = (uint32_t)(h & 0x8000u) << 16;
	uint32_t mag = (uint32_t)(h & 0x7fffu) << 13;
	uint32_t bits;
	float x;

	if ((h & 0x7c00u) == 0x7c00u)
		return float_of(sign | 0x7f800000u | mag);
	x = float_of(mag) * 0x1p112f;
	memcpy(&bits, &x, sizeof(bits));
	return float_of(sign | bits);
}

static inline float from_bf16(uint16_t h)
{
	return float_of((uint32_t)h << 16);
}

static void load_f64(const uint8_t *src, size_t n, float *dst)
{
	for (size_t i = 0; i < n; i++) {
		double x;

		memcpy(&x, src + i * sizeof(x), sizeof(x));
		dst[i] = (float)x;
	}
}

static void load_row(const uint8_t *restrict src, enum eng_dtype dtype, size_t n,
		     float *restrict dst)
{
	switch (dtype) {
	case ENG_U8:
		for (size_t i = 0; i < n; i++)
			dst[i] = (float)src[i];
		break;
	case ENG_I8:
		for (size_t i = 0; i < n; i++)
			dst[i] = (float)((src[i] ^ 0x80) - 0x80);
		break;
	case ENG_F16:
		for (size_t i = 0; i < n; i++)
			dst[i] = from_f16(half_at(src, i));
		break;
	case ENG_BF16:
		for (size_t i = 0; i < n; i++)
			dst[i] = from_bf16(half_at(src, i));
		break;
	case ENG_F32:
		memcpy(dst, src, n * sizeof(*dst));
		break;
	case ENG_F64:
		load_f64(src, n, dst);
		break;
	}
}

static void load_one(const struct eng_rows *rows, size_t row, float *dst, size_t ld)
{
	const uint8_t *src = (const uint8_t *)rows->base + row * rows->stride;

	load_row(src, rows->dtype, rows->ncols, dst);
	memset(dst + rows->ncols, 0, (ld - rows->ncols) * sizeof(*dst));
}

void eng_rows_load(const struct eng_rows *rows, size_t first, size_t count,
		   float *dst, size_t ld)
{
	for (size_t i = 0; i < count; i++)
		load_one(rows, first + i, dst + i * ld, ld);
}

void eng_rows_gather(const struct eng_rows *rows, const uint32_t *index, size_t count,
		     float *dst, size_t ld)
{
	for (size_t i = 0; i < count; i++)
		load_one(rows, index[i], dst + i * ld, ld);
}

size_t eng_rows_block(const struct eng_rows *rows)
{
	size_t block = rows->ncols ? BLOCK_BYTES / sizeof(float) / rows->ncols : BLOCK_MAX;

	if (block < BLOCK_MIN)
		return BLOCK_MIN;
	return block < BLOCK_MAX ? block : BLOCK_MAX;
}

/* One element as double, and whether it may stand. */
static double value_at(const uint8_t *src, enum eng_dtype dtype, size_t i)
{
	double x;
	float f;

	switch (dtype) {
	case ENG_F16:
		return (double)from_f16(half_at(src, i));
	case ENG_BF16:
		return (double)from_bf16(half_at(src, i));
	case ENG_F32:
		memcpy(&f, src + i * sizeof(f), sizeof(f));
		return (double)f;
	default:
		memcpy(&x, src + i * sizeof(x), sizeof(x));
		return x;
	}
}

static inline bool allowed(double x)
{
	return x <= LIMIT && x >= -LIMIT;	/* false for NaN */
}

/*
 * Whether a row is all right, without a branch per element.  Magnitudes of
 * floats compare as their bits do; NaN and infinity are above all others.
 */
static bool row_clean(const uint8_t *src, enum eng_dtype dtype, size_t n)
{
	const uint32_t limit = 0x5d5e0b6b;	/* 1e18f, the last float32 not above 1e18 */
	uint32_t bad = 0;

	if (dtype == ENG_F16) {
		for (size_t i = 0; i < n; i++)
			bad |= (half_at(src, i) & 0x7c00u) == 0x7c00u;
	} else if (dtype == ENG_BF16) {
		for (size_t i = 0; i < n; i++)
			bad |= (half_at(src, i) & 0x7fffu) > limit >> 16;
	} else if (dtype == ENG_F32) {
		for (size_t i = 0; i < n; i++) {
			uint32_t bits;

			memcpy(&bits, src + i * sizeof(bits), sizeof(bits));
			bad |= (bits & 0x7fffffffu) > limit;
		}
	} else {
		for (size_t i = 0; i < n; i++)
			bad |= !allowed(value_at(src, ENG_F64, i));
	}
	return !bad;
}

struct check {
	const struct eng_env *env;
	const struct eng_rows *rows;
	size_t block;
	atomic_size_t first;	/* the first row so far that has a fault */
	atomic_bool cancelled;
};

static void note_row(struct check *c, size_t row)
{
	size_t seen = atomic_load(&c->first);

	while (row < seen && !atomic_compare_exchange_weak(&c->first, &seen, row))
		;
}

static void check_chunk(void *arg, size_t chunk, unsigned int worker)
{
	struct check *c = arg;
	const struct eng_rows *rows = c->rows;
	size_t row = chunk * c->block;
	size_t end = rows->nrows - row < c->block ? rows->nrows : row + c->block;

	(void)worker;
	if (atomic_load(&c->cancelled) || eng_cancelled(c->env)) {
		atomic_store(&c->cancelled, true);
		return;
	}
	/* A fault further down cannot be the first: stopping there changes nothing. */
	for (; row < end && row < atomic_load_explicit(&c->first, memory_order_relaxed); row++) {
		const uint8_t *src = (const uint8_t *)rows->base + row * rows->stride;

		if (!row_clean(src, rows->dtype, rows->ncols)) {
			note_row(c, row);
			return;
		}
	}
}

static int report(const struct eng_env *env, const struct eng_rows *rows, size_t row)
{
	const uint8_t *src = (const uint8_t *)rows->base + row * rows->stride;
	size_t col = 0;

	while (allowed(value_at(src, rows->dtype, col)))
		col++;
	return eng_fault(env, -EDOM, row, col, value_at(src, rows->dtype, col), LIMIT);
}

int eng_rows_check(const struct eng_env *env, const struct eng_rows *rows)
{
	size_t bytes = rows->ncols * eng_dtype_size(rows->dtype);
	struct check c = { .env = env, .rows = rows };

	if (rows->dtype == ENG_U8 || rows->dtype == ENG_I8 || !rows->nrows || !bytes)
		return 0;
	c.block = CHECK_BYTES / bytes ? CHECK_BYTES / bytes : 1;
	atomic_init(&c.first, SIZE_MAX);
	atomic_init(&c.cancelled, false);
	eng_parallel(env, (rows->nrows + c.block - 1) / c.block, check_chunk, &c);
	if (atomic_load(&c.cancelled))
		return -ECANCELED;
	eng_count(env, ENG_COUNT_NEAR_READ, (uint64_t)rows->nrows * bytes);
	if (atomic_load(&c.first) != SIZE_MAX)
		return report(env, rows, atomic_load(&c.first));
	return 0;
}

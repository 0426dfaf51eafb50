/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The smallest of many numbers that come one by one: each a 64-bit entry, the
 * key above and an index below, so that ties go to the lower index.
 */
#ifndef ENG_TOPK_H
#define ENG_TOPK_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t eng_topk_entry(uint32_t key, uint32_t index)
{
	return (uint64_t)key << 32 | index;
}

/* A float as key: the larger comes first (-0 after +0, NaN in any place). */
static inline uint32_t eng_topk_descending(float x)
{
	uint32_t bits;

	memcpy(&bits, &x, sizeof(bits));
	return bits & 0x80000000u ? bits : 0x7fffffffu - bits;
}

static inline float eng_topk_descending_value(uint64_t entry)
{
	uint32_t key = (uint32_t)(entry >> 32);
	float x;

	key = key & 0x80000000u ? key : 0x7fffffffu - key;
	memcpy(&x, &key, sizeof(x));
	return x;
}

/* A float that is not negative as key: the smaller comes first, NaN last. */
static inline uint32_t eng_topk_ascending(float x)
{
	uint32_t bits;

	memcpy(&bits, &x, sizeof(bits));
	return bits;
}

static inline float eng_topk_ascending_value(uint64_t entry)
{
	uint32_t key = (uint32_t)(entry >> 32);
	float x;

	memcpy(&x, &key, sizeof(x));
	return x;
}

/* Bring the @k smallest of @n entries to the front, in no order; 1 <= k <= n. */
void eng_topk_select(uint64_t *entry, size_t n, size_t k);

/* Sort @n entries ascending; @spare has room for as many. */
void eng_topk_sort(uint64_t *entry, size_t n, uint64_t *spare);

#endif /* ENG_TOPK_H */

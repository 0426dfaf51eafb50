/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stable sorting of row numbers by a 64-bit key. */
#ifndef ENG_SORT_H
#define ENG_SORT_H

#include <stddef.h>
#include <stdint.h>

/*
 * Sort @n pairs by @key, ascending; pairs of one key keep their order.  Digits
 * that all keys share cost nothing.  -ENOMEM (12 bytes a pair are needed, only
 * while it runs); then both arrays stand as they were.
 */
int eng_sort(uint64_t *key, uint32_t *value, size_t n);

/* A float as a key of the same order (-0 before +0, not for NaN). */
static inline uint32_t eng_sort_float(float x)
{
	union {
		float f;
		uint32_t u;
	} bits = { .f = x };

	return bits.u & 0x80000000u ? ~bits.u : bits.u | 0x80000000u;
}

#endif /* ENG_SORT_H */

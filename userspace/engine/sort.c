// SPDX-License-Identifier: LGPL-2.1-or-later
/* Radix sort from the least significant digit, which is stable by nature. */
#include "sort.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BITS 8
#define RADIX (1u << BITS)
#define DIGITS (64 / BITS)

/* Below this, moving pairs aside costs less than 256 counters a digit. */
#define SMALL 48

static void insert(uint64_t *key, uint32_t *value, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		uint64_t k = key[i];
		uint32_t v = value[i];
		size_t j = i;

		for (; j && key[j - 1] > k; j--) {
			key[j] = key[j - 1];
			value[j] = value[j - 1];
		}
		key[j] = k;
		value[j] = v;
	}
}

static void count_digits(const uint64_t *key, size_t n, size_t (*count)[RADIX])
{
	memset(count, 0, DIGITS * sizeof(*count));
	for (size_t i = 0; i < n; i++)
		for (unsigned int digit = 0; digit < DIGITS; digit++)
			count[digit][(key[i] >> (digit * BITS)) % RADIX]++;
}

static void scatter(const uint64_t *key, const uint32_t *value, size_t n, unsigned int shift,
		    size_t *place, uint64_t *key_out, uint32_t *value_out)
{
	size_t sum = 0;

	for (unsigned int i = 0; i < RADIX; i++) {
		size_t here = place[i];

		place[i] = sum;
		sum += here;
	}
	for (size_t i = 0; i < n; i++) {
		size_t to = place[(key[i] >> shift) % RADIX]++;

		key_out[to] = key[i];
		value_out[to] = value[i];
	}
}

int eng_sort(uint64_t *key, uint32_t *value, size_t n)
{
	uint64_t *k = key, *k2 = NULL;
	uint32_t *v = value, *v2 = NULL;
	size_t count[DIGITS][RADIX];
	int err = 0;

	if (n < SMALL) {
		insert(key, value, n);
		return 0;
	}
	k2 = malloc(n * sizeof(*k2));
	v2 = malloc(n * sizeof(*v2));
	if (!k2 || !v2) {
		err = -ENOMEM;
		goto out;
	}
	count_digits(key, n, count);
	for (unsigned int digit = 0; digit < DIGITS; digit++) {
		uint64_t *kt = k;
		uint32_t *vt = v;

		if (count[digit][(k[0] >> (digit * BITS)) % RADIX] == n)
			continue;
		scatter(k, v, n, digit * BITS, count[digit], k2, v2);
		k = k2;
		v = v2;
		k2 = kt;
		v2 = vt;
	}
	if (k != key) {
		memcpy(key, k, n * sizeof(*k));
		memcpy(value, v, n * sizeof(*v));
		k2 = k;
		v2 = v;
	}
out:
	free(k2);
	free(v2);
	return err;
}

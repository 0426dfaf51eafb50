// SPDX-License-Identifier: GPL-2.0-only
#include "hot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rng.h"

#define SEED 20

void *hot_alloc(struct hot_state *s, size_t count, size_t size)
{
	size_t bytes = (count * size + 127) / 64 * 64;
	void *block = aligned_alloc(64, bytes);

	if (!block || s->blocks == HOT_BLOCKS) {
		fprintf(stderr, "hot: no memory for %zu bytes\n", bytes);
		exit(1);
	}
	memset(block, 0, bytes);
	s->block[s->blocks++] = block;
	return block;
}

void hot_free(struct hot_state *s)
{
	if (s->end)
		s->end(s);
	while (s->blocks)
		free(s->block[--s->blocks]);
}

float hot_uniform(uint64_t stream, uint64_t counter)
{
	return eng_uniform(SEED + stream, ENG_STREAM_EMBED, counter);
}

float hot_normal(uint64_t stream, uint64_t counter)
{
	float sum = -2.0f;

	for (uint64_t i = 0; i < 4; i++)
		sum += hot_uniform(stream, 4 * counter + i);
	return sum * 1.7320508f;
}

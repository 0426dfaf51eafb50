// SPDX-License-Identifier: GPL-2.0-only
/* The quotients that matter. */
#include <string.h>

#include "bench.h"

const char *const bench_ratio_keys[BENCH_NRATIOS] = {
	"uring_1_to_ioctl", "uring_32_to_ioctl", "uring_window_to_ioctl", "uring_1_to_peer",
	"uring_32_to_peer", "write_to_memcpy", "read_to_memcpy", "write_fixed_to_memcpy",
	"read_fixed_to_memcpy",
};

const char *const bench_ratio_texts[BENCH_NRATIOS] = {
	"io_uring, one at a time / ioctl", "io_uring, batches of 32 / ioctl",
	"io_uring, 32 in flight / ioctl", "io_uring, one at a time / NVMe",
	"io_uring, batches of 32 / NVMe", "WRITE / memcpy", "READ / memcpy",
	"WRITE, fixed buffer / memcpy", "READ, fixed buffer / memcpy",
};

static const char *const ways[][2] = {
	{ "uring_1", "ioctl" }, { "uring_32", "ioctl" }, { "uring_window", "ioctl" },
	{ "uring_1", "peer_1" }, { "uring_32", "peer_32" },
};

#define NWAYS (sizeof(ways) / sizeof(ways[0]))

static const struct bench_way *find(const struct bench *bench, const char *key)
{
	for (size_t i = 0; i < bench->nways; i++)
		if (!strcmp(bench->way[i].key, key))
			return &bench->way[i];
	return NULL;
}

void bench_ratios(const struct bench *bench, struct bench_stat ratio[BENCH_NRATIOS])
{
	const struct bench_copies *c = bench->copies;
	int n = 0;

	memset(ratio, 0, BENCH_NRATIOS * sizeof(*ratio));
	for (size_t i = 0; i < NWAYS; i++, n++) {
		const struct bench_way *a = find(bench, ways[i][0]);
		const struct bench_way *b = find(bench, ways[i][1]);

		if (a && b)
			ratio[n] = bench_ratio(a->rate, b->rate, bench->rounds);
	}
	for (int w = BENCH_WRITE; w < BENCH_NCOPIES; w++, n++)
		if (!bench->no_copies[0] && c->stat[w].count)
			ratio[n] = bench_ratio(c->later[w], c->later[BENCH_MEMCPY], c->rounds);
}

/* Sorting would part the rounds of one way from those of another: a copy is sorted. */
static struct bench_stat stat_of(const double *values, size_t n)
{
	double copy[BENCH_MAX_ROUNDS];

	memcpy(copy, values, n * sizeof(*copy));
	return bench_stat(copy, n);
}

void bench_settle(struct bench *bench)
{
	struct bench_copies *c = bench->copies;

	for (size_t i = 0; i < bench->nways; i++)
		bench->way[i].stat = stat_of(bench->way[i].rate, bench->rounds);
	for (int w = 0; !bench->no_copies[0] && w < BENCH_NCOPIES; w++)
		if (w < BENCH_WRITE_FIXED || c->fixed)
			c->stat[w] = stat_of(c->later[w], c->rounds);
}

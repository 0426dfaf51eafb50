// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include <sys/utsname.h>

#include "bench.h"
#include "report.h"

static void print_head(const struct bench *b)
{
	struct utsname host;

	uname(&host);
	printf("device     %s: %.40s, %u queue pair%s, %u vector%s; Linux %s\n", b->node,
	       b->device.model, b->device.queues, b->device.queues == 1 ? "" : "s",
	       b->device.vectors, b->device.vectors == 1 ? "" : "s", host.release);
	printf("io_uring   %s\n", b->ring ? b->ring : "not available");
	printf("turns      %u rounds, %.0f ms each\n\n", b->rounds, 1e3 * b->slice);
}

static void print_per(uint64_t count, uint64_t of)
{
	if (of)
		printf("%13.3f", (double)count / (double)of);
	else
		printf("%13s", "");
}

static void print_way(const struct bench *b, const struct bench_way *w)
{
	char text[3][32];

	printf("  %-26s%11s%11s -%10s", w->text, grouped((uint64_t)w->stat.median, text[0]),
	       grouped((uint64_t)w->stat.low, text[1]), grouped((uint64_t)w->stat.high, text[2]));
	print_per(w->sleeps, w->commands);
	if (b->counted && w->ours) {
		print_per(w->doorbells, w->submissions);
		print_per(w->interrupts, w->commands);
	}
	putchar('\n');
}

static void print_ways(const struct bench *b)
{
	printf("  %-26s%11s%23s%13s%s\n", "commands that do nothing", "a second", "quartiles",
	       "sleeps", b->counted ? "    doorbells   interrupts" : "");
	printf("  %-60s%13s%s\n", "", "/command",
	       b->counted ? "  /submission     /command" : "");
	for (size_t i = 0; i < b->nways; i++)
		print_way(b, &b->way[i]);
	if (!b->counted)
		printf("  doorbells and interrupts: only an administrator may read the device's "
		       "counters\n");
	else if (!b->alone)
		printf("  others used the device meanwhile: doorbells and interrupts are theirs as "
		       "well\n");
	if (b->no_peer[0])
		printf("  %s: not measured: %s\n", b->peer, b->no_peer);
	putchar('\n');
}

static void print_copies(const struct bench *b)
{
	const struct bench_copies *c = b->copies;

	if (b->no_copies[0]) {
		printf("  transfers: not measured: %s\n\n", b->no_copies);
		return;
	}
	printf("  %-26s%11s%11s%23s\n", "64 MiB", "first", "MB/s", "quartiles");
	for (int w = 0; w < BENCH_NCOPIES; w++)
		if (c->stat[w].count)
			printf("  %-26s%11.0f%11.0f%11.0f -%10.0f\n", bench_copy_texts[w],
			       1e-6 * c->first[w], 1e-6 * c->stat[w].median, 1e-6 * c->stat[w].low,
			       1e-6 * c->stat[w].high);
	if (!c->fixed)
		printf("  fixed buffers: not measured: they could not be registered (ulimit -l?)\n");
	putchar('\n');
}

static void print_ratio(const char *text, struct bench_stat s)
{
	if (s.count)
		printf("  %-37s%11.3f%11.3f -%10.3f\n", text, s.median, s.low, s.high);
}

void bench_print(const struct bench *bench)
{
	struct bench_stat ratio[BENCH_NRATIOS];

	print_head(bench);
	print_ways(bench);
	print_copies(bench);
	bench_ratios(bench, ratio);
	printf("  %-37s%11s%23s\n", "ratios, round by round", "", "quartiles");
	for (int i = 0; i < BENCH_NRATIOS; i++)
		print_ratio(bench_ratio_texts[i], ratio[i]);
}

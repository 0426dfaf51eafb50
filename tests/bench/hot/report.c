// SPDX-License-Identifier: GPL-2.0-only
#include "hot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const names[HOT_NRATES] = {
	[HOT_FLOPS] = "flops", [HOT_EXPS] = "exponentials", [HOT_DIVS] = "divisions",
	[HOT_READ + HOT_L1] = "read L1", [HOT_READ + HOT_L2] = "read L2",
	[HOT_READ + HOT_L3] = "read L3", [HOT_READ + HOT_DRAM] = "read DRAM",
	[HOT_TRIAD + HOT_L1] = "triad L1", [HOT_TRIAD + HOT_L2] = "triad L2",
	[HOT_TRIAD + HOT_L3] = "triad L3", [HOT_TRIAD + HOT_DRAM] = "triad DRAM",
	[HOT_GATHER + HOT_L1] = "gather L1", [HOT_GATHER + HOT_L2] = "gather L2",
	[HOT_GATHER + HOT_L3] = "gather L3", [HOT_GATHER + HOT_DRAM] = "gather DRAM",
};

const char *hot_rate_name(enum hot_rate rate)
{
	return names[rate];
}

const char *hot_rate_unit(enum hot_rate rate)
{
	return rate == HOT_FLOPS ? "GFLOP/s" : rate < HOT_READ || rate >= HOT_GATHER ? "G/s" : "GB/s";
}

void hot_print_peaks(const struct hot_report *r)
{
	printf("profile %s, %s; rates of all threads together\n\n", r->kernels->profile_name,
	       r->kernels->isa);
	printf("%-14s %12s %12s\n", "rate", "1 thread", "2 threads");
	for (enum hot_rate i = HOT_FLOPS; i < HOT_NRATES; i++)
		printf("%-14s %12.4g %12.4g  %s\n", names[i], r->peak[0][i] / 1e9,
		       2.0 * r->peak[1][i] / 1e9, hot_rate_unit(i));
}

void hot_print_head(void)
{
	printf("\n%-17s %-26s %s %11s %10s %8s %7s  %-12s %s\n", "loop", "size of a call", "thr",
	       "us a call", "wall", "GFLOP/s", "GB/s", "bound by", "reached");
}

void hot_print(const struct hot_result *r)
{
	printf("%-17s %-26s %3u %11.4g %10.4g %8.4g %7.4g  %-12s %5.1f %%\n", r->name, r->size,
	       r->threads, r->seconds * 1e6, r->wall * 1e6, r->gflops, r->gbytes, names[r->limit], 100.0 * r->fraction);
	fflush(stdout);
}

static void write_cpu(FILE *f)
{
	FILE *info = fopen("/proc/cpuinfo", "r");
	char line[256], *at;

	while (info && fgets(line, sizeof(line), info)) {
		at = strstr(line, ": ");
		if (strncmp(line, "model name", 10) || !at)
			continue;
		at[strcspn(at, "\n")] = 0;
		fprintf(f, "  \"cpu\": \"%s\",\n", at + 2);
		break;
	}
	if (info)
		fclose(info);
}

static void write_result(FILE *f, const struct hot_result *r, bool last)
{
	fprintf(f, "    {\"loop\": \"%s\", \"size\": \"%s\", \"threads\": %u, "
		"\"seconds\": %.6g, \"wall\": %.6g, \"gflops\": %.6g, \"gbytes\": %.6g, \"bound\": \"%s\", "
		"\"bound_seconds\": %.6g, \"reached\": %.4g}%s\n",
		r->name, r->size, r->threads, r->seconds, r->wall, r->gflops,
		r->gbytes, names[r->limit], r->bound, r->fraction, last ? "" : ",");
}

static void write_peaks(FILE *f, const struct hot_report *r)
{
	fprintf(f, "  \"peaks\": [\n");
	for (int t = 0; t < 2; t++)
		for (enum hot_rate i = HOT_FLOPS; i < HOT_NRATES; i++)
			fprintf(f, "    {\"rate\": \"%s\", \"threads\": %d, \"%s\": %.6g}%s\n", names[i],
				t + 1, hot_rate_unit(i), (t + 1) * r->peak[t][i] / 1e9,
				t && i + 1 == HOT_NRATES ? "" : ",");
	fprintf(f, "  ],\n");
}

int hot_write_json(const struct hot_report *r, const char *path)
{
	FILE *f = fopen(path, "w");
	bool bad;

	if (!f)
		return -errno;
	fprintf(f, "{\n");
	write_cpu(f);
	fprintf(f, "  \"profile\": \"%s\",\n  \"isa\": \"%s\",\n", r->kernels->profile_name,
		r->kernels->isa);
	write_peaks(f, r);
	fprintf(f, "  \"loops\": [\n");
	for (size_t i = 0; i < r->results; i++)
		write_result(f, &r->result[i], i + 1 == r->results);
	fprintf(f, "  ]\n}\n");
	bad = ferror(f);
	return fclose(f) || bad ? -EIO : 0;
}

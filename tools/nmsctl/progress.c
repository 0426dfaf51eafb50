// SPDX-License-Identifier: GPL-2.0-only
#include "progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BAR_WIDTH 32
#define REDRAW_SECONDS 0.08

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void progress_begin(struct progress *progress, bool quiet)
{
	const char *terminal = getenv("TERM");
	const char *no_colour = getenv("NO_COLOR");

	memset(progress, 0, sizeof(*progress));
	progress->on = !quiet && isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb");
	progress->colour = progress->on && !(no_colour && *no_colour);
}

/* "3 s left", from the speed since the stage began; "" until that means something. */
static void time_left(const struct progress *progress, uint64_t done, uint64_t total, char *text,
		      size_t size)
{
	double spent = now() - progress->since, left;

	text[0] = '\0';
	if (spent < 0.5 || done <= progress->first || done >= total)
		return;
	left = spent * (double)(total - done) / (double)(done - progress->first);
	if (left >= 90)
		snprintf(text, size, "%.0f min left", ceil(left / 60));
	else
		snprintf(text, size, "%.0f s left", ceil(left));
}

static void draw(const struct progress *progress, uint64_t done, uint64_t total)
{
	unsigned int full, percent;
	char bar[BAR_WIDTH + 1], left[32];

	if (!total) {
		fprintf(stderr, "\r\033[K%s", progress->stage);
		fflush(stderr);
		return;
	}
	done = done < total ? done : total;
	full = (unsigned int)((double)done / (double)total * BAR_WIDTH);
	percent = (unsigned int)((double)done / (double)total * 100);
	for (unsigned int i = 0; i < BAR_WIDTH; i++)
		bar[i] = i < full ? '=' : i == full ? '>' : ' ';
	bar[BAR_WIDTH] = '\0';
	time_left(progress, done, total, left, sizeof(left));
	fprintf(stderr, "\r\033[K%-11s [%s%s%s] %3u %%  %s", progress->stage,
		progress->colour ? "\033[32m" : "", bar, progress->colour ? "\033[0m" : "", percent,
		left);
	fflush(stderr);
}

void progress_show(struct progress *progress, const char *stage, uint64_t done, uint64_t total)
{
	double t;

	if (!progress->on)
		return;
	t = now();
	if (strcmp(stage, progress->stage) || done < progress->last) {
		snprintf(progress->stage, sizeof(progress->stage), "%s", stage);
		progress->first = done;
		progress->since = t;
	} else if (t - progress->drawn < REDRAW_SECONDS) {
		return;
	}
	progress->last = done;
	progress->drawn = t;
	draw(progress, done, total);
}

void progress_end(struct progress *progress)
{
	if (!progress->on)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	progress->on = false;
}

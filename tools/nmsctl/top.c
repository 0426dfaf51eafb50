// SPDX-License-Identifier: GPL-2.0-only
/* Look, wait, look again. */
#include "top.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "input.h"
#include "interrupt.h"
#include "nmsctl.h"
#include "node.h"
#include "screen.h"

struct view {
	const struct nmsctl_options *options;
	const char *root, *name;	/* NULL: all devices */
	double interval;
	bool screen;
	struct top_look then, now;
	bool drawn;
};

static int draw(struct view *v)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return nmsctl_fail("out of memory");
	top_print(to, &v->then, &v->now);
	fputs("\nq: end\n", to);
	if (fclose(to)) {
		free(text);
		return nmsctl_fail("out of memory");
	}
	screen_draw(text);
	free(text);
	return 0;
}

static int show(struct view *v)
{
	if (v->screen)
		return draw(v);
	if (v->options->json) {
		if (top_print_json(stdout, &v->then, &v->now))
			return nmsctl_fail("out of memory");
	} else {
		if (v->drawn)
			putchar('\n');
		top_print(stdout, &v->then, &v->now);
	}
	v->drawn = true;
	return fflush(stdout) ? nmsctl_fail("standard output: %s", strerror(errno)) : 0;
}

/* Until @until; true: the user wants no more. */
static bool wait_until(struct view *v, double until)
{
	struct timespec at = { .tv_sec = (time_t)until };
	int key;

	if (!v->screen) {
		at.tv_nsec = (long)(1e9 * (until - (double)at.tv_sec));
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
		return false;
	}
	while (!interrupt_pending() && seconds_now() < until) {
		key = screen_key(until);
		if (key == 'q' || key == 'Q')
			return true;
		if (!key && !interrupt_pending() && draw(v))
			return true;
	}
	return interrupt_pending();
}

/* A machine that slept, or a look that took long, is no reason to hurry. */
static double next_of(const struct view *v, double last)
{
	double now = seconds_now();

	return last + v->interval > now ? last + v->interval : now + v->interval;
}

static int go_on(struct view *v)
{
	double next = seconds_now();
	int status = 0;

	if (v->screen)
		status = draw(v);
	for (uint64_t shown = 0; !status;) {
		next = next_of(v, next);
		if (wait_until(v, next))
			break;
		top_free(&v->then);
		v->then = v->now;
		if (top_take(&v->now, v->root, v->name))
			status = nmsctl_fail("out of memory");
		else
			status = show(v);
		if (v->options->count && ++shown == v->options->count)
			break;
	}
	return status;
}

static int begin(struct view *v)
{
	if (top_take(&v->now, v->root, v->name))
		return nmsctl_fail("out of memory");
	if (v->now.ndevices)
		return 0;
	if (v->name)
		return nmsctl_fail("/dev/%s: there is no such device", v->name);
	return nmsctl_fail("top: there is no /dev/nms0; the software accelerator lives in the process "
			   "that uses it, and no other can see anything of it");
}

int top_run(const char *root, const struct nmsctl_options *options)
{
	struct view v = { .options = options, .root = root, .interval = options->interval };
	char path[NODE_PATH_SIZE];
	int status;

	if (options->device && strcmp(options->device, "auto")) {
		if (node_find(options->device, path))
			return nmsctl_usage("--device %s: only a device can be watched, such as "
					    "/dev/nms0; the software accelerator lives in the process "
					    "that uses it", options->device);
		v.name = node_name(path);
	}
	if (v.interval <= 0)
		v.interval = 1;
	status = begin(&v);
	if (!status) {
		v.screen = !options->batch && !options->json && screen_open();
		status = go_on(&v);
		screen_close();
		if (interrupt_pending())
			status = NMSCTL_INTERRUPTED;
	}
	top_free(&v.then);
	top_free(&v.now);
	return status;
}

// SPDX-License-Identifier: GPL-2.0-only
/* nms-pcie: the software accelerator as a PCIe device, over vfio-user. */
#include <errno.h>
#include <popt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "control.h"
#include "guard.h"
#include "server.h"

#define LEAST_WORKING (UINT64_C(256) << 20)

struct arguments {
	char *socket, *control, *energy, *profile, *near_size, *working;
	char **faults;
	int vectors, queues, entries, threads;
	long seed, latency_us;
};

static int usage(const char *text)
{
	fprintf(stderr, "nms-pcie: %s; see nms-pcie --help\n", text);
	return 2;
}

/* One line, whatever is in what the user gave (or NULL); returns @status. */
static int complain(int status, const char *given, const char *why)
{
	char line[512];

	snprintf(line, sizeof(line), "%s%s%s", given ? given : "", given ? ": " : "", why);
	for (char *at = line; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	fprintf(stderr, "nms-pcie: %s\n", line);
	return status;
}

/* What a device is to be made of is not known, or is none; rather than not to be had. */
static bool is_usage(int err)
{
	return err == -EINVAL || err == -ENOENT || err == -EBADMSG;
}

/* "256M", "4G", bytes without a letter; 0 if it is no size. */
static uint64_t parse_size(const char *text)
{
	static const char letters[] = "KMGT";
	char *end;
	unsigned long long n = strtoull(text, &end, 10);
	const char *letter = *end ? strchr(letters, *end) : NULL;
	unsigned int shift = letter ? 10u * (unsigned int)(letter - letters + 1) : 0;

	if (end == text || *text == '-' || (*end && (!letter || end[1])) || n > UINT64_MAX >> shift)
		return 0;
	return (uint64_t)n << shift;
}

static int parse(int argc, const char **argv, struct arguments *a)
{
	struct poptOption table[] = {
		{ "socket", 0, POPT_ARG_STRING, &a->socket, 0, "serve vfio-user here", "PATH" },
		{ "control", 0, POPT_ARG_STRING, &a->control, 0, "take requests here", "PATH" },
		{ "near-size", 0, POPT_ARG_STRING, &a->near_size, 0,
			"near memory (1G)", "BYTES" },
		{ "working", 0, POPT_ARG_STRING, &a->working, 0,
			"most that a command takes beside (as much, at least 256M)", "BYTES" },
		{ "vectors", 0, POPT_ARG_INT, &a->vectors, 0, "MSI-X vectors (9)", "N" },
		{ "queues", 0, POPT_ARG_INT, &a->queues, 0, "pairs beside admin (8)", "N" },
		{ "entries", 0, POPT_ARG_INT, &a->entries, 0, "most in a queue (1024)", "N" },
		{ "threads", 0, POPT_ARG_INT, &a->threads, 0, "of the datapath (all)", "N" },
		{ "energy", 0, POPT_ARG_STRING, &a->energy, 0, "energy profile (ddr4)", "NAME" },
		{ "profile", 0, POPT_ARG_STRING, &a->profile, 0,
			"default arithmetic (auto)", "NAME" },
		{ "fault", 0, POPT_ARG_ARGV, &a->faults, 0,
			"as by the request of that name; can be given again", "TEXT" },
		{ "seed", 0, POPT_ARG_LONG, &a->seed, 0, "of faults at random", "N" },
		{ "latency", 0, POPT_ARG_LONG, &a->latency_us, 0,
			"microseconds added to each command", "US" },
		POPT_AUTOHELP
		POPT_TABLEEND
	};
	poptContext context = poptGetContext("nms-pcie", argc, argv, table, 0);
	int result = poptGetNextOpt(context), err = 0;

	if (result < -1) {
		fprintf(stderr, "nms-pcie: %s: %s\n", poptBadOption(context, 0),
			poptStrerror(result));
		err = 2;
	} else if (poptPeekArg(context)) {
		err = usage("no operands are expected");
	}
	poptFreeContext(context);
	return err;
}

static int check(const struct arguments *a, struct device_options *o)
{
	if (!a->socket)
		return usage("--socket is needed");
	if (a->control && !strcmp(a->socket, a->control))
		return usage("--socket, --control: two different paths are needed");
	o->near_size = a->near_size ? parse_size(a->near_size) : UINT64_C(1) << 30;
	if (!o->near_size)
		return usage("--near-size: not a size");
	o->working = a->working ? parse_size(a->working) : MAX(o->near_size, LEAST_WORKING);
	if (!o->working)
		return usage("--working: not a size");
	if (a->vectors < 1 || a->vectors > IRQ_MAX_VECTORS)
		return usage("--vectors: 1 to 64");
	if (a->queues < 1 || a->queues > 64)
		return usage("--queues: 1 to 64");
	if (a->entries < 2 || a->entries > 65536)
		return usage("--entries: 2 to 65536");
	if (a->threads < 0 || a->latency_us < 0)
		return usage("--threads, --latency: not below 0");
	o->vectors = (unsigned int)a->vectors;
	o->queues = (unsigned int)a->queues;
	o->entries = (unsigned int)a->entries;
	o->threads = (unsigned int)a->threads;
	o->latency_us = (uint64_t)a->latency_us;
	o->seed = (uint64_t)a->seed;
	o->energy = a->energy;
	o->profile = a->profile;
	return 0;
}

static int stop_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	/* Before any thread, so that all inherit it. */
	sigprocmask(SIG_BLOCK, &set, NULL);
	/* Nobody may read any more what is said on standard error. */
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* Faults of the command line are requests like any other, of one line.  Returns a status. */
static int inject(const struct arguments *a, struct device *device)
{
	char line[256], reply[256];

	for (char **fault = a->faults; fault && *fault; fault++) {
		int length = snprintf(line, sizeof(line), "fault %s", *fault);

		if (length >= (int)sizeof(line) || strpbrk(*fault, "\r\n"))
			return usage("--fault: expected one line of less than 250 characters");
		device_control(device, line, reply, sizeof(reply));
		if (strcmp(reply, "ok"))
			return complain(2, *fault, reply);
	}
	return 0;
}

static void free_arguments(struct arguments *a)
{
	for (char **fault = a->faults; fault && *fault; fault++)
		free(*fault);
	free(a->faults);
	free(a->socket);
	free(a->control);
	free(a->energy);
	free(a->profile);
	free(a->near_size);
	free(a->working);
}

static int serve(const struct arguments *a, const struct device_options *o)
{
	int stop = stop_signals();
	struct control *control = NULL;
	struct device *device;
	char why[256] = "";
	int err = guard_install(), status;

	if (!err)
		err = device_create(o, &device, why, sizeof(why));
	if (err)
		return complain(is_usage(err) ? 2 : 1, NULL, *why ? why : strerror(-err));
	status = inject(a, device);
	if (!status && a->control) {
		err = control_start(a->control, device, &control);
		if (err)
			status = complain(1, a->control, strerror(-err));
	}
	if (!status) {
		err = server_run(a->socket, device, stop);
		if (err)
			status = complain(1, a->socket, strerror(-err));
	}
	control_stop(control);
	device_destroy(device);
	close(stop);
	return status;
}

int main(int argc, const char **argv)
{
	struct arguments a = { .vectors = 9, .queues = 8, .entries = 1024, .seed = 1 };
	struct device_options o = { 0 };
	int status = parse(argc, argv, &a);

	if (!status)
		status = check(&a, &o);
	if (!status)
		status = serve(&a, &o);
	free_arguments(&a);
	return status;
}

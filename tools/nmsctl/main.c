// SPDX-License-Identifier: GPL-2.0-only
/* nmsctl: choose the few samples of a dataset that are worth training on. */
#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interrupt.h"
#include "nmsctl.h"
#include "nmsdev.h"
#include "printable.h"

static const struct nmsctl_command commands[] = {
	{ "sample", 's', "DATASET (--count K | --ratio R) [OPTION...]", "choose exemplars",
		1, 1, nmsctl_sample },
	{ "curve", 'c', "DATASET [OPTION...]", "how well more and more exemplars cover",
		1, 1, nmsctl_curve },
	{ "audit", 'a', "DATASET [OPTION...]", "which rows are doubled, mislabelled or far off",
		1, 1, nmsctl_audit },
	{ "embed", 'e', "DATASET -o FILE.npy [OPTION...]", "lay the rows out in the plane",
		1, 1, nmsctl_embed },
	{ "gather", 'g', "DATASET INDICES -o FILE.npy [OPTION...]", "copy the chosen rows out",
		2, 2, nmsctl_gather },
	{ "load", 'L', "NAME DATASET [OPTION...]", "bring rows to near memory, to stay there",
		2, 2, nmsctl_load },
	{ "unload", 'u', "NAME [OPTION...]", "take them away again", 1, 1, nmsctl_unload },
	{ "list", 'l', "[OPTION...]", "datasets in near memory, methods, rules, devices",
		0, 0, nmsctl_list },
	{ "info", 'i', "[DATASET] [OPTION...]", "what a device or a dataset is", 0, 1, nmsctl_info },
	{ "energy", 'E', "[DATASET] [OPTION...]", "what a byte costs, and the device's counters",
		0, 1, nmsctl_energy },
	{ "verify", 'v', "MANIFEST [OPTION...]", "does this selection still come out",
		1, 1, nmsctl_verify },
	{ "doctor", 'd', "[OPTION...]", "what is missing before a device can be used",
		0, 0, nmsctl_doctor },
	{ "reset", 'r', "[OPTION...]", "reset a device and put it back to work",
		0, 0, nmsctl_reset },
	{ "top", 'T', "[OPTION...]", "what the devices do, refreshed each second",
		0, 0, nmsctl_top },
	{ "bench", 'b', "[OPTION...]", "how fast a device is through the kernel",
		0, 0, nmsctl_bench },
};

#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

static void complain(const char *format, va_list args)
{
	char line[1024];

	vsnprintf(line, sizeof(line), format, args);
	/* one line, whatever stood in a file's name */
	printable(line);
	fprintf(stderr, "nmsctl: %s\n", line);
}

int nmsctl_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
	return NMSCTL_FAILURE;
}

int nmsctl_usage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
	return NMSCTL_USAGE;
}

int nmsctl_fail_library(int error, const struct nms_error *detail)
{
	if (error == -ECANCELED)
		return NMSCTL_INTERRUPTED;
	if (!detail || detail->error != error || !detail->text[0])
		return nmsctl_fail("%s", strerror(-error));
	switch (detail->cause) {
	case NMS_CAUSE_METHOD:
	case NMS_CAUSE_PROFILE:
	case NMS_CAUSE_OPTION:
		return nmsctl_usage("%s", detail->text);
	default:
		return nmsctl_fail("%s", detail->text);
	}
}

static void help(FILE *to)
{
	fprintf(to, "usage: nmsctl COMMAND [OPERAND...] [OPTION...]\n\n");
	for (size_t i = 0; i < NCOMMANDS; i++)
		fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].text);
	fprintf(to, "\nnmsctl COMMAND --help has its options; man nmsctl, man nmsctl-COMMAND.\n");
}

/* What was printed may have gone to a full disk, and been flushed before. */
static int finish(int status)
{
	errno = 0;
	if ((fflush(stdout) || ferror(stdout)) && !status)
		status = nmsctl_fail("standard output: %s", strerror(errno ? errno : EIO));
	return status;
}

static int run(const struct nmsctl_command *command, int argc, char **argv)
{
	struct nmsctl_options options;
	int status;

	if (!nmsctl_options_parse(command, argc, (const char **)argv, &options, &status))
		status = command->run(&options);
	nmsctl_options_free(&options);
	return finish(status);
}

int main(int argc, char **argv)
{
	interrupt_catch();
	if (argc < 2)
		return nmsctl_usage("which command? See nmsctl --help");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		help(stdout);
		return finish(NMSCTL_OK);
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("nmsctl %s\n", nms_version());
		return finish(NMSCTL_OK);
	}
	for (size_t i = 0; i < NCOMMANDS; i++)
		if (!strcmp(argv[1], commands[i].name))
			return run(&commands[i], argc - 1, argv + 1);
	return nmsctl_usage("%s: no such command; see nmsctl --help", argv[1]);
}

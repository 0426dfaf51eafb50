// SPDX-License-Identifier: GPL-2.0-only
/* One table of options for all sub-commands, given to popt for one of them. */
#include "options.h"

#include <errno.h>
#include <math.h>
#include <popt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nmsctl.h"

/* SECONDS: a real number, or 1 where none follows. */
enum kind { FLAG, STRING, U32, U64, REAL, SECONDS };

struct spec {
	const char *name;
	char letter;
	enum kind kind;
	size_t at;		/* in struct nmsctl_options */
	const char *commands;	/* keys of those that take it */
	double min, max;	/* whole numbers: inclusive; real ones: above min, up to max */
	const char *argument, *text;
};

#define AT(field) offsetof(struct nmsctl_options, field)

static const struct spec specs[] = {
	{ "labels", 'l', STRING, AT(labels), "segivLca", 0, 0, "FILE", "class of each row" },
	{ "data", 0, STRING, AT(data), "v", 0, 0, "DATASET", "where the dataset is now" },
	{ "selection", 0, STRING, AT(selection), "v", 0, 0, "FILE",
		"the selection, where it is not beside the manifest" },
	{ "no-labels", 0, FLAG, AT(no_labels), "seiLc", 0, 0, NULL,
		"choose without labels; those known still colour the plot" },
	{ "dtype", 0, STRING, AT(dtype), "segiEvLca", 0, 0, "TYPE",
		"raw data: u8, i8, f16, bf16, f32 or f64" },
	{ "shape", 0, STRING, AT(shape), "segiEvLca", 0, 0, "N,D[,D...]",
		"raw data: rows and what is in one" },
	{ "member", 0, STRING, AT(member), "segiEvLca", 0, 0, "NAME",
		"npz: the array that holds the rows" },
	{ "label-column", 0, STRING, AT(label_column), "segivLca", 0, 0, "NAME",
		"CSV: name or number from 0" },
	{ "count", 'k', U64, AT(count), "s", 1, 4294967295., "K", "exemplars wanted" },
	{ "counts", 0, STRING, AT(counts), "c", 0, 0, "K[,K...]",
		"numbers of exemplars (0.1 % of the rows to 20 %)" },
	{ "kinds", 0, STRING, AT(kinds), "a", 0, 0, "KIND[,KIND...]",
		"what the list has: duplicate, near-duplicate, outlier, label (all)" },
	{ "ratio", 'r', REAL, AT(ratio), "s", 0, 1, "R",
		"exemplars wanted, as a part of the rows" },
	{ "method", 'm', STRING, AT(method), "sc", 0, 0, "METHOD", "see nmsctl list (auto)" },
	{ "rule", 0, STRING, AT(rule), "sc", 0, 0, "RULE",
		"how the method chooses, see nmsctl list" },
	{ "perplexity", 'p', REAL, AT(perplexity), "sec", 1, 1e6, "P",
		"of each row's neighbourhood (30)" },
	{ "search", 0, STRING, AT(search), "sec", 0, 0, "SEARCH",
		"for the bandwidth: newton, bisect, de or fwa" },
	{ "neighbours", 0, STRING, AT(neighbours), "sec", 0, 0, "HOW",
		"exact or ivf (exact up to 131,072 rows, else ivf)" },
	{ "features", 'f', U32, AT(features), "sec", 1, 65536, "N", "dimensions kept by PCA (50; herding 80)" },
	{ "budget", 'b', STRING, AT(budget), "sc", 0, 0, "HOW",
		"among classes: proportional, equal, or a file of quotas" },
	{ "keep", 0, STRING, AT(keep), "sc", 0, 0, "FILE", "rows that must be chosen" },
	{ "drop", 0, STRING, AT(drop), "sc", 0, 0, "FILE", "rows that must not" },
	{ "guided", 'g', FLAG, AT(guided), "e", 0, 0, NULL,
		"let the entropy choose the perplexity" },
	{ "by-class", 0, FLAG, AT(by_class), "e", 0, 0, NULL, "embed each class on its own" },
	{ "iterations", 0, U32, AT(iterations), "e", 1, 1e6, "N", "of the gradient descent" },
	{ "seed", 's', U64, AT(seed), "seca", 0, 1.9e19, "S", "of everything random (0)" },
	{ "threads", 't', U32, AT(threads), "segiEvca", 1, 1024, "T", "processors to use (all)" },
	{ "profile", 0, STRING, AT(profile), "segiEvca", 0, 0, "PROFILE",
		"arithmetic: auto, portable, fma or fixed (auto)" },
	{ "energy", 0, STRING, AT(energy), "segiE", 0, 0, "PROFILE",
		"energy profile: ddr4, lpddr4, hbm2e or a file (ddr4)" },
	{ "device", 'd', STRING, AT(device), "segliEvLubdrcaT", 0, 0, "URI",
		"device: auto, /dev/nmsN or emu: (auto)" },
	{ "peer", 0, STRING, AT(peer), "b", 0, 0, "NODE",
		"measure this NVMe namespace (/dev/ng0n1) beside it" },
	{ "seconds", 0, REAL, AT(seconds), "b", 0, 3600, "S", "about how long it may take (10)" },
	{ "watch", 'w', SECONDS, AT(watch), "E", 0, 86400, "SECONDS",
		"a line of power and traffic every so often, until Ctrl-C (1)" },
	{ "interval", 'i', REAL, AT(interval), "T", 0, 86400, "SECONDS", "from one look to the next (1)" },
	{ "count", 'n', U64, AT(count), "T", 1, 4294967295., "N", "end after so many (on until q)" },
	{ "batch", 'b', FLAG, AT(batch), "T", 0, 0, NULL,
		"lines one after the other, as where the output is no terminal" },
	{ "mode", 0, STRING, AT(mode), "L", 0, 0, "MODE",
		"who may use it, as of a file, in octal (0600)" },
	{ "output", 'o', STRING, AT(output), "sega", 0, 0, "FILE", "where the result goes" },
	{ "embedding", 0, STRING, AT(embedding), "s", 0, 0, "FILE.npy", "write the plane, N x 2" },
	{ "weights", 0, STRING, AT(weights), "s", 0, 0, "FILE.npy",
		"write how many rows each exemplar stands for" },
	{ "labels-out", 0, STRING, AT(labels_out), "g", 0, 0, "FILE.npy",
		"write the labels of these rows" },
	{ "manifest", 0, STRING, AT(manifest), "s", 0, 0, "FILE",
		"the manifest (OUTPUT.manifest.json)" },
	{ "plot", 0, STRING, AT(plot), "se", 0, 0, "FILE.png|svg", "draw the plane" },
	{ "audit", 0, FLAG, AT(audit), "s", 0, 0, NULL,
		"tell of suspects among the exemplars, and of hard classes" },
	{ "report", 0, STRING, AT(report), "s", 0, 0, "FILE.html",
		"a page to look at the selection, in any browser" },
	{ "json", 'j', FLAG, AT(json), "segliEvLubdrcaT", 0, 0, NULL, "one JSON object on stdout" },
	{ "quiet", 'q', FLAG, AT(quiet), "segliEvLubdrcaT", 0, 0, NULL, "no summary and no progress" },
};

#define NSPECS (sizeof(specs) / sizeof(specs[0]))

static bool takes(const struct nmsctl_command *command, const struct spec *spec)
{
	return strchr(spec->commands, command->key) != NULL;
}

static int parse_whole(const struct spec *spec, const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	if (errno || end == text || *end || strspn(text, "0123456789") != strlen(text) ||
	    (double)*value < spec->min || (double)*value > spec->max)
		return -EINVAL;
	return 0;
}

static int parse_real(const struct spec *spec, const char *text, double *value)
{
	char *end;

	*value = strtod(text, &end);
	if (end == text || *end || !isfinite(*value) || *value <= spec->min || *value > spec->max)
		return -EINVAL;
	return 0;
}

static int bad_value(const struct spec *spec, const char *text)
{
	if (spec->kind == REAL || spec->kind == SECONDS)
		return nmsctl_usage("--%s %s: expected a number above %g and up to %g", spec->name,
				    text, spec->min, spec->max);
	if (spec->max > 1e19)
		return nmsctl_usage("--%s %s: expected a whole number", spec->name, text);
	return nmsctl_usage("--%s %s: expected a whole number from %.0f to %.0f", spec->name, text,
			    spec->min, spec->max);
}

/* Takes over @text, which is NULL where no argument followed. */
static int store(struct nmsctl_options *options, const struct spec *spec, char *text)
{
	char *at = (char *)options + spec->at;
	uint64_t whole = 0;
	double real = 0;
	int status = 0;

	if (!text && spec->kind == SECONDS)
		text = strdup("1");
	if (!text && spec->kind != FLAG)
		return nmsctl_fail("out of memory");
	switch (spec->kind) {
	case FLAG:
		*(int *)at = 1;
		break;
	case STRING:
		if (!*text) {
			status = nmsctl_usage("--%s: expected %s, found nothing", spec->name,
					      spec->argument);
			break;
		}
		free(*(char **)at);
		*(char **)at = text;
		return 0;
	case REAL:
	case SECONDS:
		if (parse_real(spec, text, &real))
			status = bad_value(spec, text);
		*(double *)at = real;
		break;
	case U32:
		if (parse_whole(spec, text, &whole))
			status = bad_value(spec, text);
		*(uint32_t *)at = (uint32_t)whole;
		break;
	case U64:
		if (parse_whole(spec, text, &whole))
			status = bad_value(spec, text);
		*(uint64_t *)at = whole;
		break;
	}
	free(text);
	return status;
}

static int store_operands(const struct nmsctl_command *command, poptContext context,
			  struct nmsctl_options *options)
{
	const char *text;

	while ((text = poptGetArg(context))) {
		if (options->noperands >= command->max)
			return nmsctl_usage("%s: unexpected '%s'; usage: nmsctl %s %s", command->name,
					    text, command->name, command->operands);
		options->operand[options->noperands] = strdup(text);
		if (!options->operand[options->noperands])
			return nmsctl_fail("out of memory");
		options->noperands++;
	}
	if (options->noperands < command->min)
		return nmsctl_usage("%s: something is missing; usage: nmsctl %s %s", command->name,
				    command->name, command->operands);
	return 0;
}

static unsigned int argument_of(const struct spec *spec)
{
	if (spec->kind == FLAG)
		return POPT_ARG_NONE;
	return spec->kind == SECONDS ? POPT_ARG_STRING | POPT_ARGFLAG_OPTIONAL : POPT_ARG_STRING;
}

/* Fill @table, which has room for every option, help and the end. */
static void make_table(const struct nmsctl_command *command, struct poptOption *table)
{
	const struct poptOption help = {
		"help", 'h', POPT_ARG_NONE, NULL, NSPECS + 1, "this text", NULL
	};
	const struct poptOption end = POPT_TABLEEND;
	size_t n = 0;

	for (size_t i = 0; i < NSPECS; i++) {
		if (!takes(command, &specs[i]))
			continue;
		table[n++] = (struct poptOption){
			.longName = specs[i].name,
			.shortName = specs[i].letter,
			.argInfo = argument_of(&specs[i]),
			.val = (int)i + 1,
			.descrip = specs[i].text,
			.argDescrip = specs[i].argument,
		};
	}
	table[n++] = help;
	table[n] = end;
}

int nmsctl_options_parse(const struct nmsctl_command *command, int argc, const char **argv,
			 struct nmsctl_options *options, int *status)
{
	struct poptOption table[NSPECS + 2];
	poptContext context;
	char name[64];
	int value;

	memset(options, 0, sizeof(*options));
	options->words = argv + 1;
	options->nwords = argc - 1;
	make_table(command, table);
	snprintf(name, sizeof(name), "nmsctl %s", command->name);
	argv[0] = name;
	context = poptGetContext(name, argc, argv, table, 0);
	if (!context) {
		*status = nmsctl_fail("out of memory");
		return -1;
	}
	poptSetOtherOptionHelp(context, command->operands);
	*status = 0;
	while (!*status && (value = poptGetNextOpt(context)) > 0) {
		if (value == NSPECS + 1) {
			poptPrintHelp(context, stdout, 0);
			poptFreeContext(context);
			return -1;
		}
		*status = store(options, &specs[value - 1], poptGetOptArg(context));
	}
	if (!*status && value < -1)
		*status = nmsctl_usage("%s: %s; see nmsctl %s --help",
				       poptBadOption(context, POPT_BADOPTION_NOALIAS),
				       poptStrerror(value), command->name);
	if (!*status)
		*status = store_operands(command, context, options);
	poptFreeContext(context);
	return *status ? -1 : 0;
}

void nmsctl_options_free(struct nmsctl_options *options)
{
	for (size_t i = 0; i < NSPECS; i++)
		if (specs[i].kind == STRING)
			free(*(char **)((char *)options + specs[i].at));
	for (unsigned int i = 0; i < options->noperands; i++)
		free(options->operand[i]);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* The options of all sub-commands; each takes some of them. */
#ifndef NMSCTL_OPTIONS_H
#define NMSCTL_OPTIONS_H

#include <stdint.h>

/* Zero or NULL: not given. */
struct nmsctl_options {
	char *operand[2];		/* what stands on the line beside options */
	unsigned int noperands;
	const char *const *words;	/* the line after the sub-command; the caller's */
	int nwords;

	/* the data */
	char *data, *selection;		/* in the place of the manifest's */
	char *labels;			/* file of labels */
	int no_labels;			/* choose without them */
	char *dtype, *shape;		/* raw data */
	char *member, *label_column;	/* npz, CSV */

	/* the selection */
	uint64_t count;
	double ratio;
	char *counts;			/* several, to compare */
	char *kinds;			/* of rows that an audit lists */
	int audit;			/* the exemplars, too */
	char *method, *rule, *search, *neighbours;
	char *budget;			/* "proportional", "equal", or a file of quotas */
	char *keep, *drop;		/* files of row numbers */
	double perplexity;
	uint32_t features;
	uint64_t seed;

	/* the embedding alone */
	int guided;			/* perplexity by entropy */
	int by_class;
	uint32_t iterations;

	/* the machine */
	char *device, *profile, *energy;
	uint32_t threads;

	/* measuring a device */
	char *peer;
	double seconds, watch, interval;
	int batch;			/* lines instead of a page */

	/* a name in near memory */
	char *mode;

	/* what comes out */
	char *output, *embedding, *weights, *plot, *report, *manifest, *labels_out;
	int json, quiet;
};

struct nmsctl_command;

/*
 * Read the line after the sub-command's name; @argv[0] is that name.  Returns
 * 0 to go on, or -1 with *status to exit with: the line was wrong, which has
 * been said, or asked for help, which has been given.  @options: free with
 * nmsctl_options_free() in either case.
 */
int nmsctl_options_parse(const struct nmsctl_command *command, int argc, const char **argv,
			 struct nmsctl_options *options, int *status);
void nmsctl_options_free(struct nmsctl_options *options);

#endif /* NMSCTL_OPTIONS_H */

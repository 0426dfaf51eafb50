/* SPDX-License-Identifier: GPL-2.0-only */
/* What the sub-commands of nmsctl have in common. */
#ifndef NMSCTL_H
#define NMSCTL_H

#include "options.h"

enum nmsctl_status {
	NMSCTL_OK = 0,
	NMSCTL_FAILURE = 1,
	NMSCTL_USAGE = 2,
	NMSCTL_INTERRUPTED = 130,
};

struct nmsctl_command {
	const char *name;
	char key;			/* in the table of options */
	const char *operands;		/* as the usage line shows them */
	const char *text;		/* what it does, in a line */
	unsigned int min, max;		/* operands */
	int (*run)(const struct nmsctl_options *options);	/* enum nmsctl_status */
};

int nmsctl_sample(const struct nmsctl_options *options);
int nmsctl_curve(const struct nmsctl_options *options);
int nmsctl_audit(const struct nmsctl_options *options);
int nmsctl_embed(const struct nmsctl_options *options);
int nmsctl_gather(const struct nmsctl_options *options);
int nmsctl_list(const struct nmsctl_options *options);
int nmsctl_info(const struct nmsctl_options *options);
int nmsctl_energy(const struct nmsctl_options *options);
int nmsctl_verify(const struct nmsctl_options *options);
int nmsctl_load(const struct nmsctl_options *options);
int nmsctl_unload(const struct nmsctl_options *options);
int nmsctl_bench(const struct nmsctl_options *options);
int nmsctl_doctor(const struct nmsctl_options *options);
int nmsctl_top(const struct nmsctl_options *options);
int nmsctl_reset(const struct nmsctl_options *options);

/*
 * The one line that a failure prints on stderr: "nmsctl: what, where, what was
 * expected".  They return the status to exit with.
 */
int nmsctl_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
int nmsctl_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A failure of libnmsdev, which has the line ready; -ECANCELED says nothing. */
struct nms_error;
int nmsctl_fail_library(int error, const struct nms_error *detail);

#endif /* NMSCTL_H */

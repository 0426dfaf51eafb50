/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the devices of this machine do: what files tell anyone, what the kernel tells
 * whoever may know, and the rates between two looks.
 */
#ifndef NMSCTL_TOP_H
#define NMSCTL_TOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "nms.h"

#define TOP_QUEUES 65		/* more are counted, but not shown */

/* An open file of a process that this one may look into. */
struct top_context {
	uint32_t id;
	pid_t pid;		/* the lowest of those that share it */
	uid_t uid;
	char command[32];	/* printable */
	uint64_t near_used;	/* bytes */
	uint64_t active, jobs, errors;
	bool counted;		/* energy is known: picojoules, by domain */
	__u64 energy[NMS_ENERGY_DOMAINS];
};

struct top_device {
	char name[16];		/* "nms0" */
	char function[32];	/* of the bus: "0000:01:00.0" */
	char model[40], state[16];
	uint64_t near_size, near_used;
	double at;		/* seconds_now() of what follows */
	int error;		/* 0, or why @counters and @queue are not known */
	uint32_t clock_khz;
	struct nms_query_counters counters;
	struct nms_query_queue queue[TOP_QUEUES];
	size_t nqueues;
	struct top_context *context;
	size_t ncontexts;
};

struct top_look {
	struct top_device *device;
	size_t ndevices;
	bool all;		/* no process refused to be looked into */
	double at;
};

/*
 * Look at one device (@name), or at all (NULL).  @root: "" for this machine; /sys,
 * /dev and /proc lie in it.  0 or -ENOMEM; free in either case.
 */
int top_take(struct top_look *look, const char *root, const char *name);
void top_free(struct top_look *look);
/* Open contexts by device. */
int top_find_contexts(struct top_look *look, const char *root);

/* The same device, or context of it, in the look before; NULL: it was not there. */
const struct top_device *top_device_before(const struct top_look *then,
					   const struct top_device *now);
const struct top_context *top_context_before(const struct top_device *then,
					     const struct top_context *now);

/*
 * A second's worth of what was counted between two looks, and the share of the time that
 * the modelled datapath was at work; NAN where either is not known.
 */
double top_rate(const struct top_device *then, const struct top_device *now, uint64_t before,
		uint64_t after);
double top_milliwatts(const struct top_device *then, const struct top_device *now,
		      const __u64 *before, const __u64 *after, int domain);
double top_busy(const struct top_device *then, const struct top_device *now);
bool top_rates_known(const struct top_device *then, const struct top_device *now);

const char *top_queue_state(uint32_t state);

/* Lines of text, or one object in a line; 0 or -ENOMEM. */
void top_print(FILE *to, const struct top_look *then, const struct top_look *now);
int top_print_json(FILE *to, const struct top_look *then, const struct top_look *now);

/* Returns the status to exit with. */
struct nmsctl_options;
int top_run(const char *root, const struct nmsctl_options *options);

#endif /* NMSCTL_TOP_H */

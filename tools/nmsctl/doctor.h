/* SPDX-License-Identifier: GPL-2.0-only */
/* What there must be before a device can be used, looked at in that order. */
#ifndef NMSCTL_DOCTOR_H
#define NMSCTL_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum doctor_verdict {
	DOCTOR_OK,
	DOCTOR_NOTE,		/* works, but not as well as it could */
	DOCTOR_MISSING,		/* no device can be used without it */
};

struct doctor_check {
	enum doctor_verdict verdict;
	const char *what;
	char text[256];
	char remedy[256];	/* "" where there is nothing to do */
};

/* Who wants to use it. */
struct doctor_user {
	uid_t uid;
	const gid_t *groups;	/* the effective one as well */
	size_t ngroups;
	bool locks_memory;	/* without a limit: CAP_IPC_LOCK */
};

struct doctor {
	const char *root;	/* "" for this machine: /sys, /proc, /dev, /lib lie in it */
	const struct doctor_user *user;
	char name[16];		/* "nms0"; "" as long as there is none */
	char function[32];	/* of the bus: "0000:01:00.0" */
	bool usable;
	struct doctor_check check[16];
	size_t nchecks;
};

/* @remedy may be NULL. */
void doctor_say(struct doctor *doctor, enum doctor_verdict verdict, const char *what,
		const char *remedy, const char *format, ...) __attribute__((format(printf, 5, 6)));
/* The first line of a file in the tree, without its end; false if there is none. */
bool doctor_read(const struct doctor *doctor, char *line, size_t size, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Is it there? */
bool doctor_has(const struct doctor *doctor, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * What files tell.  @name ("nms0", or NULL: the first): the device to look at.
 * False: something is missing, and to look further is no use.
 */
bool doctor_find(struct doctor *doctor, const char *name);
/* What a device that is there could be better at. */
void doctor_compare(struct doctor *doctor);
/* What only trying tells: does it open, does it answer. */
void doctor_try(struct doctor *doctor);
/* What this process may do. */
void doctor_process(struct doctor *doctor);

#endif /* NMSCTL_DOCTOR_H */

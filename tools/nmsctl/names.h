/* SPDX-License-Identifier: GPL-2.0-only */
/* The words for rules, searches and budgets. */
#ifndef NMSCTL_NAMES_H
#define NMSCTL_NAMES_H

#include <stddef.h>

struct name {
	int value;		/* enum nms_rule, nms_search, nms_neighbours, nms_budget */
	const char *name, *text;
};

/* Each ends with a NULL name. */
extern const struct name rule_names[], search_names[], neighbours_names[], budget_names[];
/* Without values: known to the library by name. */
extern const struct name energy_names[], device_names[];

/*
 * The value of @text (NULL: 0, the default) for option @option.  Returns the
 * status to exit with after having listed those known, or 0.
 */
int name_value(const struct name *names, const char *option, const char *text, int *value);
/* 0 if the library has a method of that name, NULL included. */
int method_check(const char *text);

#endif /* NMSCTL_NAMES_H */

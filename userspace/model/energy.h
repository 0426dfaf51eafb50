/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Energy profiles: the constants by which counted bytes and operations become
 * picojoules and cycles.  A profile is a JSON file; those in energy/ are built
 * into the library.  Documentation/energy.rst has the formulae.
 */
#ifndef ENERGY_H
#define ENERGY_H

#include <stddef.h>

enum energy_constant {
	ENERGY_NEAR_READ,		/* pJ/bit */
	ENERGY_NEAR_WRITE,		/* pJ/bit */
	ENERGY_NEAR_BANDWIDTH,		/* B/s */
	ENERGY_NEAR_STATIC,		/* W */
	ENERGY_SCRATCH,			/* pJ/B */
	ENERGY_MAC,			/* pJ */
	ENERGY_SPECIAL,			/* pJ */
	ENERGY_FIXED_MAC,		/* pJ */
	ENERGY_LOOKUP,			/* pJ */
	ENERGY_LINK,			/* pJ/bit */
	ENERGY_LINK_BANDWIDTH,		/* B/s */
	ENERGY_LOGIC_STATIC,		/* W */
	ENERGY_CLOCK,			/* Hz */
	ENERGY_MAC_LANES,		/* 1/cycle */
	ENERGY_SPECIAL_LANES,		/* 1/cycle */
	ENERGY_LOOKUP_LANES,		/* 1/cycle */
	ENERGY_SCRATCH_WIDTH,		/* B/cycle */
	ENERGY_SWITCH_CYCLES,		/* cycles */
	ENERGY_MAC_AREA,		/* um2 */
	ENERGY_SPECIAL_AREA,		/* um2 */
	ENERGY_LOOKUP_AREA,		/* um2 */
	ENERGY_NCONSTANTS
};

struct energy_profile {
	char *name;
	char *source;			/* one line, for people */
	double value[ENERGY_NCONSTANTS];
};

/* A profile that is built in; made by energy/embed.py. */
struct energy_builtin {
	const char *name;
	const char *json;
};
extern const struct energy_builtin energy_builtins[];
extern const size_t energy_nbuiltins;

/*
 * @name: a built-in profile, or a path if it has a '/'.  -ENOENT, -EBADMSG,
 * -ENOMEM; @why (size @size) gets one line of reason.  Free with energy_free().
 */
int energy_load(const char *name, struct energy_profile *profile, char *why, size_t size);
/* The same from text; @name is what reasons call it. */
int energy_parse(const char *name, const char *text, size_t length,
		 struct energy_profile *profile, char *why, size_t size);
void energy_free(struct energy_profile *profile);

#endif /* ENERGY_H */

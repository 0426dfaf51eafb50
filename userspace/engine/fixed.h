/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bandwidth search on integers: distances as short words, the exponential
 * as a table, sums and logarithm in whole numbers.  What a small accelerator
 * would have; and the same on every machine, as integers are.
 *
 * Widths are ours; no published design is copied here.  The perplexity at a
 * beta is then no longer monotonic in it: terms fall from one entry of the table
 * to the next at different betas.
 */
#ifndef ENG_FIXED_H
#define ENG_FIXED_H

#include "profile.h"

#include <stdbool.h>

#define ENG_FIXED_ENTRIES_MOST 1024u
#define ENG_FIXED_NAME 16		/* bytes of a name, its end included */

struct eng_fixed_widths {
	unsigned int exp_bits;		/* of an exponential: 4 to 16 */
	unsigned int entries;		/* of its table: a power of two, 16 to 1024 */
	unsigned int distance_bits;	/* of a distance, 8 to 16 */
};

struct eng_fixed {
	struct eng_fixed_widths widths;
	uint32_t log2_one;			/* log2 of the largest exponential, 16 fraction bits */
	uint16_t exp[ENG_FIXED_ENTRIES_MOST + 1];	/* the last is 0 */
	uint32_t log2[257];			/* log2(1 + i / 256), 16 fraction bits */
};

/* 8 bits, 64 entries, distances of 12 bits. */
extern const struct eng_fixed_widths eng_fixed_default;

/*
 * "fixed" or "fixed8/64/12": bits of the exponential, entries of its table,
 * bits of a distance.  False if @name is not of this kind or a width is out of
 * its range.
 */
bool eng_fixed_parse(const char *name, struct eng_fixed_widths *widths);
void eng_fixed_name(const struct eng_fixed_widths *widths, char name[ENG_FIXED_NAME]);

/*
 * The number of the profile: ENG_FIXED_PROFILE, then exp_bits, the logarithm of
 * entries and distance_bits, a byte each.  The other way round false if there is none such.
 */
uint32_t eng_fixed_number(const struct eng_fixed_widths *widths);
bool eng_fixed_widths(uint32_t number, struct eng_fixed_widths *widths);

/* Make the tables; @widths in range. */
void eng_fixed_init(struct eng_fixed *f, const struct eng_fixed_widths *widths);

/* Arithmetic as a stage takes it: the search on words, all else as profile "portable" has it. */
struct eng_fixed_profile {
	struct eng_kernels kernels;
	struct eng_fixed fixed;
	char name[ENG_FIXED_NAME];
};

/* @profile is pointed to by itself from here on, and stays where it is. */
void eng_fixed_profile_init(struct eng_fixed_profile *profile,
			    const struct eng_fixed_widths *widths);

/* @d, from 0 to below 2, as a word: rounded to the nearest, the largest where it does not fit. */
uint16_t eng_fixed_code(const struct eng_fixed *f, float d);
/* What the word stands for; exact. */
float eng_fixed_distance(const struct eng_fixed *f, uint16_t code);

/*
 * For @k words of distances, the smallest 0, and @beta > 0: log2 of the
 * perplexity, with 16 fraction bits.
 */
int64_t eng_fixed_entropy(const struct eng_fixed *f, const uint16_t *code, size_t k, double beta);
/* The same, and the variance of the distances under the distribution. */
int64_t eng_fixed_moments(const struct eng_fixed *f, const uint16_t *code, size_t k, double beta,
			  double *variance);
/* @p: the exponentials over their sum. */
void eng_fixed_weights(const struct eng_fixed *f, const uint16_t *code, size_t k, double beta,
		       float *p);

#endif /* ENG_FIXED_H */

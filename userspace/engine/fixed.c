// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixed.h"
#include "fmath.h"

#include <stdio.h>
#include <string.h>

#define FRACTION 16		/* bits of a logarithm behind the point */
#define MANTISSA 16		/* bits of a beta */

const struct eng_fixed_widths eng_fixed_default = { 8, 64, 12 };

static bool in_range(const struct eng_fixed_widths *w)
{
	return w->exp_bits >= 4 && w->exp_bits <= 16 &&
	       w->entries >= 16 && w->entries <= ENG_FIXED_ENTRIES_MOST &&
	       !(w->entries & (w->entries - 1)) &&
	       w->distance_bits >= 8 && w->distance_bits <= 16;
}

bool eng_fixed_parse(const char *name, struct eng_fixed_widths *widths)
{
	char again[ENG_FIXED_NAME];

	*widths = eng_fixed_default;
	if (!strcmp(name, "fixed"))
		return true;
	if (sscanf(name, "fixed%2u/%4u/%2u", &widths->exp_bits, &widths->entries,
		   &widths->distance_bits) != 3 || !in_range(widths))
		return false;
	eng_fixed_name(widths, again);
	return !strcmp(name, again);
}

void eng_fixed_name(const struct eng_fixed_widths *widths, char name[ENG_FIXED_NAME])
{
	snprintf(name, ENG_FIXED_NAME, "fixed%u/%u/%u", widths->exp_bits & 31,
		 widths->entries & 2047, widths->distance_bits & 31);
}

uint32_t eng_fixed_number(const struct eng_fixed_widths *w)
{
	uint32_t log = 0;

	while (1u << log < w->entries)
		log++;
	return (uint32_t)ENG_FIXED_PROFILE | w->exp_bits << 8 | log << 16 | w->distance_bits << 24;
}

bool eng_fixed_widths(uint32_t number, struct eng_fixed_widths *widths)
{
	uint32_t log = number >> 16 & 0xff;

	if ((number & 0xff) != ENG_FIXED_PROFILE || log > 31)
		return false;
	widths->exp_bits = number >> 8 & 0xff;
	widths->entries = 1u << log;
	widths->distance_bits = number >> 24;
	return in_range(widths);
}

/* Octaves that the table spans: below half of the last bit nothing is left. */
static unsigned int octaves(const struct eng_fixed_widths *w)
{
	return w->exp_bits + 1;
}

static int64_t nearest(double x)
{
	return (int64_t)(x + 0.5);
}

void eng_fixed_init(struct eng_fixed *f, const struct eng_fixed_widths *widths)
{
	double one = (double)((1u << widths->exp_bits) - 1);
	double step = (double)octaves(widths) * ENG_LN2_HI / (double)widths->entries;

	f->widths = *widths;
	for (unsigned int i = 0; i < widths->entries; i++)
		f->exp[i] = (uint16_t)nearest(one * eng_exp(-((double)i + 0.5) * step));
	for (unsigned int i = widths->entries; i <= ENG_FIXED_ENTRIES_MOST; i++)
		f->exp[i] = 0;
	for (unsigned int i = 0; i <= 256; i++)
		f->log2[i] = (uint32_t)nearest(eng_log2(1.0 + i / 256.0) * (1 << FRACTION));
	f->log2_one = (uint32_t)nearest(eng_log2(one) * (1 << FRACTION));
}

void eng_fixed_profile_init(struct eng_fixed_profile *profile,
			    const struct eng_fixed_widths *widths)
{
	eng_fixed_init(&profile->fixed, widths);
	eng_fixed_name(widths, profile->name);
	profile->kernels = *eng_kernels_find("portable", NULL);
	profile->kernels.profile = eng_fixed_number(widths);
	profile->kernels.profile_name = profile->name;
	profile->kernels.fixed = &profile->fixed;
}

uint16_t eng_fixed_code(const struct eng_fixed *f, float d)
{
	uint32_t most = (1u << f->widths.distance_bits) - 1;
	double code = (double)d * (double)(1u << (f->widths.distance_bits - 1)) + 0.5;

	return (uint16_t)(code < (double)most ? (uint32_t)code : most);
}

float eng_fixed_distance(const struct eng_fixed *f, uint16_t code)
{
	return (float)code / (float)(1u << (f->widths.distance_bits - 1));
}

/* A positive number as a word times a power of two: mantissa * 2^-shift. */
struct word {
	uint32_t mantissa;	/* MANTISSA bits, the first of them set */
	int shift;
};

static struct word word_of(double x)
{
	int exponent = (int)(eng_bits(x) >> 52) - 1023;	/* x is positive and normal */
	struct word w = { .shift = MANTISSA - 1 - exponent };

	w.mantissa = (uint32_t)nearest(x * eng_pow2(w.shift < 1000 ? w.shift : 1000));
	if (w.mantissa >> MANTISSA) {
		w.mantissa >>= 1;
		w.shift--;
	}
	return w;
}

/* Octaves for each unit of a distance's word, and steps of the table. */
static struct word octave_word(const struct eng_fixed *f, double beta)
{
	return word_of(beta * ENG_LOG2E / (double)(1u << (f->widths.distance_bits - 1)));
}

static struct word step_word(const struct eng_fixed *f, double beta)
{
	return word_of(beta * ENG_LOG2E / (double)(1u << (f->widths.distance_bits - 1)) *
		       (double)f->widths.entries / (double)octaves(&f->widths));
}

/* The exponential of a distance. */
static uint32_t look_up(const struct eng_fixed *f, const struct word *step, uint16_t code)
{
	uint32_t at = step->mantissa * code, last = ENG_FIXED_ENTRIES_MOST;

	if (step->shift >= 32)
		at = 0;
	else if (step->shift > 0)
		at >>= step->shift;
	else
		at = code ? last : 0;	/* a step for each unit, or more: beyond the table */
	return f->exp[at < last ? at : last];
}

static int64_t log2_of(const struct eng_fixed *f, uint64_t x)
{
	unsigned int top = 63 - (unsigned int)__builtin_clzll(x);
	uint64_t fraction = (x << (63 - top)) << 1;	/* behind the leading one */
	unsigned int i = (unsigned int)(fraction >> 56);
	uint64_t rest = fraction >> 40 & 0xffff;
	uint64_t a = f->log2[i], b = f->log2[i + 1];

	return ((int64_t)top << FRACTION) + (int64_t)(a + ((b - a) * rest >> 16));
}

/* s1 / s0 with 16 fraction bits. */
static uint64_t mean_of(uint64_t s1, uint64_t s0)
{
	return (s1 / s0 << FRACTION) + (s1 % s0 << FRACTION) / s0;
}

/* Octaves from 0 to the mean distance, of which @mean has 16 fraction bits; held to 2^24. */
static int64_t mean_octaves(const struct word *octave, uint64_t mean)
{
	uint64_t product = octave->mantissa * mean, most = (uint64_t)1 << (24 + FRACTION);

	if (octave->shift >= 64)
		return 0;
	if (octave->shift >= 0)
		product >>= octave->shift;
	else if (product)
		product = most;
	return (int64_t)(product < most ? product : most);
}

int64_t eng_fixed_entropy(const struct eng_fixed *f, const uint16_t *code, size_t k, double beta)
{
	struct word octave = octave_word(f, beta), step = step_word(f, beta);
	uint64_t s0 = 0, s1 = 0;

	for (size_t j = 0; j < k; j++) {
		uint32_t e = look_up(f, &step, code[j]);

		s0 += e;
		s1 += (uint64_t)e * code[j];
	}
	return log2_of(f, s0) - f->log2_one + mean_octaves(&octave, mean_of(s1, s0));
}

int64_t eng_fixed_moments(const struct eng_fixed *f, const uint16_t *code, size_t k, double beta,
			  double *variance)
{
	struct word octave = octave_word(f, beta), step = step_word(f, beta);
	double unit = 1.0 / (double)(1u << (f->widths.distance_bits - 1)), mean;
	uint64_t s0 = 0, s1 = 0, s2 = 0;

	for (size_t j = 0; j < k; j++) {
		uint64_t e = look_up(f, &step, code[j]), ed = e * code[j];

		s0 += e;
		s1 += ed;
		s2 += ed * code[j];
	}
	mean = (double)s1 / (double)s0;
	*variance = ((double)s2 / (double)s0 - mean * mean) * unit * unit;
	return log2_of(f, s0) - f->log2_one + mean_octaves(&octave, mean_of(s1, s0));
}

void eng_fixed_weights(const struct eng_fixed *f, const uint16_t *code, size_t k, double beta,
		       float *p)
{
	struct word step = step_word(f, beta);
	uint64_t sum = 0;

	for (size_t j = 0; j < k; j++)
		sum += look_up(f, &step, code[j]);
	for (size_t j = 0; j < k; j++)
		p[j] = (float)look_up(f, &step, code[j]) / (float)sum;
}

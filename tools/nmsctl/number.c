// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "number.h"

#include <ctype.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* glibc hands out one constant object for the C locale: nothing is allocated. */
static locale_t c_locale(void)
{
	return newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

struct decimal {
	uint64_t digits;
	int exponent;
	unsigned int count;	/* significant digits */
	bool negative;
};

/* [+-]digits[.digits][e[+-]digits]; false if it is anything else. */
static bool scan(const char *s, struct decimal *d)
{
	bool any = false, point = false;

	*d = (struct decimal){ .negative = *s == '-' };
	if (*s == '-' || *s == '+')
		s++;
	for (;; s++) {
		if (*s == '.' && !point) {
			point = true;
			continue;
		}
		if (*s < '0' || *s > '9')
			break;
		any = true;
		if (d->count || *s != '0')
			d->count++;
		if (d->count <= 19) {
			d->digits = d->digits * 10 + (uint64_t)(*s - '0');
			d->exponent -= point;
		}
	}
	if (!any)
		return false;
	if (*s == 'e' || *s == 'E') {
		bool minus = s[1] == '-';
		int e = 0;

		s += s[1] == '-' || s[1] == '+' ? 2 : 1;
		if (*s < '0' || *s > '9')
			return false;
		for (; *s >= '0' && *s <= '9'; s++)
			e = e < 100000 ? e * 10 + (*s - '0') : e;
		d->exponent += minus ? -e : e;
	}
	return !*s;
}

static bool parse_special(const char *s, double *value)
{
	double sign = *s == '-' ? -1.0 : 1.0;

	if (*s == '-' || *s == '+')
		s++;
	if (!strcasecmp(s, "nan"))
		*value = NAN;
	else if (!strcasecmp(s, "inf") || !strcasecmp(s, "infinity"))
		*value = sign * INFINITY;
	else
		return false;
	return true;
}

bool number_parse(const char *text, size_t size, double *value)
{
	static const double power[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10,
		1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
	struct decimal d;

	if (memchr(text, 0, size))
		return false;
	if (!scan(text, &d))
		return parse_special(text, value);
	/* Both factors exact, one rounding: the correctly rounded result (Clinger 1990). */
	if (d.count <= 19 && d.digits <= 1ull << 53 && d.exponent >= -22 && d.exponent <= 22) {
		double v = (double)d.digits;

		v = d.exponent < 0 ? v / power[-d.exponent] : v * power[d.exponent];
		*value = d.negative ? -v : v;
	} else {
		*value = strtod_l(text, NULL, c_locale());
	}
	return true;
}

bool number_is_integer(double value, int64_t *integer)
{
	if (!(value >= -0x1p63 && value < 0x1p63) || value != trunc(value))
		return false;
	*integer = (int64_t)value;
	return true;
}

bool number_parse_integer(const char *text, size_t size, int64_t *value)
{
	struct decimal d;
	double v;

	if (memchr(text, 0, size))
		return false;
	if (scan(text, &d) && !d.exponent && d.count <= 18) {
		*value = d.negative ? -(int64_t)d.digits : (int64_t)d.digits;
		return true;
	}
	return number_parse(text, size, &v) && number_is_integer(v, value);
}

void number_print_f32(char text[32], float value)
{
	locale_t before = uselocale(c_locale());

	for (int digits = 6; digits <= 9; digits++) {
		snprintf(text, 32, "%.*g", digits, (double)value);
		if (strtof(text, NULL) == value)
			break;
	}
	uselocale(before);
}

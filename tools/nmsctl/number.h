/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers from and to text, whatever the locale. */
#ifndef NMSCTL_NUMBER_H
#define NMSCTL_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** All of @text (@size bytes, then a NUL): decimal, with or without exponent, "nan" or "inf". */
bool number_parse(const char *text, size_t size, double *value);
/** The same, if it is an integer ("7", "7.0", "7e0") within int64. */
bool number_parse_integer(const char *text, size_t size, int64_t *value);
/** Is @value an integer that int64 holds? */
bool number_is_integer(double value, int64_t *integer);
/** The shortest decimal that reads back as @value, which is finite. */
void number_print_f32(char text[32], float value);

#endif /* NMSCTL_NUMBER_H */

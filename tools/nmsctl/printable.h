/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a terminal is shown of names of files and classes, which may hold any byte: control
 * characters (ESC begins a command to it), those of U+0080 to U+009F with them, and bytes that are
 * no UTF-8 become '?'.
 */
#ifndef NMSCTL_PRINTABLE_H
#define NMSCTL_PRINTABLE_H

#include <limits.h>
#include <stdio.h>

/** In place; what becomes '?' may be several bytes: @text gets shorter, never longer. */
void printable(char *text);

/**
 * Print @text, at most @most characters of it, and blanks up to @least.  Returns how many
 * characters that was.  Errors of the stream stay in ferror().
 */
int printable_put(FILE *to, const char *text, int least, int most);

#define PRINTABLE_ALL INT_MAX

#endif /* NMSCTL_PRINTABLE_H */

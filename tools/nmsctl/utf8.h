/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of files and classes are bytes; what wants UTF-8 gets it from here. */
#ifndef NMSCTL_UTF8_H
#define NMSCTL_UTF8_H

#include <stddef.h>

/**
 * Bytes of the character that @text begins with, 1 to 4; 0: these bytes are no UTF-8 (RFC 3629:
 * none longer than need be, no surrogates, nothing above U+10FFFF), or @text is empty.
 */
size_t utf8_length(const char *text);

/**
 * Copy @text with U+FFFD for each byte that is no UTF-8, as much of it as fits into the @size bytes
 * of @to, in whole characters; @to may be NULL if @size is 0.  Returns the bytes that all of it
 * takes, without the NUL: those of @text if it is UTF-8, more if not.
 */
size_t utf8_mend(char *to, size_t size, const char *text);

#endif /* NMSCTL_UTF8_H */

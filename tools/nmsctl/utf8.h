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

#endif /* NMSCTL_UTF8_H */

// SPDX-License-Identifier: GPL-2.0-only
#include "utf8.h"

#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"	/* U+FFFD */

size_t utf8_length(const char *text)
{
	static const unsigned long least[] = { 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)text[0];
	unsigned long code;
	size_t more;

	if (first < 0x80)
		return first ? 1 : 0;
	if (first < 0xc0 || first > 0xf7)
		return 0;
	more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
	code = first & (0x3fu >> more);
	for (size_t i = 1; i <= more; i++) {
		unsigned char next = (unsigned char)text[i];

		if ((next & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (next & 0x3f);
	}
	if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return more + 1;
}

size_t utf8_mend(char *to, size_t size, const char *text)
{
	size_t total = 0, end = 0;

	while (*text) {
		size_t length = utf8_length(text);
		size_t bytes = length ? length : strlen(REPLACEMENT);

		if (total + bytes < size) {
			memcpy(to + total, length ? text : REPLACEMENT, bytes);
			end = total + bytes;
		}
		total += bytes;
		text += length ? length : 1;
	}
	if (size)
		to[end] = '\0';
	return total;
}

// SPDX-License-Identifier: GPL-2.0-only
#include "printable.h"

#include <stdbool.h>
#include <string.h>

#include "utf8.h"

/* Of @length bytes, as utf8_length() counts them. */
static bool is_shown(const char *text, size_t length)
{
	unsigned char first = (unsigned char)text[0];

	if (length == 1)
		return first >= 0x20 && first != 0x7f;
	/* C2 80 to C2 9F: controls, of which U+009B is ESC and "[" */
	return length > 2 || (length == 2 && (first != 0xc2 || (unsigned char)text[1] >= 0xa0));
}

/* How many of its bytes to go on by; how many of them to show, or 0: a '?'. */
static size_t next(const char *text, size_t *shown)
{
	size_t length = utf8_length(text);

	*shown = is_shown(text, length) ? length : 0;
	return length ? length : 1;
}

void printable(char *text)
{
	char *to = text;
	size_t step, shown;

	for (const char *from = text; *from; from += step) {
		step = next(from, &shown);
		if (shown)
			memmove(to, from, shown);
		else
			*to = '?';
		to += shown ? shown : 1;
	}
	*to = '\0';
}

int printable_put(FILE *to, const char *text, int least, int most)
{
	size_t step, shown;
	int count = 0;

	for (; *text && count < most; text += step, count++) {
		step = next(text, &shown);
		if (shown)
			fwrite(text, 1, shown, to);
		else
			fputc('?', to);
	}
	for (; count < least; count++)
		fputc(' ', to);
	return count;
}

// SPDX-License-Identifier: GPL-2.0-only
#include "base64.h"

#include <stdint.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void four(char *out, const uint8_t *in, size_t size)
{
	uint32_t bits = (uint32_t)in[0] << 16;

	if (size > 1)
		bits |= (uint32_t)in[1] << 8;
	if (size > 2)
		bits |= in[2];
	out[0] = digits[bits >> 18];
	out[1] = digits[bits >> 12 & 63];
	out[2] = size > 1 ? digits[bits >> 6 & 63] : '=';
	out[3] = size > 2 ? digits[bits & 63] : '=';
}

void base64_write(FILE *to, const void *data, size_t size)
{
	const uint8_t *in = data;
	char line[4096];
	size_t used = 0;

	for (size_t i = 0; i < size; i += 3, used += 4) {
		if (used == sizeof(line)) {
			fwrite(line, 1, used, to);
			used = 0;
		}
		four(line + used, in + i, size - i);
	}
	fwrite(line, 1, used, to);
}

// SPDX-License-Identifier: GPL-2.0-only
/* One picture, as a folder's reader decodes it: first how large it is, then its pixels. */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "image.h"
#include "repair.h"

/* Larger ones only cost time. */
#define MOST_PIXELS ((size_t)1 << 20)

static void check(int error, const char *text)
{
	if (error > 0)
		fuzz_fail("a positive error");
	if (error && error != -ERANGE && (!*text || strchr(text, '\n')))
		fuzz_fail("not one line");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image image = { 0 }, wanted;
	char text[IMAGE_MESSAGE] = "";
	size_t bytes, seen = 0;
	uint8_t *pixels;
	int error = image_decode(data, size, &image, NULL, text);

	check(error, text);
	if (error)
		return 0;
	bytes = image.width * image.height * image.channels;
	if (!bytes || bytes > IMAGE_MAX_BYTES)
		fuzz_fail("a size that cannot be");
	if (bytes > MOST_PIXELS)
		return 0;
	pixels = malloc(bytes);
	if (!pixels)
		return 0;
	memset(pixels, 1, bytes);
	wanted = image;
	text[0] = '\0';
	error = image_decode(data, size, &wanted, pixels, text);
	check(error, text);
	if (error == -ERANGE)
		fuzz_fail("another size at the second look");
	for (size_t i = 0; i < bytes; i++)
		seen += pixels[i];
	free(pixels);
	return seen == SIZE_MAX;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned int seed)
{
	size = LLVMFuzzerMutate(data, size, room);
	return seed % 4 ? FUZZ_REPAIR(data, size, room) : size;
}

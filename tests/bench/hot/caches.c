// SPDX-License-Identifier: GPL-2.0-only
/* Sizes of the caches, as the kernel has them: sysconf() adds up what a guest does not see. */
#include "hot.h"

#include <stdio.h>
#include <string.h>

static bool read_word(int index, const char *file, char *word, size_t room)
{
	char path[96];
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu0/cache/index%d/%s", index, file);
	f = fopen(path, "r");
	if (!f)
		return false;
	ok = fgets(word, (int)room, f);
	fclose(f);
	word[strcspn(word, "\n")] = 0;
	return ok;
}

size_t hot_cache_bytes(unsigned int level)
{
	static const size_t usual[] = { 32u << 10, 512u << 10, 8u << 20 };
	char type[32], number[32], size[32];
	unsigned int found, kib;

	for (int i = 0; read_word(i, "type", type, sizeof(type)); i++) {
		if (!strcmp(type, "Instruction") || !read_word(i, "level", number, sizeof(number)) ||
		    !read_word(i, "size", size, sizeof(size)))
			continue;
		if (sscanf(number, "%u", &found) == 1 && found == level &&
		    sscanf(size, "%uK", &kib) == 1)
			return (size_t)kib << 10;
	}
	return usual[level - 1];
}

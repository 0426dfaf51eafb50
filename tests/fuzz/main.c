// SPDX-License-Identifier: GPL-2.0-only
/*
 * The inputs of a corpus, and each of them changed at random, for a fuzz target without libFuzzer.
 * Worth most under the sanitizers.
 *
 *   fuzz-TARGET COUNT FOLDER|FILE...	COUNT changes of each input, after it as it is
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

#define ROOM ((size_t)1 << 17)

/* Hooks that a target may do without. */
#pragma weak LLVMFuzzerInitialize
#pragma weak LLVMFuzzerCustomMutator

static uint64_t state = 1;

/* Most of the structure of a file is at its start and its end. */
static size_t pick_place(size_t size)
{
	size_t near = size < 160 ? size : 160;

	switch (fuzz_random(&state) % 4) {
	case 0:
		return fuzz_random(&state) % size;
	case 1:
		return size - 1 - fuzz_random(&state) % near;
	default:
		return fuzz_random(&state) % near;
	}
}

static size_t change(uint8_t *bytes, size_t size)
{
	static const uint8_t interesting[] = { 0, 1, 0x7f, 0x80, 0xff, '\n', ',', '"', '-', '9' };
	size_t at = pick_place(size), n;

	switch (fuzz_random(&state) % 6) {
	case 0:
		bytes[at] ^= (uint8_t)(1u << fuzz_random(&state) % 8);
		break;
	case 1:
		bytes[at] = interesting[fuzz_random(&state) % sizeof(interesting)];
		break;
	case 2:
		bytes[at] = (uint8_t)fuzz_random(&state);
		break;
	case 3:
		size = at;
		break;
	case 4:
		n = fuzz_random(&state) % (size - at) + 1;
		memmove(bytes + at, bytes + at + n, size - at - n);
		size -= n;
		break;
	default:
		n = fuzz_random(&state) % 8;
		memset(bytes + at, interesting[fuzz_random(&state) % sizeof(interesting)],
		       n < size - at ? n : size - at);
	}
	return size;
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room)
{
	size_t changes = 1 + fuzz_random(&state) % 4;

	(void)room;
	for (size_t i = 0; i < changes && size; i++)
		size = change(data, size);
	return size;
}

static size_t mutate(uint8_t *bytes, size_t size)
{
	return LLVMFuzzerCustomMutator ?
		LLVMFuzzerCustomMutator(bytes, size, ROOM, (unsigned int)fuzz_random(&state)) :
		LLVMFuzzerMutate(bytes, size, ROOM);
}

/* In memory of exactly its size, so that the sanitizers see what is read beyond. */
static void try_input(const uint8_t *bytes, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);

	if (!exact)
		fuzz_fail("out of memory");
	memcpy(exact, bytes, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
}

static void try_file(const char *path, unsigned long count)
{
	static uint8_t seed[ROOM], bytes[ROOM];
	FILE *file = fopen(path, "rb");
	size_t size;

	if (!file)
		fuzz_fail(path);
	size = fread(seed, 1, sizeof(seed), file);
	if (ferror(file) || !feof(file))
		fuzz_fail("an input that is too large");
	fclose(file);
	try_input(seed, size);
	for (unsigned long i = 0; i < count; i++) {
		memcpy(bytes, seed, size);
		try_input(bytes, mutate(bytes, size));
	}
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* How many inputs there were. */
static unsigned long try_folder(const char *path, unsigned long count)
{
	struct dirent **entries;
	unsigned long inputs = 0;
	int n = scandir(path, &entries, NULL, by_name);

	if (n < 0)
		fuzz_fail(path);
	for (int i = 0; i < n; i++) {
		char name[4096];

		if (entries[i]->d_name[0] != '.') {
			snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
			try_file(name, count);
			inputs++;
		}
		free(entries[i]);
	}
	free(entries);
	return inputs;
}

int main(int argc, char **argv)
{
	unsigned long inputs = 0, count;

	if (argc < 3)
		return 2;
	count = strtoul(argv[1], NULL, 10);
	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 2; i < argc; i++) {
		struct stat status;

		if (stat(argv[i], &status))
			continue;
		if (S_ISDIR(status.st_mode)) {
			inputs += try_folder(argv[i], count);
		} else {
			try_file(argv[i], count);
			inputs++;
		}
	}
	printf("%lu inputs, %lu changes of each\n", inputs, count);
	return inputs ? 0 : 1;
}

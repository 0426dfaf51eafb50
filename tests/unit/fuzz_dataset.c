// SPDX-License-Identifier: GPL-2.0-only
/*
 * Damaged files: each of those given is changed at random, COUNT times, and read in every way.
 * A reader may refuse, in one line, or give rows, every byte of which is there; anything else ends
 * the program, most of all under the sanitizers.
 *
 *   fuzz-dataset SEED COUNT FILE...
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataset.h"
#include "digest.h"

struct seed_file {
	uint8_t *bytes;
	size_t size;
};

/* splitmix64 */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static void fail(const char *what)
{
	fprintf(stderr, "fuzz-dataset: %s\n", what);
	abort();
}

static struct seed_file read_seed(const char *path)
{
	struct seed_file file;
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &status) < 0)
		fail(path);
	file.size = (size_t)status.st_size;
	file.bytes = malloc(file.size + 1);
	if (!file.bytes || read(fd, file.bytes, file.size) != (ssize_t)file.size)
		fail(path);
	close(fd);
	return file;
}

/* Most of the structure of a file is at its start and its end. */
static size_t pick_place(uint64_t *state, size_t size)
{
	size_t near = size < 160 ? size : 160;

	switch (next_random(state) % 4) {
	case 0:
		return next_random(state) % size;
	case 1:
		return size - 1 - next_random(state) % near;
	default:
		return next_random(state) % near;
	}
}

static size_t mutate(uint8_t *bytes, size_t size, uint64_t *state)
{
	static const uint8_t interesting[] = { 0, 1, 0x7f, 0x80, 0xff, '\n', ',', '"', '-', '9' };
	size_t changes = 1 + next_random(state) % 4;

	for (size_t i = 0; i < changes && size; i++) {
		size_t at = pick_place(state, size), n;

		switch (next_random(state) % 6) {
		case 0:
			bytes[at] ^= (uint8_t)(1u << next_random(state) % 8);
			break;
		case 1:
			bytes[at] = interesting[next_random(state) % sizeof(interesting)];
			break;
		case 2:
			bytes[at] = (uint8_t)next_random(state);
			break;
		case 3:
			size = at;
			break;
		case 4:
			n = next_random(state) % (size - at) + 1;
			memmove(bytes + at, bytes + at + n, size - at - n);
			size -= n;
			break;
		default:
			n = next_random(state) % 8;
			memset(bytes + at, interesting[next_random(state) % sizeof(interesting)],
			       n < size - at ? n : size - at);
		}
	}
	return size;
}

static void check_message(int error, const struct message *why)
{
	if (error > 0)
		fail("a positive error");
	if (error && (!why->text[0] || strchr(why->text, '\n')))
		fail("not one line");
}

static size_t read_every_way(const char *path)
{
	const struct dataset_options options = { .memory_limit = 64 << 20 };
	struct message why = { "" };
	char hex[DIGEST_HEX];
	struct dataset *dataset;
	struct labels *labels;
	uint32_t *rows, seen = 0;
	size_t count, opened = 0;
	int error;

	error = dataset_open(path, &options, &dataset, &why);
	check_message(error, &why);
	if (!error) {
		if (digest_dataset(dataset, hex))
			fail("no digest");
		for (size_t i = 0; dataset->labels && i < dataset->rows; i++)
			seen += dataset->class_names ? (uint32_t)strlen(dataset->class_names[dataset->labels[i]])
						     : dataset->labels[i];
		opened++;
	}
	dataset_close(dataset);
	why.text[0] = '\0';
	error = labels_open(path, &options, 0, &labels, &why);
	check_message(error, &why);
	for (size_t i = 0; !error && i < labels->rows; i++)
		seen += labels->class_names ? (uint32_t)strlen(labels->class_names[labels->label[i]])
					    : labels->label[i];
	opened += !error;
	labels_close(labels);
	why.text[0] = '\0';
	error = index_list_open(path, 1000, &rows, &count, &why);
	check_message(error, &why);
	for (size_t i = 0; i < count; i++)
		if (rows[i] >= 1000)
			fail("a row out of range");
	opened += !error;
	free(rows);
	return seen == 0xffffffff ? opened + 1 : opened;
}

static void write_file(int fd, const uint8_t *bytes, size_t size)
{
	if (ftruncate(fd, 0) < 0 || pwrite(fd, bytes, size, 0) != (ssize_t)size)
		fail("cannot write");
}

/* In a folder, between two good images, as well as alone. */
static size_t try_in_folder(const char *folder, const struct seed_file *seed, const uint8_t *bytes,
			    size_t size)
{
	const struct seed_file files[] = { *seed, { (uint8_t *)bytes, size }, *seed };
	size_t opened;

	for (size_t i = 0; i < 3; i++) {
		char path[128];
		int fd;

		snprintf(path, sizeof(path), "%s/%zu.png", folder, i);
		fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (fd < 0)
			fail("cannot create");
		write_file(fd, files[i].bytes, files[i].size);
		close(fd);
	}
	opened = read_every_way(folder);
	return opened;
}

static bool is_image(const struct seed_file *seed)
{
	return seed->size > 3 && (!memcmp(seed->bytes, "\x89PNG", 4) ||
				  !memcmp(seed->bytes, "\xff\xd8\xff", 3));
}

static void remove_folder(const char *folder)
{
	for (size_t i = 0; i < 3; i++) {
		char path[128];

		snprintf(path, sizeof(path), "%s/%zu.png", folder, i);
		unlink(path);
	}
	rmdir(folder);
}

int main(int argc, char **argv)
{
	char folder[] = "/tmp/fuzz-dataset-XXXXXX", path[64];
	uint64_t state;
	size_t count;
	int fd = memfd_create("fuzz-dataset", MFD_CLOEXEC);

	if (argc < 4 || fd < 0 || !mkdtemp(folder))
		return 2;
	state = strtoull(argv[1], NULL, 10);
	count = strtoull(argv[2], NULL, 10);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (int f = 3; f < argc; f++) {
		struct seed_file seed = read_seed(argv[f]);
		uint8_t *bytes = malloc(seed.size + 1);
		size_t opened = 0;

		if (!bytes)
			fail("out of memory");
		for (size_t i = 0; i < count; i++) {
			size_t size;

			memcpy(bytes, seed.bytes, seed.size);
			/* the first time as it is */
			size = i ? mutate(bytes, seed.size, &state) : seed.size;
			if (is_image(&seed)) {
				opened += try_in_folder(folder, &seed, bytes, size);
			} else {
				write_file(fd, bytes, size);
				opened += read_every_way(path);
			}
			if (!i && !opened)
				fail("the file as it is was refused");
		}
		printf("%s: %zu files, read %zu times\n", argv[f], count, opened);
		free(bytes);
		free(seed.bytes);
	}
	remove_folder(folder);
	close(fd);
	return 0;
}

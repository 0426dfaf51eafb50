// SPDX-License-Identifier: GPL-2.0-only
/*
 * A folder of images whose entries are what the input says: a byte of kind, a name up to a '/',
 * and so on.  A file's content is one of a few small ones.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataset.h"
#include "digest.h"
#include "fuzz.h"

#define MOST_ENTRIES 12

static char folder[256];

/* One pixel of grey. */
static const uint8_t image[] = {
	0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52,
	0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, 0x00, 0x00, 0x00, 0x3a, 0x7e, 0x9b,
	0x55, 0x00, 0x00, 0x00, 0x0a, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0x68, 0x00, 0x00, 0x00,
	0x82, 0x00, 0x81, 0x77, 0xcd, 0x72, 0xb6, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae,
	0x42, 0x60, 0x82,
};

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status;
	(void)type;
	return where->level ? remove(path) : 0;
}

static void put(const char *path, const void *data, size_t size)
{
	/* A name of before may be that of a pipe, which would wait, or of a link. */
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	if (write(fd, data, size) != (ssize_t)size)
		fuzz_fail("cannot write");
	close(fd);
}

/* In the folder that was made last, or at the top. */
static void make_entry(unsigned int kind, const char *name, char *within)
{
	static const uint8_t batch[3073 * 2];
	char path[sizeof(folder) + 128];

	snprintf(path, sizeof(path), "%s/%s%s%s", folder, kind & 8 ? within : "",
		 kind & 8 && *within ? "/" : "", name);
	switch (kind & 7) {
	case 0:
		if (!mkdir(path, 0700) && !(kind & 8))
			strcpy(within, name);
		break;
	case 1:
		put(path, "text\n", 5);
		break;
	case 2:
		put(path, image, sizeof(image) - 20);
		break;
	case 3:
		if (symlink(kind & 16 ? "/nonexistent" : ".", path))
			return;
		break;
	case 4:
		put(path, batch, sizeof(batch));
		break;
	case 5:
		if (mkfifo(path, 0600))
			return;
		break;
	default:
		put(path, image, sizeof(image));
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *parent = getenv("TMPDIR");

	(void)argc;
	(void)argv;
	snprintf(folder, sizeof(folder), "%s/fuzz-folder-XXXXXX", parent ? parent : "/tmp");
	if (!mkdtemp(folder))
		fuzz_fail("no folder");
	return 0;
}

static void __attribute__((destructor)) remove_folder(void)
{
	nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	rmdir(folder);
}

static void make_entries(const uint8_t *data, size_t size)
{
	char within[64] = "";

	for (int i = 0; i < MOST_ENTRIES && size > 1; i++) {
		const uint8_t *end = memchr(data + 1, '/', size - 1);
		size_t length = (size_t)((end ? end : data + size) - data) - 1;
		char name[64];

		snprintf(name, sizeof(name), "%.*s", (int)(length < 60 ? length : 60), data + 1);
		if (*name && strcmp(name, ".") && strcmp(name, ".."))
			make_entry(*data, name, within);
		if (!end)
			return;
		size -= (size_t)(end + 1 - data);
		data = end + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct dataset_options options = { .memory_limit = 1 << 20 };
	struct message why = { "" };
	struct dataset *d;
	struct labels *labels;
	char hex[DIGEST_HEX];
	int error;

	make_entries(data, size);
	error = dataset_open(folder, &options, &d, &why);
	if (error > 0 || (error && (!why.text[0] || strchr(why.text, '\n'))))
		fuzz_fail("not one line");
	if (!error && (digest_dataset(d, hex) || !d->rows))
		fuzz_fail("no rows");
	dataset_close(error ? NULL : d);
	error = labels_open(folder, &options, 0, &labels, &why);
	labels_close(error ? NULL : labels);
	nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	return 0;
}

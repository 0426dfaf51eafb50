// SPDX-License-Identifier: GPL-2.0-only
/*
 * The readers of nmsctl, one format a target (FUZZ_REPAIR, FUZZ_RAW).  A reader may refuse, in one
 * line, or give rows, every byte of which is there; anything else ends the program.
 *
 * An input is a byte that says how to read, and the file.  For raw, dtype and shape come between
 * them, each with a space after it.
 */
#include <errno.h>
#include <string.h>

#include "dataset.h"
#include "digest.h"
#include "fuzz.h"
#include "repair.h"
#include "source.h"

#define MEMORY_LIMIT ((uint64_t)4 << 20)
#define NROWS 1000

enum how {
	HOW_WAY		= 0x03,	/* rows, labels, row numbers, rows with little memory */
	HOW_COLUMN	= 0x0c,
	HOW_DELIMITER	= 0x30,
	HOW_MEMBER	= 0x40,
};

static const uint8_t *file_data;
static size_t file_size;

int __wrap_source_open(struct source *source, const char *path, uint64_t limit,
		       struct message *why);

/* The input in the place of a file, on the heap: the sanitizer sees what is read beyond it. */
int __wrap_source_open(struct source *source, const char *path, uint64_t limit,
		       struct message *why)
{
	uint8_t *copy = malloc(file_size ? file_size : 1);

	(void)limit;
	*source = (struct source){ .path = path };
	if (!copy)
		return message_set(why, -ENOMEM, "%s: out of memory", path);
	memcpy(copy, file_data, file_size);
	source_replace(source, copy, file_size);
	return 0;
}

static void check_message(int error, const struct message *why)
{
	if (error > 0)
		fuzz_fail("a positive error");
	if (error && (!why->text[0] || strchr(why->text, '\n')))
		fuzz_fail("not one line");
}

static void see_labels(const uint32_t *label, size_t rows, size_t nclasses, char **names)
{
	for (size_t i = 0; i < rows; i++) {
		if (names && label[i] >= nclasses)
			fuzz_fail("a label without a name");
		if (names && strlen(names[label[i]]) == SIZE_MAX)
			fuzz_fail("a name without an end");
	}
}

static void read_rows(const struct dataset_options *options)
{
	struct message why = { "" };
	char hex[DIGEST_HEX];
	struct dataset *d;
	int error = dataset_open("/dev/null", options, &d, &why);

	check_message(error, &why);
	if (error)
		return;
	/* reads each row */
	if (!d->rows || !d->cols || digest_dataset(d, hex))
		fuzz_fail("no rows");
	if (d->labels)
		see_labels(d->labels, d->rows, d->nclasses, d->class_names);
	dataset_close(d);
}

static void read_labels(const struct dataset_options *options)
{
	struct message why = { "" };
	struct labels *labels;
	int error = labels_open("/dev/null", options, 0, &labels, &why);

	check_message(error, &why);
	if (error)
		return;
	see_labels(labels->label, labels->rows, labels->nclasses, labels->class_names);
	labels_close(labels);
}

static void read_index(void)
{
	struct message why = { "" };
	uint32_t *rows;
	size_t count;
	int error = index_list_open("/dev/null", NROWS, &rows, &count, &why);

	check_message(error, &why);
	for (size_t i = 0; i < count; i++)
		if (rows[i] >= NROWS)
			fuzz_fail("a row out of range");
	free(rows);
}

/* A word up to a space, into @word; what follows it. */
static const uint8_t *take_word(const uint8_t *at, const uint8_t *end, char *word, size_t room)
{
	size_t n = 0;

	while (at < end && *at != ' ' && *at) {
		if (n + 1 < room)
			word[n++] = (char)*at;
		at++;
	}
	word[n] = '\0';
	return at < end ? at + 1 : at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const columns[] = { NULL, "0", "label", "-1" };
	const uint8_t *end = data + size;
	struct dataset_options options = { .memory_limit = MEMORY_LIMIT };
	char dtype[32], shape[64];
	unsigned int how;

	if (!size)
		return 0;
	how = *data++;
#ifdef FUZZ_RAW
	data = take_word(data, end, dtype, sizeof(dtype));
	data = take_word(data, end, shape, sizeof(shape));
	options.dtype = dtype;
	options.shape = shape;
#else
	(void)dtype;
	(void)shape;
	(void)take_word;
#endif
	file_data = data;
	file_size = (size_t)(end - data);
	options.label_column = columns[(how & HOW_COLUMN) >> 2];
	options.delimiter = "\0;\t "[(how & HOW_DELIMITER) >> 4];
	options.member = how & HOW_MEMBER ? "y" : NULL;
	switch (how & HOW_WAY) {
	case 3:
		options.memory_limit = 256;
		read_rows(&options);
		break;
	case 2:
		read_index();
		break;
	case 1:
		read_labels(&options);
		break;
	default:
		read_rows(&options);
	}
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned int seed)
{
	size = LLVMFuzzerMutate(data, size, room);
	return size > 1 && seed % 4 ? 1 + FUZZ_REPAIR(data + 1, size - 1, room - 1) : size;
}

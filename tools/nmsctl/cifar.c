// SPDX-License-Identifier: GPL-2.0-only
/*
 * CIFAR binary batches (https://www.cs.toronto.edu/~kriz/cifar.html): records of one label byte, or
 * of CIFAR-100 two (coarse, fine), and 3 x 32 x 32 bytes, red, green, blue.
 */
#define _GNU_SOURCE
#include "cifar.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content.h"

static bool labels_below(const uint8_t *data, size_t size, size_t record, size_t at, uint8_t limit)
{
	for (size_t i = at; i < size; i += record)
		if (data[i] >= limit)
			return false;
	return true;
}

size_t cifar_label_bytes(const uint8_t *data, size_t size)
{
	const size_t one = CIFAR_PIXELS + 1, two = CIFAR_PIXELS + 2;

	if (size && size % one == 0 && labels_below(data, size, one, 0, 10))
		return 1;
	if (size && size % two == 0 && labels_below(data, size, two, 0, 20) &&
	    labels_below(data, size, two, 1, 100))
		return 2;
	return 0;
}

static void pictures_at(struct array *x, const uint8_t *data, size_t count, size_t stride)
{
	*x = (struct array){
		.data = data, .heap = x->heap, .element = ELEMENT_U8, .ndim = 4,
		.shape = { count, 3, 32, 32 }, .stride = stride,
	};
}

static void labels_at(struct array *y, const uint8_t *data, size_t count, size_t stride)
{
	*y = (struct array){
		.data = data, .heap = y->heap, .element = ELEMENT_U8, .ndim = 1,
		.shape = { count }, .stride = stride,
	};
}

int cifar_read(struct content *content, struct message *why)
{
	const struct source *source = &content->source;
	size_t before = cifar_label_bytes(source->data, source->size);
	size_t record = CIFAR_PIXELS + before, count = source->size / record;

	(void)why;
	content->format = "cifar";
	labels_at(content->wanted == WANT_ROWS ? &content->y : &content->x,
		  source->data + before - 1, count, record);
	if (content->wanted == WANT_ROWS)
		pictures_at(&content->x, source->data + before, count, record);
	return 0;
}

static int is_batch(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return n > 15 && !strncmp(entry->d_name, "data_batch_", 11) &&
	       !strcmp(entry->d_name + n - 4, ".bin");
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

bool cifar_is_folder(const char *path)
{
	struct dirent **names;
	int count = scandir(path, &names, is_batch, by_bytes);

	for (int i = 0; i < count; i++)
		free(names[i]);
	if (count >= 0)
		free(names);
	return count > 0;
}

/* Append the records of one file to @all. */
static int append(struct content *content, const char *name, uint8_t **all, size_t *size,
		  struct message *why)
{
	uint64_t limit = content->options.memory_limit;
	char *path = NULL;
	struct source batch = { 0 };
	uint8_t *grown = NULL;
	int error;

	if (asprintf(&path, "%s/%s", content->path, name) < 0)
		return message_set(why, -ENOMEM, "%s: out of memory", content->path);
	error = source_open_file(&batch, path, limit, why);
	if (error)
		goto out;
	if (cifar_label_bytes(batch.data, batch.size) != 1) {
		error = message_set(why, -EINVAL, "%s: not a CIFAR-10 batch: expected records of %d bytes that begin with a label from 0 to 9",
				    path, CIFAR_PIXELS + 1);
		goto out;
	}
	if (batch.size <= limit && *size <= limit - batch.size)
		grown = realloc(*all, *size + batch.size);
	if (!grown) {
		error = message_set(why, -ENOMEM, "%s: does not fit into memory", path);
		goto out;
	}
	memcpy(grown + *size, batch.data, batch.size);
	*all = grown;
	*size += batch.size;
out:
	source_close(&batch);
	free(path);
	return error;
}

int cifar_folder_read(struct content *content, struct message *why)
{
	struct dirent **names;
	uint8_t *all = NULL;
	size_t size = 0;
	int error = 0, count = scandir(content->path, &names, is_batch, by_bytes);

	if (count < 0)
		return message_set(why, -errno, "%s: %s", content->path, strerror(errno));
	for (int i = 0; i < count && !error; i++)
		error = append(content, names[i]->d_name, &all, &size, why);
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
	if (error) {
		free(all);
		return error;
	}
	source_replace(&content->source, all, size);
	return cifar_read(content, why);
}

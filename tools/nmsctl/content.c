// SPDX-License-Identifier: GPL-2.0-only
#include "content.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cifar.h"
#include "classes.h"
#include "format.h"
#include "inflate.h"

static uint64_t machine_memory(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);

	return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : SIZE_MAX / 2;
}

static int read_file(struct content *content, struct message *why)
{
	content_reader reader;
	int error;

	error = source_open(&content->source, content->path, content->options.memory_limit, why);
	if (error)
		return error;
	if (source_is_gzip(&content->source) && !content->options.dtype) {
		error = source_inflate(&content->source, content->options.memory_limit, why);
		if (error)
			return error;
	}
	reader = format_detect(content, why);
	return reader ? reader(content, why) : -EINVAL;
}

int content_open(struct content *content, const char *path, enum wanted wanted,
		 const struct dataset_options *options, struct message *why)
{
	struct stat status;

	*content = (struct content){ .path = path, .wanted = wanted };
	if (options)
		content->options = *options;
	if (!content->options.memory_limit)
		content->options.memory_limit = machine_memory();
	if (stat(path, &status) < 0)
		return message_set(why, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISDIR(status.st_mode))
		return read_file(content, why);
	return cifar_is_folder(path) ? cifar_folder_read(content, why) : folder_read(content, why);
}

void content_close(struct content *content)
{
	array_release(&content->x);
	array_release(&content->y);
	cells_release(&content->cells);
	class_names_free(content->class_names, content->nclasses);
	content->class_names = NULL;
	source_close(&content->source);
}

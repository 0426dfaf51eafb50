// SPDX-License-Identifier: GPL-2.0-only
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Something that cannot be mapped, as a pipe: all of it. */
static int read_all(struct source *source, int fd, uint64_t limit, struct message *why)
{
	size_t room = 0, size = 0;
	uint8_t *bytes = NULL;

	for (;;) {
		ssize_t got;

		if (size == room) {
			size_t more = room ? room * 2 : 1 << 16;
			uint8_t *grown = more < room || more > limit ? NULL : realloc(bytes, more);

			if (!grown) {
				free(bytes);
				return message_set(why, -ENOMEM, "%s: more than fits into memory",
						   source->path);
			}
			bytes = grown;
			room = more;
		}
		got = read(fd, bytes + size, room - size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			int error = errno;

			free(bytes);
			return message_set(why, -error, "%s: %s", source->path, strerror(error));
		}
		if (!got)
			break;
		size += (size_t)got;
	}
	source_replace(source, bytes, size);
	return 0;
}

static int map_file(struct source *source, int fd, const struct stat *status, struct message *why)
{
	if ((uint64_t)status->st_size > SIZE_MAX / 2)
		return message_set(why, -EFBIG, "%s: file too large to be mapped", source->path);
	if (!status->st_size) {
		source->data = (const uint8_t *)"";
		return 0;
	}
	source->map_size = (size_t)status->st_size;
	source->map = mmap(NULL, source->map_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (source->map == MAP_FAILED) {
		int error = errno;

		source->map = NULL;
		return message_set(why, -error, "%s: %s", source->path, strerror(error));
	}
	source->data = source->map;
	source->size = source->map_size;
	return 0;
}

static int open_and_read(struct source *source, const char *path, bool file, uint64_t limit,
			 struct message *why)
{
	struct stat status;
	int fd, error;

	*source = (struct source){ .path = path };
	/* to open a device may do something, and a pipe into which nobody writes would be waited for */
	if (file && !stat(path, &status) && !S_ISREG(status.st_mode))
		return message_set(why, -EINVAL, "%s: expected a file", path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (file ? O_NONBLOCK : 0));
	if (fd < 0 || fstat(fd, &status) < 0) {
		error = errno;
		if (fd >= 0)
			close(fd);
		return message_set(why, -error, "%s: %s", path, strerror(error));
	}
	if (file && !S_ISREG(status.st_mode))
		error = message_set(why, -EINVAL, "%s: expected a file", path);
	/* those may have no end, as /dev/zero */
	else if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode))
		error = message_set(why, -EINVAL, "%s: a device; expected a file or a pipe", path);
	else if (S_ISREG(status.st_mode))
		error = map_file(source, fd, &status, why);
	else
		error = read_all(source, fd, limit, why);
	close(fd);
	return error;
}

int source_open(struct source *source, const char *path, uint64_t limit, struct message *why)
{
	return open_and_read(source, path, false, limit, why);
}

int source_open_file(struct source *source, const char *path, uint64_t limit, struct message *why)
{
	return open_and_read(source, path, true, limit, why);
}

void source_replace(struct source *source, void *heap, size_t size)
{
	source_close(source);
	source->heap = heap;
	source->data = heap;
	source->size = size;
}

void source_close(struct source *source)
{
	if (source->map)
		munmap(source->map, source->map_size);
	free(source->heap);
	source->map = NULL;
	source->heap = NULL;
	source->data = NULL;
	source->size = 0;
}

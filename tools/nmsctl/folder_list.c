// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "folder_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image.h"

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static bool named_as_image(const char *path)
{
	const char *end = strrchr(path, '.');

	return end && (!strcasecmp(end, ".png") || !strcasecmp(end, ".jpg") ||
		       !strcasecmp(end, ".jpeg"));
}

/* 1: an image, or what claims to be one; 0: another file. */
static int is_image(const char *path, struct message *why)
{
	uint8_t start[16];
	ssize_t got;
	int fd, error;

	if (named_as_image(path))
		return 1;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return message_set(why, -errno, "%s: %s", path, strerror(errno));
	got = read(fd, start, sizeof(start));
	error = errno;
	close(fd);
	if (got < 0)
		return message_set(why, -error, "%s: %s", path, strerror(error));
	return image_kind(start, (size_t)got) != IMAGE_NONE;
}

static int add_files(const char *folder, struct cells *files, struct cells *subfolders,
		     struct message *why);

static int add_entry(const char *folder, const char *name, struct cells *files,
		     struct cells *subfolders, struct message *why)
{
	struct stat status;
	char *path = NULL;
	int error = 0;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return message_set(why, -ENOMEM, "%s: out of memory", folder);
	if (stat(path, &status) < 0) {
		error = message_set(why, -errno, "%s: %s", path, strerror(errno));
	} else if (S_ISDIR(status.st_mode)) {
		if (subfolders)
			error = cells_add(subfolders, name, strlen(name));
	} else if (S_ISREG(status.st_mode)) {
		error = is_image(path, why);
		if (error > 0)
			error = cells_add(files, path, strlen(path));
	}
	if (error == -ENOMEM)
		message_set(why, error, "%s: out of memory", folder);
	free(path);
	return error;
}

/* Append the images in @folder to @files, and the folders in it to @subfolders (may be NULL). */
static int add_files(const char *folder, struct cells *files, struct cells *subfolders,
		     struct message *why)
{
	struct dirent **names;
	int error = 0, count = scandir(folder, &names, is_visible, by_bytes);

	if (count < 0)
		return message_set(why, -errno, "%s: %s", folder, strerror(errno));
	for (int i = 0; i < count && !error; i++)
		error = add_entry(folder, names[i]->d_name, files, subfolders, why);
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
	return error;
}

static int note_class(struct folder_list *list, size_t from, const char *name)
{
	size_t class = list->classes.count;
	uint32_t *grown;

	grown = realloc(list->class, list->paths.count * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	list->class = grown;
	for (size_t i = from; i < list->paths.count; i++)
		grown[i] = (uint32_t)class;
	return cells_add(&list->classes, name, strlen(name));
}

static int add_class(const char *path, const char *name, struct folder_list *list,
		     struct message *why)
{
	size_t before = list->paths.count;
	char *folder = NULL;
	int error;

	if (asprintf(&folder, "%s/%s", path, name) < 0)
		return message_set(why, -ENOMEM, "%s: out of memory", path);
	error = add_files(folder, &list->paths, NULL, why);
	/* a folder without images is no class */
	if (!error && list->paths.count > before) {
		error = note_class(list, before, name);
		if (error)
			message_set(why, error, "%s: out of memory", path);
	}
	free(folder);
	return error;
}

int folder_list_read(const char *path, struct folder_list *list, struct message *why)
{
	struct cells subfolders = { 0 };
	size_t flat;
	int error;

	*list = (struct folder_list){ 0 };
	error = add_files(path, &list->paths, &subfolders, why);
	flat = list->paths.count;
	for (size_t i = 0; i < subfolders.count && !error; i++) {
		error = add_class(path, cells_get(&subfolders, i), list, why);
		if (!error && flat && list->paths.count > flat)
			error = message_set(why, -EINVAL, "%s: images both beside and in subfolders (%.64s)",
					    cells_get(&list->paths, 0), cells_get(&subfolders, i));
	}
	cells_release(&subfolders);
	if (error)
		folder_list_release(list);
	return error;
}

void folder_list_release(struct folder_list *list)
{
	cells_release(&list->paths);
	cells_release(&list->classes);
	free(list->class);
	*list = (struct folder_list){ 0 };
}

// SPDX-License-Identifier: GPL-2.0-only
/* A folder of images of one size, with a class in each subfolder. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "classes.h"
#include "content.h"
#include "folder_list.h"
#include "image.h"

/* One file into @pixels, or only its size into @image. */
static int read_image(const struct content *content, const char *path, struct image *image,
		      uint8_t *pixels, struct message *why)
{
	const struct image wanted = *image;
	char text[IMAGE_MESSAGE];
	struct source source;
	int error;

	error = source_open_file(&source, path, content->options.memory_limit, why);
	if (error) {
		source_close(&source);
		return error;
	}
	error = image_decode(source.data, source.size, image, pixels, text);
	source_close(&source);
	if (error == -ERANGE)
		return message_set(why, -EINVAL, "%s: %zu x %zu pixels of %zu channels, the files before have %zu x %zu of %zu",
				   path, image->width, image->height, image->channels,
				   wanted.width, wanted.height, wanted.channels);
	if (error)
		return message_set(why, error, "%s: %s", path, text);
	return 0;
}

static int read_images(struct content *content, const struct folder_list *list,
		       struct message *why)
{
	struct array *x = &content->x;
	struct image image = { 0 };
	size_t bytes, row;
	uint8_t *pixels = NULL;
	int error;

	error = read_image(content, cells_get(&list->paths, 0), &image, NULL, why);
	if (error)
		return error;
	*x = (struct array){
		.element = ELEMENT_U8, .ndim = image.channels > 1 ? 4 : 3,
		.shape = { list->paths.count, image.height, image.width, image.channels },
	};
	if (array_bytes(x->element, x->shape, x->ndim, &bytes) &&
	    bytes <= content->options.memory_limit)
		pixels = malloc(bytes);
	if (!pixels)
		return message_set(why, -ENOMEM, "%s: %zu images of %zu x %zu pixels do not fit into memory",
				   content->path, list->paths.count, image.width, image.height);
	x->data = pixels;
	x->heap = pixels;
	row = array_cols(x);
	for (size_t i = 0; i < list->paths.count && !error; i++)
		error = read_image(content, cells_get(&list->paths, i), &image, pixels + i * row, why);
	return error;
}

static int take_classes(struct content *content, struct folder_list *list, struct message *why)
{
	if (!list->class)
		return 0;
	content->class_names = class_names_copy(&list->classes);
	if (!content->class_names)
		return message_set(why, -ENOMEM, "%s: out of memory", content->path);
	content->nclasses = list->classes.count;
	content->y = (struct array){
		.data = (const uint8_t *)list->class, .heap = list->class,
		.element = ELEMENT_U32, .ndim = 1, .shape = { list->paths.count },
	};
	list->class = NULL;
	return 0;
}

int folder_read(struct content *content, struct message *why)
{
	struct folder_list list;
	int error;

	content->format = "folder";
	error = folder_list_read(content->path, &list, why);
	if (error)
		return error;
	if (!list.paths.count)
		error = message_set(why, -EINVAL, "%s: a folder without PNG or JPEG files, in it or in its subfolders",
				    content->path);
	if (!error && list.paths.count > UINT32_MAX - 1)
		error = message_set(why, -EINVAL, "%s: too many files", content->path);
	if (!error && content->wanted == WANT_ROWS)
		error = read_images(content, &list, why);
	if (!error)
		error = take_classes(content, &list, why);
	if (!error && content->wanted != WANT_ROWS) {
		content->x = content->y;
		content->y = (struct array){ 0 };
		if (!content->x.data)
			error = message_set(why, -EINVAL, "%s: a folder without subfolders has no labels",
					    content->path);
	}
	folder_list_release(&list);
	return error;
}

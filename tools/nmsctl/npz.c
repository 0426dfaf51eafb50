// SPDX-License-Identifier: GPL-2.0-only
/* Zip of NumPy arrays, as numpy.savez() and numpy.savez_compressed() write them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "content.h"
#include "npy.h"

/* Deflate cannot pack more than this into a byte. */
#define DEFLATE_RATIO 1032u

struct member {
	zip_file_t *file;
	zip_stat_t stat;
	char where[384];	/* path and name, for messages */
};

static int open_archive(const struct content *content, zip_t **archive, struct message *why)
{
	zip_error_t error;
	zip_source_t *bytes;

	zip_error_init(&error);
	bytes = zip_source_buffer_create(content->source.data, content->source.size, 0, &error);
	*archive = bytes ? zip_open_from_source(bytes, ZIP_RDONLY, &error) : NULL;
	if (!*archive) {
		/* of the first things that it allocates libzip says nothing */
		message_set(why, 0, "%s: npz: %s", content->path,
			    zip_error_code_zip(&error) == ZIP_ER_OK ? "out of memory" :
			    zip_error_strerror(&error));
		zip_source_free(bytes);
	}
	zip_error_fini(&error);
	return *archive ? 0 : -EINVAL;
}

static int member_open(zip_t *archive, zip_uint64_t i, const struct content *content,
		       struct member *member, struct message *why)
{
	const zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
	const char *name = zip_get_name(archive, i, ZIP_FL_ENC_RAW);

	member->file = NULL;
	snprintf(member->where, sizeof(member->where), "%.255s: member %.100s", content->path,
		 name ? name : "?");
	if (zip_stat_index(archive, i, 0, &member->stat) || (member->stat.valid & needed) != needed)
		return message_set(why, -EINVAL, "%s: damaged zip directory", member->where);
	if (member->stat.comp_method == ZIP_CM_DEFLATE &&
	    member->stat.size / DEFLATE_RATIO > member->stat.comp_size)
		return message_set(why, -EINVAL, "%s: zip promises %llu bytes from %llu compressed, more than can be",
				   member->where, (unsigned long long)member->stat.size,
				   (unsigned long long)member->stat.comp_size);
	member->file = zip_fopen_index(archive, i, 0);
	if (!member->file)
		return message_set(why, -EINVAL, "%s: %s", member->where, zip_strerror(archive));
	return 0;
}

static void member_close(struct member *member)
{
	if (member->file)
		zip_fclose(member->file);
	member->file = NULL;
}

/* Exactly @size bytes. */
static int member_read(struct member *member, void *to, size_t size, struct message *why)
{
	uint8_t *at = to;

	while (size) {
		zip_int64_t got = zip_fread(member->file, at, size < 1 << 30 ? size : 1 << 30);

		if (got < 0)
			return message_set(why, -EINVAL, "%s: %s", member->where,
					   zip_file_strerror(member->file));
		if (!got)
			return message_set(why, -EINVAL, "%s: truncated", member->where);
		at += got;
		size -= (size_t)got;
	}
	return 0;
}

/* The checksum is compared when the end is reached. */
static int member_finish(struct member *member, struct message *why)
{
	uint8_t rest[4096];
	zip_int64_t got;

	do {
		got = zip_fread(member->file, rest, sizeof(rest));
	} while (got > 0);
	if (got < 0)
		return message_set(why, -EINVAL, "%s: %s", member->where,
				   zip_file_strerror(member->file));
	return 0;
}

/* The header, of an array whose data is still to be read. */
static int read_header(struct member *member, struct array *array, size_t *bytes,
		       struct message *why)
{
	uint8_t prefix[NPY_PREFIX], *header;
	size_t size = 0;
	int error;

	if (member->stat.size < sizeof(prefix))
		return message_set(why, -EINVAL, "%s: not a NumPy array", member->where);
	error = member_read(member, prefix, sizeof(prefix), why);
	if (error)
		return error;
	if (!npy_looks_like(prefix, sizeof(prefix)))
		return message_set(why, -EINVAL, "%s: not a NumPy array", member->where);
	error = npy_header_size(prefix, sizeof(prefix), member->where, &size, why);
	if (error)
		return error;
	if (size > member->stat.size || size < sizeof(prefix))
		return message_set(why, -EINVAL, "%s: truncated NumPy header", member->where);
	header = malloc(size);
	if (!header)
		return message_set(why, -ENOMEM, "%s: out of memory", member->where);
	memcpy(header, prefix, sizeof(prefix));
	error = member_read(member, header + sizeof(prefix), size - sizeof(prefix), why);
	if (!error)
		error = npy_parse_header(header, size, member->where, array, bytes, why);
	if (!error && *bytes != member->stat.size - size)
		error = message_set(why, -EINVAL, "%s: %llu bytes of elements, its NumPy header promises %zu",
				    member->where,
				    (unsigned long long)(member->stat.size - size), *bytes);
	free(header);
	return error;
}

static int read_member(zip_t *archive, zip_uint64_t i, const struct content *content,
		       struct array *array, struct message *why)
{
	struct member member;
	size_t bytes = 0;
	void *data = NULL;
	int error;

	error = member_open(archive, i, content, &member, why);
	if (!error)
		error = read_header(&member, array, &bytes, why);
	if (error)
		goto out;
	if (bytes <= content->options.memory_limit)
		data = malloc(bytes ? bytes : 1);
	if (!data) {
		error = message_set(why, -ENOMEM, "%s: %zu bytes do not fit into memory",
				    member.where, bytes);
		goto out;
	}
	error = member_read(&member, data, bytes, why);
	if (!error)
		error = member_finish(&member, why);
	if (error) {
		free(data);
		goto out;
	}
	array->data = data;
	array->heap = data;
out:
	member_close(&member);
	return error;
}

/* The member called @name or @name.npy, or -1. */
static zip_int64_t locate(zip_t *archive, const char *name)
{
	char full[256];
	zip_int64_t i = zip_name_locate(archive, name, ZIP_FL_ENC_RAW);

	if (i >= 0 || (size_t)snprintf(full, sizeof(full), "%s.npy", name) >= sizeof(full))
		return i;
	return zip_name_locate(archive, full, ZIP_FL_ENC_RAW);
}

static zip_int64_t locate_any(zip_t *archive, const char *const *names)
{
	zip_int64_t i = -1;

	for (; *names && i < 0; names++)
		i = locate(archive, *names);
	return i;
}

static const char *const label_names[] = { "y", "labels", "label", "target", "targets", NULL };
static const char *const row_names[] = { "x", "X", "data", NULL };
static const char *const index_names[] = { "index", "indices", NULL };

/* The first member with two or more dimensions, or else the first; 0 if none can be read. */
static zip_int64_t first_matrix(zip_t *archive, const struct content *content)
{
	zip_int64_t count = zip_get_num_entries(archive, 0);

	for (zip_int64_t i = 0; i < count; i++) {
		struct array array = { 0 };
		struct member member;
		size_t bytes;
		int error;

		error = member_open(archive, (zip_uint64_t)i, content, &member, NULL);
		if (!error)
			error = read_header(&member, &array, &bytes, NULL);
		member_close(&member);
		if (!error && array.ndim > 1)
			return i;
	}
	return 0;
}

static int choose(zip_t *archive, const struct content *content, zip_int64_t *chosen,
		  struct message *why)
{
	const char *const *names = content->wanted == WANT_ROWS ? row_names :
				   content->wanted == WANT_LABELS ? label_names : index_names;
	zip_int64_t count = zip_get_num_entries(archive, 0);

	if (count < 1)
		return message_set(why, -EINVAL, "%s: npz: an empty zip", content->path);
	if (content->options.member) {
		*chosen = locate(archive, content->options.member);
		if (*chosen < 0)
			return message_set(why, -EINVAL, "%s: npz: no member '%s' among its %lld",
					   content->path, content->options.member,
					   (long long)count);
		return 0;
	}
	*chosen = locate_any(archive, names);
	if (*chosen < 0 && content->wanted == WANT_ROWS)
		*chosen = first_matrix(archive, content);
	if (*chosen < 0 && count == 1)
		*chosen = 0;
	if (*chosen < 0)
		return message_set(why, -EINVAL, "%s: npz: no member '%s' among its %lld",
				   content->path, names[0], (long long)count);
	return 0;
}

int npz_read(struct content *content, struct message *why)
{
	zip_int64_t chosen = -1, labels = -1;
	zip_t *archive;
	int error;

	error = open_archive(content, &archive, why);
	if (error)
		return error;
	error = choose(archive, content, &chosen, why);
	if (!error)
		error = read_member(archive, (zip_uint64_t)chosen, content, &content->x, why);
	/* whoever names a member wants that one alone */
	if (!error && content->wanted == WANT_ROWS && !content->options.member)
		labels = locate_any(archive, label_names);
	if (labels >= 0 && labels != chosen)
		error = read_member(archive, (zip_uint64_t)labels, content, &content->y, why);
	content->format = "npz";
	zip_discard(archive);
	return error;
}

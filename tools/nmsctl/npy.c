// SPDX-License-Identifier: GPL-2.0-only
/*
 * NumPy arrays (numpy.lib.format): magic, version, length of the header, and the header, which is a
 * Python dictionary with the keys descr, fortran_order and shape.
 */
#include "npy.h"

#include <errno.h>
#include <string.h>

#include "content.h"

#define MAX_HEADER (1u << 20)

static const char magic[6] = { '\x93', 'N', 'U', 'M', 'P', 'Y' };

struct parser {
	const char *at, *end;
	const char *start;	/* of the file, for offsets */
	const char *where;
	struct message *why;
	struct array *array;
	bool fortran;
	unsigned int seen;	/* keys: 1 descr, 2 fortran_order, 4 shape */
};

static int damaged(struct parser *p, const char *expected)
{
	return message_set(p->why, -EINVAL, "%s: byte %zu: damaged NumPy header, expected %s",
			   p->where, (size_t)(p->at - p->start), expected);
}

static void skip_space(struct parser *p)
{
	while (p->at < p->end && (*p->at == ' ' || *p->at == '\n' || *p->at == '\t'))
		p->at++;
}

static bool take(struct parser *p, char c)
{
	skip_space(p);
	if (p->at >= p->end || *p->at != c)
		return false;
	p->at++;
	return true;
}

static bool take_word(struct parser *p, const char *word)
{
	size_t n = strlen(word);

	skip_space(p);
	if ((size_t)(p->end - p->at) < n || memcmp(p->at, word, n))
		return false;
	p->at += n;
	return true;
}

/* A quoted string without escapes, as NumPy writes them. */
static bool take_string(struct parser *p, char *text, size_t room)
{
	char quote;
	size_t n = 0;

	skip_space(p);
	if (p->at >= p->end || (*p->at != '\'' && *p->at != '"'))
		return false;
	quote = *p->at++;
	for (; p->at < p->end && *p->at != quote; p->at++) {
		if (n + 1 >= room || *p->at == '\\')
			return false;
		text[n++] = *p->at;
	}
	text[n] = '\0';
	return p->at++ < p->end;
}

static int parse_descr(struct parser *p)
{
	char descr[32];

	skip_space(p);
	if (p->at < p->end && *p->at == '[')
		return message_set(p->why, -EINVAL, "%s: a structured array; expected one of numbers",
				   p->where);
	if (!take_string(p, descr, sizeof(descr)))
		return damaged(p, "the element type in quotes");
	if (!element_from_descr(descr, &p->array->element, &p->array->swap))
		return message_set(p->why, -EINVAL, "%s: elements of type '%s'; expected bool, integers of 8 to 64 or floats of 16 to 64 bits",
				   p->where, descr);
	return 0;
}

static int parse_order(struct parser *p)
{
	if (take_word(p, "True"))
		p->fortran = true;
	else if (!take_word(p, "False"))
		return damaged(p, "True or False for fortran_order");
	return 0;
}

static int parse_dimension(struct parser *p, size_t *dimension)
{
	const char *from;

	skip_space(p);
	from = p->at;
	*dimension = 0;
	for (; p->at < p->end && *p->at >= '0' && *p->at <= '9'; p->at++)
		if (__builtin_mul_overflow(*dimension, (size_t)10, dimension) ||
		    __builtin_add_overflow(*dimension, (size_t)(*p->at - '0'), dimension))
			return damaged(p, "a possible dimension");
	if (p->at == from)
		return damaged(p, "a dimension");
	/* Python 2 wrote long integers so */
	if (p->at < p->end && *p->at == 'L')
		p->at++;
	return 0;
}

static int parse_shape(struct parser *p)
{
	struct array *a = p->array;

	a->ndim = 0;
	if (!take(p, '('))
		return damaged(p, "the shape in parentheses");
	while (!take(p, ')')) {
		int error;

		if (a->ndim == ARRAY_MAX_NDIM)
			return message_set(p->why, -EINVAL, "%s: more than %d dimensions",
					   p->where, ARRAY_MAX_NDIM);
		error = parse_dimension(p, &a->shape[a->ndim++]);
		if (error)
			return error;
		if (!take(p, ',')) {
			if (!take(p, ')'))
				return damaged(p, "',' or ')' in the shape");
			break;
		}
	}
	return 0;
}

static int parse_item(struct parser *p)
{
	static const char *const keys[] = { "descr", "fortran_order", "shape" };
	static int (*const parse[])(struct parser *p) = { parse_descr, parse_order, parse_shape };
	char key[32];

	if (!take_string(p, key, sizeof(key)))
		return damaged(p, "a key in quotes");
	for (unsigned int i = 0; i < 3; i++) {
		if (strcmp(key, keys[i]))
			continue;
		if (p->seen & 1u << i)
			return damaged(p, "each key once");
		p->seen |= 1u << i;
		if (!take(p, ':'))
			return damaged(p, "':'");
		return parse[i](p);
	}
	return damaged(p, "the keys descr, fortran_order and shape");
}

static int parse_dictionary(struct parser *p)
{
	if (!take(p, '{'))
		return damaged(p, "'{'");
	while (!take(p, '}')) {
		int error = parse_item(p);

		if (error)
			return error;
		if (!take(p, ',')) {
			if (!take(p, '}'))
				return damaged(p, "',' or '}'");
			break;
		}
	}
	skip_space(p);
	if (p->at != p->end)
		return damaged(p, "spaces up to the end of the header");
	return p->seen == 7 ? 0 : damaged(p, "the keys descr, fortran_order and shape");
}

/* Whether the order makes a difference. */
static bool has_columns(const struct array *array)
{
	size_t longer = 0;

	for (size_t i = 0; i < array->ndim; i++)
		longer += array->shape[i] > 1;
	return longer > 1;
}

bool npy_looks_like(const uint8_t *data, size_t size)
{
	return size >= sizeof(magic) && !memcmp(data, magic, sizeof(magic));
}

int npy_header_size(const uint8_t *data, size_t size, const char *where, size_t *header,
		    struct message *why)
{
	size_t prefix = size > 6 && data[6] == 1 ? 10 : 12, length;

	if (size < prefix)
		return message_set(why, -EINVAL, "%s: truncated: %zu bytes, shorter than a NumPy header",
				   where, size);
	if (data[6] < 1 || data[6] > 3 || data[7])
		return message_set(why, -EINVAL, "%s: byte 6: NumPy format version %u.%u; expected 1.0, 2.0 or 3.0",
				   where, data[6], data[7]);
	length = (size_t)data[8] | (size_t)data[9] << 8;
	if (prefix == 12)
		length |= (size_t)data[10] << 16 | (size_t)data[11] << 24;
	if (length > MAX_HEADER)
		return message_set(why, -EINVAL, "%s: byte 8: NumPy header of %zu bytes; expected at most %u",
				   where, length, MAX_HEADER);
	*header = prefix + length;
	return 0;
}

int npy_parse_header(const uint8_t *data, size_t header, const char *where, struct array *array,
		     size_t *bytes, struct message *why)
{
	struct parser p = {
		.start = (const char *)data,
		.at = (const char *)data + (data[6] == 1 ? 10 : 12),
		.end = (const char *)data + header,
		.where = where, .why = why, .array = array,
	};
	int error;

	*array = (struct array){ 0 };
	error = parse_dictionary(&p);
	if (error)
		return error;
	if (!array->ndim)
		return message_set(why, -EINVAL, "%s: a single number (shape ()); expected rows", where);
	if (!array_bytes(array->element, array->shape, array->ndim, bytes))
		return message_set(why, -EINVAL, "%s: NumPy header with an impossible shape", where);
	if (p.fortran && has_columns(array))
		return message_set(why, -EINVAL, "%s: in Fortran order (columns one after the other); save numpy.ascontiguousarray() of it",
				   where);
	return 0;
}

int npy_read(struct content *content, struct message *why)
{
	const struct source *source = &content->source;
	size_t header = 0, bytes = 0;
	int error;

	error = npy_header_size(source->data, source->size, content->path, &header, why);
	if (error)
		return error;
	if (header > source->size)
		return message_set(why, -EINVAL, "%s: truncated: %zu bytes, its NumPy header alone has %zu",
				   content->path, source->size, header);
	error = npy_parse_header(source->data, header, content->path, &content->x, &bytes, why);
	if (error)
		return error;
	/* what comes after the array is another, as numpy.save() to an open file leaves it */
	if (bytes > source->size - header)
		return message_set(why, -EINVAL, "%s: truncated: %zu bytes, its NumPy header promises %zu",
				   content->path, source->size, header + bytes);
	content->x.data = source->data + header;
	content->format = "npy";
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
#include "inflate.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#include "idx.h"

/* Deflate cannot pack more than this into a byte. */
#define DEFLATE_RATIO 1032u

struct output_buffer {
	uint8_t *bytes;
	size_t size, room;
	uint64_t limit;
	bool from_header;	/* the limit is what the header promises */
};

bool source_is_gzip(const struct source *source)
{
	return source->size >= 18 && source->data[0] == 0x1f && source->data[1] == 0x8b &&
	       source->data[2] == 8;
}

/* The trailer tells the size modulo 2^32: a hint, no more than the bytes there are could hold. */
static size_t size_hint(const struct source *source)
{
	const uint8_t *last = source->data + source->size - 4;
	size_t hint = (size_t)last[0] | (size_t)last[1] << 8 | (size_t)last[2] << 16 |
		      (size_t)last[3] << 24;
	size_t most = source->size > SIZE_MAX / DEFLATE_RATIO ? SIZE_MAX
							      : source->size * DEFLATE_RATIO;

	hint = hint < most ? hint : most;
	return hint < 65536 ? 65536 : hint + 1;
}

static int too_much(const struct source *source, const struct output_buffer *out,
		    struct message *why)
{
	if (out->from_header)
		return message_set(why, -EINVAL, "%s: gzip: holds more than the %llu bytes that its IDX header promises",
				   source->path, (unsigned long long)out->limit);
	return message_set(why, -ENOMEM, "%s: gzip: more than fits into memory (limit %llu bytes)",
			   source->path, (unsigned long long)out->limit);
}

static int make_room(const struct source *source, struct output_buffer *out, struct message *why)
{
	size_t more = out->room ? out->room * 2 : size_hint(source);
	uint8_t *grown;

	if (out->room > out->limit || more < out->room)
		return too_much(source, out, why);
	/* one more than the limit, to notice when it is passed */
	if (more > out->limit)
		more = (size_t)out->limit + 1;
	grown = realloc(out->bytes, more);
	if (!grown)
		return message_set(why, -ENOMEM, "%s: gzip: out of memory", source->path);
	out->bytes = grown;
	out->room = more;
	return 0;
}

/* A header that tells the size bounds what a small file can blow up to. */
static void bound_by_header(struct output_buffer *out)
{
	uint64_t promised;

	if (out->from_header || !idx_promised_size(out->bytes, out->size, &promised))
		return;
	if (promised < out->limit) {
		out->limit = promised;
		out->from_header = true;
	}
}

/* One step of inflate; the end of a member is Z_STREAM_END. */
static int step(z_stream *stream, const struct source *source, size_t *at,
		struct output_buffer *out)
{
	size_t in = source->size - *at, room = out->room - out->size;
	int status;

	/* not all at once, to look at the header before the rest */
	if (room > 1 << 20)
		room = 1 << 20;
	if (in > 1 << 30)
		in = 1 << 30;
	stream->next_in = (Bytef *)(source->data + *at);
	stream->avail_in = (uInt)in;
	stream->next_out = out->bytes + out->size;
	stream->avail_out = (uInt)room;
	status = inflate(stream, Z_NO_FLUSH);
	*at += in - stream->avail_in;
	out->size += room - stream->avail_out;
	return status;
}

/* After a member: another one (1), the end or zeros (0), or else. */
static int after_member(const struct source *source, size_t at, struct message *why)
{
	if (source->size - at >= 2 && source->data[at] == 0x1f && source->data[at + 1] == 0x8b)
		return 1;
	for (size_t i = at; i < source->size; i++)
		if (source->data[i])
			return message_set(why, -EINVAL, "%s: byte %zu: not gzip, after the end of a gzip member",
					   source->path, i);
	return 0;
}

static int inflate_members(z_stream *stream, const struct source *source,
			   struct output_buffer *out, struct message *why)
{
	size_t at = 0;

	for (;;) {
		int error = out->size == out->room ? make_room(source, out, why) : 0;
		int status;

		if (error)
			return error;
		status = step(stream, source, &at, out);
		bound_by_header(out);
		if (out->size > out->limit)
			return too_much(source, out, why);
		if (status == Z_STREAM_END) {
			error = after_member(source, at, why);
			if (error <= 0)
				return error;
			inflateReset(stream);
		} else if (status == Z_MEM_ERROR) {
			return message_set(why, -ENOMEM, "%s: gzip: out of memory", source->path);
		} else if (status != Z_OK && (status != Z_BUF_ERROR || out->size < out->room)) {
			return message_set(why, -EINVAL, "%s: byte %zu: gzip: %s", source->path, at,
					   at == source->size ? "truncated" :
					   stream->msg ? stream->msg : "damaged");
		}
	}
}

int source_inflate(struct source *source, uint64_t limit, struct message *why)
{
	struct output_buffer out = { .limit = limit < SIZE_MAX / 2 ? limit : SIZE_MAX / 2 };
	z_stream stream = { 0 };
	int error;

	if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK)
		return message_set(why, -ENOMEM, "%s: gzip: out of memory", source->path);
	error = inflate_members(&stream, source, &out, why);
	inflateEnd(&stream);
	if (error) {
		free(out.bytes);
		return error;
	}
	source_replace(source, out.bytes, out.size);
	return 0;
}

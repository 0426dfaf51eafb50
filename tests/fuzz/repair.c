// SPDX-License-Identifier: GPL-2.0-only
#include "repair.h"

#include <string.h>
#include <zlib.h>

#define CIFAR_RECORD 3073

static uint32_t get32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t get16(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8;
}

static void put32(uint8_t *p, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(value >> 8 * i);
}

static void put_be32(uint8_t *p, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(value >> (24 - 8 * i));
}

static uint32_t sum_of(const uint8_t *data, size_t size)
{
	return (uint32_t)crc32(0, data, (uInt)size);
}

size_t repair_none(uint8_t *data, size_t size, size_t room)
{
	(void)data;
	(void)room;
	return size;
}

/* The header ends with the newline that follows its dictionary. */
size_t repair_npy(uint8_t *data, size_t size, size_t room)
{
	size_t at;
	uint8_t *end;

	(void)room;
	if (size < 12)
		return size;
	memcpy(data, "\x93NUMPY", 6);
	data[6] = (uint8_t)(data[6] % 3 + 1);
	data[7] = 0;
	at = data[6] == 1 ? 10 : 12;
	end = memchr(data + at, '\n', size - at);
	if (!end)
		return size;
	data[8] = (uint8_t)(end + 1 - data - at);
	data[9] = (uint8_t)((end + 1 - data - at) >> 8);
	if (data[6] > 1)
		data[10] = data[11] = 0;
	return size;
}

/* Stored members: their checksum, in front of them and in the directory, in order. */
size_t repair_zip(uint8_t *data, size_t size, size_t room)
{
	uint32_t sums[16];
	size_t count = 0, used = 0;

	(void)room;
	for (size_t at = 0; at + 46 <= size; at++) {
		if (!memcmp(data + at, "PK\3\4", 4) && count < 16) {
			size_t from = at + 30 + get16(data + at + 26) + get16(data + at + 28);
			size_t length = get32(data + at + 18);

			if (get16(data + at + 8) || from > size || length > size - from)
				return size;
			sums[count] = sum_of(data + from, length);
			put32(data + at + 14, sums[count++]);
			at = from + length - 1;
		} else if (!memcmp(data + at, "PK\1\2", 4) && used < count) {
			put32(data + at + 16, sums[used++]);
		}
	}
	return size;
}

/* As many rows as there are bytes for. */
size_t repair_idx(uint8_t *data, size_t size, size_t room)
{
	static const uint8_t kinds[] = { 0x08, 0x09, 0x0b, 0x0c, 0x0d, 0x0e };
	static const uint8_t widths[] = { 1, 1, 2, 4, 4, 8 };
	unsigned int kind, ndim;
	uint64_t row = 1;

	(void)room;
	if (size < 16)
		return size;
	kind = data[2] % 6;
	ndim = 1 + data[3] % 3;
	memcpy(data, (uint8_t [4]){ 0, 0, kinds[kind], (uint8_t)ndim }, 4);
	for (unsigned int i = 1; i < ndim; i++) {
		data[4 + 4 * i] = data[5 + 4 * i] = data[6 + 4 * i] = 0;
		row *= data[7 + 4 * i];
	}
	row *= widths[kind];
	if (row)
		put_be32(data + 4, (uint32_t)((size - 4 - 4 * ndim) / row));
	return row ? 4 + 4 * ndim + (size - 4 - 4 * ndim) / row * row : size;
}

size_t repair_cifar(uint8_t *data, size_t size, size_t room)
{
	size_t record = CIFAR_RECORD + (size & 1);
	size_t whole = (size + record - 1) / record * record;

	if (!whole || whole > room)
		return size / record * record;
	memset(data + size, 0, whole - size);
	for (size_t i = 0; i < whole; i += record)
		data[i + record - CIFAR_RECORD] %= record == CIFAR_RECORD ? 12 : 128;
	return whole;
}

/* One member with one stored block, as gzip -0 has it for what is short. */
size_t repair_gzip(uint8_t *data, size_t size, size_t room)
{
	size_t length;

	(void)room;
	if (size < 23 || size - 23 > 65535)
		return size;
	length = size - 23;
	memcpy(data, "\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
	data[10] = 1;
	data[11] = (uint8_t)length;
	data[12] = (uint8_t)(length >> 8);
	data[13] = (uint8_t)~data[11];
	data[14] = (uint8_t)~data[12];
	put32(data + size - 8, sum_of(data + 15, length));
	put32(data + size - 4, (uint32_t)length);
	return size;
}

/* The checksum of each chunk, as far as the lengths lead. */
size_t repair_png(uint8_t *data, size_t size, size_t room)
{
	size_t at = 8;

	(void)room;
	if (size < 8)
		return size;
	memcpy(data, "\x89PNG\r\n\x1a\n", 8);
	while (size - at >= 12) {
		size_t length = (size_t)data[at] << 24 | (size_t)data[at + 1] << 16 |
				(size_t)data[at + 2] << 8 | data[at + 3];

		if (length > size - at - 12)
			break;
		put_be32(data + at + 8 + length, sum_of(data + at + 4, length + 4));
		at += 12 + length;
	}
	return size;
}

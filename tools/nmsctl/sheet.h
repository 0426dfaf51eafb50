/* SPDX-License-Identifier: GPL-2.0-only */
/* Many small pictures in one PNG. */
#ifndef NMSCTL_SHEET_H
#define NMSCTL_SHEET_H

#include <stddef.h>
#include <stdint.h>

struct sheet {
	uint8_t *data;		/* a PNG file; free() it */
	size_t size, room;
};

/*
 * @pixels: row after row of @channels (1 or 3) samples, in @levels (16 or 256) levels from 0.
 * 0 or -ENOMEM.
 */
int sheet_encode(const uint8_t *pixels, size_t width, size_t height, size_t channels,
		 unsigned int levels, struct sheet *sheet);

#endif /* NMSCTL_SHEET_H */

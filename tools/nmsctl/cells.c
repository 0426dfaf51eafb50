// SPDX-License-Identifier: GPL-2.0-only
#include "cells.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Sizes are those of things in memory, so that doubling cannot overflow. */
static int grow(struct cells *cells, size_t size)
{
	if (cells->count == cells->slots) {
		size_t slots = cells->slots ? cells->slots * 2 : 64;
		size_t *at = realloc(cells->at, slots * sizeof(*at));

		if (!at)
			return -ENOMEM;
		cells->at = at;
		cells->slots = slots;
	}
	if (cells->room - cells->size <= size) {
		size_t room = (cells->room + size + 1) * 2;
		char *bytes = realloc(cells->bytes, room);

		if (!bytes)
			return -ENOMEM;
		cells->bytes = bytes;
		cells->room = room;
	}
	return 0;
}

int cells_add(struct cells *cells, const char *text, size_t size)
{
	int error = grow(cells, size);

	if (error)
		return error;
	if (size)
		memcpy(cells->bytes + cells->size, text, size);
	cells->bytes[cells->size + size] = '\0';
	cells->at[cells->count++] = cells->size;
	cells->size += size + 1;
	return 0;
}

const char *cells_get(const struct cells *cells, size_t i)
{
	return cells->bytes + cells->at[i];
}

size_t cells_length(const struct cells *cells, size_t i)
{
	return (i + 1 < cells->count ? cells->at[i + 1] : cells->size) - cells->at[i] - 1;
}

void cells_clear(struct cells *cells)
{
	cells->size = 0;
	cells->count = 0;
}

void cells_release(struct cells *cells)
{
	free(cells->bytes);
	free(cells->at);
	*cells = (struct cells){ 0 };
}

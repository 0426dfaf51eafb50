// SPDX-License-Identifier: GPL-2.0-only
#include "csv_table.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

/* The first of the three types that takes @value. */
static enum element element_for(double value)
{
	if (value >= 0 && value <= 255 && value == trunc(value) && !signbit(value))
		return ELEMENT_U8;
	if (isfinite(value) && fabs(value) > (double)FLT_MAX)
		return ELEMENT_F64;
	if (fabs(value) <= 0x1p53 && value == trunc(value) && (double)(float)value != value)
		return ELEMENT_F64;
	return ELEMENT_F32;
}

static int widen_to_f32(struct csv_table *table)
{
	const uint8_t *narrow = table->values;
	size_t bytes;
	float *wide;

	if (__builtin_mul_overflow(table->room, sizeof(*wide), &bytes) || bytes > table->limit)
		return -ENOMEM;
	wide = malloc(bytes ? bytes : 1);
	if (!wide)
		return -ENOMEM;
	for (size_t i = 0; i < table->count; i++)
		wide[i] = narrow[i];
	free(table->values);
	table->values = wide;
	table->element = ELEMENT_F32;
	return 0;
}

static int grow(struct csv_table *table)
{
	size_t room = table->room ? table->room * 2 : 4096, bytes;
	void *grown;

	if (room < table->room || __builtin_mul_overflow(room, element_size(table->element), &bytes) ||
	    bytes > table->limit)
		return -ENOMEM;
	grown = realloc(table->values, bytes);
	if (!grown)
		return -ENOMEM;
	table->values = grown;
	table->room = room;
	return 0;
}

int csv_table_add(struct csv_table *table, double value)
{
	enum element element = element_for(value);
	int error = 0;

	if (element == ELEMENT_F64 && table->element != ELEMENT_F64)
		return -ERANGE;
	if (element == ELEMENT_F32 && table->element == ELEMENT_U8)
		error = widen_to_f32(table);
	if (!error && table->count == table->room)
		error = grow(table);
	if (error)
		return error;
	if (table->element == ELEMENT_U8)
		((uint8_t *)table->values)[table->count++] = (uint8_t)value;
	else if (table->element == ELEMENT_F32)
		((float *)table->values)[table->count++] = (float)value;
	else
		((double *)table->values)[table->count++] = value;
	return 0;
}

void csv_table_release(struct csv_table *table)
{
	free(table->values);
	table->values = NULL;
	table->count = 0;
	table->room = 0;
}

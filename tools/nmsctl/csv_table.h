/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers that come one by one, in the smallest element type that holds all of them. */
#ifndef NMSCTL_CSV_TABLE_H
#define NMSCTL_CSV_TABLE_H

#include <stdint.h>

#include "array.h"

struct csv_table {
	void *values;
	enum element element;	/* begin with ELEMENT_U8 (it may become ELEMENT_F32) or ELEMENT_F64 */
	size_t count, room;	/* values */
	uint64_t limit;		/* bytes */
};

/** -ENOMEM; -ERANGE: only ELEMENT_F64 takes it, and what has been rounded is to be read again. */
int csv_table_add(struct csv_table *table, double value);
void csv_table_release(struct csv_table *table);

#endif /* NMSCTL_CSV_TABLE_H */

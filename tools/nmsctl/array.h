/* SPDX-License-Identifier: GPL-2.0-only */
/* Elements in memory, as a file has them, and in the form that the library takes. */
#ifndef NMSCTL_ARRAY_H
#define NMSCTL_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataset.h"

enum element {
	ELEMENT_BOOL, ELEMENT_U8, ELEMENT_I8, ELEMENT_U16, ELEMENT_I16, ELEMENT_U32, ELEMENT_I32,
	ELEMENT_U64, ELEMENT_I64, ELEMENT_F16, ELEMENT_BF16, ELEMENT_F32, ELEMENT_F64
};

#define ARRAY_MAX_NDIM (DATASET_MAX_NDIM + 1)

struct array {
	const uint8_t *data;	/* NULL: absent */
	void *heap;		/* what data lies in, if it is the array's own; else NULL */
	enum element element;
	bool swap;		/* in the other byte order */
	size_t ndim;		/* at least 1; the first dimension is the rows */
	size_t shape[ARRAY_MAX_NDIM];
	size_t stride;		/* bytes from row to row; 0: packed */
};

/** Bytes. */
size_t element_size(enum element element);
/** NumPy's descr ("<f4", "|u1", ">i8"). */
bool element_from_descr(const char *descr, enum element *element, bool *swap);
/** "u8", "float32", "bf16" and so on, or a descr with its byte order. */
bool element_from_name(const char *name, enum element *element, bool *swap);

/** Bytes of the elements of @shape, false on overflow. */
bool array_bytes(enum element element, const size_t *shape, size_t ndim, size_t *bytes);
/** Elements of a row. */
size_t array_cols(const struct array *array);
/**
 * Convert to an element type of the library (see dataset.h), in new memory where need be, at most
 * @limit bytes.  Sets *@dtype (enum nms_dtype).  -ENOMEM.
 */
int array_settle(struct array *array, uint64_t limit, int *dtype);
/** Element @i of an array of one column as an integer; false if it is none that int64 holds. */
bool array_integer(const struct array *array, size_t i, int64_t *value);
void array_release(struct array *array);

#endif /* NMSCTL_ARRAY_H */

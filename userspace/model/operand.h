/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Matrices and vectors that a parameter block names: checked, then claimed. */
#ifndef OPERAND_H
#define OPERAND_H

#include "exec.h"
#include "rows.h"

enum operand_flag {
	OPERAND_WRITE	= 0x1,	/* the command writes it */
	OPERAND_OPTIONAL = 0x2,	/* range 0: absent, all its fields zero */
	OPERAND_F32	= 0x4,	/* matrix of float32, aligned */
	OPERAND_PADDED	= 0x8,	/* matrix: the rest of each row up to the stride is written too */
	OPERAND_U32	= 0x10,	/* matrix: u32 elements may be copied */
};

/*
 * Check the matrix whose description stands at @field of the block, and claim
 * it in @slot.  At most 2^32 - 1 rows, at least 1, and 1 column; rows do not
 * overlap.
 */
enum nms_hw_status operand_matrix(struct exec *x, unsigned int slot, size_t field,
				  const struct nms_hw_matrix *m, unsigned int flags);
/*
 * Check and claim a vector of 4-byte elements, at least one.  @count: how many
 * it must have; 0: any number below 2^32.
 */
enum nms_hw_status operand_vector(struct exec *x, unsigned int slot, size_t field,
				  const struct nms_hw_vector *v, uint64_t count,
				  unsigned int flags);

/* The same for @length bytes, of commands of data. */
enum nms_hw_status operand_bytes(struct exec *x, unsigned int slot, size_t field,
				 const struct nms_hw_near *near, uint64_t length,
				 unsigned int flags);

/* No operand that is written may overlap another. */
enum nms_hw_status operand_overlaps(struct exec *x);

/* The operand in @slot, NULL if absent. */
void *operand_at(const struct exec *x, unsigned int slot);
struct eng_rows operand_rows(const struct exec *x, unsigned int slot,
			     const struct nms_hw_matrix *m);

/* All values finite, and small enough to be squared.  Counts the reading. */
enum nms_hw_status operand_finite(struct exec *x, unsigned int slot,
				  const struct nms_hw_matrix *m);

/*
 * Lists of rows to keep and to drop: each below @n, no row kept twice, none
 * kept and dropped.  @left: rows that are not dropped.
 */
struct operand_list {
	unsigned int slot;
	uint64_t count;
};
enum nms_hw_status operand_lists(struct exec *x, uint64_t n, struct operand_list keep,
				 struct operand_list drop, uint64_t *left);

#endif /* OPERAND_H */

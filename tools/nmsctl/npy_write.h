/* SPDX-License-Identifier: GPL-2.0-only */
/* NumPy array files.  0 or negative errno; errors of the stream also stay in ferror(). */
#ifndef NMSCTL_NPY_WRITE_H
#define NMSCTL_NPY_WRITE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/** @count row numbers as int64. */
int npy_write_index(FILE *stream, const uint32_t *index, size_t count);
/** Matrix @rows x @cols of float32. */
int npy_write_f32(FILE *stream, const float *values, size_t rows, size_t cols);
/** @count uint32, one dimension. */
int npy_write_u32(FILE *stream, const uint32_t *values, size_t count);
/**
 * @rows packed rows of @dtype (enum nms_dtype), each of @shape (@ndim dimensions); the array has one
 * dimension more.  bf16, which NumPy has not, is written as float32 (exact).
 */
int npy_write_rows(FILE *stream, const void *rows, size_t nrows, int dtype,
		   const size_t *shape, size_t ndim);

#endif /* NMSCTL_NPY_WRITE_H */

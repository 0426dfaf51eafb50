// SPDX-License-Identifier: GPL-2.0-only
#include "array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"
#include "nmsdev.h"

static const struct {
	unsigned char size;
	char kind;		/* NumPy's letter; 0: NumPy has none */
	const char *name, *numpy;
} elements[] = {
	[ELEMENT_BOOL] = { 1, 'b', "bool", "bool" },
	[ELEMENT_U8] = { 1, 'u', "u8", "uint8" },
	[ELEMENT_I8] = { 1, 'i', "i8", "int8" },
	[ELEMENT_U16] = { 2, 'u', "u16", "uint16" },
	[ELEMENT_I16] = { 2, 'i', "i16", "int16" },
	[ELEMENT_U32] = { 4, 'u', "u32", "uint32" },
	[ELEMENT_I32] = { 4, 'i', "i32", "int32" },
	[ELEMENT_U64] = { 8, 'u', "u64", "uint64" },
	[ELEMENT_I64] = { 8, 'i', "i64", "int64" },
	[ELEMENT_F16] = { 2, 'f', "f16", "float16" },
	[ELEMENT_BF16] = { 2, 0, "bf16", "bfloat16" },
	[ELEMENT_F32] = { 4, 'f', "f32", "float32" },
	[ELEMENT_F64] = { 8, 'f', "f64", "float64" },
};

#define NELEMENTS (sizeof(elements) / sizeof(elements[0]))

size_t element_size(enum element element)
{
	return elements[element].size;
}

bool element_from_descr(const char *descr, enum element *element, bool *swap)
{
	const bool big_host = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;

	if (!*descr || !strchr("<>|=", *descr) || !descr[1] || !descr[2] || descr[3])
		return false;
	for (size_t i = 0; i < NELEMENTS; i++) {
		if (elements[i].kind != descr[1] || elements[i].size != descr[2] - '0')
			continue;
		*element = (enum element)i;
		*swap = elements[i].size > 1 && ((*descr == '>' && !big_host) ||
						 (*descr == '<' && big_host));
		return true;
	}
	return false;
}

bool element_from_name(const char *name, enum element *element, bool *swap)
{
	for (size_t i = 0; i < NELEMENTS; i++) {
		if (!strcmp(name, elements[i].name) || !strcmp(name, elements[i].numpy)) {
			*element = (enum element)i;
			*swap = false;
			return true;
		}
	}
	return element_from_descr(name, element, swap);
}

bool array_bytes(enum element element, const size_t *shape, size_t ndim, size_t *bytes)
{
	size_t total = element_size(element);
	bool zero = false;

	/* a zero must not hide an overflow of the others */
	for (size_t i = 0; i < ndim; i++) {
		zero |= !shape[i];
		if (shape[i] && __builtin_mul_overflow(total, shape[i], &total))
			return false;
	}
	*bytes = zero ? 0 : total;
	return total <= SIZE_MAX / 2;
}

size_t array_cols(const struct array *array)
{
	size_t cols = 1;

	for (size_t i = 1; i < array->ndim; i++)
		cols *= array->shape[i];
	return cols;
}

/*
 * convert_T_to_R(from, to, n, swap): n packed elements, of any alignment.  Returns whether all of
 * them are exact in float (integers up to 2^24 in magnitude); it goes on to the end only if so or
 * if `always`.
 */
#define BSWAP_2 __builtin_bswap16
#define BSWAP_4 __builtin_bswap32
#define BSWAP_8 __builtin_bswap64
#define DEFINE_CONVERT(type, bits, size, result, limit)					\
static bool convert_##type##_to_##result(const uint8_t *from, result *to, size_t n,	\
					 bool swap, bool always)			\
{											\
	for (size_t i = 0; i < n; i++) {						\
		bits raw;								\
		type value;								\
											\
		memcpy(&raw, from + i * sizeof(raw), sizeof(raw));			\
		if (swap)								\
			raw = BSWAP_##size(raw);					\
		memcpy(&value, &raw, sizeof(value));					\
		if (!always && !(limit))						\
			return false;							\
		to[i] = (result)value;							\
	}										\
	return true;									\
}

#define SMALL_U (value <= 1 << 24)
#define SMALL_I (value <= 1 << 24 && value >= -(1 << 24))

DEFINE_CONVERT(uint16_t, uint16_t, 2, float, true)
DEFINE_CONVERT(int16_t, uint16_t, 2, float, true)
DEFINE_CONVERT(uint32_t, uint32_t, 4, float, SMALL_U)
DEFINE_CONVERT(int32_t, uint32_t, 4, float, SMALL_I)
DEFINE_CONVERT(uint64_t, uint64_t, 8, float, SMALL_U)
DEFINE_CONVERT(int64_t, uint64_t, 8, float, SMALL_I)
DEFINE_CONVERT(uint32_t, uint32_t, 4, double, true)
DEFINE_CONVERT(int32_t, uint32_t, 4, double, true)
DEFINE_CONVERT(uint64_t, uint64_t, 8, double, true)
DEFINE_CONVERT(int64_t, uint64_t, 8, double, true)
/* the same type, bit for bit */
DEFINE_CONVERT(uint16_t, uint16_t, 2, uint16_t, true)
DEFINE_CONVERT(uint32_t, uint32_t, 4, uint32_t, true)
DEFINE_CONVERT(uint64_t, uint64_t, 8, uint64_t, true)

/* false: not all of them are exact */
static bool convert_to_float(const struct array *a, float *to, size_t n)
{
	switch (a->element) {
	case ELEMENT_U16:
		return convert_uint16_t_to_float(a->data, to, n, a->swap, true);
	case ELEMENT_I16:
		return convert_int16_t_to_float(a->data, to, n, a->swap, true);
	case ELEMENT_U32:
		return convert_uint32_t_to_float(a->data, to, n, a->swap, false);
	case ELEMENT_I32:
		return convert_int32_t_to_float(a->data, to, n, a->swap, false);
	case ELEMENT_U64:
		return convert_uint64_t_to_float(a->data, to, n, a->swap, false);
	default:
		return convert_int64_t_to_float(a->data, to, n, a->swap, false);
	}
}

static void convert_to_double(const struct array *a, double *to, size_t n)
{
	if (a->element == ELEMENT_U32)
		convert_uint32_t_to_double(a->data, to, n, a->swap, true);
	else if (a->element == ELEMENT_I32)
		convert_int32_t_to_double(a->data, to, n, a->swap, true);
	else if (a->element == ELEMENT_U64)
		convert_uint64_t_to_double(a->data, to, n, a->swap, true);
	else
		convert_int64_t_to_double(a->data, to, n, a->swap, true);
}

static void convert_order(const struct array *a, void *to, size_t n)
{
	if (element_size(a->element) == 2)
		convert_uint16_t_to_uint16_t(a->data, to, n, a->swap, true);
	else if (element_size(a->element) == 4)
		convert_uint32_t_to_uint32_t(a->data, to, n, a->swap, true);
	else
		convert_uint64_t_to_uint64_t(a->data, to, n, a->swap, true);
}

/* n elements of @size bytes, or NULL */
static void *room_for(size_t n, size_t size, uint64_t limit)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes) || bytes > limit)
		return NULL;
	return malloc(bytes ? bytes : 1);
}

static void put(struct array *array, void *heap, enum element element)
{
	free(array->heap);
	array->heap = heap;
	array->data = heap;
	array->element = element;
	array->swap = false;
}

static int widen_integers(struct array *array, size_t n, uint64_t limit)
{
	float *narrow = room_for(n, sizeof(*narrow), limit);
	double *wide;

	if (!narrow)
		return -ENOMEM;
	if (convert_to_float(array, narrow, n)) {
		put(array, narrow, ELEMENT_F32);
		return 0;
	}
	free(narrow);
	wide = room_for(n, sizeof(*wide), limit);
	if (!wide)
		return -ENOMEM;
	convert_to_double(array, wide, n);
	put(array, wide, ELEMENT_F64);
	return 0;
}

static int dtype_of(enum element element)
{
	switch (element) {
	case ELEMENT_BOOL:
	case ELEMENT_U8:
		return NMS_U8;
	case ELEMENT_I8:
		return NMS_I8;
	case ELEMENT_F16:
		return NMS_F16;
	case ELEMENT_BF16:
		return NMS_BF16;
	case ELEMENT_F32:
		return NMS_F32;
	case ELEMENT_F64:
		return NMS_F64;
	default:
		return 0;
	}
}

int array_settle(struct array *array, uint64_t limit, int *dtype)
{
	size_t size = element_size(array->element), n = array->shape[0] * array_cols(array);
	int error = 0;

	if (!dtype_of(array->element)) {
		error = widen_integers(array, n, limit);
	} else if (array->swap || (uintptr_t)array->data % size) {
		void *copy = room_for(n, size, limit);

		if (!copy)
			return -ENOMEM;
		convert_order(array, copy, n);
		put(array, copy, array->element);
	}
	*dtype = dtype_of(array->element);
	return error;
}

static double half_to_double(uint16_t bits)
{
	double mantissa = bits & 0x3ff;
	int exponent = bits >> 10 & 0x1f;

	if (exponent == 31)
		return __builtin_inf(); /* or NaN: no integer either way */
	mantissa = exponent ? (mantissa + 1024) * (double)(1ull << exponent) * 0x1p-25
			    : mantissa * 0x1p-24;
	return bits & 0x8000 ? -mantissa : mantissa;
}

static double float_element(enum element element, uint64_t bits)
{
	uint32_t low = (uint32_t)bits;
	float single;
	double value;

	if (element == ELEMENT_F16)
		return half_to_double((uint16_t)bits);
	if (element == ELEMENT_BF16)
		low <<= 16;
	if (element != ELEMENT_F64) {
		memcpy(&single, &low, sizeof(single));
		return (double)single;
	}
	memcpy(&value, &bits, sizeof(value));
	return value;
}

bool array_integer(const struct array *array, size_t i, int64_t *value)
{
	size_t size = element_size(array->element);
	const uint8_t *at = array->data + i * (array->stride ? array->stride : size);
	const bool big = (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) != array->swap;
	uint64_t bits = 0;

	for (size_t b = 0; b < size; b++)
		bits |= (uint64_t)at[b] << 8 * (big ? size - 1 - b : b);
	switch (array->element) {
	case ELEMENT_I8:
		*value = (int8_t)bits;
		return true;
	case ELEMENT_I16:
		*value = (int16_t)bits;
		return true;
	case ELEMENT_I32:
		*value = (int32_t)bits;
		return true;
	case ELEMENT_F16:
	case ELEMENT_BF16:
	case ELEMENT_F32:
	case ELEMENT_F64:
		return number_is_integer(float_element(array->element, bits), value);
	default:
		*value = (int64_t)bits;
		return array->element == ELEMENT_I64 || *value >= 0;
	}
}

void array_release(struct array *array)
{
	free(array->heap);
	*array = (struct array){ 0 };
}

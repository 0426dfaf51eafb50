/* SPDX-License-Identifier: GPL-2.0-only */
/* Building JSON: all return 0 or -ENOMEM, so that `error |=` sums them up. */
#ifndef NMSCTL_JSON_H
#define NMSCTL_JSON_H

#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* NULL: the key is left out.  Bytes that are no UTF-8 become U+FFFD. */
int json_put_text(struct json_object *object, const char *key, const char *value);
int json_put_u64(struct json_object *object, const char *key, uint64_t value);
int json_put_flag(struct json_object *object, const char *key, int value);
/* With @digits significant digits; null where it is not finite. */
int json_put_real(struct json_object *object, const char *key, double value, int digits);
/* NULL: an empty array. */
int json_put_u32s(struct json_object *object, const char *key, const uint32_t *values, size_t count);
/* A new object under @key, or NULL. */
struct json_object *json_put_object(struct json_object *object, const char *key);
/* Takes over @value. */
int json_put(struct json_object *object, const char *key, struct json_object *value);
struct json_object *json_real(double value, int digits);

/* Print and a newline.  Errors of the stream stay in ferror(). */
int json_print(FILE *to, struct json_object *object);

#endif /* NMSCTL_JSON_H */

// SPDX-License-Identifier: GPL-2.0-only
#include "json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

int json_put(struct json_object *object, const char *key, struct json_object *value)
{
	if (!value)
		return -ENOMEM;
	if (!object || json_object_object_add(object, key, value)) {
		json_object_put(value);
		return -ENOMEM;
	}
	return 0;
}

/* json-c hands on the bytes that it gets; JSON is UTF-8. */
static struct json_object *json_text(const char *value)
{
	size_t size = utf8_mend(NULL, 0, value) + 1;
	struct json_object *text;
	char *mended;

	if (size == strlen(value) + 1)
		return json_object_new_string(value);
	mended = malloc(size);
	if (!mended)
		return NULL;
	utf8_mend(mended, size, value);
	text = json_object_new_string(mended);
	free(mended);
	return text;
}

int json_put_text(struct json_object *object, const char *key, const char *value)
{
	return value ? json_put(object, key, json_text(value)) : 0;
}

int json_put_u64(struct json_object *object, const char *key, uint64_t value)
{
	return json_put(object, key, json_object_new_uint64(value));
}

int json_put_flag(struct json_object *object, const char *key, int value)
{
	return json_put(object, key, json_object_new_boolean(value));
}

struct json_object *json_real(double value, int digits)
{
	char text[40];

	snprintf(text, sizeof(text), "%.*g", digits, value);
	return json_object_new_double_s(value, text);
}

int json_put_real(struct json_object *object, const char *key, double value, int digits)
{
	if (!isfinite(value))
		return object && !json_object_object_add(object, key, NULL) ? 0 : -ENOMEM;
	return json_put(object, key, json_real(value, digits));
}

int json_put_u32s(struct json_object *object, const char *key, const uint32_t *values, size_t count)
{
	struct json_object *array = json_object_new_array();

	if (!array)
		return -ENOMEM;
	for (size_t i = 0; values && i < count; i++) {
		struct json_object *value = json_object_new_uint64(values[i]);

		if (!value || json_object_array_add(array, value)) {
			json_object_put(value);
			json_object_put(array);
			return -ENOMEM;
		}
	}
	return json_put(object, key, array);
}

struct json_object *json_put_object(struct json_object *object, const char *key)
{
	struct json_object *inner = json_object_new_object();

	return json_put(object, key, inner) ? NULL : inner;
}

int json_print(FILE *to, struct json_object *object)
{
	const char *text = json_object_to_json_string_ext(
		object,
		JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE);

	if (!text)
		return -ENOMEM;
	fprintf(to, "%s\n", text);
	return 0;
}

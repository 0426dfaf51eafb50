// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "manifest.h"
#include "near.h"
#include "nmsctl.h"
#include "source.h"

/* Of a manifest, with the rows that it keeps and drops; json-c takes an int. */
#define MANIFEST_MOST (1 << 30)

/* Owned by @json; NULL if it is not there or no string. */
static const char *text(struct json_object *json, const char *key)
{
	struct json_object *item;

	if (!json_object_object_get_ex(json, key, &item) ||
	    !json_object_is_type(item, json_type_string))
		return NULL;
	return json_object_get_string(item);
}

static struct json_object *object(struct json_object *json, const char *key)
{
	struct json_object *item;

	if (!json_object_object_get_ex(json, key, &item) ||
	    !json_object_is_type(item, json_type_object))
		return NULL;
	return item;
}

static bool number(struct json_object *json, const char *key, uint64_t *value)
{
	struct json_object *item;

	if (!json_object_object_get_ex(json, key, &item) ||
	    !json_object_is_type(item, json_type_int))
		return false;
	*value = json_object_get_uint64(item);
	return true;
}

/* popt's strings are written to by nobody. */
static char *unconst(const char *s)
{
	return (char *)s;
}

/* Returns the key that is missing, or NULL. */
static const char *take_input(struct manifest *m)
{
	struct json_object *dataset = object(m->root, "dataset");
	struct json_object *labels = object(m->root, "labels");

	m->options.noperands = 1;
	m->options.operand[0] = unconst(text(dataset, "path"));
	m->data_digest = text(dataset, "sha256");
	m->dtype = text(dataset, "dtype");
	if (!m->options.operand[0] || !m->dtype || !number(dataset, "rows", &m->rows) ||
	    !number(dataset, "cols", &m->cols))
		return "dataset";
	/* a digest, or rows that stayed in near memory */
	if (!m->data_digest && (!near_name(m->options.operand[0]) ||
				!number(dataset, "generation", &m->generation)))
		return "dataset";
	m->options.dtype = unconst(text(dataset, "as_dtype"));
	m->options.shape = unconst(text(dataset, "as_shape"));
	m->options.member = unconst(text(dataset, "member"));
	m->options.label_column = unconst(text(dataset, "label_column"));
	m->options.no_labels = !labels;
	if (!labels)
		return NULL;
	m->options.labels = unconst(text(labels, "path"));
	m->labels_digest = text(labels, "sha256");
	return m->labels_digest ? NULL : "labels";
}

static const char *take(struct manifest *m)
{
	struct json_object *selection = object(m->root, "selection"), *item;
	const char *missing;

	if (!json_object_object_get_ex(m->root, "nms_manifest", &item) ||
	    json_object_get_int64(item) != MANIFEST_VERSION)
		return "nms_manifest";
	missing = take_input(m);
	if (missing)
		return missing;
	m->parameters = object(m->root, "parameters");
	m->index_digest = text(selection, "sha256");
	m->profile = text(m->root, "profile");
	m->version = text(m->root, "version");
	if (!json_object_object_get_ex(m->root, "numerics", &item) ||
	    !json_object_is_type(item, json_type_int))
		return "numerics";
	m->numerics = json_object_get_uint64(item);
	if (!m->parameters)
		return "parameters";
	if (!m->index_digest)
		return "selection";
	m->options.profile = unconst(m->profile);
	return m->profile && m->version ? NULL : "profile";
}

static struct json_object *parse(const struct source *source)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *root;

	if (!tokener)
		return NULL;
	root = json_tokener_parse_ex(tokener, (const char *)source->data, (int)source->size);
	json_tokener_free(tokener);
	return root;
}

int manifest_open(const char *path, struct manifest *manifest)
{
	struct source source;
	struct message why;
	const char *missing;

	memset(manifest, 0, sizeof(*manifest));
	if (source_open(&source, path, MANIFEST_MOST, &why)) {
		source_close(&source);
		return nmsctl_fail("%s", why.text);
	}
	if (source.size > MANIFEST_MOST) {
		source_close(&source);
		return nmsctl_fail("%s: not a manifest: more than %d bytes", path, MANIFEST_MOST);
	}
	manifest->root = parse(&source);
	source_close(&source);
	if (!manifest->root || !json_object_is_type(manifest->root, json_type_object)) {
		manifest_close(manifest);
		return nmsctl_fail("%s: not a manifest: expected a JSON object", path);
	}
	missing = take(manifest);
	if (!missing)
		return 0;
	manifest_close(manifest);
	return nmsctl_fail("%s: not a manifest: \"%s\" is missing or not of this version", path,
			   missing);
}

void manifest_close(struct manifest *manifest)
{
	json_object_put(manifest->root);
	manifest->root = NULL;
}

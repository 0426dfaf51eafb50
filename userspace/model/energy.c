// SPDX-License-Identifier: LGPL-2.1-or-later
#include "energy.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/json.h>

#define FILE_MAX (64u << 10)	/* bytes of a profile file */

/* What a constant must look like.  Rates divide, so they are above 0. */
static const struct constant {
	const char *name, *unit;
	bool rate;
} constants[ENERGY_NCONSTANTS] = {
	[ENERGY_NEAR_READ]	= { "near_read", "pJ/bit", false },
	[ENERGY_NEAR_WRITE]	= { "near_write", "pJ/bit", false },
	[ENERGY_NEAR_BANDWIDTH]	= { "near_bandwidth", "B/s", true },
	[ENERGY_NEAR_STATIC]	= { "near_static", "W", false },
	[ENERGY_SCRATCH]	= { "scratch", "pJ/B", false },
	[ENERGY_MAC]		= { "mac", "pJ", false },
	[ENERGY_SPECIAL]	= { "special", "pJ", false },
	[ENERGY_FIXED_MAC]	= { "fixed_mac", "pJ", false },
	[ENERGY_LOOKUP]		= { "lookup", "pJ", false },
	[ENERGY_LINK]		= { "link", "pJ/bit", false },
	[ENERGY_LINK_BANDWIDTH]	= { "link_bandwidth", "B/s", true },
	[ENERGY_LOGIC_STATIC]	= { "logic_static", "W", false },
	[ENERGY_CLOCK]		= { "clock", "Hz", true },
	[ENERGY_MAC_LANES]	= { "mac_lanes", "1/cycle", true },
	[ENERGY_SPECIAL_LANES]	= { "special_lanes", "1/cycle", true },
	[ENERGY_LOOKUP_LANES]	= { "lookup_lanes", "1/cycle", true },
	[ENERGY_SCRATCH_WIDTH]	= { "scratch_width", "B/cycle", true },
	[ENERGY_SWITCH_CYCLES]	= { "switch_cycles", "cycles", false },
	[ENERGY_MAC_AREA]	= { "mac_area", "um2", false },
	[ENERGY_SPECIAL_AREA]	= { "special_area", "um2", false },
	[ENERGY_LOOKUP_AREA]	= { "lookup_area", "um2", false },
};

static const char *const bases[] = { "published", "derived", "assumed" };

/* Where a reason goes, and whom it is about. */
struct reader {
	const char *name;
	char *why;
	size_t size;
};

__attribute__((format(printf, 2, 3)))
static int malformed(const struct reader *r, const char *format, ...)
{
	char text[160];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(r->why, r->size, "energy profile %s: %s", r->name, text);
	/* one line, whatever the file has for names */
	for (char *c = r->why; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	return -EBADMSG;
}

static const char *string_of(struct json_object *object, const char *key)
{
	struct json_object *value;
	const char *s;

	if (!json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	s = json_object_get_string(value);
	return *s && !strchr(s, '\n') && strlen(s) == (size_t)json_object_get_string_len(value) ?
	       s : NULL;
}

static bool is_basis(const char *s)
{
	for (size_t i = 0; s && i < sizeof(bases) / sizeof(bases[0]); i++)
		if (!strcmp(s, bases[i]))
			return true;
	return false;
}

static int parse_constant(const struct reader *r, struct json_object *list,
			  const struct constant *c, double *out)
{
	struct json_object *object, *value;
	const char *unit;

	if (!json_object_object_get_ex(list, c->name, &object) ||
	    !json_object_is_type(object, json_type_object))
		return malformed(r, "constant '%s' is missing", c->name);
	if (!json_object_object_get_ex(object, "value", &value) ||
	    !(json_object_is_type(value, json_type_double) ||
	      json_object_is_type(value, json_type_int)))
		return malformed(r, "constant '%s' has no value that is a number", c->name);
	*out = json_object_get_double(value);
	if (!isfinite(*out) || *out < 0 || (c->rate && *out < 1e-9))
		return malformed(r, "constant '%s' is %g, must be finite and %s", c->name, *out,
				 c->rate ? "above 0" : "not below 0");
	unit = string_of(object, "unit");
	if (!unit || strcmp(unit, c->unit))
		return malformed(r, "constant '%s' must have unit \"%s\"", c->name, c->unit);
	if (!is_basis(string_of(object, "basis")))
		return malformed(r, "constant '%s' must have basis published, derived or assumed",
				 c->name);
	if (!string_of(object, "source"))
		return malformed(r, "constant '%s' names no source", c->name);
	return 0;
}

/* A misspelt constant must not pass for an absent one. */
static int check_known(const struct reader *r, struct json_object *list)
{
	json_object_object_foreach(list, key, value) {
		size_t i = 0;

		(void)value;
		while (i < ENERGY_NCONSTANTS && strcmp(key, constants[i].name))
			i++;
		if (i == ENERGY_NCONSTANTS)
			return malformed(r, "there is no constant '%.40s'", key);
	}
	return 0;
}

static int parse_constants(const struct reader *r, struct json_object *root, double *value)
{
	struct json_object *list;
	int err;

	if (!json_object_object_get_ex(root, "constants", &list) ||
	    !json_object_is_type(list, json_type_object))
		return malformed(r, "no object 'constants'");
	err = check_known(r, list);
	for (size_t i = 0; !err && i < ENERGY_NCONSTANTS; i++)
		err = parse_constant(r, list, &constants[i], &value[i]);
	return err;
}

static int parse_root(const struct reader *r, struct json_object *root,
		      struct energy_profile *profile)
{
	const char *name, *source;
	int err;

	if (!json_object_is_type(root, json_type_object))
		return malformed(r, "not a JSON object");
	name = string_of(root, "name");
	source = string_of(root, "source");
	if (!name || !source)
		return malformed(r, "'%s' must be one line of text", name ? "source" : "name");
	err = parse_constants(r, root, profile->value);
	if (err)
		return err;
	profile->name = strdup(name);
	profile->source = strdup(source);
	return profile->name && profile->source ? 0 : -ENOMEM;
}

int energy_parse(const char *name, const char *text, size_t length,
		 struct energy_profile *profile, char *why, size_t size)
{
	struct reader r = { .name = name, .why = why, .size = size };
	struct json_tokener *tok = json_tokener_new();
	struct json_object *root = NULL;
	int err;

	memset(profile, 0, sizeof(*profile));
	if (!tok)
		return -ENOMEM;
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	if (length <= FILE_MAX)
		root = json_tokener_parse_ex(tok, text, (int)length);
	if (length > FILE_MAX)
		err = malformed(&r, "longer than %u bytes", FILE_MAX);
	else if (!root && json_tokener_get_error(tok) == json_tokener_success &&
		 json_tokener_get_parse_end(tok) < length && text[json_tokener_get_parse_end(tok)])
		/* json-c has no word for it; null would have been read to its end, or to a NUL */
		err = -ENOMEM;
	else if (!root)
		err = malformed(&r, "not JSON: %s at byte %zu",
				json_tokener_get_error(tok) == json_tokener_continue ?
				"unexpected end" :
				json_tokener_get_error(tok) == json_tokener_success ? "null" :
				json_tokener_error_desc(json_tokener_get_error(tok)),
				json_tokener_get_parse_end(tok));
	else
		err = parse_root(&r, root, profile);
	if (err)
		energy_free(profile);
	json_object_put(root);
	json_tokener_free(tok);
	return err;
}

/* A file that is one: who waits in open() for a pipe's other end cannot always be interrupted. */
static int open_file(const char *path, FILE **file, char *why, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), err;
	struct stat status;

	if (fd >= 0 && !fstat(fd, &status) && !S_ISREG(status.st_mode)) {
		snprintf(why, size, "energy profile %s: expected a file", path);
		close(fd);
		return -EBADMSG;
	}
	*file = fd < 0 ? NULL : fdopen(fd, "rb");
	if (*file)
		return 0;
	err = errno == ENOMEM ? -ENOMEM : -ENOENT;
	snprintf(why, size, "energy profile %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return err;
}

static int load_file(const char *path, struct energy_profile *profile, char *why, size_t size)
{
	char *text = NULL;
	size_t length;
	FILE *file;
	int err;

	err = open_file(path, &file, why, size);
	if (err)
		return err;
	text = malloc(FILE_MAX + 2);
	if (!text) {
		err = -ENOMEM;
		goto out;
	}
	length = fread(text, 1, FILE_MAX + 1, file);
	if (ferror(file)) {
		snprintf(why, size, "energy profile %s: cannot be read", path);
		err = -EBADMSG;
		goto out;
	}
	err = energy_parse(path, text, length, profile, why, size);
out:
	free(text);
	fclose(file);
	return err;
}

int energy_load(const char *name, struct energy_profile *profile, char *why, size_t size)
{
	size_t used;

	memset(profile, 0, sizeof(*profile));
	if (strchr(name, '/'))
		return load_file(name, profile, why, size);
	for (size_t i = 0; i < energy_nbuiltins; i++)
		if (!strcmp(name, energy_builtins[i].name))
			return energy_parse(name, energy_builtins[i].json,
					    strlen(energy_builtins[i].json), profile, why, size);
	snprintf(why, size, "no energy profile '%s'; there are", name);
	for (size_t i = 0; i < energy_nbuiltins; i++) {
		used = strlen(why);
		if (used < size)
			snprintf(why + used, size - used, "%s %s", i ? "," : "",
				 energy_builtins[i].name);
	}
	return -ENOENT;
}

void energy_free(struct energy_profile *profile)
{
	free(profile->name);
	free(profile->source);
	profile->name = NULL;
	profile->source = NULL;
}

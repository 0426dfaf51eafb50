// SPDX-License-Identifier: LGPL-2.1-or-later
/* Device options written into a URI: "emu:near_size=2G,threads=4". */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* A decimal number with an optional suffix K, M, G or T (powers of 1024). */
static int parse_size(const char *s, uint64_t *value)
{
	static const char suffix[] = "KMGT";
	const char *at;
	char *end;
	unsigned int shift = 0;
	unsigned long long v;

	if (*s < '0' || *s > '9')
		return -EINVAL;
	errno = 0;
	v = strtoull(s, &end, 10);
	if (errno)
		return -EINVAL;
	if (*end) {
		at = strchr(suffix, *end++);
		if (!at || *end)
			return -EINVAL;
		shift = 10 * (unsigned int)(at - suffix + 1);
	}
	if (v > UINT64_MAX >> shift)
		return -EINVAL;
	*value = (uint64_t)v << shift;
	return 0;
}

static int set_option(const char *key, const char *value, struct nms_device_options *options)
{
	uint64_t n;

	if (!strcmp(key, "profile")) {
		options->profile = value;
		return 0;
	}
	if (!strcmp(key, "energy")) {
		options->energy = value;
		return 0;
	}
	if (strcmp(key, "near_size") && strcmp(key, "threads"))
		return nms_fail(-EINVAL, NMS_CAUSE_OPTION, "%.60s: no such device option; known are "
				"near_size, threads, profile and energy", key);
	if (parse_size(value, &n) || (key[0] == 't' && n > UINT32_MAX))
		return nms_fail(-EINVAL, NMS_CAUSE_OPTION, "%s: \"%.60s\" is not a %s", key, value,
				key[0] == 't' ? "number of threads" : "size in bytes");
	if (key[0] == 't')
		options->threads = (unsigned int)n;
	else
		options->near_size = n;
	return 0;
}

int nms_uri_options(const char *text, struct nms_device_options *options, char *store)
{
	char *item, *value, *next = store;
	size_t n = strlen(text);
	int ret = 0;

	if (n >= NMS_URI_MAX)
		return nms_fail(-EINVAL, NMS_CAUSE_OPTION, "uri: %zu characters, at most %u", n,
				NMS_URI_MAX - 1);
	memcpy(store, text, n + 1);
	while (n && next && !ret) {
		item = next;
		next = strchr(item, ',');
		if (next)
			*next++ = '\0';
		value = strchr(item, '=');
		if (!value)
			return nms_fail(-EINVAL, NMS_CAUSE_OPTION,
					"%.60s: a device option is NAME=VALUE", item);
		*value++ = '\0';
		ret = set_option(item, value, options);
	}
	return ret;
}

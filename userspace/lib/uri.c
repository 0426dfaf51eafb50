// SPDX-License-Identifier: LGPL-2.1-or-later
/* Device options written into a URI: "emu:near_size=2G,threads=4". */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

int nms_uri_size(const char *s, uint64_t *value)
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

int nms_uri_options(const char *text, char *store,
		    int (*set)(const char *key, const char *value, void *data,
			       struct nms_error *e),
		    void *data, struct nms_error *e)
{
	char *item, *value, *next = store;
	size_t n = strlen(text);
	int ret = 0;

	if (n >= NMS_URI_MAX)
		return nms_error_fill(e, -EINVAL, NMS_CAUSE_OPTION,
				      "uri: %zu characters, at most %u", n, NMS_URI_MAX - 1);
	memcpy(store, text, n + 1);
	while (n && next && !ret) {
		item = next;
		next = strchr(item, ',');
		if (next)
			*next++ = '\0';
		value = strchr(item, '=');
		if (!value)
			return nms_error_fill(e, -EINVAL, NMS_CAUSE_OPTION,
					      "%.60s: a device option is NAME=VALUE", item);
		*value++ = '\0';
		ret = set(item, value, data, e);
	}
	return ret;
}

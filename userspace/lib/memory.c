// SPDX-License-Identifier: LGPL-2.1-or-later
/* How much memory this process may still take. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "internal.h"

/* The number behind @key on its line of a file of numbers; false if there is none. */
static bool read_key(const char *path, const char *key, uint64_t *value)
{
	char line[256];
	size_t n = strlen(key);
	bool found = false;
	FILE *f = fopen(path, "re");

	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f)) {
		unsigned long long v;

		if (!strncmp(line, key, n) && sscanf(line + n, "%llu", &v) == 1) {
			*value = v;
			found = true;
		}
	}
	fclose(f);
	return found;
}

/* The names of what is the same thing in both versions of control groups. */
struct cgroup_files {
	const char *base, *limit, *usage, *idle;
};

static const struct cgroup_files v1 = {
	"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
	"total_inactive_file ",
};

static const struct cgroup_files v2 = {
	"/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file ",
};

/* What one group leaves free.  Its idle file pages go as soon as others are needed. */
static uint64_t group_left(const char *dir, const struct cgroup_files *files)
{
	char path[PATH_MAX + 32];
	uint64_t limit, usage, idle = 0;

	snprintf(path, sizeof(path), "%s/%s", dir, files->limit);
	if (!read_key(path, "", &limit))
		return UINT64_MAX;
	snprintf(path, sizeof(path), "%s/%s", dir, files->usage);
	if (!read_key(path, "", &usage))
		return UINT64_MAX;
	snprintf(path, sizeof(path), "%s/memory.stat", dir);
	read_key(path, files->idle, &idle);
	usage -= nms_min(idle, usage);
	return limit > usage ? limit - usage : 0;
}

/* A limit of any group above holds too. */
static uint64_t groups_left(const char *root, const struct cgroup_files *files, const char *group)
{
	char dir[PATH_MAX];
	uint64_t left = UINT64_MAX, here;
	size_t base;
	char *slash;
	int n;

	base = strlen(root) + strlen(files->base);
	n = snprintf(dir, sizeof(dir), "%s%s%s", root, files->base, group);
	if (n < 0 || (size_t)n >= sizeof(dir))
		return left;
	for (;;) {
		here = group_left(dir, files);
		left = nms_min(left, here);
		slash = strrchr(dir + base, '/');
		if (!slash)
			return left;
		*slash = '\0';
	}
}

/* Lines of /proc/self/cgroup: "0::/path" and "4:memory:/path". */
static uint64_t cgroup_left(const char *root)
{
	uint64_t left = UINT64_MAX, here;
	char line[PATH_MAX];
	char *group;
	FILE *f;

	snprintf(line, sizeof(line), "%s/proc/self/cgroup", root);
	f = fopen(line, "re");
	if (!f)
		return left;
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		group = strstr(line, ":memory:/");
		if (group)
			here = groups_left(root, &v1, group + strlen(":memory:"));
		else if (!strncmp(line, "0::/", 4))
			here = groups_left(root, &v2, line + 3);
		else
			continue;
		left = nms_min(left, here);
	}
	fclose(f);
	return left;
}

static uint64_t address_space_left(const char *root)
{
	char path[PATH_MAX];
	struct rlimit limit;
	uint64_t pages, used;

	snprintf(path, sizeof(path), "%s/proc/self/statm", root);
	if (getrlimit(RLIMIT_AS, &limit) || limit.rlim_cur == RLIM_INFINITY ||
	    !read_key(path, "", &pages))
		return UINT64_MAX;
	used = pages * (uint64_t)sysconf(_SC_PAGESIZE);
	return limit.rlim_cur > used ? limit.rlim_cur - used : 0;
}

uint64_t nms_memory_available(const char *root)
{
	char path[PATH_MAX];
	uint64_t left = UINT64_MAX, kib, here;

	snprintf(path, sizeof(path), "%s/proc/meminfo", root);
	if (read_key(path, "MemAvailable:", &kib))
		left = kib << 10;
	here = cgroup_left(root);
	left = nms_min(left, here);
	here = address_space_left(root);
	return nms_min(left, here);
}

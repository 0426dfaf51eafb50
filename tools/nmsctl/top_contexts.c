// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open contexts, from what the kernel tells of open files: /proc/PID/fdinfo, in
 * the grammar of drm-usage-stats.  It lets each look into his own processes, and
 * an administrator into all.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "top.h"

struct walk {
	struct top_look *look;
	const char *root;
	pid_t pid;
};

/* What one file says; @function is of the device. */
struct info {
	bool ours;
	char function[32];
	struct top_context context;
};

static void read_line(struct info *info, const char *line)
{
	struct top_context *c = &info->context;
	unsigned long long value;
	char word[32];

	if (sscanf(line, "drm-driver: %31s", word) == 1)
		info->ours = !strcmp(word, "nms");
	else if (sscanf(line, "drm-pdev: %31s", word) == 1)
		memcpy(info->function, word, sizeof(word));
	else if (sscanf(line, "drm-client-id: %llu", &value) == 1)
		c->id = (uint32_t)value;
	else if (sscanf(line, "drm-total-near: %llu KiB", &value) == 1)
		c->near_used = (uint64_t)value << 10;
	else if (sscanf(line, "nms-active-jobs: %llu", &value) == 1)
		c->active = value;
	else if (sscanf(line, "nms-jobs: %llu", &value) == 1)
		c->jobs = value;
	else if (sscanf(line, "nms-errors: %llu", &value) == 1)
		c->errors = value;
}

static bool read_info(struct info *info, int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	char line[256];

	memset(info, 0, sizeof(*info));
	if (!file) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (fgets(line, sizeof(line), file))
		read_line(info, line);
	fclose(file);
	return info->ours;
}

static void read_process(const struct walk *walk, struct top_context *c)
{
	char path[PATH_MAX];
	struct stat st;
	FILE *file;

	c->pid = walk->pid;
	snprintf(path, sizeof(path), "%s/proc/%d/comm", walk->root, (int)walk->pid);
	file = fopen(path, "re");
	if (!file)
		return;
	if (!fgets(c->command, sizeof(c->command), file))
		c->command[0] = '\0';
	if (!fstat(fileno(file), &st))
		c->uid = st.st_uid;
	fclose(file);
	c->command[strcspn(c->command, "\n")] = '\0';
	for (char *at = c->command; *at; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
}

/* A descriptor that was passed on, or doubled, is one context still. */
static bool is_known(struct top_device *d, const struct walk *walk, uint32_t id)
{
	for (size_t i = 0; i < d->ncontexts; i++) {
		if (d->context[i].id != id)
			continue;
		if (walk->pid < d->context[i].pid)
			read_process(walk, &d->context[i]);
		return true;
	}
	return false;
}

static int add(const struct walk *walk, const struct info *info)
{
	struct top_device *d = NULL;
	struct top_context *grown;

	for (size_t i = 0; i < walk->look->ndevices && !d; i++)
		if (!strcmp(walk->look->device[i].function, info->function))
			d = &walk->look->device[i];
	if (!d || is_known(d, walk, info->context.id))
		return 0;
	grown = realloc(d->context, (d->ncontexts + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	d->context = grown;
	grown[d->ncontexts] = info->context;
	read_process(walk, &grown[d->ncontexts++]);
	return 0;
}

/* A process may end at any time: what of it is not there any more is passed over. */
static int look_into(const struct walk *walk)
{
	struct dirent *entry;
	char path[PATH_MAX];
	struct info info;
	int error = 0;
	DIR *folder;

	snprintf(path, sizeof(path), "%s/proc/%d/fdinfo", walk->root, (int)walk->pid);
	folder = opendir(path);
	if (!folder) {
		if (errno == EACCES || errno == EPERM)
			walk->look->all = false;
		return 0;
	}
	while (!error && (entry = readdir(folder)))
		if (entry->d_name[0] != '.' && read_info(&info, dirfd(folder), entry->d_name))
			error = add(walk, &info);
	closedir(folder);
	return error;
}

static int by_id(const void *a, const void *b)
{
	const struct top_context *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

int top_find_contexts(struct top_look *look, const char *root)
{
	struct walk walk = { .look = look, .root = root };
	struct dirent *entry;
	char path[PATH_MAX];
	int error = 0;
	DIR *folder;

	look->all = true;
	snprintf(path, sizeof(path), "%s/proc", root);
	folder = opendir(path);
	while (!error && folder && (entry = readdir(folder))) {
		walk.pid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (walk.pid > 0 && walk.pid != getpid())
			error = look_into(&walk);
	}
	if (folder)
		closedir(folder);
	else
		look->all = false;
	for (size_t i = 0; i < look->ndevices; i++)
		if (look->device[i].ncontexts)
			qsort(look->device[i].context, look->device[i].ncontexts,
			      sizeof(struct top_context), by_id);
	return error;
}

// SPDX-License-Identifier: GPL-2.0-only
/* Devices: what sysfs tells anyone, and the kernel an administrator. */
#define _GNU_SOURCE		/* versionsort() */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "input.h"
#include "node.h"
#include "top.h"

#define CLASS "/sys/class/nms"

/* The first line of an attribute, printable; "" where there is none. */
static void attribute(const char *root, const char *device, const char *name, char *text,
		      size_t size)
{
	char path[PATH_MAX];
	FILE *file;

	text[0] = '\0';
	snprintf(path, sizeof(path), "%s" CLASS "/%s/%s", root, device, name);
	file = fopen(path, "re");
	if (!file)
		return;
	if (!fgets(text, (int)size, file))
		text[0] = '\0';
	fclose(file);
	text[strcspn(text, "\n")] = '\0';
	for (char *c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

static uint64_t number(const char *root, const char *device, const char *name)
{
	char text[32];

	attribute(root, device, name, text, sizeof(text));
	return strtoull(text, NULL, 10);
}

/* The function of the bus that a device is: where its link leads. */
static void function_of(const char *root, struct top_device *d)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *slash;
	ssize_t n;

	snprintf(path, sizeof(path), "%s" CLASS "/%s/device", root, d->name);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return;
	target[n] = '\0';
	slash = strrchr(target, '/');
	snprintf(d->function, sizeof(d->function), "%.31s", slash ? slash + 1 : target);
}

static int ask_queues(struct top_device *d, int fd)
{
	int error = 0;

	while (!error && d->nqueues < TOP_QUEUES) {
		error = node_query(fd, NMS_QUERY_QUEUE, (uint32_t)d->nqueues,
				   &d->queue[d->nqueues], sizeof(d->queue[0]));
		d->nqueues += !error;
	}
	return error == -ENOENT && d->nqueues ? 0 : error;
}

static int ask(struct top_device *d, int fd)
{
	struct nms_query_device about;
	int error;

	memset(&about, 0, sizeof(about));
	error = node_query(fd, NMS_QUERY_DEVICE, 0, &about, sizeof(about));
	d->clock_khz = about.clock_khz;
	if (!error)
		error = node_query(fd, NMS_QUERY_DEVICE_COUNTERS, 0, &d->counters,
				   sizeof(d->counters));
	d->at = seconds_now();
	return error ? error : ask_queues(d, fd);
}

/* A context that has gone meanwhile has no energy. */
static void ask_contexts(struct top_device *d, int fd)
{
	for (size_t i = 0; i < d->ncontexts; i++) {
		struct top_context *c = &d->context[i];
		struct nms_query_counters counters;

		memset(&counters, 0, sizeof(counters));
		if (node_query(fd, NMS_QUERY_CONTEXT_COUNTERS, c->id, &counters, sizeof(counters)))
			continue;
		memcpy(c->energy, counters.energy, sizeof(c->energy));
		c->counted = true;
	}
}

/* Opened for each look: what is held open cannot be taken away. */
static void query(const char *root, struct top_device *d)
{
	char path[PATH_MAX];
	int fd;

	d->at = seconds_now();
	if (strcmp(d->state, "live")) {
		d->error = -EAGAIN;	/* the kernel would have us wait for it */
		return;
	}
	snprintf(path, sizeof(path), "%s/dev/%s", root, d->name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		d->error = -errno;
		return;
	}
	d->error = ask(d, fd);
	if (!d->error)
		ask_contexts(d, fd);
	close(fd);
}

static int is_device(const struct dirent *entry)
{
	const char *digits = entry->d_name + 3;

	return !strncmp(entry->d_name, "nms", 3) && *digits &&
	       strspn(digits, "0123456789") == strlen(digits) && strlen(digits) < 6;
}

static void describe(const char *root, struct top_device *d)
{
	attribute(root, d->name, "model", d->model, sizeof(d->model));
	attribute(root, d->name, "state", d->state, sizeof(d->state));
	d->near_size = number(root, d->name, "near_size");
	d->near_used = number(root, d->name, "near_used");
	function_of(root, d);
}

static int find_devices(struct top_look *look, const char *root, const char *name)
{
	struct dirent **names = NULL;
	char path[PATH_MAX];
	int n, error = 0;

	snprintf(path, sizeof(path), "%s" CLASS, root);
	n = scandir(path, &names, is_device, versionsort);
	if (n < 0)
		return errno == ENOMEM ? -ENOMEM : 0;
	look->device = calloc((size_t)n + 1, sizeof(*look->device));
	if (!look->device)
		error = -ENOMEM;
	for (int i = 0; i < n; i++) {
		struct top_device *d;

		if (!error && (!name || !strcmp(name, names[i]->d_name))) {
			d = &look->device[look->ndevices++];
			snprintf(d->name, sizeof(d->name), "%.15s", names[i]->d_name);
			describe(root, d);
		}
		free(names[i]);
	}
	free(names);
	return error;
}

int top_take(struct top_look *look, const char *root, const char *name)
{
	int error;

	memset(look, 0, sizeof(*look));
	error = find_devices(look, root, name);
	if (!error)
		error = top_find_contexts(look, root);
	for (size_t i = 0; !error && i < look->ndevices; i++)
		query(root, &look->device[i]);
	look->at = seconds_now();
	return error;
}

void top_free(struct top_look *look)
{
	for (size_t i = 0; i < look->ndevices; i++)
		free(look->device[i].context);
	free(look->device);
	memset(look, 0, sizeof(*look));
}

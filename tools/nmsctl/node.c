// SPDX-License-Identifier: GPL-2.0-only
#include "node.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define PREFIX "/dev/nms"

static int number_of(const char *path)
{
	const char *digits = path + strlen(PREFIX);

	if (strncmp(path, PREFIX, strlen(PREFIX)) || !*digits ||
	    strspn(digits, "0123456789") != strlen(digits))
		return -1;
	return strlen(digits) < 6 ? (int)strtol(digits, NULL, 10) : -1;
}

/* The one with the lowest number. */
static int first(char path[NODE_PATH_SIZE])
{
	int found = -1;
	glob_t nodes;

	if (glob(PREFIX "[0-9]*", 0, NULL, &nodes))
		return -ENODEV;
	for (size_t i = 0; i < nodes.gl_pathc; i++) {
		int number = number_of(nodes.gl_pathv[i]);

		if (number >= 0 && (found < 0 || number < found))
			found = number;
	}
	globfree(&nodes);
	if (found < 0)
		return -ENODEV;
	snprintf(path, NODE_PATH_SIZE, PREFIX "%d", found);
	return 0;
}

int node_find(const char *device, char path[NODE_PATH_SIZE])
{
	if (!device || !strcmp(device, "auto"))
		return first(path);
	if (number_of(device) < 0)
		return -EINVAL;
	snprintf(path, NODE_PATH_SIZE, "%s", device);
	return 0;
}

const char *node_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int call(int fd, unsigned long request, void *argument)
{
	return ioctl(fd, request, argument) ? -errno : 0;
}

int node_query(int fd, uint32_t type, uint32_t index, void *data, uint32_t size)
{
	struct nms_query query = {
		.type = type, .index = index, .size = size, .data = (uintptr_t)data,
	};

	return call(fd, NMS_IOCTL_QUERY, &query);
}

int node_run(int fd, struct nms_cmd *cmd)
{
	struct nms_submit submit = {
		.commands = (uintptr_t)cmd, .count = 1, .command_size = sizeof(*cmd),
	};
	struct nms_wait wait = { .deadline_ns = UINT64_MAX };
	int error = call(fd, NMS_IOCTL_SUBMIT, &submit);

	if (error)
		return error;
	wait.job = submit.job;
	error = call(fd, NMS_IOCTL_WAIT, &wait);
	return error ? error : wait.result.error;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Nodes of devices: which there are, and why one cannot be opened. */
#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"

static bool in_group(gid_t gid)
{
	gid_t groups[1024];
	int n = getgroups(sizeof(groups) / sizeof(groups[0]), groups), i;

	for (i = 0; i < n; i++)
		if (groups[i] == gid)
			return true;
	return getegid() == gid;
}

static int error_access(const char *node, struct nms_error *e)
{
	char buffer[4096], number[16];
	struct group group, *found = NULL;
	const char *name = number;
	struct stat st;

	if (stat(node, &st))
		return nms_error_fill(e, -EACCES, NMS_CAUSE_RIGHT, "%s: permission denied", node);
	if (in_group(st.st_gid) || !(st.st_mode & 060))
		return nms_error_fill(e, -EACCES, NMS_CAUSE_RIGHT,
				      "%s: its mode %04o does not let this user in", node,
				      st.st_mode & 07777);
	snprintf(number, sizeof(number), "%u", (unsigned int)st.st_gid);
	if (!getgrgid_r(st.st_gid, &group, buffer, sizeof(buffer), &found) && found)
		name = found->gr_name;
	return nms_error_fill(e, -EACCES, NMS_CAUSE_RIGHT,
			      "%s: belongs to group %s (mode %04o); this user is not in it", node,
			      name, st.st_mode & 07777);
}

static int error_open(const char *node, int error, struct nms_error *e)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return nms_error_fill(e, -ENODEV, NMS_CAUSE_URI,
				      "no %s: is the module nms loaded, and is there a device?", node);
	case EACCES:
		return error_access(node, e);
	case EPERM:
		return nms_error_fill(e, -EPERM, NMS_CAUSE_RIGHT,
				      "%s: not permitted; does a container keep devices from it?",
				      node);
	case ENXIO:
	case ENODEV:
		return nms_error_fill(e, -ENODEV, NMS_CAUSE_URI,
				      "%s: there is no device behind it, or no more", node);
	case EMFILE:
	case ENFILE:
		return nms_error_fill(e, -error, NMS_CAUSE_LIMIT,
				      "%s: too many open files (ulimit -n)", node);
	default:
		return nms_error_fill(e, -error, NMS_CAUSE_DEVICE, "%s: cannot be opened: %s", node,
				      strerror(error));
	}
}

static int error_type(const char *node, struct nms_error *e)
{
	return nms_error_fill(e, -ENODEV, NMS_CAUSE_URI, "%s: is not a character device", node);
}

/* What is no device is not even opened, which might have an effect on it. */
int nms_kernel_open(const char *node, dev_t *rdev, struct nms_error *e)
{
	struct stat st;
	int fd;

	if (!stat(node, &st) && !S_ISCHR(st.st_mode))
		return error_type(node, e);
	do {
		fd = open(node, O_RDWR | O_CLOEXEC | O_NOCTTY);
	} while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return error_open(node, errno, e);
	if (fstat(fd, &st) || !S_ISCHR(st.st_mode)) {
		close(fd);
		return error_type(node, e);
	}
	*rdev = st.st_rdev;
	return fd;
}

/* The number of "nms7", below 0 if it is none. */
static long node_number(const char *name)
{
	char *end;
	long n;

	if (strncmp(name, "nms", 3) || name[3] < '0' || name[3] > '9')
		return -1;
	n = strtol(name + 3, &end, 10);
	return *end || n > 99999 ? -1 : n;
}

static int by_number(const void *a, const void *b)
{
	long x = node_number(strrchr(a, '/') + 1), y = node_number(strrchr(b, '/') + 1);

	return (x > y) - (x < y);
}

size_t nms_kernel_nodes(const char *dir, char (*nodes)[NMS_NODE_SIZE], size_t room)
{
	struct dirent *entry;
	size_t n = 0;
	DIR *d = opendir(dir);

	if (!d)
		return 0;
	while (n < room && (entry = readdir(d))) {
		if (node_number(entry->d_name) < 0 || strlen(dir) + 12 > sizeof(nodes[0]))
			continue;
		snprintf(nodes[n++], sizeof(nodes[0]), "%.40s/%.15s", dir, entry->d_name);
	}
	closedir(d);
	qsort(nodes, n, sizeof(nodes[0]), by_number);
	return n;
}

// SPDX-License-Identifier: GPL-2.0-only
#include "listen.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Between bind() and listen() a path is there and refuses: it gets its name after that. */
int listen_at(const char *path, int backlog)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct stat st;
	int err, fd;

	if (strlen(path) + sizeof(".new") > sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	if (!lstat(path, &st) && !S_ISSOCK(st.st_mode))
		return -EADDRINUSE;
	sprintf(addr.sun_path, "%s.new", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (!lstat(addr.sun_path, &st) && S_ISSOCK(st.st_mode))
		unlink(addr.sun_path);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		err = -errno;
		close(fd);
		return err;
	}
	if (listen(fd, backlog) || rename(addr.sun_path, path)) {
		err = -errno;
		unlink(addr.sun_path);
		close(fd);
		return err;
	}
	return fd;
}

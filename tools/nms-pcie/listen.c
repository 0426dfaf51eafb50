// SPDX-License-Identifier: GPL-2.0-only
#include "listen.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SUFFIX ".01234567"	/* of the name that it has before it listens */
#define TRIES 8

/* 0 if @path is free, or a socket at which nobody listens any more. */
static int is_free(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct stat st;
	int err = 0, fd;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EADDRINUSE;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	/* EAGAIN: so many wait there; EPROTOTYPE: it is a socket of another type. */
	if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)) || errno == EAGAIN ||
	    errno == EPROTOTYPE)
		err = -EADDRINUSE;
	else if (errno != ECONNREFUSED && errno != ENOENT)
		err = -errno;
	close(fd);
	return err;
}

/* Under a name that nobody has and nobody foresees, beside @path. */
static int bind_beside(int fd, const char *path, struct sockaddr_un *addr)
{
	unsigned int number;

	for (int i = 0; i < TRIES; i++) {
		if (getrandom(&number, sizeof(number), 0) != sizeof(number))
			return -errno;
		snprintf(addr->sun_path, sizeof(addr->sun_path), "%.*s.%08x",
			 (int)(sizeof(addr->sun_path) - sizeof(SUFFIX)), path, number);
		if (!bind(fd, (struct sockaddr *)addr, sizeof(*addr)))
			return 0;
		if (errno != EADDRINUSE)
			return -errno;
	}
	return -EADDRINUSE;
}

/* Between bind() and listen() a path is there and refuses: it gets its name after that. */
int listen_at(const char *path, int backlog, struct listener *l)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct stat st;
	int err;

	if (strlen(path) + sizeof(SUFFIX) > sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	err = is_free(path);
	if (err)
		return err;
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return -errno;
	err = bind_beside(l->fd, path, &addr);
	if (!err) {
		if (lstat(addr.sun_path, &st) || listen(l->fd, backlog) ||
		    rename(addr.sun_path, path)) {
			err = -errno;
			unlink(addr.sun_path);
		}
	}
	if (err) {
		close(l->fd);
		return err;
	}
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	return 0;
}

void listen_end(struct listener *l, const char *path)
{
	struct stat st;

	/* Before it is closed: until then nobody else has its inode number. */
	if (!lstat(path, &st) && st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(path);
	close(l->fd);
}

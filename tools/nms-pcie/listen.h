/* SPDX-License-Identifier: GPL-2.0-only */
/* UNIX sockets that others connect to. */
#ifndef NMS_PCIE_LISTEN_H
#define NMS_PCIE_LISTEN_H

#include <sys/types.h>

/* So long nobody is accepted after that failed: no descriptor is free, and one may be then. */
#define LISTEN_PAUSE_MS 200

struct listener {
	int fd;
	dev_t dev;		/* of what is at the path, while it is ours */
	ino_t ino;
};

/*
 * A socket that listens at @path, in the place of one that somebody left there.
 * Whoever sees the path can connect.  0, or -ENAMETOOLONG, -EADDRINUSE (somebody
 * listens there, or there is something else), or the errno of the call that failed.
 */
int listen_at(const char *path, int backlog, struct listener *listener);

/* Close it; what is at @path goes too, unless somebody else has put it there. */
void listen_end(struct listener *listener, const char *path);

#endif /* NMS_PCIE_LISTEN_H */

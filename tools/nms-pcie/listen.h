/* SPDX-License-Identifier: GPL-2.0-only */
/* UNIX sockets that others connect to. */
#ifndef NMS_PCIE_LISTEN_H
#define NMS_PCIE_LISTEN_H

/*
 * A socket that listens at @path, in the place of one that somebody left there.
 * Whoever sees the path can connect.  A descriptor, or -ENAMETOOLONG, -EADDRINUSE
 * (there is something else), or the errno of the call that failed.
 */
int listen_at(const char *path, int backlog);

#endif /* NMS_PCIE_LISTEN_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* Whole messages in and out of a vfio-user socket. */
#ifndef NMS_PCIE_MESSAGE_H
#define NMS_PCIE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "wire.h"

struct message {
	struct wire_header header;
	unsigned char *data;		/* what follows the header; data_size bytes */
	size_t data_size, room;
	int fd[WIRE_MAX_FDS];		/* -1 once somebody has taken it over */
	size_t fds;
	bool too_many_fds;		/* those beyond WIRE_MAX_FDS are closed */
};

/* A connection, and a descriptor that is readable when all waiting must end. */
struct channel {
	int socket, stop;
};

/*
 * Receive one message, into memory that grows with it and is used again.
 * 0; -ENOTCONN: the other end has gone; -EINTR: stop was readable; -EBADMSG: a size
 * that cannot be; other negative errno.  Descriptors of the message before are closed.
 */
int message_receive(const struct channel *channel, struct message *m);
void message_free(struct message *m);

/* Reply to @m with @size bytes at @data, or with @error (positive errno) alone. */
int message_reply(const struct channel *channel, const struct message *m, const void *data,
		  size_t size);
int message_refuse(const struct channel *channel, const struct message *m, int error);

#endif /* NMS_PCIE_MESSAGE_H */

// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "message.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* The largest message: a full region access, or a version with its JSON. */
#define MAX_SIZE (sizeof(struct wire_header) + sizeof(struct wire_access) + WIRE_MAX_DATA)

static void close_descriptors(struct message *m)
{
	for (size_t i = 0; i < m->fds; i++)
		if (m->fd[i] >= 0)
			close(m->fd[i]);
	m->fds = 0;
}

void message_free(struct message *m)
{
	close_descriptors(m);
	free(m->data);
	*m = (struct message){ 0 };
}

static void take_descriptors(struct message *m, struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t count;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (m->fds < WIRE_MAX_FDS) {
				m->fd[m->fds++] = fd;
			} else {
				m->too_many_fds = true;
				close(fd);
			}
		}
	}
}

/* 0 when @events (or an error) can be had; -EINTR: stop. */
static int wait_for(const struct channel *channel, short events)
{
	struct pollfd p[2] = { { channel->socket, events, 0 }, { channel->stop, POLLIN, 0 } };

	while (poll(p, 2, -1) < 0)
		if (errno != EINTR)
			return -errno;
	return p[1].revents ? -EINTR : 0;
}

/* All of @size bytes; descriptors may come with any of them. */
static int receive(const struct channel *channel, struct message *m, void *dst, size_t size)
{
	while (size) {
		char control[CMSG_SPACE(sizeof(int) * WIRE_MAX_FDS)];
		struct iovec iov = { dst, size };
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
				      .msg_control = control, .msg_controllen = sizeof(control) };
		ssize_t got = recvmsg(channel->socket, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

		if (got < 0 && errno == EAGAIN) {
			int err = wait_for(channel, POLLIN);

			if (err)
				return err;
			continue;
		}
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno == ECONNRESET ? -ENOTCONN : -errno;
		if (!got)
			return -ENOTCONN;
		take_descriptors(m, &msg);
		m->too_many_fds |= msg.msg_flags & MSG_CTRUNC;
		dst = (char *)dst + got;
		size -= (size_t)got;
	}
	return 0;
}

static int make_room(struct message *m, size_t size)
{
	unsigned char *data;

	if (size <= m->room)
		return 0;
	data = realloc(m->data, size);
	if (!data)
		return -ENOMEM;
	m->data = data;
	m->room = size;
	return 0;
}

int message_receive(const struct channel *channel, struct message *m)
{
	int err;

	close_descriptors(m);
	m->too_many_fds = false;
	err = receive(channel, m, &m->header, sizeof(m->header));
	if (err)
		return err;
	if (m->header.size < sizeof(m->header) || m->header.size > MAX_SIZE)
		return -EBADMSG;
	m->data_size = m->header.size - sizeof(m->header);
	err = make_room(m, m->data_size);
	if (err)
		return err;
	return receive(channel, m, m->data, m->data_size);
}

static int send_all(const struct channel *channel, struct iovec *iov, int count)
{
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = (size_t)count };

	while (msg.msg_iovlen) {
		ssize_t sent = sendmsg(channel->socket, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0 && errno == EAGAIN) {
			int err = wait_for(channel, POLLOUT);

			if (err)
				return err;
			continue;
		}
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return errno == EPIPE || errno == ECONNRESET ? -ENOTCONN : -errno;
		while (msg.msg_iovlen && (size_t)sent >= msg.msg_iov->iov_len) {
			sent -= (ssize_t)msg.msg_iov->iov_len;
			msg.msg_iov++;
			msg.msg_iovlen--;
		}
		if (msg.msg_iovlen) {
			msg.msg_iov->iov_base = (char *)msg.msg_iov->iov_base + sent;
			msg.msg_iov->iov_len -= (size_t)sent;
		}
	}
	return 0;
}

int message_reply(const struct channel *channel, const struct message *m, const void *data,
		  size_t size)
{
	struct wire_header header = {
		.id = m->header.id,
		.command = m->header.command,
		.size = (uint32_t)(sizeof(header) + size),
		.flags = WIRE_REPLY,
	};
	struct iovec iov[2] = { { &header, sizeof(header) }, { (void *)(uintptr_t)data, size } };

	return send_all(channel, iov, size ? 2 : 1);
}

int message_refuse(const struct channel *channel, const struct message *m, int error)
{
	struct wire_header header = {
		.id = m->header.id,
		.command = m->header.command,
		.size = sizeof(header),
		.flags = WIRE_REPLY | WIRE_ERROR,
		.error = (uint32_t)error,
	};
	struct iovec iov = { &header, sizeof(header) };

	return send_all(channel, &iov, 1);
}

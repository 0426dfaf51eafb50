// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
/*
 * Requests:
 *	fault [admin] KIND N [TIMES]	befalls the N-th command from now, TIMES in a row (1)
 *	fault [admin] KIND p=P		befalls each command with probability P
 *	delay MS			of the fault "delay"
 *	clear				no more faults
 *	link down | up			the function goes from the bus, or comes back
 *	lose RANGE			near memory of a range loses its contents
 *	power				fails; the link is down then
 *	lie ...				nms-pcie(8) has the kinds
 *	honest				no more lies
 *	count				faults injected, interrupts raised, lies told
 * Answers: "ok ..." or "error ...".
 */
#include "control.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "listen.h"
#include "private.h"

#define MAX_CONNECTIONS 16u

struct connection {
	int fd;			/* -1: none */
	size_t used;
	bool skip;		/* the rest of a line that was too long */
	char line[256];
};

struct control {
	struct connection connection[MAX_CONNECTIONS];
	struct device *device;
	pthread_t thread;
	struct listener listener;
	int stop;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

static void fault_request(struct device *d, const char *args, char *answer, size_t size)
{
	unsigned long long n = 0, times = 1;
	bool admin = !strncmp(args, "admin ", 6);
	enum fault_kind kind = FAULT_NONE;
	char name[16] = "", rest[2];
	double p;

	if (admin)
		args += 6;
	if (sscanf(args, "%15s", name) == 1)
		kind = fault_kind(name);
	snprintf(answer, size, "ok");
	if (!kind)
		snprintf(answer, size, "error '%s' is no fault", name);
	else if (sscanf(args, "%*s p=%lf%1s", &p, rest) == 1 && p >= 0 && p <= 1)
		fault_random(d->faults, admin, kind, p);
	else if (sscanf(args, "%*s %llu%1s", &n, rest) == 1 && n)
		fault_at(d->faults, admin, kind, n, 1);
	else if (sscanf(args, "%*s %llu %llu%1s", &n, &times, rest) == 2 && n && times)
		fault_at(d->faults, admin, kind, n, times);
	else
		snprintf(answer, size, "error fault [admin] KIND N [TIMES] | p=P");
}

/* A whole number and nothing else. */
static bool parse_number(const char *text, unsigned long most, unsigned long *n)
{
	char *end;

	*n = strtoul(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && *n <= most;
}

static void number_request(struct device *d, const char *verb, const char *args, char *answer,
			   size_t size)
{
	unsigned long n;
	int err = 0;

	if (!parse_number(args, UINT32_MAX, &n)) {
		snprintf(answer, size, "error %s: '%s' is not a number", verb, args);
		return;
	}
	if (!strcmp(verb, "delay"))
		fault_delay(d->faults, (unsigned int)n);
	else
		err = range_lose(d, (uint32_t)n);
	if (err)
		snprintf(answer, size, "error %s", strerror(-err));
}

static void power_request(struct device *d, char *answer, size_t size)
{
	int err = device_lose_power(d);

	if (err)
		snprintf(answer, size, "error %s", strerror(-err));
}

static void lie_request(struct device *d, const char *args, char *answer, size_t size)
{
	struct hostile_extra extra;
	int err = hostile_lie(d->hostile, args, &extra);

	if (err == -EINVAL)
		snprintf(answer, size, "error '%s' is no lie", args);
	else if (err < 0)
		snprintf(answer, size, "error %s", strerror(-err));
	else if (err)
		cq_uncalled(d, &extra);
}

void device_control(struct device *d, const char *line, char *answer, size_t size)
{
	char verb[16] = "", rest[128] = "";

	sscanf(line, "%15s %127[^\n]", verb, rest);
	snprintf(answer, size, "ok");
	if (!strcmp(verb, "fault"))
		fault_request(d, rest, answer, size);
	else if (!strcmp(verb, "delay") || !strcmp(verb, "lose"))
		number_request(d, verb, rest, answer, size);
	else if (!strcmp(verb, "clear"))
		fault_clear(d->faults);
	else if (!strcmp(verb, "link") && (!strcmp(rest, "down") || !strcmp(rest, "up")))
		device_link(d, !strcmp(rest, "up"));
	else if (!strcmp(verb, "power") && !*rest)
		power_request(d, answer, size);
	else if (!strcmp(verb, "lie"))
		lie_request(d, rest, answer, size);
	else if (!strcmp(verb, "honest") && !*rest)
		hostile_end(d->hostile);
	else if (!strcmp(verb, "count"))
		snprintf(answer, size, "ok faults=%llu interrupts=%llu lies=%llu",
			 (unsigned long long)fault_count(d->faults),
			 (unsigned long long)irq_count(d->irq),
			 (unsigned long long)hostile_count(d->hostile));
	else
		snprintf(answer, size, "error no such request: %s", verb);
}

/* ---- connections ----------------------------------------------------------------- */

static void answer_line(struct control *c, struct connection *x)
{
	char answer[256];
	size_t length;

	device_control(c->device, x->line, answer, sizeof(answer) - 1);
	length = strlen(answer);
	answer[length++] = '\n';
	/* Who does not read its answers is not waited for. */
	if (send(x->fd, answer, length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		shutdown(x->fd, SHUT_RDWR);
}

static void close_connection(struct connection *x)
{
	close(x->fd);
	*x = (struct connection){ .fd = -1 };
}

/* A line that is too long is cut off, and answered as what it then is: no request. */
static void read_lines(struct control *c, struct connection *x)
{
	ssize_t got = read(x->fd, x->line + x->used, sizeof(x->line) - 1 - x->used);
	char *end;

	if (got <= 0) {
		close_connection(x);
		return;
	}
	x->used += (size_t)got;
	x->line[x->used] = '\0';
	while ((end = memchr(x->line, '\n', x->used))) {
		*end = '\0';
		if (!x->skip)
			answer_line(c, x);
		x->skip = false;
		x->used -= (size_t)(end + 1 - x->line);
		memmove(x->line, end + 1, x->used + 1);
	}
	if (x->used == sizeof(x->line) - 1) {
		if (!x->skip)
			answer_line(c, x);
		x->skip = true;
		x->used = 0;
	}
}

/* False: who has come could not be accepted, and waits. */
static bool accept_connection(struct control *c)
{
	int fd = accept4(c->listener.fd, NULL, NULL, SOCK_CLOEXEC);

	for (unsigned int i = 0; i < MAX_CONNECTIONS; i++) {
		if (fd >= 0 && c->connection[i].fd < 0) {
			c->connection[i].fd = fd;
			return true;
		}
	}
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void *control_main(void *data)
{
	struct control *c = data;
	struct pollfd p[2 + MAX_CONNECTIONS] = { { c->stop, POLLIN, 0 } };
	bool pause = false;

	for (;;) {
		p[1] = (struct pollfd){ pause ? -1 : c->listener.fd, POLLIN, 0 };
		for (unsigned int i = 0; i < MAX_CONNECTIONS; i++)
			p[2 + i] = (struct pollfd){ c->connection[i].fd, POLLIN, 0 };
		if (poll(p, 2 + MAX_CONNECTIONS, pause ? LISTEN_PAUSE_MS : -1) < 0 &&
		    errno != EINTR)
			return NULL;
		if (p[0].revents)
			return NULL;
		for (unsigned int i = 0; i < MAX_CONNECTIONS; i++)
			if (p[2 + i].revents)
				read_lines(c, &c->connection[i]);
		pause = p[1].revents && !accept_connection(c);
	}
}

int control_start(const char *path, struct device *device, struct control **out)
{
	struct control *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	c->device = device;
	for (unsigned int i = 0; i < MAX_CONNECTIONS; i++)
		c->connection[i].fd = -1;
	c->stop = eventfd(0, EFD_CLOEXEC);
	if (c->stop < 0) {
		err = -errno;
		goto out_free;
	}
	err = listen_at(path, 4, &c->listener);
	if (err)
		goto out_stop;
	/* Not longer than a socket's path. */
	snprintf(c->path, sizeof(c->path), "%s", path);
	err = -pthread_create(&c->thread, NULL, control_main, c);
	if (err)
		goto out_listener;
	*out = c;
	return 0;

out_listener:
	listen_end(&c->listener, path);
out_stop:
	close(c->stop);
out_free:
	free(c);
	return err;
}

void control_stop(struct control *c)
{
	uint64_t one = 1;

	if (!c)
		return;
	if (write(c->stop, &one, sizeof(one)) == sizeof(one))
		pthread_join(c->thread, NULL);
	for (unsigned int i = 0; i < MAX_CONNECTIONS; i++)
		if (c->connection[i].fd >= 0)
			close(c->connection[i].fd);
	listen_end(&c->listener, c->path);
	close(c->stop);
	free(c);
}

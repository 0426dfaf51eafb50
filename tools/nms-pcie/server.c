// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config.h"
#include "listen.h"
#include "message.h"

struct session {
	struct channel channel;
	struct device *device;
	bool greeted;		/* VERSION has been agreed on */
	unsigned int departures; /* of the device from the bus, that config knows of */
	struct config config;
	struct message in;
	unsigned char out[sizeof(struct wire_access) + WIRE_MAX_DATA];
	size_t out_size;	/* of the reply that a handler has made */
};

/* A handler returns 0, with its reply in @out, or a positive errno. */
typedef int (*handler)(struct session *s);

static const void *payload(const struct session *s, size_t size)
{
	return s->in.data_size >= size ? s->in.data : NULL;
}

static void answer(struct session *s, const void *data, size_t size)
{
	memcpy(s->out, data, size);
	s->out_size = size;
}

static int on_version(struct session *s)
{
	/* No longer than what the client sent, or it hangs up. */
	static const char json[] = "{\"capabilities\":{\"max_msg_fds\":16,"
				   "\"max_data_xfer_size\":1048576}}";
	const struct wire_version *v = payload(s, sizeof(*v));
	struct wire_version ours = { 0, 0 };

	if (!v || s->greeted || s->in.fds)
		return EINVAL;
	/* Its capabilities may be absent; we need none of them. */
	if (s->in.data_size > sizeof(*v) && s->in.data[s->in.data_size - 1])
		return EINVAL;
	if (v->major != 0)
		return ENOTSUP;
	answer(s, &ours, sizeof(ours));
	memcpy(s->out + sizeof(ours), json, sizeof(json));
	s->out_size += sizeof(json);
	s->greeted = true;
	return 0;
}

static int on_dma_map(struct session *s)
{
	const struct wire_dma_map *m = payload(s, sizeof(*m));

	if (!m || m->argsz < sizeof(*m) || s->in.fds > 1 ||
	    (m->flags & ~(WIRE_DMA_FLAG_READ | WIRE_DMA_FLAG_WRITE)))
		return EINVAL;
	return -dma_map(device_dma(s->device), m->address, m->size,
			s->in.fds ? s->in.fd[0] : -1, m->offset, m->flags & WIRE_DMA_FLAG_WRITE);
}

static int on_dma_unmap(struct session *s)
{
	const struct wire_dma_unmap *u = payload(s, sizeof(*u));
	int err = 0;

	if (!u || u->argsz < sizeof(*u) || (u->flags & ~WIRE_UNMAP_ALL))
		return EINVAL;
	if ((u->flags & WIRE_UNMAP_ALL) && (u->address || u->size))
		return EINVAL;
	if (u->flags & WIRE_UNMAP_ALL)
		dma_unmap_all(device_dma(s->device));
	else
		err = dma_unmap(device_dma(s->device), u->address, u->size);
	answer(s, u, sizeof(*u));
	return -err;
}

static int on_get_info(struct session *s)
{
	const struct wire_info *asked = payload(s, sizeof(*asked));
	struct wire_info info = {
		.argsz = sizeof(info),
		.flags = WIRE_INFO_RESET | WIRE_INFO_PCI,
		.regions = WIRE_NREGIONS,
		.irqs = WIRE_NIRQS,
	};

	if (!asked || asked->argsz < sizeof(info))
		return EINVAL;
	answer(s, &info, sizeof(info));
	return 0;
}

static uint64_t region_size(uint32_t region)
{
	switch (region) {
	case WIRE_REGION_BAR0:
		return NMS_HW_BAR_REGS_SIZE;
	case WIRE_REGION_BAR2:
		return CONFIG_BAR2_SIZE;
	case WIRE_REGION_CONFIG:
		return CONFIG_SIZE;
	default:
		return 0;
	}
}

static int on_get_region_info(struct session *s)
{
	const struct wire_region_info *asked = payload(s, sizeof(*asked));
	struct wire_region_info info = { .argsz = sizeof(info) };

	if (!asked || asked->argsz < sizeof(info) || asked->index >= WIRE_NREGIONS)
		return EINVAL;
	info.index = asked->index;
	info.size = region_size(asked->index);
	if (info.size)
		info.flags = WIRE_REGION_FLAG_READ | WIRE_REGION_FLAG_WRITE;
	answer(s, &info, sizeof(info));
	return 0;
}

static int on_get_irq_info(struct session *s)
{
	const struct wire_irq_info *asked = payload(s, sizeof(*asked));
	struct wire_irq_info info = { .argsz = sizeof(info) };

	if (!asked || asked->argsz < sizeof(info) || asked->index >= WIRE_NIRQS)
		return EINVAL;
	info.index = asked->index;
	if (asked->index == WIRE_IRQ_MSIX) {
		info.flags = WIRE_IRQ_EVENTFD;
		info.count = irq_vectors(device_irq(s->device));
	}
	answer(s, &info, sizeof(info));
	return 0;
}

/* A descriptor for each: attach them, all or none; none at all: detach. */
static int set_eventfds(struct session *s, const struct wire_set_irqs *set)
{
	if (s->in.fds && s->in.fds != set->count)
		return EINVAL;
	for (size_t i = 0; i < s->in.fds; i++)
		if (!irq_takes(s->in.fd[i]))
			return EINVAL;
	for (uint32_t i = 0; i < set->count; i++) {
		irq_attach(device_irq(s->device), set->start + i, s->in.fds ? s->in.fd[i] : -1);
		if (s->in.fds)
			s->in.fd[i] = -1;
	}
	return 0;
}

/* Without data: count 0 detaches all, else the vectors are raised, for the client to try. */
static int set_none(struct session *s, const struct wire_set_irqs *set)
{
	if (s->in.fds)
		return EINVAL;
	if (!set->count)
		irq_detach_all(device_irq(s->device));
	for (uint32_t i = 0; i < set->count; i++)
		irq_raise(device_irq(s->device), set->start + i);
	return 0;
}

static int on_set_irqs(struct session *s)
{
	const struct wire_set_irqs *set = payload(s, sizeof(*set));
	uint32_t data;

	if (!set || set->argsz < sizeof(*set) || set->index >= WIRE_NIRQS)
		return EINVAL;
	data = set->flags & WIRE_IRQ_DATA;
	if (set->index != WIRE_IRQ_MSIX)
		return set->count ? EINVAL : 0;
	if (set->start > irq_vectors(device_irq(s->device)) ||
	    set->count > irq_vectors(device_irq(s->device)) - set->start)
		return EINVAL;
	if ((set->flags & ~WIRE_IRQ_DATA) != WIRE_IRQ_TRIGGER ||
	    (data != WIRE_IRQ_DATA_NONE && data != WIRE_IRQ_DATA_EVENTFD))
		return EINVAL;
	return data == WIRE_IRQ_DATA_NONE ? set_none(s, set) : set_eventfds(s, set);
}

/* What the function has become since the last access: it may have been away. */
static bool is_away(struct session *s)
{
	unsigned int departures = device_departures(s->device);

	if (departures != s->departures) {
		config_init(&s->config, irq_vectors(device_irq(s->device)));
		s->departures = departures;
	}
	return device_gone(s->device);
}

static void read_pending(struct session *s, const struct wire_access *a, unsigned char *dst)
{
	uint64_t pending = irq_pending(device_irq(s->device));

	memset(dst, 0, a->count);
	for (uint32_t i = 0; i < a->count; i++)
		if (a->offset + i >= CONFIG_PBA && a->offset + i < CONFIG_PBA + 8)
			dst[i] = (unsigned char)(pending >> (8 * (a->offset + i - CONFIG_PBA)));
}

/* Nothing in place of the function, or a BAR whose addresses it does not claim. */
static bool is_unclaimed(struct session *s, uint32_t region)
{
	return is_away(s) || (region != WIRE_REGION_CONFIG && !config_memory(&s->config));
}

static void region_read(struct session *s, const struct wire_access *a, unsigned char *dst)
{
	if (is_unclaimed(s, a->region))
		memset(dst, 0xff, a->count);
	else if (a->region == WIRE_REGION_CONFIG)
		config_read(&s->config, a->offset, dst, a->count);
	else if (a->region == WIRE_REGION_BAR0)
		device_read(s->device, a->offset, dst, a->count);
	else
		read_pending(s, a, dst);
}

static void config_written(struct session *s, unsigned int events)
{
	if (events & CONFIG_FLR) {
		device_function_reset(s->device);
		config_init(&s->config, irq_vectors(device_irq(s->device)));
		events |= CONFIG_MASTER | CONFIG_POWER;
	}
	if (events & CONFIG_MASTER)
		dma_set_master(device_dma(s->device), config_master(&s->config));
	if (events & CONFIG_POWER)
		device_power(s->device, config_power(&s->config));
}

static void region_write(struct session *s, const struct wire_access *a, const unsigned char *src)
{
	if (is_unclaimed(s, a->region))
		return;
	if (a->region == WIRE_REGION_CONFIG)
		config_written(s, config_write(&s->config, a->offset, src, a->count));
	else if (a->region == WIRE_REGION_BAR0)
		device_write(s->device, a->offset, src, a->count);
	/* BAR 2 is the client's own affair: it keeps the vector table. */
}

/* NULL unless it lies in a region, has a size, and (@data) brings so many bytes. */
static const struct wire_access *access_of(const struct session *s, bool data)
{
	const struct wire_access *a = payload(s, sizeof(*a));

	if (!a || a->region >= WIRE_NREGIONS || !a->count || a->count > WIRE_MAX_DATA)
		return NULL;
	if (s->in.data_size - sizeof(*a) != (data ? a->count : 0))
		return NULL;
	if (a->offset > region_size(a->region) || a->count > region_size(a->region) - a->offset)
		return NULL;
	return a;
}

static int on_region_read(struct session *s)
{
	const struct wire_access *a = access_of(s, false);

	if (!a)
		return EINVAL;
	answer(s, a, sizeof(*a));
	s->out_size += a->count;
	region_read(s, a, s->out + sizeof(*a));
	return 0;
}

static int on_region_write(struct session *s)
{
	const struct wire_access *a = access_of(s, true);

	if (!a)
		return EINVAL;
	answer(s, a, sizeof(*a));
	region_write(s, a, s->in.data + sizeof(*a));
	return 0;
}

/* A reset of the bus: it brings the link up again, too. */
static void bus_reset(struct session *s)
{
	dma_set_master(device_dma(s->device), false);
	device_link(s->device, true);
	device_function_reset(s->device);
	device_power(s->device, 0);
	config_init(&s->config, irq_vectors(device_irq(s->device)));
	s->departures = device_departures(s->device);
}

static int on_reset(struct session *s)
{
	if (s->in.data_size)
		return EINVAL;
	bus_reset(s);
	return 0;
}

static const handler handlers[] = {
	[WIRE_VERSION] = on_version,
	[WIRE_DMA_MAP] = on_dma_map,
	[WIRE_DMA_UNMAP] = on_dma_unmap,
	[WIRE_GET_INFO] = on_get_info,
	[WIRE_GET_REGION_INFO] = on_get_region_info,
	[WIRE_GET_IRQ_INFO] = on_get_irq_info,
	[WIRE_SET_IRQS] = on_set_irqs,
	[WIRE_REGION_READ] = on_region_read,
	[WIRE_REGION_WRITE] = on_region_write,
	[WIRE_RESET] = on_reset,
};

#define NHANDLERS (sizeof(handlers) / sizeof(handlers[0]))

static int handle(struct session *s)
{
	uint16_t command = s->in.header.command;

	if ((s->in.header.flags & WIRE_TYPE_MASK) != 0 || s->in.too_many_fds)
		return EINVAL;
	if (command >= NHANDLERS || !handlers[command])
		return ENOTSUP;
	if (!s->greeted && command != WIRE_VERSION)
		return EINVAL;
	return handlers[command](s);
}

/* 0, or a negative errno when the client is to be dropped. */
static int serve_message(struct session *s)
{
	int error;

	/* We ask for nothing, so this answers nothing; to answer it might go on for ever. */
	if ((s->in.header.flags & WIRE_TYPE_MASK) == WIRE_REPLY)
		return 0;
	s->out_size = 0;
	error = handle(s);
	if (s->in.header.flags & WIRE_NO_REPLY)
		return 0;
	if (error)
		return message_refuse(&s->channel, &s->in, error);
	return message_reply(&s->channel, &s->in, s->out, s->out_size);
}

static void serve_client(int socket, struct device *device, int stop_fd)
{
	struct session *s = calloc(1, sizeof(*s));
	int err = 0;

	if (!s) {
		fprintf(stderr, "nms-pcie: client dropped: %s\n", strerror(ENOMEM));
		return;
	}
	s->channel = (struct channel){ socket, stop_fd };
	s->device = device;
	/* The device is as power, or the client before, has left it: reset. */
	device_link(device, true);
	config_init(&s->config, irq_vectors(device_irq(device)));
	s->departures = device_departures(device);
	while (!err) {
		err = message_receive(&s->channel, &s->in);
		if (!err)
			err = serve_message(s);
	}
	if (err != -ENOTCONN && err != -EINTR)
		fprintf(stderr, "nms-pcie: client dropped: %s\n", strerror(-err));
	bus_reset(s);
	irq_detach_all(device_irq(device));
	dma_unmap_all(device_dma(device));
	message_free(&s->in);
	free(s);
}

/* Until @fd (-1: none) is readable, or for @ms (-1: for ever); false: stop. */
static bool wait_for(int fd, int stop_fd, int ms)
{
	struct pollfd p[2] = { { fd, POLLIN, 0 }, { stop_fd, POLLIN, 0 } };

	while (poll(p, 2, ms) < 0)
		if (errno != EINTR)
			return false;
	return !p[1].revents;
}

int server_run(const char *path, struct device *device, int stop_fd)
{
	struct listener listener;
	int err = listen_at(path, 1, &listener);

	if (err)
		return err;
	while (wait_for(listener.fd, stop_fd, -1)) {
		int client = accept4(listener.fd, NULL, NULL, SOCK_CLOEXEC);

		if (client < 0) {
			wait_for(-1, stop_fd, LISTEN_PAUSE_MS);
			continue;
		}
		serve_client(client, device, stop_fd);
		close(client);
	}
	listen_end(&listener, path);
	return 0;
}

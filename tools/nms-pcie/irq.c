// SPDX-License-Identifier: GPL-2.0-only
#include "irq.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct irq {
	pthread_mutex_t lock;
	unsigned int vectors;
	bool down;
	int fd[IRQ_MAX_VECTORS];
	uint64_t pending, count;
};

int irq_create(unsigned int vectors, struct irq **out)
{
	struct irq *irq;

	if (!vectors || vectors > IRQ_MAX_VECTORS)
		return -EINVAL;
	irq = calloc(1, sizeof(*irq));
	if (!irq)
		return -ENOMEM;
	pthread_mutex_init(&irq->lock, NULL);
	irq->vectors = vectors;
	for (unsigned int i = 0; i < IRQ_MAX_VECTORS; i++)
		irq->fd[i] = -1;
	*out = irq;
	return 0;
}

void irq_destroy(struct irq *irq)
{
	if (!irq)
		return;
	irq_detach_all(irq);
	pthread_mutex_destroy(&irq->lock);
	free(irq);
}

unsigned int irq_vectors(const struct irq *irq)
{
	return irq->vectors;
}

bool irq_takes(int fd)
{
	static const char eventfd[] = "anon_inode:[eventfd]";
	char link[32], target[sizeof(eventfd)];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return readlink(link, target, sizeof(target)) == sizeof(eventfd) - 1 &&
	       !memcmp(target, eventfd, sizeof(eventfd) - 1);
}

/* The client has the same open file, and can make it one that blocks again. */
static bool has_room(int fd)
{
	struct pollfd p = { fd, POLLOUT, 0 };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT);
}

/* Under the lock. */
static void signal_vector(struct irq *irq, unsigned int vector)
{
	uint64_t one = 1;

	if (irq->fd[vector] < 0) {
		irq->pending |= UINT64_C(1) << vector;
		return;
	}
	irq->pending &= ~(UINT64_C(1) << vector);
	/* A full eventfd has an interrupt on its way already. */
	if (has_room(irq->fd[vector]) &&
	    write(irq->fd[vector], &one, sizeof(one)) == sizeof(one))
		irq->count++;
}

int irq_attach(struct irq *irq, unsigned int vector, int fd)
{
	if (vector >= irq->vectors) {
		if (fd >= 0)
			close(fd);
		return -EINVAL;
	}
	/* The client chooses what it passes; to write there must not block the device. */
	if (fd >= 0)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	pthread_mutex_lock(&irq->lock);
	if (irq->fd[vector] >= 0)
		close(irq->fd[vector]);
	irq->fd[vector] = fd;
	if (fd >= 0 && (irq->pending & (UINT64_C(1) << vector)))
		signal_vector(irq, vector);
	pthread_mutex_unlock(&irq->lock);
	return 0;
}

void irq_detach_all(struct irq *irq)
{
	for (unsigned int i = 0; i < irq->vectors; i++)
		irq_attach(irq, i, -1);
}

void irq_clear(struct irq *irq)
{
	pthread_mutex_lock(&irq->lock);
	irq->pending = 0;
	pthread_mutex_unlock(&irq->lock);
}

void irq_raise(struct irq *irq, unsigned int vector)
{
	if (vector >= irq->vectors)
		return;
	pthread_mutex_lock(&irq->lock);
	if (!irq->down)
		signal_vector(irq, vector);
	pthread_mutex_unlock(&irq->lock);
}

void irq_set_link(struct irq *irq, bool up)
{
	pthread_mutex_lock(&irq->lock);
	irq->down = !up;
	pthread_mutex_unlock(&irq->lock);
}

uint64_t irq_pending(struct irq *irq)
{
	uint64_t pending;

	pthread_mutex_lock(&irq->lock);
	pending = irq->pending;
	pthread_mutex_unlock(&irq->lock);
	return pending;
}

uint64_t irq_count(struct irq *irq)
{
	uint64_t count;

	pthread_mutex_lock(&irq->lock);
	count = irq->count;
	pthread_mutex_unlock(&irq->lock);
	return count;
}

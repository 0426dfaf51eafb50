/* SPDX-License-Identifier: GPL-2.0-only */
/* MSI-X vectors: a descriptor of the client for each, and what is pending.  Thread-safe. */
#ifndef NMS_PCIE_IRQ_H
#define NMS_PCIE_IRQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IRQ_MAX_VECTORS 64

struct irq;

int irq_create(unsigned int vectors, struct irq **irq);
void irq_destroy(struct irq *irq);
unsigned int irq_vectors(const struct irq *irq);

/* Whether @fd can be attached: it is an eventfd.  Where there is no /proc, none is. */
bool irq_takes(int fd);

/*
 * The client attaches @fd, which irq_takes() (taken over; closed when replaced) or, with -1,
 * detaches.  What was pending is raised as soon as there is a descriptor.
 * -EINVAL: no such vector; @fd is closed then too.
 */
int irq_attach(struct irq *irq, unsigned int vector, int fd);
void irq_detach_all(struct irq *irq);
/* Forget what is pending (reset). */
void irq_clear(struct irq *irq);

/* While the link to the host is down, what is raised is lost. */
void irq_set_link(struct irq *irq, bool up);
void irq_raise(struct irq *irq, unsigned int vector);
/* Pending bits of the vectors. */
uint64_t irq_pending(struct irq *irq);
/* Interrupts raised since creation. */
uint64_t irq_count(struct irq *irq);

#endif /* NMS_PCIE_IRQ_H */

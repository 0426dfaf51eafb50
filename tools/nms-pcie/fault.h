/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults on request: of the n-th command from now, or at random with a seed.
 * Thread-safe.
 */
#ifndef NMS_PCIE_FAULT_H
#define NMS_PCIE_FAULT_H

#include <stdbool.h>
#include <stdint.h>

enum fault_kind {
	FAULT_NONE,
	FAULT_DROP,		/* no completion */
	FAULT_DELAY,		/* completion after delay_ms */
	FAULT_DUPLICATE,	/* completion twice */
	FAULT_CORRUPT,		/* completion with a command id that nobody gave */
	FAULT_HANG,		/* never ends, deaf to abort, until reset */
	FAULT_FATAL,		/* device stops */
	FAULT_DMA,		/* DMA of the command fails */
	FAULT_LINK,		/* the function goes from the bus */
	FAULT_NKINDS
};

struct faults;

int fault_create(uint64_t seed, struct faults **faults);
void fault_destroy(struct faults *faults);

/* The name of a kind; FAULT_NONE for an unknown name. */
const char *fault_name(enum fault_kind kind);
enum fault_kind fault_kind(const char *name);

/*
 * Commands of the admin queue (@admin) and those of the others are counted and
 * befallen apart.  @kind befalls the @n-th command from now (1: the next one), and
 * @times in a row.
 */
void fault_at(struct faults *faults, bool admin, enum fault_kind kind, uint64_t n, uint64_t times);
/* @kind befalls each command with probability @p; 0 ends that. */
void fault_random(struct faults *faults, bool admin, enum fault_kind kind, double p);
void fault_delay(struct faults *faults, unsigned int ms);
unsigned int fault_delay_ms(struct faults *faults);
void fault_clear(struct faults *faults);

/* What befalls the command that is about to run.  Call once for each. */
enum fault_kind fault_next(struct faults *faults, bool admin);
/* How many commands were befallen. */
uint64_t fault_count(struct faults *faults);

#endif /* NMS_PCIE_FAULT_H */

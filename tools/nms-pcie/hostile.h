/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device that lies: in registers, completions, result blocks, pages and interrupts.
 * It writes nowhere but where the driver has asked it to.  Thread-safe.
 */
#ifndef NMS_PCIE_HOSTILE_H
#define NMS_PCIE_HOSTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nms_hw.h"

/* What the device does beside what it has been asked for. */
struct hostile_extra {
	enum { EXTRA_POST, EXTRA_INTERRUPT } kind;
	unsigned int where;	/* queue or vector */
	uint16_t cid, status;
	uint64_t times;
};

struct hostile;

int hostile_create(uint64_t seed, struct hostile **hostile);
void hostile_destroy(struct hostile *hostile);

/*
 * A request, what follows "lie": nms-pcie(8) has them.  0, 1 (@extra is to be done now)
 * or -EINVAL, -ENOSPC.
 */
int hostile_lie(struct hostile *hostile, const char *request, struct hostile_extra *extra);
/* No more lies. */
void hostile_end(struct hostile *hostile);
/* How many were told. */
uint64_t hostile_count(struct hostile *hostile);

/* What a read of a register gives. */
uint64_t hostile_register(struct hostile *hostile, uint64_t offset, uint32_t size, uint64_t truth);
/* Change a completion that is about to be written, its phase included. */
void hostile_completion(struct hostile *hostile, bool admin, struct nms_hw_cqe *cqe);
/*
 * Change a page of IDENTIFY (@selector 0) or of a log, that was asked for from @from on.
 * There is @room for more than its @size.  How many bytes it has then.
 */
size_t hostile_page(struct hostile *hostile, uint32_t selector, uint32_t from, void *page,
		    size_t size, size_t room);
/* True: so many bytes of @value are to be put at @offset of a result block of @size. */
bool hostile_result(struct hostile *hostile, size_t size, size_t *offset, size_t *bytes,
		    uint64_t *value);
/* True: an event that has not happened. */
bool hostile_event(struct hostile *hostile, struct nms_hw_cqe *cqe);
/* True: an interrupt is not sent. */
bool hostile_silent(struct hostile *hostile);
/* True: something nobody asked for comes with this completion. */
bool hostile_uncalled(struct hostile *hostile, unsigned int queues, unsigned int vectors,
		      struct hostile_extra *extra);

#endif /* NMS_PCIE_HOSTILE_H */

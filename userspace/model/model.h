/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The accelerator in software: command processor, near memory, energy meter.
 *
 * It executes the commands of uapi/nms_hw.h as the hardware would, on near
 * memory of a set size, and is the same whether it stands inside libnmsdev or
 * behind a PCIe device.  It trusts nothing in a command.
 *
 * Thread-safe: contexts may execute at once.  Commands of data (NOP, WRITE,
 * READ, ZERO, GATHER) run at once; those of the shared datapath (REDUCE, EMBED,
 * SELECT) one at a time, turn by turn: between iterations the datapath goes to the
 * next in line when it has been with one for some 50 ms.
 */
#ifndef NMS_MODEL_H
#define NMS_MODEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nms_hw.h"

struct nms_model;

/*
 * How the model reaches host memory.  Return 0 or -EFAULT.  NULL functions:
 * addresses are pointers of this process.
 */
struct nms_model_host {
	int (*read)(void *data, uint64_t addr, void *dst, size_t size);
	int (*write)(void *data, uint64_t addr, const void *src, size_t size);
	void *data;
};

struct nms_model_config {
	uint64_t near_size;	/* bytes of near memory; 0: 3/4 of the machine's memory */
	unsigned int threads;		/* 0: all processors */
	const char *profile;		/* "auto", "portable", "fma", "fixed8/64/12"; NULL: "auto" */
	const char *energy;		/* energy profile: name, or path if it has a '/'; NULL: "ddr4" */
	uint32_t generation;		/* of the first ranges; 0: 1 */
	uint64_t working;		/* most bytes that a command may take beside it; 0: the machine's */
	struct nms_model_host host;
};

/*
 * -EINVAL (unknown arithmetic profile), -ENOENT or -EBADMSG (energy profile
 * missing or malformed), -ENOMEM.  @why (size @size) gets one line of reason.
 */
int nms_model_create(const struct nms_model_config *config, struct nms_model **model,
		     char *why, size_t size);
/* No command may be under way. */
void nms_model_destroy(struct nms_model *model);

struct nms_model_info {
	uint64_t near_size, near_used;
	unsigned int threads;
	const char *profile, *isa;	/* default arithmetic; owned by the model */
	uint32_t profile_number;	/* as commands name it */
	const char *energy, *energy_source;
	uint32_t numerics;
	uint32_t profiles;		/* bit p for enum nms_hw_profile p; any fixed one always */
	uint64_t clock_hz;		/* of the modelled datapath */
};
void nms_model_info(struct nms_model *model, struct nms_model_info *info);

/* Rights of a context on a range. */
#define NMS_MODEL_READ	0x1u
#define NMS_MODEL_WRITE	0x2u

/*
 * A range of near memory for @context, zeroed; it takes whole pages of 4 KiB.
 * @backing: memory of the caller that stands for near memory instead (not
 * owned, not zeroed, not counted against near_size; must outlive the range), or
 * NULL.  Fills @near with range and generation, offset 0.
 * -ENOSPC, -ENOMEM, -EINVAL (size 0, rights that do not exist).
 */
int nms_model_range_create(struct nms_model *model, uint32_t context, uint64_t size,
			   void *backing, uint32_t rights, struct nms_hw_near *near);
/* Give @context rights on a range (0 takes them).  -ENOENT. */
int nms_model_range_grant(struct nms_model *model, const struct nms_hw_near *near,
			  uint32_t context, uint32_t rights);
/*
 * Remove a range.  Its memory is zeroed before it can be handed out again and
 * its id is not used again before 2^32 others.  -ENOENT; -EBUSY while a command uses it.
 */
int nms_model_range_destroy(struct nms_model *model, const struct nms_hw_near *near);

/*
 * Contents of the range @near->range are lost, as by an uncorrectable error: they
 * read as zeros from now on, in a new generation, which is put into @near.
 * Commands under way that use it end with NMS_HW_INTERNAL.  -ENOENT, -ENOMEM;
 * -EINVAL: the range has memory of the caller.
 */
int nms_model_range_lose(struct nms_model *model, struct nms_hw_near *near);

/* Device counters, monotonic: energy in picojoules, bytes, busy nanoseconds and cycles. */
struct nms_model_counters {
	uint64_t energy[NMS_HW_NDOMAINS];
	uint64_t near_read, near_write, link_in, link_out;
	uint64_t commands, errors;
	uint64_t busy_ns;	/* as it ran, without the turns of others */
	uint64_t busy_cycles;	/* of the modelled datapath */
};

/* Most entries in a scatter list. */
#define NMS_MODEL_SGL_ENTRIES (1u << 20)

/* One execution, as seen from outside while it runs. */
struct nms_model_run {
	atomic_bool cancel;		/* set by anyone: the command ends with NMS_HW_CANCELLED */
	atomic_uint phase;		/* enum nms_hw_phase */
	_Atomic uint64_t done, total;	/* steps of that phase */
	struct nms_model_counters spent; /* what this command cost; filled when it has ended */
};

/*
 * Execute one command on the calling thread; returns when it is complete.
 * @cqe gets cid, status (without phase bit), value and detail; @run may be
 * NULL.  The result block, if the command names one, is written first; before that,
 * progress is written to it several times a second, by a thread of the model.
 * Nothing is written after the return.
 */
void nms_model_execute(struct nms_model *model, const struct nms_hw_cmd *cmd,
		       struct nms_model_run *run, struct nms_hw_cqe *cqe);

void nms_model_counters(struct nms_model *model, struct nms_model_counters *counters);

/* Working memory that a compute command will need beside near memory, in bytes; 0 if malformed. */
uint64_t nms_model_estimate(struct nms_model *model, const void *param, size_t size);

/* "stale range" and so on; never NULL. */
const char *nms_model_status_text(enum nms_hw_status status);

#endif /* NMS_MODEL_H */

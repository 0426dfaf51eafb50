/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Devices behind the kernel: what the files of this backend ask of each other.
 * Nothing here computes: whatever is asked for by name is done by the device.
 */
#ifndef NMS_KERNEL_H
#define NMS_KERNEL_H

#include <sys/types.h>

#include "internal.h"
#include "nms.h"

struct kernel_ring;

/* How jobs are to reach the kernel. */
enum kernel_submission {
	KERNEL_ANY,
	KERNEL_URING,
	KERNEL_IOCTL,
};

struct kernel_device {
	char node[NMS_NODE_SIZE];
	int fd;				/* for what belongs to no context */
	dev_t rdev;
	struct nms_query_device about;	/* as it was when it was opened */
	uint32_t profile;		/* for commands that name none */
	char profile_name[24];
	enum kernel_submission asked;
	bool uring;			/* by io_uring, where nothing speaks against it */
	char why_not[80];		/* else the reason, if it was not asked for */
	atomic_bool ring_failed;	/* some context had to do without */
};

struct kernel_context {
	struct kernel_device *device;
	int fd;
	/* the worker's */
	struct kernel_ring *ring;
	bool no_ring;			/* it could not be had */
	/* names of the datasets that this context made, under lock */
	pthread_mutex_t lock;
	struct list made;
};

/* ---- kernel_call.c ------------------------------------------------------ */

/* 0 or a negative errno.  Only what may be done twice is done again after a signal. */
int nms_kernel_call(int fd, unsigned long request, void *arg);
/* As much of the answer as the kernel knows; zero behind that. */
int nms_kernel_query(int fd, uint32_t type, uint32_t index, void *answer, size_t size);

/* ---- kernel_open.c ------------------------------------------------------ */

/* A descriptor, or a negative errno, which is @e's. */
int nms_kernel_open(const char *node, dev_t *rdev, struct nms_error *e);

/* ---- kernel_error.c ----------------------------------------------------- */

/* Why the kernel did not do it; returns the error that the caller gets. */
int nms_kernel_error(const struct kernel_device *device, int error, struct nms_error *e);
int nms_kernel_fail(const struct kernel_device *device, int error);
/*
 * Why it did not take a command.  @field: bad_field of struct nms_submit; @pinned:
 * bytes of memory that the whole job would have pinned.
 */
void nms_kernel_refusal(const struct kernel_device *device, const struct nms_slot *slot,
			int error, uint32_t field, uint64_t pinned, struct nms_error *e);

/* ---- kernel_buffer.c ---------------------------------------------------- */

int nms_kernel_buffer_create(void *context, uint64_t bytes, void *memory, uint32_t rights,
			     struct nms_hw_near *near);
void nms_kernel_buffer_destroy(void *context, const struct nms_hw_near *near);

/* ---- kernel_dataset.c --------------------------------------------------- */

int nms_kernel_dataset_create(void *context, const struct nms_hw_near *near,
			      const struct nms_dataset_info *info);
int nms_kernel_dataset_open(void *context, const char *name, struct nms_hw_near *near,
			    struct nms_dataset_info *info);
int nms_kernel_dataset_unlink(void *context, const char *name);
int nms_kernel_dataset_info(void *context, size_t i, struct nms_dataset_info *info);
void nms_kernel_datasets_forget(struct kernel_context *c);

/* ---- kernel_ring.c ------------------------------------------------------ */

/* Whether there is io_uring, with commands; @why gets the reason if not. */
int nms_kernel_ring_probe(char *why, size_t size);
/* By the thread that will use it. */
int nms_kernel_ring_open(struct kernel_ring **ring);
void nms_kernel_ring_close(struct kernel_ring *ring);
/* On an error nothing was submitted, and the ring is of no more use. */
int nms_kernel_ring_submit(struct kernel_ring *ring, int fd, struct nms_submit *submit);
/* The job's outcome in @res; -EAGAIN: not yet, which it tells soon unless @forever. */
int nms_kernel_ring_wait(struct kernel_ring *ring, bool forever, int *res);

/* ---- kernel_batch.c ----------------------------------------------------- */

/* A command of the kernel: all of a slot's, or a piece of it. */
struct kernel_item {
	size_t slot;
	bool last;			/* with it the slot is complete */
	uint64_t bytes;			/* that it moves */
	uint64_t row;			/* GATHER: the first of its piece */
	struct nms_hw_gather gather;	/* of a piece */
	struct nms_hw_result result;
};

/* What goes to the kernel as one job. */
struct kernel_batch {
	unsigned int room, count;
	struct nms_cmd *cmds;
	struct kernel_item *items;
	uint64_t pinned;		/* bytes, in whole pages */
	bool computes;
	size_t slot;			/* where the next one goes on */
	uint64_t at;			/* bytes of that slot that are behind us */
	struct nms_submit submit;
	struct nms_job_result result;
};

int nms_kernel_batch_init(const struct kernel_device *device, const struct nms_job *job,
			  struct kernel_batch *batch);
void nms_kernel_batch_free(struct kernel_batch *batch);
/* The next commands, as many as one job of the kernel takes. */
void nms_kernel_batch_fill(const struct kernel_device *device, struct nms_job *job,
			   struct kernel_batch *batch);
/* Item @i was executed: add what it did to its slot. */
void nms_kernel_batch_add(struct kernel_batch *batch, unsigned int i, bool fine,
			  struct nms_job *job);

/* ---- kernel_job.c ------------------------------------------------------- */

/* What a job has while it runs; see there how others reach it. */
struct kernel_run {
	_Atomic uint64_t id;		/* the kernel's, 0: there is none to be told of */
	atomic_uint visitors;
	int fd;
	const struct kernel_batch *batch;
};

void nms_kernel_run(struct nms_context *context, struct nms_job *job);
void nms_kernel_cancel(struct nms_job *job);
void nms_kernel_progress(struct nms_job *job, struct nms_progress *progress);

#endif /* NMS_KERNEL_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel with devices, in this process, for tests of libnmsdev: near memory,
 * handles, datasets and jobs in a small way of their own, and failures by script.
 * Linked with --wrap of what the library calls (see meson.build).
 */
#ifndef MOCK_KERNEL_H
#define MOCK_KERNEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "nms.h"
#include "nms_hw.h"

#define MOCK_CALLS 256		/* numbers of ioctls */
#define MOCK_NR(request) (((request) >> _IOC_NRSHIFT) & _IOC_NRMASK)

struct mock {
	unsigned int devices;		/* /dev/nms0 ... are there */
	int open_error[4];		/* errno of opening each */
	unsigned int mode, gid;		/* of the nodes */
	struct nms_query_device about;
	struct nms_query_profile profiles[4];
	unsigned int nprofiles;
	/* by MOCK_NR() */
	int known[MOCK_CALLS];		/* bytes of the structure that this kernel knows; 0: all */
	int eintr[MOCK_CALLS];		/* so many calls are interrupted first */
	int error[MOCK_CALLS];		/* errno of all calls */
	atomic_int calls[MOCK_CALLS];
	int query_known;		/* bytes of the answers of a query; 0: all */
	/* jobs */
	bool hold;			/* they wait until mock_release() */
	bool punt;			/* by io_uring: the id comes late */
	atomic_bool punt_hold;		/* and not before this is false */
	atomic_uint punted;
	bool slow_cancel;		/* on its way into the kernel it takes a while */
	atomic_uint on_its_way, strays;	/* strays find another file, or none */
	bool gone;			/* the device */
	int refuse, bad_command;	/* errno of a submission, and whose fault it is */
	uint32_t bad_field;
	int job_error;			/* errno of command number fail_at of each job */
	unsigned int fail_at;
	uint32_t job_status, job_detail;
	/* io_uring */
	int ring_probe, ring_open, ring_submit;	/* errno */
	/* what was seen */
	atomic_uint jobs, ring_jobs, commands, open_files;
	uint64_t most_pinned;		/* of one job, in whole pages */
	uint64_t last_profile;		/* in the header of the last parameter block */
	/* of datasets: what the next one to be found says of itself */
	bool lie;
	struct nms_query_dataset lies;
};

extern struct mock mock;

/* One device that works, and nothing else. */
void mock_reset(void);
/* Let the jobs that wait run. */
void mock_release(void);
/* Wait until a job is with the kernel. */
void mock_wait_for_job(unsigned int jobs);
/* Handles that are not yet given back, of all contexts; datasets with a name. */
unsigned int mock_handles(void);
unsigned int mock_datasets(void);

#endif /* MOCK_KERNEL_H */

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The objects of the library and what its files ask of each other. */
#ifndef NMS_INTERNAL_H
#define NMS_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "backend.h"
#include "list.h"
#include "nmsdev.h"

/* Levels of log lines are those of syslog(3). */
#define NMS_LOG_ERR	3
#define NMS_LOG_INFO	6
#define NMS_LOG_DEBUG	7

#define NMS_MAX_COMMANDS 65535u	/* a command's number in its job has 16 bits */
#define NMS_NAME_MAX 63
#define NMS_PERPLEXITY 30.0f	/* target where none is given */
#define NMS_FEATURES 50u	/* features where no number is given, if there are as many */
/* Herding measured best on more features, quarter-whitened, with a wider kernel. */
#define NMS_FEATURES_HERDING 80u
#define NMS_BANDWIDTH_HERDING 1.4f
#define NMS_CANDIDATES 8u	/* perplexities tried where entropy guides the choice */

#define nms_min(a, b) ((a) < (b) ? (a) : (b))

/* ---- error.c, struct.c ------------------------------------------------ */

/* Set this thread's last error and log it; returns @error. */
int nms_fail(int error, enum nms_cause cause, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int nms_fail_at(int error, enum nms_cause cause, uint64_t row, uint64_t col,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* Make @e, which was logged where it arose, this thread's last error. */
int nms_fail_as(const struct nms_error *e);
/* As nms_fail(), from an error that has been filled but not logged. */
int nms_fail_with(const struct nms_error *e);
/* Fill @e only; returns @error. */
int nms_error_fill(struct nms_error *e, int error, enum nms_cause cause, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
int nms_error_memory(struct nms_error *e, uint64_t bytes);
int nms_fail_memory(uint64_t bytes);
/* Near memory has no room for @bytes. */
int nms_fail_near(uint64_t bytes, uint64_t free, uint64_t size);
void nms_log(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Structures by size.  @known: sizeof in this version; @first: that of the
 * first version.  A caller newer than the library may pass a larger one as
 * long as it uses nothing that the library does not know.
 */
int nms_struct_in(void *dst, const void *src, size_t known, size_t first, const char *name);
int nms_struct_check_out(const void *dst, size_t first, const char *name);
/* After nms_struct_check_out(); leaves the caller's size in place. */
void nms_struct_out(void *dst, const void *src, size_t known);

/* ---- device.c, uri.c ---------------------------------------------------- */

struct nms_device {
	atomic_uint refs;		/* the handle, and each context */
	const struct nms_backend_ops *ops;
	void *backend;
	char name[64];
	char reason[192];		/* why this one; "": the backend knows */
};

void nms_device_get(struct nms_device *device);
void nms_device_put(struct nms_device *device);

/*
 * Options in a URI: "near_size=2G,threads=4".  Calls @set for each, until one
 * fails.  Strings point into @store.
 */
#define NMS_URI_MAX 4096
int nms_uri_options(const char *text, char *store,
		    int (*set)(const char *key, const char *value, void *data,
			       struct nms_error *e),
		    void *data, struct nms_error *e);
/* A decimal number with an optional suffix K, M, G or T (powers of 1024); -EINVAL. */
int nms_uri_size(const char *text, uint64_t *value);

/* ---- kernel_open.c ------------------------------------------------------ */

#define NMS_NODE_SIZE 64

/*
 * The nodes of devices in @dir, in order of their numbers: nms0, nms1, ...  At
 * most @room are stored; returns how many.
 */
size_t nms_kernel_nodes(const char *dir, char (*nodes)[NMS_NODE_SIZE], size_t room);

/* ---- context.c ---------------------------------------------------------- */

struct nms_context {
	struct nms_device *device;
	void *backend;			/* what the device's backend has for it */
	pthread_mutex_t lock;		/* all below */
	pthread_cond_t work;
	pthread_t worker;
	bool running, closing;		/* there is a worker; it must end */
	struct list jobs;		/* in order; the first may be running */
	struct list buffers;		/* struct nms_buffer that have a handle here */
	struct list datasets;		/* struct nms_dataset */
	struct nms_counters counters;
};

/* Add what a command did. */
void nms_context_count(struct nms_context *context, const struct nms_result *result);

/* ---- buffer.c, dataset.c ------------------------------------------------ */

struct nms_buffer {
	atomic_uint refs;		/* the handle or dataset, and each job that uses it */
	struct nms_context *context;
	bool named;			/* belongs to a dataset */
	struct nms_hw_near near;
	uint64_t bytes;
	struct list link;		/* unless named */
};

/* A buffer that has @near already, with a handle that is not yet in any list. */
struct nms_buffer *nms_buffer_alloc(struct nms_context *context, uint64_t bytes);
void nms_buffer_get(struct nms_buffer *buffer);
void nms_buffer_put(struct nms_buffer *buffer);

/* A buffer of this context. */
int nms_buffer_check(const struct nms_context *context, const char *name,
		     const struct nms_buffer *buffer);
/* A matrix or vector that lies within its buffer, of this context; stride filled in. */
int nms_matrix_check(const struct nms_context *context, const char *name, struct nms_matrix *m);
int nms_vector_check(const struct nms_context *context, const char *name,
		     const struct nms_vector *v);

/* A context's handle on a dataset. */
struct nms_dataset {
	struct nms_context *context;
	struct list link;
	struct nms_matrix matrix;
	char name[NMS_NAME_MAX + 1];
};

/* ---- command.c, fault.c, result.c --------------------------------------- */

/* A command as backends take it, and what they leave. */
struct nms_slot {
	enum nms_op op;
	uint32_t deadline_ms;
	struct nms_hw_near near;	/* WRITE, READ, ZERO */
	uint64_t bytes;			/* of these; GATHER: that go to the host */
	void *host;
	uint32_t param_size;		/* 0: no command of compute */
	union {
		struct nms_hw_param_header header;
		struct nms_hw_reduce reduce;
		struct nms_hw_embed embed;
		struct nms_hw_select select;
		struct nms_hw_gather gather;
	} param;
	struct nms_hw_result result;
	uint64_t value;			/* bytes moved, or rows put out */
};

/* Buffers that a job uses, each counted. */
struct nms_uses {
	struct nms_buffer **buffer;
	size_t count, room;
};

int nms_uses_add(struct nms_uses *uses, struct nms_buffer *buffer);
void nms_uses_drop(struct nms_uses *uses);

/*
 * Translate @command into @slot.  @uses gets what it names.  @profile: enum
 * nms_hw_profile or 0.
 */
int nms_command_translate(struct nms_context *context, const struct nms_command *command,
			  uint32_t profile, struct nms_slot *slot, struct nms_uses *uses);

/*
 * What the device said of a command that failed, in words.  @status: enum
 * nms_hw_status; @detail: offset of the field at fault in struct nms_hw_cmd.
 */
void nms_fault_describe(const struct nms_slot *slot, uint32_t status, uint32_t detail,
			struct nms_error *e);
/* The name in nmsdev.h of what stands at @offset of the parameter block. */
const char *nms_fault_param_name(enum nms_op op, size_t offset);
/* In a line, never NULL. */
const char *nms_status_text(uint32_t status);
void nms_result_fill(const struct nms_device *device, const struct nms_slot *slot,
		     const struct nms_error *e, struct nms_result *result);
/* Add @r to @total, and take over what only one kind of command has. */
void nms_result_add(struct nms_result *total, const struct nms_result *r);

/* ---- job.c, worker.c ---------------------------------------------------- */

enum nms_job_state {
	NMS_JOB_QUEUED,
	NMS_JOB_RUNNING,
	NMS_JOB_ENDED,
	NMS_JOB_DROPPED,	/* cancelled before it began */
};

struct nms_job {
	atomic_uint refs;		/* the handle, and the context's list */
	struct list link;
	const struct nms_backend_ops *ops;
	atomic_int state;
	int fd;				/* eventfd, written once the job has ended */
	atomic_bool cancel;		/* somebody wants it to stop */
	void *run;			/* the backend's */
	atomic_size_t current;		/* command that is running */
	size_t count;
	struct nms_slot *slots;
	struct nms_result *results;
	struct nms_uses uses;
	struct nms_error error;		/* outcome, once ENDED */
	struct nms_error dropped;	/* outcome, if DROPPED */
};

/* nms_job_submit() with an arithmetic profile. */
int nms_job_start(struct nms_context *context, const struct nms_command *commands, size_t count,
		  uint32_t profile, struct nms_job **job);
void nms_job_put(struct nms_job *job);
/* Publish the end of a job: wakes all who wait.  Safe from a signal handler. */
void nms_job_wake(struct nms_job *job);

/* For backends: command @i was executed (@e->error 0), or failed so. */
void nms_job_command_ended(struct nms_context *context, struct nms_job *job, size_t i,
			   const struct nms_error *e);
/* It ends before its next command: by a cancel, or so. */
void nms_job_cancelled(struct nms_job *job);
void nms_job_failed(struct nms_job *job, const struct nms_error *e);

/* Takes over a reference to @job. */
int nms_worker_submit(struct nms_context *context, struct nms_job *job);
/* Cancel all jobs, wait for them, end the thread. */
void nms_worker_stop(struct nms_context *context);

/* ---- method.c ----------------------------------------------------------- */

struct nms_method {
	const char *name, *text;
	enum nms_rule rule;
	enum nms_search search;
	bool entropy_guided;
	bool fixed_rule;	/* named after its rule */
};

/* NULL or "auto": the first.  NULL if there is none of that name. */
const struct nms_method *nms_method_find(const char *name);
const char *nms_rule_name(enum nms_rule rule);
const char *nms_search_name(enum nms_search search);
bool nms_rule_nested(enum nms_rule rule);
/* Whether a rule is herding of one kind or another: whitened features, and a bandwidth of its own. */
bool nms_rule_herds(enum nms_rule rule);
bool nms_rule_needs_features(enum nms_rule rule);
bool nms_rule_needs_embedding(enum nms_rule rule);

/* ---- plan.c, sample.c, estimate.c, memory.c ----------------------------- */

/* A vector within one of the sample's own buffers; count 0: absent. */
struct nms_part {
	uint64_t offset, count;
};

/* A selection with every parameter settled. */
struct nms_plan {
	const struct nms_method *method;
	enum nms_rule rule;
	enum nms_search search;
	enum nms_neighbours neighbours;
	enum nms_budget budget;
	bool reduce, embed;
	bool bring_plane;	/* embedding and flags go to the host */
	struct nms_matrix data;
	uint64_t count, seed;
	uint32_t features, profile;
	enum nms_scaling scaling;
	float perplexity;
	/* lists: host to near memory, one buffer */
	struct nms_part labels, mass, keep, drop, quota;
	uint64_t lists_bytes;
	/* outcome: near memory to host, one buffer */
	struct nms_part index, weight, flags, trace, embedding;
	uint64_t out_bytes, back_bytes;	/* near; and of these, those that are read back */
	uint64_t features_stride, features_bytes;
};

#define NMS_PLAN_COMMANDS 5	/* WRITE, REDUCE, EMBED, SELECT, READ */

struct nms_plan_memory {
	struct nms_buffer *lists, *features, *out;	/* near memory */
	void *lists_host, *out_host;
};

int nms_plan_make(struct nms_context *context, const struct nms_matrix *data,
		  const struct nms_sample_params *params, struct nms_plan *plan);
/* Copy the caller's lists to where the plan has them. */
void nms_plan_lists(const struct nms_plan *plan, const struct nms_sample_params *params,
		    void *lists_host);
size_t nms_plan_commands(const struct nms_plan *plan, const struct nms_plan_memory *memory,
			 struct nms_command commands[NMS_PLAN_COMMANDS]);

int nms_plan_estimate(struct nms_context *context, const struct nms_plan *plan,
		      uint64_t *near_bytes, uint64_t *host_bytes);
/* Fails if the machine or near memory has less than the plan would take. */
int nms_plan_admit(struct nms_context *context, const struct nms_plan *plan);

/*
 * Memory that this process may still take, in bytes: what the machine has, the
 * limits of its control groups, its own limit on address space.  @root: where
 * /proc and /sys are, "" outside of tests.
 */
uint64_t nms_memory_available(const char *root);

#endif /* NMS_INTERNAL_H */

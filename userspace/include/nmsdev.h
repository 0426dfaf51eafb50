/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * nmsdev.h - choose the few samples of a dataset that are worth training on
 *
 * libnmsdev drives a near-memory sampling device, or the software accelerator
 * that stands in for it and gives the same answer.
 *
 * Conventions.  Functions that can fail return 0 or a negative errno; what
 * exactly was wrong is told by nms_last_error() on the same thread.  Objects
 * are opaque, made by a function that returns them through its last argument
 * and freed by the one named beside it, which accepts NULL.  Structures that
 * callers fill begin with their size; set them up with NMS_INIT(), which also
 * zeroes the rest; zero means the default throughout.
 *
 * Threads.  A device and a context may be used by any number of threads at
 * once.  A job may be waited for, polled and cancelled by several threads; one
 * of them frees it, when the others are done with it.
 */
#ifndef NMSDEV_H
#define NMSDEV_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NMS_VERSION_MAJOR 0
#define NMS_VERSION_MINOR 1
#define NMS_VERSION_PATCH 0

/** Zero a structure and set its size: struct nms_sample_params p; NMS_INIT(&p); */
#define NMS_INIT(s) nms_init_((s), sizeof(*(s)))

struct nms_device;
struct nms_context;
struct nms_buffer;
struct nms_dataset;
struct nms_job;
struct nms_sample;

/* ---- errors ---------------------------------------------------------- */

/** Causes, one code each. */
enum nms_cause {
	NMS_CAUSE_NONE,
	NMS_CAUSE_ARGUMENT,	/* an argument is out of its range */
	NMS_CAUSE_SIZE,		/* a structure's size is not one that this version knows */
	NMS_CAUSE_URI,		/* no such device */
	NMS_CAUSE_OPTION,	/* a device option is unknown or malformed */
	NMS_CAUSE_ENERGY,	/* energy profile missing or malformed */
	NMS_CAUSE_MEMORY,	/* host memory */
	NMS_CAUSE_NEAR_MEMORY,	/* near memory is full */
	NMS_CAUSE_ESTIMATE,	/* the work would not fit into memory */
	NMS_CAUSE_RANGE,	/* beyond the end of a buffer */
	NMS_CAUSE_RIGHT,	/* no right on a buffer */
	NMS_CAUSE_NAME,		/* a dataset of that name exists, or none does */
	NMS_CAUSE_NOT_FINITE,	/* NaN, infinite or too large; row, col */
	NMS_CAUSE_COUNT,	/* more exemplars than rows, or none */
	NMS_CAUSE_FEATURES,
	NMS_CAUSE_PERPLEXITY,
	NMS_CAUSE_INDEX,	/* keep, drop or gather list */
	NMS_CAUSE_QUOTA,
	NMS_CAUSE_PROFILE,	/* no such arithmetic profile here */
	NMS_CAUSE_METHOD,	/* method, rule or search that does not exist or fit */
	NMS_CAUSE_DIVERGED,
	NMS_CAUSE_CANCELLED,
	NMS_CAUSE_DEADLINE,
	NMS_CAUSE_TIMEOUT,	/* a wait, not the job */
	NMS_CAUSE_BUSY,
	NMS_CAUSE_DEVICE,	/* the device failed */
	NMS_CAUSE_LOCKED_MEMORY, /* RLIMIT_MEMLOCK */
	NMS_CAUSE_LIMIT,	/* of the kernel: buffers, datasets, jobs, open files */
	NMS_CAUSE_INTERRUPTED,	/* by a signal, before it was done */
	NMS_NCAUSES
};

/** What was wrong, in detail. */
struct nms_error {
	int error;		/* the negative errno that was returned */
	enum nms_cause cause;
	uint64_t row, col;	/* NMS_CAUSE_NOT_FINITE: where; NMS_CAUSE_INDEX: row is the list entry */
	char text[256];		/* one line: what, where, what was expected */
};

/**
 * The last failure on this thread.
 * Return: never NULL; its error is 0 if there was none yet.  Owned by the thread,
 *	and changed by its next failure, not by a success.
 * Threads: each has its own.
 */
const struct nms_error *nms_last_error(void);

/**
 * What a cause means, in a few words.
 * @cause: any number.
 * Return: one text per cause, never NULL; "unknown cause" for a number that is
 *	none.  Static.
 */
const char *nms_cause_text(enum nms_cause cause);

/** Called with one line without newline; @level as syslog(3) has it: 3 error, 6 info, 7 debug. */
typedef void (*nms_log_fn)(void *data, int level, const char *line);
/**
 * Send the log lines of the whole process to a function.
 *
 * They arrive on whichever thread they arise, and on several at once; the function may
 * call the library.  A line that is under way may still arrive after another one has
 * been set.
 * @fn: NULL: nowhere (the default).
 * @data: given to @fn with each line; the caller's.
 */
void nms_log_set(nms_log_fn fn, void *data);

/**
 * The version of the library that runs.
 * Return: "major.minor.patch".  Static.
 */
const char *nms_version(void);

/* ---- devices and contexts -------------------------------------------- */

struct nms_device_options {
	size_t size;		/* NMS_INIT() */
	uint64_t near_size;	/* software accelerator: bytes; 0: 3/4 of the machine's memory */
	unsigned int threads;	/* software accelerator; 0: all processors */
	const char *profile;	/* arithmetic: "auto", "portable", "fma", "fixed8/64/12" */
	const char *energy;	/* energy profile: "ddr4", "lpddr4", "hbm2e", or a path */
};

/**
 * Open a device.
 *
 * Each call makes a device of its own: two software accelerators share nothing.
 * @uri: "auto" (a device if there is one that may be used, else the software
 *	accelerator; nms_device_info.reason says why), "/dev/nms0" (that device and no
 *	other) or "emu:" (the software accelerator in this process).  Options may follow
 *	the colon and go before @options:
 *	"emu:near_size=2G,threads=4,profile=portable,energy=hbm2e"; sizes take K, M, G
 *	and T, powers of 1024.  Of these a device knows only profile; it has one more,
 *	"/dev/nms0:submission=ioctl" ("io_uring", "auto").  Any path that begins with
 *	'/' is taken for a device.
 * @options: may be NULL: all defaults.  Copied, strings too.
 * @device: where the handle goes; free it with nms_device_close().
 * Return: 0; -ENODEV (NMS_CAUSE_URI: there is none; _DEVICE: it has gone), -EACCES
 *	and -EPERM (NMS_CAUSE_RIGHT: the text says whose it is), -EMFILE
 *	(NMS_CAUSE_LIMIT), -EINVAL (NMS_CAUSE_ARGUMENT, _SIZE, _OPTION, _PROFILE),
 *	-ENOENT and -EBADMSG (NMS_CAUSE_ENERGY: the profile is missing or malformed),
 *	-ENOMEM (NMS_CAUSE_MEMORY).
 */
int nms_device_open(const char *uri, const struct nms_device_options *options,
		    struct nms_device **device);
/**
 * Give the handle of a device back.
 *
 * The device itself goes with its last context.
 * @device: NULL: does nothing.
 * Threads: no other may use the handle from then on; its contexts may be used on.
 */
void nms_device_close(struct nms_device *device);

struct nms_device_info {
	size_t size;
	char backend[16];	/* "kernel" or "emu" */
	char name[64];
	char profile[16];	/* default arithmetic */
	char isa[16];		/* what runs it */
	char energy[64];	/* energy profile */
	char energy_source[256];
	uint64_t near_size, near_used;	/* bytes; whole pages are used */
	unsigned int threads;
	uint32_t numerics;	/* version of the arithmetic */
	char node[64];		/* "/dev/nms0"; "" for the software accelerator */
	char submission[16];	/* how jobs reach it: "io_uring", "ioctl", "direct" */
	char reason[192];	/* why this device and this way, in a line */
};
/**
 * What a device is.
 * @device: an open one.
 * @info: set up with NMS_INIT().  What a device does not tell is 0 or "".
 * Return: 0; -EINVAL (NMS_CAUSE_ARGUMENT, _SIZE), -ENODEV and -EIO
 *	(NMS_CAUSE_DEVICE).
 */
int nms_device_info(struct nms_device *device, struct nms_device_info *info);

/** Domains of energy, picojoules. */
enum nms_domain {
	NMS_ENERGY_NEAR, NMS_ENERGY_COMPUTE, NMS_ENERGY_SCRATCH, NMS_ENERGY_LINK,
	NMS_ENERGY_STATIC, NMS_NDOMAINS
};

/** Monotonic since the device (or context) was opened.  Energy is modelled. */
struct nms_counters {
	size_t size;
	uint64_t energy[NMS_NDOMAINS];
	uint64_t near_read, near_write;	/* bytes */
	uint64_t link_in, link_out;	/* bytes, seen from the device */
	uint64_t busy_ns;
	uint64_t commands, errors;
};
/**
 * What a device has counted for all contexts together.
 *
 * A device behind the kernel counts since it came up and all its users, which only
 * administrators may see, and does not tell busy_ns.
 * @device: an open one.
 * @counters: set up with NMS_INIT().  Energy in picojoules, modelled, not
 *	measured.
 * Return: 0; -EINVAL (NMS_CAUSE_ARGUMENT, _SIZE), -EPERM (NMS_CAUSE_RIGHT:
 *	CAP_PERFMON), -ENODEV and -EIO (NMS_CAUSE_DEVICE).
 */
int nms_device_counters(struct nms_device *device, struct nms_counters *counters);

/**
 * Make a context, which owns its buffers, datasets and jobs.
 *
 * Contexts do not see each other's buffers; its jobs run one after another, those of
 * several contexts at once.
 * @device: an open one; the context keeps it.
 * @context: where the handle goes; free it with nms_context_destroy().
 * Return: 0; -EINVAL, -ENOMEM, and what opening the device's node gives.
 */
int nms_context_create(struct nms_device *device, struct nms_context **context);
/**
 * Cancel the jobs of a context, wait for them, and free it.
 *
 * Its buffers and the handles of its datasets go with it.  Handles of jobs and samples
 * stay valid, ended, until their own destroy.
 * @context: NULL: does nothing.
 * Threads: no other may use the context meanwhile.
 */
void nms_context_destroy(struct nms_context *context);
/**
 * What a device has counted for this context alone.
 * @context: one of the caller's.
 * @counters: set up with NMS_INIT().  Energy in picojoules, modelled, not
 *	measured.
 * Return: 0; -EINVAL (NMS_CAUSE_ARGUMENT, _SIZE), -ENODEV and -EIO
 *	(NMS_CAUSE_DEVICE).
 */
int nms_context_counters(struct nms_context *context, struct nms_counters *counters);

/* ---- buffers and datasets -------------------------------------------- */

#define NMS_READ	0x1u
#define NMS_WRITE	0x2u

/**
 * Take near memory, zeroed.
 * @context: whose it is.
 * @bytes: above 0; whole pages are used.
 * @buffer: where the handle goes; free it with nms_buffer_destroy().
 * Return: 0; -ENOSPC and -EDQUOT (NMS_CAUSE_NEAR_MEMORY: all of it, or the user's
 *	quota), -EMFILE (NMS_CAUSE_LIMIT), -EINTR (NMS_CAUSE_INTERRUPTED), -EINVAL (0
 *	bytes), -ENOMEM, -ENODEV.
 */
int nms_buffer_create(struct nms_context *context, uint64_t bytes, struct nms_buffer **buffer);
/**
 * Use memory of the caller in the place of near memory, without a copy.
 *
 * Rows may have any alignment; features, planes and vectors begin on a multiple of 4
 * bytes.  Software accelerator only.  Nothing is metered for bringing it near.
 * @context: whose buffer it is.
 * @memory: stays the caller's; it must outlive the buffer and the jobs that use
 *	it, and hold still while they run.
 * @bytes: of it, above 0.
 * @access: NMS_READ, NMS_WRITE or both; what a command may do with it
 *	(NMS_CAUSE_RIGHT).
 * @buffer: where the handle goes; free it with nms_buffer_destroy().
 * Return: 0; -EOPNOTSUPP (a device), -EINVAL, -ENOMEM.
 */
int nms_buffer_wrap(struct nms_context *context, void *memory, uint64_t bytes,
		    unsigned int access, struct nms_buffer **buffer);
/**
 * Give the handle of a buffer back.
 *
 * The memory is freed when the last job that uses it has ended.  Of a buffer that
 * belongs to a dataset: does nothing.
 * @buffer: NULL: does nothing.
 * Threads: no other may use the handle from then on.
 */
void nms_buffer_destroy(struct nms_buffer *buffer);
/**
 * How large a buffer is.
 * @buffer: one of the caller's.
 * Return: bytes, as they were asked for.
 */
uint64_t nms_buffer_size(const struct nms_buffer *buffer);

enum nms_dtype {
	NMS_U8 = 1, NMS_I8, NMS_F16, NMS_BF16, NMS_F32, NMS_F64, NMS_U32
};
/**
 * How large an element is.
 * @dtype: any number.
 * Return: bytes; 0 for a value that is none.
 */
size_t nms_dtype_size(enum nms_dtype dtype);

/** A matrix in a buffer, row after row.  @stride 0: packed. */
struct nms_matrix {
	struct nms_buffer *buffer;
	uint64_t offset;	/* bytes */
	uint64_t rows;
	uint64_t stride;	/* bytes from one row to the next */
	uint32_t cols;
	enum nms_dtype dtype;
};

/** Elements of 4 bytes in a buffer; @buffer NULL: absent. */
struct nms_vector {
	struct nms_buffer *buffer;
	uint64_t offset;
	uint64_t count;
};

/**
 * Give rows in near memory a name by which other contexts can open them.
 *
 * On a device those of other processes too, on the software accelerator those of the
 * same nms_device.  It stays until nms_dataset_unlink(), beyond the context that made
 * it; on the software accelerator it goes with the device.
 * @context: whose buffer it is.
 * @name: 1 to 63 printable characters of ASCII, no '/'.
 * @matrix: copied; begins at byte 0 of its buffer, one of this context, which now
 *	belongs to the dataset (also if it was wrapped: that memory must then stay until
 *	the dataset has neither name nor handle).
 * @mode: who may open it, bits 0666 as for a file; the owner is the caller.
 * @dataset: where the handle goes; free it with nms_dataset_close().
 * Return: 0; -EEXIST (NMS_CAUSE_NAME), -EINVAL (NMS_CAUSE_ARGUMENT, _RANGE),
 *	-ENOMEM; on an error the buffer is still the caller's.
 */
int nms_dataset_create(struct nms_context *context, const char *name,
		       const struct nms_matrix *matrix, unsigned int mode,
		       struct nms_dataset **dataset);
/**
 * Open the dataset of that name on this device.
 *
 * The context that made it keeps its rights, others may read.
 * @context: whose handle it will be.
 * @name: as it was created.
 * @dataset: where the handle goes; free it with nms_dataset_close().
 * Return: 0; -ENOENT (NMS_CAUSE_NAME), -EACCES (NMS_CAUSE_RIGHT), -EINVAL (also if
 *	its owner says of the rows what its near memory cannot hold), -ENOMEM.
 */
int nms_dataset_open(struct nms_context *context, const char *name, struct nms_dataset **dataset);
/**
 * Forget the handle of a dataset.
 *
 * Near memory is free once name, handles and jobs have gone.
 * @dataset: NULL: does nothing.
 * Threads: no other may use the handle from then on.
 */
void nms_dataset_close(struct nms_dataset *dataset);
/**
 * Take the name of a dataset away.
 *
 * Who has a handle keeps it.
 * @context: of the caller; not the one that made it, necessarily.
 * @name: as it was created.
 * Return: 0; -ENOENT (NMS_CAUSE_NAME), -EPERM (NMS_CAUSE_RIGHT: neither its owner
 *	nor an administrator).
 */
int nms_dataset_unlink(struct nms_context *context, const char *name);

struct nms_dataset_info {
	size_t size;
	char name[64];
	uint64_t bytes;			/* of near memory */
	uint64_t rows, stride;		/* as its owner said */
	uint32_t cols;
	enum nms_dtype dtype;
	uint32_t uid, gid, mode;	/* of the software accelerator: the process's */
	uint32_t generation;		/* raised when contents were lost */
};
/**
 * What a dataset is, by its number among those that the caller may use.
 *
 * Numbers change when datasets come and go.
 * @context: of the caller.
 * @i: from 0.
 * @info: set up with NMS_INIT().
 * Return: 0; -ENOENT after the last (not an error: nms_last_error() stays),
 *	-EINVAL (NMS_CAUSE_ARGUMENT, _SIZE).
 */
int nms_dataset_info(struct nms_context *context, size_t i, struct nms_dataset_info *info);
/**
 * Where the rows of a dataset are.
 * @dataset: an open one.
 * Return: its matrix, stride filled in.  Owned by the dataset.
 */
const struct nms_matrix *nms_dataset_matrix(const struct nms_dataset *dataset);
/**
 * What a dataset is called.
 * @dataset: an open one.
 * Return: its name.  Owned by the dataset.
 */
const char *nms_dataset_name(const struct nms_dataset *dataset);

/* ---- commands and jobs ------------------------------------------------ */

enum nms_op {
	NMS_OP_NOP	= 0x00,
	NMS_OP_WRITE	= 0x01,
	NMS_OP_READ	= 0x02,
	NMS_OP_ZERO	= 0x03,
	NMS_OP_REDUCE	= 0x10,
	NMS_OP_EMBED	= 0x11,
	NMS_OP_SELECT	= 0x12,
	NMS_OP_GATHER	= 0x13,
};

/** How a point's bandwidth is searched for. */
enum nms_search {
	NMS_SEARCH_NEWTON = 1, NMS_SEARCH_BISECT, NMS_SEARCH_DE, NMS_SEARCH_FWA
};

/** How neighbours are found. */
enum nms_neighbours {
	NMS_NEIGHBOURS_DEFAULT,	/* exact up to some 131,072 rows (of a class), else NMS_NEIGHBOURS_IVF */
	NMS_NEIGHBOURS_EXACT,
	NMS_NEIGHBOURS_IVF	/* inverted file: approximate, with measured recall */
};

/** How exemplars are chosen. */
enum nms_rule {
	NMS_RULE_RANDOM = 1, NMS_RULE_GRID, NMS_RULE_STRATA, NMS_RULE_KMEDOIDS,
	NMS_RULE_KCENTRE, NMS_RULE_HERDING, NMS_RULE_FACILITY, NMS_RULE_EDITED
};

/** How the budget is split among classes. */
enum nms_budget {
	NMS_BUDGET_PROPORTIONAL = 1, NMS_BUDGET_EQUAL, NMS_BUDGET_GIVEN
};

/** WRITE, READ and ZERO: @host memory must stay until the job has ended. */
struct nms_copy {
	struct nms_buffer *buffer;
	uint64_t offset, bytes;
	void *host;
};

/** What features are multiplied by. */
enum nms_scaling {
	NMS_SCALING_PLAIN,
	NMS_SCALING_HALF_WHITE,	/* variance^-1/4, relative to that of the first */
	NMS_SCALING_QUARTER_WHITE /* variance^-1/8 */
};

/**
 * Principal components: rows to features.  A value of @input that is not finite,
 * or too large to be squared, ends it (NMS_CAUSE_NOT_FINITE).
 */
struct nms_reduce {
	struct nms_matrix input;	/* any dtype but NMS_U32 */
	/* NMS_F32, as many rows; its columns, at most input's and rows - 1, are the features;
	 * the rest of each row up to the stride is set to zero */
	struct nms_matrix output;
	uint64_t seed;
	uint32_t oversample, iterations;
	enum nms_scaling scaling;
};

/**
 * t-SNE: features to the plane, each class on its own if there are labels.
 * Dropped rows are NaN in the plane.
 */
struct nms_embed {
	struct nms_matrix features;	/* NMS_F32 */
	struct nms_matrix output;	/* NMS_F32, 2 columns */
	struct nms_vector labels, drop;	/* u32; may be absent */
	struct nms_vector flags;	/* u32 a row, out; may be absent */
	struct nms_vector trace;	/* 8 words a line (struct nms_trace), out; may be absent */
	uint64_t seed;
	int entropy_guided;		/* choose the perplexity; else it is set */
	enum nms_search search;		/* 0: NMS_SEARCH_NEWTON */
	float perplexity;		/* the target, or the first tried; above 1; 0: 30 */
	float perplexity_min, perplexity_max; /* of the choice; 0: 5, 100 */
	uint32_t candidates;		/* most perplexities tried; 0: 8 */
	float tolerance;		/* on log perplexity */
	uint32_t evaluations;		/* most for a row */
	uint32_t iterations, exaggeration_iterations;
	float exaggeration, stop;
	enum nms_neighbours neighbours;	/* of the result: those of trials are exact */
};

/** The choice of the exemplars by one rule. */
struct nms_select {
	struct nms_matrix features, embedding;	/* as the rule needs; else buffer NULL */
	/* u32 a row, f32 a row, u32 rows, u32 rows, u32 a class; each may be absent */
	struct nms_vector labels, mass, keep, drop, quota;
	struct nms_vector index;	/* u32, out; count elements */
	struct nms_vector weight;	/* f32, out; may be absent */
	uint64_t rows, count, seed;
	enum nms_rule rule;
	enum nms_budget budget;		/* 0: proportional, or given if there are quotas */
	enum nms_search search;		/* facility location; 0: NMS_SEARCH_NEWTON */
	float perplexity;		/* facility location; 0: 30 */
	float bandwidth;		/* herding, edited, times half the RMS radius; 0: 1 */
	float tolerance;		/* facility location */
	uint32_t evaluations;		/* facility location */
	enum nms_neighbours neighbours;	/* facility location */
};

/** Copy chosen rows to the host, in the order of the index. */
struct nms_gather {
	struct nms_matrix input;
	struct nms_vector index;
	void *host;			/* index.count packed rows */
	uint64_t bytes;			/* room at host */
};

/**
 * One command.  Zero it before it is filled in: zero means the default, and an
 * absent matrix or vector, throughout.
 */
struct nms_command {
	enum nms_op op;
	uint32_t deadline_ms;		/* from when it starts (NMS_CAUSE_DEADLINE); 0: none */
	union {
		struct nms_copy copy;
		struct nms_reduce reduce;
		struct nms_embed embed;
		struct nms_select select;
		struct nms_gather gather;
		uint64_t reserved[64];
	};
};

/** Phases, in enum nms_phase order wherever an array has NMS_NPHASES. */
enum nms_phase {
	NMS_PHASE_READ, NMS_PHASE_REDUCE, NMS_PHASE_NEIGHBOURS, NMS_PHASE_SEARCH,
	NMS_PHASE_EMBED, NMS_PHASE_ENTROPY, NMS_PHASE_SELECT, NMS_PHASE_GATHER, NMS_NPHASES
};
/**
 * What a phase is called.
 * @phase: any number.
 * Return: "read", "reduce" and so on; "" for a number that is none.  Static.
 */
const char *nms_phase_name(enum nms_phase phase);

/** What one command did. */
struct nms_result {
	size_t size;
	int error;			/* 0 or negative errno; -ECANCELED: it was not reached */
	enum nms_cause cause;
	char backend[16], device[64], profile[16]; /* profile "" where nothing was computed */
	uint32_t numerics;		/* version of the arithmetic */
	uint64_t value;			/* bytes moved, or rows put out */
	uint64_t energy[NMS_NDOMAINS];	/* picojoules, modelled */
	uint64_t near_read, near_write, link_in, link_out, scratch; /* bytes */
	uint64_t mac, special;		/* multiply-adds; exponentials, roots, divisions */
	uint64_t cycles[NMS_NPHASES];	/* of the modelled datapath */
	uint64_t nanoseconds[NMS_NPHASES];
	uint32_t switches;		/* of the datapath from phase to phase */
	uint64_t evaluations;		/* of the bandwidth search, all rows */
	uint64_t row_flags[5];		/* rows by enum nms_row_flag */
	uint32_t features, groups, iterations, trace_lines;
	float perplexity, entropy, kl, residual_mean, residual_max, variance_kept;
	enum nms_neighbours neighbours;	/* that ran; 0 where none were sought */
	/* share of the 10 nearest, and of all sought, that were found; by a sample; exact: 1 */
	float recall10, recall;
	/*
	 * Mean distance from a row to the nearest exemplar among the features, over the RMS
	 * distance of the rows from their mean; and that of as many rows drawn at random, classes
	 * in proportion.  0 where there are no features.
	 */
	float coverage, coverage_random;
	uint64_t fixed_mac, lookup;	/* on words, profiles "fixed...": multiply-adds, look-ups */
	/*
	 * The datapath, modelled: one for all phases in turn.  Cycles of its changes from phase to
	 * phase, beside @cycles; the shares of all cycles in which its multipliers and its units
	 * for exponentials, roots and divisions worked, 0 to 1; the area in square micrometres of
	 * its units, and of those that each phase had work for (scratchpad left out of both).
	 */
	uint64_t switch_cycles;
	float mac_used, special_used, area_shared, area[NMS_NPHASES];
};

/** What became of a row in the search for its bandwidth. */
enum nms_row_flag {
	NMS_ROW_MET, NMS_ROW_ABOVE_K, NMS_ROW_TIES, NMS_ROW_IDENTICAL, NMS_ROW_BUDGET,
	NMS_ROW_LEFT_OUT	/* dropped: not embedded */
};

/** A perplexity that was tried. */
struct nms_trace {
	float perplexity, entropy, fidelity, objective, kl;
	uint32_t rows, iterations;	/* embedded for this line; iterations of that */
	uint32_t chosen;		/* 1 in the line whose perplexity was taken */
};

/**
 * Submit commands that run in order.
 *
 * Returns at once.  The first error ends the job; jobs of a context run in the order
 * in which they were submitted.  What only the device can tell (rights, numbers,
 * indices) is the outcome of the job.
 * @context: whose buffers the commands name (-EACCES, NMS_CAUSE_RIGHT).
 * @commands: copied; host memory that they name must stay until the job has ended;
 *	buffers are kept by the job.
 * @count: 1 to 65535.
 * @job: where the handle goes; free it with nms_job_destroy().
 * Return: 0; -EINVAL (NMS_CAUSE_ARGUMENT, _RANGE), -EACCES (NMS_CAUSE_RIGHT),
 *	-ENOMEM, or the errno of eventfd(2).
 */
int nms_job_submit(struct nms_context *context, const struct nms_command *commands,
		   size_t count, struct nms_job **job);
/**
 * Wait until a job has ended.
 *
 * Signals do not end the wait.
 * @job: one that was submitted.
 * @deadline: of CLOCK_MONOTONIC; NULL: for ever.
 * Return: the job's outcome, which is then also this thread's last error, or
 *	-ETIMEDOUT (NMS_CAUSE_TIMEOUT; the job goes on).  Outcomes: 0; -ECANCELED;
 *	-ETIME (a command's deadline); -EINVAL and -EACCES with their causes; -ENOMEM
 *	(NMS_CAUSE_MEMORY, _LOCKED_MEMORY); -EDOM (NMS_CAUSE_DIVERGED); -ESTALE
 *	(contents of a buffer were lost); -ENETRESET (the device was reset: it may be
 *	tried again); -ENODEV (it has gone); -EREMOTEIO, -EPROTO, -EIO (it failed).
 */
int nms_job_wait(struct nms_job *job, const struct timespec *deadline);
/**
 * Has a job ended?
 * @job: one that was submitted.
 * Return: -EAGAIN while it runs, else as nms_job_wait().
 */
int nms_job_poll(struct nms_job *job);
/**
 * A descriptor that is readable once the job has ended.
 * @job: one that was submitted.
 * Return: the descriptor, for poll(2) and the like.  Owned by the job: do not read
 *	or close it.
 */
int nms_job_fd(struct nms_job *job);
/**
 * Ask a job to stop.
 *
 * A job that has not begun ends at once, one that runs within milliseconds, with
 * -ECANCELED; one that was about to end may still end as it would have.
 * @job: one that was submitted; any number of times.
 * Threads: any, and a signal handler as well.
 */
void nms_job_cancel(struct nms_job *job);

struct nms_progress {
	size_t size;
	size_t command, commands;	/* the one running, out of */
	enum nms_phase phase;
	uint64_t done, total;		/* steps of that phase */
};
/**
 * How far a job has come.
 *
 * Never waits.
 * @job: one that was submitted.
 * @progress: set up with NMS_INIT().
 * Return: 0; -EINVAL (NMS_CAUSE_ARGUMENT, _SIZE).
 */
int nms_job_progress(struct nms_job *job, struct nms_progress *progress);
/**
 * What one command of a job did.
 * @job: one that has ended.
 * @i: which command, from 0.
 * @result: set up with NMS_INIT().
 * Return: 0; -EAGAIN while the job runs, -EINVAL (NMS_CAUSE_ARGUMENT, _SIZE).
 */
int nms_job_result(struct nms_job *job, size_t i, struct nms_result *result);
/**
 * What ended a job.
 * @job: one that was submitted.
 * Return: the error (error 0: none), owned by the job; NULL while it runs.
 */
const struct nms_error *nms_job_error(struct nms_job *job);
/**
 * Free a job.
 *
 * Cancels it and waits if it still runs.
 * @job: NULL: does nothing.  Not that of a sample.
 * Threads: no other may use the job meanwhile.
 */
void nms_job_destroy(struct nms_job *job);

/* ---- the whole selection ---------------------------------------------- */

struct nms_sample_params {
	size_t size;
	const char *method;	/* "auto", "nms", "adapsne", or a rule's name; NULL: "auto" */
	uint64_t count;		/* exemplars wanted, or 0 and ratio, or 0 and quotas */
	double ratio;		/* of the rows, in (0, 1]; rounded to nearest, at least 1 */
	const uint32_t *labels;	/* one a row, or NULL; copied */
	const float *mass;	/* weight of each row, or NULL; copied */
	const uint32_t *keep;	/* rows that must be chosen */
	size_t nkeep;
	const uint32_t *drop;	/* rows that must not */
	size_t ndrop;
	enum nms_budget budget;	/* 0: proportional, or given if there are quotas */
	const uint32_t *quota;	/* one for each class in order of ascending label */
	size_t nquota;
	uint32_t features;	/* 0: 50 (herding, edited: 80), or the columns, or rows - 1, if fewer */
	float perplexity;	/* above 1; 0: 30; adapsne: the first that is tried */
	enum nms_search search;	/* 0: as the method has it; no matter where none runs */
	enum nms_rule rule;	/* 0: as the method has it; auto, nms, adapsne only */
	const char *profile;	/* arithmetic for this job; NULL: the device's */
	int want_embedding;	/* make one if need be, and bring it back: 12 bytes a row */
	uint64_t seed;
	enum nms_neighbours neighbours;	/* no matter where none are sought */
};

/**
 * Choose exemplars from data which is in near memory.
 *
 * Returns at once; wait on nms_sample_job(), then read the outcome.
 *
 * One job: the lists are written, REDUCE makes features of the rows, EMBED makes
 * the plane where the rule works in it or the caller wants one, SELECT chooses,
 * and what the outcome holds is read back: the rows never cross the link.
 *
 * Methods.  auto: herding on quarter-whitened features; if there are labels, edited:
 * within class, and first of rows that their neighbours agree with.
 * nms: strata of a plane at the given perplexity, bandwidths by differential
 * evolution.  adapsne: strata of a plane whose perplexity is chosen by entropy,
 * bandwidths by fireworks.  random, grid, strata, kmedoids, kcentre, herding,
 * edited, facility: the rule of that name; a plane, where needed, at the given
 * perplexity by Newton's method.  With labels each class has its own plane, and
 * its own share of the count.  "auto" may change with the version of the
 * library; the result says which rule it was.
 *
 * What is wrong with the data itself is the outcome of the job.
 *
 * @context: whose buffer the data is in.
 * @data: rows x columns, any dtype but NMS_U32, at most 2^32 - 1 rows; copied, and
 *	its buffer kept.
 * @params: set up with NMS_INIT(); copied with all it points to.
 * @sample: where the handle goes; free it with nms_sample_destroy().
 * Return: 0; -EINVAL (NMS_CAUSE_ARGUMENT, _SIZE, _RANGE, _COUNT, _FEATURES, _PERPLEXITY,
 *	_INDEX, _QUOTA, _PROFILE, _METHOD, _NOT_FINITE for the mass), -ENOSPC
 *	(NMS_CAUSE_NEAR_MEMORY), -ENOMEM (NMS_CAUSE_ESTIMATE: more memory would be
 *	needed than is available, the text has the figures; NMS_CAUSE_MEMORY).
 */
int nms_sample_submit(struct nms_context *context, const struct nms_matrix *data,
		      const struct nms_sample_params *params, struct nms_sample **sample);
/**
 * The job of a selection.
 * @sample: one that was submitted.
 * Return: the job, owned by the sample: wait, poll, cancel, but do not destroy.
 */
struct nms_job *nms_sample_job(struct nms_sample *sample);

/** The outcome.  Pointers are owned by the sample. */
struct nms_sample_result {
	size_t size;
	uint64_t count;
	const uint32_t *index;		/* count, rank-ordered where the rule is nested */
	const float *weight;		/* count; they add up to the mass of the rows */
	const float *embedding;		/* rows x 2, NaN for dropped rows; NULL if not wanted */
	const uint32_t *row_flags;	/* enum nms_row_flag a row; NULL as embedding */
	const struct nms_trace *trace;	/* adapsne: what was tried, or NULL */
	size_t ntrace;
	char method[16], rule[16], search[16]; /* effective; search "" where none ran */
	int nested;			/* a prefix is the smaller selection of its class */
	struct nms_result total;	/* summed over the commands */
};
/**
 * The outcome of a selection.
 * @sample: one that was submitted.
 * @result: set up with NMS_INIT(); what it then points to is owned by the sample.
 * Return: 0; -EAGAIN while it runs, or the job's error; -EINVAL
 *	(NMS_CAUSE_ARGUMENT, _SIZE).
 */
int nms_sample_result(struct nms_sample *sample, struct nms_sample_result *result);
/**
 * Free a selection, and what its outcome points to.
 *
 * Cancels it and waits if it still runs.
 * @sample: NULL: does nothing.
 * Threads: no other may use the sample, its job or its outcome meanwhile.
 */
void nms_sample_destroy(struct nms_sample *sample);

/**
 * How much memory a selection would take beside the data itself.
 *
 * An upper bound: labels are not looked at.  With the software accelerator near memory
 * is host memory and counts in both.
 * @context: where it would run.
 * @data: as for nms_sample_submit(); nothing is read of it.
 * @params: as for nms_sample_submit().
 * @near_bytes: near memory, in bytes; may be NULL.
 * @host_bytes: host memory, in bytes; may be NULL.
 * Return: 0; errors as nms_sample_submit() without -ENOSPC.
 */
int nms_sample_estimate(struct nms_context *context, const struct nms_matrix *data,
			const struct nms_sample_params *params,
			uint64_t *near_bytes, uint64_t *host_bytes);

/**
 * The name of a method.
 * @i: from 0.
 * Return: the name; NULL after the last.  Static.
 */
const char *nms_method_name(size_t i);
/**
 * What a method does, in a line.
 * @i: from 0.
 * Return: the text; NULL after the last.  Static.
 */
const char *nms_method_text(size_t i);

/* not for direct use */
void nms_init_(void *structure, size_t size);

#ifdef __cplusplus
}
#endif

#endif /* NMSDEV_H */

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the driver may ask of the device: commands, parameter blocks, result
 * blocks.  All fields are little-endian; real numbers are IEEE binary32, given
 * as their bits.  Reserved fields are zero and are checked.
 * Documentation/hardware.rst is the specification.
 */
#ifndef NMS_HW_H
#define NMS_HW_H

#include <linux/types.h>

/* ---- PCI identity ------------------------------------------------------
 * Unassigned: taken from nobody, registered with nobody.  To be replaced here,
 * and only here, when an id has been assigned.
 */
#define NMS_HW_VENDOR_ID	0x1234
#define NMS_HW_DEVICE_ID	0x4e53
#define NMS_HW_CLASS		0x120000	/* processing accelerator */

#define NMS_HW_BAR_REGS		0		/* registers and doorbells */
#define NMS_HW_BAR_MSIX		2		/* vector table, pending bits */
#define NMS_HW_BAR_REGS_SIZE	0x4000

/* ---- registers in BAR 0 -------------------------------------------------
 * 32 or 64 bits wide, to be accessed at their width, naturally aligned.
 */
#define NMS_HW_REG_CAP		0x0000	/* 64 RO */
#define NMS_HW_REG_VERSION	0x0008	/* 32 RO */
#define NMS_HW_REG_CONFIG	0x0010	/* 32 RW */
#define NMS_HW_REG_STATUS	0x0014	/* 32 RO */
#define NMS_HW_REG_RESET	0x0018	/* 32 WO */
#define NMS_HW_REG_RESETS	0x001c	/* 32 RO: resets of all kinds since power came */
#define NMS_HW_REG_ADMIN_SIZE	0x0020	/* 32 RW: entries - 1, SQ 15:0, CQ 31:16 */
#define NMS_HW_REG_ADMIN_SQ	0x0028	/* 64 RW: host address, 4096-aligned */
#define NMS_HW_REG_ADMIN_CQ	0x0030	/* 64 RW: host address, 4096-aligned */
#define NMS_HW_REG_NEAR_SIZE	0x0038	/* 64 RO: bytes of near memory */
#define NMS_HW_REG_NEAR_FREE	0x0040	/* 64 RO: bytes not in any range */
#define NMS_HW_REG_ENERGY	0x0100	/* 64 RO each: picojoules, by enum nms_hw_domain */
#define NMS_HW_REG_LINK_IN	0x0140	/* 64 RO: bytes */
#define NMS_HW_REG_LINK_OUT	0x0148	/* 64 RO: bytes */
#define NMS_HW_REG_NEAR_READ	0x0150	/* 64 RO: bytes */
#define NMS_HW_REG_NEAR_WRITE	0x0158	/* 64 RO: bytes */
#define NMS_HW_REG_BUSY		0x0160	/* 64 RO: busy cycles of the datapath */
#define NMS_HW_REG_COMMANDS	0x0168	/* 64 RO: commands completed */
#define NMS_HW_REG_ERRORS	0x0170	/* 64 RO: of these, with an error */
#define NMS_HW_REG_ERROR	0x0180	/* 32 RW1C: NMS_HW_ERROR_* */
#define NMS_HW_REG_ERROR_ADDR	0x0188	/* 64 RO: host address of the last DMA fault */
#define NMS_HW_REG_DOORBELL	0x1000	/* 32 WO: see NMS_HW_SQ_DOORBELL */

#define NMS_HW_CAP_ENTRIES(cap)		(((cap) & 0xffff) + 1)	/* most in a queue */
#define NMS_HW_CAP_STRIDE(cap)		(4u << (((cap) >> 16) & 0xf))
#define NMS_HW_CAP_TIMEOUT_MS(cap)	((((cap) >> 20) & 0xff) * 500)	/* enable, reset */
#define NMS_HW_CAP_QUEUES(cap)		(((cap) >> 32) & 0xff)	/* pairs beside admin */

#define NMS_HW_VERSION_1_0	0x00010000

#define NMS_HW_CONFIG_ENABLE	0x1
#define NMS_HW_STATUS_READY	0x1
#define NMS_HW_STATUS_FATAL	0x2	/* until reset; ERROR says why */
#define NMS_HW_STATUS_BUSY	0x4	/* a command, enable, disable or reset is under way */
#define NMS_HW_RESET_KEY	0x4e4d5352	/* "NMSR" */

#define NMS_HW_ERROR_DMA	0x1	/* a queue could not be reached */
#define NMS_HW_ERROR_DOORBELL	0x2	/* value beyond the queue, or no such queue */
#define NMS_HW_ERROR_NEAR	0x4	/* near memory: uncorrectable; the only one without FATAL */
#define NMS_HW_ERROR_INTERNAL	0x8

/* Doorbell offsets of queue @q (0 is admin): submission tail, completion head. */
#define NMS_HW_SQ_DOORBELL(q, stride) (NMS_HW_REG_DOORBELL + 2 * (q) * (stride))
#define NMS_HW_CQ_DOORBELL(q, stride) (NMS_HW_REG_DOORBELL + (2 * (q) + 1) * (stride))

/* ---- commands ------------------------------------------------------------ */

/* Raised when a change makes any command give other bits. */
#define NMS_HW_NUMERICS_VERSION	3

/* Version of the parameter blocks below. */
#define NMS_HW_PARAM_VERSION 1

enum nms_hw_opcode {
	NMS_HW_NOP	= 0x00,
	NMS_HW_WRITE	= 0x01,	/* host to near memory */
	NMS_HW_READ	= 0x02,	/* near memory to host */
	NMS_HW_ZERO	= 0x03,	/* fill near memory with zeros */
	NMS_HW_REDUCE	= 0x10,	/* rows to features */
	NMS_HW_EMBED	= 0x11,	/* features to the plane */
	NMS_HW_SELECT	= 0x12,	/* features or plane to exemplars */
	NMS_HW_GATHER	= 0x13,	/* chosen rows to host */
};

/* Opcodes of the admin queue. */
enum nms_hw_admin_opcode {
	NMS_HW_ADMIN_DELETE_SQ		= 0x00,
	NMS_HW_ADMIN_CREATE_SQ		= 0x01,
	NMS_HW_ADMIN_LOG_PAGE		= 0x02,
	NMS_HW_ADMIN_DELETE_CQ		= 0x04,
	NMS_HW_ADMIN_CREATE_CQ		= 0x05,
	NMS_HW_ADMIN_IDENTIFY		= 0x06,
	NMS_HW_ADMIN_ABORT		= 0x08,
	NMS_HW_ADMIN_SET_FEATURE	= 0x09,
	NMS_HW_ADMIN_GET_FEATURE	= 0x0a,
	NMS_HW_ADMIN_ASYNC_EVENT	= 0x0c,
	NMS_HW_ADMIN_RANGE_CREATE	= 0x20,
	NMS_HW_ADMIN_RANGE_DESTROY	= 0x21,
	NMS_HW_ADMIN_RANGE_GRANT	= 0x22,
	NMS_HW_ADMIN_CONTEXT_DESTROY	= 0x23,	/* all ranges and rights of a context */
};

/* Rights of a context on a range. */
#define NMS_HW_RIGHT_READ	0x1
#define NMS_HW_RIGHT_WRITE	0x2

enum nms_hw_log_page {
	NMS_HW_LOG_ENERGY	= 0x01,	/* struct nms_hw_log_energy, whole device */
	NMS_HW_LOG_ERROR	= 0x02,	/* struct nms_hw_log_error, newest first */
	NMS_HW_LOG_CONTEXT	= 0x03,	/* struct nms_hw_log_energy of one context: value */
	NMS_HW_LOG_RANGES	= 0x04,	/* struct nms_hw_log_range, by id, from value on */
};

enum nms_hw_feature {
	NMS_HW_FEATURE_COALESCE	= 0x01,	/* per interrupt: completions 7:0, or 100 us steps 15:8 */
	NMS_HW_FEATURE_DEADLINE	= 0x02,	/* ms: the most that any command may run; 0: none */
};

enum nms_hw_event {
	NMS_HW_EVENT_ERROR	= 0x01,	/* new in ERROR, not FATAL; not for NEAR: not in 1.0 */
	NMS_HW_EVENT_RANGE_LOST	= 0x02,	/* contents of a range are gone: value is its id */
};

enum nms_hw_dtype {
	NMS_HW_U8	= 1,
	NMS_HW_I8	= 2,
	NMS_HW_F16	= 3,
	NMS_HW_BF16	= 4,
	NMS_HW_F32	= 5,
	NMS_HW_F64	= 6,
	NMS_HW_U32	= 7,	/* labels, indices, quotas */
};

enum nms_hw_profile {
	NMS_HW_PROFILE_PORTABLE	= 1,	/* multiply and add rounded apart */
	NMS_HW_PROFILE_FMA	= 2,	/* fused */
	/*
	 * As portable, but the search for bandwidths on words: this in the low byte, above
	 * it a byte each for the bits of an exponential, the base 2 logarithm of the
	 * entries of its table and the bits of a distance.
	 */
	NMS_HW_PROFILE_FIXED	= 3,
};

/* What REDUCE multiplies features by. */
enum nms_hw_scaling {
	NMS_HW_SCALING_PLAIN		= 0,
	NMS_HW_SCALING_HALF_WHITE	= 1,	/* variance^-1/4, relative to the first's */
	NMS_HW_SCALING_QUARTER_WHITE	= 2,	/* variance^-1/8 */
};

enum nms_hw_search {
	NMS_HW_SEARCH_NEWTON	= 1,
	NMS_HW_SEARCH_BISECT	= 2,
	NMS_HW_SEARCH_DE	= 3,
	NMS_HW_SEARCH_FWA	= 4,
};

/* How neighbours are found.  The default is exact up to some number of rows. */
enum nms_hw_neighbours {
	NMS_HW_NEIGHBOURS_DEFAULT	= 0,
	NMS_HW_NEIGHBOURS_EXACT		= 1,
	NMS_HW_NEIGHBOURS_IVF		= 2,	/* inverted file: approximate */
};

enum nms_hw_row_flag {
	NMS_HW_ROW_MET		= 0,
	NMS_HW_ROW_ABOVE_K	= 1,
	NMS_HW_ROW_TIES		= 2,
	NMS_HW_ROW_IDENTICAL	= 3,
	NMS_HW_ROW_BUDGET	= 4,
	NMS_HW_NROW_FLAGS	= 5,	/* also the flag of a row that was left out */
};

enum nms_hw_rule {
	NMS_HW_RULE_RANDOM	= 1,
	NMS_HW_RULE_GRID	= 2,
	NMS_HW_RULE_STRATA	= 3,
	NMS_HW_RULE_KMEDOIDS	= 4,
	NMS_HW_RULE_KCENTRE	= 5,
	NMS_HW_RULE_HERDING	= 6,
	NMS_HW_RULE_FACILITY	= 7,
	NMS_HW_RULE_EDITED	= 8,
};

enum nms_hw_budget {
	NMS_HW_BUDGET_PROPORTIONAL	= 1,
	NMS_HW_BUDGET_EQUAL		= 2,
	NMS_HW_BUDGET_GIVEN		= 3,
};

/* Phases of the shared datapath. */
enum nms_hw_phase {
	NMS_HW_PHASE_READ	= 0,
	NMS_HW_PHASE_REDUCE	= 1,
	NMS_HW_PHASE_NEIGHBOURS	= 2,
	NMS_HW_PHASE_SEARCH	= 3,
	NMS_HW_PHASE_EMBED	= 4,
	NMS_HW_PHASE_ENTROPY	= 5,
	NMS_HW_PHASE_SELECT	= 6,
	NMS_HW_PHASE_GATHER	= 7,
	NMS_HW_NPHASES		= 8,
};

/* Domains of energy. */
enum nms_hw_domain {
	NMS_HW_NEAR	= 0,	/* near memory */
	NMS_HW_COMPUTE	= 1,
	NMS_HW_SCRATCH	= 2,	/* scratchpad */
	NMS_HW_LINK	= 3,
	NMS_HW_STATIC	= 4,
	NMS_HW_NDOMAINS	= 5,
};

/* One code per cause. */
enum nms_hw_status {
	NMS_HW_OK			= 0x00,
	NMS_HW_INVALID_OPCODE		= 0x01,
	NMS_HW_INVALID_FIELD		= 0x02,	/* detail: offset in the block */
	NMS_HW_INVALID_VERSION		= 0x03,
	NMS_HW_INVALID_SIZE		= 0x04,
	NMS_HW_RESERVED_NOT_ZERO	= 0x05,
	NMS_HW_NO_RANGE			= 0x10,	/* no such range */
	NMS_HW_STALE_RANGE		= 0x11,	/* its generation has changed */
	NMS_HW_NO_RIGHT			= 0x12,	/* context has no such right on it */
	NMS_HW_OUT_OF_RANGE		= 0x13,	/* beyond its end */
	NMS_HW_NO_SPACE			= 0x14,	/* near memory is full */
	NMS_HW_DMA_ERROR		= 0x20,	/* host memory could not be reached */
	NMS_HW_NOT_FINITE		= 0x30,	/* NaN, infinite or too large: row, column */
	NMS_HW_BAD_COUNT		= 0x31,	/* more exemplars than rows, or none */
	NMS_HW_BAD_FEATURES		= 0x32,	/* more features than the data can have */
	NMS_HW_BAD_PERPLEXITY		= 0x33,
	NMS_HW_BAD_INDEX		= 0x34,	/* keep, drop or gather index not a row */
	NMS_HW_BAD_QUOTA		= 0x35,	/* quotas do not fit the classes */
	NMS_HW_BAD_PROFILE		= 0x36,	/* device has no such profile */
	NMS_HW_DIVERGED			= 0x37,
	NMS_HW_NO_MEMORY		= 0x38,	/* working memory of the device */
	NMS_HW_CANCELLED		= 0x40,
	NMS_HW_DEADLINE			= 0x41,
	NMS_HW_ABORTED			= 0x42,	/* by an abort command */
	NMS_HW_BAD_QUEUE		= 0x50,	/* queue id or size */
	NMS_HW_BAD_VECTOR		= 0x51,
	NMS_HW_QUEUE_BUSY		= 0x52,	/* completion queue still has submitters */
	NMS_HW_BAD_LOG_PAGE		= 0x53,
	NMS_HW_BAD_FEATURE		= 0x54,
	NMS_HW_NOT_FOUND		= 0x55,	/* abort: no such command in flight */
	NMS_HW_TOO_MANY_EVENTS		= 0x56,	/* asynchronous event requests outstanding */
	NMS_HW_RANGE_BUSY		= 0x57,	/* a command in flight uses it */
	NMS_HW_INTERNAL			= 0x7f,
};

/*
 * A place in near memory: a range, the generation it must have, an offset.
 * Range 0 is no place: where a vector is optional it means that it is absent.
 */
struct nms_hw_near {
	__le32 range;
	__le32 generation;
	__le64 offset;
};

struct nms_hw_matrix {
	struct nms_hw_near near;
	__le64 rows;
	__le64 stride;		/* bytes from one row to the next */
	__le32 cols;
	__u8 dtype;		/* enum nms_hw_dtype */
	__u8 reserved[3];
};

struct nms_hw_vector {
	struct nms_hw_near near;
	__le64 count;		/* elements, 4 bytes each */
};

/* Submission: 64 bytes. */
struct nms_hw_cmd {
	__u8 opcode;
	__u8 flags;		/* reserved */
	__le16 cid;		/* echoed in the completion; unique in its queue */
	__le32 context;		/* owner, for the table of rights */
	union {
		struct {	/* REDUCE ... GATHER */
			__le64 param;		/* host address of the parameter block */
			__le32 param_size;
			__le32 reserved0;
			__le64 reserved1;
		} compute;
		struct {	/* WRITE, READ, ZERO */
			struct nms_hw_near near;
			__le64 length;		/* bytes */
		} data;
		struct {	/* admin: CREATE_SQ, CREATE_CQ */
			__le64 base;		/* host address, 4096-aligned */
			__le16 qid;
			__le16 entries;		/* number - 1 */
			__le16 cqid;		/* CREATE_SQ: where it completes */
			__le16 vector;		/* CREATE_CQ */
			__le64 reserved;
		} queue;
		struct {	/* admin: IDENTIFY, LOG_PAGE, SET_FEATURE, GET_FEATURE, ABORT */
			__le64 buffer;		/* host address, or 0 */
			__le32 buffer_size;
			__le32 selector;	/* log page, feature, or context */
			__le32 value;		/* SET_FEATURE; a log's context or range */
			__le16 sq_id, cid;	/* ABORT: the command */
		} admin;
		struct {	/* admin: RANGE_* */
			__le64 size;		/* RANGE_CREATE: bytes */
			__le32 range;		/* RANGE_DESTROY, RANGE_GRANT */
			__le32 generation;
			__le32 context;		/* whose */
			__le32 rights;		/* NMS_HW_RIGHT_* */
		} range;
	};
	__le64 sgl;		/* host address of a scatter list: WRITE, READ, GATHER */
	__le32 sgl_entries;
	__le32 deadline_ms;	/* from the start of execution; 0: none */
	__le64 result;		/* host address of a result block, 0: none; not admin */
	__le32 result_size;
	__le32 reserved;
};

struct nms_hw_sge {
	__le64 addr;		/* host address */
	__le32 length;		/* bytes */
	__le32 reserved;
};

/* Completion: 32 bytes. */
struct nms_hw_cqe {
	__le64 value;		/* bytes moved, or rows chosen */
	__le32 detail;		/* on an error: offset of the field at fault */
	__le32 reserved0;
	__le64 reserved1;
	__le16 sq_id;
	__le16 sq_head;
	__le16 cid;
	__le16 status;		/* bit 0: phase; bits 1 to 15: enum nms_hw_status */
};

struct nms_hw_param_header {
	__le16 version;		/* NMS_HW_PARAM_VERSION */
	__le16 opcode;		/* that of the command */
	__le32 size;		/* of the whole block, this header included */
	__le32 profile;		/* enum nms_hw_profile, 0: the device's default */
	__le32 reserved;
};

/* REDUCE: 120 bytes. */
struct nms_hw_reduce {
	struct nms_hw_param_header header;
	struct nms_hw_matrix input;	/* any dtype */
	struct nms_hw_matrix output;	/* f32, rows x features */
	__le64 seed;
	__le32 oversample;	/* 0: default */
	__le32 iterations;	/* 0: default */
	__le32 scaling;		/* enum nms_hw_scaling */
	__le32 reserved;
};

/* EMBED: 248 bytes. */
#define NMS_HW_EMBED_ENTROPY	0x1	/* choose the perplexity by entropy */
#define NMS_HW_EMBED_NEIGHBOURS(n)	((n) << 1)	/* enum nms_hw_neighbours */

struct nms_hw_embed {
	struct nms_hw_param_header header;
	struct nms_hw_matrix features;	/* f32 */
	struct nms_hw_matrix output;	/* f32, rows x 2 */
	struct nms_hw_vector labels;	/* u32 a row, or absent */
	struct nms_hw_vector drop;	/* u32 rows left out, or absent */
	struct nms_hw_vector flags;	/* u32 a row, enum nms_hw_row_flag, out; or absent */
	struct nms_hw_vector trace;	/* struct nms_hw_trace as 8 words a line, out; or absent */
	__le64 seed;
	__le32 options;		/* NMS_HW_EMBED_* */
	__le32 search;		/* enum nms_hw_search */
	__le32 perplexity;	/* binary32; the target, or the first one tried */
	__le32 perplexity_min;	/* binary32; 0: default */
	__le32 perplexity_max;	/* binary32; 0: default */
	__le32 candidates;	/* 0: default */
	__le32 tolerance;	/* binary32; 0: default */
	__le32 evaluations;	/* 0: default */
	__le32 iterations;	/* 0: default */
	__le32 exaggeration_iterations;
	__le32 exaggeration;	/* binary32; 0: default */
	__le32 stop;		/* binary32; 0: default */
};

struct nms_hw_trace {
	__le32 perplexity;	/* binary32, as are the next four */
	__le32 entropy;
	__le32 fidelity;
	__le32 objective;
	__le32 kl;
	__le32 rows;
	__le32 iterations;
	__le32 chosen;
};

/* SELECT: 320 bytes. */
struct nms_hw_select {
	struct nms_hw_param_header header;
	struct nms_hw_matrix features;	/* f32, or range 0 */
	struct nms_hw_matrix embedding;	/* f32 x 2, or range 0 */
	struct nms_hw_vector labels;	/* u32 a row, or absent */
	struct nms_hw_vector mass;	/* f32 a row, or absent */
	struct nms_hw_vector keep;	/* u32, or absent */
	struct nms_hw_vector drop;	/* u32, or absent */
	struct nms_hw_vector quota;	/* u32 a class, or absent */
	struct nms_hw_vector index;	/* u32, out */
	struct nms_hw_vector weight;	/* f32, out, or absent */
	__le64 rows;
	__le64 count;
	__le64 seed;
	__le32 rule;		/* enum nms_hw_rule */
	__le32 budget;		/* enum nms_hw_budget */
	__le32 search;		/* facility: enum nms_hw_search */
	__le32 perplexity;	/* facility: binary32 */
	__le32 bandwidth;	/* herding, edited: binary32; 0: default */
	__le32 tolerance;	/* facility: binary32; 0: default */
	__le32 evaluations;	/* facility; 0: default */
	__le32 neighbours;	/* facility: enum nms_hw_neighbours */
};

/* GATHER: 80 bytes; the rows go to the scatter list of the command, packed. */
struct nms_hw_gather {
	struct nms_hw_param_header header;
	struct nms_hw_matrix input;
	struct nms_hw_vector index;	/* u32 */
};

/* Result of any command but admin's: 512 bytes, written before the completion. */
struct nms_hw_result {
	__le16 version;			/* NMS_HW_PARAM_VERSION */
	__le16 opcode;
	__le32 size;			/* bytes that the device filled in */
	__le32 status;			/* enum nms_hw_status */
	__le32 profile;			/* enum nms_hw_profile that ran */
	__le32 numerics;		/* NMS_HW_NUMERICS_VERSION that ran */
	__le32 switches;		/* of the datapath from phase to phase */
	__le64 energy[NMS_HW_NDOMAINS];	/* picojoules */
	__le64 near_read, near_write;	/* bytes */
	__le64 link_in, link_out;	/* bytes, seen from the device */
	__le64 scratch;			/* bytes */
	__le64 mac, special;		/* operations */
	__le64 cycles[NMS_HW_NPHASES];	/* of the modelled datapath */
	__le64 nanoseconds[NMS_HW_NPHASES]; /* as it ran */
	/* What ran: effective parameters and figures; 0 where they do not apply. */
	__le64 count;			/* rows put out */
	__le64 evaluations;		/* of the bandwidth search */
	__le64 row_flags[NMS_HW_NROW_FLAGS];
	__le32 features;
	__le32 groups;
	__le32 iterations;
	__le32 trace_lines;
	__le32 perplexity;		/* binary32, as are the next five */
	__le32 entropy;
	__le32 kl;
	__le32 residual_mean;
	__le32 residual_max;
	__le32 variance_kept;
	/* Why it failed. */
	__le32 error_field;		/* offset in the parameter block */
	__le32 error_reserved;
	__le64 error_row, error_col;
	__le64 error_value, error_limit; /* binary64 */
	/* Written at least twice a second while the command runs or waits for its turn. */
	__le64 progress_done, progress_total; /* steps of the phase */
	__le32 progress_phase;		/* enum nms_hw_phase */
	__le32 progress_beat;	/* raised with each writing */
	__le32 neighbours;	/* enum nms_hw_neighbours that ran; 0 where none were sought */
	/* binary32: share of the 10 nearest, and of all, found in a sample; exact: 1 */
	__le32 recall10, recall;
	/*
	 * binary32, SELECT with features: mean distance from a row to the nearest exemplar
	 * over the RMS radius of the rows; and the same of rows drawn at random.
	 */
	__le32 coverage, coverage_random;
	__le32 reserved0;
	__le64 fixed_mac, lookup;	/* operations on words */
	__le64 switch_cycles;		/* of the datapath, beside those of the phases */
	/* binary32: share of their lanes' cycles in which they worked */
	__le32 mac_used, special_used;
	/* binary32, square micrometres: units shared by the phases; those that each had work for */
	__le32 area_shared, area[NMS_HW_NPHASES];
	__le32 reserved1;
	__le64 reserved[1];
};

/* IDENTIFY: 4096 bytes. */
struct nms_hw_profile_entry {
	__le32 profile;		/* enum nms_hw_profile */
	__le32 flags;		/* bit 0: the default */
	char name[24];		/* NUL-terminated */
};

struct nms_hw_identify {
	__le16 param_version;
	__le16 sq_entry_size, cq_entry_size;
	__le16 profiles;	/* entries of profile[] */
	__le32 numerics;
	__le32 max_contexts;	/* whose counters are kept at a time */
	__le64 near_size;
	__le64 near_page;	/* granularity of ranges, bytes */
	__le32 max_ranges;
	__le32 max_sgl_entries;
	__le32 max_events;	/* asynchronous event requests outstanding */
	__le32 clock_khz;	/* of the datapath */
	char model[40], serial[24], firmware[16], energy[64];
	struct nms_hw_profile_entry profile[16];
	__u8 reserved[3392];
};

struct nms_hw_log_energy {
	__le64 energy[NMS_HW_NDOMAINS];	/* picojoules */
	__le64 link_in, link_out, near_read, near_write;
	__le64 busy_cycles, commands, errors;
	__le64 reserved[4];
};

struct nms_hw_log_error {
	__le64 number;		/* of this error, from 1; 0: no entry */
	__le64 value;
	__le32 status;		/* enum nms_hw_status */
	__le32 detail;
	__le32 context;
	__le16 sq_id, cid;
	__u8 opcode;
	__u8 reserved[31];
};

struct nms_hw_log_range {
	__le32 range;		/* 0: no entry */
	__le32 generation;
	__le32 creator;		/* context */
	__le32 reserved0;
	__le64 size;		/* bytes, as taken from near memory */
	__le64 reserved1;
};

#define NMS_HW_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type)
NMS_HW_SIZE(struct nms_hw_near, 16);
NMS_HW_SIZE(struct nms_hw_matrix, 40);
NMS_HW_SIZE(struct nms_hw_vector, 24);
NMS_HW_SIZE(struct nms_hw_cmd, 64);
NMS_HW_SIZE(struct nms_hw_sge, 16);
NMS_HW_SIZE(struct nms_hw_cqe, 32);
NMS_HW_SIZE(struct nms_hw_param_header, 16);
NMS_HW_SIZE(struct nms_hw_reduce, 120);
NMS_HW_SIZE(struct nms_hw_embed, 248);
NMS_HW_SIZE(struct nms_hw_trace, 32);
NMS_HW_SIZE(struct nms_hw_select, 320);
NMS_HW_SIZE(struct nms_hw_gather, 80);
NMS_HW_SIZE(struct nms_hw_result, 512);
NMS_HW_SIZE(struct nms_hw_profile_entry, 32);
NMS_HW_SIZE(struct nms_hw_identify, 4096);
NMS_HW_SIZE(struct nms_hw_log_energy, 128);
NMS_HW_SIZE(struct nms_hw_log_error, 64);
NMS_HW_SIZE(struct nms_hw_log_range, 32);
#undef NMS_HW_SIZE

#endif /* NMS_HW_H */

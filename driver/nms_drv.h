/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver's own structures, from the device down to a command in flight.
 *
 * Locks, outermost first:
 *	nms_device.bound_lock	for those who need the device not to be removed
 *	nms_device.run_lock	starting, stopping, recovering the device
 *	nms_device.table_lock	datasets, users, the list of buffers
 *	nms_device.range_lock	making ranges, and destroying those that are nobody's
 *	nms_buffer.lock		rights on a buffer
 *	nms_job.lock		what became of a job
 *	nms_sched.lock		which command of compute is next; taken in interrupts
 *	nms_queue.lock		rings; taken in interrupts
 */
#ifndef NMS_DRV_H
#define NMS_DRV_H

#include <linux/cdev.h>
#include <linux/completion.h>
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/ratelimit.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "nms.h"
#include "nms_hw.h"

#define NMS_NAME		"nms"
#define NMS_QUEUE_ENTRIES	256	/* of a ring, where the device has room */
#define NMS_ADMIN_ENTRIES	32
#define NMS_LEAST_ENTRIES	3	/* the request for an event, another command, and none */
#define NMS_CID_BITS		9	/* of the slot; the rest of a cid tells its uses apart */
#define NMS_MAX_COMMANDS	64	/* in a job */
#define NMS_MAX_JOBS		1024	/* of a context */
#define NMS_MAX_HANDLES		1024	/* of a context */
#define NMS_MAX_TRANSFER	BIT_ULL(30)
#define NMS_MAX_DATASETS	4096
#define NMS_MAX_USER_DATASETS	1024	/* of these, named by one user */
#define NMS_MAX_USER_CONTEXTS	1024
/* In jobs that are not forgotten: as many as one context can have. */
#define NMS_MAX_USER_COMMANDS	(NMS_MAX_JOBS * NMS_MAX_COMMANDS)
#define NMS_MAX_OPERANDS	9	/* handles of a command of compute */
#define NMS_COMPUTE_SLOTS	8	/* commands that use the datapath, with the device */
#define NMS_LONG_SLOTS		6	/* of these, predicted to be long */
#define NMS_COMPUTE_OPS		3	/* REDUCE, EMBED, SELECT */
/* Where io_uring cannot cancel: its exit warns of what takes longer than 5 minutes. */
#define NMS_URING_LIMIT_MS	240000

struct io_uring_cmd;
struct nms_device;
struct nms_context;
struct nms_job;
struct nms_queue;

extern unsigned int nms_timeout_ms;
extern unsigned int nms_admin_timeout_ms;
extern unsigned int nms_coalesce;

/* ---- commands in flight and rings ----------------------------------------- */

enum nms_request_state {
	NMS_REQUEST_IDLE,
	NMS_REQUEST_WAITING,	/* for room in the ring, or for the device */
	NMS_REQUEST_IN_FLIGHT,
};

/*
 * One command of the device.  With one command a job takes 512 bytes, which an
 * allocation notices if it becomes more.
 */
struct nms_request {
	struct list_head link;
	void (*done)(struct nms_request *req);	/* in any context, no lock held */
	struct nms_hw_result *block;	/* the device writes it; NULL: nobody asks for it */
	struct nms_hw_cmd cmd;
	unsigned long since;	/* jiffies: when it came, was given, showed its last beat */
	u32 beat;		/* of compute: the last one seen */
	u32 began;		/* the same: jiffies when a first step was seen, 0: not yet */
	u16 slot;
	u8 state;		/* enum nms_request_state */
	bool given;		/* the device has had it */
	bool timed_out;
	bool lost;		/* the device may still reach its memory */
	/* What became of it. */
	u16 status;
	int error;
	u32 detail;
	u64 value;
};

enum nms_queue_state {
	NMS_QUEUE_HOLD,		/* commands wait */
	NMS_QUEUE_RUN,
	NMS_QUEUE_DEAD,		/* commands fail with nms_queue.error */
};

struct nms_queue {
	struct nms_device *nms;
	unsigned int id;
	unsigned int entries;
	unsigned int vector;
	spinlock_t lock;		/* all below */
	enum nms_queue_state state;
	int error;
	struct nms_hw_cmd *sq;
	struct nms_hw_cqe *cq;
	dma_addr_t sq_dma, cq_dma;
	u16 tail, rung, head;		/* submission: written, told, read by the device */
	u16 cq_head;
	u8 phase;
	unsigned int polling;		/* polls that will ring the doorbell when they end */
	struct nms_request **slot;
	u8 *uses;			/* of each slot */
	unsigned long *used;
	unsigned int in_flight;
	struct list_head waiting;
	unsigned long progress;		/* jiffies of the last completion */
	unsigned int spurious_run;	/* completions of nobody's commands since */
	u64 doorbells, completions, spurious, missed_irqs;
	u64 useful;			/* completions of what was asked for */
};

struct nms_vector {
	struct nms_device *nms;
	unsigned int index;
	int irq;
	char name[32];
	atomic64_t interrupts;
};

/* ---- who computes next ------------------------------------------------------ */

enum nms_turn {
	NMS_TURN_NONE,
	NMS_TURN_WAITS,
	NMS_TURN_RUNS,		/* with the device, or in its queue */
};

struct nms_sched {
	spinlock_t lock;		/* all that follows, and each context's share */
	struct list_head contexts;	/* that have commands waiting, and none running */
	struct list_head running;
	unsigned int waiting, nrunning, nlong;
	bool dispatching;
	u32 rate[NMS_COMPUTE_OPS];	/* picoseconds for a unit of work, as learned */
};

/* A context's share in it; under nms_sched.lock. */
struct nms_sched_context {
	struct list_head link;
	struct list_head waiting;	/* in order of arrival */
	bool running;
};

/* ---- the device ---------------------------------------------------------- */

enum nms_state {
	NMS_STARTING,
	NMS_LIVE,
	NMS_RECOVERING,
	NMS_SUSPENDED,
	NMS_DEAD,		/* recovery failed; an administrator may try again */
	NMS_GONE,		/* removed */
};

struct nms_device {
	struct device dev;
	struct cdev cdev;
	struct pci_dev *pdev;
	struct pci_saved_state *saved_config;
	int id;
	bool unnumbered;		/* the id was given back */
	void __iomem *regs;
	u64 cap;
	u32 version;
	unsigned int start_ms;		/* for READY and for a reset */
	unsigned int stride;
	struct nms_hw_identify *identify;
	bool iommu;

	struct mutex run_lock;		/* start, stop, recovery */
	enum nms_state state;		/* written under run_lock */
	int error;			/* of those who come while it is DEAD or GONE */
	wait_queue_head_t state_wait;
	atomic_t recovering;		/* single flight */
	char reason[64];		/* of the last recovery */
	unsigned int vain;		/* recoveries in a row that have led to nothing */
	u64 useful;			/* completions by the end of the last one */
	unsigned long bus_since;	/* jiffies, when the PCI core took it; 0: it has not */
	struct work_struct recover_work;
	struct delayed_work watchdog;
	struct workqueue_struct *wq;	/* may wait for the device to come back */
	struct workqueue_struct *run_wq; /* brings it back */
	struct rw_semaphore bound_lock;	/* readers reach the device or map memory for it */

	struct nms_queue admin;
	struct nms_queue *queues;
	unsigned int nqueues;
	struct nms_vector *vectors;
	unsigned int nvectors;
	struct mutex page_lock;		/* the page for answers of admin commands */
	void *page;
	dma_addr_t page_dma;
	struct nms_request event;	/* the one ASYNC_EVENT */
	bool event_up;			/* until its done() has been called */
	u32 event_generation;		/* in which it was put up */
	atomic_t event_wanted, event_answered;
	struct ratelimit_state event_limit;
	struct work_struct event_work;
	struct dma_pool *sgl_small, *sgl_large;
	struct dma_pool *blocks;	/* of parameters and of results */
	struct nms_sched sched;

	struct xarray contexts;
	u32 next_context;
	struct mutex table_lock;	/* all that follows to near_quota */
	struct list_head datasets;
	unsigned int ndatasets;
	struct list_head users;
	struct list_head buffers;
	u64 near_quota;
	struct mutex range_lock;	/* making ranges, destroying those of nobody */

	u32 generation;
	u32 resets;
	atomic64_t jobs, commands, errors;
	atomic64_t near_used, pinned_pages, lost_pages;
	bool dma_lost;			/* the rings cannot be freed */
	bool link_told;			/* the port above says whether the link is up */
	bool port_closed;		/* the port above forwards nothing */
	struct dentry *debugfs;
};

/* ---- near memory ---------------------------------------------------------- */

enum nms_charge {
	NMS_CHARGE_NEAR,		/* bytes */
	NMS_CHARGE_CONTEXT,
	NMS_CHARGE_NAME,
	NMS_CHARGES
};

struct nms_user {
	struct list_head link;
	kuid_t uid;
	u64 held[NMS_CHARGES];
	atomic_t commands;	/* in the jobs of its contexts */
};

struct nms_buffer {
	struct kref ref;
	struct nms_device *nms;
	struct list_head link;
	struct mutex lock;		/* range, generations, grants */
	u32 range, range_generation;	/* range 0: not made yet, or missing */
	u32 generation;			/* raised when contents were lost */
	bool lost;			/* until it is written again as a whole */
	bool dead;			/* could not be had again after power was lost */
	bool seen, missing;		/* at a recovery: the device has it, or has it no more */
	u64 size;
	struct nms_user *user;
	struct list_head grants;
};

/* The right of a context on a buffer; jobs hold it as well as the table of handles. */
struct nms_handle {
	struct kref ref;
	struct nms_buffer *buffer;
	u32 context;
	u32 access;
	struct work_struct free_work;
};

/* ---- contexts and jobs ------------------------------------------------------ */

struct nms_context {
	struct nms_device *nms;
	struct nms_user *user;
	u32 id;
	struct xarray handles;
	atomic_t nhandles;
	bool had_handles;
	struct xarray jobs;
	atomic64_t next_job;
	atomic_t njobs;			/* in the table */
	atomic_t active;		/* not yet cleaned up */
	wait_queue_head_t wait;		/* an ioctl job, or the last active one, has ended */
	atomic_t ended;			/* ioctl jobs to be waited for */
	struct nms_sched_context sched;
	atomic64_t total_jobs, commands, errors, near_used, pinned_pages;
};

/* User memory that the device may reach. */
struct nms_mem {
	struct page **pages;		/* pinned by us; NULL: by the ring */
	struct sg_table sgt;
	unsigned int npages;
	u8 dir;				/* enum dma_data_direction */
	bool mapped;
	bool lost;
	struct mm_struct *charged;
};

/* A part of a command of a job, as the device gets it. */
struct nms_piece {
	struct nms_request req;
	struct nms_job *job;
	struct nms_hw_sge *sgl;
	u64 length;
};

/* What a command of compute has beside. */
struct nms_compute {
	struct nms_job *job;
	struct nms_piece *piece;
	void *param;
	dma_addr_t param_dma;
	unsigned int nhandles;
	struct nms_handle *handles[NMS_MAX_OPERANDS];
	/* What follows under nms_sched.lock. */
	struct list_head link;
	u8 turn;		/* enum nms_turn */
	bool is_long;
	u64 units;		/* of work */
	u64 since;		/* ns: when it came, then when it got its turn */
	u64 predicted;		/* ns, when it got its turn */
};

struct nms_job_cmd {
	struct nms_cmd user;
	struct nms_handle *handle;
	struct nms_compute *compute;	/* NULL: it is none */
	struct nms_hw_result *result;	/* for the user, NULL: he does not want it */
	struct nms_mem mem;
	struct nms_piece one;
	struct nms_piece *pieces;	/* &one, or an array */
	unsigned int npieces;
};

struct nms_job {
	struct kref ref;
	struct nms_context *context;
	struct nms_queue *queue;
	u64 id;
	spinlock_t lock;		/* what follows to mm */
	bool cancelled;
	bool finished;			/* no command of it will run any more */
	bool ended;			/* ioctl: the result may be read */
	bool sleeps;			/* its cleaning may sleep */
	bool large;			/* too much to unmap in an interrupt */
	unsigned int current_cmd;
	unsigned int left;		/* pieces of the current command */
	struct nms_job_result result;
	struct mm_struct *mm;		/* where results go; NULL: nowhere */
	wait_queue_head_t wait;
	struct work_struct end_work, cancel_work;
	/* io_uring */
	struct io_uring_cmd *ioucmd;
	void *owner;			/* struct files_struct of the submitter, to compare */
	u64 user_result;
	u32 user_result_size;
	unsigned int count;
	struct nms_job_cmd cmds[];
};

/* ---- nms_queue.c ------------------------------------------------------------ */
int nms_queue_init(struct nms_device *nms, struct nms_queue *q, unsigned int id,
		   unsigned int entries);
void nms_queue_free_rings(struct nms_queue *q);
void nms_queue_free(struct nms_queue *q);
void nms_queue_reset(struct nms_queue *q);
void nms_queue_set_state(struct nms_queue *q, enum nms_queue_state state, int error);
void nms_queue_submit(struct nms_queue *q, struct nms_request *req, bool defer);
void nms_queue_ring(struct nms_queue *q);
unsigned int nms_queue_poll(struct nms_queue *q);
bool nms_queue_forget(struct nms_queue *q, struct nms_request *req);
void nms_queue_fail(struct nms_queue *q, int error, bool lost, bool waiting);
bool nms_queue_cid(struct nms_queue *q, struct nms_request *req, u16 *cid);
bool nms_queue_expired(struct nms_queue *q, u16 *cid);
bool nms_queue_flies(struct nms_queue *q, const struct nms_request *req);
bool nms_queue_holds(struct nms_queue *q, u16 cid);
bool nms_queue_blocked(struct nms_queue *q);

/* ---- nms_admin.c ------------------------------------------------------------ */
int nms_admin(struct nms_device *nms, struct nms_hw_cmd *cmd, u64 *value);
int nms_admin_retry(struct nms_device *nms, const struct nms_hw_cmd *cmd, u64 *value);
int nms_admin_identify(struct nms_device *nms, struct nms_hw_identify *identify);
int nms_admin_log(struct nms_device *nms, u32 page, u32 context, void *data, size_t size);
int nms_admin_create_queue(struct nms_queue *q);
int nms_admin_abort(struct nms_device *nms, u16 sq, u16 cid);
int nms_admin_feature(struct nms_device *nms, u32 feature, u32 value);
void nms_admin_event_want(struct nms_device *nms);
void nms_admin_event_init(struct nms_device *nms);

/* ---- nms_recover.c ---------------------------------------------------------- */
int nms_start(struct nms_device *nms, bool first);
void nms_stop(struct nms_device *nms, enum nms_state state, int error);
void nms_recover(struct nms_device *nms, const char *reason);
void nms_recover_asked(struct nms_device *nms);
int nms_wait_live(struct nms_device *nms);
void nms_recover_init(struct nms_device *nms);
void nms_recover_exit(struct nms_device *nms);
const char *nms_state_name(enum nms_state state);
void nms_set_state(struct nms_device *nms, enum nms_state state);

/* ---- nms_halt.c ------------------------------------------------------------- */
bool nms_halt(struct nms_device *nms);
void nms_note_link(struct nms_device *nms);
bool nms_open_port(struct nms_device *nms);
bool nms_has_gone(struct nms_device *nms);
void nms_regain_config(struct nms_device *nms);
void nms_restore_config(struct nms_device *nms);

/* ---- nms_char.c, nms_ioctl.c, nms_query.c ------------------------------------- */
int nms_char_register(struct nms_device *nms);
void nms_char_unregister(struct nms_device *nms);
int nms_char_init(void);
void nms_char_exit(void);
struct nms_device *nms_char_alloc(void);
long nms_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
int nms_query(struct nms_context *ctx, struct nms_query *query);

/* ---- nms_job.c, nms_submit.c --------------------------------------------------- */
int nms_job_alloc(struct nms_context *ctx, unsigned int count, struct nms_job **job);
void nms_job_start(struct nms_job *job, bool defer);
void nms_job_put(struct nms_job *job);
bool nms_job_cancel(struct nms_job *job);
void nms_job_forget(struct nms_context *ctx, u64 id);
int nms_job_wait(struct nms_context *ctx, struct nms_wait *wait);
int nms_job_cancel_by_id(struct nms_context *ctx, u64 id);
void nms_job_cancel_all(struct nms_context *ctx, void *owner);
void nms_job_clean(struct nms_job *job);
int nms_job_create(struct nms_context *ctx, struct nms_submit *submit,
		   struct io_uring_cmd *ioucmd, unsigned int issue_flags, struct nms_job **job);
void nms_job_destroy(struct nms_job *job);
void nms_submit_blame(const struct nms_submit *submit, struct nms_submit __user *user,
		      size_t size);
int nms_job_progress(struct nms_context *ctx, struct nms_job_progress *progress);

/* ---- nms_param.c, nms_result.c, nms_sched.c --------------------------------------- */
int nms_param_prepare(struct nms_job *job, struct nms_job_cmd *cmd, u32 *field);
void nms_param_free_block(struct nms_device *nms, struct nms_job_cmd *cmd);
void nms_param_put_handles(struct nms_job_cmd *cmd);
int nms_result_prepare(struct nms_device *nms, struct nms_job_cmd *cmd);
void nms_result_collect(struct nms_job_cmd *cmd, const struct nms_request *req);
void nms_result_free_blocks(struct nms_device *nms, struct nms_job_cmd *cmd);
int nms_result_copy(struct nms_job *job);
void nms_result_progress(const struct nms_job_cmd *cmd, unsigned int left,
			 struct nms_job_progress *progress);
void nms_sched_init(struct nms_sched *s);
void nms_sched_init_context(struct nms_context *ctx);
u64 nms_sched_units(const void *param);
void nms_sched_submit(struct nms_compute *c);
void nms_sched_done(struct nms_compute *c);
bool nms_sched_cancel(struct nms_compute *c);

/* ---- nms_mem.c ------------------------------------------------------------------ */
int nms_mem_pin(struct nms_context *ctx, struct nms_mem *mem, u64 address, u64 length,
		bool device_writes);
int nms_mem_fixed(struct nms_context *ctx, struct nms_mem *mem, u64 address, u64 length,
		  bool device_writes, struct io_uring_cmd *ioucmd, unsigned int issue_flags);
void nms_mem_unmap(struct nms_device *nms, struct nms_mem *mem);
void nms_mem_unpin(struct nms_context *ctx, struct nms_mem *mem);
int nms_mem_pieces(struct nms_device *nms, struct nms_job_cmd *cmd);
int nms_mem_whole(struct nms_device *nms, struct nms_job_cmd *cmd);
void nms_mem_free_sgls(struct nms_device *nms, struct nms_job_cmd *cmd);
void nms_mem_free_pieces(struct nms_job_cmd *cmd);

/* ---- nms_buffer.c, nms_export.c, nms_dataset.c, nms_user.c ------------------------- */
int nms_buffer_create(struct nms_context *ctx, struct nms_buffer_create *arg);
void nms_buffer_put(struct nms_buffer *buffer);
int nms_buffer_tell_all(struct nms_buffer *buffer, bool none);
int nms_range_grant(struct nms_buffer *buffer, u32 context, u32 rights, u64 *value);
int nms_range_create(struct nms_buffer *buffer);
bool nms_range_is_taken(const struct nms_buffer *buffer);
int nms_handle_create(struct nms_context *ctx, struct nms_buffer *buffer, u32 access, u32 *id);
struct nms_handle *nms_handle_get(struct nms_context *ctx, u32 id);
void nms_handle_put(struct nms_handle *handle);
int nms_handle_destroy(struct nms_context *ctx, u32 id);
void nms_handle_destroy_all(struct nms_context *ctx);
int nms_buffer_export(struct nms_context *ctx, struct nms_buffer_export *arg, void __user *user,
		      size_t size);
int nms_buffer_import(struct nms_context *ctx, struct nms_buffer_import *arg);
int nms_dataset_create(struct nms_context *ctx, const struct nms_dataset_create *arg);
int nms_dataset_open(struct nms_context *ctx, struct nms_dataset_open *arg);
int nms_dataset_unlink(struct nms_context *ctx, const struct nms_dataset_unlink *arg);
int nms_dataset_query(struct nms_context *ctx, u32 index, struct nms_query_dataset *info);
void nms_dataset_drop_all(struct nms_device *nms);
int nms_user_charge(struct nms_device *nms, enum nms_charge what, u64 amount,
		    struct nms_user **user);
void nms_user_uncharge(struct nms_device *nms, enum nms_charge what, struct nms_user *user,
		       u64 amount);
int nms_user_charge_commands(struct nms_user *user, unsigned int count);
void nms_user_uncharge_commands(struct nms_user *user, unsigned int count);

/* ---- nms_restore.c ------------------------------------------------------------------ */
int nms_buffer_restore(struct nms_device *nms);
void nms_buffer_lost(struct nms_device *nms, u32 range);

/* ---- the rest ----------------------------------------------------------------------- */
int nms_status_errno(u16 status);
extern const struct attribute_group *nms_sysfs_groups[];
void nms_dump(struct nms_device *nms, const char *reason);

#ifdef CONFIG_IO_URING
int nms_uring_cmd(struct io_uring_cmd *ioucmd, unsigned int issue_flags);
void nms_uring_job_ended(struct nms_job *job);
#else
static inline void nms_uring_job_ended(struct nms_job *job) { }
#endif

#ifdef CONFIG_DEBUG_FS
void nms_debugfs_init(void);
void nms_debugfs_exit(void);
void nms_debugfs_add(struct nms_device *nms);
void nms_debugfs_remove(struct nms_device *nms);
#else
static inline void nms_debugfs_init(void) { }
static inline void nms_debugfs_exit(void) { }
static inline void nms_debugfs_add(struct nms_device *nms) { }
static inline void nms_debugfs_remove(struct nms_device *nms) { }
#endif

#if IS_REACHABLE(CONFIG_HWMON)
int nms_hwmon_add(struct nms_device *nms);
#else
static inline int nms_hwmon_add(struct nms_device *nms)
{
	return 0;
}
#endif

#endif /* NMS_DRV_H */

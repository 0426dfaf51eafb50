/* SPDX-License-Identifier: GPL-2.0-only */
/* The device's insides, shared by the files that make it. */
#ifndef NMS_PCIE_PRIVATE_H
#define NMS_PCIE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "device.h"
#include "fault.h"
#include "hostile.h"
#include "model.h"

#define MAX_QUEUES	64u	/* pairs beside admin */
#define MAX_EVENTS	4u	/* asynchronous event requests outstanding */
#define MAX_RANGES	65536u
#define MAX_CONTEXTS	65536u	/* whose counters are kept */
#define NEAR_PAGE	4096u
#define NERRORS		64u	/* entries of the error log */
#define ALL_CONTEXTS	0xffffffffu

struct cq {
	pthread_mutex_t lock;
	pthread_cond_t room;
	bool exists;
	uint64_t base;
	uint32_t entries, head, tail;
	uint16_t phase;		/* of the round in which tail is */
	uint16_t vector;
	unsigned int users;	/* submission queues that complete here */
	unsigned int held;	/* posted, their interrupt held back */
	uint64_t due;		/* ns: when it must be sent at the latest; 0: when the queue says */
};

/* A command that has been taken and has not completed. */
struct flight {
	struct flight *next;
	struct device *device;
	uint64_t number;	/* of its queue, from 0 */
	uint16_t sqid;
	struct nms_hw_cmd cmd;
	struct nms_model_run run; /* run.cancel: by an abort, or the queue's end */
};

struct sq {
	pthread_mutex_t lock;
	pthread_cond_t changed;	/* tail, stop, flights */
	bool exists, stop;
	uint64_t base;
	uint32_t entries, head, tail;
	uint64_t taken;		/* commands since it was made */
	uint8_t *doomed;	/* a bit for each entry: aborted before it was taken */
	uint16_t cqid;
	pthread_t thread;
	struct flight *flights;
	unsigned int threads;	/* commands with a thread of their own */
};

struct range {
	uint32_t id, generation, creator;
	uint64_t size;
	bool announce;		/* lost, and no event has said so yet */
};

struct contexts;

struct device {
	struct device_options options;
	struct nms_model *model;	/* under lock, where commands may be under way */
	unsigned int powers;		/* losses of power */
	struct dma *dma;
	struct irq *irq;
	struct faults *faults;
	struct hostile *hostile;
	struct contexts *contexts;

	/* Registers. */
	pthread_mutex_t lock;		/* all of these, and the log */
	pthread_cond_t acted;
	uint32_t config, admin_size, resets, error;
	uint64_t admin_sq, admin_cq, error_addr;
	bool ready, fatal;
	/* What the actor has to do, and does; it levels the rest with config. */
	bool want_reset, want_disable, want_exit, resetting, acting, enabled;
	pthread_t actor;
	struct nms_hw_log_error errors[NERRORS];
	uint64_t nerrors;
	uint64_t commands, failed;

	_Atomic uint32_t coalesce, deadline_ms;	/* features */
	atomic_uint running;		/* commands */
	atomic_bool gone;		/* from the bus */
	atomic_uint departures;
	atomic_bool asleep;		/* D3hot */
	atomic_bool stopping;		/* queues are being taken down, or are down */
	pthread_mutex_t hang_lock;
	pthread_cond_t hang;		/* stopping has changed */

	struct sq sq[MAX_QUEUES + 1];
	struct cq cq[MAX_QUEUES + 1];
	pthread_t timer;		/* sends interrupts that were held back */
	pthread_mutex_t timer_lock;
	pthread_cond_t timer_changed;
	bool timer_exit;
	uint64_t timer_due;		/* ns: of all queues; 0: none */

	struct flight *event[MAX_EVENTS];	/* under lock */
	unsigned int nevents;
	atomic_bool announce;		/* something may wait for an event */

	pthread_mutex_t range_lock;
	struct range *range;
	size_t nranges, room_ranges;
};

/* device.c */
/* A model as the options want it.  0 or a negative errno, and @why. */
int device_make_model(struct device *d, struct nms_model **model, char *why, size_t size);

/* state.c */
int state_start(struct device *d);	/* the thread that enables and resets */
void state_stop(struct device *d);
void state_config(struct device *d, uint32_t value);
void state_reset(struct device *d);
/* Under the lock: a change of state is under way. */
bool state_changing(const struct device *d);
/* Stop until reset, unless it has stopped already or is about to. */
void state_fatal(struct device *d, uint32_t error, uint64_t addr);
/* Sleep for @us, or until the queues are taken down. */
void state_pause(struct device *d, uint64_t us);
/* Sleep until the queues are taken down. */
void state_hang(struct device *d);

/* completion.c */
int completion_start(struct device *d);
void completion_stop(struct device *d);
void cq_create(struct device *d, unsigned int id, uint64_t base, uint32_t entries,
	       uint16_t vector);
void cq_delete(struct device *d, unsigned int id);
/* The driver has consumed up to @head; false: no such entry, or no such queue. */
bool cq_doorbell(struct device *d, unsigned int id, uint32_t head);
/* Wait for room, write @cqe, interrupt; @hold: more will follow at once. */
void cq_post(struct device *d, unsigned int id, struct nms_hw_cqe *cqe, bool hold);
/* Post, or interrupt, what nobody has asked for. */
void cq_uncalled(struct device *d, const struct hostile_extra *extra);
/* Send what is held back, if COALESCE does not ask for it. */
void cq_flush(struct device *d, unsigned int id);
/* Wake those who wait for room (the device stops). */
void cq_wake(struct device *d, unsigned int id);

/* queue.c */
bool queue_create_sq(struct device *d, unsigned int id, uint64_t base, uint32_t entries,
		     uint16_t cqid);
/* Take no more commands, and cancel those in flight; does not wait. */
void queue_stop(struct device *d, unsigned int id);
/* End its commands (each completes, with ABORTED, unless the device is stopping), then it. */
void queue_delete_sq(struct device *d, unsigned int id);
void queue_doorbell(struct device *d, unsigned int id, bool completion, uint32_t value);
/* Post @cqe for @flight (NULL: nothing; it vanishes), and free the flight. */
void queue_complete(struct flight *flight, struct nms_hw_cqe *cqe, bool hold);
/* Cancel the command and wait until it has completed.  False: no such command. */
bool queue_abort(struct device *d, uint16_t sqid, uint16_t cid);
/* Wake the admin queue, to look at announce. */
void queue_wake_admin(struct device *d);
/* How far the device has read. */
uint16_t queue_head(struct device *d, unsigned int id);

/* run.c */
/* Execute a command of a queue that is not admin's, with the faults that befall it. */
void run_command(struct flight *flight, bool hold);
/* The same for a command of the admin queue, which may stay in flight. */
void run_admin(struct flight *flight);

/* admin.c */
/* Fill status and value of @cqe; false: the command stays in flight. */
bool admin_execute(struct device *d, struct flight *flight, struct nms_hw_cqe *cqe);

/* log.c */
/* Count a completion, and note it if it is an error. */
void log_completion(struct device *d, const struct flight *flight, const struct nms_hw_cqe *cqe);
enum nms_hw_status log_page(struct device *d, const struct nms_hw_cmd *cmd,
			    struct nms_hw_cqe *cqe);
/* As much of @page as fits into the buffer of @cmd. */
enum nms_hw_status log_put(struct device *d, const struct nms_hw_cmd *cmd, struct nms_hw_cqe *cqe,
			   const void *page, size_t size);

/* event.c */
/* Keep a request; false: there are too many. */
bool event_keep(struct device *d, struct flight *flight);
/* Answer requests, on the thread of the admin queue. */
void event_deliver(struct device *d);
/* Near memory failed: ERROR, and events as the ranges say. */
void event_near_lost(struct device *d);
/* Drop the requests outstanding; the queues are down. */
void event_forget(struct device *d);

/* range.c */
enum nms_hw_status range_create(struct device *d, const struct nms_hw_cmd *cmd,
				struct nms_hw_cqe *cqe);
enum nms_hw_status range_destroy(struct device *d, const struct nms_hw_cmd *cmd,
				 struct nms_hw_cqe *cqe);
enum nms_hw_status range_grant(struct device *d, const struct nms_hw_cmd *cmd,
			       struct nms_hw_cqe *cqe);
enum nms_hw_status range_context_destroy(struct device *d, const struct nms_hw_cmd *cmd,
					 struct nms_hw_cqe *cqe);
/* Near memory of range @id loses its contents.  0 or -ENOENT, -ENOMEM. */
int range_lose(struct device *d, uint32_t id);
/* Up to @most entries, by id, of the ranges whose ids are not below @from; how many. */
size_t range_list(struct device *d, uint32_t from, struct nms_hw_log_range *entry, size_t most);
/* Near memory has lost its power: there are no ranges, and nobody is told. */
void range_forget(struct device *d);
/* A range whose loss has not been announced; it counts as announced then. */
bool range_lost(struct device *d, uint32_t *id);

/* context.c */
int context_create(struct contexts **contexts);
void context_destroy(struct contexts *contexts);
void context_count(struct contexts *contexts, uint32_t context, const struct nms_model_run *run,
		   bool failed);
/* Zeros for one that has had no command. */
void context_read(struct contexts *contexts, uint32_t context, struct nms_hw_log_energy *page);
void context_forget(struct contexts *contexts, uint32_t context);

#define IN_CMD(member) offsetof(struct nms_hw_cmd, member)

static inline enum nms_hw_status fail(struct nms_hw_cqe *cqe, enum nms_hw_status status,
				      size_t field)
{
	cqe->detail = (uint32_t)field;
	return status;
}

static inline uint16_t cqe_status(enum nms_hw_status status)
{
	return (uint16_t)(status << 1);
}

#endif /* NMS_PCIE_PRIVATE_H */

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One command under way, and the model that it runs in.  Internal to the
 * model.  Functions of execution return enum nms_hw_status, for that is what
 * the device answers; the detail goes into struct exec.
 */
#ifndef EXEC_H
#define EXEC_H

#include <pthread.h>
#include <stddef.h>

#include "beat.h"
#include "energy.h"
#include "fixed.h"
#include "host.h"
#include "knn.h"
#include "meter.h"
#include "model.h"
#include "near.h"
#include "pool.h"
#include "profile.h"
#include "turn.h"

/* Wire structures are used in place; model.c asserts that their byte order is the host's. */

struct nms_model {
	struct near_memory *near;
	struct eng_pool *pool;			/* for who has the turn on the datapath */
	uint64_t working;			/* most bytes that a command may take beside near memory */
	const struct eng_kernels *kernels;	/* default arithmetic */
	struct eng_fixed_profile fixed;		/* which that may be */
	struct energy_profile energy;
	struct nms_model_host host;
	struct turn datapath;
	struct beats beats;
	pthread_mutex_t counters_lock;
	struct nms_model_counters counters;
};

struct exec {
	struct nms_model *model;
	const struct nms_hw_cmd *cmd;
	struct nms_model_run *run;		/* may be NULL */
	struct turn_ticket ticket;		/* for the datapath */
	struct beat beat;			/* where there is a result block */
	uint64_t deadline;			/* ns, 0: none */
	atomic_bool late;			/* the deadline has passed */

	struct near_hold hold;			/* operands, by slot */
	struct eng_env env;
	struct eng_fixed_profile fixed;		/* where the command asks for it */
	struct eng_monitor monitor;
	struct eng_sharing sharing;
	struct eng_fault fault;
	struct meter_work work;

	union {
		struct nms_hw_param_header header;
		struct nms_hw_reduce reduce;
		struct nms_hw_embed embed;
		struct nms_hw_select select;
		struct nms_hw_gather gather;
	} param;				/* the one copy of the parameter block */
	struct scatter scatter;
	struct nms_hw_result result;
	uint64_t value;				/* of the completion */
	uint32_t detail;
};

/* What an opcode does, in the order in which it is called. */
struct exec_op {
	uint32_t param_size;		/* 0: no parameter block */
	bool scatter;			/* takes a scatter list */
	bool datapath;			/* waits for its turn on the shared datapath */
	enum nms_hw_status (*bind)(struct exec *x);	/* check all fields, claim memory */
	enum nms_hw_status (*run)(struct exec *x);
};

extern const struct exec_op exec_nop, exec_write, exec_read, exec_zero;
extern const struct exec_op exec_reduce, exec_embed, exec_select, exec_gather;

/* Cancelled, or late?  For eng_monitor, turn_take() and near_hold(); @data is the struct exec. */
bool exec_stopped(void *data);

/* End with @status, blaming the field at @field of the block (or of the command). */
enum nms_hw_status exec_fail(struct exec *x, enum nms_hw_status status, size_t field);
/* The same, saying which element and what was found where @limit was allowed. */
enum nms_hw_status exec_fail_at(struct exec *x, enum nms_hw_status status, size_t field,
				uint64_t row, uint64_t col, double value, double limit);
/*
 * The status for what a stage of the engine returned.  @invalid and @field are
 * for -EINVAL and the operand that is not finite for -EDOM.
 */
enum nms_hw_status exec_engine(struct exec *x, int err, enum nms_hw_status invalid, size_t field);

/* compute.c: fetch and check the parameter block. */
enum nms_hw_status compute_fetch(struct exec *x, const struct exec_op *op);
/* result.c; from result_begin() to result_write() the host sees progress in the result block. */
void result_begin(struct exec *x);
void result_progress(struct exec *x, enum eng_phase phase, uint64_t done, uint64_t total);
/* End that, and write all of it. */
void result_write(struct exec *x, enum nms_hw_status *status);
uint32_t result_bits(float value);	/* binary32 as its bits */
void result_neighbours(struct nms_hw_result *r, const struct eng_knn_stats *stats);
float param_float(uint32_t bits);

#endif /* EXEC_H */

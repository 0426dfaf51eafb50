// SPDX-License-Identifier: LGPL-2.1-or-later
#include "exec.h"

#include <errno.h>
#include <string.h>

#include "operand.h"
#include "pause.h"

#define IN_CMD(member) offsetof(struct nms_hw_cmd, member)

static const struct exec_op *find_op(uint8_t opcode)
{
	switch (opcode) {
	case NMS_HW_NOP:	return &exec_nop;
	case NMS_HW_WRITE:	return &exec_write;
	case NMS_HW_READ:	return &exec_read;
	case NMS_HW_ZERO:	return &exec_zero;
	case NMS_HW_REDUCE:	return &exec_reduce;
	case NMS_HW_EMBED:	return &exec_embed;
	case NMS_HW_SELECT:	return &exec_select;
	case NMS_HW_GATHER:	return &exec_gather;
	default:		return NULL;
	}
}

bool exec_stopped(void *data)
{
	struct exec *x = data;

	if (x->run && atomic_load_explicit(&x->run->cancel, memory_order_relaxed))
		return true;
	if (!x->deadline || clock_ns() < x->deadline)
		return false;
	atomic_store_explicit(&x->late, true, memory_order_relaxed);
	return true;
}

static void progress(void *data, enum eng_phase phase, uint64_t done, uint64_t total)
{
	struct exec *x = data;
	struct nms_model_run *run = x->run;

	result_progress(x, phase, done, total);
	if (!run)
		return;
	atomic_store_explicit(&run->phase, (unsigned int)phase, memory_order_relaxed);
	atomic_store_explicit(&run->total, total, memory_order_relaxed);
	atomic_store_explicit(&run->done, done, memory_order_relaxed);
}

static bool wanted(void *data)
{
	struct exec *x = data;

	/* One that has been stopped needs the datapath only to end. */
	return turn_over(&x->model->datapath, &x->ticket) && !exec_stopped(x);
}

/* Wait for the next turn; that time is not the command's. */
static void yield(void *data)
{
	struct exec *x = data;
	uint64_t before = clock_ns();

	turn_pass(&x->model->datapath, &x->ticket, exec_stopped, x);
	if (x->work.engine.since)
		x->work.engine.since += clock_ns() - before;
}

enum nms_hw_status exec_fail_at(struct exec *x, enum nms_hw_status status, size_t field,
				uint64_t row, uint64_t col, double value, double limit)
{
	x->detail = (uint32_t)field;
	x->fault = (struct eng_fault){ .row = row, .col = col, .value = value, .limit = limit };
	return status;
}

enum nms_hw_status exec_fail(struct exec *x, enum nms_hw_status status, size_t field)
{
	return exec_fail_at(x, status, field, 0, 0, 0, 0);
}

enum nms_hw_status exec_engine(struct exec *x, int err, enum nms_hw_status invalid, size_t field)
{
	switch (err) {
	case 0:
		return NMS_HW_OK;
	case -EDOM:
		x->detail = (uint32_t)field;
		return NMS_HW_NOT_FINITE;
	case -EINVAL:
		x->detail = (uint32_t)field;
		return invalid;
	case -ECANCELED:
		return atomic_load(&x->late) ? NMS_HW_DEADLINE : NMS_HW_CANCELLED;
	case -ENOMEM:
		return NMS_HW_NO_MEMORY;
	case -ERANGE:
		return NMS_HW_DIVERGED;
	default:
		return NMS_HW_INTERNAL;
	}
}

/* Whatever the opcode has no use for must be zero. */
static enum nms_hw_status check_unused(struct exec *x, const struct exec_op *op)
{
	const struct nms_hw_cmd *cmd = x->cmd;

	if (cmd->flags)
		return exec_fail(x, NMS_HW_RESERVED_NOT_ZERO, IN_CMD(flags));
	if (cmd->reserved)
		return exec_fail(x, NMS_HW_RESERVED_NOT_ZERO, IN_CMD(reserved));
	if (op->scatter)
		return NMS_HW_OK;
	if (cmd->sgl)
		return exec_fail(x, NMS_HW_RESERVED_NOT_ZERO, IN_CMD(sgl));
	if (cmd->sgl_entries)
		return exec_fail(x, NMS_HW_RESERVED_NOT_ZERO, IN_CMD(sgl_entries));
	return NMS_HW_OK;
}

static enum nms_hw_status check_result(struct exec *x)
{
	const struct nms_hw_cmd *cmd = x->cmd;

	if (!cmd->result && cmd->result_size)
		return exec_fail(x, NMS_HW_INVALID_FIELD, IN_CMD(result));
	if (cmd->result && cmd->result_size < sizeof(x->result))
		return exec_fail(x, NMS_HW_INVALID_SIZE, IN_CMD(result_size));
	return NMS_HW_OK;
}

static enum nms_hw_status fetch_scatter(struct exec *x)
{
	const struct nms_hw_cmd *cmd = x->cmd;

	if (!cmd->sgl_entries || cmd->sgl_entries > NMS_MODEL_SGL_ENTRIES)
		return exec_fail(x, NMS_HW_INVALID_FIELD, IN_CMD(sgl_entries));
	switch (scatter_load(&x->model->host, cmd->sgl, cmd->sgl_entries, &x->scatter)) {
	case 0:
		x->work.link_in += (uint64_t)cmd->sgl_entries * sizeof(struct nms_hw_sge);
		return NMS_HW_OK;
	case -EBADMSG:
		return exec_fail(x, NMS_HW_RESERVED_NOT_ZERO, IN_CMD(sgl));
	case -EOVERFLOW:
		return exec_fail(x, NMS_HW_INVALID_FIELD, IN_CMD(sgl));
	case -ENOMEM:
		return exec_fail(x, NMS_HW_NO_MEMORY, IN_CMD(sgl));
	default:
		return exec_fail(x, NMS_HW_DMA_ERROR, IN_CMD(sgl));
	}
}

/*
 * Rows and exemplars that are only said to be there take working memory all the same,
 * which is everybody's.
 */
static enum nms_hw_status check_working(struct exec *x, const struct exec_op *op)
{
	uint64_t limit = x->model->working, need;

	if (!op->datapath)
		return NMS_HW_OK;
	need = nms_model_estimate(x->model, &x->param, op->param_size);
	if (need <= limit)
		return NMS_HW_OK;
	return exec_fail_at(x, NMS_HW_NO_MEMORY, 0, 0, 0, (double)need, (double)limit);
}

static enum nms_hw_status prepare(struct exec *x, const struct exec_op *op)
{
	enum nms_hw_status status = check_unused(x, op);

	if (!status)
		status = check_result(x);
	if (!status && op->param_size)
		status = compute_fetch(x, op);
	if (!status && op->scatter)
		status = fetch_scatter(x);
	if (!status)
		status = op->bind(x);
	if (!status)
		status = operand_overlaps(x);
	if (!status)
		status = check_working(x, op);
	return status;
}

/* The deadline runs from the first call. */
static void start_deadline(struct exec *x)
{
	if (x->cmd->deadline_ms && !x->deadline)
		x->deadline = clock_ns() + x->cmd->deadline_ms * (uint64_t)1000000;
}

/* With near memory held, and the turn, if one is needed. */
static enum nms_hw_status run_held(struct exec *x, const struct exec_op *op)
{
	enum nms_hw_status status;
	uint32_t field;

	if (exec_stopped(x))
		return exec_engine(x, -ECANCELED, NMS_HW_INTERNAL, 0);
	status = op->run(x);
	eng_phase_leave(&x->env);
	/* What was read, or written, is not to be relied on. */
	if (near_hold_lost(x->model->near, &x->hold, &field))
		return exec_fail(x, NMS_HW_INTERNAL, field);
	return status;
}

/*
 * The turn on the datapath, and near memory.  Whoever holds the memory may be waiting
 * for its next turn, so nobody waits for memory with the turn in hand; nor for
 * the first turn with the memory, which commands of data would have to wait for.
 */
static int take_datapath(struct exec *x)
{
	struct turn *datapath = &x->model->datapath;
	int err = 0;

	while (!err) {
		err = turn_take(datapath, &x->ticket, exec_stopped, x);
		if (err)
			break;
		start_deadline(x);
		if (near_hold_try(x->model->near, &x->hold))
			break;
		turn_give(datapath, &x->ticket);
		err = near_hold_wait(x->model->near, &x->hold, exec_stopped, x);
	}
	return err;
}

static enum nms_hw_status run_datapath(struct exec *x, const struct exec_op *op)
{
	enum nms_hw_status status;

	if (take_datapath(x))
		return exec_engine(x, -ECANCELED, NMS_HW_INTERNAL, 0);
	x->sharing = (struct eng_sharing){ .wanted = wanted, .yield = yield, .data = x };
	x->env.pool = x->model->pool;
	x->env.sharing = &x->sharing;
	status = run_held(x, op);
	turn_give(&x->model->datapath, &x->ticket);
	return status;
}

static enum nms_hw_status run_op(struct exec *x, const struct exec_op *op)
{
	if (op->datapath)
		return run_datapath(x, op);
	start_deadline(x);
	if (near_hold(x->model->near, &x->hold, exec_stopped, x))
		return exec_engine(x, -ECANCELED, NMS_HW_INTERNAL, 0);
	return run_held(x, op);
}

static void add_counters(struct nms_model_counters *sum, const struct nms_model_counters *c)
{
	for (unsigned int d = 0; d < NMS_HW_NDOMAINS; d++)
		sum->energy[d] += c->energy[d];
	sum->near_read += c->near_read;
	sum->near_write += c->near_write;
	sum->link_in += c->link_in;
	sum->link_out += c->link_out;
	sum->commands += c->commands;
	sum->errors += c->errors;
	sum->busy_ns += c->busy_ns;
	sum->busy_cycles += c->busy_cycles;
}

static void account(struct exec *x, enum nms_hw_status status)
{
	struct nms_model_counters c = {
		.near_read = meter_sum(&x->work.engine, ENG_COUNT_NEAR_READ),
		.near_write = meter_sum(&x->work.engine, ENG_COUNT_NEAR_WRITE),
		.link_in = x->work.link_in,
		.link_out = x->work.link_out,
		.commands = 1,
		.errors = status != NMS_HW_OK,
	};
	struct meter_reading reading;

	meter_read(&x->model->energy, &x->work, &reading);
	memcpy(c.energy, reading.energy, sizeof(c.energy));
	for (unsigned int p = 0; p < ENG_NPHASES; p++)
		c.busy_ns += x->work.engine.nanoseconds[p];
	for (unsigned int p = 0; p < NMS_HW_NPHASES; p++)
		c.busy_cycles += reading.cycles[p];
	pthread_mutex_lock(&x->model->counters_lock);
	add_counters(&x->model->counters, &c);
	pthread_mutex_unlock(&x->model->counters_lock);
	if (x->run)
		x->run->spent = c;
}

static enum nms_hw_status execute(struct exec *x)
{
	const struct exec_op *op = find_op(x->cmd->opcode);
	enum nms_hw_status status;

	if (!op)
		return exec_fail(x, NMS_HW_INVALID_OPCODE, IN_CMD(opcode));
	result_begin(x);
	status = prepare(x, op);
	if (!status)
		status = run_op(x, op);
	near_release(x->model->near, &x->hold);
	scatter_free(&x->scatter);
	result_write(x, &status);
	return status;
}

void nms_model_execute(struct nms_model *model, const struct nms_hw_cmd *cmd,
		       struct nms_model_run *run, struct nms_hw_cqe *cqe)
{
	const struct nms_hw_cmd copy = *cmd;
	struct exec x = {
		.model = model,
		.cmd = &copy,
		.run = run,
		.env.kernels = model->kernels,
		.work.link_in = sizeof(*cmd),
		.work.link_out = sizeof(*cqe),
	};
	enum nms_hw_status status;

	x.monitor = (struct eng_monitor){
		.cancelled = exec_stopped,
		.progress = progress,
		.data = &x,
		.counters = &x.work.engine,
		.fault = &x.fault,
	};
	x.env.monitor = &x.monitor;
	status = execute(&x);
	account(&x, status);
	*cqe = (struct nms_hw_cqe){
		.value = status ? 0 : x.value,
		.detail = status ? x.detail : 0,
		.cid = copy.cid,
		.status = (uint16_t)(status << 1),
	};
}

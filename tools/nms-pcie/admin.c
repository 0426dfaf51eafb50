// SPDX-License-Identifier: GPL-2.0-only
/* Commands of the admin queue. */
#include <stdio.h>
#include <string.h>

#include "private.h"

/* ---- fields without a use -------------------------------------------------------- */

#define AT(member) { IN_CMD(member), sizeof(((struct nms_hw_cmd *)0)->member) }

struct field {
	uint8_t at, size;
};

static const struct field queue_fields[] = {
	AT(queue.base), AT(queue.qid), AT(queue.entries), AT(queue.cqid), AT(queue.vector),
	AT(queue.reserved),
};

static const struct field admin_fields[] = {
	AT(admin.buffer), AT(admin.buffer_size), AT(admin.selector), AT(admin.value),
	AT(admin.sq_id), AT(admin.cid),
};

static const struct field range_fields[] = {
	AT(range.size), AT(range.range), AT(range.generation), AT(range.context), AT(range.rights),
};

static const struct field common_fields[] = {
	AT(flags), AT(sgl), AT(sgl_entries), AT(deadline_ms), AT(result), AT(result_size),
	AT(reserved),
};

#define USE(n) (1u << (n))

/* For each opcode its fields, and a bit for each that it has a use for. */
static const struct usage {
	const struct field *field;
	uint8_t count, used;
} usages[] = {
#define QUEUE(used) { queue_fields, 6, used }
#define ADMIN(used) { admin_fields, 6, used }
#define RANGE(used) { range_fields, 5, used }
	[NMS_HW_ADMIN_DELETE_SQ]	= QUEUE(USE(1)),
	[NMS_HW_ADMIN_CREATE_SQ]	= QUEUE(USE(0) | USE(1) | USE(2) | USE(3)),
	[NMS_HW_ADMIN_LOG_PAGE]		= ADMIN(USE(0) | USE(1) | USE(2) | USE(3)),
	[NMS_HW_ADMIN_DELETE_CQ]	= QUEUE(USE(1)),
	[NMS_HW_ADMIN_CREATE_CQ]	= QUEUE(USE(0) | USE(1) | USE(2) | USE(4)),
	[NMS_HW_ADMIN_IDENTIFY]		= ADMIN(USE(0) | USE(1)),
	[NMS_HW_ADMIN_ABORT]		= ADMIN(USE(4) | USE(5)),
	[NMS_HW_ADMIN_SET_FEATURE]	= ADMIN(USE(2) | USE(3)),
	[NMS_HW_ADMIN_GET_FEATURE]	= ADMIN(USE(2)),
	[NMS_HW_ADMIN_ASYNC_EVENT]	= ADMIN(0),
	[NMS_HW_ADMIN_RANGE_CREATE]	= RANGE(USE(0) | USE(3)),
	[NMS_HW_ADMIN_RANGE_DESTROY]	= RANGE(USE(1) | USE(2)),
	[NMS_HW_ADMIN_RANGE_GRANT]	= RANGE(USE(1) | USE(2) | USE(3) | USE(4)),
	[NMS_HW_ADMIN_CONTEXT_DESTROY]	= RANGE(USE(3)),
#undef QUEUE
#undef ADMIN
#undef RANGE
};

static bool is_zero(const struct nms_hw_cmd *cmd, const struct field *f)
{
	static const unsigned char zero[8];

	return !memcmp((const char *)cmd + f->at, zero, f->size);
}

/* The offset of a field that should be zero and is not, or 0. */
static size_t find_unused(const struct nms_hw_cmd *cmd, const struct usage *u)
{
	for (size_t i = 0; i < sizeof(common_fields) / sizeof(common_fields[0]); i++)
		if (!is_zero(cmd, &common_fields[i]))
			return common_fields[i].at;
	for (size_t i = 0; i < u->count; i++)
		if (!(u->used & USE(i)) && !is_zero(cmd, &u->field[i]))
			return u->field[i].at;
	return 0;
}

/* ---- queues ---------------------------------------------------------------------- */

static enum nms_hw_status check_queue(struct device *d, const struct nms_hw_cmd *cmd,
				      struct nms_hw_cqe *cqe, bool exists)
{
	unsigned int entries = cmd->queue.entries + 1u;

	if (exists)
		return fail(cqe, NMS_HW_BAD_QUEUE, IN_CMD(queue.qid));
	if (entries < 2 || entries > d->options.entries)
		return fail(cqe, NMS_HW_BAD_QUEUE, IN_CMD(queue.entries));
	if (cmd->queue.base % 4096)
		return fail(cqe, NMS_HW_INVALID_FIELD, IN_CMD(queue.base));
	return NMS_HW_OK;
}

static bool in_use(const struct device *d, unsigned int id, bool sq)
{
	return sq ? d->sq[id].exists : d->cq[id].exists;
}

static bool is_id(const struct device *d, unsigned int id)
{
	return id && id <= d->options.queues;
}

static enum nms_hw_status create_cq(struct device *d, const struct nms_hw_cmd *cmd,
				    struct nms_hw_cqe *cqe)
{
	unsigned int id = cmd->queue.qid;
	enum nms_hw_status status = check_queue(d, cmd, cqe, !is_id(d, id) || in_use(d, id, false));

	if (status)
		return status;
	if (cmd->queue.vector >= d->options.vectors)
		return fail(cqe, NMS_HW_BAD_VECTOR, IN_CMD(queue.vector));
	cq_create(d, id, cmd->queue.base, cmd->queue.entries + 1u, cmd->queue.vector);
	return NMS_HW_OK;
}

static enum nms_hw_status create_sq(struct device *d, const struct nms_hw_cmd *cmd,
				    struct nms_hw_cqe *cqe)
{
	unsigned int id = cmd->queue.qid, cqid = cmd->queue.cqid;
	enum nms_hw_status status = check_queue(d, cmd, cqe, !is_id(d, id) || in_use(d, id, true));

	if (status)
		return status;
	if (!is_id(d, cqid) || !in_use(d, cqid, false))
		return fail(cqe, NMS_HW_BAD_QUEUE, IN_CMD(queue.cqid));
	if (!queue_create_sq(d, id, cmd->queue.base, cmd->queue.entries + 1u, (uint16_t)cqid))
		return NMS_HW_NO_MEMORY;
	return NMS_HW_OK;
}

static enum nms_hw_status delete_queue(struct device *d, const struct nms_hw_cmd *cmd,
				       struct nms_hw_cqe *cqe)
{
	bool sq = cmd->opcode == NMS_HW_ADMIN_DELETE_SQ;
	unsigned int id = cmd->queue.qid;

	if (!is_id(d, id) || !in_use(d, id, sq))
		return fail(cqe, NMS_HW_BAD_QUEUE, IN_CMD(queue.qid));
	if (sq) {
		queue_delete_sq(d, id);
		return NMS_HW_OK;
	}
	if (d->cq[id].users)
		return fail(cqe, NMS_HW_QUEUE_BUSY, IN_CMD(queue.qid));
	cq_delete(d, id);
	return NMS_HW_OK;
}

static enum nms_hw_status abort_command(struct device *d, const struct nms_hw_cmd *cmd,
					struct nms_hw_cqe *cqe)
{
	if (!is_id(d, cmd->admin.sq_id) || !in_use(d, cmd->admin.sq_id, true))
		return fail(cqe, NMS_HW_BAD_QUEUE, IN_CMD(admin.sq_id));
	if (!queue_abort(d, cmd->admin.sq_id, cmd->admin.cid))
		return fail(cqe, NMS_HW_NOT_FOUND, IN_CMD(admin.cid));
	return NMS_HW_OK;
}

/* ---- the rest ---------------------------------------------------------------------- */

static void add_profile(struct nms_hw_identify *page, const struct nms_model_info *info,
			uint32_t profile, const char *name)
{
	struct nms_hw_profile_entry *entry = &page->profile[page->profiles];

	entry->profile = profile;
	entry->flags = !strcmp(name, info->profile);
	snprintf(entry->name, sizeof(entry->name), "%s", name);
	page->profiles++;
}

/* Those in float32 that this processor has, two on words, and another that is the default. */
static void add_profiles(struct nms_hw_identify *page, const struct nms_model_info *info)
{
	static const struct {
		const char *name;
		uint32_t number;
	} known[] = {
		{ "portable", NMS_HW_PROFILE_PORTABLE },
		{ "fma", NMS_HW_PROFILE_FMA },
		{ "fixed8/64/12", NMS_HW_PROFILE_FIXED | 8 << 8 | 6 << 16 | 12 << 24 },
		{ "fixed16/256/16", NMS_HW_PROFILE_FIXED | 16 << 8 | 8 << 16 | 16 << 24 },
	};
	bool listed = false;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!(info->profiles & 1u << (known[i].number & 0xff)))
			continue;
		add_profile(page, info, known[i].number, known[i].name);
		listed = listed || !strcmp(known[i].name, info->profile);
	}
	if (!listed)
		add_profile(page, info, info->profile_number, info->profile);
}

static enum nms_hw_status identify(struct device *d, const struct nms_hw_cmd *cmd,
				   struct nms_hw_cqe *cqe)
{
	struct nms_hw_identify page = {
		.param_version = NMS_HW_PARAM_VERSION,
		.sq_entry_size = sizeof(struct nms_hw_cmd),
		.cq_entry_size = sizeof(struct nms_hw_cqe),
		.max_contexts = MAX_CONTEXTS,
		.near_size = d->options.near_size,
		.near_page = NEAR_PAGE,
		.max_ranges = MAX_RANGES,
		.max_sgl_entries = NMS_MODEL_SGL_ENTRIES,
		.max_events = MAX_EVENTS,
		.model = "near-memory sampling model",
		.serial = "1",
		.firmware = "0.1",
	};
	struct nms_model_info info;

	nms_model_info(d->model, &info);
	page.numerics = info.numerics;
	page.clock_khz = (uint32_t)(info.clock_hz / 1000);
	snprintf(page.energy, sizeof(page.energy), "%s", info.energy);
	add_profiles(&page, &info);
	return log_put(d, cmd, cqe, &page, sizeof(page));
}

static enum nms_hw_status feature(struct device *d, const struct nms_hw_cmd *cmd,
				  struct nms_hw_cqe *cqe)
{
	_Atomic uint32_t *which;

	switch (cmd->admin.selector) {
	case NMS_HW_FEATURE_COALESCE:
		which = &d->coalesce;
		if (cmd->admin.value > 0xffff)
			return fail(cqe, NMS_HW_INVALID_FIELD, IN_CMD(admin.value));
		break;
	case NMS_HW_FEATURE_DEADLINE:
		which = &d->deadline_ms;
		break;
	default:
		return fail(cqe, NMS_HW_BAD_FEATURE, IN_CMD(admin.selector));
	}
	if (cmd->opcode == NMS_HW_ADMIN_SET_FEATURE)
		atomic_store(which, cmd->admin.value);
	cqe->value = atomic_load(which);
	return NMS_HW_OK;
}

static enum nms_hw_status execute(struct device *d, const struct nms_hw_cmd *cmd,
				  struct nms_hw_cqe *cqe)
{
	switch (cmd->opcode) {
	case NMS_HW_ADMIN_CREATE_CQ:
		return create_cq(d, cmd, cqe);
	case NMS_HW_ADMIN_CREATE_SQ:
		return create_sq(d, cmd, cqe);
	case NMS_HW_ADMIN_DELETE_SQ:
	case NMS_HW_ADMIN_DELETE_CQ:
		return delete_queue(d, cmd, cqe);
	case NMS_HW_ADMIN_IDENTIFY:
		return identify(d, cmd, cqe);
	case NMS_HW_ADMIN_LOG_PAGE:
		return log_page(d, cmd, cqe);
	case NMS_HW_ADMIN_ABORT:
		return abort_command(d, cmd, cqe);
	case NMS_HW_ADMIN_SET_FEATURE:
	case NMS_HW_ADMIN_GET_FEATURE:
		return feature(d, cmd, cqe);
	case NMS_HW_ADMIN_RANGE_CREATE:
		return range_create(d, cmd, cqe);
	case NMS_HW_ADMIN_RANGE_DESTROY:
		return range_destroy(d, cmd, cqe);
	case NMS_HW_ADMIN_RANGE_GRANT:
		return range_grant(d, cmd, cqe);
	default:
		return range_context_destroy(d, cmd, cqe);
	}
}

bool admin_execute(struct device *d, struct flight *flight, struct nms_hw_cqe *cqe)
{
	const struct nms_hw_cmd *cmd = &flight->cmd;
	enum nms_hw_status status;
	size_t unused;

	if (cmd->opcode >= sizeof(usages) / sizeof(usages[0]) || !usages[cmd->opcode].field) {
		status = fail(cqe, NMS_HW_INVALID_OPCODE, IN_CMD(opcode));
	} else if ((unused = find_unused(cmd, &usages[cmd->opcode]))) {
		status = fail(cqe, NMS_HW_RESERVED_NOT_ZERO, unused);
	} else if (cmd->opcode == NMS_HW_ADMIN_ASYNC_EVENT) {
		if (hostile_event(d->hostile, cqe))
			status = NMS_HW_OK;
		else if (event_keep(d, flight))
			return false;
		else
			status = fail(cqe, NMS_HW_TOO_MANY_EVENTS, IN_CMD(opcode));
	} else {
		status = execute(d, cmd, cqe);
	}
	cqe->status = cqe_status(status);
	return true;
}

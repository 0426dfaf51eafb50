// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranges of near memory and the handles by which contexts hold them.
 *
 * On the device all ranges belong to context 0, the driver, so that they outlive
 * the context that asked for them; a context is granted its rights on a range
 * while it has a handle, or a job that uses one.  The device checks each access.
 */
#include <linux/overflow.h>
#include <linux/slab.h>

#include "nms_drv.h"

#define NMS_TOLD_UNKNOWN U32_MAX

/* What one context may do with a buffer; under the buffer's lock. */
struct nms_grant {
	struct list_head link;
	u32 context;
	unsigned int readers, writers;
	u32 told;		/* what the device knows */
};

/* ---- rights -------------------------------------------------------------------- */

int nms_range_grant(struct nms_buffer *buffer, u32 context, u32 rights, u64 *value)
{
	struct nms_hw_cmd cmd = { .opcode = NMS_HW_ADMIN_RANGE_GRANT };

	cmd.range.range = cpu_to_le32(buffer->range);
	cmd.range.generation = cpu_to_le32(buffer->range_generation);
	cmd.range.context = cpu_to_le32(context);
	cmd.range.rights = cpu_to_le32(rights);
	return nms_admin(buffer->nms, &cmd, value);
}

static u32 nms_grant_rights(const struct nms_grant *grant)
{
	return (grant->readers ? NMS_HW_RIGHT_READ : 0) |
	       (grant->writers ? NMS_HW_RIGHT_WRITE : 0);
}

static struct nms_grant *nms_grant_find(struct nms_buffer *buffer, u32 context)
{
	struct nms_grant *grant;

	list_for_each_entry(grant, &buffer->grants, link)
		if (grant->context == context)
			return grant;
	return NULL;
}

/* Make the device know; what nobody needs any more is forgotten. */
static int nms_grant_tell(struct nms_buffer *buffer, struct nms_grant *grant)
{
	u32 rights = nms_grant_rights(grant);
	int err = 0;

	if (rights != grant->told)
		err = nms_range_grant(buffer, grant->context, rights, NULL);
	if (!err)
		grant->told = rights;
	else if (err == -ETIMEDOUT || err == -ENETRESET)
		grant->told = NMS_TOLD_UNKNOWN;
	if (!rights && !grant->told) {
		list_del(&grant->link);
		kfree(grant);
	}
	return err;
}

static int nms_grant_take(struct nms_buffer *buffer, u32 context, u32 access)
{
	struct nms_grant *grant = nms_grant_find(buffer, context);

	if (!grant) {
		grant = kzalloc(sizeof(*grant), GFP_KERNEL_ACCOUNT);
		if (!grant)
			return -ENOMEM;
		grant->context = context;
		list_add(&grant->link, &buffer->grants);
	}
	grant->readers += !!(access & NMS_ACCESS_READ);
	grant->writers += !!(access & NMS_ACCESS_WRITE);
	return nms_grant_tell(buffer, grant);
}

/*
 * Tell the device all that it does not know; @none: it knows nothing, for the
 * range is new.  The first error, but all are tried.
 */
int nms_buffer_tell_all(struct nms_buffer *buffer, bool none)
{
	struct nms_grant *grant, *next;
	int first = 0;

	list_for_each_entry_safe(grant, next, &buffer->grants, link) {
		int err;

		if (none)
			grant->told = 0;
		err = nms_grant_tell(buffer, grant);
		first = first ?: err;
	}
	return first;
}

/* What the device could not be told now it is told after its recovery. */
static void nms_grant_drop(struct nms_buffer *buffer, u32 context, u32 access)
{
	struct nms_grant *grant = nms_grant_find(buffer, context);

	if (!grant)
		return;
	grant->readers -= !!(access & NMS_ACCESS_READ);
	grant->writers -= !!(access & NMS_ACCESS_WRITE);
	nms_grant_tell(buffer, grant);
}

/* ---- ranges -------------------------------------------------------------------- */

/* Under range_lock: until its number is known it must not be taken for nobody's. */
int nms_range_create(struct nms_buffer *buffer)
{
	struct nms_hw_cmd cmd = { .opcode = NMS_HW_ADMIN_RANGE_CREATE };
	u64 value;
	int err;

	cmd.range.size = cpu_to_le64(buffer->size);
	err = nms_admin(buffer->nms, &cmd, &value);
	if (err)
		return err;
	buffer->range = lower_32_bits(value);
	buffer->range_generation = upper_32_bits(value);
	return buffer->range ? 0 : -EPROTO;
}

/* Two buffers in one range would be one.  Under table_lock. */
bool nms_range_is_taken(const struct nms_buffer *buffer)
{
	const struct nms_buffer *other;

	/* A recovery that did not come to its end has taken it: the next one gives another. */
	if (!buffer->range)
		return false;
	list_for_each_entry(other, &buffer->nms->buffers, link)
		if (other != buffer && other->range == buffer->range && !other->dead)
			return true;
	return false;
}

static void nms_range_destroy(struct nms_buffer *buffer)
{
	struct nms_hw_cmd cmd = { .opcode = NMS_HW_ADMIN_RANGE_DESTROY };
	struct nms_device *nms = buffer->nms;
	int err;

	if (buffer->dead || !buffer->range)
		return;
	cmd.range.range = cpu_to_le32(buffer->range);
	cmd.range.generation = cpu_to_le32(buffer->range_generation);
	err = nms_admin_retry(nms, &cmd, NULL);
	/* Gone already: by an attempt whose answer was lost, or at a recovery meanwhile. */
	if (err == -ESTALE)
		return;
	/* From a device that is dead it goes at its recovery, if there is one. */
	if (err && READ_ONCE(nms->state) == NMS_LIVE)
		dev_warn(&nms->dev, "range %u was not freed: %d\n", buffer->range, err);
}

static void nms_buffer_free(struct kref *ref)
{
	struct nms_buffer *buffer = container_of(ref, struct nms_buffer, ref);
	struct nms_device *nms = buffer->nms;
	struct nms_grant *grant, *next;

	mutex_lock(&nms->table_lock);
	list_del(&buffer->link);
	mutex_unlock(&nms->table_lock);
	nms_range_destroy(buffer);
	if (buffer->user) {
		nms_user_uncharge(nms, NMS_CHARGE_NEAR, buffer->user, buffer->size);
		atomic64_sub(buffer->size, &nms->near_used);
	}
	list_for_each_entry_safe(grant, next, &buffer->grants, link)
		kfree(grant);
	mutex_destroy(&buffer->lock);
	kfree(buffer);
	put_device(&nms->dev);
}

/* May sleep, and wait for the device to come back. */
void nms_buffer_put(struct nms_buffer *buffer)
{
	kref_put(&buffer->ref, nms_buffer_free);
}

static struct nms_buffer *nms_buffer_alloc(struct nms_device *nms, u64 size)
{
	struct nms_buffer *buffer = kzalloc(sizeof(*buffer), GFP_KERNEL_ACCOUNT);

	if (!buffer)
		return NULL;
	kref_init(&buffer->ref);
	mutex_init(&buffer->lock);
	INIT_LIST_HEAD(&buffer->grants);
	buffer->nms = nms;
	buffer->size = size;
	get_device(&nms->dev);
	mutex_lock(&nms->table_lock);
	list_add_tail(&buffer->link, &nms->buffers);
	mutex_unlock(&nms->table_lock);
	return buffer;
}

static int nms_buffer_check_range(struct nms_buffer *buffer)
{
	struct nms_device *nms = buffer->nms;
	bool taken;

	mutex_lock(&nms->table_lock);
	taken = nms_range_is_taken(buffer);
	if (taken)
		buffer->range = 0;
	mutex_unlock(&nms->table_lock);
	return taken ? -EPROTO : 0;
}

static int nms_buffer_get_range(struct nms_buffer *buffer)
{
	struct nms_device *nms = buffer->nms;
	int err = -ENETRESET;

	for (int i = 0; i < 3 && (err == -ENETRESET || err == -ETIMEDOUT || err == -ENOSPC); i++) {
		/* What has been given back may still be on its way to the device. */
		if (err == -ENOSPC)
			flush_workqueue(nms->wq);
		err = nms_wait_live(nms);
		if (err)
			return err;
		mutex_lock(&nms->range_lock);
		mutex_lock(&buffer->lock);
		err = nms_range_create(buffer);
		mutex_unlock(&buffer->lock);
		mutex_unlock(&nms->range_lock);
	}
	if (!err)
		err = nms_buffer_check_range(buffer);
	/* The device may have made one that nobody knows of: a recovery sees to it. */
	if (err == -EPROTO)
		nms_recover(nms, "the device has made a range that cannot be");
	return err;
}

int nms_buffer_create(struct nms_context *ctx, struct nms_buffer_create *arg)
{
	struct nms_device *nms = ctx->nms;
	u64 page = le64_to_cpu(nms->identify->near_page);
	struct nms_buffer *buffer;
	u64 size;
	int err;

	if (arg->flags || arg->handle || !arg->size)
		return -EINVAL;
	if (check_add_overflow(arg->size, page - 1, &size))
		return -ENOSPC;
	size &= ~(page - 1);
	if (size > le64_to_cpu(nms->identify->near_size))
		return -ENOSPC;
	buffer = nms_buffer_alloc(nms, size);
	if (!buffer)
		return -ENOMEM;
	err = nms_user_charge(nms, NMS_CHARGE_NEAR, size, &buffer->user);
	if (err)
		goto put;
	atomic64_add(size, &nms->near_used);
	err = nms_buffer_get_range(buffer);
	if (err)
		goto put;
	err = nms_handle_create(ctx, buffer, NMS_ACCESS_READ | NMS_ACCESS_WRITE, &arg->handle);
	arg->size = size;
put:
	nms_buffer_put(buffer);
	return err;
}

/* ---- handles ------------------------------------------------------------------- */

static void nms_handle_free(struct nms_handle *handle)
{
	struct nms_buffer *buffer = handle->buffer;

	mutex_lock(&buffer->lock);
	nms_grant_drop(buffer, handle->context, handle->access);
	mutex_unlock(&buffer->lock);
	nms_buffer_put(buffer);
	kfree(handle);
}

static void nms_handle_free_work(struct work_struct *work)
{
	nms_handle_free(container_of(work, struct nms_handle, free_work));
}

static void nms_handle_free_later(struct kref *ref)
{
	struct nms_handle *handle = container_of(ref, struct nms_handle, ref);

	queue_work(handle->buffer->nms->wq, &handle->free_work);
}

static void nms_handle_free_now(struct kref *ref)
{
	nms_handle_free(container_of(ref, struct nms_handle, ref));
}

/* Any context. */
void nms_handle_put(struct nms_handle *handle)
{
	kref_put(&handle->ref, nms_handle_free_later);
}

struct nms_handle *nms_handle_get(struct nms_context *ctx, u32 id)
{
	struct nms_handle *handle;

	xa_lock(&ctx->handles);
	handle = xa_load(&ctx->handles, id);
	if (handle)
		kref_get(&handle->ref);
	xa_unlock(&ctx->handles);
	return handle;
}

static bool nms_may_try_again(int err)
{
	return err == -ENETRESET || err == -ETIMEDOUT;
}

/*
 * Whom a recovery should have told meanwhile it has not told if it was past the buffer
 * already: ask again.
 */
static int nms_handle_make_sure(struct nms_handle *handle)
{
	struct nms_buffer *buffer = handle->buffer;
	int err = -ETIMEDOUT;

	for (int i = 0; i < 3 && nms_may_try_again(err); i++) {
		struct nms_grant *grant;

		err = nms_wait_live(buffer->nms);
		if (err)
			return err;
		mutex_lock(&buffer->lock);
		grant = nms_grant_find(buffer, handle->context);
		err = buffer->dead || !grant ? -ESTALE : nms_grant_tell(buffer, grant);
		mutex_unlock(&buffer->lock);
	}
	return err;
}

static int nms_handle_grant(struct nms_handle *handle)
{
	struct nms_buffer *buffer = handle->buffer;
	int err;

	err = nms_wait_live(buffer->nms);
	if (err)
		return err;
	mutex_lock(&buffer->lock);
	if (buffer->dead) {
		mutex_unlock(&buffer->lock);
		return -ESTALE;
	}
	err = nms_grant_take(buffer, handle->context, handle->access);
	mutex_unlock(&buffer->lock);
	if (nms_may_try_again(err))
		err = nms_handle_make_sure(handle);
	if (err) {
		mutex_lock(&buffer->lock);
		nms_grant_drop(buffer, handle->context, handle->access);
		mutex_unlock(&buffer->lock);
	}
	return err;
}

/* A handle for @buffer, which stays the caller's. */
int nms_handle_create(struct nms_context *ctx, struct nms_buffer *buffer, u32 access, u32 *id)
{
	struct nms_handle *handle;
	int err = -EMFILE;

	if (atomic_inc_return(&ctx->nhandles) > NMS_MAX_HANDLES)
		goto count;
	err = -ENOMEM;
	handle = kzalloc(sizeof(*handle), GFP_KERNEL_ACCOUNT);
	if (!handle)
		goto count;
	kref_init(&handle->ref);
	INIT_WORK(&handle->free_work, nms_handle_free_work);
	handle->buffer = buffer;
	handle->context = ctx->id;
	handle->access = access;
	ctx->had_handles = true;
	err = nms_handle_grant(handle);
	if (err)
		goto free;
	kref_get(&buffer->ref);
	err = xa_alloc(&ctx->handles, id, handle, XA_LIMIT(1, INT_MAX), GFP_KERNEL);
	if (err) {
		atomic_dec(&ctx->nhandles);
		nms_handle_free(handle);
		return err;
	}
	atomic64_add(buffer->size, &ctx->near_used);
	return 0;
free:
	kfree(handle);
count:
	atomic_dec(&ctx->nhandles);
	return err;
}

/* The range is free when this returns, if this was the last that held it. */
int nms_handle_destroy(struct nms_context *ctx, u32 id)
{
	struct nms_handle *handle = xa_erase(&ctx->handles, id);

	if (!handle)
		return -EBADF;
	atomic_dec(&ctx->nhandles);
	atomic64_sub(handle->buffer->size, &ctx->near_used);
	kref_put(&handle->ref, nms_handle_free_now);
	return 0;
}

void nms_handle_destroy_all(struct nms_context *ctx)
{
	struct nms_handle *handle;
	unsigned long id;

	xa_for_each(&ctx->handles, id, handle)
		nms_handle_destroy(ctx, id);
}

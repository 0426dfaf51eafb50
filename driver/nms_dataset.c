// SPDX-License-Identifier: GPL-2.0-only
/* Names for buffers: with an owner and a mode, as for files; they outlive contexts. */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/ctype.h>
#include <linux/slab.h>

#include "nms_drv.h"

struct nms_dataset {
	struct list_head link;
	struct nms_buffer *buffer;
	struct nms_user *user;
	kuid_t uid;
	kgid_t gid;
	struct nms_dataset_create about;
};

static int nms_name_check(const char *name)
{
	size_t length = strnlen(name, NMS_DATASET_NAME_SIZE);

	if (!length || length == NMS_DATASET_NAME_SIZE)
		return -EINVAL;
	for (size_t i = 0; i < length; i++)
		if (!isprint(name[i]) || name[i] == '/')
			return -EINVAL;
	return 0;
}

/* Under table_lock, as the next ones. */
static struct nms_dataset *nms_dataset_find(struct nms_device *nms, const char *name)
{
	struct nms_dataset *ds;

	list_for_each_entry(ds, &nms->datasets, link)
		if (!strcmp(ds->about.name, name))
			return ds;
	return NULL;
}

/* What the caller may do with it. */
static u32 nms_dataset_rights(const struct nms_dataset *ds)
{
	u32 bits = ds->about.mode;

	if (uid_eq(current_fsuid(), ds->uid))
		bits >>= 6;
	else if (in_group_p(ds->gid))
		bits >>= 3;
	if (capable(CAP_DAC_OVERRIDE))
		bits = 06;
	return (bits & 04 ? NMS_ACCESS_READ : 0) | (bits & 02 ? NMS_ACCESS_WRITE : 0);
}

static void nms_dataset_describe(const struct nms_dataset *ds, struct nms_query_dataset *info)
{
	memcpy(info->name, ds->about.name, sizeof(info->name));
	info->size = ds->buffer->size;
	info->uid = from_kuid_munged(current_user_ns(), ds->uid);
	info->gid = from_kgid_munged(current_user_ns(), ds->gid);
	info->mode = ds->about.mode;
	info->generation = ds->buffer->generation;
	info->rows = ds->about.rows;
	info->stride = ds->about.stride;
	info->cols = ds->about.cols;
	info->dtype = ds->about.dtype;
}

/* Names go first, before its jobs have ended.  Under table_lock. */
static bool nms_dataset_gone(struct nms_device *nms)
{
	return nms->unnumbered || READ_ONCE(nms->state) == NMS_GONE;
}

static int nms_dataset_absent(struct nms_device *nms)
{
	return nms_dataset_gone(nms) ? -ENODEV : -ENOENT;
}

static int nms_dataset_add(struct nms_device *nms, struct nms_dataset *ds)
{
	int err = 0;

	mutex_lock(&nms->table_lock);
	if (nms_dataset_gone(nms))
		err = -ENODEV;
	else if (nms_dataset_find(nms, ds->about.name))
		err = -EEXIST;
	else if (nms->ndatasets >= NMS_MAX_DATASETS)
		err = -ENFILE;
	if (!err) {
		list_add_tail(&ds->link, &nms->datasets);
		nms->ndatasets++;
	}
	mutex_unlock(&nms->table_lock);
	return err;
}

int nms_dataset_create(struct nms_context *ctx, const struct nms_dataset_create *arg)
{
	const u32 both = NMS_ACCESS_READ | NMS_ACCESS_WRITE;
	struct nms_handle *handle;
	struct nms_dataset *ds;
	int err;

	err = nms_name_check(arg->name);
	if (err || arg->mode & ~0666)
		return -EINVAL;
	handle = nms_handle_get(ctx, arg->handle);
	if (!handle)
		return -EBADF;
	err = -EACCES;
	if ((handle->access & both) != both)
		goto put;
	err = -ENOMEM;
	ds = kzalloc(sizeof(*ds), GFP_KERNEL_ACCOUNT);
	if (!ds)
		goto put;
	ds->about = *arg;
	/* Nothing behind the name's end is kept. */
	strscpy_pad(ds->about.name, arg->name, sizeof(ds->about.name));
	ds->uid = current_fsuid();
	ds->gid = current_fsgid();
	ds->buffer = handle->buffer;
	err = nms_user_charge(ctx->nms, NMS_CHARGE_NAME, 1, &ds->user);
	if (err)
		goto free;
	kref_get(&ds->buffer->ref);
	err = nms_dataset_add(ctx->nms, ds);
	if (!err)
		goto put;
	nms_buffer_put(ds->buffer);
	nms_user_uncharge(ctx->nms, NMS_CHARGE_NAME, ds->user, 1);
free:
	kfree(ds);
put:
	nms_handle_put(handle);
	return err;
}

int nms_dataset_open(struct nms_context *ctx, struct nms_dataset_open *arg)
{
	struct nms_device *nms = ctx->nms;
	struct nms_buffer *buffer = NULL;
	struct nms_dataset *ds;
	int err;

	err = nms_name_check(arg->name);
	if (err || !arg->access || arg->access & ~(NMS_ACCESS_READ | NMS_ACCESS_WRITE))
		return -EINVAL;
	mutex_lock(&nms->table_lock);
	ds = nms_dataset_find(nms, arg->name);
	if (!ds) {
		err = nms_dataset_absent(nms);
	} else if (arg->access & ~nms_dataset_rights(ds)) {
		err = -EACCES;
	} else {
		buffer = ds->buffer;
		kref_get(&buffer->ref);
		nms_dataset_describe(ds, &arg->info);
	}
	mutex_unlock(&nms->table_lock);
	if (err)
		return err;
	err = nms_handle_create(ctx, buffer, arg->access, &arg->handle);
	nms_buffer_put(buffer);
	return err;
}

/* The device outlives this: it is the caller's. */
static void nms_dataset_free(struct nms_device *nms, struct nms_dataset *ds)
{
	nms_buffer_put(ds->buffer);
	nms_user_uncharge(nms, NMS_CHARGE_NAME, ds->user, 1);
	kfree(ds);
}

int nms_dataset_unlink(struct nms_context *ctx, const struct nms_dataset_unlink *arg)
{
	struct nms_device *nms = ctx->nms;
	struct nms_dataset *ds;
	int err;

	err = nms_name_check(arg->name);
	if (err)
		return err;
	mutex_lock(&nms->table_lock);
	ds = nms_dataset_find(nms, arg->name);
	if (!ds)
		err = nms_dataset_absent(nms);
	else if (!uid_eq(current_fsuid(), ds->uid) && !capable(CAP_SYS_ADMIN))
		err = -EPERM;
	if (!err) {
		list_del(&ds->link);
		nms->ndatasets--;
	}
	mutex_unlock(&nms->table_lock);
	if (!err)
		nms_dataset_free(nms, ds);
	return err;
}

/* The dataset number @index of those that the caller may use at all. */
int nms_dataset_query(struct nms_context *ctx, u32 index, struct nms_query_dataset *info)
{
	struct nms_device *nms = ctx->nms;
	struct nms_dataset *ds;
	int err = -ENOENT;

	mutex_lock(&nms->table_lock);
	list_for_each_entry(ds, &nms->datasets, link) {
		if (!nms_dataset_rights(ds) && !uid_eq(current_fsuid(), ds->uid))
			continue;
		if (!index--) {
			nms_dataset_describe(ds, info);
			err = 0;
			break;
		}
	}
	mutex_unlock(&nms->table_lock);
	return err;
}

/* The device is being removed. */
void nms_dataset_drop_all(struct nms_device *nms)
{
	struct nms_dataset *ds, *next;
	LIST_HEAD(all);

	mutex_lock(&nms->table_lock);
	list_splice_init(&nms->datasets, &all);
	nms->ndatasets = 0;
	mutex_unlock(&nms->table_lock);
	list_for_each_entry_safe(ds, next, &all, link)
		nms_dataset_free(nms, ds);
}

// SPDX-License-Identifier: GPL-2.0-only
/* Buffers as file descriptors, to be passed on. */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "nms_drv.h"

struct nms_export {
	struct nms_buffer *buffer;
	u32 access;
};

static void nms_export_free(struct nms_export *export)
{
	nms_buffer_put(export->buffer);
	kfree(export);
}

static int nms_export_release(struct inode *inode, struct file *file)
{
	nms_export_free(file->private_data);
	return 0;
}

static const struct file_operations nms_export_fops = {
	.owner = THIS_MODULE,
	.release = nms_export_release,
	.llseek = noop_llseek,
};

/* What the descriptor stands for; access is at most that of the handle. */
static struct nms_export *nms_export_create(struct nms_context *ctx, u32 id, u32 access)
{
	struct nms_handle *handle = nms_handle_get(ctx, id);
	struct nms_export *export;

	if (!handle)
		return ERR_PTR(-EBADF);
	if (access & ~handle->access) {
		nms_handle_put(handle);
		return ERR_PTR(-EACCES);
	}
	export = kzalloc(sizeof(*export), GFP_KERNEL_ACCOUNT);
	if (export) {
		export->buffer = handle->buffer;
		export->access = access;
		kref_get(&export->buffer->ref);
	}
	nms_handle_put(handle);
	return export ? export : ERR_PTR(-ENOMEM);
}

int nms_buffer_export(struct nms_context *ctx, struct nms_buffer_export *arg, void __user *user,
		      size_t size)
{
	struct nms_export *export;
	struct file *file;
	int fd, err;

	if (arg->flags & ~(u32)O_CLOEXEC || size < offsetofend(struct nms_buffer_export, fd))
		return -EINVAL;
	if (!arg->access || arg->access & ~(NMS_ACCESS_READ | NMS_ACCESS_WRITE))
		return -EINVAL;
	export = nms_export_create(ctx, arg->handle, arg->access);
	if (IS_ERR(export))
		return PTR_ERR(export);
	fd = get_unused_fd_flags(arg->flags);
	if (fd < 0) {
		nms_export_free(export);
		return fd;
	}
	file = anon_inode_getfile("[nms-buffer]", &nms_export_fops, export, O_RDWR);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		nms_export_free(export);
		return PTR_ERR(file);
	}
	arg->fd = fd;
	err = copy_to_user(user, arg, size) ? -EFAULT : 0;
	if (err) {
		put_unused_fd(fd);
		fput(file);
		return err;
	}
	fd_install(fd, file);
	return 0;
}

int nms_buffer_import(struct nms_context *ctx, struct nms_buffer_import *arg)
{
	struct nms_export *export;
	struct file *file;
	int err = -EINVAL;

	if (arg->reserved)
		return -EINVAL;
	file = fget(arg->fd);
	if (!file)
		return -EBADF;
	if (file->f_op != &nms_export_fops)
		goto put;
	export = file->private_data;
	err = -EXDEV;
	if (export->buffer->nms != ctx->nms)
		goto put;
	err = nms_handle_create(ctx, export->buffer, export->access, &arg->handle);
	arg->access = export->access;
	arg->size = export->buffer->size;
put:
	fput(file);
	return err;
}

// SPDX-License-Identifier: GPL-2.0-only
/* /dev/nmsN: an open file is a context. */
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "nms_compat.h"
#include "nms_drv.h"

#define NMS_MINORS 64

static dev_t nms_first;
static DEFINE_IDA(nms_ida);
/* One for all devices: what it frees may be the last of a device. */
static struct workqueue_struct *nms_wq, *nms_run_wq;
static struct class nms_class = {
	.name = NMS_NAME,
};

/* ---- open and close ------------------------------------------------------------ */

static int nms_open(struct inode *inode, struct file *file)
{
	struct nms_device *nms = container_of(inode->i_cdev, struct nms_device, cdev);
	struct nms_context *ctx;
	u32 most;
	int err;

	if (READ_ONCE(nms->state) == NMS_GONE)
		return -ENODEV;
	ctx = kzalloc(sizeof(*ctx), GFP_KERNEL_ACCOUNT);
	if (!ctx)
		return -ENOMEM;
	ctx->nms = nms;
	err = nms_user_charge(nms, NMS_CHARGE_CONTEXT, 1, &ctx->user);
	if (err)
		goto free;
	xa_init_flags(&ctx->handles, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	xa_init_flags(&ctx->jobs, XA_FLAGS_ACCOUNT);
	init_waitqueue_head(&ctx->wait);
	nms_sched_init_context(ctx);
	/* Ids go round, so that a late command of one context never hits the next. */
	most = min(le32_to_cpu(nms->identify->max_contexts), U32_MAX - 1);
	err = xa_alloc_cyclic(&nms->contexts, &ctx->id, ctx, XA_LIMIT(1, most),
			      &nms->next_context, GFP_KERNEL);
	if (err < 0)
		goto uncharge;
	get_device(&nms->dev);
	file->private_data = ctx;
	return nonseekable_open(inode, file);
uncharge:
	nms_user_uncharge(nms, NMS_CHARGE_CONTEXT, ctx->user, 1);
free:
	kfree(ctx);
	return err;
}

static void nms_context_end(struct nms_context *ctx)
{
	struct nms_hw_cmd cmd = { .opcode = NMS_HW_ADMIN_CONTEXT_DESTROY };
	struct nms_device *nms = ctx->nms;

	cmd.range.context = cpu_to_le32(ctx->id);
	/* Its counters, and whatever right should still be there: the number is used again. */
	if (ctx->had_handles || atomic64_read(&ctx->commands))
		nms_admin_retry(nms, &cmd, NULL);
}

static int nms_release(struct inode *inode, struct file *file)
{
	struct nms_context *ctx = file->private_data;
	struct nms_device *nms = ctx->nms;
	struct nms_job *job;
	unsigned long id;

	nms_job_cancel_all(ctx, NULL);
	wait_event(ctx->wait, !atomic_read(&ctx->active));
	/* Whoever ended the last job has let go of the context. */
	spin_lock_irq(&ctx->wait.lock);
	spin_unlock_irq(&ctx->wait.lock);
	xa_for_each(&ctx->jobs, id, job)
		nms_job_forget(ctx, id);
	nms_handle_destroy_all(ctx);
	nms_context_end(ctx);
	xa_erase(&nms->contexts, ctx->id);
	xa_destroy(&ctx->jobs);
	xa_destroy(&ctx->handles);
	nms_user_uncharge(nms, NMS_CHARGE_CONTEXT, ctx->user, 1);
	kfree(ctx);
	put_device(&nms->dev);
	return 0;
}

#ifndef NMS_HAS_URING_CANCEL
/*
 * A process that ends gets its io_uring commands back here: they hold the file,
 * so that release() would never come, and the ring has no way to cancel them.
 */
static int nms_flush(struct file *file, fl_owner_t id)
{
	if (current->flags & PF_EXITING)
		nms_job_cancel_all(file->private_data, id);
	return 0;
}
#endif

/* ---- waiting and looking ------------------------------------------------------- */

static __poll_t nms_poll(struct file *file, struct poll_table_struct *table)
{
	struct nms_context *ctx = file->private_data;
	__poll_t mask = 0;

	poll_wait(file, &ctx->wait, table);
	if (atomic_read(&ctx->ended))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(ctx->nms->state) == NMS_GONE)
		mask |= EPOLLERR | EPOLLHUP;
	return mask;
}

/* In the grammar of drm-usage-stats. */
static void nms_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct nms_context *ctx = file->private_data;
	u64 kib = atomic64_read(&ctx->near_used) >> 10;

	seq_printf(m, "drm-driver:\t%s\n", NMS_NAME);
	seq_printf(m, "drm-pdev:\t%s\n", dev_name(ctx->nms->dev.parent));
	seq_printf(m, "drm-client-id:\t%u\n", ctx->id);
	seq_printf(m, "drm-total-near:\t%llu KiB\n", kib);
	seq_printf(m, "drm-resident-near:\t%llu KiB\n", kib);
	seq_printf(m, "nms-active-jobs:\t%d\n", atomic_read(&ctx->active));
	seq_printf(m, "nms-jobs:\t%lld\n", atomic64_read(&ctx->total_jobs));
	seq_printf(m, "nms-commands:\t%lld\n", atomic64_read(&ctx->commands));
	seq_printf(m, "nms-errors:\t%lld\n", atomic64_read(&ctx->errors));
	seq_printf(m, "nms-pinned-pages:\t%lld\n", atomic64_read(&ctx->pinned_pages));
}

static const struct file_operations nms_fops = {
	.owner = THIS_MODULE,
	.open = nms_open,
	.release = nms_release,
#ifndef NMS_HAS_URING_CANCEL
	.flush = nms_flush,
#endif
	.unlocked_ioctl = nms_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.poll = nms_poll,
#ifdef CONFIG_IO_URING
	.uring_cmd = nms_uring_cmd,
#endif
	.show_fdinfo = nms_show_fdinfo,
	.llseek = noop_llseek,
};

/* ---- the device node ----------------------------------------------------------- */

static void nms_device_release(struct device *dev)
{
	struct nms_device *nms = container_of(dev, struct nms_device, dev);

	for (unsigned int i = 0; nms->queues && i < nms->nqueues; i++)
		nms_queue_free(&nms->queues[i]);
	nms_queue_free(&nms->admin);
	kfree(nms->queues);
	kfree(nms->identify);
	kfree(nms->saved_config);
	pci_dev_put(nms->pdev);
	xa_destroy(&nms->contexts);
	if (!nms->unnumbered)
		ida_free(&nms_ida, nms->id);
	kfree(nms);
}

/* A device that is not in the system yet; free it by put_device(). */
struct nms_device *nms_char_alloc(void)
{
	struct nms_device *nms = kzalloc(sizeof(*nms), GFP_KERNEL);
	int err;

	if (!nms)
		return ERR_PTR(-ENOMEM);
	nms->id = ida_alloc_max(&nms_ida, NMS_MINORS - 1, GFP_KERNEL);
	if (nms->id < 0) {
		err = nms->id;
		goto free;
	}
	nms->wq = nms_wq;
	nms->run_wq = nms_run_wq;
	xa_init_flags(&nms->contexts, XA_FLAGS_ALLOC);
	mutex_init(&nms->page_lock);
	mutex_init(&nms->table_lock);
	mutex_init(&nms->range_lock);
	init_rwsem(&nms->bound_lock);
	INIT_LIST_HEAD(&nms->datasets);
	INIT_LIST_HEAD(&nms->users);
	INIT_LIST_HEAD(&nms->buffers);
	nms_sched_init(&nms->sched);
	nms_recover_init(nms);
	nms_admin_event_init(nms);
	device_initialize(&nms->dev);
	nms->dev.class = &nms_class;
	nms->dev.groups = nms_sysfs_groups;
	nms->dev.release = nms_device_release;
	nms->dev.devt = MKDEV(MAJOR(nms_first), MINOR(nms_first) + nms->id);
	err = dev_set_name(&nms->dev, "nms%d", nms->id);
	if (err) {
		put_device(&nms->dev);
		return ERR_PTR(err);
	}
	return nms;
free:
	kfree(nms);
	return ERR_PTR(err);
}

int nms_char_register(struct nms_device *nms)
{
	cdev_init(&nms->cdev, &nms_fops);
	nms->cdev.owner = THIS_MODULE;
	return cdev_device_add(&nms->cdev, &nms->dev);
}

void nms_char_unregister(struct nms_device *nms)
{
	cdev_device_del(&nms->cdev, &nms->dev);
	/* Its number can be had again, though files of it may still be open. */
	ida_free(&nms_ida, nms->id);
	nms->unnumbered = true;
}

int nms_char_init(void)
{
	int err = -ENOMEM;

	nms_wq = alloc_workqueue(NMS_NAME, WQ_UNBOUND | WQ_FREEZABLE | WQ_HIGHPRI, 0);
	nms_run_wq = alloc_workqueue("nms-run", WQ_UNBOUND | WQ_FREEZABLE, 0);
	if (!nms_wq || !nms_run_wq)
		goto wq;
	err = alloc_chrdev_region(&nms_first, 0, NMS_MINORS, NMS_NAME);
	if (err)
		goto wq;
	err = class_register(&nms_class);
	if (err)
		goto region;
	return 0;
region:
	unregister_chrdev_region(nms_first, NMS_MINORS);
wq:
	if (nms_run_wq)
		destroy_workqueue(nms_run_wq);
	if (nms_wq)
		destroy_workqueue(nms_wq);
	return err;
}

void nms_char_exit(void)
{
	destroy_workqueue(nms_wq);
	destroy_workqueue(nms_run_wq);
	class_unregister(&nms_class);
	unregister_chrdev_region(nms_first, NMS_MINORS);
	ida_destroy(&nms_ida);
}

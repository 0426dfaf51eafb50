// SPDX-License-Identifier: GPL-2.0-only
/* /sys/kernel/debug/nms/nmsN: for whoever debugs driver or device; no promise of any kind. */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "nms_compat.h"
#include "nms_drv.h"

static struct dentry *nms_debugfs_root;

static void nms_debugfs_queue(struct seq_file *m, struct nms_queue *q)
{
	static const char * const state[] = {
		[NMS_QUEUE_HOLD] = "hold", [NMS_QUEUE_RUN] = "run", [NMS_QUEUE_DEAD] = "dead",
	};
	unsigned int waiting;

	spin_lock_irq(&q->lock);
	waiting = list_count_nodes(&q->waiting);
	seq_printf(m, "%u %s vector %u entries %u flying %u waiting %u doorbells %llu completions %llu spurious %llu missed_irqs %llu\n",
		   q->id, state[q->state], q->vector, q->entries, q->in_flight, waiting,
		   q->doorbells, q->completions, q->spurious, q->missed_irqs);
	spin_unlock_irq(&q->lock);
}

static int queues_show(struct seq_file *m, void *data)
{
	struct nms_device *nms = m->private;

	nms_debugfs_queue(m, &nms->admin);
	for (unsigned int i = 0; i < nms->nqueues; i++)
		nms_debugfs_queue(m, &nms->queues[i]);
	for (unsigned int i = 0; i < nms->nvectors; i++)
		seq_printf(m, "vector %u interrupts %lld\n", i,
			   atomic64_read(&nms->vectors[i].interrupts));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(queues);

static int buffers_show(struct seq_file *m, void *data)
{
	struct nms_device *nms = m->private;
	struct nms_buffer *buffer;

	mutex_lock(&nms->table_lock);
	list_for_each_entry(buffer, &nms->buffers, link)
		seq_printf(m, "range %u generation %u size %llu references %u%s%s\n",
			   buffer->range, buffer->range_generation, buffer->size,
			   kref_read(&buffer->ref), buffer->lost ? " lost" : "",
			   buffer->dead ? " dead" : "");
	mutex_unlock(&nms->table_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(buffers);

static void nms_debugfs_compute(struct seq_file *m, const struct nms_compute *c, u64 now)
{
	seq_printf(m, "context %u job %llu opcode %#x units %llu %s %llu ms predicted %llu ms%s\n",
		   c->job->context->id, c->job->id, c->piece->req.cmd.opcode, c->units,
		   c->turn == NMS_TURN_RUNS ? "runs" : "waits",
		   (now - c->since) / NSEC_PER_MSEC, c->predicted / NSEC_PER_MSEC,
		   c->is_long ? " long" : "");
}

static void nms_debugfs_waiting(struct seq_file *m, const struct nms_sched_context *ctx, u64 now)
{
	const struct nms_compute *c;

	list_for_each_entry(c, &ctx->waiting, link)
		nms_debugfs_compute(m, c, now);
}

static int scheduler_show(struct seq_file *m, void *data)
{
	struct nms_device *nms = m->private;
	struct nms_sched *s = &nms->sched;
	struct nms_sched_context *ctx;
	struct nms_compute *c;
	u64 now;

	/* What a unit of REDUCE, EMBED, SELECT takes. */
	spin_lock_irq(&s->lock);
	now = ktime_get_ns();
	seq_printf(m, "running %u long %u waiting %u rates %u %u %u ps\n", s->nrunning, s->nlong,
		   s->waiting, s->rate[0], s->rate[1], s->rate[2]);
	list_for_each_entry(c, &s->running, link) {
		nms_debugfs_compute(m, c, now);
		nms_debugfs_waiting(m, &c->job->context->sched, now);
	}
	list_for_each_entry(ctx, &s->contexts, link)
		nms_debugfs_waiting(m, ctx, now);
	spin_unlock_irq(&s->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(scheduler);

void nms_debugfs_add(struct nms_device *nms)
{
	nms->debugfs = debugfs_create_dir(dev_name(&nms->dev), nms_debugfs_root);
	debugfs_create_file("queues", 0400, nms->debugfs, nms, &queues_fops);
	debugfs_create_file("scheduler", 0400, nms->debugfs, nms, &scheduler_fops);
	debugfs_create_file("buffers", 0400, nms->debugfs, nms, &buffers_fops);
}

void nms_debugfs_remove(struct nms_device *nms)
{
	debugfs_remove_recursive(nms->debugfs);
}

void nms_debugfs_init(void)
{
	nms_debugfs_root = debugfs_create_dir(NMS_NAME, NULL);
}

void nms_debugfs_exit(void)
{
	debugfs_remove_recursive(nms_debugfs_root);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* The thread of a context: runs its jobs, one after another. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "internal.h"

void nms_job_command_ended(struct nms_context *context, struct nms_job *job, size_t i,
			   const struct nms_error *e)
{
	nms_result_fill(context->device, &job->slots[i], e, &job->results[i]);
	nms_context_count(context, &job->results[i]);
	if (e->error)
		job->error = *e;
}

void nms_job_failed(struct nms_job *job, const struct nms_error *e)
{
	job->error = *e;
}

void nms_job_cancelled(struct nms_job *job)
{
	job->error = job->dropped;
}

/* Buffers are let go before the end is known, so that whoever waits finds them free. */
static void run_job(struct nms_context *context, struct nms_job *job)
{
	int queued = NMS_JOB_QUEUED, ret;

	if (!atomic_compare_exchange_strong(&job->state, &queued, NMS_JOB_RUNNING)) {
		nms_uses_drop(&job->uses);
		return;
	}
	job->ops->run(context, job);
	ret = job->error.error;
	nms_log(ret && ret != -ECANCELED ? NMS_LOG_ERR : NMS_LOG_DEBUG,
		"job of %zu commands ended: %s", job->count, ret ? job->error.text : "done");
	nms_uses_drop(&job->uses);
	atomic_store_explicit(&job->state, NMS_JOB_ENDED, memory_order_release);
	nms_job_wake(job);
}

static void *worker(void *arg)
{
	struct nms_context *context = arg;
	struct nms_job *job;

	pthread_mutex_lock(&context->lock);
	for (;;) {
		while (list_empty(&context->jobs) && !context->closing)
			pthread_cond_wait(&context->work, &context->lock);
		if (list_empty(&context->jobs))
			break;
		job = list_entry(context->jobs.next, struct nms_job, link);
		pthread_mutex_unlock(&context->lock);
		run_job(context, job);
		pthread_mutex_lock(&context->lock);
		list_del(&job->link);
		nms_job_put(job);
	}
	pthread_mutex_unlock(&context->lock);
	return NULL;
}

/*
 * Signals are the application's: none is handled on a thread that it does not know.  But for those
 * that a thread brings upon itself: to block these ends the process, whatever handler it has for
 * data in a mapped file that another program cuts short.
 */
static int worker_start(struct nms_context *context)
{
	static const int own[] = { SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGTRAP };
	sigset_t all, old;
	int ret;

	sigfillset(&all);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		sigdelset(&all, own[i]);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&context->worker, NULL, worker, context);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	context->running = !ret;
	return -ret;
}

int nms_worker_submit(struct nms_context *context, struct nms_job *job)
{
	int ret = 0;

	pthread_mutex_lock(&context->lock);
	if (!context->running)
		ret = worker_start(context);
	if (!ret) {
		list_add_tail(&job->link, &context->jobs);
		pthread_cond_signal(&context->work);
	}
	pthread_mutex_unlock(&context->lock);
	if (ret)
		return nms_fail(-ENOMEM, NMS_CAUSE_MEMORY, "no thread for the context: %s",
				strerror(-ret));
	return 0;
}

void nms_worker_stop(struct nms_context *context)
{
	struct list *l;

	pthread_mutex_lock(&context->lock);
	context->closing = true;
	for (l = context->jobs.next; l != &context->jobs; l = l->next)
		nms_job_cancel(list_entry(l, struct nms_job, link));
	pthread_cond_signal(&context->work);
	pthread_mutex_unlock(&context->lock);
	if (context->running)
		pthread_join(context->worker, NULL);
}

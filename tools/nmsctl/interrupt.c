// SPDX-License-Identifier: GPL-2.0-only
#include "interrupt.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "nmsctl.h"
#include "nmsdev.h"
#include "output.h"

/* A signal handler has nothing but globals. */
static struct nms_job *_Atomic watched;
static atomic_bool pending, held;

static void handle(int signal)
{
	struct nms_job *job = atomic_load(&watched);

	(void)signal;
	atomic_store(&pending, true);
	if (job) {
		nms_job_cancel(job);
	} else if (!atomic_load(&held)) {
		output_unlink_all();
		_exit(NMSCTL_INTERRUPTED);
	}
}

static void both(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
}

void interrupt_catch(void)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = handle;
	action.sa_flags = SA_RESTART;
	both(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

void interrupt_block(void)
{
	sigset_t set;

	both(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

void interrupt_unblock(void)
{
	sigset_t set;

	both(&set);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

void interrupt_watch(struct nms_job *job)
{
	atomic_store(&watched, job);
	if (job && atomic_load(&pending))
		nms_job_cancel(job);
}

void interrupt_hold(void)
{
	atomic_store(&held, true);
}

bool interrupt_pending(void)
{
	return atomic_load(&pending);
}

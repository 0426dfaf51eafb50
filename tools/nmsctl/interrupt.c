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

/* Whoever read the output has gone: end as quietly as by default, but leave nothing aside. */
static void handle_pipe(int signal)
{
	output_unlink_all();
	_exit(128 + signal);
}

static void all_caught(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
}

void interrupt_catch(void)
{
	struct sigaction action, before;

	memset(&action, 0, sizeof(action));
	action.sa_handler = handle;
	action.sa_flags = SA_RESTART;
	all_caught(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* nohup ignores it, and means it */
	if (!sigaction(SIGHUP, NULL, &before) && before.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &action, NULL);
	/* a write beyond the limit of a file's size is to fail, not to end the program */
	signal(SIGXFSZ, SIG_IGN);
	action.sa_handler = handle_pipe;
	if (!sigaction(SIGPIPE, NULL, &before) && before.sa_handler != SIG_IGN)
		sigaction(SIGPIPE, &action, NULL);
}

void interrupt_block(void)
{
	sigset_t set;

	all_caught(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

void interrupt_unblock(void)
{
	sigset_t set;

	all_caught(&set);
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

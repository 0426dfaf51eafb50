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

/* What ends the program by default still does, with its status, but leaves nothing aside. */
static void handle_end(int number)
{
	output_unlink_all();
	signal(number, SIG_DFL);
	raise(number);
}

/* Of a file that is mapped, what was read is not there any more. */
static void handle_bus(int number)
{
	static const char text[] = "nmsctl: a file that is read was cut short meanwhile\n";
	static atomic_flag told = ATOMIC_FLAG_INIT;
	ssize_t written;

	(void)number;
	/* other threads come upon it, too */
	while (atomic_flag_test_and_set(&told))
		pause();
	written = write(STDERR_FILENO, text, sizeof(text) - 1);
	(void)written;
	output_unlink_all();
	_exit(NMSCTL_FAILURE);
}

static void catch_ends(void)
{
	static const int ends[] = {
		SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGPROF, SIGXCPU,
	};
	struct sigaction action = { .sa_handler = handle_end, .sa_flags = SA_NODEFER }, before;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (!sigaction(ends[i], NULL, &before) && before.sa_handler == SIG_DFL)
			sigaction(ends[i], &action, NULL);
	action.sa_handler = handle_bus;
	sigaction(SIGBUS, &action, NULL);
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
	catch_ends();
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

// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "guard.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

/* Of the thread; where its copy goes on.  A signal handler has no other way to know. */
static _Thread_local sigjmp_buf *landing;

static void on_sigbus(int number)
{
	if (landing)
		siglongjmp(*landing, 1);
	/* Not ours: die of it. */
	signal(number, SIG_DFL);
	raise(number);
}

int guard_install(void)
{
	/* SA_NODEFER: the mask is not saved, which would be a system call for each copy. */
	struct sigaction action = { .sa_handler = on_sigbus, .sa_flags = SA_NODEFER };

	sigemptyset(&action.sa_mask);
	return sigaction(SIGBUS, &action, NULL) ? -errno : 0;
}

static void copy(void *dst, const void *src, size_t size)
{
	uint32_t word;

	if (size == sizeof(word) && (uintptr_t)dst % sizeof(word) == 0) {
		memcpy(&word, src, sizeof(word));
		__atomic_store_n((uint32_t *)dst, word, __ATOMIC_RELEASE);
	} else {
		memcpy(dst, src, size);
	}
}

int guard_copy(void *dst, const void *src, size_t size)
{
	sigjmp_buf here;

	if (sigsetjmp(here, 0)) {
		landing = NULL;
		return -EFAULT;
	}
	landing = &here;
	atomic_signal_fence(memory_order_seq_cst);
	copy(dst, src, size);
	atomic_signal_fence(memory_order_seq_cst);
	landing = NULL;
	return 0;
}

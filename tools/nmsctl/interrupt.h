/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ctrl-C, and the other ways to be told to end.  While a job runs it is
 * cancelled; while output is being written that is finished or removed first; at
 * any other time the process ends at once.  Only the main thread takes the
 * signals, so a job that it has stopped watching is not touched any more.
 */
#ifndef NMSCTL_INTERRUPT_H
#define NMSCTL_INTERRUPT_H

#include <stdbool.h>

struct nms_job;

void interrupt_catch(void);
/* Around what makes threads: they inherit that the signals are blocked. */
void interrupt_block(void);
void interrupt_unblock(void);
/* The job to cancel; NULL: none any more. */
void interrupt_watch(struct nms_job *job);
/* From here on, only take note. */
void interrupt_hold(void);
bool interrupt_pending(void);

#endif /* NMSCTL_INTERRUPT_H */

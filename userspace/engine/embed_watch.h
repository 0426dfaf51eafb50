/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A monitor that stands between stages run group by group and the caller's. */
#ifndef ENG_EMBED_WATCH_H
#define ENG_EMBED_WATCH_H

#include "env.h"

/* Set up by embed_watch(); must not move while its env is in use. */
struct embed_watch {
	struct eng_env env;		/* for the stages */
	struct eng_monitor monitor;
	const struct eng_env *outer;
	uint64_t before, share, total;	/* rows of groups done, of this one, of all */
	bool quiet;			/* report nothing of the stages */
};

static inline bool embed_watch_cancelled(void *data)
{
	const struct embed_watch *w = data;

	return eng_cancelled(w->outer);
}

/* A stage has done @done of @total of this group's share. */
static inline void embed_watch_progress(void *data, enum eng_phase phase, uint64_t done,
					uint64_t total)
{
	const struct embed_watch *w = data;
	uint64_t part;

	if (w->quiet || !total)
		return;
	part = (uint64_t)((double)w->share * (double)done / (double)total);
	eng_progress(w->outer, phase, w->before + part, w->total);
}

static inline void embed_watch(struct embed_watch *w, const struct eng_env *env, uint64_t total)
{
	*w = (struct embed_watch){ .env = *env, .outer = env, .total = total };
	if (!env->monitor)
		return;
	w->monitor = *env->monitor;
	w->monitor.data = w;
	w->monitor.cancelled = embed_watch_cancelled;
	w->monitor.progress = embed_watch_progress;
	w->env.monitor = &w->monitor;
}

#endif /* ENG_EMBED_WATCH_H */

// SPDX-License-Identifier: GPL-2.0-only
#include "fault.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct plan {
	uint64_t wait, times;	/* commands until it begins; how many it befalls */
	double p;
};

struct faults {
	pthread_mutex_t lock;
	struct plan plan[2][FAULT_NKINDS];	/* of data, of admin */
	unsigned int delay_ms;
	uint64_t state, count;
};

static const char *const names[FAULT_NKINDS] = {
	[FAULT_NONE] = "none",
	[FAULT_DROP] = "drop",
	[FAULT_DELAY] = "delay",
	[FAULT_DUPLICATE] = "duplicate",
	[FAULT_CORRUPT] = "corrupt",
	[FAULT_HANG] = "hang",
	[FAULT_FATAL] = "fatal",
	[FAULT_DMA] = "dma",
	[FAULT_LINK] = "link",
};

int fault_create(uint64_t seed, struct faults **out)
{
	struct faults *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	pthread_mutex_init(&f->lock, NULL);
	f->state = seed;
	f->delay_ms = 100;
	*out = f;
	return 0;
}

void fault_destroy(struct faults *f)
{
	if (!f)
		return;
	pthread_mutex_destroy(&f->lock);
	free(f);
}

const char *fault_name(enum fault_kind kind)
{
	return names[kind];
}

enum fault_kind fault_kind(const char *name)
{
	for (int kind = 1; kind < FAULT_NKINDS; kind++)
		if (!strcmp(name, names[kind]))
			return (enum fault_kind)kind;
	return FAULT_NONE;
}

void fault_at(struct faults *f, bool admin, enum fault_kind kind, uint64_t n, uint64_t times)
{
	pthread_mutex_lock(&f->lock);
	f->plan[admin][kind].wait = n;
	f->plan[admin][kind].times = times;
	pthread_mutex_unlock(&f->lock);
}

void fault_random(struct faults *f, bool admin, enum fault_kind kind, double p)
{
	pthread_mutex_lock(&f->lock);
	f->plan[admin][kind].p = p;
	pthread_mutex_unlock(&f->lock);
}

void fault_delay(struct faults *f, unsigned int ms)
{
	pthread_mutex_lock(&f->lock);
	f->delay_ms = ms;
	pthread_mutex_unlock(&f->lock);
}

unsigned int fault_delay_ms(struct faults *f)
{
	unsigned int ms;

	pthread_mutex_lock(&f->lock);
	ms = f->delay_ms;
	pthread_mutex_unlock(&f->lock);
	return ms;
}

void fault_clear(struct faults *f)
{
	pthread_mutex_lock(&f->lock);
	memset(f->plan, 0, sizeof(f->plan));
	pthread_mutex_unlock(&f->lock);
}

/* xorshift64*, Marsaglia 2003 and Vigna 2016; in [0, 1). */
static double chance(struct faults *f)
{
	uint64_t x = f->state ? f->state : 0x9e3779b97f4a7c15u;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	f->state = x;
	return (double)((x * 0x2545f4914f6cdd1du) >> 11) * 0x1p-53;
}

static enum fault_kind befalls(struct faults *f, struct plan *plans)
{
	enum fault_kind found = FAULT_NONE;

	for (int kind = 1; kind < FAULT_NKINDS; kind++) {
		struct plan *plan = &plans[kind];

		if (plan->wait && --plan->wait)
			continue;
		if (plan->times) {
			plan->times--;
			plan->wait = plan->times ? 1 : 0;
			found = (enum fault_kind)kind;
		} else if (plan->p > 0 && chance(f) < plan->p) {
			found = (enum fault_kind)kind;
		}
	}
	return found;
}

enum fault_kind fault_next(struct faults *f, bool admin)
{
	enum fault_kind kind;

	pthread_mutex_lock(&f->lock);
	kind = befalls(f, f->plan[admin]);
	f->count += kind != FAULT_NONE;
	pthread_mutex_unlock(&f->lock);
	return kind;
}

uint64_t fault_count(struct faults *f)
{
	uint64_t count;

	pthread_mutex_lock(&f->lock);
	count = f->count;
	pthread_mutex_unlock(&f->lock);
	return count;
}

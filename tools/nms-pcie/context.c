// SPDX-License-Identifier: GPL-2.0-only
/* Counters of each context, for LOG_CONTEXT. */
#include <errno.h>
#include <stdlib.h>

#include "private.h"

#define BUCKETS 1024u

struct entry {
	struct entry *next;
	uint32_t context;
	struct nms_hw_log_energy page;
};

struct contexts {
	pthread_mutex_t lock;
	struct entry *bucket[BUCKETS];
	unsigned int count;
};

int context_create(struct contexts **out)
{
	struct contexts *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	pthread_mutex_init(&c->lock, NULL);
	*out = c;
	return 0;
}

static struct entry **link_of(struct contexts *c, uint32_t context)
{
	struct entry **link = &c->bucket[context % BUCKETS];

	while (*link && (*link)->context != context)
		link = &(*link)->next;
	return link;
}

static void forget_link(struct contexts *c, struct entry **link)
{
	struct entry *e = *link;

	*link = e->next;
	free(e);
	c->count--;
}

void context_forget(struct contexts *c, uint32_t context)
{
	pthread_mutex_lock(&c->lock);
	if (context == ALL_CONTEXTS) {
		for (unsigned int b = 0; b < BUCKETS; b++)
			while (c->bucket[b])
				forget_link(c, &c->bucket[b]);
	} else if (*link_of(c, context)) {
		forget_link(c, link_of(c, context));
	}
	pthread_mutex_unlock(&c->lock);
}

void context_destroy(struct contexts *c)
{
	if (!c)
		return;
	context_forget(c, ALL_CONTEXTS);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* Under the lock.  NULL: there are too many, and this one's are not kept. */
static struct entry *find_or_make(struct contexts *c, uint32_t context)
{
	struct entry **link = link_of(c, context);

	if (!*link && c->count < MAX_CONTEXTS) {
		*link = calloc(1, sizeof(**link));
		if (*link) {
			(*link)->context = context;
			c->count++;
		}
	}
	return *link;
}

void context_count(struct contexts *c, uint32_t context, const struct nms_model_run *run,
		   bool failed)
{
	const struct nms_model_counters *spent = &run->spent;
	struct entry *e;

	pthread_mutex_lock(&c->lock);
	e = find_or_make(c, context);
	if (e) {
		for (int i = 0; i < NMS_HW_NDOMAINS; i++)
			e->page.energy[i] += spent->energy[i];
		e->page.link_in += spent->link_in;
		e->page.link_out += spent->link_out;
		e->page.near_read += spent->near_read;
		e->page.near_write += spent->near_write;
		e->page.busy_cycles += spent->busy_cycles;
		e->page.commands++;
		e->page.errors += failed;
	}
	pthread_mutex_unlock(&c->lock);
}

void context_read(struct contexts *c, uint32_t context, struct nms_hw_log_energy *page)
{
	struct entry *e;

	pthread_mutex_lock(&c->lock);
	e = *link_of(c, context);
	*page = e ? e->page : (struct nms_hw_log_energy){ 0 };
	pthread_mutex_unlock(&c->lock);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The software accelerator: datasets.  They belong to the device, which lives in
 * this process: owner and group of each are the process's.
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emu.h"

struct emu_dataset {
	struct list link;
	unsigned int refs;		/* handles, of all contexts */
	bool named;			/* not unlinked */
	uint32_t maker;			/* id of the context that made it */
	struct nms_hw_near near;
	struct nms_dataset_info info;
};

/* The rights of a context that did not make it go with its last handle. */
struct emu_share {
	struct list link;
	struct emu_dataset *dataset;
	unsigned int refs;		/* handles of this context */
};

/* Under emu->lock, as all but the entry points. */
static struct emu_dataset *find_name(struct emu *emu, const char *name)
{
	struct list *l;

	for (l = emu->datasets.next; l != &emu->datasets; l = l->next) {
		struct emu_dataset *d = list_entry(l, struct emu_dataset, link);

		if (d->named && !strcmp(d->info.name, name))
			return d;
	}
	return NULL;
}

static struct emu_share *find_share(struct emu_context *c, const struct nms_hw_near *near)
{
	struct list *l;

	for (l = c->shares.next; l != &c->shares; l = l->next) {
		struct emu_share *s = list_entry(l, struct emu_share, link);

		if (s->dataset->near.range == near->range)
			return s;
	}
	return NULL;
}

static void drop_if_unused(struct emu *emu, struct emu_dataset *d)
{
	if (d->refs || d->named)
		return;
	list_del(&d->link);
	nms_emu_range_destroy(emu, &d->near);
	free(d);
}

static void add_handle(struct emu_context *c, struct emu_dataset *d, struct emu_share *s)
{
	s->dataset = d;
	s->refs++;
	if (s->refs == 1)
		list_add_tail(&s->link, &c->shares);
	d->refs++;
}

int nms_emu_dataset_create(void *context, const struct nms_hw_near *near,
			   const struct nms_dataset_info *info)
{
	struct emu_context *c = context;
	struct emu_dataset *d = calloc(1, sizeof(*d));
	struct emu_share *s = calloc(1, sizeof(*s));
	int ret = 0;

	if (!d || !s) {
		free(d);
		free(s);
		return nms_fail_memory(sizeof(*d) + sizeof(*s));
	}
	d->named = true;
	d->maker = c->id;
	d->near = *near;
	d->info = *info;
	d->info.uid = geteuid();
	d->info.gid = getegid();
	d->info.generation = le32toh(near->generation);
	pthread_mutex_lock(&c->emu->lock);
	if (find_name(c->emu, info->name)) {
		ret = -EEXIST;
	} else {
		list_add_tail(&d->link, &c->emu->datasets);
		add_handle(c, d, s);
	}
	pthread_mutex_unlock(&c->emu->lock);
	if (!ret)
		return 0;
	free(d);
	free(s);
	return nms_fail(ret, NMS_CAUSE_NAME, "name: there is a dataset \"%s\" already", info->name);
}

/* As for a file of this process's user; root may open any. */
static bool may_read(const struct emu_dataset *d)
{
	return d->info.mode & 0400 || !geteuid();
}

/* The context that made a dataset keeps the rights that it has; others may read. */
static int open_locked(struct emu_context *c, const char *name, struct emu_dataset **out)
{
	struct emu_dataset *d = find_name(c->emu, name);
	struct emu_share *s;
	int ret = 0;

	if (!d)
		return -ENOENT;
	if (!may_read(d))
		return -EACCES;
	s = find_share(c, &d->near);
	if (!s)
		s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	if (!s->refs && d->maker != c->id)
		ret = nms_model_range_grant(c->emu->model, &d->near, c->id, NMS_MODEL_READ);
	if (ret) {
		free(s);
		return ret;
	}
	add_handle(c, d, s);
	*out = d;
	return 0;
}

int nms_emu_dataset_open(void *context, const char *name, struct nms_hw_near *near,
			 struct nms_dataset_info *info)
{
	struct emu_context *c = context;
	struct emu_dataset *d;
	int ret;

	pthread_mutex_lock(&c->emu->lock);
	ret = open_locked(c, name, &d);
	if (!ret) {
		*near = d->near;
		*info = d->info;
	}
	pthread_mutex_unlock(&c->emu->lock);
	switch (ret) {
	case 0:
		return 0;
	case -ENOENT:
		return nms_fail(ret, NMS_CAUSE_NAME, "name: there is no dataset \"%s\"", name);
	case -EACCES:
		return nms_fail(ret, NMS_CAUSE_RIGHT,
				"dataset \"%s\": its mode does not let you read", name);
	case -ENOMEM:
		return nms_fail_memory(sizeof(struct emu_share));
	default:
		return nms_fail(ret, NMS_CAUSE_RIGHT, "dataset \"%s\" cannot be shared: %s", name,
				strerror(-ret));
	}
}

bool nms_emu_dataset_put(struct emu_context *c, const struct nms_hw_near *near)
{
	struct emu_dataset *d;
	struct emu_share *s;

	pthread_mutex_lock(&c->emu->lock);
	s = find_share(c, near);
	if (s) {
		d = s->dataset;
		d->refs--;
		if (!--s->refs) {
			list_del(&s->link);
			free(s);
			if (d->maker != c->id)
				nms_model_range_grant(c->emu->model, &d->near, c->id, 0);
		}
		drop_if_unused(c->emu, d);
	}
	pthread_mutex_unlock(&c->emu->lock);
	return s;
}

int nms_emu_dataset_unlink(void *context, const char *name)
{
	struct emu_context *c = context;
	struct emu_dataset *d;

	pthread_mutex_lock(&c->emu->lock);
	d = find_name(c->emu, name);
	if (d) {
		d->named = false;
		drop_if_unused(c->emu, d);
	}
	pthread_mutex_unlock(&c->emu->lock);
	return d ? 0 : nms_fail(-ENOENT, NMS_CAUSE_NAME, "name: there is no dataset \"%s\"", name);
}

int nms_emu_dataset_info(void *context, size_t i, struct nms_dataset_info *info)
{
	struct emu_context *c = context;
	struct list *l;
	int ret = -ENOENT;

	pthread_mutex_lock(&c->emu->lock);
	for (l = c->emu->datasets.next; l != &c->emu->datasets; l = l->next) {
		struct emu_dataset *d = list_entry(l, struct emu_dataset, link);

		if (!d->named || i--)
			continue;
		*info = d->info;
		ret = 0;
		break;
	}
	pthread_mutex_unlock(&c->emu->lock);
	return ret;
}

void nms_emu_datasets_free(struct emu *emu)
{
	while (!list_empty(&emu->datasets)) {
		struct emu_dataset *d = list_entry(emu->datasets.next, struct emu_dataset, link);

		list_del(&d->link);
		free(d);
	}
}

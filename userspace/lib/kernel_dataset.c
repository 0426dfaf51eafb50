// SPDX-License-Identifier: LGPL-2.1-or-later
/* Datasets behind the kernel. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

_Static_assert(NMS_DATASET_NAME_SIZE == NMS_NAME_MAX + 1, "names");
_Static_assert(sizeof(((struct nms_dataset_info *)0)->name) == NMS_DATASET_NAME_SIZE, "names");
_Static_assert(NMS_READ == NMS_ACCESS_READ && NMS_WRITE == NMS_ACCESS_WRITE, "rights");

/* The context that made a dataset keeps its right to write when it opens it again. */
struct made {
	struct list link;
	char name[NMS_DATASET_NAME_SIZE];
};

static struct made *find_made(struct kernel_context *c, const char *name)
{
	struct list *l;

	for (l = c->made.next; l != &c->made; l = l->next) {
		struct made *m = list_entry(l, struct made, link);

		if (!strcmp(m->name, name))
			return m;
	}
	return NULL;
}

static bool was_made(struct kernel_context *c, const char *name)
{
	bool found;

	pthread_mutex_lock(&c->lock);
	found = find_made(c, name);
	pthread_mutex_unlock(&c->lock);
	return found;
}

static void remember(struct kernel_context *c, struct made *m)
{
	pthread_mutex_lock(&c->lock);
	list_add_tail(&m->link, &c->made);
	pthread_mutex_unlock(&c->lock);
}

static void forget(struct kernel_context *c, const char *name)
{
	struct made *m;

	pthread_mutex_lock(&c->lock);
	m = find_made(c, name);
	if (m)
		list_del(&m->link);
	pthread_mutex_unlock(&c->lock);
	free(m);
}

void nms_kernel_datasets_forget(struct kernel_context *c)
{
	while (!list_empty(&c->made)) {
		struct made *m = list_entry(c->made.next, struct made, link);

		list_del(&m->link);
		free(m);
	}
}

static int dataset_failed(struct kernel_context *c, int error, const char *name)
{
	switch (error) {
	case -EEXIST:
		return nms_fail(error, NMS_CAUSE_NAME, "name: there is a dataset \"%s\" already",
				name);
	case -ENOENT:
		return nms_fail(error, NMS_CAUSE_NAME, "name: there is no dataset \"%s\"", name);
	case -EACCES:
		return nms_fail(error, NMS_CAUSE_RIGHT,
				"dataset \"%s\": its mode does not let you read", name);
	case -EPERM:
		return nms_fail(error, NMS_CAUSE_RIGHT,
				"dataset \"%s\": is neither yours nor are you an administrator",
				name);
	default:
		return nms_kernel_fail(c->device, error);
	}
}

int nms_kernel_dataset_create(void *context, const struct nms_hw_near *near,
			      const struct nms_dataset_info *info)
{
	struct kernel_context *c = context;
	struct nms_dataset_create arg = {
		.handle = le32toh(near->range),
		.mode = info->mode,
		.rows = info->rows,
		.stride = info->stride,
		.cols = info->cols,
		.dtype = info->dtype,
	};
	struct made *m = calloc(1, sizeof(*m));
	int ret;

	if (!m)
		return nms_fail_memory(sizeof(*m));
	memcpy(arg.name, info->name, sizeof(arg.name));
	memcpy(m->name, info->name, sizeof(m->name));
	ret = nms_kernel_call(c->fd, NMS_IOCTL_DATASET_CREATE, &arg);
	if (ret) {
		free(m);
		return dataset_failed(c, ret, info->name);
	}
	/* A dataset of that name that it once made is another one's by now. */
	forget(c, info->name);
	remember(c, m);
	return 0;
}

/* Names have an end, whatever comes. */
static void describe(const struct nms_query_dataset *q, struct nms_dataset_info *info)
{
	memcpy(info->name, q->name, sizeof(info->name) - 1);
	info->bytes = q->size;
	info->rows = q->rows;
	info->stride = q->stride;
	info->cols = q->cols;
	info->dtype = (enum nms_dtype)q->dtype;
	info->uid = q->uid;
	info->gid = q->gid;
	info->mode = q->mode;
	info->generation = q->generation;
}

static int open_with(struct kernel_context *c, const char *name, uint32_t access,
		     struct nms_dataset_open *arg)
{
	memset(arg, 0, sizeof(*arg));
	memcpy(arg->name, name, strlen(name));
	arg->access = access;
	return nms_kernel_call(c->fd, NMS_IOCTL_DATASET_OPEN, arg);
}

int nms_kernel_dataset_open(void *context, const char *name, struct nms_hw_near *near,
			    struct nms_dataset_info *info)
{
	struct kernel_context *c = context;
	struct nms_dataset_open arg;
	int ret = -EACCES;

	if (was_made(c, name))
		ret = open_with(c, name, NMS_ACCESS_READ | NMS_ACCESS_WRITE, &arg);
	if (ret == -EACCES)
		ret = open_with(c, name, NMS_ACCESS_READ, &arg);
	if (ret)
		return dataset_failed(c, ret, name);
	*near = (struct nms_hw_near){ .range = htole32(arg.handle) };
	describe(&arg.info, info);
	return 0;
}

int nms_kernel_dataset_unlink(void *context, const char *name)
{
	struct kernel_context *c = context;
	struct nms_dataset_unlink arg = { 0 };
	int ret;

	memcpy(arg.name, name, strlen(name));
	ret = nms_kernel_call(c->fd, NMS_IOCTL_DATASET_UNLINK, &arg);
	if (ret)
		return dataset_failed(c, ret, name);
	forget(c, name);
	return 0;
}

int nms_kernel_dataset_info(void *context, size_t i, struct nms_dataset_info *info)
{
	struct kernel_context *c = context;
	struct nms_query_dataset q;
	int ret;

	if (i > UINT32_MAX)
		return -ENOENT;
	ret = nms_kernel_query(c->fd, NMS_QUERY_DATASET, (uint32_t)i, &q, sizeof(q));
	if (ret == -ENOENT)
		return ret;
	if (ret)
		return nms_kernel_fail(c->device, ret);
	describe(&q, info);
	return 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Devices behind the kernel: /dev/nmsN. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel.h"

#define MOST_PROFILES 64u

struct wish {
	const char *profile;
	enum kernel_submission submission;
};

static int only_software(const char *key, struct nms_error *e)
{
	return nms_error_fill(e, -EINVAL, NMS_CAUSE_OPTION,
			      "%s: a device has its own; only the software accelerator (\"emu:\") takes it",
			      key);
}

static int set_submission(const char *value, struct wish *wish, struct nms_error *e)
{
	if (!strcmp(value, "auto"))
		wish->submission = KERNEL_ANY;
	else if (!strcmp(value, "io_uring"))
		wish->submission = KERNEL_URING;
	else if (!strcmp(value, "ioctl"))
		wish->submission = KERNEL_IOCTL;
	else
		return nms_error_fill(e, -EINVAL, NMS_CAUSE_OPTION,
				      "submission: \"%.60s\" is not \"auto\", \"io_uring\" or \"ioctl\"",
				      value);
	return 0;
}

static int kernel_option(const char *key, const char *value, void *data, struct nms_error *e)
{
	struct wish *wish = data;

	if (!strcmp(key, "submission"))
		return set_submission(value, wish, e);
	if (!strcmp(key, "profile")) {
		wish->profile = value;
		return 0;
	}
	if (!strcmp(key, "near_size") || !strcmp(key, "threads") || !strcmp(key, "energy"))
		return only_software(key, e);
	return nms_error_fill(e, -EINVAL, NMS_CAUSE_OPTION,
			      "%.60s: no such device option; known are submission and profile", key);
}

static int check_options(const struct nms_device_options *options, struct wish *wish,
			 struct nms_error *e)
{
	wish->profile = options->profile;
	if (options->near_size)
		return only_software("near_size", e);
	if (options->threads)
		return only_software("threads", e);
	return options->energy ? only_software("energy", e) : 0;
}

/* ---- what the device is --------------------------------------------------------- */

static int ask_device(struct kernel_device *d, struct nms_error *e)
{
	int ret = nms_kernel_query(d->fd, NMS_QUERY_DEVICE, 0, &d->about, sizeof(d->about));

	if (ret == -ENOTTY || ret == -EINVAL)
		return nms_error_fill(e, -ENODEV, NMS_CAUSE_URI,
				      "%s: is no device of this kind: it does not answer a query",
				      d->node);
	if (ret)
		return nms_kernel_error(d, ret, e);
	if (d->about.abi_version != NMS_ABI_VERSION)
		return nms_error_fill(e, -ENODEV, NMS_CAUSE_DEVICE,
				      "%s: its driver speaks version %u, this library version %u",
				      d->node, d->about.abi_version, NMS_ABI_VERSION);
	if (!d->about.max_commands || !d->about.max_transfer)
		return nms_kernel_error(d, -EPROTO, e);
	return 0;
}

static int no_profile(const struct kernel_device *d, const char *wanted, const char *known,
		      struct nms_error *e)
{
	return nms_error_fill(e, -EINVAL, NMS_CAUSE_PROFILE,
			      "profile: %s has no \"%.40s\"; it has %s", d->node, wanted,
			      known[0] ? known : "none");
}

/* The one that is wanted, or the device's default. */
static int choose_profile(struct kernel_device *d, const char *wanted, struct nms_error *e)
{
	bool any = !wanted || !strcmp(wanted, "auto");
	struct nms_query_profile p;
	char known[100] = "";
	size_t n = 0;
	uint32_t i;
	int ret = 0;

	for (i = 0; i < MOST_PROFILES && !ret; i++) {
		ret = nms_kernel_query(d->fd, NMS_QUERY_PROFILE, i, &p, sizeof(p));
		if (ret)
			break;
		p.name[sizeof(p.name) - 1] = '\0';
		if (any ? p.flags & 1 : !strcmp(p.name, wanted)) {
			d->profile = p.profile;
			memcpy(d->profile_name, p.name, sizeof(d->profile_name));
			return 0;
		}
		if (n + sizeof(p.name) + 2 < sizeof(known))
			n += (size_t)snprintf(known + n, sizeof(known) - n, "%s%s", n ? ", " : "",
					      p.name);
	}
	if (ret && ret != -ENOENT)
		return nms_kernel_error(d, ret, e);
	/* One that names no default has it all the same: commands that name none get it. */
	return any ? 0 : no_profile(d, wanted, known, e);
}

static int choose_submission(struct kernel_device *d, enum kernel_submission asked,
			     struct nms_error *e)
{
	int ret;

	d->asked = asked;
	if (asked == KERNEL_IOCTL)
		return 0;
	ret = nms_kernel_ring_probe(d->why_not, sizeof(d->why_not));
	d->uring = !ret;
	if (ret && asked == KERNEL_URING)
		return nms_error_fill(e, ret, NMS_CAUSE_OPTION, "submission: %s", d->why_not);
	return 0;
}

static int device_setup(struct kernel_device *d, const struct wish *wish, struct nms_error *e)
{
	int ret;

	ret = nms_kernel_open(d->node, &d->rdev, e);
	if (ret < 0)
		return ret;
	d->fd = ret;
	ret = ask_device(d, e);
	if (!ret)
		ret = choose_profile(d, wish->profile, e);
	if (!ret)
		ret = choose_submission(d, wish->submission, e);
	if (ret)
		close(d->fd);
	return ret;
}

/* @rest: a path, then perhaps a colon and options. */
static int kernel_open(const char *rest, const struct nms_device_options *options,
		       void **backend, struct nms_error *e)
{
	size_t n = strcspn(rest, ":");
	struct wish wish = { 0 };
	char store[NMS_URI_MAX];
	struct kernel_device *d;
	int ret;

	if (n >= NMS_NODE_SIZE)
		return nms_error_fill(e, -ENODEV, NMS_CAUSE_URI,
				      "uri: a path of %zu characters, at most %d", n,
				      NMS_NODE_SIZE - 1);
	ret = check_options(options, &wish, e);
	if (!ret)
		ret = nms_uri_options(rest + n + (rest[n] == ':'), store, kernel_option, &wish, e);
	if (ret)
		return ret;
	d = calloc(1, sizeof(*d));
	if (!d)
		return nms_error_memory(e, sizeof(*d));
	memcpy(d->node, rest, n);
	ret = device_setup(d, &wish, e);
	if (ret)
		free(d);
	else
		*backend = d;
	return ret;
}

static void kernel_close(void *backend)
{
	struct kernel_device *d = backend;

	close(d->fd);
	free(d);
}

static void tell_submission(struct kernel_device *d, struct nms_device_info *info)
{
	bool uring = d->uring && !atomic_load(&d->ring_failed);
	const char *more = "";

	snprintf(info->submission, sizeof(info->submission), uring ? "io_uring" : "ioctl");
	if (!uring)
		more = d->asked == KERNEL_IOCTL ? "asked for by name" :
		       d->uring ? "a ring could not be had" : d->why_not;
	else if (d->about.uring_limit_ms && d->asked != KERNEL_URING)
		more = "but work on data by ioctl, which this kernel can cancel at any time";
	snprintf(info->reason, sizeof(info->reason), "%s by %s%s%s", d->node, info->submission,
		 more[0] ? ": " : "", more);
}

static int kernel_info(void *backend, struct nms_device_info *info)
{
	struct kernel_device *d = backend;
	struct nms_query_device now;
	int ret;

	ret = nms_kernel_query(d->fd, NMS_QUERY_DEVICE, 0, &now, sizeof(now));
	if (ret)
		return nms_kernel_fail(d, ret);
	snprintf(info->backend, sizeof(info->backend), "%s", nms_backend_kernel.name);
	snprintf(info->name, sizeof(info->name), "%.40s", now.model);
	snprintf(info->profile, sizeof(info->profile), "%.15s", d->profile_name);
	snprintf(info->isa, sizeof(info->isa), "device");
	snprintf(info->energy, sizeof(info->energy), "%.63s", now.energy);
	snprintf(info->energy_source, sizeof(info->energy_source),
		 "as the device tells, firmware %.16s", now.firmware);
	snprintf(info->node, sizeof(info->node), "%s", d->node);
	info->near_size = now.near_size;
	info->near_used = now.near_size - nms_min(now.near_free, now.near_size);
	info->numerics = now.numerics;
	tell_submission(d, info);
	return 0;
}

static int kernel_counters(void *backend, struct nms_counters *c)
{
	struct kernel_device *d = backend;
	struct nms_query_counters q;
	int ret;

	ret = nms_kernel_query(d->fd, NMS_QUERY_DEVICE_COUNTERS, 0, &q, sizeof(q));
	if (ret == -EPERM)
		return nms_fail(ret, NMS_CAUSE_RIGHT,
				"counters: those of a whole device are for administrators (CAP_PERFMON); a context has its own");
	if (ret)
		return nms_kernel_fail(d, ret);
	_Static_assert(NMS_ENERGY_DOMAINS == (int)NMS_NDOMAINS, "domains of energy");
	memcpy(c->energy, q.energy, sizeof(c->energy));
	c->near_read = q.near_read;
	c->near_write = q.near_write;
	c->link_in = q.link_in;
	c->link_out = q.link_out;
	c->commands = q.commands;
	c->errors = q.errors;
	return 0;
}

/* ---- contexts -------------------------------------------------------------------- */

static int context_node(struct kernel_device *d)
{
	struct nms_error e;
	dev_t rdev;
	int fd = nms_kernel_open(d->node, &rdev, &e);

	if (fd < 0)
		return nms_fail_with(&e);
	if (rdev == d->rdev)
		return fd;
	close(fd);
	return nms_fail(-ENODEV, NMS_CAUSE_DEVICE, "%s: is another device by now", d->node);
}

static int kernel_context_open(void *backend, void **context)
{
	struct kernel_context *c = calloc(1, sizeof(*c));

	if (!c)
		return nms_fail_memory(sizeof(*c));
	c->device = backend;
	c->fd = context_node(c->device);
	if (c->fd < 0) {
		int ret = c->fd;

		free(c);
		return ret;
	}
	pthread_mutex_init(&c->lock, NULL);
	list_init(&c->made);
	*context = c;
	return 0;
}

static void kernel_context_close(void *context)
{
	struct kernel_context *c = context;

	nms_kernel_ring_close(c->ring);
	close(c->fd);
	nms_kernel_datasets_forget(c);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

const struct nms_backend_ops nms_backend_kernel = {
	.name		= "kernel",
	.run_size	= sizeof(struct kernel_run),
	.open		= kernel_open,
	.close		= kernel_close,
	.info		= kernel_info,
	.counters	= kernel_counters,
	.context_open	= kernel_context_open,
	.context_close	= kernel_context_close,
	.buffer_create	= nms_kernel_buffer_create,
	.buffer_destroy	= nms_kernel_buffer_destroy,
	.dataset_create	= nms_kernel_dataset_create,
	.dataset_open	= nms_kernel_dataset_open,
	.dataset_unlink	= nms_kernel_dataset_unlink,
	.dataset_info	= nms_kernel_dataset_info,
	.run		= nms_kernel_run,
	.cancel		= nms_kernel_cancel,
	.progress	= nms_kernel_progress,
};

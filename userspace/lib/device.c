// SPDX-License-Identifier: LGPL-2.1-or-later
/* Devices: which kind a URI names, and what they tell about themselves. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define STRINGIFY(x) #x
#define VERSION(a, b, c) STRINGIFY(a) "." STRINGIFY(b) "." STRINGIFY(c)

#define MOST_NODES 64u

const char *nms_version(void)
{
	return VERSION(NMS_VERSION_MAJOR, NMS_VERSION_MINOR, NMS_VERSION_PATCH);
}

static int open_emu(struct nms_device *device, const char *rest,
		    const struct nms_device_options *options, const char *why,
		    struct nms_error *e)
{
	device->ops = &nms_backend_emu;
	snprintf(device->reason, sizeof(device->reason), "software accelerator: %.160s", why);
	return device->ops->open(rest, options, &device->backend, e);
}

static int open_kernel(struct nms_device *device, const char *rest,
		       const struct nms_device_options *options, struct nms_error *e)
{
	device->ops = &nms_backend_kernel;
	return device->ops->open(rest, options, &device->backend, e);
}

/* The first device that may be used; else the reason is what the first one said. */
static int open_auto(struct nms_device *device, const struct nms_device_options *options,
		     struct nms_error *e)
{
	char nodes[MOST_NODES][NMS_NODE_SIZE];
	size_t n = nms_kernel_nodes("/dev", nodes, MOST_NODES), i;
	struct nms_error first = { .text = "no /dev/nms*" };

	for (i = 0; i < n; i++) {
		if (!open_kernel(device, nodes[i], options, e))
			return 0;
		if (!i)
			first = *e;
	}
	return open_emu(device, "", options, first.text, e);
}

static int open_uri(struct nms_device *device, const char *uri,
		    const struct nms_device_options *options, struct nms_error *e)
{
	if (!strcmp(uri, "auto"))
		return open_auto(device, options, e);
	if (!strncmp(uri, "emu:", 4))
		return open_emu(device, uri + 4, options, "asked for by name", e);
	if (uri[0] == '/')
		return open_kernel(device, uri, options, e);
	return nms_error_fill(e, -ENODEV, NMS_CAUSE_URI,
			      "uri: no device \"%.100s\"; known are \"auto\", \"emu:\" and \"/dev/nmsN\"",
			      uri);
}

/* Not before info can be asked for. */
static int finish_open(struct nms_device *device, const char *uri)
{
	struct nms_device_info info = { .size = sizeof(info) };
	int ret = nms_device_info(device, &info);

	if (ret)
		return ret;
	memcpy(device->name, info.name, sizeof(device->name));
	nms_log(NMS_LOG_INFO, "opened %s: %s (%s), profile %s, energy %s", uri, info.name,
		info.reason, info.profile, info.energy);
	return 0;
}

int nms_device_open(const char *uri, const struct nms_device_options *options,
		    struct nms_device **device)
{
	struct nms_device_options opt = { .size = sizeof(opt) };
	struct nms_device *dev;
	struct nms_error e;
	int ret;

	if (!uri || !device)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "%s: is NULL", uri ? "device" : "uri");
	if (options) {
		ret = nms_struct_in(&opt, options, sizeof(opt), sizeof(opt), "options");
		if (ret)
			return ret;
	}
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return nms_fail_memory(sizeof(*dev));
	if (open_uri(dev, uri, &opt, &e)) {
		free(dev);
		return nms_fail_with(&e);
	}
	atomic_init(&dev->refs, 1);
	ret = finish_open(dev, uri);
	if (ret) {
		nms_device_put(dev);
		return ret;
	}
	*device = dev;
	return 0;
}

void nms_device_get(struct nms_device *device)
{
	atomic_fetch_add_explicit(&device->refs, 1, memory_order_relaxed);
}

void nms_device_put(struct nms_device *device)
{
	if (atomic_fetch_sub_explicit(&device->refs, 1, memory_order_acq_rel) != 1)
		return;
	device->ops->close(device->backend);
	free(device);
}

void nms_device_close(struct nms_device *device)
{
	if (device)
		nms_device_put(device);
}

int nms_device_info(struct nms_device *device, struct nms_device_info *info)
{
	struct nms_device_info in = { .size = sizeof(in) };
	int ret;

	if (!device)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "device: is NULL");
	ret = nms_struct_check_out(info, sizeof(in), "info");
	if (ret)
		return ret;
	ret = device->ops->info(device->backend, &in);
	if (ret)
		return ret;
	if (device->reason[0])
		memcpy(in.reason, device->reason, sizeof(in.reason));
	nms_struct_out(info, &in, sizeof(in));
	return 0;
}

int nms_device_counters(struct nms_device *device, struct nms_counters *counters)
{
	struct nms_counters c = { .size = sizeof(c) };
	int ret;

	if (!device)
		return nms_fail(-EINVAL, NMS_CAUSE_ARGUMENT, "device: is NULL");
	ret = nms_struct_check_out(counters, sizeof(c), "counters");
	if (ret)
		return ret;
	ret = device->ops->counters(device->backend, &c);
	if (ret)
		return ret;
	nms_struct_out(counters, &c, sizeof(c));
	return 0;
}

size_t nms_dtype_size(enum nms_dtype dtype)
{
	switch (dtype) {
	case NMS_U8:
	case NMS_I8:
		return 1;
	case NMS_F16:
	case NMS_BF16:
		return 2;
	case NMS_F32:
	case NMS_U32:
		return 4;
	case NMS_F64:
		return 8;
	}
	return 0;
}

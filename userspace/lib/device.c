// SPDX-License-Identifier: LGPL-2.1-or-later
/* Devices: which kind a URI names, and what they tell about themselves. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define STRINGIFY(x) #x
#define VERSION(a, b, c) STRINGIFY(a) "." STRINGIFY(b) "." STRINGIFY(c)

/* In the order in which "auto" tries them; the last one is always there. */
static const struct nms_backend_ops *const backends[] = { &nms_backend_emu };

#define NBACKENDS (sizeof(backends) / sizeof(backends[0]))

const char *nms_version(void)
{
	return VERSION(NMS_VERSION_MAJOR, NMS_VERSION_MINOR, NMS_VERSION_PATCH);
}

static const struct nms_backend_ops *backend_find(const char *uri, const char **rest)
{
	size_t i, n;

	for (i = 0; i < NBACKENDS; i++) {
		n = strlen(backends[i]->scheme);
		if (!strncmp(uri, backends[i]->scheme, n)) {
			*rest = uri + n;
			return backends[i];
		}
	}
	return NULL;
}

static int backend_open(struct nms_device *device, const char *uri,
			const struct nms_device_options *options)
{
	const char *rest = "";
	size_t i;
	int ret = -ENODEV;

	if (!strcmp(uri, "auto")) {
		for (i = 0; i < NBACKENDS && ret; i++) {
			device->ops = backends[i];
			ret = device->ops->open(rest, options, &device->backend);
		}
		return ret;
	}
	device->ops = backend_find(uri, &rest);
	if (!device->ops)
		return nms_fail(-ENODEV, NMS_CAUSE_URI,
				"uri: no device \"%.100s\"; known are \"auto\" and \"emu:\"", uri);
	return device->ops->open(rest, options, &device->backend);
}

int nms_device_open(const char *uri, const struct nms_device_options *options,
		    struct nms_device **device)
{
	struct nms_device_options opt = { .size = sizeof(opt) };
	struct nms_device_info info = { .size = sizeof(info) };
	struct nms_device *dev;
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
	ret = backend_open(dev, uri, &opt);
	if (ret) {
		free(dev);
		return ret;
	}
	atomic_init(&dev->refs, 1);
	atomic_init(&dev->last_context, 0);
	pthread_mutex_init(&dev->lock, NULL);
	list_init(&dev->datasets);
	dev->ops->info(dev->backend, &info);
	memcpy(dev->name, info.name, sizeof(dev->name));
	nms_log(NMS_LOG_INFO, "opened %s: %s, profile %s on %s, %u threads, energy %s", uri,
		info.name, info.profile, info.isa, info.threads, info.energy);
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
	pthread_mutex_destroy(&device->lock);
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
	device->ops->info(device->backend, &in);
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
	device->ops->counters(device->backend, &c);
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

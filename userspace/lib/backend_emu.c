// SPDX-License-Identifier: LGPL-2.1-or-later
/* The software accelerator: the model, in this process. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

_Static_assert((int)NMS_NDOMAINS == (int)NMS_HW_NDOMAINS, "domains of energy");

static int emu_fail(int error, const char *why)
{
	switch (error) {
	case -EINVAL:
		return nms_fail(error, NMS_CAUSE_PROFILE, "profile: %s", why);
	case -ENOENT:
	case -EBADMSG:
		return nms_fail(error, NMS_CAUSE_ENERGY, "energy: %s", why);
	case -ENOMEM:
		return nms_fail(error, NMS_CAUSE_MEMORY, "no memory on the host: %s", why);
	default:
		return nms_fail(error, NMS_CAUSE_DEVICE, "software accelerator: %s", why);
	}
}

static int emu_open(const char *rest, const struct nms_device_options *options, void **backend)
{
	struct nms_device_options opt = *options;
	struct nms_model_config config = { 0 };
	struct nms_model *model = NULL;
	char store[NMS_URI_MAX];
	char why[200] = "";
	int ret;

	ret = nms_uri_options(rest, &opt, store);
	if (ret)
		return ret;
	config.near_size = opt.near_size;
	config.threads = opt.threads;
	config.profile = opt.profile;
	config.energy = opt.energy;
	ret = nms_model_create(&config, &model, why, sizeof(why));
	if (ret)
		return emu_fail(ret, why[0] ? why : strerror(-ret));
	*backend = model;
	return 0;
}

static void emu_close(void *backend)
{
	nms_model_destroy(backend);
}

static void emu_info(void *backend, struct nms_device_info *info)
{
	struct nms_model_info m;

	nms_model_info(backend, &m);
	snprintf(info->backend, sizeof(info->backend), "%s", nms_backend_emu.name);
	snprintf(info->name, sizeof(info->name), "software accelerator");
	snprintf(info->profile, sizeof(info->profile), "%s", m.profile);
	snprintf(info->isa, sizeof(info->isa), "%s", m.isa);
	snprintf(info->energy, sizeof(info->energy), "%s", m.energy);
	snprintf(info->energy_source, sizeof(info->energy_source), "%s", m.energy_source);
	info->near_size = m.near_size;
	info->near_used = m.near_used;
	info->threads = m.threads;
	info->numerics = m.numerics;
}

static void emu_counters(void *backend, struct nms_counters *c)
{
	struct nms_model_counters m;

	nms_model_counters(backend, &m);
	memcpy(c->energy, m.energy, sizeof(c->energy));
	c->near_read = m.near_read;
	c->near_write = m.near_write;
	c->link_in = m.link_in;
	c->link_out = m.link_out;
	c->busy_ns = m.busy_ns;
	c->commands = m.commands;
	c->errors = m.errors;
}

static int emu_range_create(void *backend, uint32_t context, uint64_t size, void *backing,
			    uint32_t rights, struct nms_hw_near *near)
{
	return nms_model_range_create(backend, context, size, backing, rights, near);
}

static int emu_range_grant(void *backend, const struct nms_hw_near *near, uint32_t context,
			   uint32_t rights)
{
	return nms_model_range_grant(backend, near, context, rights);
}

static int emu_range_destroy(void *backend, const struct nms_hw_near *near)
{
	return nms_model_range_destroy(backend, near);
}

static void emu_execute(void *backend, const struct nms_hw_cmd *cmd, struct nms_model_run *run,
			struct nms_hw_cqe *cqe)
{
	nms_model_execute(backend, cmd, run, cqe);
}

static uint64_t emu_estimate(void *backend, const void *param, size_t size)
{
	return nms_model_estimate(backend, param, size);
}

const struct nms_backend_ops nms_backend_emu = {
	.name		= "emu",
	.scheme		= "emu:",
	.near_is_host	= true,
	.open		= emu_open,
	.close		= emu_close,
	.info		= emu_info,
	.counters	= emu_counters,
	.range_create	= emu_range_create,
	.range_grant	= emu_range_grant,
	.range_destroy	= emu_range_destroy,
	.execute	= emu_execute,
	.estimate	= emu_estimate,
};

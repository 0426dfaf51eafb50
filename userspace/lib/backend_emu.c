// SPDX-License-Identifier: LGPL-2.1-or-later
/* The software accelerator: the model, in this process. */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu.h"

_Static_assert((int)NMS_NDOMAINS == (int)NMS_HW_NDOMAINS, "domains of energy");
_Static_assert(NMS_READ == NMS_MODEL_READ && NMS_WRITE == NMS_MODEL_WRITE, "rights");

static int emu_option(const char *key, const char *value, void *data, struct nms_error *e)
{
	struct nms_device_options *options = data;
	uint64_t n;

	if (!strcmp(key, "profile")) {
		options->profile = value;
		return 0;
	}
	if (!strcmp(key, "energy")) {
		options->energy = value;
		return 0;
	}
	if (strcmp(key, "near_size") && strcmp(key, "threads"))
		return nms_error_fill(e, -EINVAL, NMS_CAUSE_OPTION,
				      "%.60s: no such device option; known are "
				      "near_size, threads, profile and energy", key);
	if (nms_uri_size(value, &n) || (key[0] == 't' && n > UINT32_MAX))
		return nms_error_fill(e, -EINVAL, NMS_CAUSE_OPTION,
				      "%s: \"%.60s\" is not a %s", key, value, key[0] == 't' ? "number of threads" : "size in bytes");
	if (key[0] == 't')
		options->threads = (unsigned int)n;
	else
		options->near_size = n;
	return 0;
}

static int model_error(int error, const char *why, struct nms_error *e)
{
	switch (error) {
	case -EINVAL:
		return nms_error_fill(e, error, NMS_CAUSE_PROFILE, "profile: %s", why);
	case -ENOENT:
	case -EBADMSG:
		return nms_error_fill(e, error, NMS_CAUSE_ENERGY, "energy: %s", why);
	case -ENOMEM:
		return nms_error_fill(e, error, NMS_CAUSE_MEMORY, "no memory on the host: %s", why);
	default:
		return nms_error_fill(e, error, NMS_CAUSE_DEVICE, "software accelerator: %s", why);
	}
}

static int emu_open(const char *rest, const struct nms_device_options *options, void **backend,
		    struct nms_error *e)
{
	struct nms_device_options opt = *options;
	struct nms_model_config config = { 0 };
	char store[NMS_URI_MAX];
	char why[200] = "";
	struct emu *emu;
	int ret;

	ret = nms_uri_options(rest, store, emu_option, &opt, e);
	if (ret)
		return ret;
	emu = calloc(1, sizeof(*emu));
	if (!emu)
		return nms_error_memory(e, sizeof(*emu));
	config.near_size = opt.near_size;
	config.threads = opt.threads;
	config.profile = opt.profile;
	config.energy = opt.energy;
	ret = nms_model_create(&config, &emu->model, why, sizeof(why));
	if (ret) {
		free(emu);
		return model_error(ret, why[0] ? why : strerror(-ret), e);
	}
	pthread_mutex_init(&emu->lock, NULL);
	list_init(&emu->datasets);
	*backend = emu;
	return 0;
}

static void emu_close(void *backend)
{
	struct emu *emu = backend;

	nms_emu_datasets_free(emu);
	nms_model_destroy(emu->model);
	pthread_mutex_destroy(&emu->lock);
	free(emu);
}

static int emu_info(void *backend, struct nms_device_info *info)
{
	struct emu *emu = backend;
	struct nms_model_info m;

	nms_model_info(emu->model, &m);
	snprintf(info->backend, sizeof(info->backend), "%s", nms_backend_emu.name);
	snprintf(info->name, sizeof(info->name), "software accelerator");
	snprintf(info->profile, sizeof(info->profile), "%s", m.profile);
	snprintf(info->isa, sizeof(info->isa), "%s", m.isa);
	snprintf(info->energy, sizeof(info->energy), "%s", m.energy);
	snprintf(info->energy_source, sizeof(info->energy_source), "%s", m.energy_source);
	snprintf(info->submission, sizeof(info->submission), "direct");
	info->near_size = m.near_size;
	info->near_used = m.near_used;
	info->threads = m.threads;
	info->numerics = m.numerics;
	return 0;
}

static int emu_counters(void *backend, struct nms_counters *c)
{
	struct emu *emu = backend;
	struct nms_model_counters m;

	nms_model_counters(emu->model, &m);
	memcpy(c->energy, m.energy, sizeof(c->energy));
	c->near_read = m.near_read;
	c->near_write = m.near_write;
	c->link_in = m.link_in;
	c->link_out = m.link_out;
	c->busy_ns = m.busy_ns;
	c->commands = m.commands;
	c->errors = m.errors;
	return 0;
}

static uint64_t emu_estimate(void *backend, const void *param, size_t size)
{
	struct emu *emu = backend;

	return nms_model_estimate(emu->model, param, size);
}

static int emu_context_open(void *backend, void **context)
{
	struct emu_context *c = calloc(1, sizeof(*c));

	if (!c)
		return nms_fail_memory(sizeof(*c));
	c->emu = backend;
	c->id = atomic_fetch_add(&c->emu->last_context, 1) + 1;
	list_init(&c->shares);
	*context = c;
	return 0;
}

static void emu_context_close(void *context)
{
	free(context);
}

static int emu_buffer_create(void *context, uint64_t bytes, void *memory, uint32_t rights,
			     struct nms_hw_near *near)
{
	struct emu_context *c = context;
	struct nms_model_info m;
	int ret;

	ret = nms_model_range_create(c->emu->model, c->id, bytes, memory, rights, near);
	switch (ret) {
	case 0:
		return 0;
	case -ENOMEM:
		return nms_fail_memory(bytes);
	case -ENOSPC:
		nms_model_info(c->emu->model, &m);
		return nms_fail_near(bytes, m.near_size - m.near_used, m.near_size);
	default:
		return nms_fail(ret, NMS_CAUSE_DEVICE, "the device refused a range of %llu bytes",
				(unsigned long long)bytes);
	}
}

static void emu_buffer_destroy(void *context, const struct nms_hw_near *near)
{
	struct emu_context *c = context;

	if (!nms_emu_dataset_put(c, near))
		nms_emu_range_destroy(c->emu, near);
}

void nms_emu_range_destroy(struct emu *emu, const struct nms_hw_near *near)
{
	int ret = nms_model_range_destroy(emu->model, near);

	if (ret)
		nms_log(NMS_LOG_ERR, "range %u was not given back: error %d",
			le32toh(near->range), ret);
}

const struct nms_backend_ops nms_backend_emu = {
	.name		= "emu",
	.near_is_host	= true,
	.run_size	= sizeof(struct nms_model_run),
	.open		= emu_open,
	.close		= emu_close,
	.info		= emu_info,
	.counters	= emu_counters,
	.estimate	= emu_estimate,
	.context_open	= emu_context_open,
	.context_close	= emu_context_close,
	.buffer_create	= emu_buffer_create,
	.buffer_destroy	= emu_buffer_destroy,
	.dataset_create	= nms_emu_dataset_create,
	.dataset_open	= nms_emu_dataset_open,
	.dataset_unlink	= nms_emu_dataset_unlink,
	.dataset_info	= nms_emu_dataset_info,
	.run		= nms_emu_run,
	.cancel		= nms_emu_cancel,
	.progress	= nms_emu_progress,
};

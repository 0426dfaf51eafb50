// SPDX-License-Identifier: GPL-2.0-only
/* nmsctl info: what a device or a dataset is. */
#include <string.h>

#include "json.h"
#include "near.h"
#include "nmsctl.h"
#include "printable.h"
#include "report.h"
#include "session.h"

static int device_json(struct json_object *root, const struct nms_device_info *info)
{
	struct json_object *to = json_put_object(root, "device");
	int error = json_put_text(to, "backend", info->backend);

	error |= json_put_text(to, "name", info->name);
	error |= json_put_text(to, "node", info->node[0] ? info->node : NULL);
	error |= json_put_text(to, "submission", info->submission);
	error |= json_put_text(to, "reason", info->reason);
	error |= json_put_text(to, "profile", info->profile);
	error |= json_put_u64(to, "numerics", info->numerics);
	error |= json_put_text(to, "isa", info->isa[0] ? info->isa : NULL);
	if (info->threads)
		error |= json_put_u64(to, "threads", info->threads);
	error |= json_put_u64(to, "near_size", info->near_size);
	error |= json_put_u64(to, "near_used", info->near_used);
	error |= json_put_text(to, "energy", info->energy);
	return error | json_put_text(to, "energy_source", info->energy_source);
}

static void device_print(const struct nms_device_info *info)
{
	char size[32], used[32];

	printf("backend        %s%s%s, %s\n", info->backend, info->node[0] ? " " : "", info->node,
	       info->submission);
	printf("because        %s\n", info->reason);
	printf("device         %s\n", info->name);
	printf("arithmetic     %s, numerics %u", info->profile, info->numerics);
	if (info->isa[0])
		printf(", on %s with %u thread%s", info->isa, info->threads,
		       info->threads == 1 ? "" : "s");
	putchar('\n');
	printf("near memory    %s bytes, %s in use\n", grouped(info->near_size, size),
	       grouped(info->near_used, used));
	printf("energy         %s: %s\n", info->energy, info->energy_source);
	printf("version        %s\n", nms_version());
}

/* What one in a hundred rows would take, by a method; 0 where that cannot be told. */
static uint64_t host_memory(const struct session *session, const struct input *input,
			    const char *method)
{
	struct nms_sample_params params;
	uint64_t near, host;

	NMS_INIT(&params);
	params.method = method;
	params.labels = input->labels;
	params.ratio = 0.01;
	if (nms_sample_estimate(session->context, &session->data, &params, &near, &host))
		return 0;
	return near + host;
}

static int near_json(struct json_object *to, const struct nms_dataset_info *info)
{
	char mode[16];
	int error = json_put_u64(to, "near_bytes", info->bytes);

	snprintf(mode, sizeof(mode), "%04o", info->mode);
	error |= json_put_u64(to, "uid", info->uid);
	error |= json_put_u64(to, "gid", info->gid);
	error |= json_put_text(to, "mode", mode);
	return error | json_put_u64(to, "generation", info->generation);
}

static int dataset_json(struct json_object *root, const struct session *session,
			const struct input *input)
{
	const struct dataset *d = input->dataset;
	struct json_object *to = json_put_object(root, "dataset"), *memory;
	uint32_t shape[DATASET_MAX_NDIM];
	int error = json_put_text(to, "path", input->path);

	for (size_t i = 0; i < d->ndim; i++)
		shape[i] = (uint32_t)d->shape[i];
	error |= json_put_text(to, "format", d->format);
	error |= json_put_u64(to, "rows", d->rows);
	error |= json_put_u64(to, "cols", d->cols);
	error |= json_put_u32s(to, "shape", shape, d->ndim);
	error |= json_put_text(to, "dtype", dtype_name(d->dtype));
	error |= json_put_u64(to, "bytes", d->rows * input_row_bytes(input));
	error |= json_put_u64(to, "classes", input->nclasses);
	if (input->near)
		error |= near_json(to, &input->near->info);
	memory = json_put_object(to, "memory");
	for (size_t i = 0; i < 3; i++) {
		const char *method = nms_method_name(i);

		error |= json_put_u64(memory, method, host_memory(session, input, method));
	}
	return error;
}

static void classes_print(const struct input *input, const struct class_counts *c)
{
	char number[16], rows[32];

	printf("classes        %zu\n", c->nclasses);
	for (size_t i = 0; i < c->nclasses && i < 100; i++) {
		printf("  ");
		printable_put(stdout, class_name(input->class_names, c->label[i], number), 12,
			      PRINTABLE_ALL);
		printf(" %s\n", grouped(c->rows[i], rows));
	}
	if (c->nclasses > 100)
		printf("  and %zu more\n", c->nclasses - 100);
}

static int dataset_print(const struct session *session, const struct input *input)
{
	const struct dataset *d = input->dataset;
	struct class_counts counts;
	char text[32];

	printf("format         %s\n", d->format);
	printf("rows           %s\n", grouped(d->rows, text));
	printf("columns        %s", grouped(d->cols, text));
	for (size_t i = 0; d->ndim > 1 && i < d->ndim; i++)
		printf("%s%zu", i ? " x " : " = ", d->shape[i]);
	printf("\nelements       %s\n", dtype_name(d->dtype));
	printf("bytes          %s\n", grouped(d->rows * input_row_bytes(input), text));
	for (size_t i = 0; i < 3; i++)
		printf("%s%s %.0f MB",
		       i ? ", " : "memory         for 1 % of the rows: ", nms_method_name(i),
		       (double)host_memory(session, input, nms_method_name(i)) / 1e6);
	putchar('\n');
	if (input->near) {
		char owner[40];

		printf("owner          %s, mode %04o\n", near_owner(&input->near->info, owner),
		       input->near->info.mode);
		printf("generation     %u\n", input->near->info.generation);
	}
	if (!input->known)
		return 0;
	if (class_counts(input->known, d->rows, NULL, 0, &counts))
		return nmsctl_fail("out of memory");
	classes_print(input, &counts);
	class_counts_free(&counts);
	return 0;
}

static int print_json(const struct session *session, const struct input *input)
{
	struct json_object *root = json_object_new_object();
	int error = input->dataset ? dataset_json(root, session, input)
				   : device_json(root, &session->info);

	if (!error)
		error = json_print(stdout, root);
	json_object_put(root);
	return error ? nmsctl_fail("out of memory") : 0;
}

int nmsctl_info(const struct nmsctl_options *options)
{
	struct session session;
	struct input input = { 0 };
	int status = session_open(options, &session);

	if (status)
		return status;
	if (options->noperands) {
		status = input_open(options, options->operand[0], &session, &input);
		if (!status)
			status = session_load(&session, &input, options->quiet);
	}
	if (!status && options->json)
		status = print_json(&session, &input);
	else if (!status && options->noperands)
		status = dataset_print(&session, &input);
	else if (!status)
		device_print(&session.info);
	session_close(&session);
	input_close(&input);
	return status;
}

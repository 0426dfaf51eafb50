// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>

#include "hygiene.h"
#include "json.h"
#include "nmsctl.h"
#include "report.h"
#include "results_json.h"

static int add_seconds(struct json_object *root, const struct report *r)
{
	struct json_object *to = json_put_object(root, "seconds");
	int error = json_put_real(to, "load", r->load, 6);

	if (r->session->uploaded)
		error |= json_put_real(to, "upload", r->session->seconds, 6);
	if (r->data_digest[0])
		error |= json_put_real(to, "digest", r->digest, 6);
	for (int p = 0; p < NMS_NPHASES; p++)
		if (r->result->total.nanoseconds[p])
			error |= json_put_real(to, nms_phase_name(p),
					       1e-9 * (double)r->result->total.nanoseconds[p], 6);
	error |= json_put_real(to, "job", r->work, 6);
	if (r->hygiene)
		error |= json_put_real(to, "audit", r->hygiene->seconds, 6);
	if (r->plot > 0)
		error |= json_put_real(to, "plot", r->plot, 6);
	if (r->page > 0)
		error |= json_put_real(to, "report", r->page, 6);
	error |= json_put_real(to, "write", r->write, 6);
	return error | json_put_real(to, "total", r->total, 6);
}

static int add_energies(struct json_object *root, const char *key, const double *energy)
{
	struct json_object *to = json_put_object(root, key);
	int error = 0;

	for (int d = 0; d < NMS_NDOMAINS; d++)
		error |= json_put_real(to, domain_names[d], energy[d], 12);
	return error | json_put_real(to, "total", energy_sum(energy), 12);
}

static int add_paths(struct json_object *root, const struct two_paths *paths)
{
	struct json_object *to = json_put_object(root, "paths");
	int error = json_put_u64(to, "near_link_bytes", paths->near_bytes);

	error |= json_put_u64(to, "host_link_bytes", paths->host_bytes);
	error |= add_energies(to, "near_energy", paths->near);
	return error | add_energies(to, "host_energy", paths->host);
}

static int add_input(struct json_object *root, const struct input *input)
{
	struct json_object *to = json_put_object(root, "dataset");
	int error = json_put_text(to, "path", input->path);

	error |= json_put_text(to, "format", input->dataset->format);
	error |= json_put_u64(to, "rows", input->dataset->rows);
	error |= json_put_u64(to, "cols", input->dataset->cols);
	error |= json_put_u64(to, "bytes", input->dataset->rows * input_row_bytes(input));
	if (input->labels)
		error |= json_put_u64(to, "classes", input->nclasses);
	return error;
}

static int add_classes(struct json_object *root, const struct report *r)
{
	struct json_object *array = json_object_new_array();
	char number[16];
	int error = json_put(root, "classes", array);

	for (size_t i = 0; !error && i < r->classes->nclasses; i++) {
		uint32_t label = r->classes->label[i];
		struct json_object *entry = json_object_new_object();

		if (!entry || json_object_array_add(array, entry)) {
			json_object_put(entry);
			return -ENOMEM;
		}
		error = json_put_u64(entry, "label", label);
		error |= json_put_text(entry, "name",
				       class_name(r->input->class_names, label, number));
		error |= json_put_u64(entry, "rows", r->classes->rows[i]);
		error |= json_put_u64(entry, "chosen", r->classes->chosen[i]);
	}
	return error;
}

static int add_machine(struct json_object *root, const struct report *r)
{
	const struct nms_result *total = &r->result->total;
	int error = json_put_text(root, "backend", total->backend);

	error |= json_put_text(root, "device", r->device->name);
	error |= json_put_text(root, "node", r->device->node[0] ? r->device->node : NULL);
	error |= json_put_text(root, "submission", r->device->submission);
	error |= json_put_text(root, "reason", r->device->reason);
	error |= json_put_text(root, "profile", total->profile);
	error |= json_put_text(root, "isa", r->device->isa[0] ? r->device->isa : NULL);
	error |= json_put_u64(root, "numerics", total->numerics);
	if (r->device->threads)
		error |= json_put_u64(root, "threads", r->device->threads);
	return error | json_put_text(root, "version", nms_version());
}

int report_fill(struct json_object *root, const struct report *r, bool with_index)
{
	int error = json_put_text(root, "method", r->result->method);

	error |= json_put_text(root, "rule", r->result->rule[0] ? r->result->rule : NULL);
	error |= json_put_text(root, "search", r->result->search[0] ? r->result->search : NULL);
	if (r->result->index) {
		error |= json_put_u64(root, "count", r->result->count);
		error |= json_put_flag(root, "nested", r->result->nested);
	}
	error |= json_put_u64(root, "seed", r->options->seed);
	error |= add_machine(root, r);
	error |= add_input(root, r->input);
	error |= results_json(root, r->result, r->device->energy);
	error |= json_put_u64(root, "uploaded", r->session->uploaded);
	if (r->paths)
		error |= add_paths(root, r->paths);
	error |= add_seconds(root, r);
	if (r->classes)
		error |= add_classes(root, r);
	if (r->hygiene)
		error |= hygiene_json(root, r->hygiene, r->input, r->result);
	if (r->options->output)
		error |= json_put_text(root, "output", r->options->output);
	if (with_index)
		error |= json_put_u32s(root, "index", r->result->index, r->result->count);
	return error;
}

int report_json(const struct report *report, bool with_index)
{
	struct json_object *root = json_object_new_object();
	int error = root ? report_fill(root, report, with_index) : -ENOMEM;

	if (!error)
		error = json_print(stdout, root);
	json_object_put(root);
	return error ? nmsctl_fail("out of memory") : 0;
}

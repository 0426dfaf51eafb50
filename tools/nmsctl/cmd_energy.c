// SPDX-License-Identifier: GPL-2.0-only
/* nmsctl energy: what moving a byte costs, and what the device has counted. */
#include <string.h>

#include "cost.h"
#include "json.h"
#include "nmsctl.h"
#include "report.h"
#include "watch.h"

struct energies {
	struct session session;
	struct input input;	      /* without a dataset: zero */
	struct nms_counters counters; /* before anything was moved to find the cost */
	struct unit_cost cost;
	uint64_t bytes; /* of the dataset */
};

static int put_domains(struct json_object *root, const char *key, const double *energy)
{
	struct json_object *to = json_put_object(root, key);
	int error = 0;

	for (int d = 0; d < NMS_NDOMAINS; d++)
		error |= json_put_real(to, domain_names[d], energy[d], 9);
	return error | json_put_real(to, "total", energy_sum(energy), 9);
}

static int put_counters(struct json_object *root, const struct nms_counters *c)
{
	struct json_object *to = json_put_object(root, "counters"), *energy;
	int error = 0;

	energy = json_put_object(to, "energy");
	for (int d = 0; d < NMS_NDOMAINS; d++)
		error |= json_put_u64(energy, domain_names[d], c->energy[d]);
	error |= json_put_u64(to, "near_read", c->near_read);
	error |= json_put_u64(to, "near_write", c->near_write);
	error |= json_put_u64(to, "link_in", c->link_in);
	error |= json_put_u64(to, "link_out", c->link_out);
	error |= json_put_u64(to, "busy_ns", c->busy_ns);
	error |= json_put_u64(to, "commands", c->commands);
	return error | json_put_u64(to, "errors", c->errors);
}

static int print_json(const struct energies *e)
{
	struct json_object *root = json_object_new_object(), *to;
	double all[NMS_NDOMAINS];
	int error = json_put_text(root, "profile", e->session.info.energy);

	error |= json_put_text(root, "source", e->session.info.energy_source);
	error |= json_put_flag(root, "modelled", 1);
	to = json_put_object(root, "picojoules_per_byte");
	error |= put_domains(to, "write", e->cost.write);
	error |= put_domains(to, "read", e->cost.read);
	error |= put_counters(root, &e->counters);
	for (int d = 0; d < NMS_NDOMAINS; d++)
		all[d] = e->cost.read[d] * (double)e->bytes;
	if (e->bytes) {
		to = json_put_object(root, "dataset");
		error |= json_put_text(to, "path", e->input.path);
		error |= json_put_u64(to, "bytes", e->bytes);
		error |= put_domains(to, "read", all);
	}
	if (!error)
		error = json_print(stdout, root);
	json_object_put(root);
	return error ? nmsctl_fail("out of memory") : 0;
}

static void print_domains(const char *what, const double *energy, double unit)
{
	printf("  %-28s", what);
	for (int d = 0; d < NMS_NDOMAINS; d++)
		printf("%12.4g", energy[d] * unit);
	printf("%12.4g\n", energy_sum(energy) * unit);
}

static void print_text(const struct energies *e)
{
	double counted[NMS_NDOMAINS];

	printf("profile    %s: %s\n\n", e->session.info.energy, e->session.info.energy_source);
	printf("  %-28s", "modelled");
	for (int d = 0; d < NMS_NDOMAINS; d++)
		printf("%12s", domain_names[d]);
	printf("%12s\n", "total");
	print_domains("pJ/byte, host to near memory", e->cost.write, 1);
	print_domains("pJ/byte, near memory to host", e->cost.read, 1);
	if (e->bytes)
		print_domains("mJ, all rows to the host", e->cost.read, 1e-9 * (double)e->bytes);
	for (int d = 0; d < NMS_NDOMAINS; d++)
		counted[d] = (double)e->counters.energy[d];
	print_domains("mJ, counted by the device", counted, 1e-9);
	printf("\ncounters   near memory: %llu bytes read, %llu written; link: %llu in, %llu out; "
	       "busy %.3f s; %llu commands, %llu failed\n",
	       (unsigned long long)e->counters.near_read,
	       (unsigned long long)e->counters.near_write, (unsigned long long)e->counters.link_in,
	       (unsigned long long)e->counters.link_out, 1e-9 * (double)e->counters.busy_ns,
	       (unsigned long long)e->counters.commands, (unsigned long long)e->counters.errors);
}

int nmsctl_energy(const struct nmsctl_options *options)
{
	struct energies e;
	int error, status;

	if (options->watch > 0)
		return energy_watch(options);
	memset(&e, 0, sizeof(e));
	status = session_open(options, &e.session);
	if (status)
		return status;
	NMS_INIT(&e.counters);
	error = nms_device_counters(e.session.device, &e.counters);
	if (error)
		status = nmsctl_fail_library(error, nms_last_error());
	if (!status && options->noperands) {
		status = input_open(options, options->operand[0], &e.session, &e.input);
		if (!status)
			e.bytes = e.input.dataset->rows * input_row_bytes(&e.input);
	}
	if (!status)
		status = unit_cost_measure(&e.session, &e.cost);
	if (!status && options->json)
		status = print_json(&e);
	else if (!status)
		print_text(&e);
	session_close(&e.session);
	input_close(&e.input);
	return status;
}

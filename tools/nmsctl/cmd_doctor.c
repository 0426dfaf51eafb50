// SPDX-License-Identifier: GPL-2.0-only
/* nmsctl doctor: what is missing before a device can be used. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "json.h"
#include "nmsctl.h"
#include "node.h"

#define MAX_GROUPS 256
#define CAP_IPC_LOCK 14

static const char *const verdict_names[] = { "ok", "note", "missing" };

/* Effective capabilities, as /proc tells them. */
static bool has_capability(unsigned int number)
{
	unsigned long long caps = 0;
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "CapEff: %llx", &caps) == 1)
			break;
	if (file)
		fclose(file);
	return caps >> number & 1;
}

static void examine(struct doctor *d, const char *name)
{
	gid_t groups[MAX_GROUPS + 1];
	int n = getgroups(MAX_GROUPS, groups);
	struct doctor_user user = {
		.uid = geteuid(), .groups = groups, .locks_memory = has_capability(CAP_IPC_LOCK),
	};

	groups[n < 0 ? 0 : n] = getegid();
	user.ngroups = (size_t)(n < 0 ? 0 : n) + 1;
	d->user = &user;
	if (doctor_find(d, name)) {
		doctor_try(d);
		doctor_process(d);
		doctor_compare(d);
	} else {
		doctor_process(d);
	}
	d->user = NULL;
}

static void print(const struct doctor *d)
{
	for (size_t i = 0; i < d->nchecks; i++) {
		const struct doctor_check *c = &d->check[i];

		printf("%-9s%-12s%s\n", verdict_names[c->verdict], c->what, c->text);
		if (c->remedy[0])
			printf("%-9s%-12s-> %s\n", "", "", c->remedy);
	}
	if (d->usable)
		printf("\n/dev/%s can be used.\n", d->name);
	else
		printf("\nNo device can be used.  The software accelerator does the same, with the "
		       "same answer.\n");
}

static int print_json(const struct doctor *d)
{
	struct json_object *root = json_object_new_object(), *array = json_object_new_array();
	int error = json_put_flag(root, "usable", d->usable);
	char node[NODE_PATH_SIZE];

	snprintf(node, sizeof(node), "/dev/%s", d->name);
	error |= json_put_text(root, "node", d->usable ? node : NULL);
	error |= json_put(root, "checks", array);
	for (size_t i = 0; !error && i < d->nchecks; i++) {
		const struct doctor_check *c = &d->check[i];
		struct json_object *to = json_object_new_object();

		if (!to || json_object_array_add(array, to)) {
			json_object_put(to);
			error = -ENOMEM;
			break;
		}
		error = json_put_text(to, "check", c->what);
		error |= json_put_text(to, "verdict", verdict_names[c->verdict]);
		error |= json_put_text(to, "text", c->text);
		error |= json_put_text(to, "remedy", c->remedy[0] ? c->remedy : NULL);
	}
	if (!error)
		error = json_print(stdout, root);
	json_object_put(root);
	return error ? nmsctl_fail("out of memory") : 0;
}

int nmsctl_doctor(const struct nmsctl_options *options)
{
	struct doctor d = { .root = "" };
	const char *name = NULL;
	char path[NODE_PATH_SIZE];
	int status = 0;

	if (options->device && strcmp(options->device, "auto")) {
		if (node_find(options->device, path))
			return nmsctl_usage("--device %s: expected auto or a name such as /dev/nms0",
					    options->device);
		name = node_name(path);
	}
	examine(&d, name);
	if (options->json)
		status = print_json(&d);
	else if (!options->quiet)
		print(&d);
	if (!status && !d.usable)
		status = NMSCTL_FAILURE;
	return status;
}

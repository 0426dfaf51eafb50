// SPDX-License-Identifier: GPL-2.0-only
/* nmsctl list: what there is to choose from. */
#include <errno.h>
#include <string.h>

#include "json.h"
#include "names.h"
#include "near.h"
#include "nmsctl.h"
#include "report.h"

#define MAX_METHODS 64

static const struct section {
	const char *title;
	const struct name *names;	/* NULL: the library's methods */
} sections[] = {
	{ "methods", NULL },
	{ "rules", rule_names },
	{ "searches", search_names },
	{ "neighbours", neighbours_names },
	{ "budgets", budget_names },
	{ "energy", energy_names },
	{ "devices", device_names },
};

#define NSECTIONS (sizeof(sections) / sizeof(sections[0]))

/* The methods in the form of the other sections; returns the names of @section. */
static const struct name *names_of(const struct section *section, struct name methods[MAX_METHODS])
{
	size_t n = 0;

	if (section->names)
		return section->names;
	for (; n + 1 < MAX_METHODS && nms_method_name(n); n++)
		methods[n] = (struct name){ 0, nms_method_name(n), nms_method_text(n) };
	methods[n] = (struct name){ 0, NULL, NULL };
	return methods;
}

static const char *type_of(const struct nms_dataset_info *d)
{
	return nms_dtype_size(d->dtype) ? dtype_name(d->dtype) : "unknown";
}

static void print_section(const struct section *section)
{
	struct name methods[MAX_METHODS];

	printf("%s\n", section->title);
	for (const struct name *n = names_of(section, methods); n->name; n++)
		printf("  %-13s %s\n", n->name, n->text);
}

static int put_section(struct json_object *root, const struct section *section)
{
	struct json_object *array = json_object_new_array();
	struct name methods[MAX_METHODS];
	int error = json_put(root, section->title, array);

	for (const struct name *n = names_of(section, methods); !error && n->name; n++) {
		struct json_object *entry = json_object_new_object();

		if (!entry || json_object_array_add(array, entry)) {
			json_object_put(entry);
			return -ENOMEM;
		}
		error = json_put_text(entry, "name", n->name);
		error |= json_put_text(entry, "text", n->text);
	}
	return error;
}

static int put_dataset(struct json_object *array, const struct nms_dataset_info *d)
{
	struct json_object *to = json_object_new_object();
	char mode[16];
	int error;

	if (!to || json_object_array_add(array, to)) {
		json_object_put(to);
		return -ENOMEM;
	}
	snprintf(mode, sizeof(mode), "%04o", d->mode);
	error = json_put_text(to, "name", d->name);
	error |= json_put_u64(to, "rows", d->rows);
	error |= json_put_u64(to, "cols", d->cols);
	error |= json_put_text(to, "dtype", type_of(d));
	error |= json_put_u64(to, "bytes", d->bytes);
	error |= json_put_u64(to, "uid", d->uid);
	error |= json_put_u64(to, "gid", d->gid);
	error |= json_put_text(to, "mode", mode);
	return error | json_put_u64(to, "generation", d->generation);
}

static void print_dataset(const struct nms_dataset_info *d)
{
	char owner[40], rows[32], bytes[32];

	printf("  %-20s %11s x %-8u %-4s %15s bytes  %s, %04o\n", d->name, grouped(d->rows, rows),
	       d->cols, type_of(d), grouped(d->bytes, bytes), near_owner(d, owner), d->mode);
}

/* Those in near memory that the caller may use: to @array, or printed. */
static int each_dataset(const struct session *session, struct json_object *array)
{
	struct nms_dataset_info info;
	int error = 0;

	NMS_INIT(&info);
	for (size_t i = 0; !error && !nms_dataset_info(session->context, i, &info); i++) {
		if (array)
			error = put_dataset(array, &info);
		else
			print_dataset(&info);
		NMS_INIT(&info);
	}
	return error;
}

static int list_json(const struct session *session)
{
	struct json_object *root = json_object_new_object(), *array = json_object_new_array();
	int error = json_put_text(root, "node", session->info.node[0] ? session->info.node : NULL);

	error |= json_put(root, "datasets", array);
	if (!error)
		error = each_dataset(session, array);
	for (size_t i = 0; i < NSECTIONS; i++)
		error |= put_section(root, &sections[i]);
	if (!error)
		error = json_print(stdout, root);
	json_object_put(root);
	return error ? nmsctl_fail("out of memory") : 0;
}

static int list_text(const struct session *session)
{
	if (session->info.node[0]) {
		printf("datasets on %s\n", session->info.node);
		each_dataset(session, NULL);
	}
	for (size_t i = 0; i < NSECTIONS; i++)
		print_section(&sections[i]);
	return 0;
}

int nmsctl_list(const struct nmsctl_options *options)
{
	struct session session;
	int status = session_open(options, &session);

	if (status)
		return status;
	status = options->json ? list_json(&session) : list_text(&session);
	session_close(&session);
	return status;
}

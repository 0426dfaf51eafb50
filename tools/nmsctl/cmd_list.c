// SPDX-License-Identifier: GPL-2.0-only
/* nmsctl list: what there is to choose from. */
#include <errno.h>
#include <string.h>

#include "json.h"
#include "names.h"
#include "nmsctl.h"
#include "nmsdev.h"

#define MAX_METHODS 64

static const struct section {
	const char *title;
	const struct name *names;	/* NULL: the library's methods */
} sections[] = {
	{ "methods", NULL },
	{ "rules", rule_names },
	{ "searches", search_names },
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

int nmsctl_list(const struct nmsctl_options *options)
{
	struct json_object *root;
	int error = 0;

	if (!options->json) {
		for (size_t i = 0; i < NSECTIONS; i++)
			print_section(&sections[i]);
		return 0;
	}
	root = json_object_new_object();
	for (size_t i = 0; i < NSECTIONS; i++)
		error |= put_section(root, &sections[i]);
	if (!error)
		error = json_print(stdout, root);
	json_object_put(root);
	return error ? nmsctl_fail("out of memory") : 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/* A request within a manifest. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "request.h"

static const char *name_of(const struct name *names, int value)
{
	for (; names->name; names++)
		if (names->value == value)
			return names->name;
	return NULL;
}

int request_put_json(struct json_object *root, const struct request *request, uint64_t count)
{
	const struct nms_sample_params *p = &request->params;
	int error = json_put_text(root, "method", p->method ? p->method : "auto");

	error |= json_put_u64(root, "count", count);
	error |= json_put_u64(root, "seed", p->seed);
	error |= json_put_text(root, "rule", name_of(rule_names, p->rule));
	error |= json_put_text(root, "search", name_of(search_names, p->search));
	error |= json_put_text(root, "neighbours", name_of(neighbours_names, p->neighbours));
	if (p->features)
		error |= json_put_u64(root, "features", p->features);
	if (p->perplexity > 0)
		error |= json_put_real(root, "perplexity", p->perplexity, 9);
	error |= json_put_text(root, "budget", name_of(budget_names, p->budget));
	if (p->nquota)
		error |= json_put_u32s(root, "quota", p->quota, p->nquota);
	if (p->nkeep)
		error |= json_put_u32s(root, "keep", p->keep, p->nkeep);
	if (p->ndrop)
		error |= json_put_u32s(root, "drop", p->drop, p->ndrop);
	return error;
}

static int get_name(struct json_object *json, const char *key, const struct name *names, int *value)
{
	struct json_object *item;

	*value = 0;
	if (!json_object_object_get_ex(json, key, &item))
		return 0;
	if (!json_object_is_type(item, json_type_string))
		return -EINVAL;
	for (; names->name; names++)
		if (!strcmp(names->name, json_object_get_string(item)))
			*value = names->value;
	return *value ? 0 : -EINVAL;
}

/* A key that is not there leaves @value. */
static int get_u64(struct json_object *json, const char *key, uint64_t max, uint64_t *value)
{
	struct json_object *item;

	if (!json_object_object_get_ex(json, key, &item))
		return 0;
	if (!json_object_is_type(item, json_type_int))
		return -EINVAL;
	/* it would be taken for 0 */
	if (json_object_get_int64(item) < 0)
		return -EINVAL;
	*value = json_object_get_uint64(item);
	return *value <= max ? 0 : -EINVAL;
}

static int get_u32s(struct json_object *json, const char *key, uint32_t **values, size_t *count)
{
	struct json_object *array;

	if (!json_object_object_get_ex(json, key, &array))
		return 0;
	if (!json_object_is_type(array, json_type_array) || !json_object_array_length(array))
		return -EINVAL;
	*count = json_object_array_length(array);
	*values = malloc(*count * sizeof(**values));
	if (!*values)
		return -ENOMEM;
	for (size_t i = 0; i < *count; i++) {
		struct json_object *item = json_object_array_get_idx(array, i);
		int64_t value = json_object_get_int64(item);

		if (!json_object_is_type(item, json_type_int) || value < 0 || value > UINT32_MAX)
			return -EINVAL;
		(*values)[i] = (uint32_t)value;
	}
	return 0;
}

/* A count of 0 is none. */
static int get_numbers(struct json_object *json, struct nms_sample_params *p, const char **what)
{
	uint64_t features = 0;
	struct json_object *item;
	int error;

	error = get_u64(json, *what = "count", UINT32_MAX, &p->count);
	if (!error && !p->count)
		error = -EINVAL;
	if (!error)
		error = get_u64(json, *what = "seed", UINT64_MAX, &p->seed);
	if (!error)
		error = get_u64(json, *what = "features", UINT32_MAX, &features);
	p->features = (uint32_t)features;
	if (!error && json_object_object_get_ex(json, *what = "perplexity", &item)) {
		p->perplexity = (float)json_object_get_double(item);
		if (!(p->perplexity > 0))
			error = -EINVAL;
	}
	if (!error && (!json_object_object_get_ex(json, *what = "method", &item) ||
		       !json_object_is_type(item, json_type_string)))
		error = -EINVAL;
	if (!error)
		p->method = json_object_get_string(item);
	return error;
}

static int get_names(struct json_object *json, struct nms_sample_params *p, const char **what)
{
	int rule, search, neighbours, budget;
	int error = get_name(json, *what = "rule", rule_names, &rule);

	if (!error)
		error = get_name(json, *what = "search", search_names, &search);
	if (!error)
		error = get_name(json, *what = "neighbours", neighbours_names, &neighbours);
	if (!error)
		error = get_name(json, *what = "budget", budget_names, &budget);
	if (error)
		return error;
	p->rule = rule;
	p->search = search;
	p->neighbours = neighbours;
	p->budget = budget;
	return 0;
}

static int get_lists(struct json_object *json, struct request *request, const char **what)
{
	struct nms_sample_params *p = &request->params;
	int error = get_u32s(json, *what = "keep", &request->keep, &p->nkeep);

	if (!error)
		error = get_u32s(json, *what = "drop", &request->drop, &p->ndrop);
	if (!error)
		error = get_u32s(json, *what = "quota", &request->quota, &p->nquota);
	p->keep = request->keep;
	p->drop = request->drop;
	p->quota = request->quota;
	if (p->nquota)
		p->budget = NMS_BUDGET_GIVEN;
	return error;
}

int request_from_json(struct json_object *json, const struct input *input, struct request *request,
		      const char **what)
{
	int error;

	memset(request, 0, sizeof(*request));
	NMS_INIT(&request->params);
	request->params.labels = input->labels;
	error = get_numbers(json, &request->params, what);
	if (!error)
		error = get_names(json, &request->params, what);
	if (!error)
		error = get_lists(json, request, what);
	if (error)
		request_close(request);
	return error;
}

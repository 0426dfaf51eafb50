// SPDX-License-Identifier: GPL-2.0-only
#include "request.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "nmsctl.h"

/* A budget that is no word is a file of quotas. */
static bool is_file(const char *budget)
{
	if (!budget)
		return false;
	for (const struct name *n = budget_names; n->name; n++)
		if (!strcmp(budget, n->name))
			return false;
	return true;
}

int request_check_words(const struct nmsctl_options *options)
{
	int value, status = method_check(options->method);

	if (!status)
		status = name_value(rule_names, "rule", options->rule, &value);
	if (!status)
		status = name_value(search_names, "search", options->search, &value);
	if (!status)
		status = name_value(neighbours_names, "neighbours", options->neighbours, &value);
	return status;
}

int request_check(const struct nmsctl_options *options)
{
	if (!options->count && !(options->ratio > 0) && !is_file(options->budget))
		return nmsctl_usage("sample: expected --count or --ratio");
	if (options->count && options->ratio > 0)
		return nmsctl_usage("sample: expected either --count or --ratio, found both");
	return request_check_words(options);
}

static int read_rows(const char *path, size_t rows, uint32_t **list, size_t *count)
{
	struct message why;

	if (path && index_list_open(path, rows, list, count, &why))
		return nmsctl_fail("%s", why.text);
	return 0;
}

/* Quotas: whole numbers, one a line or in any form that labels may have. */
static int read_quotas(const char *path, struct request *request)
{
	struct labels *list;
	struct message why;

	if (labels_open(path, NULL, 0, &list, &why))
		return nmsctl_fail("%s; --budget is proportional, equal or a file of quotas",
				   why.text);
	if (list->class_names) {
		labels_close(list);
		return nmsctl_fail("%s: expected whole numbers, one for each class", path);
	}
	request->quota = list->label;
	request->params.nquota = list->rows;
	list->label = NULL;
	labels_close(list);
	request->params.quota = request->quota;
	request->params.budget = NMS_BUDGET_GIVEN;
	return 0;
}

static int read_budget(const struct nmsctl_options *options, const struct input *input,
		       struct request *request)
{
	int value = 0, status = 0;

	if (options->budget && !input->labels)
		return nmsctl_usage("--budget %s: there are no classes without labels",
				    options->budget);
	if (is_file(options->budget))
		return read_quotas(options->budget, request);
	status = name_value(budget_names, "budget", options->budget, &value);
	request->params.budget = value;
	return status;
}

int request_open(const struct nmsctl_options *options, const struct input *input,
		 struct request *request)
{
	struct nms_sample_params *p = &request->params;
	int rule, search, neighbours, status;

	memset(request, 0, sizeof(*request));
	NMS_INIT(p);
	status = name_value(rule_names, "rule", options->rule, &rule);
	if (!status)
		status = name_value(search_names, "search", options->search, &search);
	if (!status)
		status = name_value(neighbours_names, "neighbours", options->neighbours, &neighbours);
	if (!status)
		status = read_budget(options, input, request);
	if (!status)
		status = read_rows(options->keep, input->dataset->rows, &request->keep, &p->nkeep);
	if (!status)
		status = read_rows(options->drop, input->dataset->rows, &request->drop, &p->ndrop);
	if (status) {
		request_close(request);
		return status;
	}
	p->method = options->method;
	p->count = options->count;
	p->ratio = options->ratio;
	p->labels = input->labels;
	p->keep = request->keep;
	p->drop = request->drop;
	p->features = options->features;
	p->perplexity = (float)options->perplexity;
	p->search = search;
	p->neighbours = neighbours;
	p->rule = rule;
	p->seed = options->seed;
	p->want_embedding = options->embedding || options->plot || options->report;
	return 0;
}

void request_close(struct request *request)
{
	free(request->keep);
	free(request->drop);
	free(request->quota);
	memset(request, 0, sizeof(*request));
}

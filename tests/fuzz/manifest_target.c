// SPDX-License-Identifier: GPL-2.0-only
/* A manifest, up to the request that it holds. */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "manifest.h"
#include "near.h"
#include "nmsctl.h"
#include "source.h"

static const uint8_t *file_data;
static size_t file_size;

int __wrap_source_open(struct source *source, const char *path, uint64_t limit, struct message *why);

int __wrap_source_open(struct source *source, const char *path, uint64_t limit, struct message *why)
{
	(void)limit;
	(void)why;
	*source = (struct source){ .path = path, .data = file_data, .size = file_size };
	return 0;
}

/* Said in the place of main.c, to nobody. */
int nmsctl_fail(const char *format, ...)
{
	(void)format;
	return NMSCTL_FAILURE;
}

int nmsctl_usage(const char *format, ...)
{
	(void)format;
	return NMSCTL_USAGE;
}

int nmsctl_fail_library(int error, const struct nms_error *detail)
{
	(void)error;
	(void)detail;
	return NMSCTL_FAILURE;
}

static size_t see(const char *text)
{
	return text ? strlen(text) : 0;
}

static void check_request(const struct request *request)
{
	const struct nms_sample_params *p = &request->params;

	if (!p->count || p->count > UINT32_MAX || !p->method || p->perplexity < 0)
		fuzz_fail("a request that cannot be");
	for (size_t i = 0; i < p->nkeep; i++)
		if (p->keep[i] == UINT32_MAX && !p->keep)
			fuzz_fail("no rows");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct input input;
	struct manifest m;
	struct request request;
	const char *what = NULL;
	int error;

	file_data = data;
	file_size = size;
	if (manifest_open("/dev/null", &m))
		return 0;
	if (!m.options.operand[0] || !m.parameters || !m.index_digest || !m.profile || !m.version ||
	    (!m.data_digest && !near_name(m.options.operand[0])))
		fuzz_fail("a manifest that is not whole");
	see(m.data_digest);
	see(m.labels_digest);
	see(m.dtype);
	error = request_from_json(m.parameters, &input, &request, &what);
	if (error > 0 || (error && !what))
		fuzz_fail("an error without its reason");
	if (!error) {
		check_request(&request);
		request_close(&request);
	}
	manifest_close(&m);
	return 0;
}

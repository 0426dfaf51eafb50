/* SPDX-License-Identifier: GPL-2.0-only */
/* What to choose: from the command line, or from a manifest. */
#ifndef NMSCTL_REQUEST_H
#define NMSCTL_REQUEST_H

#include "input.h"
#include "json.h"
#include "nmsdev.h"
#include "options.h"

struct request {
	struct nms_sample_params params;	/* points to what follows, and to the input */
	uint32_t *keep, *drop, *quota;
};

/*
 * Check what can be checked without the data, before it is read.  Returns the
 * status to exit with after having said why, or 0.
 */
int request_check(const struct nmsctl_options *options);
/* The same but for how many are wanted. */
int request_check_words(const struct nmsctl_options *options);
/* Likewise.  @options and @input must outlive the request.  Free with request_close(). */
int request_open(const struct nmsctl_options *options, const struct input *input,
		 struct request *request);
/*
 * From what request_put_json() made; @json and @input must outlive the request.
 * -EINVAL with *@what, the key that is missing or wrong; -ENOMEM.
 */
int request_from_json(struct json_object *json, const struct input *input,
		      struct request *request, const char **what);
void request_close(struct request *request);

/* All that decides the outcome, @count rows wanted of it, but the labels.  0 or -ENOMEM. */
int request_put_json(struct json_object *root, const struct request *request, uint64_t count);

#endif /* NMSCTL_REQUEST_H */

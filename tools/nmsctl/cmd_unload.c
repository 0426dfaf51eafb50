// SPDX-License-Identifier: GPL-2.0-only
/* nmsctl unload: take a name in near memory away. */
#include <errno.h>

#include "json.h"
#include "near.h"
#include "nmsctl.h"

static int unload(struct session *session, const char *name, bool *labels)
{
	char beside[NEAR_NAME_SIZE];
	int error = nms_dataset_unlink(session->context, name);

	if (error)
		return nmsctl_fail_library(error, nms_last_error());
	near_labels_name(name, beside);
	error = nms_dataset_unlink(session->context, beside);
	*labels = !error;
	/* there need not be any */
	return error && error != -ENOENT ? nmsctl_fail_library(error, nms_last_error()) : 0;
}

static int tell(const struct nmsctl_options *options, const char *name, bool labels)
{
	struct json_object *root;
	int error;

	if (!options->json) {
		if (!options->quiet)
			fprintf(stderr, "%s%s: unloaded%s\n", NEAR_PREFIX, name,
				labels ? ", with its labels" : "");
		return 0;
	}
	root = json_object_new_object();
	error = json_put_text(root, "name", name);
	error |= json_put_flag(root, "labels", labels);
	if (!error)
		error = json_print(stdout, root);
	json_object_put(root);
	return error ? nmsctl_fail("out of memory") : 0;
}

int nmsctl_unload(const struct nmsctl_options *options)
{
	const char *name = near_name(options->operand[0]);
	struct session session;
	bool labels = false;
	int status = session_open(options, &session);

	if (status)
		return status;
	if (!name)
		name = options->operand[0];
	status = near_need_device(&session, "unload");
	if (!status)
		status = unload(&session, name, &labels);
	if (!status)
		status = tell(options, name, labels);
	session_close(&session);
	return status;
}

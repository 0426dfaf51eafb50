// SPDX-License-Identifier: GPL-2.0-only
/* nmsctl reset: reset a device and put it back to work. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "json.h"
#include "nmsctl.h"
#include "node.h"

static int ask(const char *name, const char *node)
{
	char path[128];
	ssize_t n;
	int fd, error = 0;

	snprintf(path, sizeof(path), "/sys/class/nms/%s/recover", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return nmsctl_fail("%s: the driver knows no such device; nmsctl doctor says what is "
				   "missing", node);
	if (fd < 0 && errno == EACCES)
		return nmsctl_fail("%s: only root may reset a device: jobs of all users end", node);
	if (fd < 0)
		return nmsctl_fail("%s: %s", path, strerror(errno));
	/* returns when it is over */
	n = write(fd, "1", 1);
	if (n != 1)
		error = n < 0 ? errno : EIO;
	close(fd);
	return error ? nmsctl_fail("%s: reset: %s", node, strerror(error)) : 0;
}

static int tell(const struct nmsctl_options *options, const char *node, const char *state,
		const char *generation)
{
	struct json_object *root;
	int error;

	if (!options->json) {
		if (!options->quiet)
			printf("%s: %s, generation %s\n", node, state, generation);
		return 0;
	}
	root = json_object_new_object();
	error = json_put_text(root, "node", node);
	error |= json_put_text(root, "state", state);
	error |= json_put_u64(root, "generation", strtoull(generation, NULL, 10));
	if (!error)
		error = json_print(stdout, root);
	json_object_put(root);
	return error ? nmsctl_fail("out of memory") : 0;
}

int nmsctl_reset(const struct nmsctl_options *options)
{
	const struct doctor here = { .root = "" };
	char path[NODE_PATH_SIZE], state[32], generation[16];
	int error = node_find(options->device, path), status;
	const char *name = node_name(path);

	if (error == -EINVAL)
		return nmsctl_usage("--device %s: expected auto or a name such as /dev/nms0",
				    options->device);
	if (error)
		return nmsctl_fail("reset: there is no /dev/nms0; nmsctl doctor says what is missing");
	status = ask(name, path);
	if (status)
		return status;
	doctor_read(&here, state, sizeof(state), "/sys/class/nms/%s/state", name);
	doctor_read(&here, generation, sizeof(generation), "/sys/class/nms/%s/generation", name);
	status = tell(options, path, state, generation);
	if (!status && strcmp(state, "live"))
		status = nmsctl_fail("%s: is %s after the reset; dmesg says why", path, state);
	return status;
}

// SPDX-License-Identifier: GPL-2.0-only
/* What is found by trying: the device's answer, io_uring, memory that can be pinned. */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "doctor.h"
#include "node.h"

#define TRANSFER (64u << 20)

void doctor_try(struct doctor *doctor)
{
	struct nms_query_device device;
	char path[PATH_MAX];
	int fd, error;

	snprintf(path, sizeof(path), "%s/dev/%s", doctor->root, doctor->name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		doctor_say(doctor, DOCTOR_MISSING, "opens",
			   errno == EPERM ? "a container's device list forbids it" : NULL,
			   "/dev/%s: %s", doctor->name, strerror(errno));
		return;
	}
	memset(&device, 0, sizeof(device));
	error = node_query(fd, NMS_QUERY_DEVICE, 0, &device, sizeof(device));
	close(fd);
	if (error)
		doctor_say(doctor, DOCTOR_MISSING, "answers", "dmesg | grep nms says more",
			   "/dev/%s does not say what it is: %s", doctor->name, strerror(-error));
	else if (device.abi_version != NMS_ABI_VERSION)
		doctor_say(doctor, DOCTOR_MISSING, "answers",
			   "install a driver and an nmsctl of the same version",
			   "the driver speaks version %u of the interface, nmsctl %u",
			   device.abi_version, NMS_ABI_VERSION);
	else
		doctor_say(doctor, DOCTOR_OK, "answers", NULL,
			   "%.40s, firmware %.16s, %llu MiB of near memory, %llu free",
			   device.model, device.firmware,
			   (unsigned long long)device.near_size >> 20,
			   (unsigned long long)device.near_free >> 20);
}

static int try_ring(void)
{
	struct io_uring_probe *probe;
	struct io_uring ring;
	int error = io_uring_queue_init(2, &ring, 0);

	if (error)
		return error;
	probe = io_uring_get_probe_ring(&ring);
	if (!probe || !io_uring_opcode_supported(probe, IORING_OP_URING_CMD))
		error = -EOPNOTSUPP;
	io_uring_free_probe(probe);
	io_uring_queue_exit(&ring);
	return error;
}

static void check_uring(struct doctor *d)
{
	char disabled[16] = "0";
	int error = try_ring();

	doctor_read(d, disabled, sizeof(disabled), "/proc/sys/kernel/io_uring_disabled");
	if (!error)
		doctor_say(d, DOCTOR_OK, "io_uring", NULL, "takes the device's commands");
	else if (error == -ENOSYS)
		doctor_say(d, DOCTOR_NOTE, "io_uring", "a kernel with CONFIG_IO_URING",
			   "not in this kernel: jobs go by ioctl, one at a time");
	else if (error == -EOPNOTSUPP)
		doctor_say(d, DOCTOR_NOTE, "io_uring", "Linux 5.19 or later",
			   "has no commands for devices here: jobs go by ioctl, one at a time");
	else if (strcmp(disabled, "0") && disabled[0])
		doctor_say(d, DOCTOR_NOTE, "io_uring",
			   disabled[0] == '1' ? "become one of the group kernel.io_uring_group"
					      : "sysctl kernel.io_uring_disabled=0",
			   "kernel.io_uring_disabled is %s: jobs go by ioctl, one at a time",
			   disabled);
	else
		doctor_say(d, DOCTOR_NOTE, "io_uring",
			   error == -EPERM ? "a seccomp filter (a container's?) forbids it" : NULL,
			   "%s: jobs go by ioctl, one at a time", strerror(-error));
}

static void check_memlock(struct doctor *d)
{
	struct rlimit limit;

	if (d->user->locks_memory || getrlimit(RLIMIT_MEMLOCK, &limit) ||
	    limit.rlim_cur == RLIM_INFINITY)
		doctor_say(d, DOCTOR_OK, "memory", NULL, "as much can be pinned as there is");
	else if (limit.rlim_cur >= TRANSFER)
		doctor_say(d, DOCTOR_OK, "memory", NULL, "%llu MiB can be pinned at a time",
			   (unsigned long long)limit.rlim_cur >> 20);
	else
		doctor_say(d, DOCTOR_NOTE, "memory",
			   "raise memlock in /etc/security/limits.conf, LimitMEMLOCK= in a unit",
			   "%llu KiB can be pinned at a time (ulimit -l); a transfer of 64 MiB needs "
			   "65536", (unsigned long long)limit.rlim_cur >> 10);
}

void doctor_process(struct doctor *doctor)
{
	check_uring(doctor);
	check_memlock(doctor);
}

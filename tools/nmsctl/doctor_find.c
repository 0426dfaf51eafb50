// SPDX-License-Identifier: GPL-2.0-only
/* From the bus to the node: function, driver, node, rights, state. */
#define _GNU_SOURCE		/* versionsort() */
#include <dirent.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor.h"
#include "nms_hw.h"

static bool is_ours(const struct doctor *d, const char *function)
{
	char vendor[16], device[16];

	return doctor_read(d, vendor, sizeof(vendor), "/sys/bus/pci/devices/%s/vendor", function) &&
	       doctor_read(d, device, sizeof(device), "/sys/bus/pci/devices/%s/device", function) &&
	       strtoul(vendor, NULL, 16) == NMS_HW_VENDOR_ID &&
	       strtoul(device, NULL, 16) == NMS_HW_DEVICE_ID;
}

/* The last part of what a link points to. */
static bool link_end(const struct doctor *d, const char *path, const char *name, const char *link,
		     char *end, size_t size)
{
	char at[PATH_MAX], target[PATH_MAX];
	const char *slash;
	ssize_t n;

	snprintf(at, sizeof(at), "%s%s/%s/%s", d->root, path, name, link);
	n = readlink(at, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = '\0';
	slash = strrchr(target, '/');
	n = snprintf(end, size, "%s", slash ? slash + 1 : target);
	return n > 0 && (size_t)n < size;
}

/* The names in a folder, one after the other, in order; NULL after the last. */
static struct dirent **names_in(const struct doctor *d, const char *folder, int *n)
{
	struct dirent **names = NULL;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", d->root, folder);
	*n = scandir(path, &names, NULL, versionsort);
	return *n < 0 ? NULL : names;
}

static void free_names(struct dirent **names, int n)
{
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

static bool find_function(struct doctor *d)
{
	int n;
	struct dirent **names = names_in(d, "/sys/bus/pci/devices", &n);

	for (int i = 0; i < n && !d->function[0]; i++)
		if (is_ours(d, names[i]->d_name))
			snprintf(d->function, sizeof(d->function), "%.31s", names[i]->d_name);
	free_names(names, n);
	return d->function[0];
}

/* A device that the driver knows: its name and the function that it is. */
static bool find_known(struct doctor *d, const char *name)
{
	int n;
	struct dirent **names = names_in(d, "/sys/class/nms", &n);

	for (int i = 0; i < n && !d->name[0]; i++)
		if (!strncmp(names[i]->d_name, "nms", 3) &&
		    (!name || !strcmp(name, names[i]->d_name)))
			snprintf(d->name, sizeof(d->name), "%.15s", names[i]->d_name);
	free_names(names, n);
	return d->name[0] && link_end(d, "/sys/class/nms", d->name, "device", d->function,
				      sizeof(d->function));
}

static bool check_function(struct doctor *d, const char *name)
{
	find_known(d, name);
	if (!d->function[0] && !find_function(d)) {
		doctor_say(d, DOCTOR_MISSING, "device",
			   "fit one; if it was fitted while the machine ran: "
			   "echo 1 > /sys/bus/pci/rescan",
			   "no PCI function %04x:%04x in this machine", NMS_HW_VENDOR_ID,
			   NMS_HW_DEVICE_ID);
		return false;
	}
	doctor_say(d, DOCTOR_OK, "device", NULL, "PCI function %s", d->function);
	return true;
}

static bool is_listed(const struct doctor *d, const char *release)
{
	char path[PATH_MAX], line[4096];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/lib/modules/%s/modules.dep", d->root, release);
	file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file)) {
		char *colon = strchr(line, ':'), *slash;

		if (!colon)
			continue;
		*colon = '\0';
		slash = strrchr(line, '/');
		found = !strncmp(slash ? slash + 1 : line, "nms.ko", 6);
	}
	if (file)
		fclose(file);
	return found;
}

static bool check_module(struct doctor *d)
{
	char release[128] = "";

	if (doctor_has(d, "/sys/module/nms")) {
		doctor_say(d, DOCTOR_OK, "driver", NULL, "nms is loaded");
		return true;
	}
	doctor_read(d, release, sizeof(release), "/proc/sys/kernel/osrelease");
	if (is_listed(d, release))
		doctor_say(d, DOCTOR_MISSING, "driver", "modprobe nms",
			   "nms is there for kernel %s, but not loaded", release);
	else
		doctor_say(d, DOCTOR_MISSING, "driver",
			   "make module, and insmod what it builds; or install it by DKMS "
			   "(driver/dist)",
			   "nms has not been built for kernel %s, or not been installed", release);
	return false;
}

static bool check_bound(struct doctor *d, const char *name)
{
	char driver[64], remedy[256];

	if (d->name[0]) {
		doctor_say(d, DOCTOR_OK, "bound", NULL, "%s is %s", d->function, d->name);
		return true;
	}
	if (name && find_known(d, NULL)) {
		doctor_say(d, DOCTOR_MISSING, "bound", "nmsctl doctor without --device",
			   "there is no %s, but there is %s", name, d->name);
		return false;
	}
	if (link_end(d, "/sys/bus/pci/devices", d->function, "driver", driver, sizeof(driver))) {
		snprintf(remedy, sizeof(remedy), "echo %s > /sys/bus/pci/drivers/%s/unbind; "
			 "echo %s > /sys/bus/pci/drivers/nms/bind", d->function, driver,
			 d->function);
		doctor_say(d, DOCTOR_MISSING, "bound", remedy, "another driver has %s: %s",
			   d->function, driver);
		return false;
	}
	doctor_say(d, DOCTOR_MISSING, "bound", "dmesg | grep nms says why",
		   "the driver is loaded, but does not drive %s", d->function);
	return false;
}

static const char *owner_of(const struct stat *node, char *text, size_t size)
{
	const struct passwd *user = getpwuid(node->st_uid);
	const struct group *group = getgrgid(node->st_gid);
	char uid[16], gid[16];

	snprintf(uid, sizeof(uid), "%u", node->st_uid);
	snprintf(gid, sizeof(gid), "%u", node->st_gid);
	snprintf(text, size, "%s:%s, mode %04o", user ? user->pw_name : uid,
		 group ? group->gr_name : gid, node->st_mode & 07777);
	return text;
}

static bool in_group(const struct doctor_user *user, gid_t group)
{
	for (size_t i = 0; i < user->ngroups; i++)
		if (user->groups[i] == group)
			return true;
	return false;
}

/* As the kernel has it: the first of owner, group and others that applies decides. */
static bool may_use(const struct doctor_user *user, const struct stat *node)
{
	if (!user->uid)
		return true;
	if (node->st_uid == user->uid)
		return (node->st_mode & 0600) == 0600;
	if (in_group(user, node->st_gid))
		return (node->st_mode & 0060) == 0060;
	return (node->st_mode & 0006) == 0006;
}

static bool check_rights(struct doctor *d, const struct stat *node)
{
	const struct group *group = getgrgid(node->st_gid);
	char owner[160], remedy[256];

	owner_of(node, owner, sizeof(owner));
	if (may_use(d->user, node)) {
		doctor_say(d, DOCTOR_OK, "rights", NULL, "you may use /dev/%s (%s)", d->name, owner);
		return true;
	}
	if (node->st_gid && (node->st_mode & 0060) == 0060 && !in_group(d->user, node->st_gid))
		snprintf(remedy, sizeof(remedy), "become one of its group: adduser YOU %s, and log "
			 "in again", group ? group->gr_name : "GROUP");
	else
		snprintf(remedy, sizeof(remedy), "give it to a group: install "
			 "driver/dist/60-nms.rules, which gives it to nms");
	doctor_say(d, DOCTOR_MISSING, "rights", remedy, "you may not use /dev/%s (%s)", d->name,
		   owner);
	return false;
}

static bool check_node(struct doctor *d)
{
	char path[PATH_MAX];
	struct stat node;

	snprintf(path, sizeof(path), "%s/dev/%s", d->root, d->name);
	if (stat(path, &node)) {
		doctor_say(d, DOCTOR_MISSING, "node",
			   "mount devtmpfs on /dev; in a container, pass the node in",
			   "the driver has %s, but there is no /dev/%s", d->name, d->name);
		return false;
	}
	doctor_say(d, DOCTOR_OK, "node", NULL, "/dev/%s", d->name);
	return check_rights(d, &node);
}

static bool check_state(struct doctor *d)
{
	char state[32], why[96];

	if (!doctor_read(d, state, sizeof(state), "/sys/class/nms/%s/state", d->name)) {
		doctor_say(d, DOCTOR_MISSING, "state", "mount sysfs on /sys", "it is not told");
		return false;
	}
	doctor_read(d, why, sizeof(why), "/sys/class/nms/%s/last_recovery", d->name);
	if (strcmp(state, "live")) {
		char remedy[64];

		snprintf(remedy, sizeof(remedy), "nmsctl reset --device /dev/%s, as root", d->name);
		doctor_say(d, DOCTOR_MISSING, "state", remedy, "%s%s%s", state,
			   why[0] ? "; last recovery: " : "", why);
		return false;
	}
	doctor_say(d, DOCTOR_OK, "state", NULL, "live%s%s", why[0] ? "; last recovery: " : "", why);
	return true;
}

bool doctor_find(struct doctor *doctor, const char *name)
{
	doctor->usable = true;
	return check_function(doctor, name) && check_module(doctor) && check_bound(doctor, name) &&
	       check_node(doctor) && check_state(doctor);
}

// SPDX-License-Identifier: GPL-2.0-only
/* Interrupts, address translation, energy, and what was lost. */
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"

static void check_vectors(struct doctor *d)
{
	char vectors[16];

	if (!doctor_read(d, vectors, sizeof(vectors), "/sys/class/nms/%s/vectors", d->name))
		return;
	if (strtoul(vectors, NULL, 10) > 1)
		doctor_say(d, DOCTOR_OK, "interrupts", NULL, "%s vectors", vectors);
	else
		doctor_say(d, DOCTOR_NOTE, "interrupts",
			   "look for vectors=1 in /etc/modprobe.d, and for pci=nomsi",
			   "one vector for all queues: processors wait for each other");
}

static void check_iommu(struct doctor *d)
{
	if (doctor_has(d, "/sys/bus/pci/devices/%s/iommu_group", d->function))
		doctor_say(d, DOCTOR_OK, "IOMMU", NULL, "the device reaches only what it is given");
	else
		doctor_say(d, DOCTOR_NOTE, "IOMMU",
			   "switch it on in the firmware, and by intel_iommu=on where needed",
			   "none: the device could reach all memory, and is trusted not to");
}

static void check_hwmon(struct doctor *d)
{
	char pattern[PATH_MAX], name[32];
	bool found = false;
	glob_t at;

	snprintf(pattern, sizeof(pattern), "%s/sys/class/hwmon/hwmon*", d->root);
	if (!glob(pattern, 0, NULL, &at)) {
		for (size_t i = 0; i < at.gl_pathc && !found; i++)
			found = doctor_read(d, name, sizeof(name), "%s/name",
					    at.gl_pathv[i] + strlen(d->root)) &&
				!strcmp(name, "nms");
		globfree(&at);
	}
	if (found)
		doctor_say(d, DOCTOR_OK, "hwmon", NULL, "%s: energy by domain, for root", name);
	else
		doctor_say(d, DOCTOR_NOTE, "hwmon", NULL,
			   "this kernel has none: energy by nmsctl energy alone");
}

static void check_lost(struct doctor *d)
{
	char lost[24];

	if (doctor_read(d, lost, sizeof(lost), "/sys/class/nms/%s/lost_pages", d->name) &&
	    strtoull(lost, NULL, 10))
		doctor_say(d, DOCTOR_NOTE, "memory", "reboot when it suits",
			   "%s pages stay pinned: the device could not be stopped in a reset", lost);
}

void doctor_compare(struct doctor *doctor)
{
	check_vectors(doctor);
	check_iommu(doctor);
	check_hwmon(doctor);
	check_lost(doctor);
}

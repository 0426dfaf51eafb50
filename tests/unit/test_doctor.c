// SPDX-License-Identifier: GPL-2.0-only
/* nmsctl doctor on trees of files: what it says for each thing that is missing. */
#include <check.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor.h"

#define FUNCTION "0000:01:00.0"
#define PCI "/sys/bus/pci/devices/" FUNCTION

static char root[PATH_MAX];

static void in_tree(char path[PATH_MAX], const char *name)
{
	ck_assert_int_lt(snprintf(path, PATH_MAX, "%s%s", root, name), PATH_MAX);
}

/* The folders on the way to a file. */
static void folders(const char *path)
{
	char part[PATH_MAX];

	for (const char *at = path + strlen(root) + 1; (at = strchr(at, '/')); at++) {
		snprintf(part, sizeof(part), "%.*s", (int)(at - path), path);
		mkdir(part, 0755);
	}
}

static void put(const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *file;

	in_tree(path, name);
	folders(path);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

static void put_link(const char *name, const char *target)
{
	char path[PATH_MAX];

	in_tree(path, name);
	folders(path);
	ck_assert_int_eq(symlink(target, path), 0);
}

/* A file, or a folder with all that is in it. */
static void drop(const char *name)
{
	char command[PATH_MAX + 16], path[PATH_MAX];

	in_tree(path, name);
	snprintf(command, sizeof(command), "rm -r '%s'", path);
	ck_assert_int_eq(system(command), 0);
}

/* A machine with a device and all that it needs. */
static void whole(void)
{
	strcpy(root, "/tmp/nms-doctor-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	put("/sys/bus/pci/devices/0000:00:00.0/vendor", "0x8086\n");
	put("/sys/bus/pci/devices/0000:00:00.0/device", "0x4e53\n");
	put(PCI "/vendor", "0x1234\n");
	put(PCI "/device", "0x4e53\n");
	put(PCI "/iommu_group/type", "DMA\n");
	put_link(PCI "/driver", "../../../../bus/pci/drivers/nms");
	put("/sys/module/nms/refcnt", "0\n");
	put("/sys/class/nms/nms0/state", "live\n");
	put("/sys/class/nms/nms0/last_recovery", "\n");
	put("/sys/class/nms/nms0/vectors", "3\n");
	put("/sys/class/nms/nms0/lost_pages", "0\n");
	put_link("/sys/class/nms/nms0/device", "../../../" FUNCTION);
	put("/sys/class/hwmon/hwmon0/name", "acpitz\n");
	put("/sys/class/hwmon/hwmon1/name", "nms\n");
	put("/proc/sys/kernel/osrelease", "6.1.0-test\n");
	put("/dev/nms0", "");
}

static void remove_tree(void)
{
	char command[PATH_MAX + 16];

	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	ck_assert_int_eq(system(command), 0);
}

static const struct doctor_user super = { .uid = 0 };

static struct doctor examine(const char *name, const struct doctor_user *user, bool found)
{
	struct doctor d = { .root = root, .user = user };

	ck_assert_int_eq(doctor_find(&d, name), found);
	ck_assert_int_eq(d.usable, found);
	if (found)
		doctor_compare(&d);
	return d;
}

static const struct doctor_check *find(const struct doctor *d, const char *what)
{
	for (size_t i = 0; i < d->nchecks; i++)
		if (!strcmp(d->check[i].what, what))
			return &d->check[i];
	ck_abort_msg("nothing was said about %s", what);
	return NULL;
}

/* The last thing said is that @what is missing, in these words and with this remedy. */
static void missing(const char *name, const struct doctor_user *user, const char *what,
		    const char *text, const char *remedy)
{
	struct doctor d = examine(name, user, false);
	const struct doctor_check *last = &d.check[d.nchecks - 1];

	ck_assert_str_eq(last->what, what);
	ck_assert_int_eq(last->verdict, DOCTOR_MISSING);
	ck_assert_msg(strstr(last->text, text), "%s", last->text);
	ck_assert_msg(strstr(last->remedy, remedy), "%s", last->remedy);
	for (size_t i = 0; i + 1 < d.nchecks; i++)
		ck_assert_int_eq(d.check[i].verdict, DOCTOR_OK);
}

START_TEST(test_whole)
{
	struct doctor d = examine(NULL, &super, true);

	for (size_t i = 0; i < d.nchecks; i++)
		ck_assert_msg(d.check[i].verdict == DOCTOR_OK, "%s: %s", d.check[i].what,
			      d.check[i].text);
	ck_assert_str_eq(d.name, "nms0");
	ck_assert_str_eq(d.function, FUNCTION);
	ck_assert_str_eq(find(&d, "state")->text, "live");
	examine("nms0", &super, true);
}
END_TEST

START_TEST(test_no_function)
{
	drop("/sys/class/nms");
	put(PCI "/device", "0x4e54\n");
	missing(NULL, &super, "device", "1234:4e53", "rescan");
}
END_TEST

START_TEST(test_module)
{
	drop("/sys/class/nms");
	drop("/sys/module/nms");
	missing(NULL, &super, "driver", "6.1.0-test", "make module");
	put("/lib/modules/6.1.0-test/modules.dep", "kernel/fs/nmsx.ko:\nkernel/x.ko: nms.ko\n");
	missing(NULL, &super, "driver", "not been built", "make module");
	put("/lib/modules/6.1.0-test/modules.dep", "a/b.ko:\nupdates/dkms/nms.ko.xz: a/b.ko\n");
	missing(NULL, &super, "driver", "not loaded", "modprobe nms");
}
END_TEST

START_TEST(test_bound)
{
	drop("/sys/class/nms");
	drop(PCI "/driver");
	missing(NULL, &super, "bound", "does not drive", "dmesg");
	put_link(PCI "/driver", "../../../../bus/pci/drivers/vfio-pci");
	missing(NULL, &super, "bound", "vfio-pci", "drivers/vfio-pci/unbind");
}
END_TEST

START_TEST(test_another_name)
{
	missing("nms3", &super, "bound", "nms0", "without --device");
}
END_TEST

START_TEST(test_no_node)
{
	drop("/dev/nms0");
	missing(NULL, &super, "node", "/dev/nms0", "devtmpfs");
}
END_TEST

static void own(uid_t uid, gid_t gid, mode_t mode)
{
	char path[PATH_MAX];

	in_tree(path, "/dev/nms0");
	ck_assert_int_eq(chmod(path, mode), 0);
	ck_assert_int_eq(chown(path, uid, gid), 0);
}

START_TEST(test_rights)
{
	const gid_t in[] = { 100, 4242 }, out[] = { 100 };
	const struct doctor_user member = { .uid = 1000, .groups = in, .ngroups = 2 };
	const struct doctor_user other = { .uid = 1000, .groups = out, .ngroups = 1 };

	if (geteuid())
		return;
	own(0, 0, 0600);
	missing(NULL, &other, "rights", "mode 0600", "60-nms.rules");
	own(0, 4242, 0660);
	missing(NULL, &other, "rights", "4242", "adduser YOU GROUP");
	examine(NULL, &member, true);
	own(1000, 4242, 0060);
	missing(NULL, &member, "rights", "mode 0060", "60-nms.rules");
	own(0, 4242, 0640);
	missing(NULL, &member, "rights", "mode 0640", "60-nms.rules");
	own(0, 0, 0666);
	examine(NULL, &other, true);
}
END_TEST

START_TEST(test_state)
{
	struct doctor d;

	put("/sys/class/nms/nms0/state", "dead\n");
	put("/sys/class/nms/nms0/last_recovery", "a command was not answered\n");
	missing(NULL, &super, "state", "dead; last recovery: a command was not answered",
		"nmsctl reset --device /dev/nms0");
	put("/sys/class/nms/nms0/state", "live\n");
	d = examine(NULL, &super, true);
	ck_assert_ptr_nonnull(strstr(find(&d, "state")->text, "a command was not answered"));
}
END_TEST

START_TEST(test_notes)
{
	struct doctor d;

	put("/sys/class/nms/nms0/vectors", "1\n");
	put("/sys/class/nms/nms0/lost_pages", "17\n");
	put("/sys/class/hwmon/hwmon1/name", "other\n");
	drop(PCI "/iommu_group");
	d = examine(NULL, &super, true);
	ck_assert_int_eq(find(&d, "interrupts")->verdict, DOCTOR_NOTE);
	ck_assert_int_eq(find(&d, "IOMMU")->verdict, DOCTOR_NOTE);
	ck_assert_int_eq(find(&d, "hwmon")->verdict, DOCTOR_NOTE);
	ck_assert_int_eq(find(&d, "memory")->verdict, DOCTOR_NOTE);
	ck_assert_ptr_nonnull(strstr(find(&d, "memory")->text, "17 pages"));
}
END_TEST

/* A node that is no device of ours opens, and does not answer. */
START_TEST(test_try)
{
	struct doctor d = examine(NULL, &super, true);

	doctor_try(&d);
	ck_assert_int_eq(find(&d, "answers")->verdict, DOCTOR_MISSING);
	ck_assert(!d.usable);
	drop("/dev/nms0");
	doctor_try(&d);
	ck_assert_int_eq(find(&d, "opens")->verdict, DOCTOR_MISSING);
	doctor_process(&d);
	find(&d, "io_uring");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("doctor");
	TCase *tests = tcase_create("trees");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, whole, remove_tree);
	tcase_add_test(tests, test_whole);
	tcase_add_test(tests, test_no_function);
	tcase_add_test(tests, test_module);
	tcase_add_test(tests, test_bound);
	tcase_add_test(tests, test_another_name);
	tcase_add_test(tests, test_no_node);
	tcase_add_test(tests, test_rights);
	tcase_add_test(tests, test_state);
	tcase_add_test(tests, test_notes);
	tcase_add_test(tests, test_try);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}

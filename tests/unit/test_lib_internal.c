// SPDX-License-Identifier: GPL-2.0-only
/* What libnmsdev keeps to itself: tables, available memory. */
#include <limits.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"
#include "model.h"
#include "select.h"
#include "test_lib.h"

/* The library has no engine call; what it says of rules must be what the engine does. */
START_TEST(rules_are_the_engines)
{
	int r;

	for (r = NMS_RULE_RANDOM; r <= NMS_RULE_EDITED; r++) {
		ck_assert_str_eq(nms_rule_name((enum nms_rule)r), eng_rule_name((enum eng_rule)r));
		ck_assert_int_eq(nms_rule_nested((enum nms_rule)r),
				 eng_rule_nested((enum eng_rule)r));
		ck_assert_int_eq(nms_rule_needs_features((enum nms_rule)r),
				 eng_rule_needs_features((enum eng_rule)r));
		ck_assert_int_eq(nms_rule_needs_embedding((enum nms_rule)r),
				 eng_rule_needs_embedding((enum eng_rule)r));
	}
	for (r = NMS_SEARCH_NEWTON; r <= NMS_SEARCH_FWA; r++)
		ck_assert_str_eq(nms_search_name((enum nms_search)r),
				 eng_search_name((enum eng_search)r));
	ck_assert_ptr_null(nms_rule_name((enum nms_rule)0));
	ck_assert_ptr_null(nms_rule_name((enum nms_rule)9));
	ck_assert_ptr_null(nms_search_name((enum nms_search)5));
}
END_TEST

/* Nor does it ask the model for words; both say the same of what a program can meet. */
START_TEST(words_are_the_models)
{
	uint32_t s, known = 0;

	for (s = 0; s <= NMS_HW_INTERNAL; s++) {
		if (!strcmp(nms_status_text(s), nms_status_text(NMS_HW_INTERNAL)))
			continue;
		ck_assert_str_eq(nms_status_text(s), nms_model_status_text((enum nms_hw_status)s));
		known++;
	}
	ck_assert_uint_ge(known, 20);
	ck_assert_str_eq(nms_status_text(NMS_HW_INTERNAL),
			 nms_model_status_text(NMS_HW_INTERNAL));
}
END_TEST

/* A root of made-up files under a directory of its own. */
static char root[64];

static void put(const char *path, const char *text)
{
	char name[PATH_MAX], *slash;
	FILE *f;

	snprintf(name, sizeof(name), "%s%s", root, path);
	for (slash = strchr(name + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(name, 0700);
		*slash = '/';
	}
	f = fopen(name, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void make_root(void)
{
	strcpy(root, "/tmp/nms-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	put("/proc/meminfo", "MemTotal:       4096 kB\nMemAvailable:   2048 kB\n");
}

static void remove_root(void)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -r %s", root);
	ck_assert_int_eq(system(command), 0);
}

START_TEST(memory_of_the_machine)
{
	ck_assert_uint_eq(nms_memory_available(root), 2048 << 10);
	ck_assert_uint_gt(nms_memory_available(""), 1 << 20);
}
END_TEST

START_TEST(memory_of_a_group)
{
	put("/proc/self/cgroup", "0::/box/inner\n");
	put("/sys/fs/cgroup/box/inner/memory.max", "max\n");
	put("/sys/fs/cgroup/box/inner/memory.current", "400000\n");
	put("/sys/fs/cgroup/box/memory.max", "1000000\n");
	put("/sys/fs/cgroup/box/memory.current", "500000\n");
	put("/sys/fs/cgroup/box/memory.stat", "anon 7\ninactive_file 100000\n");
	ck_assert_uint_eq(nms_memory_available(root), 600000);
	put("/sys/fs/cgroup/box/inner/memory.max", "450000\n");
	ck_assert_uint_eq(nms_memory_available(root), 50000);
	put("/sys/fs/cgroup/box/inner/memory.max", "390000\n");
	ck_assert_uint_eq(nms_memory_available(root), 0);
}
END_TEST

START_TEST(memory_of_a_group_of_version_1)
{
	put("/proc/self/cgroup", "4:memory:/box\n2:cpu:/\n0::/\n");
	put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
	put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "800000\n");
	put("/sys/fs/cgroup/memory/box/memory.limit_in_bytes", "1000000\n");
	put("/sys/fs/cgroup/memory/box/memory.usage_in_bytes", "800000\n");
	put("/sys/fs/cgroup/memory/box/memory.stat", "inactive_file 1\ntotal_inactive_file 5000\n");
	ck_assert_uint_eq(nms_memory_available(root), 205000);
}
END_TEST

START_TEST(memory_of_the_address_space)
{
	struct rlimit old, limit;
	char text[40];

	put("/proc/meminfo", "MemAvailable: 100000000000000 kB\n");
	snprintf(text, sizeof(text), "%ld 5 5\n", (1l << 30) / sysconf(_SC_PAGESIZE));
	put("/proc/self/statm", text);
	ck_assert_int_eq(getrlimit(RLIMIT_AS, &old), 0);
	limit = old;
	limit.rlim_cur = 1ull << 50;
	ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
	ck_assert_uint_eq(nms_memory_available(root), (1ull << 50) - (1ull << 30));
	setrlimit(RLIMIT_AS, &old);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lib-internal");
	TCase *t = tcase_create("internal");

	tcase_add_checked_fixture(t, make_root, remove_root);
	tcase_add_test(t, rules_are_the_engines);
	tcase_add_test(t, words_are_the_models);
	tcase_add_test(t, memory_of_the_machine);
	tcase_add_test(t, memory_of_a_group);
	tcase_add_test(t, memory_of_a_group_of_version_1);
	tcase_add_test(t, memory_of_the_address_space);
	suite_add_tcase(s, t);
	return run_suite(s);
}

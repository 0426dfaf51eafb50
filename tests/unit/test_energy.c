// SPDX-License-Identifier: GPL-2.0-only
/* Energy profiles, and the meter that reads them. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "energy.h"
#include "meter.h"

static struct energy_profile profile;
static char why[256];

START_TEST(shipped_profiles_load)
{
	const char *const names[] = { "ddr4", "lpddr4", "hbm2e" };

	ck_assert_uint_eq(energy_nbuiltins, 3);
	for (int i = 0; i < 3; i++) {
		ck_assert_msg(energy_load(names[i], &profile, why, sizeof(why)) == 0, "%s", why);
		ck_assert_str_eq(profile.name, names[i]);
		ck_assert(profile.value[ENERGY_NEAR_READ] > 0);
		ck_assert(profile.value[ENERGY_CLOCK] > 1e6);
		energy_free(&profile);
	}
}
END_TEST

/* The text of ddr4 with one piece replaced. */
static char *spoiled(const char *from, const char *to)
{
	const char *text = energy_builtins[0].json, *at = strstr(text, from);
	char *out = malloc(strlen(text) + strlen(to) + 1);

	ck_assert_msg(at, "'%s' is not in the profile", from);
	ck_assert_ptr_nonnull(out);
	sprintf(out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	return out;
}

START_TEST(malformed_profiles_are_refused)
{
	static const struct {
		const char *from, *to, *reason;
	} bad[] = {
		{ "{", "[", "not JSON" },
		{ "\"name\"", "\"nom\"", "'name'" },
		{ "\"name\": \"ddr4\"", "\"name\": \"\"", "'name'" },
		{ "\"name\": \"ddr4\"", "\"name\": \"a\\nb\"", "'name'" },
		{ "\"constants\"", "\"variables\"", "'constants'" },
		{ "\"near_read\"", "\"near_raed\"", "no constant 'near_raed'" },
		{ "\"near_read\"", "\"near\nread\"", "no constant 'near?read'" },
		{ "15.0", "\"15.0\"", "near_read" },
		{ "15.0", "-15.0", "not below 0" },
		{ "15.0", "NaN", "" },
		{ "15.0", "1e999", "near_read" },
		{ "19200000000.0", "0", "above 0" },
		{ "pJ/bit", "nJ/bit", "must have unit \"pJ/bit\"" },
		{ "\"assumed\"", "\"guessed\"", "basis" },
		{ "\"source\": \"order", "\"origin\": \"order", "names no source" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *text = spoiled(bad[i].from, bad[i].to);

		why[0] = '\0';
		ck_assert_int_eq(energy_parse("it", text, strlen(text), &profile, why,
					      sizeof(why)), -EBADMSG);
		ck_assert_msg(strstr(why, "energy profile it: ") == why, "%s", why);
		ck_assert_msg(strstr(why, bad[i].reason), "%s: %s", bad[i].to, why);
		ck_assert_ptr_null(strchr(why, '\n'));
		free(text);
	}
}
END_TEST

START_TEST(cut_short_and_trailing)
{
	const char *text = energy_builtins[0].json;
	size_t length = strlen(text);
	char *longer;

	/* the last two bytes are the closing brace and a newline */
	for (size_t n = 0; n < length - 1; n += 7)
		ck_assert_int_eq(energy_parse("it", text, n, &profile, why, sizeof(why)),
				 -EBADMSG);
	longer = spoiled("{", "{");
	longer[length - 1] = 'x';
	ck_assert_int_eq(energy_parse("it", longer, length, &profile, why, sizeof(why)), -EBADMSG);
	free(longer);
	longer = malloc(70000);
	ck_assert_ptr_nonnull(longer);
	memset(longer, ' ', 70000);
	ck_assert_int_eq(energy_parse("it", longer, 70000, &profile, why, sizeof(why)), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(why, "longer"));
	free(longer);
}
END_TEST

START_TEST(profiles_from_files)
{
	char path[] = "/tmp/energy-XXXXXX";
	int fd = mkstemp(path);
	char *text = spoiled("\"name\": \"ddr4\"", "\"name\": \"mine\"");

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	ck_assert_msg(energy_load(path, &profile, why, sizeof(why)) == 0, "%s", why);
	ck_assert_str_eq(profile.name, "mine");
	energy_free(&profile);
	unlink(path);
	free(text);
	ck_assert_int_eq(energy_load(path, &profile, why, sizeof(why)), -ENOENT);
	ck_assert_int_eq(energy_load("/tmp/", &profile, why, sizeof(why)), -EBADMSG);
	ck_assert_int_eq(energy_load("mine", &profile, why, sizeof(why)), -ENOENT);
}
END_TEST

/* Constants that are easy to reckon with. */
static const struct energy_profile simple = {
	.value = {
		[ENERGY_NEAR_READ] = 2, [ENERGY_NEAR_WRITE] = 3, [ENERGY_NEAR_BANDWIDTH] = 10e9,
		[ENERGY_NEAR_STATIC] = 1, [ENERGY_SCRATCH] = 0.5, [ENERGY_MAC] = 4,
		[ENERGY_SPECIAL] = 20, [ENERGY_LINK] = 6, [ENERGY_LINK_BANDWIDTH] = 1e9,
		[ENERGY_LOGIC_STATIC] = 0.5, [ENERGY_CLOCK] = 1e9, [ENERGY_MAC_LANES] = 100,
		[ENERGY_SPECIAL_LANES] = 4, [ENERGY_SCRATCH_WIDTH] = 64,
		[ENERGY_SWITCH_CYCLES] = 1000, [ENERGY_FIXED_MAC] = 1, [ENERGY_LOOKUP] = 2,
		[ENERGY_LOOKUP_LANES] = 8, [ENERGY_MAC_AREA] = 10, [ENERGY_SPECIAL_AREA] = 50,
		[ENERGY_LOOKUP_AREA] = 3,
	},
};

START_TEST(meter_adds_up)
{
	struct meter_work work = { .link_in = 300, .link_out = 700, .engine.switches = 2 };
	struct meter_reading reading;
	uint64_t (*count)[ENG_NCOUNTS] = work.engine.count;

	count[ENG_PHASE_REDUCE][ENG_COUNT_NEAR_READ] = 1001;	/* 10 bytes a cycle: 101 */
	count[ENG_PHASE_REDUCE][ENG_COUNT_MAC] = 1000;		/* 10 cycles */
	count[ENG_PHASE_SEARCH][ENG_COUNT_SPECIAL] = 801;	/* 201 cycles */
	count[ENG_PHASE_SEARCH][ENG_COUNT_NEAR_WRITE] = 40;	/* 4 cycles */
	count[ENG_PHASE_EMBED][ENG_COUNT_SCRATCH] = 6400;	/* 100 cycles */
	count[ENG_PHASE_EMBED][ENG_COUNT_MAC] = 20000;		/* 200 cycles */
	meter_read(&simple, &work, &reading);

	ck_assert_uint_eq(reading.cycles[NMS_HW_PHASE_REDUCE], 101);
	ck_assert_uint_eq(reading.cycles[NMS_HW_PHASE_SEARCH], 201);
	ck_assert_uint_eq(reading.cycles[NMS_HW_PHASE_EMBED], 200);
	ck_assert_uint_eq(reading.cycles[NMS_HW_PHASE_READ], 0);
	ck_assert_uint_eq(reading.energy[NMS_HW_NEAR], 8 * (1001 * 2 + 40 * 3));
	ck_assert_uint_eq(reading.energy[NMS_HW_COMPUTE], 21000 * 4 + 801 * 20);
	ck_assert_uint_eq(reading.energy[NMS_HW_SCRATCH], 3200);
	ck_assert_uint_eq(reading.energy[NMS_HW_LINK], 8 * 1000 * 6);
	/* 502 + 2 x 1000 cycles of 1 ns, 1000 bytes at 1 ns each, 1.5 W: 1500 pJ a ns */
	ck_assert_uint_eq(reading.energy[NMS_HW_STATIC], (502 + 2000 + 1000) * 1500);
}
END_TEST

/* Words: through the lanes of floats, at a price of their own. */
START_TEST(meter_of_words)
{
	struct meter_work work = { 0 };
	struct meter_reading reading;
	uint64_t (*count)[ENG_NCOUNTS] = work.engine.count;

	count[ENG_PHASE_SEARCH][ENG_COUNT_FIXED_MAC] = 700;	/* 7 cycles */
	count[ENG_PHASE_SEARCH][ENG_COUNT_LOOKUP] = 641;	/* 81 cycles */
	meter_read(&simple, &work, &reading);
	ck_assert_uint_eq(reading.cycles[NMS_HW_PHASE_SEARCH], 81);
	ck_assert_uint_eq(reading.energy[NMS_HW_COMPUTE], 700 * 1 + 641 * 2);
}
END_TEST

/* 1000 + 250 cycles and two switches; multipliers worked in all of the first. */
START_TEST(datapath_is_shared)
{
	struct meter_work work = { .engine.switches = 2 };
	struct meter_reading reading;
	uint64_t (*count)[ENG_NCOUNTS] = work.engine.count;

	count[ENG_PHASE_NEIGHBOURS][ENG_COUNT_MAC] = 100000;
	count[ENG_PHASE_EMBED][ENG_COUNT_SPECIAL] = 1000;
	count[ENG_PHASE_EMBED][ENG_COUNT_MAC] = 20000;
	meter_read(&simple, &work, &reading);
	ck_assert_uint_eq(reading.switch_cycles, 2000);
	ck_assert(fabs(reading.mac_used - 120000. / (100 * 3250.)) < 1e-12);
	ck_assert(fabs(reading.special_used - 1000. / (4 * 3250.)) < 1e-12);
	ck_assert(reading.area_shared == 100 * 10 + 4 * 50);
	ck_assert(reading.area[NMS_HW_PHASE_NEIGHBOURS] == 100 * 10);
	ck_assert(reading.area[NMS_HW_PHASE_EMBED] == 100 * 10 + 4 * 50);
	ck_assert(reading.area[NMS_HW_PHASE_SEARCH] == 0);
}
END_TEST

START_TEST(meter_of_nothing)
{
	struct meter_work work = { 0 };
	struct meter_reading reading;

	meter_read(&simple, &work, &reading);
	for (int d = 0; d < NMS_HW_NDOMAINS; d++)
		ck_assert_uint_eq(reading.energy[d], 0);
	ck_assert(reading.seconds == 0);
}
END_TEST

START_TEST(meter_ignores_wall_time)
{
	struct meter_work work = { .link_in = 64, .link_out = 32 };
	struct meter_reading a, b;

	meter_read(&simple, &work, &a);
	work.engine.nanoseconds[ENG_PHASE_EMBED] = 123456789;
	meter_read(&simple, &work, &b);
	ck_assert_mem_eq(&a, &b, sizeof(a));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("energy");
	TCase *t = tcase_create("energy");
	SRunner *r;
	int failed;

	tcase_add_test(t, shipped_profiles_load);
	tcase_add_test(t, malformed_profiles_are_refused);
	tcase_add_test(t, cut_short_and_trailing);
	tcase_add_test(t, profiles_from_files);
	tcase_add_test(t, meter_adds_up);
	tcase_add_test(t, meter_of_words);
	tcase_add_test(t, datapath_is_shared);
	tcase_add_test(t, meter_of_nothing);
	tcase_add_test(t, meter_ignores_wall_time);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Own exponential and logarithms against long double ones of the C library
 * (64 bits of mantissa or more) and against values with 25 digits.
 */
#include "fmath.h"

#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "rng.h"

#define PROMISED 1e-15
#define DRAWS 400000

static double unit(uint64_t i)
{
	return (double)(eng_random(1, ENG_STREAM_EMBED, i) >> 11) * 0x1p-53;
}

static double off(double got, long double want)
{
	return (double)fabsl((got - want) / want);
}

/* Any positive normal number, all exponents alike. */
static double any_positive(uint64_t i)
{
	uint64_t bits = eng_random(2, ENG_STREAM_EMBED, i);

	return eng_from_bits((1 + (bits >> 52) % 2046) << 52 | (bits & 0x000fffffffffffffu));
}

START_TEST(exp_is_close)
{
	for (uint64_t i = 0; i < DRAWS; i++) {
		double wide = -708.0 + 1417.0 * unit(i), near = 2.0 * unit(i) - 1.0;

		ck_assert_double_lt(off(eng_exp(wide), expl(wide)), PROMISED);
		ck_assert_double_lt(off(eng_exp(near), expl(near)), PROMISED);
	}
}
END_TEST

START_TEST(logs_are_close)
{
	for (uint64_t i = 0; i < DRAWS; i++) {
		double wide = any_positive(i), near = 0.5 + unit(i);

		ck_assert_double_lt(off(eng_log(wide), logl(wide)), PROMISED);
		ck_assert_double_lt(off(eng_log2(wide), log2l(wide)), PROMISED);
		if (near == 1.0)
			continue;
		ck_assert_double_lt(off(eng_log(near), logl(near)), PROMISED);
		ck_assert_double_lt(off(eng_log2(near), log2l(near)), PROMISED);
	}
}
END_TEST

START_TEST(known_values)
{
	/* digits but for the second: OEIS A001113, A002391, A002392, A020857, A020862 */
	ck_assert_double_lt(off(eng_exp(1.0), 2.718281828459045235360287L), PROMISED);
	ck_assert_double_lt(off(eng_exp(-20.0), 2.061153622438557827965940e-9L), PROMISED);
	ck_assert_double_lt(off(eng_log(3.0), 1.098612288668109691395245L), PROMISED);
	ck_assert_double_lt(off(eng_log(10.0), 2.302585092994045684017991L), PROMISED);
	ck_assert_double_lt(off(eng_log2(3.0), 1.584962500721156181453739L), PROMISED);
	ck_assert_double_lt(off(eng_log2(10.0), 3.321928094887362347870319L), PROMISED);
}
END_TEST

START_TEST(exact_values)
{
	ck_assert_double_eq(eng_exp(0.0), 1.0);
	ck_assert_double_eq(eng_log(1.0), 0.0);
	for (int k = -1074; k < 1024; k++)
		ck_assert_double_eq(eng_log2(ldexp(1.0, k)), k);
}
END_TEST

START_TEST(edges)
{
	ck_assert(isinf(eng_exp(709.79)) && eng_exp(709.79) > 0.0);
	ck_assert(isfinite(eng_exp(709.78)));
	ck_assert(isinf(eng_exp(INFINITY)));
	ck_assert_double_eq(eng_exp(-INFINITY), 0.0);
	ck_assert_double_eq(eng_exp(-745.2), 0.0);
	ck_assert_double_eq(eng_exp(-745.1), DBL_TRUE_MIN);
	ck_assert(isnan(eng_exp(NAN)));
	ck_assert(isinf(eng_log(0.0)) && eng_log(0.0) < 0.0);
	ck_assert(isinf(eng_log(-0.0)) && isinf(eng_log2(0.0)));
	ck_assert(isinf(eng_log(INFINITY)) && isinf(eng_log2(INFINITY)));
	ck_assert(isnan(eng_log(-1.0)) && isnan(eng_log(NAN)) && isnan(eng_log2(-INFINITY)));
	ck_assert_double_lt(off(eng_log(DBL_TRUE_MIN), logl(DBL_TRUE_MIN)), PROMISED);
}
END_TEST

START_TEST(subnormal_results)
{
	/* rounded twice at most: within one step of the smallest number */
	for (uint64_t i = 0; i < 10000; i++) {
		double x = -745.0 + 36.0 * unit(i);

		ck_assert_double_le((double)fabsl(eng_exp(x) - expl(x)),
				    1e-15 * eng_exp(x) + DBL_TRUE_MIN);
	}
}
END_TEST

START_TEST(rising)
{
	double last = -INFINITY;

	for (int i = 0; i < DRAWS; i++) {
		double x = -5.0 + 10.0 * i / DRAWS, y = eng_exp(x);

		ck_assert_double_gt(y, last);
		last = y;
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fmath");
	TCase *t = tcase_create("all");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, exp_is_close);
	tcase_add_test(t, logs_are_close);
	tcase_add_test(t, known_values);
	tcase_add_test(t, exact_values);
	tcase_add_test(t, edges);
	tcase_add_test(t, subnormal_results);
	tcase_add_test(t, rising);
	tcase_set_timeout(t, 30);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library's use of io_uring, on a real ring.  An eventfd takes no commands, and
 * says so: it is the way there and back that is tested.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "kernel.h"
#include "test_lib.h"

START_TEST(there_and_back)
{
	struct nms_submit submit = { 0 };
	struct kernel_ring *ring;
	int fd = eventfd(0, EFD_CLOEXEC), i, ret, res = 0;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(nms_kernel_ring_open(&ring), 0);
	for (i = 0; i < 100; i++) {
		ck_assert_int_eq(nms_kernel_ring_submit(ring, fd, &submit), 0);
		while ((ret = nms_kernel_ring_wait(ring, i & 1, &res)) == -EAGAIN)
			;
		ck_assert_int_eq(ret, 0);
		ck_assert_int_eq(res, -EOPNOTSUPP);
	}
	nms_kernel_ring_close(ring);
	nms_kernel_ring_close(NULL);
	close(fd);
}
END_TEST

START_TEST(waits_come_back)
{
	uint64_t began = now_ms();
	struct kernel_ring *ring;
	int res;

	ck_assert_int_eq(nms_kernel_ring_open(&ring), 0);
	ck_assert_int_eq(nms_kernel_ring_wait(ring, false, &res), -EAGAIN);
	ck_assert_uint_lt(now_ms() - began, 5000);
	nms_kernel_ring_close(ring);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lib-ring");
	TCase *t = tcase_create("ring");
	char why[80] = "";

	if (nms_kernel_ring_probe(why, sizeof(why))) {
		printf("skipped: %s\n", why);
		return why[0] ? 77 : EXIT_FAILURE;
	}
	tcase_add_test(t, there_and_back);
	tcase_add_test(t, waits_come_back);
	suite_add_tcase(s, t);
	return run_suite(s);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of libnmsdev have in common. */
#ifndef TEST_LIB_H
#define TEST_LIB_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "nmsdev.h"

#define ok(call) ck_assert_msg((call) == 0, "%s: %s", #call, nms_last_error()->text)

/* The call fails with @err and @code, and the text says @part. */
#define fails(call, err, code, part) do {						\
	int fails_ret_ = (call);							\
	const struct nms_error *fails_e_ = nms_last_error();				\
	ck_assert_int_eq(fails_ret_, (err));						\
	ck_assert_int_eq(fails_e_->error, (err));					\
	ck_assert_msg(fails_e_->cause == (code), "cause %d, not %s: %s",		\
		      (int)fails_e_->cause, #code, fails_e_->text);			\
	ck_assert_msg(strstr(fails_e_->text, (part)), "\"%s\" is not in \"%s\"", (part),	\
		      fails_e_->text);							\
} while (0)

struct place {
	struct nms_device *device;
	struct nms_context *context;
};

/* The software accelerator with @near_size bytes and @threads threads. */
static inline struct place place_open(uint64_t near_size, unsigned int threads)
{
	struct nms_device_options o;
	struct place p;

	NMS_INIT(&o);
	o.near_size = near_size;
	o.threads = threads;
	ok(nms_device_open("emu:", &o, &p.device));
	ok(nms_context_create(p.device, &p.context));
	return p;
}

static inline void place_close(struct place *p)
{
	nms_context_destroy(p->context);
	nms_device_close(p->device);
}

static inline struct nms_command copy_command(enum nms_op op, struct nms_buffer *buffer,
					      void *host, uint64_t bytes)
{
	struct nms_command c;

	memset(&c, 0, sizeof(c));
	c.op = op;
	c.copy.buffer = buffer;
	c.copy.host = host;
	c.copy.bytes = bytes;
	return c;
}

static inline int run_commands(struct nms_context *context, const struct nms_command *c, size_t n)
{
	struct nms_job *job;
	int ret = nms_job_submit(context, c, n, &job);

	if (ret)
		return ret;
	ret = nms_job_wait(job, NULL);
	nms_job_destroy(job);
	return ret;
}

static inline uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static inline struct timespec after_ms(long ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		t.tv_sec++;
	}
	return t;
}

/* Run all of @suite; the exit status of the program. */
static inline int run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif /* TEST_LIB_H */

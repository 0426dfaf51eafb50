// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that cannot be had, at each allocation in turn: the call fails with
 * -ENOMEM and leaves nothing behind.  Linked with --wrap, so that every
 * allocation of library, model and engine passes here.
 */
#include <errno.h>
#include <stdatomic.h>

#include "test_lib_blobs.h"

#define MIB (1ull << 20)
#define ROUNDS 100000

static atomic_long budget = -1;	/* allocations that succeed; below 0: all */
static atomic_bool once;	/* and then one fails, and those after it succeed */
static _Thread_local bool spared;	/* this thread's do not count */

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

/* The budget stays at zero: once memory is short, it is short. */
static bool refused(void)
{
	long left = atomic_load(&budget);

	if (spared)
		return false;
	while (left > 0)
		if (atomic_compare_exchange_weak(&budget, &left, left - 1))
			return false;
	if (left == 0 && atomic_load(&once))
		return atomic_compare_exchange_strong(&budget, &left, -1);
	return left == 0;
}

void *__wrap_malloc(size_t size)
{
	return refused() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return refused() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return refused() ? NULL : __real_realloc(p, size);
}

/* Call with 0, 1, 2 ... allocations to spend until it works. */
#define until_it_works(call) do {							\
	long round_;									\
	int ret_ = -1;									\
	for (round_ = 0; ret_ && round_ < ROUNDS; round_++) {				\
		atomic_store(&budget, round_);						\
		ret_ = (call);								\
		atomic_store(&budget, -1);						\
		if (ret_) {								\
			ck_assert_msg(ret_ == -ENOMEM, "%s", nms_last_error()->text);	\
			ck_assert_int_eq(nms_last_error()->cause, NMS_CAUSE_MEMORY);	\
		}									\
	}										\
	ck_assert_int_eq(ret_, 0);							\
	ck_assert_int_gt(round_, 1);							\
} while (0)

START_TEST(objects)
{
	struct nms_dataset *dataset, *again;
	struct nms_device_options o;
	struct nms_context *context, *other;
	struct nms_device *device;
	struct nms_matrix m = { .rows = 8, .cols = 8, .dtype = NMS_U8 };

	NMS_INIT(&o);
	o.near_size = MIB;
	o.threads = 1;
	until_it_works(nms_device_open("emu:", &o, &device));
	until_it_works(nms_context_create(device, &context));
	until_it_works(nms_context_create(device, &other));
	until_it_works(nms_buffer_create(context, 64, &m.buffer));
	until_it_works(nms_dataset_create(context, "rows", &m, 0644, &dataset));
	until_it_works(nms_dataset_open(other, "rows", &again));
	nms_context_destroy(other);
	nms_context_destroy(context);
	nms_device_close(device);
}
END_TEST

static struct nms_sample_params all_params(const struct blobs *b, const char *method)
{
	struct nms_sample_params p;

	NMS_INIT(&p);
	p.method = method;
	p.count = 12;
	p.labels = b->labels;
	return p;
}

START_TEST(submission)
{
	struct place p = place_open(4 * MIB, 1);
	struct nms_sample_params params;
	struct nms_device_info info;
	static struct blobs b;
	struct nms_sample *s;
	int ret;

	blobs_make(p.context, &b);
	params = all_params(&b, "random");
	until_it_works(nms_sample_submit(p.context, &b.data, &params, &s));
	/* it may have begun while memory was short */
	ret = nms_job_wait(nms_sample_job(s), NULL);
	ck_assert(ret == 0 || ret == -ENOMEM);
	nms_sample_destroy(s);
	NMS_INIT(&info);
	ok(nms_device_info(p.device, &info));
	ck_assert_uint_eq(info.near_used, 0);
	place_close(&p);
}
END_TEST

/*
 * Memory runs short while the job runs: that is its outcome.  It may have ended before
 * the submission returns, so memory is short from before that on, but not for who submits.
 */
static int run_short(struct place *p, const struct blobs *b,
		     const struct nms_sample_params *params, long allocations)
{
	struct nms_sample *s;
	int ret;

	atomic_store(&budget, allocations);
	spared = true;
	ok(nms_sample_submit(p->context, &b->data, params, &s));
	spared = false;
	ret = nms_job_wait(nms_sample_job(s), NULL);
	atomic_store(&budget, -1);
	nms_sample_destroy(s);
	return ret;
}

START_TEST(work)
{
	static const char *const methods[] = { "auto", "nms", "kmedoids", "kcentre", "facility" };
	struct place p = place_open(4 * MIB, 1);
	struct nms_sample_params params;
	static struct blobs b;
	long n, step;
	int ret = -1;

	blobs_make(p.context, &b);
	params = all_params(&b, methods[_i]);
	for (n = 0, step = 1; ret && n < ROUNDS; n += step) {
		ret = run_short(&p, &b, &params, n);
		if (ret)
			ck_assert_msg(ret == -ENOMEM, "%ld: %s", n, nms_last_error()->text);
		step = 1 + n / 16;
	}
	ck_assert_int_eq(ret, 0);
	place_close(&p);
}
END_TEST

/* What one failure leaves behind must not trouble what comes after it in the same job. */
START_TEST(one_of_many)
{
	static const char *const methods[] = { "auto", "nms", "kmedoids", "kcentre", "facility" };
	struct place p = place_open(4 * MIB, 1);
	struct nms_sample_params params;
	static struct blobs b;
	int failed = 0;

	blobs_make(p.context, &b);
	params = all_params(&b, methods[_i]);
	atomic_store(&once, true);
	for (long n = 0; n < 200; n++) {
		int ret = run_short(&p, &b, &params, n);

		ck_assert_msg(!ret || ret == -ENOMEM, "%ld: %s", n, nms_last_error()->text);
		failed += ret != 0;
	}
	atomic_store(&once, false);
	ck_assert_int_gt(failed, 10);
	ck_assert_int_eq(run_short(&p, &b, &params, -1), 0);
	place_close(&p);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lib-alloc");
	TCase *t = tcase_create("alloc");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, objects);
	tcase_add_test(t, submission);
	tcase_add_loop_test(t, work, 0, 5);
	tcase_add_loop_test(t, one_of_many, 0, 5);
	suite_add_tcase(s, t);
	return run_suite(s);
}

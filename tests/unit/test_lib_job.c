// SPDX-License-Identifier: GPL-2.0-only
/* Jobs of libnmsdev: life cycle, cancel, time, threads. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "test_lib.h"

#define MIB (1ull << 20)
#define LONG_COMMANDS 4000	/* of 64 MiB each: many seconds, unless it is cancelled */

static struct nms_job *long_job(struct nms_context *context, struct nms_buffer *buffer)
{
	struct nms_command *c = calloc(LONG_COMMANDS, sizeof(*c));
	struct nms_job *job;
	size_t i;

	ck_assert_ptr_nonnull(c);
	for (i = 0; i < LONG_COMMANDS; i++)
		c[i] = copy_command(NMS_OP_ZERO, buffer, NULL, nms_buffer_size(buffer));
	ok(nms_job_submit(context, c, LONG_COMMANDS, &job));
	free(c);
	return job;
}

static void wait_until_running(struct nms_job *job)
{
	struct nms_progress p;
	struct timespec pause = { 0, 1000000 };

	NMS_INIT(&p);
	do {
		nanosleep(&pause, NULL);
		ok(nms_job_progress(job, &p));
		ck_assert_int_eq(nms_job_poll(job), -EAGAIN);
	} while (!p.command);
	ck_assert_uint_eq(p.commands, LONG_COMMANDS);
}

static bool is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLIN);
}

START_TEST(life_cycle)
{
	struct place p = place_open(16 * MIB, 1);
	unsigned char in[300], out[300] = { 0 };
	struct nms_command c[5];
	struct nms_buffer *b;
	struct nms_result r;
	struct nms_job *job;
	size_t i;

	for (i = 0; i < sizeof(in); i++)
		in[i] = (unsigned char)(i * 7 + 1);
	ok(nms_buffer_create(p.context, 4096, &b));
	memset(c, 0, sizeof(c));
	c[0].op = NMS_OP_NOP;
	c[1] = copy_command(NMS_OP_WRITE, b, in, sizeof(in));
	c[2] = copy_command(NMS_OP_ZERO, b, NULL, 100);
	c[2].copy.offset = 50;
	c[3] = copy_command(NMS_OP_READ, b, out, sizeof(out));
	c[4].op = NMS_OP_NOP;
	ok(nms_job_submit(p.context, c, 5, &job));
	ok(nms_job_wait(job, NULL));
	ok(nms_job_poll(job));
	ck_assert(is_readable(nms_job_fd(job)));
	ck_assert_int_eq(nms_job_error(job)->error, 0);
	memset(in + 50, 0, 100);
	ck_assert_mem_eq(in, out, sizeof(in));
	NMS_INIT(&r);
	ok(nms_job_result(job, 3, &r));
	ck_assert_int_eq(r.error, 0);
	ck_assert_uint_eq(r.value, sizeof(out));
	ck_assert_str_eq(r.backend, "emu");
	ck_assert_uint_ge(r.link_out, sizeof(out));
	ck_assert_uint_gt(r.energy[NMS_ENERGY_LINK], 0);
	fails(nms_job_result(job, 5, &r), -EINVAL, NMS_CAUSE_ARGUMENT, "5 commands");
	nms_job_destroy(job);
	place_close(&p);
}
END_TEST

START_TEST(first_error_ends)
{
	struct place p = place_open(16 * MIB, 1);
	uint32_t index[3] = { 0, 9, 1 };
	float rows[4] = { 1, 2, 3, 4 }, got[3], seen = 0;
	struct nms_buffer *data, *list;
	struct nms_command c[4];
	struct nms_result r;
	struct nms_job *job;

	ok(nms_buffer_wrap(p.context, rows, sizeof(rows), NMS_READ, &data));
	ok(nms_buffer_wrap(p.context, index, sizeof(index), NMS_READ, &list));
	memset(c, 0, sizeof(c));
	c[0].op = NMS_OP_NOP;
	c[1].op = NMS_OP_GATHER;
	c[1].gather.input = (struct nms_matrix){ .buffer = data, .rows = 4, .cols = 1,
						 .dtype = NMS_F32 };
	c[1].gather.index = (struct nms_vector){ .buffer = list, .count = 3 };
	c[1].gather.host = got;
	c[1].gather.bytes = sizeof(got);
	c[2] = copy_command(NMS_OP_READ, data, &seen, sizeof(seen));
	ok(nms_job_submit(p.context, c, 3, &job));
	fails(nms_job_wait(job, NULL), -EINVAL, NMS_CAUSE_INDEX, "index: entry 1 is row 9");
	ck_assert_uint_eq(nms_job_error(job)->row, 1);
	NMS_INIT(&r);
	ok(nms_job_result(job, 0, &r));
	ck_assert_int_eq(r.error, 0);
	ok(nms_job_result(job, 1, &r));
	ck_assert_int_eq(r.error, -EINVAL);
	ck_assert_int_eq(r.cause, NMS_CAUSE_INDEX);
	ok(nms_job_result(job, 2, &r));
	ck_assert_int_eq(r.error, -ECANCELED);
	ck_assert(seen == 0);
	nms_job_destroy(job);
	index[1] = 3;
	ok(run_commands(p.context, &c[1], 1));
	ck_assert(got[0] == 1 && got[1] == 4 && got[2] == 2);
	place_close(&p);
}
END_TEST

START_TEST(cancel_in_the_middle)
{
	struct place p = place_open(256 * MIB, 1);
	struct nms_buffer *b;
	struct nms_result r;
	struct nms_job *job;
	uint64_t began;

	ok(nms_buffer_create(p.context, 64 * MIB, &b));
	job = long_job(p.context, b);
	wait_until_running(job);
	ck_assert(!is_readable(nms_job_fd(job)));
	ck_assert_ptr_null(nms_job_error(job));
	NMS_INIT(&r);
	ck_assert_int_eq(nms_job_result(job, 0, &r), -EAGAIN);
	began = now_ms();
	nms_job_cancel(job);
	fails(nms_job_wait(job, NULL), -ECANCELED, NMS_CAUSE_CANCELLED, "cancelled");
	ck_assert_uint_lt(now_ms() - began, 1000);
	ok(nms_job_result(job, LONG_COMMANDS - 1, &r));
	ck_assert_int_eq(r.error, -ECANCELED);
	ck_assert(is_readable(nms_job_fd(job)));
	nms_job_cancel(job);
	nms_job_destroy(job);
	place_close(&p);
}
END_TEST

/* One that is still in the queue ends at once, though another runs. */
START_TEST(cancel_queued)
{
	struct place p = place_open(256 * MIB, 1);
	struct nms_command nop = { .op = NMS_OP_NOP };
	struct nms_job *first, *second, *third;
	struct nms_buffer *b;

	ok(nms_buffer_create(p.context, 64 * MIB, &b));
	first = long_job(p.context, b);
	wait_until_running(first);
	ok(nms_job_submit(p.context, &nop, 1, &second));
	ok(nms_job_submit(p.context, &nop, 1, &third));
	nms_job_cancel(second);
	ck_assert(is_readable(nms_job_fd(second)));
	fails(nms_job_poll(second), -ECANCELED, NMS_CAUSE_CANCELLED, "cancelled");
	ck_assert_int_eq(nms_job_poll(first), -EAGAIN);
	nms_job_destroy(second);
	nms_job_cancel(first);
	ck_assert_int_eq(nms_job_wait(first, NULL), -ECANCELED);
	ok(nms_job_wait(third, NULL));
	nms_job_destroy(third);
	nms_job_destroy(first);
	place_close(&p);
}
END_TEST

static struct nms_job *_Atomic signal_job;

static void on_signal(int sig)
{
	(void)sig;
	nms_job_cancel(atomic_load(&signal_job));
}

START_TEST(cancel_from_signal)
{
	struct place p = place_open(256 * MIB, 1);
	struct sigaction action = { .sa_handler = on_signal }, old;
	struct nms_buffer *b;
	struct nms_job *job;

	ok(nms_buffer_create(p.context, 64 * MIB, &b));
	job = long_job(p.context, b);
	wait_until_running(job);
	atomic_store(&signal_job, job);
	ck_assert_int_eq(sigaction(SIGUSR1, &action, &old), 0);
	ck_assert_int_eq(raise(SIGUSR1), 0);
	ck_assert_int_eq(nms_job_wait(job, NULL), -ECANCELED);
	sigaction(SIGUSR1, &old, NULL);
	nms_job_destroy(job);
	place_close(&p);
}
END_TEST

START_TEST(cancel_at_once)
{
	struct place p = place_open(256 * MIB, 1);
	struct nms_buffer *b;
	struct nms_job *job;
	int i;

	ok(nms_buffer_create(p.context, 64 * MIB, &b));
	for (i = 0; i < 50; i++) {
		job = long_job(p.context, b);
		nms_job_cancel(job);
		ck_assert_int_eq(nms_job_wait(job, NULL), -ECANCELED);
		nms_job_destroy(job);
	}
	place_close(&p);
}
END_TEST

START_TEST(wait_times_out)
{
	struct place p = place_open(256 * MIB, 1);
	struct timespec t = after_ms(40), past = { 1, 0 }, bad = { 0, 1000000000 };
	struct nms_buffer *b;
	struct nms_job *job;
	uint64_t began = now_ms();

	ok(nms_buffer_create(p.context, 64 * MIB, &b));
	job = long_job(p.context, b);
	fails(nms_job_wait(job, &t), -ETIMEDOUT, NMS_CAUSE_TIMEOUT, "the job goes on");
	ck_assert_uint_ge(now_ms() - began, 39);
	fails(nms_job_wait(job, &past), -ETIMEDOUT, NMS_CAUSE_TIMEOUT, "timed out");
	fails(nms_job_wait(job, &bad), -EINVAL, NMS_CAUSE_ARGUMENT, "deadline: 1000000000");
	ck_assert_int_eq(nms_job_poll(job), -EAGAIN);
	nms_job_destroy(job);
	place_close(&p);
}
END_TEST

START_TEST(deadline_of_a_command)
{
	struct place p = place_open(2048 * MIB, 1);
	struct nms_command c;
	struct nms_buffer *b;

	ok(nms_buffer_create(p.context, 1024 * MIB, &b));
	c = copy_command(NMS_OP_ZERO, b, NULL, 1024 * MIB);
	c.deadline_ms = 1;
	fails(run_commands(p.context, &c, 1), -ETIME, NMS_CAUSE_DEADLINE, "deadline");
	place_close(&p);
}
END_TEST

START_TEST(destroy_with_running_jobs)
{
	struct place p = place_open(256 * MIB, 1);
	struct nms_job *jobs[4];
	struct nms_buffer *b;
	int i;

	ok(nms_buffer_create(p.context, 64 * MIB, &b));
	for (i = 0; i < 4; i++)
		jobs[i] = long_job(p.context, b);
	nms_buffer_destroy(b);
	wait_until_running(jobs[0]);
	nms_device_close(p.device);
	nms_context_destroy(p.context);
	for (i = 0; i < 4; i++) {
		fails(nms_job_poll(jobs[i]), -ECANCELED, NMS_CAUSE_CANCELLED, "cancelled");
		nms_job_destroy(jobs[i]);
	}
}
END_TEST

/* A job keeps what it uses; near memory is free again once it has ended. */
START_TEST(buffer_outlives_its_handle)
{
	struct place p = place_open(64 * MIB, 1);
	unsigned char in[64], out[64] = { 0 };
	struct nms_device_info info;
	struct nms_command c[3];
	struct nms_buffer *b;
	struct nms_job *job;

	memset(in, 0x5a, sizeof(in));
	ok(nms_buffer_create(p.context, 60 * MIB, &b));
	c[0] = copy_command(NMS_OP_ZERO, b, NULL, 60 * MIB);
	c[1] = copy_command(NMS_OP_WRITE, b, in, sizeof(in));
	c[2] = copy_command(NMS_OP_READ, b, out, sizeof(out));
	ok(nms_job_submit(p.context, c, 3, &job));
	nms_buffer_destroy(b);
	ok(nms_job_wait(job, NULL));
	ck_assert_mem_eq(in, out, sizeof(in));
	NMS_INIT(&info);
	ok(nms_device_info(p.device, &info));
	ck_assert_uint_eq(info.near_used, 0);
	nms_job_destroy(job);
	place_close(&p);
}
END_TEST

#define CLIENTS 6
#define ROUNDS 60

struct client {
	struct nms_context *context;
	unsigned char seed;
	int failed;
};

static int client_round(struct client *c, struct nms_buffer *b, unsigned char *bytes)
{
	unsigned char out[4096];
	struct nms_command cmd[2];
	struct nms_job *job;
	struct timespec t = after_ms(20000);
	int ret;

	memset(bytes, c->seed++, sizeof(out));
	cmd[0] = copy_command(NMS_OP_WRITE, b, bytes, sizeof(out));
	cmd[1] = copy_command(NMS_OP_READ, b, out, sizeof(out));
	ret = nms_job_submit(c->context, cmd, 2, &job);
	if (ret)
		return ret;
	ret = nms_job_wait(job, &t);
	nms_job_destroy(job);
	return ret ? ret : memcmp(bytes, out, sizeof(out));
}

static void *client(void *arg)
{
	unsigned char bytes[4096];
	struct client *c = arg;
	struct nms_buffer *b;
	int i;

	for (i = 0; i < ROUNDS && !c->failed; i++) {
		c->failed = nms_buffer_create(c->context, sizeof(bytes), &b);
		if (c->failed)
			break;
		c->failed = client_round(c, b, bytes);
		nms_buffer_destroy(b);
	}
	return NULL;
}

/* Threads that share a context, and others with their own, on one device. */
START_TEST(many_threads_and_contexts)
{
	struct place p = place_open(64 * MIB, 2);
	struct client clients[CLIENTS];
	pthread_t threads[CLIENTS];
	struct nms_counters sum;
	int i;

	for (i = 0; i < CLIENTS; i++) {
		clients[i] = (struct client){ .seed = (unsigned char)(i * 40) };
		if (i < 3)
			clients[i].context = p.context;
		else
			ok(nms_context_create(p.device, &clients[i].context));
		ck_assert_int_eq(pthread_create(&threads[i], NULL, client, &clients[i]), 0);
	}
	for (i = 0; i < CLIENTS; i++) {
		pthread_join(threads[i], NULL);
		ck_assert_int_eq(clients[i].failed, 0);
		if (i >= 3)
			nms_context_destroy(clients[i].context);
	}
	NMS_INIT(&sum);
	ok(nms_context_counters(p.context, &sum));
	ck_assert_uint_eq(sum.commands, 3 * ROUNDS * 2);
	ck_assert_uint_eq(sum.errors, 0);
	ck_assert_uint_ge(sum.link_in, 3 * ROUNDS * 4096);
	ok(nms_device_counters(p.device, &sum));
	ck_assert_uint_eq(sum.commands, CLIENTS * ROUNDS * 2);
	place_close(&p);
}
END_TEST

static void *waiter(void *arg)
{
	return (void *)(intptr_t)nms_job_wait(arg, NULL);
}

START_TEST(many_waiters)
{
	struct place p = place_open(256 * MIB, 1);
	pthread_t threads[4];
	struct nms_buffer *b;
	struct nms_job *job;
	void *ret;
	int i;

	ok(nms_buffer_create(p.context, 64 * MIB, &b));
	job = long_job(p.context, b);
	for (i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, waiter, job), 0);
	wait_until_running(job);
	nms_job_cancel(job);
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], &ret);
		ck_assert_int_eq((int)(intptr_t)ret, -ECANCELED);
	}
	nms_job_destroy(job);
	place_close(&p);
}
END_TEST

START_TEST(null_and_empty)
{
	struct place p = place_open(MIB, 1);
	struct nms_command nop = { .op = NMS_OP_NOP }, odd = { .op = (enum nms_op)0x44 };
	struct nms_job *job;

	fails(nms_job_submit(NULL, &nop, 1, &job), -EINVAL, NMS_CAUSE_ARGUMENT, "context: is NULL");
	fails(nms_job_submit(p.context, NULL, 1, &job), -EINVAL, NMS_CAUSE_ARGUMENT, "commands");
	fails(nms_job_submit(p.context, &nop, 1, NULL), -EINVAL, NMS_CAUSE_ARGUMENT, "job: is NULL");
	fails(nms_job_submit(p.context, &nop, 0, &job), -EINVAL, NMS_CAUSE_ARGUMENT, "0 commands");
	fails(nms_job_submit(p.context, &nop, 65536, &job), -EINVAL, NMS_CAUSE_ARGUMENT, "65536");
	fails(nms_job_submit(p.context, &odd, 1, &job), -EINVAL, NMS_CAUSE_ARGUMENT,
	      "op: 0x44 is no command");
	fails(nms_job_wait(NULL, NULL), -EINVAL, NMS_CAUSE_ARGUMENT, "job: is NULL");
	fails(nms_job_fd(NULL), -EINVAL, NMS_CAUSE_ARGUMENT, "job: is NULL");
	nms_job_cancel(NULL);
	nms_job_destroy(NULL);
	ck_assert_ptr_null(nms_job_error(NULL));
	place_close(&p);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lib-job");
	TCase *t = tcase_create("job");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, life_cycle);
	tcase_add_test(t, first_error_ends);
	tcase_add_test(t, cancel_in_the_middle);
	tcase_add_test(t, cancel_queued);
	tcase_add_test(t, cancel_from_signal);
	tcase_add_test(t, cancel_at_once);
	tcase_add_test(t, wait_times_out);
	tcase_add_test(t, deadline_of_a_command);
	tcase_add_test(t, destroy_with_running_jobs);
	tcase_add_test(t, buffer_outlives_its_handle);
	tcase_add_test(t, many_threads_and_contexts);
	tcase_add_test(t, many_waiters);
	tcase_add_test(t, null_and_empty);
	suite_add_tcase(s, t);
	return run_suite(s);
}

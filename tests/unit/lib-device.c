// SPDX-License-Identifier: GPL-2.0-only
/*
 * libnmsdev on a device behind a kernel, and beside it the software accelerator,
 * which must give the same bits.  Not for machines without one: tests/vm runs it.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "test_lib_blobs.h"

#define MIB (1ull << 20)

static const char *const ways[] = { "auto", "/dev/nms0:submission=ioctl" };

static struct place at(const char *uri)
{
	struct place p;

	ok(nms_device_open(uri, NULL, &p.device));
	ok(nms_context_create(p.device, &p.context));
	return p;
}

/* The rows of @b in near memory of @p. */
static struct nms_matrix rows_of(const struct place *p, const struct blobs *b)
{
	struct nms_matrix m = b->data;
	struct nms_command c;

	ok(nms_buffer_create(p->context, sizeof(b->x), &m.buffer));
	m.offset = 0;
	c = copy_command(NMS_OP_WRITE, m.buffer, (void *)b->x, sizeof(b->x));
	ok(run_commands(p->context, &c, 1));
	return m;
}

START_TEST(device_is_taken)
{
	struct nms_device_info info;
	struct place p = at(ways[_i]);

	NMS_INIT(&info);
	ok(nms_device_info(p.device, &info));
	printf("# %s: %s, profile %s, %llu MiB near, energy %s\n", info.reason, info.name,
	       info.profile, (unsigned long long)(info.near_size >> 20), info.energy);
	ck_assert_str_eq(info.backend, "kernel");
	ck_assert_str_eq(info.node, "/dev/nms0");
	ck_assert_uint_gt(info.near_size, MIB);
	if (_i)
		ck_assert_str_eq(info.submission, "ioctl");
	place_close(&p);
}
END_TEST

START_TEST(data_comes_back)
{
	static unsigned char in[9 << 20], out[9 << 20];
	struct place p = at(ways[_i]);
	struct nms_command c[2];
	struct nms_counters n;
	struct nms_buffer *b;
	size_t i;

	for (i = 0; i < sizeof(in); i++)
		in[i] = (unsigned char)(i * 2654435761u >> 13);
	ok(nms_buffer_create(p.context, sizeof(in), &b));
	c[0] = copy_command(NMS_OP_WRITE, b, in + 5, sizeof(in) - 7);
	c[1] = copy_command(NMS_OP_READ, b, out + 3, sizeof(in) - 7);
	ok(run_commands(p.context, c, 2));
	ck_assert_mem_eq(in + 5, out + 3, sizeof(in) - 7);
	NMS_INIT(&n);
	ok(nms_context_counters(p.context, &n));
	ck_assert_uint_eq(n.commands, 2);
	ck_assert_uint_ge(n.link_in, sizeof(in) - 7);
	ck_assert_uint_ge(n.link_out, sizeof(in) - 7);
	ck_assert_uint_gt(n.energy[NMS_ENERGY_LINK], 0);
	place_close(&p);
}
END_TEST

/* Each command of compute; few, for software in an emulated guest is slow. */
static const char *const methods[] = { "auto", "grid", "facility" };

#define NMETHODS ((int)(sizeof(methods) / sizeof(methods[0])))

static void choose(const struct place *p, const struct nms_matrix *m, const struct blobs *b,
		   const char *method, struct nms_sample **s, struct nms_sample_result *r)
{
	struct nms_sample_params params;

	NMS_INIT(&params);
	params.method = method;
	params.count = 12;
	params.labels = b->labels;
	params.profile = "portable";
	params.want_embedding = !strcmp(method, "grid");
	params.seed = 7;
	ok(nms_sample_submit(p->context, m, &params, s));
	ok(nms_job_wait(nms_sample_job(*s), NULL));
	NMS_INIT(r);
	ok(nms_sample_result(*s, r));
}

START_TEST(same_bits_as_in_software)
{
	const char *method = methods[_i % NMETHODS];
	struct place p = at(ways[_i / NMETHODS]), q = at("emu:near_size=64M");
	struct nms_sample_result there, here;
	struct nms_sample *s, *t;
	static struct blobs b;
	struct nms_matrix far_m, near_m;

	blobs_make(q.context, &b);
	near_m = b.data;
	far_m = rows_of(&p, &b);
	choose(&p, &far_m, &b, method, &s, &there);
	choose(&q, &near_m, &b, method, &t, &here);
	ck_assert_uint_eq(there.count, here.count);
	ck_assert_mem_eq(there.index, here.index, here.count * sizeof(*here.index));
	ck_assert_mem_eq(there.weight, here.weight, here.count * sizeof(*here.weight));
	ck_assert_ptr_null(strcmp(method, "grid") ? there.embedding : NULL);
	if (here.embedding)
		ck_assert_mem_eq(there.embedding, here.embedding, 8 * BLOB_ROWS);
	ck_assert_str_eq(there.total.profile, "portable");
	ck_assert_str_eq(there.total.backend, "kernel");
	ck_assert_uint_eq(there.total.mac, here.total.mac);
	ck_assert_uint_gt(there.total.energy[NMS_ENERGY_COMPUTE], 0);
	ck_assert_uint_eq(there.total.energy[NMS_ENERGY_COMPUTE],
			  here.total.energy[NMS_ENERGY_COMPUTE]);
	nms_sample_destroy(s);
	nms_sample_destroy(t);
	place_close(&p);
	place_close(&q);
}
END_TEST

START_TEST(rows_are_gathered)
{
	struct place p = at(ways[_i]), q = at("emu:near_size=64M");
	uint32_t index[5] = { 300, 2, 2, 0, BLOB_ROWS - 1 };
	float got[5][BLOB_COLS];
	struct nms_buffer *list;
	static struct blobs b;
	struct nms_command c[2];
	struct nms_matrix m;
	int i;

	blobs_make(q.context, &b);
	m = rows_of(&p, &b);
	ok(nms_buffer_create(p.context, sizeof(index), &list));
	c[0] = copy_command(NMS_OP_WRITE, list, index, sizeof(index));
	memset(&c[1], 0, sizeof(c[1]));
	c[1].op = NMS_OP_GATHER;
	c[1].gather.input = m;
	c[1].gather.index = (struct nms_vector){ .buffer = list, .count = 5 };
	c[1].gather.host = got;
	c[1].gather.bytes = sizeof(got);
	ok(run_commands(p.context, c, 2));
	for (i = 0; i < 5; i++)
		ck_assert_mem_eq(got[i], &b.x[index[i] * BLOB_COLS], sizeof(got[i]));
	index[3] = BLOB_ROWS;
	fails(run_commands(p.context, c, 2), -EINVAL, NMS_CAUSE_INDEX, "index: entry 3 is row 360");
	place_close(&p);
	place_close(&q);
}
END_TEST

START_TEST(what_is_wrong_with_data_is_told)
{
	struct place p = at(ways[_i]), q = at("emu:near_size=64M");
	struct nms_sample_params params;
	struct nms_sample *s;
	static struct blobs b;
	struct nms_matrix m;

	blobs_make(q.context, &b);
	b.x[17 * BLOB_COLS + 3] = NAN;
	m = rows_of(&p, &b);
	NMS_INIT(&params);
	params.count = 5;
	ok(nms_sample_submit(p.context, &m, &params, &s));
	fails(nms_job_wait(nms_sample_job(s), NULL), -EINVAL, NMS_CAUSE_NOT_FINITE,
	      "row 17, column 3: nan is not a finite number");
	ck_assert_uint_eq(nms_last_error()->row, 17);
	nms_sample_destroy(s);
	place_close(&p);
	place_close(&q);
}
END_TEST

/* A job that would take minutes, after a while; it must end soon, and progress be told. */
START_TEST(work_is_cancelled)
{
	struct place p = at(ways[_i]);
	struct nms_matrix m = { .rows = 20000, .cols = 64, .dtype = NMS_U8 };
	struct timespec pause = { 1, 500000000 };
	struct nms_sample_params params;
	static unsigned char rows[20000 * 64];
	struct nms_progress progress;
	struct nms_command load;
	struct nms_sample *s;
	uint64_t began, state = 1;
	size_t i;

	for (i = 0; i < sizeof(rows); i++)
		rows[i] = (unsigned char)(255 * blob_uniform(&state));
	ok(nms_buffer_create(p.context, sizeof(rows), &m.buffer));
	load = copy_command(NMS_OP_WRITE, m.buffer, rows, sizeof(rows));
	ok(run_commands(p.context, &load, 1));
	NMS_INIT(&params);
	params.method = "adapsne";
	params.count = 5;
	ok(nms_sample_submit(p.context, &m, &params, &s));
	began = now_ms();
	do {
		nanosleep(&pause, NULL);
		NMS_INIT(&progress);
		ok(nms_job_progress(nms_sample_job(s), &progress));
	} while (!progress.total && now_ms() - began < 60000);
	printf("# command %zu of %zu, %s: %llu of %llu\n", progress.command, progress.commands,
	       nms_phase_name(progress.phase), (unsigned long long)progress.done,
	       (unsigned long long)progress.total);
	ck_assert_uint_gt(progress.total, 0);
	began = now_ms();
	nms_job_cancel(nms_sample_job(s));
	fails(nms_job_wait(nms_sample_job(s), NULL), -ECANCELED, NMS_CAUSE_CANCELLED, "cancelled");
	ck_assert_uint_lt(now_ms() - began, 5000);
	nms_sample_destroy(s);
	place_close(&p);
}
END_TEST

START_TEST(datasets_outlive_their_makers)
{
	struct place p = at(ways[0]);
	unsigned char in[1000], out[1000];
	struct nms_matrix m = { .rows = 10, .cols = 100, .dtype = NMS_U8 };
	struct nms_dataset_info info;
	struct nms_dataset *d;
	struct nms_command c;

	memset(in, 0x5a, sizeof(in));
	ok(nms_buffer_create(p.context, sizeof(in), &m.buffer));
	c = copy_command(NMS_OP_WRITE, m.buffer, in, sizeof(in));
	ok(run_commands(p.context, &c, 1));
	ok(nms_dataset_create(p.context, "some rows", &m, 0640, &d));
	fails(nms_dataset_create(p.context, "some rows", &m, 0640, &d), -EINVAL, NMS_CAUSE_ARGUMENT,
	      "another dataset");
	place_close(&p);
	p = at(ways[1]);
	NMS_INIT(&info);
	ok(nms_dataset_info(p.context, 0, &info));
	ck_assert_str_eq(info.name, "some rows");
	ck_assert_uint_eq(info.rows, 10);
	ck_assert_uint_eq(info.mode, 0640);
	ck_assert_int_eq(nms_dataset_info(p.context, 1, &info), -ENOENT);
	ok(nms_dataset_open(p.context, "some rows", &d));
	ck_assert_uint_eq(nms_dataset_matrix(d)->stride, 100);
	c = copy_command(NMS_OP_READ, nms_dataset_matrix(d)->buffer, out, sizeof(out));
	ok(run_commands(p.context, &c, 1));
	ck_assert_mem_eq(in, out, sizeof(in));
	c.op = NMS_OP_WRITE;
	fails(run_commands(p.context, &c, 1), -EACCES, NMS_CAUSE_RIGHT, "no such right");
	ok(nms_dataset_unlink(p.context, "some rows"));
	fails(nms_dataset_open(p.context, "some rows", &d), -ENOENT, NMS_CAUSE_NAME, "some rows");
	place_close(&p);
}
END_TEST

START_TEST(near_memory_is_counted)
{
	struct place p = at(ways[0]);
	struct nms_device_info info;
	struct nms_counters c;
	struct nms_buffer *b;

	NMS_INIT(&info);
	ok(nms_device_info(p.device, &info));
	ck_assert_uint_eq(info.near_used, 0);
	fails(nms_buffer_create(p.context, info.near_size + 1, &b), -ENOSPC, NMS_CAUSE_NEAR_MEMORY,
	      "are free");
	ok(nms_buffer_create(p.context, 4097, &b));
	ok(nms_device_info(p.device, &info));
	ck_assert_uint_eq(info.near_used, 8192);
	NMS_INIT(&c);
	ok(nms_device_counters(p.device, &c));
	ck_assert_uint_gt(c.commands, 0);
	place_close(&p);
}
END_TEST

static void *small_jobs(void *arg)
{
	unsigned char in[4096], out[4096];
	struct nms_context *context;
	struct nms_command c[2];
	struct nms_buffer *b;
	long failed;
	int i;

	memset(in, 7, sizeof(in));
	failed = nms_context_create(arg, &context);
	if (failed)
		return (void *)failed;
	failed = nms_buffer_create(context, 4096, &b);
	for (i = 0; i < 50 && !failed; i++) {
		c[0] = copy_command(NMS_OP_WRITE, b, in, 4096);
		c[1] = copy_command(NMS_OP_READ, b, out, 4096);
		failed = run_commands(context, c, 2) || memcmp(in, out, 4096);
	}
	nms_context_destroy(context);
	return (void *)failed;
}

START_TEST(contexts_at_once)
{
	struct place p = at(ways[_i]);
	pthread_t threads[6];
	void *failed;
	int i;

	for (i = 0; i < 6; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, small_jobs, p.device), 0);
	for (i = 0; i < 6; i++) {
		pthread_join(threads[i], &failed);
		ck_assert_ptr_null(failed);
	}
	place_close(&p);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lib-device");
	TCase *t = tcase_create("device");

	setlinebuf(stdout);
	tcase_set_timeout(t, 300);
	tcase_add_loop_test(t, device_is_taken, 0, 2);
	tcase_add_loop_test(t, data_comes_back, 0, 2);
	tcase_add_loop_test(t, rows_are_gathered, 0, 2);
	tcase_add_loop_test(t, same_bits_as_in_software, 0, 2 * NMETHODS);
	tcase_add_loop_test(t, what_is_wrong_with_data_is_told, 0, 2);
	tcase_add_loop_test(t, work_is_cancelled, 0, 2);
	tcase_add_test(t, datasets_outlive_their_makers);
	tcase_add_test(t, near_memory_is_counted);
	tcase_add_loop_test(t, contexts_at_once, 0, 2);
	suite_add_tcase(s, t);
	return run_suite(s);
}

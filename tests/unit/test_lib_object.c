// SPDX-License-Identifier: GPL-2.0-only
/* Devices, contexts, buffers and datasets of libnmsdev. */
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "test_lib.h"

#define MIB (1ull << 20)

START_TEST(device_tells_about_itself)
{
	struct nms_device_info info;
	struct nms_device *d;

	ok(nms_device_open("emu:near_size=3M,threads=2,profile=portable,energy=hbm2e", NULL, &d));
	NMS_INIT(&info);
	ok(nms_device_info(d, &info));
	ck_assert_str_eq(info.backend, "emu");
	ck_assert_str_eq(info.profile, "portable");
	ck_assert_uint_eq(info.near_size, 3 * MIB);
	ck_assert_uint_eq(info.near_used, 0);
	ck_assert_uint_eq(info.threads, 2);
	ck_assert_uint_ge(info.numerics, 1);
	ck_assert(strstr(info.energy, "hbm2e"));
	ck_assert(info.energy_source[0]);
	ck_assert_str_eq(info.node, "");
	ck_assert_str_eq(info.submission, "direct");
	ck_assert_str_eq(info.reason, "software accelerator: asked for by name");
	nms_device_close(d);
	ok(nms_device_open("auto", NULL, &d));
	ok(nms_device_info(d, &info));
	ck_assert_uint_gt(info.near_size, 0);
	nms_device_close(d);
	nms_device_close(NULL);
	ck_assert_str_eq(nms_version(), "0.1.0");
}
END_TEST

START_TEST(device_that_is_not_there)
{
	struct nms_device_options o;
	struct nms_device *d;

	fails(nms_device_open("/dev/nms9", NULL, &d), -ENODEV, NMS_CAUSE_URI, "/dev/nms9");
	fails(nms_device_open("", NULL, &d), -ENODEV, NMS_CAUSE_URI, "no device \"\"");
	fails(nms_device_open(NULL, NULL, &d), -EINVAL, NMS_CAUSE_ARGUMENT, "uri: is NULL");
	fails(nms_device_open("emu:", NULL, NULL), -EINVAL, NMS_CAUSE_ARGUMENT, "device: is NULL");
	fails(nms_device_open("emu:speed=9", NULL, &d), -EINVAL, NMS_CAUSE_OPTION,
	      "speed: no such device option");
	fails(nms_device_open("emu:threads", NULL, &d), -EINVAL, NMS_CAUSE_OPTION, "NAME=VALUE");
	fails(nms_device_open("emu:threads=2x", NULL, &d), -EINVAL, NMS_CAUSE_OPTION,
	      "threads: \"2x\" is not a number of threads");
	fails(nms_device_open("emu:near_size=-1", NULL, &d), -EINVAL, NMS_CAUSE_OPTION, "\"-1\"");
	fails(nms_device_open("emu:near_size=99999999999T", NULL, &d), -EINVAL, NMS_CAUSE_OPTION,
	      "not a size");
	NMS_INIT(&o);
	o.profile = "fuzzy";
	fails(nms_device_open("emu:", &o, &d), -EINVAL, NMS_CAUSE_PROFILE, "fuzzy");
	NMS_INIT(&o);
	o.energy = "abacus";
	fails(nms_device_open("emu:", &o, &d), -ENOENT, NMS_CAUSE_ENERGY, "abacus");
	o.energy = "/dev/null";
	fails(nms_device_open("emu:", &o, &d), -EBADMSG, NMS_CAUSE_ENERGY, "/dev/null");
}
END_TEST

/* A structure as a newer program would have it. */
struct longer {
	struct nms_device_options o;
	unsigned char more[16];
};

START_TEST(structures_by_size)
{
	struct nms_device_info info;
	struct longer l;
	struct {
		struct nms_counters c;
		unsigned char more[16];
	} out;
	struct nms_device *d;

	NMS_INIT(&l);
	memcpy(&l.o.size, &(size_t){ sizeof(l) }, sizeof(size_t));
	l.o.threads = 1;
	ok(nms_device_open("emu:", &l.o, &d));
	memset(&out, 0xff, sizeof(out));
	out.c.size = sizeof(out);
	ok(nms_device_counters(d, &out.c));
	ck_assert_uint_eq(out.c.size, sizeof(out));
	ck_assert_uint_eq(out.more[0] | out.more[15], 0);
	memset(&info, 0, sizeof(info));
	fails(nms_device_info(d, &info), -EINVAL, NMS_CAUSE_SIZE, "size is 0");
	info.size = sizeof(info) - 1;
	fails(nms_device_info(d, &info), -EINVAL, NMS_CAUSE_SIZE, "info: size is");
	fails(nms_device_info(d, NULL), -EINVAL, NMS_CAUSE_ARGUMENT, "info: is NULL");
	nms_device_close(d);
	l.more[3] = 1;
	fails(nms_device_open("emu:", &l.o, &d), -EINVAL, NMS_CAUSE_SIZE, "options: byte");
	l.o.size = 0;
	fails(nms_device_open("emu:", &l.o, &d), -EINVAL, NMS_CAUSE_SIZE, "NMS_INIT()");
}
END_TEST

START_TEST(near_memory_is_finite)
{
	struct place p = place_open(MIB, 1);
	struct nms_device_info info;
	struct nms_buffer *a, *b;

	fails(nms_buffer_create(p.context, 0, &a), -EINVAL, NMS_CAUSE_ARGUMENT, "0 bytes");
	ok(nms_buffer_create(p.context, MIB - 8192, &a));
	ck_assert_uint_eq(nms_buffer_size(a), MIB - 8192);
	fails(nms_buffer_create(p.context, 8193, &b), -ENOSPC, NMS_CAUSE_NEAR_MEMORY,
	      "8193 bytes wanted, 8192 of 1048576 are free");
	ok(nms_buffer_create(p.context, 8192, &b));
	nms_buffer_destroy(a);
	nms_buffer_destroy(b);
	nms_buffer_destroy(NULL);
	NMS_INIT(&info);
	ok(nms_device_info(p.device, &info));
	ck_assert_uint_eq(info.near_used, 0);
	ck_assert_uint_eq(nms_buffer_size(NULL), 0);
	place_close(&p);
}
END_TEST

START_TEST(buffers_begin_as_zero)
{
	struct place p = place_open(MIB, 1);
	unsigned char bytes[4096];
	struct nms_command c;
	struct nms_buffer *b;
	size_t i, k;

	for (i = 0; i < 2; i++) {
		ok(nms_buffer_create(p.context, MIB, &b));
		c = copy_command(NMS_OP_READ, b, bytes, sizeof(bytes));
		memset(bytes, 1, sizeof(bytes));
		ok(run_commands(p.context, &c, 1));
		for (k = 0; k < sizeof(bytes); k++)
			ck_assert_uint_eq(bytes[k], 0);
		memset(bytes, 1, sizeof(bytes));
		c.op = NMS_OP_WRITE;
		ok(run_commands(p.context, &c, 1));
		nms_buffer_destroy(b);
	}
	place_close(&p);
}
END_TEST

START_TEST(wrapped_memory_is_the_callers)
{
	struct place p = place_open(MIB, 1);
	unsigned char mine[100] = { 1, 2, 3 }, other[100];
	struct nms_device_info info;
	struct nms_command c;
	struct nms_buffer *b;

	fails(nms_buffer_wrap(p.context, mine, 100, 0, &b), -EINVAL, NMS_CAUSE_ARGUMENT,
	      "access: is 0x0");
	fails(nms_buffer_wrap(p.context, mine, 100, 8, &b), -EINVAL, NMS_CAUSE_ARGUMENT, "0x8");
	fails(nms_buffer_wrap(p.context, NULL, 100, NMS_READ, &b), -EINVAL, NMS_CAUSE_ARGUMENT,
	      "memory: is NULL");
	ok(nms_buffer_wrap(p.context, mine, sizeof(mine), NMS_READ, &b));
	NMS_INIT(&info);
	ok(nms_device_info(p.device, &info));
	ck_assert_uint_eq(info.near_used, 0);
	c = copy_command(NMS_OP_READ, b, other, sizeof(other));
	ok(run_commands(p.context, &c, 1));
	ck_assert_mem_eq(mine, other, sizeof(mine));
	c.op = NMS_OP_WRITE;
	fails(run_commands(p.context, &c, 1), -EACCES, NMS_CAUSE_RIGHT, "buffer");
	nms_buffer_destroy(b);
	ok(nms_buffer_wrap(p.context, mine, sizeof(mine), NMS_READ | NMS_WRITE, &b));
	memset(other, 9, sizeof(other));
	c = copy_command(NMS_OP_WRITE, b, other, sizeof(other));
	ok(run_commands(p.context, &c, 1));
	ck_assert_mem_eq(mine, other, sizeof(mine));
	place_close(&p);
}
END_TEST

START_TEST(contexts_do_not_see_each_other)
{
	struct place p = place_open(MIB, 1), q = place_open(MIB, 1);
	struct nms_context *other;
	unsigned char bytes[64];
	struct nms_command c;
	struct nms_buffer *b;

	ok(nms_context_create(p.device, &other));
	ok(nms_buffer_create(p.context, 64, &b));
	c = copy_command(NMS_OP_READ, b, bytes, 64);
	fails(run_commands(other, &c, 1), -EACCES, NMS_CAUSE_RIGHT, "another context");
	fails(run_commands(q.context, &c, 1), -EINVAL, NMS_CAUSE_ARGUMENT, "another device");
	ok(run_commands(p.context, &c, 1));
	nms_context_destroy(other);
	place_close(&p);
	place_close(&q);
}
END_TEST

START_TEST(copies_stay_within_buffers)
{
	struct place p = place_open(MIB, 1);
	unsigned char bytes[64];
	struct nms_command c;
	struct nms_buffer *b;

	ok(nms_buffer_create(p.context, 64, &b));
	c = copy_command(NMS_OP_READ, b, bytes, 65);
	fails(run_commands(p.context, &c, 1), -EINVAL, NMS_CAUSE_RANGE,
	      "copy: 65 bytes from byte 0, the buffer has 64");
	c.copy.bytes = 1;
	c.copy.offset = UINT64_MAX;
	fails(run_commands(p.context, &c, 1), -EINVAL, NMS_CAUSE_RANGE, "the buffer has 64");
	c = copy_command(NMS_OP_READ, b, NULL, 64);
	fails(run_commands(p.context, &c, 1), -EINVAL, NMS_CAUSE_ARGUMENT, "host is NULL");
	c = copy_command(NMS_OP_READ, b, bytes, 0);
	fails(run_commands(p.context, &c, 1), -EINVAL, NMS_CAUSE_ARGUMENT, "0 bytes");
	c = copy_command(NMS_OP_READ, NULL, bytes, 1);
	fails(run_commands(p.context, &c, 1), -EINVAL, NMS_CAUSE_ARGUMENT, "no buffer");
	place_close(&p);
}
END_TEST

static int reduce(struct nms_context *context, struct nms_matrix in, struct nms_matrix out)
{
	struct nms_command c;

	memset(&c, 0, sizeof(c));
	c.op = NMS_OP_REDUCE;
	c.reduce.input = in;
	c.reduce.output = out;
	return run_commands(context, &c, 1);
}

START_TEST(matrices_stay_within_buffers)
{
	struct place p = place_open(MIB, 1);
	struct nms_matrix in = { .rows = 10, .cols = 4, .dtype = NMS_F32 }, out = in, m;
	struct nms_buffer *b;

	ok(nms_buffer_create(p.context, 400, &b));
	in.buffer = out.buffer = b;
	out.offset = 160;
	fails(reduce(p.context, (m = in, m.buffer = NULL, m), out), -EINVAL, NMS_CAUSE_ARGUMENT,
	      "input: has no buffer");
	fails(reduce(p.context, (m = in, m.rows = 26, m), out), -EINVAL, NMS_CAUSE_RANGE,
	      "input: 26 rows of 16 bytes from byte 0, the buffer has 400");
	fails(reduce(p.context, in, (m = out, m.offset = 241, m)), -EINVAL, NMS_CAUSE_RANGE,
	      "output:");
	fails(reduce(p.context, (m = in, m.rows = UINT64_MAX, m), out), -EINVAL, NMS_CAUSE_RANGE,
	      "input:");
	fails(reduce(p.context, (m = in, m.stride = UINT64_MAX, m), out), -EINVAL,
	      NMS_CAUSE_RANGE, "input:");
	fails(reduce(p.context, (m = in, m.stride = 15, m), out), -EINVAL, NMS_CAUSE_ARGUMENT,
	      "stride is 15 bytes, a row has 16");
	fails(reduce(p.context, (m = in, m.dtype = (enum nms_dtype)99, m), out), -EINVAL,
	      NMS_CAUSE_ARGUMENT, "dtype is 99");
	fails(reduce(p.context, (m = in, m.cols = 0, m), out), -EINVAL, NMS_CAUSE_ARGUMENT,
	      "10 rows x 0 columns");
	fails(reduce(p.context, in, (m = out, m.rows = 9, m)), -EINVAL, NMS_CAUSE_ARGUMENT,
	      "output:");
	in.rows = out.rows = 4;
	fails(reduce(p.context, in, out), -EINVAL, NMS_CAUSE_FEATURES,
	      "features: 4 wanted, the data can have 3");
	place_close(&p);
}
END_TEST

static struct nms_matrix bytes_matrix(struct nms_buffer *b)
{
	return (struct nms_matrix){ .buffer = b, .rows = 8, .cols = 8, .dtype = NMS_U8 };
}

START_TEST(datasets_have_names)
{
	struct place p = place_open(MIB, 1);
	struct nms_dataset *d, *e;
	struct nms_matrix m, bad;
	struct nms_buffer *b;
	char name[70];

	ok(nms_buffer_create(p.context, 64, &b));
	m = bytes_matrix(b);
	memset(name, 'a', 64);
	name[64] = 0;
	fails(nms_dataset_create(p.context, name, &m, 0644, &d), -EINVAL, NMS_CAUSE_ARGUMENT, "name:");
	fails(nms_dataset_create(p.context, "", &m, 0644, &d), -EINVAL, NMS_CAUSE_ARGUMENT, "name:");
	fails(nms_dataset_create(p.context, "a/b", &m, 0644, &d), -EINVAL, NMS_CAUSE_ARGUMENT, "a/b");
	bad = m;
	bad.rows = 9;
	fails(nms_dataset_create(p.context, "x", &bad, 0644, &d), -EINVAL, NMS_CAUSE_RANGE, "9 rows");
	fails(nms_dataset_open(p.context, "x", &d), -ENOENT, NMS_CAUSE_NAME, "no dataset \"x\"");
	name[63] = 0;
	ok(nms_dataset_create(p.context, name, &m, 0644, &d));
	ck_assert_str_eq(nms_dataset_name(d), name);
	ck_assert_uint_eq(nms_dataset_matrix(d)->stride, 8);
	ck_assert_ptr_eq(nms_dataset_matrix(d)->buffer, b);
	fails(nms_dataset_create(p.context, "y", &m, 0644, &e), -EINVAL, NMS_CAUSE_ARGUMENT,
	      "another dataset");
	ok(nms_buffer_create(p.context, 64, &b));
	m = bytes_matrix(b);
	fails(nms_dataset_create(p.context, name, &m, 0644, &e), -EEXIST, NMS_CAUSE_NAME, "already");
	nms_dataset_close(d);
	fails(nms_dataset_create(p.context, name, &m, 0644, &e), -EEXIST, NMS_CAUSE_NAME,
	      "already");
	ok(nms_dataset_unlink(p.context, name));
	ok(nms_dataset_create(p.context, name, &m, 0644, &e));
	nms_dataset_close(e);
	nms_dataset_close(NULL);
	place_close(&p);
}
END_TEST

START_TEST(datasets_that_cannot_be)
{
	struct place p = place_open(MIB, 1), q = place_open(MIB, 1);
	struct nms_dataset *d;
	struct nms_matrix m;
	struct nms_buffer *b;

	ok(nms_buffer_create(p.context, 128, &b));
	m = bytes_matrix(b);
	fails(nms_dataset_create(p.context, "a\n", &m, 0644, &d), -EINVAL, NMS_CAUSE_ARGUMENT,
	      "printable");
	fails(nms_dataset_create(p.context, "\x80", &m, 0644, &d), -EINVAL, NMS_CAUSE_ARGUMENT,
	      "printable");
	fails(nms_dataset_create(p.context, "x", &m, 0755, &d), -EINVAL, NMS_CAUSE_ARGUMENT,
	      "mode: is 0755");
	m.offset = 64;
	fails(nms_dataset_create(p.context, "x", &m, 0644, &d), -EINVAL, NMS_CAUSE_ARGUMENT,
	      "begins at byte 64");
	m.offset = 0;
	fails(nms_dataset_create(q.context, "x", &m, 0644, &d), -EINVAL, NMS_CAUSE_ARGUMENT,
	      "another device");
	fails(nms_dataset_create(NULL, "x", &m, 0644, &d), -EINVAL, NMS_CAUSE_ARGUMENT, "context");
	fails(nms_dataset_unlink(p.context, "x"), -ENOENT, NMS_CAUSE_NAME, "no dataset \"x\"");
	fails(nms_dataset_unlink(p.context, "a/"), -EINVAL, NMS_CAUSE_ARGUMENT, "name:");
	fails(nms_dataset_unlink(p.context, NULL), -EINVAL, NMS_CAUSE_ARGUMENT, "name: is NULL");
	fails(nms_dataset_open(p.context, "", &d), -EINVAL, NMS_CAUSE_ARGUMENT, "name:");
	ok(nms_dataset_create(p.context, "with spaces, and so on", &m, 0644, &d));
	place_close(&p);
	place_close(&q);
}
END_TEST

/* The name keeps it, beyond the context that made it; handles keep it beyond the name. */
START_TEST(datasets_stay)
{
	struct place p = place_open(MIB, 1);
	unsigned char in[64], out[64];
	struct nms_context *reader;
	struct nms_dataset *d, *e;
	struct nms_device_info info;
	struct nms_command c;
	struct nms_matrix m;
	struct nms_buffer *b;

	memset(in, 0x3c, sizeof(in));
	ok(nms_buffer_create(p.context, 64, &b));
	m = bytes_matrix(b);
	ok(nms_dataset_create(p.context, "rows", &m, 0600, &d));
	c = copy_command(NMS_OP_WRITE, b, in, 64);
	ok(run_commands(p.context, &c, 1));
	nms_context_destroy(p.context);
	ok(nms_context_create(p.device, &reader));
	ok(nms_dataset_open(reader, "rows", &d));
	ok(nms_dataset_open(reader, "rows", &e));
	nms_dataset_close(d);
	ok(nms_dataset_unlink(reader, "rows"));
	fails(nms_dataset_open(reader, "rows", &d), -ENOENT, NMS_CAUSE_NAME, "rows");
	ck_assert_uint_eq(nms_dataset_matrix(e)->rows, 8);
	ck_assert_uint_eq(nms_dataset_matrix(e)->stride, 8);
	c = copy_command(NMS_OP_READ, nms_dataset_matrix(e)->buffer, out, 64);
	ok(run_commands(reader, &c, 1));
	ck_assert_mem_eq(in, out, 64);
	c = copy_command(NMS_OP_ZERO, nms_dataset_matrix(e)->buffer, NULL, 64);
	fails(run_commands(reader, &c, 1), -EACCES, NMS_CAUSE_RIGHT, "no right");
	NMS_INIT(&info);
	ok(nms_device_info(p.device, &info));
	ck_assert_uint_eq(info.near_used, 4096);
	nms_dataset_close(e);
	ok(nms_device_info(p.device, &info));
	ck_assert_uint_eq(info.near_used, 0);
	nms_context_destroy(reader);
	nms_device_close(p.device);
}
END_TEST

START_TEST(datasets_are_listed)
{
	static const char *const names[] = { "one", "two", "three" };
	struct place p = place_open(MIB, 1);
	struct nms_dataset_info info;
	struct nms_dataset *d;
	struct nms_matrix m;
	struct nms_buffer *b;
	size_t i;

	NMS_INIT(&info);
	ck_assert_int_eq(nms_dataset_info(p.context, 0, &info), -ENOENT);
	for (i = 0; i < 3; i++) {
		ok(nms_buffer_create(p.context, 100 + i, &b));
		m = bytes_matrix(b);
		m.stride = 9 + i;
		ok(nms_dataset_create(p.context, names[i], &m, 0640, &d));
	}
	ok(nms_dataset_unlink(p.context, "two"));
	ok(nms_dataset_info(p.context, 1, &info));
	ck_assert_str_eq(info.name, "three");
	ck_assert_uint_eq(info.bytes, 102);
	ck_assert_uint_eq(info.rows, 8);
	ck_assert_uint_eq(info.stride, 11);
	ck_assert_uint_eq(info.cols, 8);
	ck_assert_int_eq(info.dtype, NMS_U8);
	ck_assert_uint_eq(info.mode, 0640);
	ck_assert_uint_eq(info.uid, geteuid());
	ck_assert_uint_eq(info.gid, getegid());
	fails(nms_dataset_unlink(p.context, "two"), -ENOENT, NMS_CAUSE_NAME, "two");
	ck_assert_int_eq(nms_dataset_info(p.context, 2, &info), -ENOENT);
	ck_assert_int_eq(nms_last_error()->cause, NMS_CAUSE_NAME);
	fails(nms_dataset_info(p.context, 0, NULL), -EINVAL, NMS_CAUSE_ARGUMENT, "info: is NULL");
	fails(nms_dataset_info(NULL, 0, &info), -EINVAL, NMS_CAUSE_ARGUMENT, "context: is NULL");
	info.size = 8;
	fails(nms_dataset_info(p.context, 0, &info), -EINVAL, NMS_CAUSE_SIZE, "info: size is 8");
	place_close(&p);
}
END_TEST

START_TEST(datasets_are_shared)
{
	struct place p = place_open(MIB, 1);
	unsigned char in[64], out[64];
	struct nms_context *reader;
	struct nms_dataset *d, *e;
	struct nms_device_info info;
	struct nms_command c;
	struct nms_matrix m;
	struct nms_buffer *b;

	memset(in, 0x3c, sizeof(in));
	ok(nms_context_create(p.device, &reader));
	ok(nms_buffer_create(p.context, 64, &b));
	m = bytes_matrix(b);
	ok(nms_dataset_create(p.context, "rows", &m, 0644, &d));
	c = copy_command(NMS_OP_WRITE, b, in, 64);
	ok(run_commands(p.context, &c, 1));
	ok(nms_dataset_open(reader, "rows", &e));
	b = nms_dataset_matrix(e)->buffer;
	c = copy_command(NMS_OP_WRITE, b, in, 64);
	fails(run_commands(reader, &c, 1), -EACCES, NMS_CAUSE_RIGHT, "no right");
	nms_context_destroy(p.context);
	c = copy_command(NMS_OP_READ, b, out, 64);
	ok(run_commands(reader, &c, 1));
	ck_assert_mem_eq(in, out, 64);
	nms_buffer_destroy(b);
	ok(run_commands(reader, &c, 1));
	nms_dataset_close(e);
	ok(nms_dataset_unlink(reader, "rows"));
	NMS_INIT(&info);
	ok(nms_device_info(p.device, &info));
	ck_assert_uint_eq(info.near_used, 0);
	nms_context_destroy(reader);
	nms_device_close(p.device);
}
END_TEST

/* The one who made it keeps the right to write when it opens it again. */
START_TEST(dataset_of_its_maker)
{
	struct place p = place_open(MIB, 1);
	unsigned char in[64] = { 0 };
	struct nms_dataset *d, *e;
	struct nms_command c;
	struct nms_matrix m;
	struct nms_buffer *b;

	ok(nms_buffer_create(p.context, 64, &b));
	m = bytes_matrix(b);
	ok(nms_dataset_create(p.context, "rows", &m, 0644, &d));
	ok(nms_dataset_open(p.context, "rows", &e));
	nms_dataset_close(d);
	c = copy_command(NMS_OP_WRITE, nms_dataset_matrix(e)->buffer, in, 64);
	ok(run_commands(p.context, &c, 1));
	place_close(&p);
}
END_TEST

static void *open_and_close(void *arg)
{
	struct nms_device *device = arg;
	struct nms_context *c;
	struct nms_dataset *d;
	long failed = 0;
	int i;

	for (i = 0; i < 50 && !failed; i++) {
		failed = nms_context_create(device, &c) || nms_dataset_open(c, "rows", &d);
		if (!failed && i % 2)
			nms_dataset_close(d);
		nms_context_destroy(c);
	}
	return (void *)failed;
}

START_TEST(datasets_and_threads)
{
	struct place p = place_open(MIB, 1);
	struct nms_dataset *d;
	pthread_t threads[4];
	struct nms_matrix m;
	struct nms_buffer *b;
	void *failed;
	int i;

	ok(nms_buffer_create(p.context, 64, &b));
	m = bytes_matrix(b);
	ok(nms_dataset_create(p.context, "rows", &m, 0644, &d));
	for (i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, open_and_close, p.device), 0);
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], &failed);
		ck_assert_ptr_null(failed);
	}
	place_close(&p);
}
END_TEST

START_TEST(element_sizes)
{
	ck_assert_uint_eq(nms_dtype_size(NMS_U8), 1);
	ck_assert_uint_eq(nms_dtype_size(NMS_I8), 1);
	ck_assert_uint_eq(nms_dtype_size(NMS_F16), 2);
	ck_assert_uint_eq(nms_dtype_size(NMS_BF16), 2);
	ck_assert_uint_eq(nms_dtype_size(NMS_F32), 4);
	ck_assert_uint_eq(nms_dtype_size(NMS_U32), 4);
	ck_assert_uint_eq(nms_dtype_size(NMS_F64), 8);
	ck_assert_uint_eq(nms_dtype_size((enum nms_dtype)0), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lib-object");
	TCase *t = tcase_create("object");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, device_tells_about_itself);
	tcase_add_test(t, device_that_is_not_there);
	tcase_add_test(t, structures_by_size);
	tcase_add_test(t, near_memory_is_finite);
	tcase_add_test(t, buffers_begin_as_zero);
	tcase_add_test(t, wrapped_memory_is_the_callers);
	tcase_add_test(t, contexts_do_not_see_each_other);
	tcase_add_test(t, copies_stay_within_buffers);
	tcase_add_test(t, matrices_stay_within_buffers);
	tcase_add_test(t, datasets_have_names);
	tcase_add_test(t, datasets_that_cannot_be);
	tcase_add_test(t, datasets_stay);
	tcase_add_test(t, datasets_are_listed);
	tcase_add_test(t, datasets_are_shared);
	tcase_add_test(t, dataset_of_its_maker);
	tcase_add_test(t, datasets_and_threads);
	tcase_add_test(t, element_sizes);
	suite_add_tcase(s, t);
	return run_suite(s);
}

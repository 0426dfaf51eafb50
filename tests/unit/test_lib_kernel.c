// SPDX-License-Identifier: GPL-2.0-only
/* libnmsdev on devices behind the kernel, which is played by mock_kernel.c. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"
#include "mock_kernel.h"
#include "test_lib.h"

#define MIB (1ull << 20)

static struct place p;

static struct place place_of(const char *uri)
{
	struct place at;

	ok(nms_device_open(uri, NULL, &at.device));
	ok(nms_context_create(at.device, &at.context));
	return at;
}

static void setup(void)
{
	mock_reset();
}

static void setup_place(void)
{
	mock_reset();
	p = place_of("/dev/nms0");
}

static void teardown_place(void)
{
	place_close(&p);
	ck_assert_uint_eq(mock.open_files, 0);
}

static struct nms_device_info info_of(struct nms_device *device)
{
	struct nms_device_info info;

	NMS_INIT(&info);
	ok(nms_device_info(device, &info));
	return info;
}

static struct nms_buffer *buffer_of(struct nms_context *context, uint64_t bytes)
{
	struct nms_buffer *b;

	ok(nms_buffer_create(context, bytes, &b));
	return b;
}

static void fill(unsigned char *bytes, size_t n, unsigned int seed)
{
	size_t i;

	for (i = 0; i < n; i++) {
		seed = seed * 1664525 + 1013904223;
		bytes[i] = (unsigned char)(seed >> 24);
	}
}

/* ---- opening ----------------------------------------------------------------- */

START_TEST(device_by_name)
{
	struct nms_device_info info;
	struct nms_device *d;

	ok(nms_device_open("/dev/nms0", NULL, &d));
	info = info_of(d);
	ck_assert_str_eq(info.backend, "kernel");
	ck_assert_str_eq(info.name, "mock");
	ck_assert_str_eq(info.node, "/dev/nms0");
	ck_assert_str_eq(info.submission, "io_uring");
	ck_assert_str_eq(info.reason, "/dev/nms0 by io_uring");
	ck_assert_str_eq(info.profile, "fma");
	ck_assert_str_eq(info.energy, "ddr4");
	ck_assert_uint_eq(info.near_size, 64 * MIB);
	ck_assert_uint_eq(info.near_used, 0);
	mock.about.near_free = 60 * MIB;
	ck_assert_uint_eq(info_of(d).near_used, 4 * MIB);
	mock.about.near_free = 70 * MIB;
	ck_assert_uint_eq(info_of(d).near_used, 0);
	nms_device_close(d);
	ck_assert_uint_eq(mock.open_files, 0);
}
END_TEST

static void open_fails(int error, int ret, enum nms_cause cause, const char *text)
{
	struct nms_device *d;

	mock.open_error[0] = error;
	fails(nms_device_open("/dev/nms0", NULL, &d), ret, cause, text);
	ck_assert_uint_eq(mock.open_files, 0);
}

START_TEST(device_that_cannot_be_opened)
{
	struct nms_device *d;

	open_fails(ENXIO, -ENODEV, NMS_CAUSE_URI, "/dev/nms0: there is no device behind it");
	open_fails(ENODEV, -ENODEV, NMS_CAUSE_URI, "/dev/nms0: there is no device behind it");
	open_fails(EPERM, -EPERM, NMS_CAUSE_RIGHT, "container");
	open_fails(EMFILE, -EMFILE, NMS_CAUSE_LIMIT, "ulimit -n");
	open_fails(EIO, -EIO, NMS_CAUSE_DEVICE, "/dev/nms0: cannot be opened");
	mock.gid = 54321;
	open_fails(EACCES, -EACCES, NMS_CAUSE_RIGHT,
		   "/dev/nms0: belongs to group 54321 (mode 0660); this user is not in it");
	mock.gid = 1;
	open_fails(EACCES, -EACCES, NMS_CAUSE_RIGHT, "belongs to group daemon (mode 0660)");
	mock.mode = 0600;
	open_fails(EACCES, -EACCES, NMS_CAUSE_RIGHT, "mode 0600 does not let this user in");
	mock.open_error[0] = 0;
	fails(nms_device_open("/dev/nms1", NULL, &d), -ENODEV, NMS_CAUSE_URI,
	      "no /dev/nms1: is the module nms loaded");
	fails(nms_device_open("/etc/passwd", NULL, &d), -ENODEV, NMS_CAUSE_URI,
	      "/etc/passwd: is not a character device");
	fails(nms_device_open("/dev/null", NULL, &d), -ENODEV, NMS_CAUSE_URI,
	      "/dev/null: is no device of this kind");
	mock.error[MOCK_NR(NMS_IOCTL_QUERY)] = EIO;
	fails(nms_device_open("/dev/nms0", NULL, &d), -EIO, NMS_CAUSE_DEVICE,
	      "/dev/nms0: the device failed");
	mock.error[MOCK_NR(NMS_IOCTL_QUERY)] = 0;
	mock.about.abi_version = 2;
	fails(nms_device_open("/dev/nms0", NULL, &d), -ENODEV, NMS_CAUSE_DEVICE,
	      "its driver speaks version 2, this library version 1");
	ck_assert_uint_eq(mock.open_files, 0);
}
END_TEST

START_TEST(device_options)
{
	struct nms_device_options o;
	struct nms_device_info info;
	struct nms_device *d;

	ok(nms_device_open("/dev/nms0:submission=ioctl,profile=portable", NULL, &d));
	info = info_of(d);
	ck_assert_str_eq(info.submission, "ioctl");
	ck_assert_str_eq(info.reason, "/dev/nms0 by ioctl: asked for by name");
	ck_assert_str_eq(info.profile, "portable");
	nms_device_close(d);
	fails(nms_device_open("/dev/nms0:speed=9", NULL, &d), -EINVAL, NMS_CAUSE_OPTION,
	      "speed: no such device option; known are submission and profile");
	fails(nms_device_open("/dev/nms0:submission=mail", NULL, &d), -EINVAL, NMS_CAUSE_OPTION,
	      "submission: \"mail\"");
	fails(nms_device_open("/dev/nms0:profile=exact", NULL, &d), -EINVAL, NMS_CAUSE_PROFILE,
	      "/dev/nms0 has no \"exact\"; it has portable, fma");
	fails(nms_device_open("/dev/nms0:near_size=2G", NULL, &d), -EINVAL, NMS_CAUSE_OPTION,
	      "near_size: a device has its own");
	NMS_INIT(&o);
	o.near_size = 1;
	fails(nms_device_open("/dev/nms0", &o, &d), -EINVAL, NMS_CAUSE_OPTION, "near_size:");
	NMS_INIT(&o);
	o.threads = 1;
	fails(nms_device_open("/dev/nms0", &o, &d), -EINVAL, NMS_CAUSE_OPTION, "threads:");
	NMS_INIT(&o);
	o.energy = "ddr4";
	fails(nms_device_open("/dev/nms0", &o, &d), -EINVAL, NMS_CAUSE_OPTION, "energy:");
	NMS_INIT(&o);
	o.profile = "portable";
	ok(nms_device_open("/dev/nms0", &o, &d));
	ck_assert_str_eq(info_of(d).profile, "portable");
	nms_device_close(d);
	ck_assert_uint_eq(mock.open_files, 0);
}
END_TEST

START_TEST(auto_takes_what_there_is)
{
	struct nms_device_options o;
	struct nms_device_info info;
	struct nms_device *d;

	NMS_INIT(&o);
	mock.devices = 3;
	ok(nms_device_open("auto", NULL, &d));
	ck_assert_str_eq(info_of(d).reason, "/dev/nms0 by io_uring");
	nms_device_close(d);
	mock.open_error[0] = EACCES;
	mock.open_error[1] = ENXIO;
	ok(nms_device_open("auto", NULL, &d));
	ck_assert_str_eq(info_of(d).node, "/dev/nms2");
	nms_device_close(d);
	/* That it had to look further is no failure of this thread's. */
	ck_assert_int_eq(nms_last_error()->error, 0);
	mock.devices = 1;
	mock.gid = 54321;
	ok(nms_device_open("auto", NULL, &d));
	info = info_of(d);
	ck_assert_str_eq(info.backend, "emu");
	ck_assert_str_eq(info.reason, "software accelerator: /dev/nms0: belongs to group 54321 "
			 "(mode 0660); this user is not in it");
	nms_device_close(d);
	mock.devices = 0;
	ok(nms_device_open("auto", NULL, &d));
	ck_assert_str_eq(info_of(d).reason, "software accelerator: no /dev/nms*");
	nms_device_close(d);
	/* Who wants what only software has gets that. */
	mock.devices = 1;
	mock.open_error[0] = 0;
	o.threads = 1;
	ok(nms_device_open("auto", &o, &d));
	ck_assert(strstr(info_of(d).reason, "software accelerator: threads: a device has its own"));
	nms_device_close(d);
	/* By name there is no way out. */
	mock.devices = 0;
	fails(nms_device_open("/dev/nms0", NULL, &d), -ENODEV, NMS_CAUSE_URI, "no /dev/nms0");
}
END_TEST

size_t __real_nms_kernel_nodes(const char *dir, char (*nodes)[NMS_NODE_SIZE], size_t room);

START_TEST(nodes_in_order)
{
	static const char *const names[] = { "nms10", "nms2", "nms", "nms1x", "xnms1", "nms0" };
	char dir[] = "/tmp/nms-nodes-XXXXXX", name[64], nodes[8][NMS_NODE_SIZE];
	size_t i;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	for (i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "%s/%s", dir, names[i]);
		ck_assert_int_eq(mkdir(name, 0700), 0);
	}
	ck_assert_uint_eq(__real_nms_kernel_nodes(dir, nodes, 8), 3);
	ck_assert(strstr(nodes[0], "/nms0"));
	ck_assert(strstr(nodes[1], "/nms2"));
	ck_assert(strstr(nodes[2], "/nms10"));
	ck_assert_uint_eq(__real_nms_kernel_nodes("/nowhere", nodes, 8), 0);
	for (i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "%s/%s", dir, names[i]);
		rmdir(name);
	}
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

/* ---- calls --------------------------------------------------------------------- */

/* An older kernel tells less, and takes what it does not know only if it is zero. */
START_TEST(structures_are_negotiated)
{
	struct nms_device *d;
	struct nms_dataset *ds;
	struct nms_matrix m = { .rows = 1, .cols = 1, .dtype = NMS_U8 };

	mock.query_known = offsetof(struct nms_query_device, generation);
	mock.known[MOCK_NR(NMS_IOCTL_DATASET_OPEN)] = offsetof(struct nms_dataset_open, info);
	p = place_of("/dev/nms0");
	ck_assert_uint_eq(((struct kernel_device *)p.device->backend)->about.uring_limit_ms, 0);
	ck_assert_uint_gt(((struct kernel_device *)p.device->backend)->about.max_transfer, 0);
	m.buffer = buffer_of(p.context, 64);
	mock.known[MOCK_NR(NMS_IOCTL_DATASET_CREATE)] = offsetof(struct nms_dataset_create, rows);
	fails(nms_dataset_create(p.context, "x", &m, 0600, &ds), -E2BIG, NMS_CAUSE_DEVICE,
	      "module nms is older than what is asked of it");
	mock.known[MOCK_NR(NMS_IOCTL_DATASET_CREATE)] = 0;
	ok(nms_dataset_create(p.context, "x", &m, 0600, &ds));
	/* What is not told of rows is no dataset. */
	fails(nms_dataset_open(p.context, "x", &ds), -EINVAL, NMS_CAUSE_ARGUMENT,
	      "dataset \"x\" is not what its owner says");
	place_close(&p);
	mock.query_known = offsetof(struct nms_query_device, max_transfer);
	fails(nms_device_open("/dev/nms0", NULL, &d), -EPROTO, NMS_CAUSE_DEVICE, "must not");
}
END_TEST

/* What may be done twice is done again; of all else the caller is told. */
START_TEST(signals_interrupt_calls)
{
	struct place q = place_of("/dev/nms0:submission=ioctl");
	struct nms_command c[2] = { { .op = NMS_OP_NOP }, { .op = NMS_OP_NOP } };
	struct nms_dataset *d;
	struct nms_matrix m = { .rows = 1, .cols = 1, .dtype = NMS_U8 };
	struct nms_progress progress;
	struct nms_buffer *b;
	struct nms_job *job;

	mock.eintr[MOCK_NR(NMS_IOCTL_QUERY)] = 3;
	info_of(q.device);
	ck_assert_int_eq(mock.eintr[MOCK_NR(NMS_IOCTL_QUERY)], 0);
	mock.eintr[MOCK_NR(NMS_IOCTL_WAIT)] = 3;
	ok(run_commands(q.context, c, 2));
	ck_assert_int_eq(mock.calls[MOCK_NR(NMS_IOCTL_WAIT)], 4);
	ck_assert_int_eq(mock.calls[MOCK_NR(NMS_IOCTL_SUBMIT)], 1);
	mock.eintr[MOCK_NR(NMS_IOCTL_SUBMIT)] = 1;
	fails(run_commands(q.context, c, 2), -EINTR, NMS_CAUSE_INTERRUPTED, "a signal came");
	ck_assert_int_eq(mock.calls[MOCK_NR(NMS_IOCTL_SUBMIT)], 2);
	mock.eintr[MOCK_NR(NMS_IOCTL_BUFFER_CREATE)] = 1;
	fails(nms_buffer_create(q.context, 1, &b), -EINTR, NMS_CAUSE_INTERRUPTED, "a signal came");
	ck_assert_int_eq(mock.calls[MOCK_NR(NMS_IOCTL_BUFFER_CREATE)], 1);
	m.buffer = buffer_of(q.context, 1);
	mock.eintr[MOCK_NR(NMS_IOCTL_DATASET_CREATE)] = 1;
	fails(nms_dataset_create(q.context, "x", &m, 0600, &d), -EINTR, NMS_CAUSE_INTERRUPTED, "");
	ok(nms_dataset_create(q.context, "x", &m, 0600, &d));
	mock.eintr[MOCK_NR(NMS_IOCTL_DATASET_OPEN)] = 1;
	fails(nms_dataset_open(q.context, "x", &d), -EINTR, NMS_CAUSE_INTERRUPTED, "");
	mock.eintr[MOCK_NR(NMS_IOCTL_DATASET_UNLINK)] = 1;
	fails(nms_dataset_unlink(q.context, "x"), -EINTR, NMS_CAUSE_INTERRUPTED, "");
	ok(nms_dataset_unlink(q.context, "x"));

	mock.hold = true;
	mock.jobs = 0;
	ok(nms_job_submit(q.context, c, 2, &job));
	mock_wait_for_job(1);
	mock.eintr[MOCK_NR(NMS_IOCTL_PROGRESS)] = 2;
	NMS_INIT(&progress);
	while (!progress.done)
		ok(nms_job_progress(job, &progress));
	mock.eintr[MOCK_NR(NMS_IOCTL_CANCEL)] = 2;
	nms_job_cancel(job);
	fails(nms_job_wait(job, NULL), -ECANCELED, NMS_CAUSE_CANCELLED, "cancelled");
	nms_job_destroy(job);
	place_close(&q);
}
END_TEST

/* ---- jobs ------------------------------------------------------------------------ */

static void round_trip(struct nms_context *context)
{
	static unsigned char in[100000], out[100000];
	struct nms_command c[5];
	struct nms_buffer *b = buffer_of(context, sizeof(in));
	struct nms_counters counters;
	struct nms_result r;
	struct nms_job *job;
	size_t i;

	fill(in, sizeof(in), 1);
	memset(out, 0xff, sizeof(out));
	memset(c, 0, sizeof(c));
	c[0].op = NMS_OP_NOP;
	c[1] = copy_command(NMS_OP_WRITE, b, in, sizeof(in));
	c[2] = copy_command(NMS_OP_ZERO, b, NULL, 100);
	c[2].copy.offset = 50;
	c[3] = copy_command(NMS_OP_READ, b, out, sizeof(out));
	c[4].op = NMS_OP_NOP;
	ok(nms_job_submit(context, c, 5, &job));
	ok(nms_job_wait(job, NULL));
	memset(in + 50, 0, 100);
	ck_assert_mem_eq(in, out, sizeof(in));
	NMS_INIT(&r);
	for (i = 0; i < 5; i++) {
		ok(nms_job_result(job, i, &r));
		ck_assert_int_eq(r.error, 0);
		ck_assert_uint_eq(r.value, c[i].copy.bytes);
		ck_assert_uint_eq(r.energy[NMS_ENERGY_LINK], c[i].copy.bytes);
	}
	ck_assert_str_eq(r.backend, "kernel");
	ck_assert_str_eq(r.device, "mock");
	NMS_INIT(&counters);
	ok(nms_context_counters(context, &counters));
	ck_assert_uint_eq(counters.commands, 5);
	ck_assert_uint_eq(counters.errors, 0);
	ck_assert_uint_eq(counters.energy[NMS_ENERGY_LINK], 2 * sizeof(in) + 100);
	nms_job_destroy(job);
	nms_buffer_destroy(b);
	ck_assert_uint_eq(mock_handles(), 0);
}

START_TEST(data_by_both_ways)
{
	p = place_of("/dev/nms0");
	round_trip(p.context);
	ck_assert_uint_eq(mock.jobs, 1);
	ck_assert_uint_eq(mock.ring_jobs, 1);
	place_close(&p);
	p = place_of("/dev/nms0:submission=ioctl");
	round_trip(p.context);
	ck_assert_uint_eq(mock.jobs, 2);
	ck_assert_uint_eq(mock.ring_jobs, 1);
	place_close(&p);
}
END_TEST

START_TEST(io_uring_may_be_off)
{
	struct nms_command c = { .op = NMS_OP_NOP };
	struct nms_device *d;

	mock.ring_probe = EPERM;
	p = place_of("/dev/nms0");
	ck_assert_str_eq(info_of(p.device).submission, "ioctl");
	ck_assert(strstr(info_of(p.device).reason, "/dev/nms0 by ioctl: io_uring is off"));
	round_trip(p.context);
	ck_assert_uint_eq(mock.ring_jobs, 0);
	place_close(&p);
	fails(nms_device_open("/dev/nms0:submission=io_uring", NULL, &d), -EPERM, NMS_CAUSE_OPTION,
	      "submission: io_uring is off");
	/* It was there, but a context cannot have one. */
	mock.ring_probe = 0;
	mock.ring_open = ENOMEM;
	p = place_of("/dev/nms0");
	round_trip(p.context);
	ck_assert_uint_eq(mock.ring_jobs, 0);
	ck_assert_str_eq(info_of(p.device).submission, "ioctl");
	ck_assert(strstr(info_of(p.device).reason, "a ring could not be had"));
	place_close(&p);
	p = place_of("/dev/nms0:submission=io_uring");
	fails(run_commands(p.context, &c, 1), -EOPNOTSUPP, NMS_CAUSE_OPTION, "asked for by name");
	/* A ring that takes nothing is thrown away: the next job has a new one. */
	mock.ring_open = 0;
	place_close(&p);
	p = place_of("/dev/nms0");
	mock.ring_submit = ENOMEM;
	fails(run_commands(p.context, &c, 1), -ENOMEM, NMS_CAUSE_MEMORY, "no memory");
	mock.ring_submit = 0;
	ok(run_commands(p.context, &c, 1));
	ck_assert_uint_eq(mock.ring_jobs, 1);
	place_close(&p);
	ck_assert_uint_eq(mock.open_files, 0);
}
END_TEST

/* Rows in @data that say which they are, a list of all of them backwards, GATHER. */
struct gather_case {
	struct nms_buffer *data, *list;
	uint32_t in[1000][3], got[1000][3], index[1000];
	struct nms_command c[3];
};

static void gather_make(struct nms_context *context, struct gather_case *g)
{
	uint32_t i;

	g->data = buffer_of(context, sizeof(g->in));
	g->list = buffer_of(context, sizeof(g->index));
	for (i = 0; i < 1000; i++) {
		g->in[i][0] = i;
		g->in[i][2] = ~i;
		g->index[i] = 999 - i;
	}
	memset(g->c, 0, sizeof(g->c));
	g->c[0] = copy_command(NMS_OP_WRITE, g->data, g->in, sizeof(g->in));
	g->c[1] = copy_command(NMS_OP_WRITE, g->list, g->index, sizeof(g->index));
	g->c[2].op = NMS_OP_GATHER;
	g->c[2].gather.input = (struct nms_matrix){ .buffer = g->data, .rows = 1000, .cols = 3,
						    .dtype = NMS_U32 };
	g->c[2].gather.index = (struct nms_vector){ .buffer = g->list, .count = 1000 };
	g->c[2].gather.host = g->got;
	g->c[2].gather.bytes = sizeof(g->got);
}

static void gather_check(const struct gather_case *g)
{
	uint32_t i;

	for (i = 0; i < 1000; i++)
		ck_assert_mem_eq(g->got[i], g->in[999 - i], sizeof(g->got[i]));
}

START_TEST(work_by_ioctl_where_rings_cannot_cancel)
{
	static struct gather_case g;

	mock.about.uring_limit_ms = 1000;
	p = place_of("/dev/nms0");
	ck_assert(strstr(info_of(p.device).reason, "by io_uring: but work on data by ioctl"));
	gather_make(p.context, &g);
	ok(run_commands(p.context, g.c, 2));
	ck_assert_uint_eq(mock.ring_jobs, 1);
	ok(run_commands(p.context, g.c, 3));
	ck_assert_uint_eq(mock.ring_jobs, 1);
	gather_check(&g);
	place_close(&p);
	p = place_of("/dev/nms0:submission=io_uring");
	gather_make(p.context, &g);
	ok(run_commands(p.context, g.c, 3));
	ck_assert_uint_eq(mock.ring_jobs, 2);
	place_close(&p);
}
END_TEST

START_TEST(large_commands_are_cut)
{
	static struct gather_case g;
	struct nms_result r;
	struct nms_job *job;

	mock.about.max_transfer = 5000;
	p = place_of("/dev/nms0");
	gather_make(p.context, &g);
	ok(nms_job_submit(p.context, g.c, 3, &job));
	ok(nms_job_wait(job, NULL));
	gather_check(&g);
	/* 12000 bytes in pieces of 5000; rows of 12 bytes are not cut: 4992. */
	ck_assert_uint_eq(mock.jobs, 1);
	ck_assert_uint_eq(mock.commands, 3 + 1 + 3);
	NMS_INIT(&r);
	ok(nms_job_result(job, 0, &r));
	ck_assert_uint_eq(r.value, 12000);
	ck_assert_uint_eq(r.energy[NMS_ENERGY_LINK], 12000);
	ck_assert_uint_eq(r.link_in, 12000);
	ck_assert_uint_eq(r.nanoseconds[0], 3);
	ok(nms_job_result(job, 2, &r));
	ck_assert_uint_eq(r.value, 12000);
	ck_assert_uint_eq(r.switches, 3);
	ck_assert_str_eq(r.profile, "fma");
	nms_job_destroy(job);
	/* Rows are told as those of the whole: the second piece begins at row 416. */
	mock.job_error = EINVAL;
	mock.job_status = NMS_HW_BAD_INDEX;
	mock.fail_at = 5;
	fails(run_commands(p.context, g.c, 3), -EINVAL, NMS_CAUSE_INDEX, "index: entry 419");
	ck_assert_uint_eq(nms_last_error()->row, 416 + 3);
	place_close(&p);
}
END_TEST

START_TEST(long_jobs_are_cut)
{
	struct nms_command c[1000];
	struct nms_result r;
	struct nms_job *job;
	size_t i;

	mock.about.max_commands = 7;
	p = place_of("/dev/nms0");
	memset(c, 0, sizeof(c));
	ok(nms_job_submit(p.context, c, 1000, &job));
	ok(nms_job_wait(job, NULL));
	ck_assert_uint_eq(mock.jobs, (1000 + 6) / 7);
	ck_assert_uint_eq(mock.commands, 1000);
	NMS_INIT(&r);
	for (i = 0; i < 1000; i++) {
		ok(nms_job_result(job, i, &r));
		ck_assert_int_eq(r.error, 0);
	}
	nms_job_destroy(job);
	/* An error ends it at the command that it is about. */
	mock.job_error = EIO;
	mock.fail_at = 5;
	mock.jobs = 0;
	ok(nms_job_submit(p.context, c, 1000, &job));
	fails(nms_job_wait(job, NULL), -EIO, NMS_CAUSE_DEVICE, "could not be brought back");
	ck_assert_uint_eq(mock.jobs, 1);
	ok(nms_job_result(job, 4, &r));
	ck_assert_int_eq(r.error, 0);
	ok(nms_job_result(job, 5, &r));
	ck_assert_int_eq(r.error, -EIO);
	ok(nms_job_result(job, 6, &r));
	ck_assert_int_eq(r.error, -ECANCELED);
	nms_job_destroy(job);
	place_close(&p);
}
END_TEST

/* One job takes at most half of what may be locked. */
START_TEST(locked_memory_is_kept_to)
{
	static unsigned char in[3 << 20], out[3 << 20];
	struct rlimit old, limit;
	struct nms_command c[2];
	struct nms_buffer *b;

	ck_assert_int_eq(getrlimit(RLIMIT_MEMLOCK, &old), 0);
	limit = old;
	limit.rlim_cur = MIB;
	ck_assert_int_eq(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
	p = place_of("/dev/nms0");
	b = buffer_of(p.context, sizeof(in) - 100);
	fill(in, sizeof(in), 3);
	c[0] = copy_command(NMS_OP_WRITE, b, in + 77, sizeof(in) - 100);
	c[1] = copy_command(NMS_OP_READ, b, out + 33, sizeof(in) - 100);
	ok(run_commands(p.context, c, 2));
	ck_assert_mem_eq(in + 77, out + 33, sizeof(in) - 100);
	ck_assert_uint_ge(mock.jobs, 12);
	ck_assert_uint_le(mock.jobs, 15);
	ck_assert_uint_le(mock.most_pinned, MIB / 2);
	mock.refuse = ENOMEM;
	mock.bad_command = 1;
	fails(run_commands(p.context, c, 1), -ENOMEM, NMS_CAUSE_MEMORY, "no memory");
	limit.rlim_cur = 4096;
	ck_assert_int_eq(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
	fails(run_commands(p.context, c, 1), -ENOMEM, NMS_CAUSE_LOCKED_MEMORY,
	      "memory lock limit: 64 KiB are needed and 0 in use, the limit is 4 KiB (ulimit -l)");
	setrlimit(RLIMIT_MEMLOCK, &old);
	place_close(&p);
}
END_TEST

START_TEST(profile_of_the_device)
{
	static struct gather_case g;

	p = place_of("/dev/nms0");
	gather_make(p.context, &g);
	ok(run_commands(p.context, g.c, 3));
	ck_assert_uint_eq(mock.last_profile, 2);
	place_close(&p);
	p = place_of("/dev/nms0:profile=portable");
	gather_make(p.context, &g);
	ok(run_commands(p.context, g.c, 3));
	ck_assert_uint_eq(mock.last_profile, 1);
	place_close(&p);
}
END_TEST

/* ---- errors ---------------------------------------------------------------------- */

static const struct {
	int from, error;
	enum nms_cause cause;
	const char *text;
} job_errors[] = {
	{ ENETRESET, -ENETRESET, NMS_CAUSE_DEVICE, "was reset while the job ran" },
	{ ETIMEDOUT, -EIO, NMS_CAUSE_DEVICE, "did not answer and was reset" },
	{ ENODEV, -ENODEV, NMS_CAUSE_DEVICE, "the device has gone" },
	{ ECANCELED, -ECANCELED, NMS_CAUSE_CANCELLED, "cancelled" },
	{ ETIME, -ETIME, NMS_CAUSE_DEADLINE, "deadline" },
	{ EREMOTEIO, -EREMOTEIO, NMS_CAUSE_DEVICE, "could not reach host memory" },
	{ ESTALE, -ESTALE, NMS_CAUSE_DEVICE, "write or zero all of it" },
	{ ENOBUFS, -ENOMEM, NMS_CAUSE_MEMORY, "too little working memory" },
	{ EIO, -EIO, NMS_CAUSE_DEVICE, "could not be brought back" },
	{ EPROTO, -EPROTO, NMS_CAUSE_DEVICE, "answered what it must not" },
	{ EFAULT, -EFAULT, NMS_CAUSE_ARGUMENT, "cannot be reached" },
	{ EAGAIN, -EIO, NMS_CAUSE_DEVICE, "not ready" },
	{ ENOTUNIQ, -ENOTUNIQ, NMS_CAUSE_DEVICE, "/dev/nms0: Name not unique" },
};

START_TEST(jobs_that_fail)
{
	struct nms_command c[2] = { { .op = NMS_OP_NOP }, { .op = NMS_OP_NOP } };
	struct nms_result r;
	struct nms_job *job;

	mock.job_error = job_errors[_i].from;
	mock.fail_at = 1;
	ok(nms_job_submit(p.context, c, 2, &job));
	fails(nms_job_wait(job, NULL), job_errors[_i].error, job_errors[_i].cause,
	      job_errors[_i].text);
	NMS_INIT(&r);
	ok(nms_job_result(job, 0, &r));
	ck_assert_int_eq(r.error, 0);
	ok(nms_job_result(job, 1, &r));
	ck_assert_int_eq(r.error, job_errors[_i].error);
	ck_assert_int_eq(r.cause, job_errors[_i].cause);
	nms_job_destroy(job);
}
END_TEST

/* What the device refused reads as on the software accelerator. */
START_TEST(commands_that_the_device_refuses)
{
	static struct gather_case g;

	gather_make(p.context, &g);
	mock.job_error = EINVAL;
	mock.job_status = NMS_HW_NOT_FINITE;
	mock.fail_at = 2;
	fails(run_commands(p.context, g.c, 3), -EINVAL, NMS_CAUSE_NOT_FINITE, "row 3, column 4:");
	ck_assert_uint_eq(nms_last_error()->row, 3);
	ck_assert_uint_eq(nms_last_error()->col, 4);
	mock.job_status = NMS_HW_NO_RIGHT;
	mock.job_detail = offsetof(struct nms_hw_cmd, data);
	mock.fail_at = 0;
	fails(run_commands(p.context, g.c, 3), -EACCES, NMS_CAUSE_RIGHT, "buffer: no right");
	/* A reset is a reset, whatever the command's status was when it came. */
	mock.job_error = ENETRESET;
	mock.job_status = NMS_HW_ABORTED;
	fails(run_commands(p.context, g.c, 3), -ENETRESET, NMS_CAUSE_DEVICE, "was reset");
}
END_TEST

static const struct {
	int refuse, bad_command;
	uint32_t bad_field;
	int error;
	enum nms_cause cause;
	const char *text;
} refusals[] = {
	{ EINVAL, 1, offsetof(struct nms_cmd, length), -EINVAL, NMS_CAUSE_ARGUMENT,
	  "bytes: out of its range" },
	{ ERANGE, 1, offsetof(struct nms_cmd, offset), -EINVAL, NMS_CAUSE_RANGE,
	  "offset: beyond the end of the buffer" },
	{ EBADF, 1, offsetof(struct nms_cmd, handle), -EINVAL, NMS_CAUSE_ARGUMENT,
	  "buffer: there is no such buffer" },
	{ EACCES, 1, offsetof(struct nms_cmd, handle), -EACCES, NMS_CAUSE_RIGHT,
	  "buffer: the context has no such right" },
	{ ESTALE, 1, offsetof(struct nms_cmd, handle), -ESTALE, NMS_CAUSE_DEVICE,
	  "buffer: the contents of a buffer were lost" },
	{ EFAULT, 1, offsetof(struct nms_cmd, address), -EFAULT, NMS_CAUSE_ARGUMENT,
	  "host: memory of the program cannot be reached" },
	{ EINVAL, 3, NMS_FIELD_PARAM | offsetof(struct nms_hw_gather, input.stride), -EINVAL,
	  NMS_CAUSE_ARGUMENT, "input: out of its range" },
	{ ERANGE, 3, NMS_FIELD_PARAM | offsetof(struct nms_hw_gather, index), -EINVAL,
	  NMS_CAUSE_RANGE, "index: beyond the end" },
	{ EINVAL, 3, NMS_FIELD_PARAM | 8, -EINVAL, NMS_CAUSE_PROFILE,
	  "profile: the device has no such arithmetic profile" },
	{ EBUSY, 0, 0, -EBUSY, NMS_CAUSE_LIMIT, "as many jobs as it may" },
	{ ENODEV, 0, 0, -ENODEV, NMS_CAUSE_DEVICE, "the device has gone" },
	{ EIO, 0, 0, -EIO, NMS_CAUSE_DEVICE, "could not be brought back" },
	{ E2BIG, 1, 64, -E2BIG, NMS_CAUSE_DEVICE, "module nms is older" },
	{ EINVAL, 99, 0, -EINVAL, NMS_CAUSE_ARGUMENT, "out of its range" },
};

START_TEST(jobs_that_are_refused)
{
	static struct gather_case g;
	struct nms_result r;
	struct nms_job *job;
	int bad;

	gather_make(p.context, &g);
	mock.refuse = refusals[_i].refuse;
	mock.bad_command = refusals[_i].bad_command;
	mock.bad_field = refusals[_i].bad_field;
	ok(nms_job_submit(p.context, g.c, 3, &job));
	fails(nms_job_wait(job, NULL), refusals[_i].error, refusals[_i].cause, refusals[_i].text);
	NMS_INIT(&r);
	bad = refusals[_i].bad_command;
	if (bad && bad <= 3) {
		ok(nms_job_result(job, (size_t)bad - 1, &r));
		ck_assert_int_eq(r.error, refusals[_i].error);
	}
	if (bad != 1) {
		ok(nms_job_result(job, 0, &r));
		ck_assert_int_eq(r.error, -ECANCELED);
	}
	nms_job_destroy(job);
}
END_TEST

START_TEST(causes_of_numbers)
{
	const struct {
		enum nms_op op;
		size_t field;
		enum nms_cause cause;
		const char *text;
	} t[] = {
		{ NMS_OP_REDUCE, offsetof(struct nms_hw_reduce, output.cols), NMS_CAUSE_FEATURES,
		  "output: more features" },
		{ NMS_OP_REDUCE, offsetof(struct nms_hw_reduce, scaling), NMS_CAUSE_ARGUMENT,
		  "scaling: out of its range" },
		{ NMS_OP_EMBED, offsetof(struct nms_hw_embed, perplexity), NMS_CAUSE_PERPLEXITY,
		  "perplexity: the perplexity" },
		{ NMS_OP_EMBED, offsetof(struct nms_hw_embed, perplexity_max), NMS_CAUSE_PERPLEXITY,
		  "perplexity_max:" },
		{ NMS_OP_SELECT, offsetof(struct nms_hw_select, count), NMS_CAUSE_COUNT, "count:" },
		{ NMS_OP_SELECT, offsetof(struct nms_hw_select, quota), NMS_CAUSE_QUOTA, "quota:" },
	};
	struct kernel_device d = { .node = "/dev/nms0" };
	struct nms_error e;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct nms_slot slot = { .op = t[i].op };

		nms_kernel_refusal(&d, &slot, -EINVAL, NMS_FIELD_PARAM | (uint32_t)t[i].field, 0,
				   &e);
		ck_assert_int_eq(e.error, -EINVAL);
		ck_assert_int_eq(e.cause, t[i].cause);
		ck_assert_msg(strstr(e.text, t[i].text), "%s", e.text);
	}
}
END_TEST

START_TEST(buffers_that_cannot_be)
{
	struct nms_buffer *b, *all[64];
	size_t n = 0;
	char bytes[10];

	fails(nms_buffer_create(p.context, 64 * MIB + 1, &b), -EINVAL, NMS_CAUSE_ARGUMENT,
	      "out of its range");
	all[n++] = buffer_of(p.context, 60 * MIB);
	fails(nms_buffer_create(p.context, 5 * MIB, &b), -ENOSPC, NMS_CAUSE_NEAR_MEMORY,
	      "near memory: 5242880 bytes wanted, 4194304 of 67108864 are free");
	mock.error[MOCK_NR(NMS_IOCTL_BUFFER_CREATE)] = EDQUOT;
	fails(nms_buffer_create(p.context, 1, &b), -EDQUOT, NMS_CAUSE_NEAR_MEMORY,
	      "near memory: 1 bytes wanted, a user may hold 33554432 in all");
	mock.error[MOCK_NR(NMS_IOCTL_BUFFER_CREATE)] = 0;
	while (n < 63)
		all[n++] = buffer_of(p.context, 1);
	fails(nms_buffer_create(p.context, 1, &b), -EMFILE, NMS_CAUSE_LIMIT,
	      "as many buffers as it may");
	fails(nms_buffer_wrap(p.context, bytes, 10, NMS_READ, &b), -EOPNOTSUPP, NMS_CAUSE_ARGUMENT,
	      "memory: mock cannot work in memory of the host");
	while (n)
		nms_buffer_destroy(all[--n]);
	ck_assert_uint_eq(mock_handles(), 0);
}
END_TEST

/* A handle means something else in each context: it must not be used in another. */
START_TEST(handles_are_each_contexts_own)
{
	struct nms_context *other;
	struct nms_command c;
	struct nms_buffer *b;
	char byte = 0;

	ok(nms_context_create(p.device, &other));
	b = buffer_of(p.context, 64);
	buffer_of(other, 64);
	c = copy_command(NMS_OP_READ, b, &byte, 1);
	fails(run_commands(other, &c, 1), -EACCES, NMS_CAUSE_RIGHT, "another context's");
	nms_context_destroy(other);
}
END_TEST

START_TEST(selections_that_do_not_fit)
{
	struct nms_matrix m = { .rows = 4096, .cols = 1024, .dtype = NMS_U8 };
	struct nms_sample_params params;
	struct nms_sample *s;
	uint64_t near, host;

	m.buffer = buffer_of(p.context, 4096 * 1024);
	NMS_INIT(&params);
	params.count = 5;
	mock.about.near_free = 100000;
	ok(nms_sample_estimate(p.context, &m, &params, &near, &host));
	/* Its working memory is its own: the host needs room for the outcome alone. */
	ck_assert_uint_ge(near, 4096 * 80 * 4);
	ck_assert_uint_lt(host, 4096);
	fails(nms_sample_submit(p.context, &m, &params, &s), -ENOSPC, NMS_CAUSE_NEAR_MEMORY,
	      "100000 of 67108864 are free");
	ck_assert_uint_eq(mock.jobs, 0);
}
END_TEST

START_TEST(counters_of_the_device)
{
	struct nms_counters c;

	NMS_INIT(&c);
	ok(nms_device_counters(p.device, &c));
	ck_assert_uint_eq(c.energy[NMS_ENERGY_STATIC], 5);
	ck_assert_uint_eq(c.commands, 9);
	mock.error[MOCK_NR(NMS_IOCTL_QUERY)] = EPERM;
	fails(nms_device_counters(p.device, &c), -EPERM, NMS_CAUSE_RIGHT, "CAP_PERFMON");
}
END_TEST

/* ---- cancel, progress ------------------------------------------------------------- */

static struct nms_job *job_on_hold(struct nms_context *context, unsigned int jobs)
{
	struct nms_command c[3] = { { .op = NMS_OP_NOP } };
	struct nms_job *job;

	mock.hold = true;
	ok(nms_job_submit(context, c, 3, &job));
	mock_wait_for_job(jobs);
	return job;
}

static void is_cancelled(struct nms_job *job)
{
	struct timespec soon = after_ms(20000);

	fails(nms_job_wait(job, &soon), -ECANCELED, NMS_CAUSE_CANCELLED, "cancelled");
	nms_job_destroy(job);
}

START_TEST(cancel_while_it_runs)
{
	struct place q = place_of("/dev/nms0:submission=ioctl");
	struct nms_job *job;

	job = job_on_hold(p.context, 1);
	nms_job_cancel(job);
	is_cancelled(job);
	job = job_on_hold(q.context, 2);
	nms_job_cancel(job);
	nms_job_cancel(job);
	is_cancelled(job);
	place_close(&q);
}
END_TEST

START_TEST(cancel_before_and_after)
{
	struct nms_job *first = job_on_hold(p.context, 1), *second;
	struct nms_command c = { .op = NMS_OP_NOP };

	ok(nms_job_submit(p.context, &c, 1, &second));
	nms_job_cancel(second);
	is_cancelled(second);
	mock_release();
	ok(nms_job_wait(first, NULL));
	nms_job_cancel(first);
	ok(nms_job_poll(first));
	/* Its context is gone, and another file may have the number of its descriptor. */
	nms_context_destroy(p.context);
	nms_job_cancel(first);
	nms_job_destroy(first);
	ok(nms_context_create(p.device, &p.context));
	ck_assert_uint_eq(mock.jobs, 1);
}
END_TEST

/* The id comes late: a cancel that came before it is made up for. */
START_TEST(cancel_before_the_id)
{
	struct nms_command c = { .op = NMS_OP_NOP };
	struct nms_job *job;

	mock.hold = true;
	mock.punt = true;
	mock.punt_hold = true;
	ok(nms_job_submit(p.context, &c, 1, &job));
	while (!mock.punted)
		sched_yield();
	nms_job_cancel(job);
	ck_assert_int_eq(nms_job_poll(job), -EAGAIN);
	mock.punt_hold = false;
	is_cancelled(job);
	ck_assert_int_eq(mock.calls[MOCK_NR(NMS_IOCTL_CANCEL)], 1);
}
END_TEST

START_TEST(late_ids)
{
	mock.punt = true;
	round_trip(p.context);
	mock.refuse = EBUSY;
	fails(run_commands(p.context, &(struct nms_command){ .op = NMS_OP_NOP }, 1), -EBUSY,
	      NMS_CAUSE_LIMIT, "jobs");
}
END_TEST

static struct nms_job *watched;

static void on_signal(int sig)
{
	(void)sig;
	nms_job_cancel(watched);
}

START_TEST(cancel_from_a_signal_handler)
{
	struct sigaction action = { .sa_handler = on_signal };

	watched = job_on_hold(p.context, 1);
	ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
	errno = 4711;
	raise(SIGUSR1);
	ck_assert_int_eq(errno, 4711);
	is_cancelled(watched);
}
END_TEST

/* At any moment, while the job comes and goes, and its context with it. */
static void *cancel_soon(void *arg)
{
	struct nms_progress progress;
	struct timespec pause = { 0, (long)(now_ms() * 7919 % 97) * 1000 };

	NMS_INIT(&progress);
	nanosleep(&pause, NULL);
	nms_job_progress(arg, &progress);
	nms_job_cancel(arg);
	return NULL;
}

START_TEST(cancel_races)
{
	struct nms_command c[300];
	struct nms_context *context;
	struct nms_job *job;
	pthread_t thread;
	int i, ret, cancelled = 0;

	memset(c, 0, sizeof(c));
	mock.about.max_commands = 4;
	place_close(&p);
	p = place_of(_i & 1 ? "/dev/nms0" : "/dev/nms0:submission=ioctl");
	mock.punt = _i & 2;
	for (i = 0; i < 100; i++) {
		ok(nms_context_create(p.device, &context));
		ok(nms_job_submit(context, c, mock.punt ? 20 : 300, &job));
		ck_assert_int_eq(pthread_create(&thread, NULL, cancel_soon, job), 0);
		ret = nms_job_wait(job, NULL);
		ck_assert(ret == 0 || ret == -ECANCELED);
		cancelled += ret != 0;
		nms_context_destroy(context);
		pthread_join(thread, NULL);
		nms_job_destroy(job);
	}
	/* One that waits is always reached. */
	job = job_on_hold(p.context, mock.jobs + 1);
	ck_assert_int_eq(pthread_create(&thread, NULL, cancel_soon, job), 0);
	pthread_join(thread, NULL);
	is_cancelled(job);
	ck_assert_int_ge(cancelled, 0);
}
END_TEST

static void *cancel_now(void *arg)
{
	nms_job_cancel(arg);
	return NULL;
}

/* While somebody is about to cancel, the descriptor that he has looked up stays. */
START_TEST(cancel_on_its_way)
{
	struct nms_job *job = job_on_hold(p.context, 1);
	struct nms_progress progress;
	pthread_t thread;

	NMS_INIT(&progress);
	while (!progress.done)
		ok(nms_job_progress(job, &progress));
	mock.slow_cancel = true;
	ck_assert_int_eq(pthread_create(&thread, NULL, cancel_now, job), 0);
	while (!mock.on_its_way)
		sched_yield();
	mock_release();
	ok(nms_job_wait(job, NULL));
	nms_context_destroy(p.context);
	pthread_join(thread, NULL);
	ck_assert_uint_eq(mock.strays, 0);
	nms_job_destroy(job);
	ok(nms_context_create(p.device, &p.context));
}
END_TEST

START_TEST(progress_is_the_kernels)
{
	struct nms_job *job = job_on_hold(p.context, 1);
	struct nms_progress progress;

	NMS_INIT(&progress);
	while (!progress.done)
		ok(nms_job_progress(job, &progress));
	ck_assert_uint_eq(progress.command, 2);
	ck_assert_uint_eq(progress.commands, 3);
	ck_assert_int_eq(progress.phase, NMS_PHASE_EMBED);
	ck_assert_uint_eq(progress.done, 30);
	ck_assert_uint_eq(progress.total, 100);
	mock_release();
	ok(nms_job_wait(job, NULL));
	ok(nms_job_progress(job, &progress));
	ck_assert_uint_eq(progress.command, 2);
	nms_job_destroy(job);
}
END_TEST

START_TEST(device_that_goes)
{
	struct nms_job *job = job_on_hold(p.context, 1);
	struct nms_buffer *b, *lost = NULL;
	struct nms_device_info info;
	struct nms_context *c;
	struct nms_command nop = { .op = NMS_OP_NOP };

	mock.hold = false;
	mock_release();
	ok(nms_job_wait(job, NULL));
	nms_job_destroy(job);
	b = buffer_of(p.context, 64);
	job = job_on_hold(p.context, 2);
	mock.gone = true;
	mock_release();
	fails(nms_job_wait(job, NULL), -ENODEV, NMS_CAUSE_DEVICE, "/dev/nms0: the device has gone");
	nms_job_destroy(job);
	fails(run_commands(p.context, &nop, 1), -ENODEV, NMS_CAUSE_DEVICE, "gone");
	fails(nms_buffer_create(p.context, 64, &lost), -ENODEV, NMS_CAUSE_DEVICE, "gone");
	fails(nms_context_create(p.device, &c), -ENODEV, NMS_CAUSE_URI, "no more");
	NMS_INIT(&info);
	fails(nms_device_info(p.device, &info), -ENODEV, NMS_CAUSE_DEVICE, "gone");
	nms_buffer_destroy(b);
}
END_TEST

/* ---- datasets ----------------------------------------------------------------------- */

static struct nms_dataset *dataset_of(struct nms_context *context, const char *name,
				      unsigned int mode)
{
	struct nms_matrix m = { .rows = 10, .cols = 5, .stride = 6, .dtype = NMS_I8 };
	struct nms_dataset *d;

	m.buffer = buffer_of(context, 60);
	ok(nms_dataset_create(context, name, &m, mode, &d));
	return d;
}

START_TEST(datasets_by_name)
{
	struct nms_dataset *mine = dataset_of(p.context, "rows", 0600), *d;
	struct place q = place_of("/dev/nms0");
	struct nms_dataset_info info;
	unsigned char in[60], out[60];
	struct nms_command c;

	fill(in, 60, 5);
	c = copy_command(NMS_OP_WRITE, nms_dataset_matrix(mine)->buffer, in, 60);
	ok(run_commands(p.context, &c, 1));
	ok(nms_dataset_open(q.context, "rows", &d));
	ck_assert_uint_eq(nms_dataset_matrix(d)->rows, 10);
	ck_assert_uint_eq(nms_dataset_matrix(d)->stride, 6);
	ck_assert_uint_eq(nms_dataset_matrix(d)->cols, 5);
	ck_assert_int_eq(nms_dataset_matrix(d)->dtype, NMS_I8);
	c = copy_command(NMS_OP_READ, nms_dataset_matrix(d)->buffer, out, 60);
	ok(run_commands(q.context, &c, 1));
	ck_assert_mem_eq(in, out, 60);
	c.op = NMS_OP_WRITE;
	mock.job_status = 0;
	fails(run_commands(q.context, &c, 1), -EACCES, NMS_CAUSE_RIGHT, "no such right");
	nms_dataset_close(d);
	/* Who made it may write, also by another handle. */
	nms_dataset_close(mine);
	ok(nms_dataset_open(p.context, "rows", &mine));
	c = copy_command(NMS_OP_WRITE, nms_dataset_matrix(mine)->buffer, in, 60);
	ok(run_commands(p.context, &c, 1));
	NMS_INIT(&info);
	ok(nms_dataset_info(q.context, 0, &info));
	ck_assert_str_eq(info.name, "rows");
	ck_assert_uint_eq(info.bytes, 4096);
	ck_assert_uint_eq(info.uid, 1000);
	ck_assert_uint_eq(info.gid, 100);
	ck_assert_uint_eq(info.mode, 0600);
	ck_assert_uint_eq(info.generation, 7);
	ck_assert_int_eq(nms_dataset_info(q.context, 1, &info), -ENOENT);
	ok(nms_dataset_unlink(q.context, "rows"));
	fails(nms_dataset_unlink(q.context, "rows"), -ENOENT, NMS_CAUSE_NAME, "no dataset \"rows\"");
	place_close(&q);
	/* Another one of that name is not its own. */
	dataset_of(p.context, "rows", 0400);
	nms_dataset_close(mine);
	ck_assert_uint_eq(mock_datasets(), 1);
	ok(nms_dataset_unlink(p.context, "rows"));
}
END_TEST

START_TEST(datasets_that_are_refused)
{
	struct nms_matrix m = { .rows = 10, .cols = 5, .dtype = NMS_I8 };
	struct nms_dataset *d;
	struct place q;

	dataset_of(p.context, "rows", 0200);
	m.buffer = buffer_of(p.context, 60);
	fails(nms_dataset_create(p.context, "rows", &m, 0600, &d), -EEXIST, NMS_CAUSE_NAME,
	      "already");
	fails(nms_dataset_open(p.context, "nothing", &d), -ENOENT, NMS_CAUSE_NAME, "nothing");
	q = place_of("/dev/nms0");
	fails(nms_dataset_open(q.context, "rows", &d), -EACCES, NMS_CAUSE_RIGHT,
	      "its mode does not let you read");
	mock.error[MOCK_NR(NMS_IOCTL_DATASET_UNLINK)] = EPERM;
	fails(nms_dataset_unlink(q.context, "rows"), -EPERM, NMS_CAUSE_RIGHT, "administrator");
	mock.error[MOCK_NR(NMS_IOCTL_DATASET_CREATE)] = ENFILE;
	fails(nms_dataset_create(p.context, "more", &m, 0600, &d), -ENFILE, NMS_CAUSE_LIMIT,
	      "as many datasets as it may");
	place_close(&q);
}
END_TEST

/* Rows, stride, columns and type are another user's words. */
START_TEST(datasets_that_lie)
{
	const struct nms_query_dataset honest = { .name = "rows", .size = 4096, .rows = 10,
						  .stride = 6, .cols = 5, .dtype = NMS_I8 };
	struct nms_dataset *d;
	struct nms_dataset_info info;
	unsigned int handles;

	dataset_of(p.context, "rows", 0600);
	handles = mock_handles();
	mock.lie = true;
#define LIE(change, why, part) do {							\
	mock.lies = honest;								\
	change;										\
	fails(nms_dataset_open(p.context, "rows", &d), -EINVAL, why, part);		\
	ck_assert(strstr(nms_last_error()->text, "is not what its owner says"));	\
	ck_assert_uint_eq(mock_handles(), handles);					\
} while (0)
	LIE(mock.lies.rows = 1 << 20, NMS_CAUSE_RANGE, "1048576 rows");
	LIE(mock.lies.rows = UINT64_MAX, NMS_CAUSE_RANGE, "rows of");
	LIE(mock.lies.rows = 0, NMS_CAUSE_ARGUMENT, "0 rows");
	LIE(mock.lies.stride = UINT64_MAX, NMS_CAUSE_RANGE, "rows of");
	LIE(mock.lies.stride = 4, NMS_CAUSE_ARGUMENT, "stride is 4");
	LIE(mock.lies.cols = UINT32_MAX, NMS_CAUSE_ARGUMENT, "stride is 6");
	LIE(mock.lies.cols = 0, NMS_CAUSE_ARGUMENT, "0 columns");
	LIE(mock.lies.dtype = 0, NMS_CAUSE_ARGUMENT, "dtype is 0");
	LIE(mock.lies.dtype = UINT32_MAX, NMS_CAUSE_ARGUMENT, "dtype is");
	LIE(mock.lies.size = 8, NMS_CAUSE_RANGE, "the buffer has 8");
#undef LIE
	memset(mock.lies.name, 'x', sizeof(mock.lies.name));
	NMS_INIT(&info);
	ok(nms_dataset_info(p.context, 0, &info));
	ck_assert_uint_eq(strlen(info.name), 63);
	mock.lies = honest;
	ok(nms_dataset_open(p.context, "rows", &d));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lib-kernel");
	TCase *t = tcase_create("opening"), *u = tcase_create("use");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, device_by_name);
	tcase_add_test(t, device_that_cannot_be_opened);
	tcase_add_test(t, device_options);
	tcase_add_test(t, auto_takes_what_there_is);
	tcase_add_test(t, nodes_in_order);
	tcase_add_test(t, structures_are_negotiated);
	tcase_add_test(t, signals_interrupt_calls);
	tcase_add_test(t, data_by_both_ways);
	tcase_add_test(t, io_uring_may_be_off);
	tcase_add_test(t, work_by_ioctl_where_rings_cannot_cancel);
	tcase_add_test(t, large_commands_are_cut);
	tcase_add_test(t, long_jobs_are_cut);
	tcase_add_test(t, locked_memory_is_kept_to);
	tcase_add_test(t, profile_of_the_device);
	suite_add_tcase(s, t);
	tcase_set_timeout(u, 60);
	tcase_add_checked_fixture(u, setup_place, teardown_place);
	tcase_add_loop_test(u, jobs_that_fail, 0, sizeof(job_errors) / sizeof(job_errors[0]));
	tcase_add_test(u, commands_that_the_device_refuses);
	tcase_add_loop_test(u, jobs_that_are_refused, 0, sizeof(refusals) / sizeof(refusals[0]));
	tcase_add_test(u, causes_of_numbers);
	tcase_add_test(u, buffers_that_cannot_be);
	tcase_add_test(u, handles_are_each_contexts_own);
	tcase_add_test(u, selections_that_do_not_fit);
	tcase_add_test(u, counters_of_the_device);
	tcase_add_test(u, cancel_while_it_runs);
	tcase_add_test(u, cancel_before_and_after);
	tcase_add_test(u, cancel_before_the_id);
	tcase_add_test(u, late_ids);
	tcase_add_test(u, cancel_from_a_signal_handler);
	tcase_add_loop_test(u, cancel_races, 0, 4);
	tcase_add_test(u, cancel_on_its_way);
	tcase_add_test(u, progress_is_the_kernels);
	tcase_add_test(u, device_that_goes);
	tcase_add_test(u, datasets_by_name);
	tcase_add_test(u, datasets_that_are_refused);
	tcase_add_test(u, datasets_that_lie);
	suite_add_tcase(s, u);
	return run_suite(s);
}

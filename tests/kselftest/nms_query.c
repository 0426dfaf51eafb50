// SPDX-License-Identifier: GPL-2.0-only
/* Query and ABI: sizes, reserved fields, unknown commands, layouts. */
#include <stddef.h>

#include "nms_test.h"

/* Alike for 32- and 64-bit programs: no hole depends on the alignment of 64 bits. */
_Static_assert(sizeof(struct nms_query) == 24, "nms_query");
_Static_assert(sizeof(struct nms_query_device) == 216, "nms_query_device");
_Static_assert(sizeof(struct nms_query_counters) == 176, "nms_query_counters");
_Static_assert(sizeof(struct nms_query_profile) == 32, "nms_query_profile");
_Static_assert(sizeof(struct nms_query_dataset) == 112, "nms_query_dataset");
_Static_assert(sizeof(struct nms_query_queue) == 40, "nms_query_queue");
_Static_assert(sizeof(struct nms_buffer_create) == 16, "nms_buffer_create");
_Static_assert(sizeof(struct nms_buffer_destroy) == 8, "nms_buffer_destroy");
_Static_assert(sizeof(struct nms_buffer_export) == 16, "nms_buffer_export");
_Static_assert(sizeof(struct nms_buffer_import) == 24, "nms_buffer_import");
_Static_assert(sizeof(struct nms_dataset_create) == 96, "nms_dataset_create");
_Static_assert(sizeof(struct nms_dataset_open) == 184, "nms_dataset_open");
_Static_assert(sizeof(struct nms_dataset_unlink) == 64, "nms_dataset_unlink");
_Static_assert(sizeof(struct nms_cmd) == 64, "nms_cmd");
_Static_assert(sizeof(struct nms_job_result) == 24, "nms_job_result");
_Static_assert(sizeof(struct nms_submit) == 48, "nms_submit");
_Static_assert(sizeof(struct nms_wait) == 40, "nms_wait");
_Static_assert(sizeof(struct nms_cancel) == 16, "nms_cancel");
_Static_assert(sizeof(struct nms_uring_cmd) == 16, "nms_uring_cmd");
_Static_assert(offsetof(struct nms_query_device, max_transfer) == 72, "max_transfer");
_Static_assert(offsetof(struct nms_submit, job) == 32, "job");

FIXTURE(query) {
	int fd;
};

FIXTURE_SETUP(query)
{
	self->fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(query)
{
	close(self->fd);
}

TEST_F(query, device)
{
	struct nms_query_device d;

	memset(&d, 0xff, sizeof(d));
	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_DEVICE, 0, &d, sizeof(d)));
	EXPECT_EQ(NMS_ABI_VERSION, d.abi_version);
	EXPECT_EQ(1, d.hw_version >> 16);
	EXPECT_GT(d.near_size, 0);
	EXPECT_LE(d.near_free, d.near_size);
	EXPECT_EQ(0, d.near_page & (d.near_page - 1));
	EXPECT_GE(d.queues, 1);
	EXPECT_GE(d.vectors, 1);
	EXPECT_GE(d.max_commands, 16);
	EXPECT_GE(d.max_transfer, 64 << 20);
	EXPECT_NE(0, d.model[0]);
	EXPECT_NE(0, d.clock_khz);
}

/* Number 0 is the admin queue, which has seen commands by now. */
TEST_F(query, queues)
{
	struct nms_query_device d;
	struct nms_query_queue before, after, admin;
	struct nms_cmd nop = { .op = NMS_CMD_NOP };
	uint64_t completions = 0;

	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_DEVICE, 0, &d, sizeof(d)));
	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_QUEUE, 0, &admin, sizeof(admin)));
	EXPECT_EQ(0, admin.id);
	EXPECT_EQ(NMS_QUERY_QUEUE_RUNS, admin.state);
	EXPECT_GT(admin.completions, 0);
	for (uint32_t i = 1; i <= d.queues; i++) {
		ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_QUEUE, i, &before, sizeof(before)));
		EXPECT_EQ(i, before.id);
		EXPECT_EQ(NMS_QUERY_QUEUE_RUNS, before.state);
		EXPECT_EQ(0, before.in_flight);
		EXPECT_EQ(0, before.waiting);
		EXPECT_LT(before.vector, d.vectors);
		completions -= before.completions;
	}
	ASSERT_EQ(0, nms_run(self->fd, &nop, 1, NULL));
	for (uint32_t i = 1; i <= d.queues; i++) {
		ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_QUEUE, i, &after, sizeof(after)));
		completions += after.completions;
	}
	EXPECT_EQ(1, completions);
	EXPECT_EQ(-ENOENT, nms_query(self->fd, NMS_QUERY_QUEUE, d.queues + 1, &after,
				     sizeof(after)));
	EXPECT_EQ(-ENOENT, nms_query(self->fd, NMS_QUERY_QUEUE, UINT32_MAX, &after,
				     sizeof(after)));
}

/* The drm-client-id of an open file. */
static uint32_t client_id(int fd)
{
	char path[64], line[128];
	unsigned int id = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "drm-client-id: %u", &id) == 1)
			break;
	if (file)
		fclose(file);
	return id;
}

/* An administrator sees each context apart, and what it has spent. */
TEST_F(query, context_of_another)
{
	struct nms_query_counters mine, his;
	int other = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	uint32_t id = client_id(other), handle;
	unsigned char bytes[4096];

	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_GE(other, 0);
	ASSERT_NE(0, id);
	ASSERT_NE(id, client_id(self->fd));
	ASSERT_EQ(0, nms_create(other, sizeof(bytes), &handle));
	memset(bytes, 1, sizeof(bytes));
	ASSERT_EQ(0, nms_transfer(other, NMS_CMD_WRITE, handle, 0, bytes, sizeof(bytes)));
	ASSERT_EQ(0, nms_query(other, NMS_QUERY_CONTEXT, 0, &his, sizeof(his)));
	/* The command itself comes over the link as well. */
	EXPECT_GE(his.link_in, sizeof(bytes));
	memset(&mine, 0xff, sizeof(mine));
	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_CONTEXT_COUNTERS, id, &mine, sizeof(mine)));
	EXPECT_EQ(0, memcmp(&mine, &his, sizeof(his)));
	EXPECT_EQ(0, mine.active_jobs);
	close(other);
	EXPECT_EQ(-ENOENT, nms_query(self->fd, NMS_QUERY_CONTEXT_COUNTERS, id, &mine,
				     sizeof(mine)));
	EXPECT_EQ(-ENOENT, nms_query(self->fd, NMS_QUERY_CONTEXT_COUNTERS, 0, &mine,
				     sizeof(mine)));
}

/* As much as fits is written, and the whole size told. */
TEST_F(query, sizes)
{
	struct nms_query q = { .type = NMS_QUERY_DEVICE, .size = 6 };
	unsigned char data[300];

	memset(data, 0xaa, sizeof(data));
	q.data = (uintptr_t)data;
	ASSERT_EQ(0, nms_call(self->fd, NMS_IOCTL_QUERY, &q));
	EXPECT_EQ(sizeof(struct nms_query_device), q.size);
	EXPECT_EQ(NMS_ABI_VERSION, data[0]);
	EXPECT_EQ(0xaa, data[6]);
	q.size = sizeof(data);
	ASSERT_EQ(0, nms_call(self->fd, NMS_IOCTL_QUERY, &q));
	EXPECT_EQ(0xaa, data[sizeof(struct nms_query_device)]);
	q.size = 0;
	q.data = 0;
	EXPECT_EQ(0, nms_call(self->fd, NMS_IOCTL_QUERY, &q));
	q.size = 8;
	EXPECT_EQ(-EFAULT, nms_call(self->fd, NMS_IOCTL_QUERY, &q));
}

TEST_F(query, reserved)
{
	struct nms_query_device d;
	struct nms_query q = { .type = NMS_QUERY_DEVICE, .size = sizeof(d),
			       .data = (uintptr_t)&d, .reserved = 1 };

	EXPECT_EQ(-EINVAL, nms_call(self->fd, NMS_IOCTL_QUERY, &q));
	q.reserved = 0;
	q.index = 1;
	EXPECT_EQ(-EINVAL, nms_call(self->fd, NMS_IOCTL_QUERY, &q));
	q.index = 0;
	q.type = 1000;
	EXPECT_EQ(-EINVAL, nms_call(self->fd, NMS_IOCTL_QUERY, &q));
}

/* A longer structure is taken if what the kernel does not know is zero. */
TEST_F(query, longer)
{
	struct {
		struct nms_query q;
		uint64_t more;
	} x = { .q = { .type = NMS_QUERY_DEVICE } };
	const unsigned long cmd = _IOC(_IOC_READ | _IOC_WRITE, NMS_IOCTL_MAGIC, 0xc0, sizeof(x));

	EXPECT_EQ(0, nms_call(self->fd, cmd, &x));
	x.more = 1;
	EXPECT_EQ(-E2BIG, nms_call(self->fd, cmd, &x));
}

TEST_F(query, unknown)
{
	struct nms_query q = { 0 };

	EXPECT_EQ(-ENOTTY, nms_call(self->fd, _IOWR(NMS_IOCTL_MAGIC, 0xbf, struct nms_query), &q));
	EXPECT_EQ(-ENOTTY, nms_call(self->fd, _IOWR('n', 0xc0, struct nms_query), &q));
	EXPECT_EQ(-ENOTTY, nms_call(self->fd, _IOR(NMS_IOCTL_MAGIC, 0xc0, struct nms_query), &q));
	EXPECT_EQ(-EFAULT, nms_call(self->fd, NMS_IOCTL_QUERY, NULL));
}

TEST_F(query, profiles)
{
	struct nms_query_device d;
	struct nms_query_profile p;
	unsigned int defaults = 0;

	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_DEVICE, 0, &d, sizeof(d)));
	ASSERT_GT(d.profiles, 0);
	for (uint32_t i = 0; i < d.profiles; i++) {
		ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_PROFILE, i, &p, sizeof(p)));
		EXPECT_NE(0, p.profile);
		EXPECT_NE(0, p.name[0]);
		defaults += p.flags & 1;
	}
	EXPECT_EQ(1, defaults);
	EXPECT_EQ(-ENOENT, nms_query(self->fd, NMS_QUERY_PROFILE, d.profiles, &p, sizeof(p)));
}

/* Energy of the whole device is for the administrator; counters never go back. */
TEST_F(query, counters)
{
	struct nms_query_counters before, after;
	struct nms_cmd nop = { .op = NMS_CMD_NOP };

	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_DEVICE_COUNTERS, 0, &before, sizeof(before)));
	ASSERT_EQ(0, nms_run(self->fd, &nop, 1, NULL));
	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_DEVICE_COUNTERS, 0, &after, sizeof(after)));
	for (unsigned int i = 0; i < NMS_ENERGY_DOMAINS; i++)
		EXPECT_LE(before.energy[i], after.energy[i]);
	EXPECT_EQ(before.jobs + 1, after.jobs);
	EXPECT_EQ(before.commands + 1, after.commands);
	EXPECT_LT(before.doorbells, after.doorbells);
	EXPECT_LT(before.interrupts, after.interrupts);
	EXPECT_EQ(0, after.pinned_pages);
	ASSERT_EQ(0, seteuid(1000));
	EXPECT_EQ(-EPERM, nms_query(self->fd, NMS_QUERY_DEVICE_COUNTERS, 0, &after, sizeof(after)));
	EXPECT_EQ(0, nms_query(self->fd, NMS_QUERY_CONTEXT, 0, &after, sizeof(after)));
	EXPECT_EQ(1, after.jobs);
	/* Not even of his own context by its number: numbers can be guessed. */
	EXPECT_EQ(-EPERM, nms_query(self->fd, NMS_QUERY_CONTEXT_COUNTERS, client_id(self->fd),
				    &after, sizeof(after)));
	EXPECT_EQ(-EPERM, nms_query(self->fd, NMS_QUERY_QUEUE, 0, &after, sizeof(after)));
}

TEST_HARNESS_MAIN

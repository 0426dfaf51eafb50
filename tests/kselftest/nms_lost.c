// SPDX-License-Identifier: GPL-2.0-only
/*
 * Near memory that is lost: by an error, with power, or because an answer of the
 * device got lost.  The first two are told to those who read; none leaks.
 */
#include "nms_control.h"

#define SIZE 65536

FIXTURE(lost) {
	int fd, control;
	uint64_t free;
};

FIXTURE_SETUP(lost)
{
	self->control = control_open();
	if (self->control < 0)
		SKIP(return, "needs root and a device that can be told to fail");
	ASSERT_EQ(0, put(PARAMETERS "admin_timeout_ms", "500"));
	self->fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	self->free = near_free(self->fd);
	ASSERT_NE(UINT64_MAX, self->free);
}

/* The context goes, and with it all that it held. */
FIXTURE_TEARDOWN(lost)
{
	ASSERT_TRUE(ask(self->control, "device clear"));
	ASSERT_TRUE(wait_state("live", 30));
	put(PARAMETERS "admin_timeout_ms", "30000");
	close(self->fd);
	self->fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	EXPECT_EQ(self->free, near_free(self->fd));
	close(self->fd);
	close(self->control);
}

/* ---- answers that get lost ------------------------------------------------------ */

TEST_F(lost, create)
{
	uint32_t handle;

	for (int i = 0; i < 3; i++) {
		ASSERT_TRUE(ask(self->control, "device fault admin drop 1"));
		/* Tried again, after a recovery which frees what nobody knows. */
		ASSERT_EQ(0, nms_create(self->fd, SIZE, &handle));
		EXPECT_EQ(self->free - (i + 1) * SIZE, near_free(self->fd));
	}
}

TEST_F(lost, destroy)
{
	uint32_t handle;

	/* First the right is taken, then the range destroyed: either answer. */
	for (int n = 1; n <= 2; n++) {
		char line[64];

		ASSERT_EQ(0, nms_create(self->fd, SIZE, &handle));
		snprintf(line, sizeof(line), "device fault admin drop %d", n);
		ASSERT_TRUE(ask(self->control, line));
		EXPECT_EQ(0, nms_destroy(self->fd, handle));
		EXPECT_TRUE(wait_state("live", 10));
		EXPECT_EQ(self->free, near_free(self->fd));
	}
}

/* Any one of the first commands of a buffer's life, and of the recoveries that follow. */
TEST_F(lost, any)
{
	uint32_t handle;
	char line[64];

	for (int n = 1; n <= 12; n++) {
		snprintf(line, sizeof(line), "device fault admin %s %d", n & 1 ? "drop" : "hang", n);
		ASSERT_TRUE(ask(self->control, line));
		for (int i = 0; i < 4; i++) {
			ASSERT_EQ(0, nms_create(self->fd, SIZE, &handle));
			ASSERT_EQ(0, nms_destroy(self->fd, handle));
		}
		ASSERT_TRUE(ask(self->control, "device clear"));
		ASSERT_TRUE(wait_state("live", 10));
		EXPECT_EQ(self->free, near_free(self->fd));
	}
}

/* What goes while the device is away is freed when it is back. */
TEST_F(lost, destroyed_while_away)
{
	uint32_t handle, kept;
	unsigned char data[512];

	nms_pattern(data, sizeof(data), 1);
	ASSERT_EQ(0, nms_create(self->fd, SIZE, &kept));
	ASSERT_EQ(0, nms_transfer(self->fd, NMS_CMD_WRITE, kept, 0, data, sizeof(data)));
	ASSERT_EQ(0, nms_create(self->fd, SIZE, &handle));
	ASSERT_TRUE(ask(self->control, "device link down"));
	ASSERT_TRUE(wait_state("dead", 30));
	EXPECT_EQ(0, nms_destroy(self->fd, handle));
	ASSERT_TRUE(ask(self->control, "device link up"));
	ASSERT_EQ(0, put(SYSFS "recover", "1"));
	ASSERT_TRUE(wait_state("live", 10));
	EXPECT_EQ(self->free - SIZE, near_free(self->fd));
	EXPECT_EQ(0, check_data(self->fd, kept, data, sizeof(data)));
}

/* ---- contents that get lost ----------------------------------------------------- */

/* The numbers of the ranges that the device has, newest last; there is no other way to know. */
static int ranges(unsigned int *range, int most)
{
	FILE *f = fopen("/sys/kernel/debug/nms/nms0/buffers", "r");
	char line[256];
	int n = 0;

	while (f && n < most && fgets(line, sizeof(line), f))
		n += sscanf(line, "range %u", &range[n]) == 1;
	if (f)
		fclose(f);
	return n;
}

static int name_it(int fd, const char *name, uint32_t handle)
{
	struct nms_dataset_create c = { .handle = handle, .mode = 0600 };

	snprintf(c.name, sizeof(c.name), "%s", name);
	return nms_call(fd, NMS_IOCTL_DATASET_CREATE, &c);
}

static int unlink_it(int fd, const char *name)
{
	struct nms_dataset_unlink u = { 0 };

	snprintf(u.name, sizeof(u.name), "%s", name);
	return nms_call(fd, NMS_IOCTL_DATASET_UNLINK, &u);
}

static uint32_t dataset_generation(int fd, const char *name)
{
	struct nms_query_dataset q;

	for (uint32_t i = 0; !nms_query(fd, NMS_QUERY_DATASET, i, &q, sizeof(q)); i++)
		if (!strcmp(q.name, name))
			return q.generation;
	return UINT32_MAX;
}

/*
 * Until the driver has heard of the loss.  What comes before that, the device refuses
 * for its old generation: a READ fails alike, but so does what would make it good.
 */
static bool wait_lost(int fd, const char *name, uint32_t handle, uint32_t generation)
{
	unsigned char seen[16];

	for (int i = 0; i < 500 && dataset_generation(fd, name) != generation; i++)
		usleep(20000);
	return dataset_generation(fd, name) == generation &&
	       nms_transfer(fd, NMS_CMD_READ, handle, 0, seen, sizeof(seen)) == -ESTALE;
}

/* Not to be read before it has been written as a whole, by one command. */
static void must_be_whole(struct __test_metadata *_metadata, int fd, uint32_t handle)
{
	unsigned char data[SIZE];

	nms_pattern(data, SIZE, 8);
	EXPECT_EQ(0, nms_transfer(fd, NMS_CMD_WRITE, handle, 0, data, SIZE - 1));
	EXPECT_EQ(-ESTALE, nms_transfer(fd, NMS_CMD_READ, handle, 0, data, 16));
	EXPECT_EQ(0, nms_transfer(fd, NMS_CMD_WRITE, handle, SIZE - 1, data, 1));
	EXPECT_EQ(-ESTALE, nms_transfer(fd, NMS_CMD_READ, handle, 0, data, 16));
	EXPECT_EQ(0, nms_transfer(fd, NMS_CMD_WRITE, handle, 0, data, SIZE));
	EXPECT_EQ(0, check_data(fd, handle, data, SIZE));
}

TEST_F(lost, error)
{
	unsigned char data[3][SIZE];
	unsigned long before = generation();
	unsigned int range[3];
	uint32_t handle[3], g;
	struct nms_cmd zero;
	char line[64];

	for (int i = 0; i < 3; i++) {
		nms_pattern(data[i], SIZE, i);
		ASSERT_EQ(0, nms_create(self->fd, SIZE, &handle[i]));
		ASSERT_EQ(0, nms_transfer(self->fd, NMS_CMD_WRITE, handle[i], 0, data[i], SIZE));
	}
	if (ranges(range, 3) != 3)
		SKIP(return, "this kernel has no debugfs to tell the numbers of ranges");
	ASSERT_EQ(0, name_it(self->fd, "lost", handle[1]));
	g = dataset_generation(self->fd, "lost");
	snprintf(line, sizeof(line), "device lose %u", range[1]);
	for (uint32_t i = 1; i <= 3; i++) {
		ASSERT_TRUE(ask(self->control, line));
		EXPECT_TRUE(wait_lost(self->fd, "lost", handle[1], g + i));
		must_be_whole(_metadata, self->fd, handle[1]);
	}
	ASSERT_TRUE(ask(self->control, line));
	EXPECT_TRUE(wait_lost(self->fd, "lost", handle[1], g + 4));
	zero = (struct nms_cmd){ .op = NMS_CMD_ZERO, .handle = handle[1], .length = SIZE };
	EXPECT_EQ(0, nms_run(self->fd, &zero, 1, NULL));
	memset(data[1], 0, SIZE);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(0, check_data(self->fd, handle[i], data[i], SIZE));
	EXPECT_EQ(before, generation());
	EXPECT_EQ(0, unlink_it(self->fd, "lost"));
}

/*
 * After a loss of power the device begins to count ranges anew: the new one of a
 * buffer must not pass for the old one of another.
 */
TEST_F(lost, power)
{
	unsigned char data[SIZE];
	uint32_t handle[8], g;

	for (int i = 0; i < 8; i++) {
		nms_pattern(data, SIZE, i);
		ASSERT_EQ(0, nms_create(self->fd, SIZE, &handle[i]));
		ASSERT_EQ(0, nms_transfer(self->fd, NMS_CMD_WRITE, handle[i], 0, data, SIZE));
	}
	ASSERT_EQ(0, name_it(self->fd, "powerless", handle[0]));
	g = dataset_generation(self->fd, "powerless");
	/* The list of buffers is no longer in the order of numbers. */
	ASSERT_EQ(0, nms_destroy(self->fd, handle[3]));
	for (int round = 0; round < 2; round++) {
		ASSERT_TRUE(ask(self->control, "device power"));
		ASSERT_TRUE(wait_state("dead", 30));
		ASSERT_TRUE(ask(self->control, "device link up"));
		ASSERT_EQ(0, put(SYSFS "recover", "1"));
		ASSERT_TRUE(wait_state("live", 10));
		EXPECT_EQ(g + 1 + round, dataset_generation(self->fd, "powerless"));
		EXPECT_EQ(self->free - 7 * SIZE, near_free(self->fd));
	}
	for (int i = 0; i < 8; i++)
		if (i != 3)
			EXPECT_EQ(-ESTALE, nms_transfer(self->fd, NMS_CMD_READ, handle[i], 0, data, 1));
	for (int i = 0; i < 8; i++)
		if (i != 3) {
			nms_pattern(data, SIZE, 100 + i);
			EXPECT_EQ(0, nms_transfer(self->fd, NMS_CMD_WRITE, handle[i], 0, data, SIZE));
		}
	for (int i = 0; i < 8; i++)
		if (i != 3) {
			nms_pattern(data, SIZE, 100 + i);
			EXPECT_EQ(0, check_data(self->fd, handle[i], data, SIZE));
		}
	EXPECT_EQ(0, unlink_it(self->fd, "powerless"));
}

/* The same in the midst of a recovery: an answer to what it asks for gets lost. */
static void power_and(struct __test_metadata *_metadata, FIXTURE_DATA(lost) *self,
		      const char *fault)
{
	unsigned char data[SIZE];
	uint32_t handle[4];
	char line[64];

	for (int i = 0; i < 4; i++)
		ASSERT_EQ(0, nms_create(self->fd, SIZE, &handle[i]));
	for (int n = 1; n <= 14; n++) {
		ASSERT_TRUE(ask(self->control, "device power"));
		ASSERT_TRUE(wait_state("dead", 30));
		ASSERT_TRUE(ask(self->control, "device link up"));
		snprintf(line, sizeof(line), "device fault admin %s %d", fault, n);
		ASSERT_TRUE(ask(self->control, line));
		ASSERT_EQ(0, put(SYSFS "recover", "1"));
		ASSERT_TRUE(wait_state("live", 10));
		ASSERT_TRUE(ask(self->control, "device clear"));
		EXPECT_EQ(self->free - 4 * SIZE, near_free(self->fd));
		for (int i = 0; i < 4; i++) {
			nms_pattern(data, SIZE, n * 4 + i);
			ASSERT_EQ(0, nms_transfer(self->fd, NMS_CMD_WRITE, handle[i], 0, data, SIZE));
		}
		for (int i = 0; i < 4; i++) {
			nms_pattern(data, SIZE, n * 4 + i);
			ASSERT_EQ(0, check_data(self->fd, handle[i], data, SIZE));
		}
	}
}

TEST_F(lost, power_and_answers)
{
	power_and(_metadata, self, "drop");
}

/* Or it is not even done: a right, for one, that a context has but the device was not told. */
TEST_F(lost, power_and_requests)
{
	power_and(_metadata, self, "hang");
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors that the bus reports (PCI Express AER): data in near memory stays, jobs
 * end with a reason, and the device works afterwards.  The kernel's aer_inject
 * makes them.
 */
#define _GNU_SOURCE
#include <sched.h>

#include "nms_aer_inject.h"

#define SIZE 65536
#define JOBS 6

FIXTURE(aer) {
	int fd, control;
	uint32_t handle;
	unsigned char data[SIZE];
	char slot[64];
};

FIXTURE_SETUP(aer)
{
	self->control = control_open();
	if (self->control < 0 || access("/dev/aer_inject", W_OK))
		SKIP(return, "needs root, aer_inject and a device that can be told to fail");
	ASSERT_TRUE(pci_name(self->slot, sizeof(self->slot)));
	self->fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, nms_create(self->fd, SIZE, &self->handle));
	nms_pattern(self->data, SIZE, 11);
	ASSERT_EQ(0, nms_transfer(self->fd, NMS_CMD_WRITE, self->handle, 0, self->data, SIZE));
}

FIXTURE_TEARDOWN(aer)
{
	unsigned char more[SIZE];

	ASSERT_TRUE(ask(self->control, "device clear"));
	ASSERT_TRUE(wait_state("live", 30));
	EXPECT_EQ(0, check_data(self->fd, self->handle, self->data, SIZE));
	nms_pattern(more, SIZE, 12);
	EXPECT_EQ(0, nms_transfer(self->fd, NMS_CMD_WRITE, self->handle, 0, more, SIZE));
	EXPECT_EQ(0, check_data(self->fd, self->handle, more, SIZE));
	EXPECT_EQ(0, pinned(self->fd));
	EXPECT_EQ(0, number(SYSFS "lost_pages"));
	close(self->fd);
	close(self->control);
}

static bool wait_generation(unsigned long wanted)
{
	for (int i = 0; i < 600; i++) {
		if (generation() >= wanted && wait_state("live", 30))
			return true;
		usleep(50000);
	}
	return false;
}

/* All in one queue from now on. */
static void stay_here(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Jobs that hang until the error ends them. */
static void with_jobs(struct __test_metadata *_metadata, FIXTURE_DATA(aer) *self, uint32_t error)
{
	unsigned char seen[JOBS][4096];
	unsigned long before = generation(), failed = faults(self->control);
	struct nms_job_result result;
	uint64_t job[JOBS];

	stay_here();
	ASSERT_TRUE(ask(self->control, "device fault hang 1 100"));
	for (int i = 0; i < JOBS; i++) {
		struct nms_cmd cmd = nms_copy(NMS_CMD_READ, self->handle, 0, seen[i],
					      sizeof(seen[i]));

		ASSERT_EQ(0, nms_submit(self->fd, &cmd, 1, &job[i]));
	}
	/* The others wait behind it in the same queue. */
	EXPECT_TRUE(wait_faults(self->control, failed + 1));
	EXPECT_EQ(-ETIMEDOUT, nms_wait(self->fd, job[0], 0, NULL));
	ASSERT_TRUE(ask(self->control, "device clear"));
	ASSERT_EQ(0, nms_aer_inject(self->slot, error, 0));
	for (int i = 0; i < JOBS; i++) {
		ASSERT_EQ(0, nms_wait(self->fd, job[i], UINT64_MAX, &result));
		EXPECT_EQ(-ENETRESET, result.error);
	}
	EXPECT_TRUE(wait_generation(before + 1));
	EXPECT_EQ(before + 1, generation());
}

TEST_F(aer, correctable)
{
	unsigned long before = generation();

	ASSERT_EQ(0, nms_aer_inject(self->slot, 0, PCI_ERR_COR_BAD_TLP));
	usleep(300000);
	EXPECT_EQ(before, generation());
}

TEST_F(aer, nonfatal)
{
	with_jobs(_metadata, self, PCI_ERR_UNC_COMP_ABORT);
}

TEST_F(aer, fatal)
{
	with_jobs(_metadata, self, PCI_ERR_UNC_MALF_TLP);
}

/* While data moves, from which nobody is kept. */
TEST_F(aer, repeatedly)
{
	for (int i = 0; i < 4; i++) {
		unsigned long before = generation();
		int err = 0;

		ASSERT_EQ(0, nms_aer_inject(self->slot, i & 1 ? PCI_ERR_UNC_MALF_TLP :
						PCI_ERR_UNC_COMP_ABORT, 0));
		for (int n = 0; n < 100000 && generation() == before; n++) {
			err = check_data(self->fd, self->handle, self->data, SIZE);
			if (err)
				EXPECT_EQ(-ENETRESET, err);
		}
		EXPECT_TRUE(wait_generation(before + 1));
	}
}

/* The device does not come back from it at once; an administrator brings it back later. */
TEST_F(aer, failed_reset)
{
	char was[32];

	get(PARAMETERS "admin_timeout_ms", was, sizeof(was));
	ASSERT_EQ(0, put(PARAMETERS "admin_timeout_ms", "300"));
	ASSERT_TRUE(ask(self->control, "device fault admin drop p=1"));
	ASSERT_EQ(0, nms_aer_inject(self->slot, PCI_ERR_UNC_MALF_TLP, 0));
	EXPECT_TRUE(wait_state("dead", 30));
	EXPECT_EQ(-EIO, check_data(self->fd, self->handle, self->data, SIZE));
	ASSERT_TRUE(ask(self->control, "device clear"));
	put(PARAMETERS "admin_timeout_ms", was);
	ASSERT_EQ(0, put(SYSFS "recover", "1"));
	EXPECT_TRUE(wait_state("live", 30));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that lies, by name and in a storm.  Whatever it says, each job ends once and
 * with a reason, nothing is kept, and when it is honest again, after a reset, the
 * same selection gives the same exemplars.  Needs a device that can be told to lie.
 *
 *	NMS_STORM_SECONDS	how long the storm lasts (4)
 *	NMS_STORM_SEED		its seed (1)
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "nms_answer.h"
#include "nms_uring_test.h"

#define TIMEOUT "400"	/* ms */
#define SIZE 65536

FIXTURE(hostile) {
	int fd, control;
	struct nms_pipeline p;
	struct nms_answer answer;
	uint64_t free;
	long pins;
	unsigned long generation;
	char slot[64];
};

/* An honest device on a busy machine may take longer than a liar is given; until begin(). */
static void be_patient(void)
{
	put(PARAMETERS "timeout_ms", "30000");
	put(PARAMETERS "admin_timeout_ms", "30000");
}

static void begin(struct __test_metadata *_metadata, FIXTURE_DATA(hostile) *self)
{
	self->fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, nms_pipeline_init(&self->p, self->fd));
	ASSERT_EQ(0, nms_answer_get(self->fd, &self->p, &self->answer));
	self->free = near_free(self->fd);
	self->generation = generation();
	put(PARAMETERS "timeout_ms", TIMEOUT);
	put(PARAMETERS "admin_timeout_ms", TIMEOUT);
}

FIXTURE_SETUP(hostile)
{
	self->control = control_open();
	if (self->control < 0 || !pci_name(self->slot, sizeof(self->slot)))
		SKIP(return, "needs root and a device that can be told to lie");
	self->pins = nms_pins();
	begin(_metadata, self);
}

static bool lie(FIXTURE_DATA(hostile) *self, const char *what)
{
	char line[128];

	snprintf(line, sizeof(line), "device lie %s", what);
	return ask(self->control, line);
}

static bool honest(FIXTURE_DATA(hostile) *self)
{
	return ask(self->control, "device honest");
}

static unsigned long lies(FIXTURE_DATA(hostile) *self)
{
	char answer[256], *at;

	if (!ask_for(self->control, "device count", answer, sizeof(answer)))
		return 0;
	at = strstr(answer, "lies=");
	return at ? strtoul(at + 5, NULL, 10) : 0;
}

FIXTURE_TEARDOWN(hostile)
{
	struct nms_query_counters c;

	ASSERT_TRUE(honest(self));
	be_patient();
	ASSERT_EQ(0, nms_revive());
	ASSERT_EQ(0, put(SYSFS "recover", "1"));
	ASSERT_TRUE(wait_state("live", 10));
	EXPECT_EQ(0, nms_answer_check(self->fd, &self->p, &self->answer));
	EXPECT_EQ(self->free, near_free(self->fd));
	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_DEVICE_COUNTERS, 0, &c, sizeof(c)));
	EXPECT_EQ(0, c.pinned_pages);
	EXPECT_EQ(0, c.lost_pages);
	EXPECT_EQ(self->pins, nms_pins_settled(self->pins));
	close(self->fd);
	close(self->control);
}

/* Of the rows; what is read is as it was written. */
static int read_some(FIXTURE_DATA(hostile) *self)
{
	return check_data(self->fd, self->p.input, (unsigned char *)self->p.data, 8192);
}

/* ---- completions ---------------------------------------------------------------- */

TEST_F(hostile, completions)
{
	static const struct {
		const char *lie;
		int err;
		bool reset;
	} cases[] = {
		{ "completion cid 0x7fff", -ETIMEDOUT, true },
		{ "completion cid 0xffff", -ETIMEDOUT, true },
		{ "completion sq_id 0", -ETIMEDOUT, true },
		{ "completion sq_id 999", -ETIMEDOUT, true },
		{ "completion phase 0", -ETIMEDOUT, true },
		{ "completion sq_head 0xffff", 0, false },
		{ "completion sq_head 255", 0, false },
		{ "completion status 0x7fff", -EPROTO, false },
		{ "completion status 0x50", -EPROTO, false },
		{ "completion status 0x40", -ECANCELED, false },
		{ "completion value 0", -EPROTO, false },
		{ "completion value 0xffffffffffffffff", -EPROTO, false },
		{ "completion detail 0xffffffff", 0, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned long before = generation();
		int err;

		ASSERT_TRUE(lie(self, cases[i].lie));
		err = read_some(self);
		if (err != cases[i].err)
			printf("# %s: %d\n", cases[i].lie, err);
		EXPECT_EQ(cases[i].err, err);
		ASSERT_TRUE(wait_state("live", 10));
		EXPECT_EQ(before + cases[i].reset, generation());
		EXPECT_EQ(0, read_some(self));
	}
}

static int run_nops(int fd, unsigned int n, unsigned int *reset)
{
	struct nms_cmd nop = { .op = NMS_CMD_NOP };

	for (*reset = 0; n; n--) {
		int err = nms_run(fd, &nop, 1, NULL);

		*reset += err == -ENETRESET;
		if (err && err != -ENETRESET)
			return err;
	}
	return 0;
}

/* By its word the device never reads the ring, which is full then, of commands that have ended. */
TEST_F(hostile, head_stands_still)
{
	unsigned int reset;

	ASSERT_TRUE(lie(self, "completion sq_head 0xffff 0"));
	EXPECT_EQ(0, run_nops(self->fd, 600, &reset));
	EXPECT_EQ(0, reset);
	EXPECT_GT(generation(), self->generation);
}

/* Answers that come before the questions, and more of them than anybody has asked. */
TEST_F(hostile, uncalled)
{
	ASSERT_TRUE(lie(self, "post 1 0x7abc 0 50"));
	ASSERT_TRUE(lie(self, "post 0 0x7abc 0 10"));
	EXPECT_EQ(0, read_some(self));
	EXPECT_EQ(self->generation, generation());
	/* Without end, they are a reason to begin anew. */
	ASSERT_TRUE(lie(self, "post 1 0x7abc 0x7f 300"));
	for (int i = 0; i < 100 && generation() == self->generation; i++)
		usleep(20000);
	EXPECT_EQ(self->generation + 1, generation());
	ASSERT_TRUE(wait_state("live", 10));
	EXPECT_EQ(0, read_some(self));
}

/* The device says that it has aborted what it computes, and goes on, as its beat shows. */
TEST_F(hostile, not_aborted)
{
	struct nms_job_result result;
	uint64_t job;

	ASSERT_EQ(0, put(PARAMETERS "timeout_ms", "60000"));
	nms_pipeline_endless(&self->p);
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, nms_submit(self->fd, &self->p.cmd[1], 1, &job));
		ASSERT_EQ(0, nms_wait_runs(self->fd, job, 0));
		/* What it computes ends, but nobody hears of it. */
		ASSERT_TRUE(lie(self, "completion cid 0x7fff"));
		ASSERT_EQ(0, nms_cancel(self->fd, job));
		ASSERT_EQ(0, nms_wait(self->fd, job, nms_now() + 20000000000ull, &result));
		EXPECT_EQ(-ENETRESET, result.error);
		ASSERT_TRUE(wait_state("live", 10));
	}
}

/* ---- admin commands ---------------------------------------------------------------- */

TEST_F(hostile, admin)
{
	static const char *const cases[] = {
		"admin cid 0x7fff", "admin sq_id 5", "admin phase 0", "admin status 0x7fff",
		"admin status 0x14", "admin status 0x20", "admin value 0",
		"admin value 0xffffffff00000000", "admin sq_head 0xffff",
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t handle;

		ASSERT_TRUE(lie(self, cases[i]));
		if (!nms_create(self->fd, SIZE, &handle))
			EXPECT_EQ(0, nms_destroy(self->fd, handle));
		ASSERT_TRUE(honest(self));
		ASSERT_EQ(0, nms_revive());
		EXPECT_EQ(0, read_some(self));
	}
}

/* All answers are wrong, for a while: it is given up, and taken back. */
TEST_F(hostile, admin_all)
{
	static const char *const cases[] = {
		"admin status 0x7f 0", "admin cid 0x7fff 0", "admin value 0xdeadbeefdeadbeef 0",
	};
	uint32_t handle;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);

		ASSERT_GE(fd, 0);
		ASSERT_TRUE(lie(self, cases[i]));
		nms_create(fd, SIZE, &handle);
		ASSERT_EQ(0, put(SYSFS "recover", "1"));
		close(fd);
		ASSERT_TRUE(honest(self));
		ASSERT_EQ(0, nms_revive());
		EXPECT_EQ(0, read_some(self));
	}
}

/* Of a buffer the number and the generation of its range, from the driver's own account. */
static bool a_range(unsigned int *range, unsigned int *generation)
{
	FILE *f = fopen("/sys/kernel/debug/nms/nms0/buffers", "r");
	bool found = f && fscanf(f, "range %u generation %u", range, generation) == 2;

	if (f)
		fclose(f);
	return found;
}

/* A range that another buffer has already is none. */
TEST_F(hostile, range_twice)
{
	unsigned int range, g;
	uint32_t handle;
	char what[64];

	if (!a_range(&range, &g))
		SKIP(return, "this kernel has no debugfs to tell the numbers of ranges");
	snprintf(what, sizeof(what), "admin value %llu", (unsigned long long)g << 32 | range);
	ASSERT_TRUE(lie(self, what));
	EXPECT_EQ(-EPROTO, nms_create(self->fd, SIZE, &handle));
	ASSERT_TRUE(wait_state("live", 10));
	for (int i = 0; i < 100 && generation() == self->generation; i++)
		usleep(20000);
	EXPECT_EQ(self->generation + 1, generation());
	ASSERT_TRUE(wait_state("live", 10));
	EXPECT_EQ(self->free, near_free(self->fd));
	EXPECT_EQ(0, read_some(self));
}

/* What was lost, or said to be, can be used again when it has been written as a whole. */
static void write_anew(struct __test_metadata *_metadata, FIXTURE_DATA(hostile) *self)
{
	const struct {
		uint32_t handle;
		uint64_t size;
	} all[] = {
		{ self->p.input, sizeof(self->p.data) },
		{ self->p.features, NMS_ROWS * NMS_FEATURES * 4 },
		{ self->p.plane, NMS_ROWS * 2 * 4 },
		{ self->p.index, NMS_ROWS * 4 },
		{ self->p.weight, NMS_ROWS * 4 },
	};
	struct nms_query_device d;

	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_DEVICE, 0, &d, sizeof(d)));
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct nms_cmd zero = nms_copy(NMS_CMD_ZERO, all[i].handle, 0, NULL,
					       (all[i].size + d.near_page - 1) & ~(d.near_page - 1));

		ASSERT_EQ(0, nms_run(self->fd, &zero, 1, NULL));
	}
	ASSERT_EQ(0, nms_transfer(self->fd, NMS_CMD_WRITE, self->p.input, 0, self->p.data,
				  sizeof(self->p.data)));
}

/* Lists of ranges that have no end, or begin again. */
TEST_F(hostile, ranges)
{
	static const struct {
		const char *lie, *state;
	} cases[] = {
		{ "ranges 0 0", "dead" },
		{ "ranges 1 0", "dead" },
		/* There is an end to this one, but nothing in it that anybody has. */
		{ "ranges 0xfffffff0 0", "live" },
	};
	int err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ASSERT_TRUE(lie(self, cases[i].lie));
		ASSERT_EQ(0, put(SYSFS "recover", "1"));
		EXPECT_TRUE(wait_state(cases[i].state, 10));
		ASSERT_TRUE(honest(self));
		ASSERT_EQ(0, nms_revive());
		/* Who lists a range with another generation, or not at all, says that it is lost. */
		err = read_some(self);
		if (err || !strcmp(cases[i].state, "live"))
			EXPECT_EQ(-ESTALE, err);
		write_anew(_metadata, self);
		EXPECT_EQ(0, read_some(self));
	}
}

/* Events of which there is no end do not keep a processor busy. */
TEST_F(hostile, events)
{
	static const char *const cases[] = { "event 77 1 0", "event 2 4000000000 0", "event 0 0 0" };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned long before;

		ASSERT_TRUE(lie(self, cases[i]));
		/* The request that waits now is honest; the next one is not. */
		ASSERT_EQ(0, put(SYSFS "recover", "1"));
		self->generation = generation();
		before = lies(self);
		sleep(2);
		EXPECT_LT(lies(self) - before, 800);
		EXPECT_EQ(0, read_some(self));
		EXPECT_EQ(self->generation, generation());
		ASSERT_TRUE(honest(self));
	}
}

/* Whoever fails again and again, and does nothing meanwhile, is not brought back for ever. */
TEST_F(hostile, errors_without_end)
{
	ASSERT_TRUE(lie(self, "event 1 0 0"));
	ASSERT_EQ(0, put(SYSFS "recover", "1"));
	EXPECT_TRUE(wait_state("dead", 30));
	EXPECT_EQ(-EIO, read_some(self));
	EXPECT_LT(generation(), self->generation + 20);
	/* An administrator may hope. */
	ASSERT_TRUE(honest(self));
	ASSERT_EQ(0, put(SYSFS "recover", "1"));
	EXPECT_TRUE(wait_state("live", 10));
	EXPECT_EQ(0, read_some(self));
}

/* ---- registers ----------------------------------------------------------------------- */

TEST_F(hostile, status)
{
	static const char *const cases[] = {
		"register 0x14 0xffffffff", "register 0x14 0", "register 0x14 3",
		"register 0x14 0xffffffff 4", "register 0x14 0xfffffffe 3", "register 0x14 2 5",
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned long before = generation();

		ASSERT_TRUE(lie(self, cases[i]));
		for (int n = 0; n < 200 && generation() == before; n++) {
			read_some(self);
			usleep(10000);
		}
		EXPECT_GT(generation(), before);
		ASSERT_TRUE(honest(self));
		ASSERT_EQ(0, nms_revive());
		EXPECT_EQ(0, read_some(self));
	}
}

static uint64_t cap(uint64_t entries, uint64_t stride, uint64_t queues)
{
	return (entries - 1) | stride << 16 | 1 << 20 | queues << 32;
}

static int use_a_little(void)
{
	unsigned char *data = malloc(SIZE);
	int fd = open(NMS_DEV, O_RDWR | O_CLOEXEC), err = fd < 0 ? -errno : 0;
	uint32_t handle;

	nms_pattern(data, SIZE, 5);
	if (!err)
		err = nms_create(fd, SIZE, &handle);
	if (!err)
		err = nms_transfer(fd, NMS_CMD_WRITE, handle, 0, data, SIZE);
	if (!err)
		err = check_data(fd, handle, data, SIZE);
	if (fd >= 0)
		close(fd);
	free(data);
	return err;
}

static int bind_patiently(FIXTURE_DATA(hostile) *self)
{
	be_patient();
	return put(DRIVER "bind", self->slot);
}

static void rebind(struct __test_metadata *_metadata, FIXTURE_DATA(hostile) *self,
		   const char *what, bool taken)
{
	int err;

	close(self->fd);
	ASSERT_EQ(0, put(DRIVER "unbind", self->slot));
	ASSERT_TRUE(lie(self, what));
	err = put(DRIVER "bind", self->slot);
	if (taken != !err)
		printf("# %s: %d\n", what, err);
	EXPECT_EQ(taken, !err);
	EXPECT_EQ(taken, !access(NMS_DEV, F_OK));
	ASSERT_TRUE(honest(self));
	be_patient();
	if (!err) {
		/* As far as it goes: a scatter list of one entry, say, takes no GATHER. */
		EXPECT_EQ(0, use_a_little());
		ASSERT_EQ(0, put(DRIVER "unbind", self->slot));
	}
	ASSERT_EQ(0, bind_patiently(self));
	begin(_metadata, self);
}

/* Never at rest, never ready, never there. */
TEST_F(hostile, status_for_good)
{
	static const char *const cases[] = {
		"register 0x14 0xffffffff 0", "register 0x14 4 0", "register 0x14 0xfffffff0 0",
	};
	char what[64];

	/* Each try lasts as long as the device has said that it may need: little, then. */
	snprintf(what, sizeof(what), "register 0 %#llx 0", (unsigned long long)cap(256, 0, 8));
	close(self->fd);
	ASSERT_EQ(0, put(DRIVER "unbind", self->slot));
	ASSERT_TRUE(lie(self, what));
	ASSERT_EQ(0, bind_patiently(self));
	ASSERT_TRUE(honest(self));
	begin(_metadata, self);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ASSERT_TRUE(lie(self, cases[i]));
		ASSERT_EQ(0, put(SYSFS "recover", "1"));
		EXPECT_TRUE(wait_state("dead", 100));
		EXPECT_NE(0, read_some(self));
		ASSERT_TRUE(honest(self));
		ASSERT_EQ(0, nms_revive());
		EXPECT_EQ(0, read_some(self));
	}
}

static void all_counters(FIXTURE_DATA(hostile) *self, const char *value)
{
	char what[64];

	for (unsigned int reg = 0x100; reg <= 0x170; reg += 8) {
		snprintf(what, sizeof(what), "register %#x %s 0", reg, value);
		lie(self, what);
	}
}

/* Counters are the device's word; what the driver counts is its own. */
TEST_F(hostile, counters)
{
	static const char *const values[] = { "0", "0xffffffffffffffff", "0x8000000000000000" };
	struct nms_query_counters before, c;
	struct nms_query_device d;

	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_DEVICE_COUNTERS, 0, &before, sizeof(before)));
	for (int i = 0; i < 3; i++) {
		all_counters(self, values[i]);
		ASSERT_EQ(0, read_some(self));
		nms_query(self->fd, NMS_QUERY_DEVICE_COUNTERS, 0, &c, sizeof(c));
		EXPECT_EQ(before.commands + 1, c.commands);
		EXPECT_EQ(before.errors, c.errors);
		before.commands++;
		ASSERT_TRUE(honest(self));
	}
	ASSERT_TRUE(lie(self, "register 0x40 0x7000000000000000"));
	ASSERT_EQ(0, nms_query(self->fd, NMS_QUERY_DEVICE, 0, &d, sizeof(d)));
	EXPECT_LE(d.near_free, d.near_size);
	ASSERT_TRUE(lie(self, "register 0x1c 0"));
	ASSERT_EQ(0, put(SYSFS "recover", "1"));
	EXPECT_EQ(0, read_some(self));
}

/* ---- at probe ---------------------------------------------------------------------------- */

TEST_F(hostile, probe_registers)
{
	static const struct {
		unsigned int reg;
		uint64_t value;
		bool taken;
	} cases[] = {
		{ NMS_HW_REG_CAP, UINT64_MAX, false },
		{ NMS_HW_REG_CAP, 0, false },
		{ NMS_HW_REG_VERSION, 0, false },
		{ NMS_HW_REG_VERSION, 0x00020000, false },
		{ NMS_HW_REG_VERSION, UINT32_MAX, false },
		{ NMS_HW_REG_VERSION, 0x0001ff00, true },
		{ NMS_HW_REG_NEAR_SIZE, UINT64_MAX, true },
		{ NMS_HW_REG_STATUS, UINT32_MAX, false },
	};
	char what[64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(what, sizeof(what), "register %#x %#llx 0", cases[i].reg,
			 (unsigned long long)cases[i].value);
		rebind(_metadata, self, what, cases[i].taken);
	}
}

TEST_F(hostile, probe_capabilities)
{
	static const struct {
		uint64_t entries, stride, queues;
		bool taken;
	} cases[] = {
		{ 1, 0, 8, false },
		{ 256, 0, 0, false },
		{ 256, 15, 8, false },
		{ 256, 12, 1, false },
		{ 2, 0, 8, false },
		{ 65536, 0, 255, true },	/* the driver asks for fewer */
		{ 3, 0, 255, true },
	};
	char what[64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(what, sizeof(what), "register 0 %#llx 0", (unsigned long long)
			 cap(cases[i].entries, cases[i].stride, cases[i].queues));
		rebind(_metadata, self, what, cases[i].taken);
	}
}

#define PAGE(member, value, ok) { offsetof(struct nms_hw_identify, member), \
	sizeof(((struct nms_hw_identify *)0)->member), value, ok }

static const struct {
	unsigned int offset, size;
	uint64_t value;
	bool taken;
} pages[] = {
	PAGE(sq_entry_size, 0, false),
	PAGE(cq_entry_size, 0xffff, false),
	PAGE(near_page, 0, false),
	PAGE(near_page, 3, false),
	PAGE(near_page, 1ull << 63, false),
	PAGE(near_size, 0, false),
	PAGE(near_size, 12345, false),
	PAGE(near_size, UINT64_MAX, false),
	PAGE(max_sgl_entries, 0, false),
	PAGE(max_contexts, 0, false),
	PAGE(max_ranges, 0, false),
	PAGE(max_sgl_entries, 1, true),
	PAGE(max_sgl_entries, UINT32_MAX, true),
	PAGE(max_contexts, UINT32_MAX, true),
	PAGE(profiles, 0xffff, true),
	PAGE(numerics, UINT32_MAX, true),
};

static void page_lie(char *what, size_t size, size_t i)
{
	snprintf(what, size, "page 0 %u %u %#llx 0", pages[i].offset, pages[i].size,
		 (unsigned long long)pages[i].value);
}

TEST_F(hostile, probe_identify)
{
	char what[64];

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		page_lie(what, sizeof(what), i);
		rebind(_metadata, self, what, pages[i].taken);
	}
}

/*
 * Limits that change at a reset are not taken: who has counted the parts of a transfer by the
 * one must not fill them by the other.
 */
TEST_F(hostile, limits_change)
{
	char what[64];

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		bool text = pages[i].offset == offsetof(struct nms_hw_identify, profiles) ||
			    pages[i].offset == offsetof(struct nms_hw_identify, numerics);

		page_lie(what, sizeof(what), i);
		ASSERT_TRUE(lie(self, what));
		ASSERT_EQ(0, put(SYSFS "recover", "1"));
		EXPECT_TRUE(wait_state(text ? "live" : "dead", 10));
		ASSERT_TRUE(honest(self));
		ASSERT_EQ(0, nms_revive());
		EXPECT_EQ(0, read_some(self));
	}
}

/* Names that are no text, and have no end. */
TEST_F(hostile, names)
{
	char text[64], what[64];

	for (int i = 0; i < 5; i++) {
		snprintf(what, sizeof(what), "page 0 %zu 8 %#llx 0",
			 offsetof(struct nms_hw_identify, model) + 8 * i, 0x410a1b5bff0a4241ull);
		ASSERT_TRUE(lie(self, what));
	}
	ASSERT_EQ(0, put(SYSFS "recover", "1"));
	ASSERT_TRUE(wait_state("live", 10));
	get(SYSFS "model", text, sizeof(text));
	EXPECT_EQ(sizeof(((struct nms_hw_identify *)0)->model) - 1, strlen(text));
	EXPECT_EQ(0, strncmp(text, "AB??[??AAB", 10));
	ASSERT_TRUE(honest(self));
	ASSERT_EQ(0, put(SYSFS "recover", "1"));
	get(SYSFS "model", text, sizeof(text));
	EXPECT_EQ(0, strcmp(text, "near-memory sampling model"));
}

/* ---- result blocks, interrupts --------------------------------------------------------------- */

#define RESULT(member) (unsigned int)offsetof(struct nms_hw_result, member)

/* A block that does not even say what it is of is as one that was not filled in. */
TEST_F(hostile, results)
{
	static const char *const cases[] = { "0 2 0", "0 2 77", "2 2 0x13", "4 4 0xffffffff",
					     "4 4 513" };
	struct nms_cmd reduce;
	char what[64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nms_hw_result seen;

		nms_pipeline_params(&self->p);
		reduce = self->p.cmd[0];
		reduce.result = (uintptr_t)&seen;
		memset(&seen, 0xa5, sizeof(seen));
		snprintf(what, sizeof(what), "result %s", cases[i]);
		ASSERT_TRUE(lie(self, what));
		ASSERT_EQ(0, nms_run(self->fd, &reduce, 1, NULL));
		EXPECT_EQ(NMS_HW_PARAM_VERSION, seen.version);
		EXPECT_EQ(NMS_HW_REDUCE, seen.opcode);
		EXPECT_EQ(0, seen.size);
		EXPECT_EQ(0, seen.energy[0]);
	}
	/* Numbers from which the driver learns, and shows how far it has come. */
	for (unsigned int at = RESULT(nanoseconds); at < RESULT(count); at += 8) {
		snprintf(what, sizeof(what), "result %u 8 0xffffffffffffffff", at);
		ASSERT_TRUE(lie(self, what));
		ASSERT_EQ(0, nms_answer_check(self->fd, &self->p, &self->answer));
	}
	for (unsigned int at = RESULT(progress_done); at < sizeof(struct nms_hw_result); at += 8) {
		snprintf(what, sizeof(what), "result %u 8 0xffffffffffffffff", at);
		ASSERT_TRUE(lie(self, what));
		ASSERT_EQ(0, nms_answer_check(self->fd, &self->p, &self->answer));
	}
	EXPECT_EQ(self->generation, generation());
}

TEST_F(hostile, interrupts)
{
	for (int vector = 0; vector < 4; vector++) {
		char what[64];

		snprintf(what, sizeof(what), "interrupt %d 500", vector);
		ASSERT_TRUE(lie(self, what));
		EXPECT_EQ(0, read_some(self));
	}
	/* None where one is due: it is looked for when it is late. */
	ASSERT_TRUE(lie(self, "silence 0"));
	for (int i = 0; i < 2; i++)
		EXPECT_EQ(0, read_some(self));
	EXPECT_EQ(self->generation, generation());
}

/* ---- all of it ------------------------------------------------------------------------------- */

#define RING 16u

struct worker {
	pthread_t thread;
	atomic_bool *stop;
	unsigned int number;
	unsigned long jobs, failed, unanswered, twice;
};

/* Jobs by ring: as many answers as questions, and not one more. */
static void by_ring(struct worker *w, int fd, uint32_t handle, unsigned char *memory)
{
	struct uring_job job[RING];
	struct io_uring_cqe *cqe;
	struct io_uring ring;
	unsigned int n;

	if (io_uring_queue_init(RING, &ring, 0))
		return;
	for (n = 0; n < RING; n++) {
		prepare(&job[n], nms_copy(n & 1 ? NMS_CMD_READ : NMS_CMD_WRITE, handle, 0,
					  memory + n * 4096, 4096));
		if (!queue(&ring, fd, &job[n]))
			break;
	}
	if (io_uring_submit(&ring) != (int)n)
		w->unanswered++;
	for (unsigned int i = 0; i < n; i++) {
		w->failed += reap(&ring, NULL) != 0;
		w->jobs++;
	}
	w->twice += !io_uring_peek_cqe(&ring, &cqe);
	io_uring_queue_exit(&ring);
}

static void by_call(struct worker *w, int fd)
{
	struct nms_pipeline *p = malloc(sizeof(*p));
	struct nms_job_result result;
	uint64_t job;

	if (p && !nms_pipeline_init(p, fd) && !nms_submit(fd, p->cmd, 4, &job)) {
		w->jobs++;
		if (w->jobs % 3 == 0)
			nms_cancel(fd, job);
		if (nms_wait(fd, job, UINT64_MAX, &result))
			w->unanswered++;
		else
			w->failed += result.error != 0;
		w->twice += !nms_wait(fd, job, 0, &result);
	}
	free(p);
}

static void *work(void *data)
{
	unsigned char *memory = malloc(RING * 4096);
	struct worker *w = data;

	memset(memory, 1, RING * 4096);
	while (!atomic_load(w->stop)) {
		int fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
		struct nms_query_counters c;
		uint32_t handle;

		if (fd < 0)
			continue;
		nms_query(fd, NMS_QUERY_CONTEXT, 0, &c, sizeof(c));
		if (w->number & 1)
			by_call(w, fd);
		else if (!nms_create(fd, SIZE, &handle))
			by_ring(w, fd, handle, memory);
		close(fd);
	}
	free(memory);
	return NULL;
}

static unsigned long setting(const char *name, unsigned long value)
{
	const char *text = getenv(name);

	return text && *text ? strtoul(text, NULL, 0) : value;
}

TEST_F(hostile, storm)
{
	static const char *const p[] = { "0.002", "0.01", "0.05" };
	unsigned long seconds = setting("NMS_STORM_SECONDS", 4), told = lies(self);
	unsigned long jobs = 0, failed = 0;
	struct worker w[4];
	atomic_bool stop = false;
	uint64_t end = nms_now() + seconds * 1000000000ull;
	char what[64], state[32];

	alarm(120 + seconds);
	put(PARAMETERS "timeout_ms", "200");
	put(PARAMETERS "admin_timeout_ms", "200");
	for (unsigned int i = 0; i < 4; i++) {
		w[i] = (struct worker){ .stop = &stop, .number = i };
		ASSERT_EQ(0, pthread_create(&w[i].thread, NULL, work, &w[i]));
	}
	/* On a slow machine there is little to lie about in so short a time. */
	for (unsigned long round = 0;
	     nms_now() < end || (round < 60 && lies(self) == told); round++) {
		snprintf(what, sizeof(what), "storm %s %lu", p[round % 3],
			 setting("NMS_STORM_SEED", 1) + round);
		ASSERT_TRUE(lie(self, what));
		for (int i = 0; i < 20; i++) {
			usleep(50000);
			get(SYSFS "state", state, sizeof(state));
			if (!strcmp(state, "dead"))
				put(SYSFS "recover", "1");
		}
		/* Time and again, so that there is something to lie about. */
		ASSERT_TRUE(honest(self));
		nms_revive();
		usleep(50000);
	}
	atomic_store(&stop, true);
	for (int i = 0; i < 4; i++) {
		pthread_join(w[i].thread, NULL);
		EXPECT_EQ(0, w[i].unanswered);
		EXPECT_EQ(0, w[i].twice);
		jobs += w[i].jobs;
		failed += w[i].failed;
	}
	printf("# %lu lies, %lu jobs, of which %lu failed\n", lies(self) - told, jobs, failed);
	EXPECT_GT(lies(self), told);
	EXPECT_GT(jobs, failed);
	ASSERT_EQ(0, nms_revive());
	/* Taken away and given back in the midst of it. */
	ASSERT_TRUE(lie(self, "storm 0.02 77"));
	close(self->fd);
	ASSERT_EQ(0, put(DRIVER "unbind", self->slot));
	ASSERT_TRUE(honest(self));
	ASSERT_EQ(0, bind_patiently(self));
	begin(_metadata, self);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each fault at each moment.  Whatever befalls the device when, each job ends once and with
 * a reason that fits, counters do not go back, nothing is kept, and afterwards the same
 * selection gives the same exemplars.  Needs a device that can be told to fail.
 *
 * A death of the device process is not among the faults: it is gone for good then, and
 * nms_kill has it.
 *
 *	NMS_MATRIX_SHARE	only so much of it is run: each fault at every n-th moment (1)
 */
#define _GNU_SOURCE
#include <stddef.h>

#include "nms_aer_inject.h"
#include "nms_answer.h"
#include "nms_moments.h"

#define SHORT "300"	/* ms: a fault is waited for */
#define LONG "3000"	/* none is to be */
#define MOMENTS 6u

enum {
	MET	= 0x1,	/* the device counts it, and must have */
	LOSES	= 0x2,	/* contents of near memory */
	FORGETS	= 0x4,	/* what the device has counted */
	WAITS	= 0x8,	/* until a time is over */
	LIES	= 0x10,	/* of what is there: found out when it is reset */
	UNSEATS	= 0x20,	/* a function without a driver, which nobody sets up again then */
};

FIXTURE(matrix) {
	int control;
	struct moment m;
	struct nms_query_counters counters;
	uint64_t free;
	long pins;
	unsigned long met;
	pthread_t watch;
	atomic_bool stop;
	const struct fault *fault;
	unsigned int backwards, untold;
};

/* @ends: with what jobs and calls may end because of the moment alone. */
FIXTURE_VARIANT(matrix) {
	int (*begin)(struct moment *m);
	const char *ends;
	bool busy;		/* commands come by themselves */
	bool removes;		/* the driver is not always there to be told */
};

FIXTURE_VARIANT_ADD(matrix, idle) { at_idle, "", false, false };
FIXTURE_VARIANT_ADD(matrix, transfer) { at_transfer, "", true, false };
FIXTURE_VARIANT_ADD(matrix, embed) { at_embed, "ECANCELED", false, false };
FIXTURE_VARIANT_ADD(matrix, reset) { at_reset, "ENETRESET", true, false };
FIXTURE_VARIANT_ADD(matrix, open) { at_open, "ECANCELED", true, false };
FIXTURE_VARIANT_ADD(matrix, remove) {
	at_remove, "ECANCELED ENODEV ENOENT ENXIO", true, true
};

struct fault {
	void (*strike)(FIXTURE_DATA(matrix) *self, const FIXTURE_VARIANT(matrix) *variant);
	const char *ends;	/* because of the fault */
	unsigned int flags;
};

/* Of the first test: those of all others must be the same. */
static struct {
	bool known;
	struct nms_answer answer;
	unsigned int tests;	/* so far */
} *first;

/* Of the device; a test that failed may have left none. */
static char slot[64];

static void __attribute__((constructor)) before_all(void)
{
	pci_name(slot, sizeof(slot));
	first = mmap(NULL, sizeof(*first), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		     -1, 0);
}

/* A file of the function. */
static const char *of_function(FIXTURE_DATA(matrix) *self, const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", self->m.slot, name);
	return path;
}

/* ---- before and after ---------------------------------------------------------------- */

static void set_timeouts(const char *ms)
{
	put(PARAMETERS "timeout_ms", ms);
	put(PARAMETERS "admin_timeout_ms", ms);
}

/* Asked for together, which saves half of the time: the answers come in the same order. */
static void ask_all(int control, const char *const *line, unsigned int n)
{
	char answer[256];

	for (unsigned int i = 0; i < n; i++)
		dprintf(control, "%s\n", line[i]);
	for (unsigned int i = 0; i < n; i++)
		hear(control, line[i], answer, sizeof(answer));
}

/* Another moment for each fault, so that a share has all of either. */
static bool is_left_out(void)
{
	const char *share = getenv("NMS_MATRIX_SHARE");
	unsigned int n = first->tests++, each = share ? atoi(share) : 1;

	return each > 1 && (n + n / MOMENTS) % each;
}

/* Wherever it has gone, it is found again. */
static int bring_back(FIXTURE_DATA(matrix) *self)
{
	static const char *const sound[] = { "device clear", "device honest", "device link up" };

	ask_all(self->control, sound, 3);
	for (int i = 0; i < 50 && access(NMS_DEV, F_OK); i++) {
		put("/sys/bus/pci/rescan", "1");
		if (access(NMS_DEV, F_OK))
			put(DRIVER "bind", self->m.slot);
		usleep(20000);
	}
	return nms_revive();
}

static void begin(struct __test_metadata *_metadata, FIXTURE_DATA(matrix) *self)
{
	self->m.fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->m.fd, 0);
	ASSERT_EQ(0, nms_pipeline_init(&self->m.p, self->m.fd));
}

FIXTURE_SETUP(matrix)
{
	self->control = control_open();
	if (self->control < 0 || !*slot)
		SKIP(return, "needs root and a device that can be told to fail");
	if (is_left_out())
		SKIP(return, "only a share is run");
	snprintf(self->m.slot, sizeof(self->m.slot), "%s", slot);
	nms_pattern(self->m.pattern, sizeof(self->m.pattern), 7);
	set_timeouts(LONG);
	/* What an earlier test has left. */
	ASSERT_EQ(0, bring_back(self));
	self->pins = nms_pins();
	begin(_metadata, self);
	if (!first->known) {
		ASSERT_EQ(0, nms_answer_get(self->m.fd, &self->m.p, &first->answer));
		first->known = true;
	}
	self->free = near_free(self->m.fd);
	ASSERT_EQ(0, nms_query(self->m.fd, NMS_QUERY_DEVICE_COUNTERS, 0, &self->counters,
			       sizeof(self->counters)));
}

static uint64_t near_free_settled(int fd, uint64_t wanted)
{
	uint64_t now = near_free(fd);

	for (int i = 0; i < 100 && now != wanted; i++) {
		usleep(20000);
		now = near_free(fd);
	}
	return now;
}

/* All is closed: near memory is free, and nothing runs or is held. */
FIXTURE_TEARDOWN(matrix)
{
	struct nms_query_counters c;
	struct nms_query_device d;
	int fd;

	close(self->m.fd);
	fd = open(NMS_DEV, O_RDWR | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, nms_query(fd, NMS_QUERY_DEVICE, 0, &d, sizeof(d)));
	EXPECT_EQ(d.near_size, near_free_settled(fd, d.near_size));
	ASSERT_EQ(0, nms_query(fd, NMS_QUERY_DEVICE_COUNTERS, 0, &c, sizeof(c)));
	EXPECT_EQ(0, c.near_used);
	EXPECT_EQ(0, c.active_jobs);
	EXPECT_EQ(0, c.compute_running);
	EXPECT_EQ(0, c.compute_waiting);
	EXPECT_EQ(0, c.pinned_pages);
	EXPECT_EQ(0, c.lost_pages);
	EXPECT_EQ(self->pins, nms_pins_settled(self->pins));
	EXPECT_EQ(0, charged());
	close(fd);
	close(self->control);
	set_timeouts("30000");
}

/* ---- counters ------------------------------------------------------------------------ */

#define COUNTER(member) (offsetof(struct nms_query_counters, member) / sizeof(uint64_t))

static unsigned int went_back(const struct nms_query_counters *was,
			      const struct nms_query_counters *now, unsigned int from,
			      unsigned int to)
{
	const uint64_t *a = (const void *)was, *b = (const void *)now;
	unsigned int n = 0;

	for (unsigned int i = from; i <= to; i++) {
		if (b[i] >= a[i])
			continue;
		printf("# counter %u was %#llx, and is %#llx\n", i, (unsigned long long)a[i],
		       (unsigned long long)b[i]);
		n++;
	}
	return n;
}

/* @same: it is still the same driver that counts. */
static void check_counters(FIXTURE_DATA(matrix) *self, const struct nms_query_counters *now,
			   bool same)
{
	const struct nms_query_counters *was = &self->counters;

	if (!(self->fault->flags & FORGETS)) {
		self->backwards += went_back(was, now, 0, COUNTER(busy_cycles));
		self->backwards += went_back(was, now, COUNTER(resets), COUNTER(resets));
	}
	if (same) {
		self->backwards += went_back(was, now, COUNTER(jobs), COUNTER(errors));
		self->backwards += went_back(was, now, COUNTER(doorbells), COUNTER(interrupts));
	}
	self->counters = *now;
}

/* Whenever they can be had. */
static void *watch_main(void *data)
{
	FIXTURE_DATA(matrix) *self = data;
	struct nms_query_counters now;

	while (!atomic_load(&self->stop)) {
		int err = nms_query(self->m.fd, NMS_QUERY_DEVICE_COUNTERS, 0, &now, sizeof(now));

		moment_note(&self->m, err);
		if (!err)
			check_counters(self, &now, true);
		/* Each register is a long way off where the device is emulated. */
		usleep(20000);
	}
	return NULL;
}

/* ---- one fault at one moment ----------------------------------------------------------- */

/* Faults and lies so far. */
static unsigned long met(FIXTURE_DATA(matrix) *self)
{
	unsigned long n = 0, lies = 0;
	char answer[256];

	if (ask_for(self->control, "device count", answer, sizeof(answer)))
		sscanf(answer, "ok faults=%lu interrupts=%*u lies=%lu", &n, &lies);
	return n + lies;
}

static bool wait_met(FIXTURE_DATA(matrix) *self)
{
	for (int i = 0; i < 500; i++) {
		if (met(self) > self->met)
			return true;
		usleep(10000);
	}
	return false;
}

/* Is @name one of the words of @list? */
static bool is_listed(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = list; (at = strstr(at, name)); at += n)
		if ((at == list || at[-1] == ' ') && (!at[n] || at[n] == ' '))
			return true;
	return false;
}

static unsigned int unexplained(FIXTURE_DATA(matrix) *self, const FIXTURE_VARIANT(matrix) *variant)
{
	unsigned int n = 0;

	for (unsigned int i = 1; i < REASONS; i++) {
		const char *name = strerrorname_np(i);

		if (!atomic_load(&self->m.reason[i]) ||
		    (name && (is_listed(self->fault->ends, name) || is_listed(variant->ends, name))))
			continue;
		printf("# %s is no reason for this\n", name ? name : "an unknown error");
		n++;
	}
	return n;
}

static bool is_stale(int fd)
{
	struct nms_query_device d;

	return nms_query(fd, NMS_QUERY_DEVICE, 0, &d, sizeof(d)) == -ENODEV;
}

static void check_jobs(struct __test_metadata *_metadata, FIXTURE_DATA(matrix) *self,
		       const FIXTURE_VARIANT(matrix) *variant)
{
	struct moment *m = &self->m;

	EXPECT_EQ(atomic_load(&m->begun), atomic_load(&m->ended));
	EXPECT_EQ(0, atomic_load(&m->twice));
	EXPECT_EQ(0, atomic_load(&m->otherwise));
	EXPECT_EQ(0, atomic_load(&m->wrong));
	EXPECT_EQ(0, unexplained(self, variant));
}

/* As if nothing had been. */
static void check_after(struct __test_metadata *_metadata, FIXTURE_DATA(matrix) *self)
{
	struct nms_query_counters now;
	bool stale = is_stale(self->m.fd);

	if (self->fault->flags & LIES) {
		ASSERT_EQ(0, put(SYSFS "recover", "1"));
		ASSERT_TRUE(wait_state("live", 10));
	}
	if (stale || (self->fault->flags & LOSES)) {
		close(self->m.fd);
		begin(_metadata, self);
	}
	EXPECT_EQ(0, nms_answer_check(self->m.fd, &self->m.p, &first->answer));
	EXPECT_EQ(self->free, near_free_settled(self->m.fd, self->free));
	ASSERT_EQ(0, nms_query(self->m.fd, NMS_QUERY_DEVICE_COUNTERS, 0, &now, sizeof(now)));
	check_counters(self, &now, !stale);
	EXPECT_EQ(0, self->backwards);
}

/* All that goes on has begun. */
static bool wait_begun(struct moment *m)
{
	for (int i = 0; i < 5000 && atomic_load(&m->begun) < 2 * RING; i++)
		usleep(2000);
	return atomic_load(&m->begun);
}

/*
 * Without a driver that asks for it, the kernel does not restore the configuration of a function
 * that it has reset after an error of the bus, and no driver can be bound: it must be found anew.
 */
static void reseat(FIXTURE_DATA(matrix) *self)
{
	if (!access(NMS_DEV, F_OK) || !put(DRIVER "bind", self->m.slot))
		return;
	printf("# found anew\n");
	put(of_function(self, "remove"), "1");
}

static void befall(struct __test_metadata *_metadata, FIXTURE_DATA(matrix) *self,
		   const FIXTURE_VARIANT(matrix) *variant, const struct fault *fault)
{
	self->fault = fault;
	self->met = met(self);
	if (fault->flags & WAITS)
		set_timeouts(SHORT);
	ASSERT_EQ(0, pthread_create(&self->watch, NULL, watch_main, self));
	ASSERT_EQ(0, variant->begin(&self->m));
	if (!variant->busy)
		moment_pass(&self->m);
	ASSERT_TRUE(wait_begun(&self->m));
	fault->strike(self, variant);
	EXPECT_EQ(0, self->untold);
	if (!variant->busy)
		moment_pass(&self->m);
	if (fault->flags & MET)
		EXPECT_TRUE(wait_met(self));
	if (variant->busy)
		usleep(50000);
	/* What the fault holds up ends by itself, not because the fault does. */
	moment_end(&self->m);
	if (variant->removes && (fault->flags & UNSEATS))
		reseat(self);
	set_timeouts(LONG);
	ASSERT_EQ(0, bring_back(self));
	atomic_store(&self->stop, true);
	pthread_join(self->watch, NULL);
	check_jobs(_metadata, self, variant);
	check_after(_metadata, self);
}

/* ---- faults -------------------------------------------------------------------------- */

#define FAULT(name, reasons, flags)							\
	static void by_##name(FIXTURE_DATA(matrix) *self,				\
			      const FIXTURE_VARIANT(matrix) *variant);			\
	TEST_F_TIMEOUT(matrix, name, 60)						\
	{										\
		static const struct fault fault = { by_##name, reasons, flags };	\
											\
		befall(_metadata, self, variant, &fault);				\
	}										\
	static void by_##name(FIXTURE_DATA(matrix) *self,				\
			      const FIXTURE_VARIANT(matrix) *variant)

static void tell(FIXTURE_DATA(matrix) *self, const char *line)
{
	self->untold += !ask(self->control, line);
}

/* Write @text there; where the driver comes and goes, until it is there. */
static void insist(FIXTURE_DATA(matrix) *self, const FIXTURE_VARIANT(matrix) *variant,
		   const char *path, const char *text)
{
	int err = put(path, text);

	for (int i = 0; err && variant->removes && i < 1000; i++) {
		usleep(2000);
		err = put(path, text);
	}
	if (err)
		printf("# %s: %s\n", path, strerror(-err));
	self->untold += !!err;
}

/* A command fails. */
FAULT(dma, "EREMOTEIO", MET)
{
	tell(self, "device fault dma 1 5");
}

FAULT(hang, "ETIMEDOUT ENETRESET", MET | WAITS)
{
	tell(self, "device fault hang 1 2");
}

/* A completion is lost, also of a command of the driver's own. */
FAULT(lost_completion, "ETIMEDOUT ENETRESET", MET | WAITS)
{
	tell(self, "device fault drop 1 2");
	tell(self, "device fault admin drop 2");
}

/* After it has been given up. */
FAULT(late_completion, "ETIMEDOUT ENETRESET", MET | WAITS)
{
	tell(self, "device delay 500");
	tell(self, "device fault delay 1 2");
}

FAULT(double_completion, "", MET)
{
	tell(self, "device fault duplicate 1 20");
	tell(self, "device fault admin duplicate 1 3");
}

FAULT(foreign_completion, "ETIMEDOUT ENETRESET", MET | WAITS)
{
	tell(self, "device fault corrupt 1 2");
	tell(self, "device fault admin corrupt 1");
}

FAULT(lost_interrupt, "ETIMEDOUT ENETRESET", MET | WAITS)
{
	tell(self, "device lie silence 3");
}

/* The device lies about what it has done. */
FAULT(lie, "EPROTO EIO ETIMEDOUT ENETRESET", MET | WAITS | LIES)
{
	tell(self, "device lie completion status 0x7fff");
	tell(self, "device lie completion value 0xffffffffffffffff 3");
	tell(self, "device lie result 0 2 77");
	tell(self, "device lie admin status 0x7f");
}

/* It answers who has not asked. */
FAULT(uncalled, "", 0)
{
	tell(self, "device lie post 1 0x7abc 0 20");
	tell(self, "device lie post 0 0x7abc 0 5");
	tell(self, "device lie interrupt 0 50");
	tell(self, "device lie event 77 1 3");
}

FAULT(fatal, "ENETRESET", MET | WAITS)
{
	tell(self, "device fault fatal 1");
	tell(self, "device fault admin fatal 3");
}

/* The device falls silent, and does not come back before it is told to. */
FAULT(link, "ENODEV EIO ENETRESET ETIMEDOUT", WAITS)
{
	tell(self, "device link down");
}

FAULT(power, "ENODEV EIO ENETRESET ETIMEDOUT ESTALE", LOSES | FORGETS | WAITS)
{
	tell(self, "device power");
	usleep(50000);
	tell(self, "device link up");
}

/* Near memory of all who have some; what uses it meanwhile fails with EIO. */
FAULT(contents, "ESTALE EIO", LOSES)
{
	FILE *f = fopen("/sys/kernel/debug/nms/nms0/buffers", "r");
	unsigned int range, lost = 0;
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "range %u", &range) != 1)
			continue;
		snprintf(line, sizeof(line), "device lose %u", range);
		/* It may have gone meanwhile. */
		lost += ask(self->control, line);
	}
	if (f)
		fclose(f);
	self->untold += !lost && !variant->removes;
}

/* Pulled out: what removes it finds that it has gone. */
FAULT(pulled, "ENODEV ENOENT ENXIO EIO ENETRESET ETIMEDOUT", WAITS)
{
	tell(self, "device link down");
	insist(self, variant, of_function(self, "remove"), "1");
}

FAULT(unbind, "ENODEV ENOENT ENXIO", 0)
{
	insist(self, variant, DRIVER "unbind", self->m.slot);
}

FAULT(remove, "ENODEV ENOENT ENXIO", 0)
{
	insist(self, variant, of_function(self, "remove"), "1");
}

FAULT(recover, "ENETRESET", 0)
{
	for (int i = 0; i < 3; i++)
		insist(self, variant, SYSFS "recover", "1");
}

FAULT(flr, "ENETRESET", 0)
{
	for (int i = 0; i < 2; i++)
		insist(self, variant, of_function(self, "reset"), "1");
}

/* As far as drivers go. */
FAULT(suspend, "ENETRESET", 0)
{
	put("/sys/module/suspend/parameters/pm_test_delay", "0");
	insist(self, variant, "/sys/power/pm_test", "devices");
	insist(self, variant, "/sys/power/state", "mem");
	put("/sys/power/pm_test", "none");
}

static void inject(FIXTURE_DATA(matrix) *self, uint32_t error)
{
	int err = nms_aer_inject(self->m.slot, error, 0);

	if (err)
		printf("# aer_inject: %s\n", strerror(-err));
	self->untold += !!err;
	/* The kernel looks at it a little later. */
	usleep(100000);
}

FAULT(aer_nonfatal, "ENETRESET", UNSEATS)
{
	inject(self, PCI_ERR_UNC_COMP_ABORT);
}

FAULT(aer_fatal, "ENETRESET", UNSEATS)
{
	inject(self, PCI_ERR_UNC_MALF_TLP);
}

/* Whatever anybody has begun, as long as it is not too late. */
FAULT(cancel, "ECANCELED", 0)
{
	/* First the one that waits: once the other has gone it may be done in no time. */
	for (unsigned int i = self->m.njobs; i--; )
		self->untold += !!nms_cancel(self->m.fd, self->m.job[i]);
	for (int round = 0; variant->busy && round < 50; round++) {
		int fd = atomic_load(&self->m.last_fd);
		uint64_t job = atomic_load(&self->m.last_job);

		for (uint64_t id = job; id < job + RING + 2; id++)
			nms_cancel(fd, id);
		usleep(2000);
	}
}

/* In a process of its own: jobs of both kinds, and death. */
static void die(struct moment *m)
{
	struct client *c = calloc(1, sizeof(*c));
	struct nms_pipeline *p = calloc(1, sizeof(*p));
	uint64_t id;

	c->m = m;
	if (!client_open(c))
		_exit(1);
	nms_pipeline_init(p, c->fd);
	nms_pipeline_endless(p);
	nms_submit(c->fd, p->cmd, 2, &id);
	client_queue(c);
	raise(SIGKILL);
}

FAULT(kill, "", 0)
{
	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();
		int status = 0;

		if (!pid)
			die(&self->m);
		waitpid(pid, &status, 0);
		self->untold += !variant->removes && !WIFSIGNALED(status);
	}
}

TEST_HARNESS_MAIN

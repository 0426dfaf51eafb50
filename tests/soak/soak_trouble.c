// SPDX-License-Identifier: GPL-2.0-only
/* What goes wrong during a soak: faults of the device, resets, removals, deaths of clients. */
#include "soak.h"

#include "nms_control.h"

struct soak_trouble {
	uint64_t random;
	int control;
	char slot[64];
	uint64_t *count;	/* of each kind */
};

static void request(struct soak_trouble *t, const char *line)
{
	char answer[256];

	ask_for(t->control, line, answer, sizeof(answer));
}

/* ---- each kind ------------------------------------------------------------------- */

static int fault(struct soak_trouble *t)
{
	static const char *const kind[] = { "drop", "delay", "duplicate", "corrupt", "hang",
					    "fatal", "dma" };
	char line[64];

	snprintf(line, sizeof(line), "device fault %s %u %u", kind[soak_below(&t->random, 7)],
		 1 + soak_below(&t->random, 40), 1 + soak_below(&t->random, 2));
	request(t, line);
	return -1;
}

static int admin_fault(struct soak_trouble *t)
{
	static const char *const kind[] = { "drop", "hang", "delay" };
	char line[64];

	snprintf(line, sizeof(line), "device fault admin %s %u", kind[soak_below(&t->random, 3)],
		 1 + soak_below(&t->random, 30));
	request(t, line);
	return -1;
}

/* The contents of one of the ranges that there are. */
static int lose(struct soak_trouble *t)
{
	FILE *f = fopen("/sys/kernel/debug/nms/nms0/buffers", "r");
	unsigned int range, chosen = 0, n = 0;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "range %u", &range) == 1 && range &&
		    !soak_below(&t->random, ++n))
			chosen = range;
	if (f)
		fclose(f);
	if (chosen) {
		snprintf(line, sizeof(line), "device lose %u", chosen);
		request(t, line);
	}
	return -1;
}

static int link_down(struct soak_trouble *t)
{
	request(t, "device link down");
	usleep(10000 * (1 + soak_below(&t->random, 50)));
	request(t, "device link up");
	put(SYSFS "recover", "1");
	return -1;
}

static int power(struct soak_trouble *t)
{
	request(t, "device power");
	usleep(10000 * (1 + soak_below(&t->random, 50)));
	request(t, "device link up");
	put(SYSFS "recover", "1");
	return -1;
}

static int recover(struct soak_trouble *t)
{
	(void)t;
	put(SYSFS "recover", "1");
	return -1;
}

static int function_reset(struct soak_trouble *t)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", t->slot);
	put(path, "1");
	return -1;
}

static int rebind(struct soak_trouble *t)
{
	put(DRIVER "unbind", t->slot);
	usleep(10000 * soak_below(&t->random, 30));
	put(DRIVER "bind", t->slot);
	return -1;
}

static int unplug(struct soak_trouble *t)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove", t->slot);
	put(path, "1");
	usleep(10000 * soak_below(&t->random, 30));
	put("/sys/bus/pci/rescan", "1");
	return -1;
}

static int kill_client(struct soak_trouble *t)
{
	return (int)soak_below(&t->random, SOAK_CLIENTS);
}

static const struct {
	const char *name;
	int (*fn)(struct soak_trouble *t);
	unsigned int weight;
} kinds[] = {
	{ "faults", fault, 8 },
	{ "faults of admin commands", admin_fault, 2 },
	{ "contents lost", lose, 3 },
	{ "links down", link_down, 1 },
	{ "powers lost", power, 1 },
	{ "recoveries asked for", recover, 2 },
	{ "function resets", function_reset, 2 },
	{ "rebinds", rebind, 2 },
	{ "removals", unplug, 1 },
	{ "clients killed", kill_client, 6 },
};

#define NKINDS (sizeof(kinds) / sizeof(kinds[0]))

/* ---- all of them ----------------------------------------------------------------- */

struct soak_trouble *soak_trouble_begin(uint64_t seed)
{
	static uint64_t count[NKINDS];
	static struct soak_trouble t;

	t = (struct soak_trouble){ .random = seed, .control = control_open(), .count = count };
	if (t.control < 0 || !pci_name(t.slot, sizeof(t.slot)))
		return NULL;
	put(PARAMETERS "timeout_ms", "1000");
	put(PARAMETERS "admin_timeout_ms", "1000");
	return &t;
}

int soak_trouble_next(struct soak_trouble *t)
{
	unsigned int all = 0, chosen, i;

	for (i = 0; i < NKINDS; i++)
		all += kinds[i].weight;
	chosen = soak_below(&t->random, all);
	for (i = 0; chosen >= kinds[i].weight; i++)
		chosen -= kinds[i].weight;
	t->count[i]++;
	return kinds[i].fn(t);
}

static bool is_live(void)
{
	char state[32];

	get(SYSFS "state", state, sizeof(state));
	return !strcmp(state, "live");
}

bool soak_trouble_heal(struct soak_trouble *t)
{
	request(t, "device clear");
	for (int i = 0; i < 600; i++) {
		if (is_live())
			return true;
		if (i % 20 == 5)
			request(t, "device link up");
		if (i % 20 == 10) {
			if (access(SYSFS, F_OK))
				put("/sys/bus/pci/rescan", "1");
			if (access(SYSFS, F_OK))
				put(DRIVER "bind", t->slot);
			else
				put(SYSFS "recover", "1");
		}
		usleep(50000);
	}
	return false;
}

void soak_trouble_report(const struct soak_trouble *t)
{
	for (unsigned int i = 0; i < NKINDS; i++)
		printf("# trouble: %llu %s\n", (unsigned long long)t->count[i], kinds[i].name);
}

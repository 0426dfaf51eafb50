/* SPDX-License-Identifier: GPL-2.0-only */
/* What tests share that make a device fail: by sysfs, and by asking outside of the guest. */
#ifndef NMS_CONTROL_H
#define NMS_CONTROL_H

#include "nms_test.h"

#define SYSFS "/sys/class/nms/nms0/"
#define PARAMETERS "/sys/module/nms/parameters/"
#define DRIVER "/sys/bus/pci/drivers/nms/"

static inline int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	int err = fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return err;
}

static inline void get(const char *path, char *text, size_t size)
{
	FILE *f = fopen(path, "r");

	text[0] = '\0';
	if (f && fgets(text, size, f))
		text[strcspn(text, "\n")] = '\0';
	if (f)
		fclose(f);
}

static inline unsigned long number(const char *path)
{
	char text[32];

	get(path, text, sizeof(text));
	return strtoul(text, NULL, 0);
}

/* The next answer, which is to @line; true if it is "ok ...". */
static inline bool hear(int control, const char *line, char *answer, size_t size)
{
	size_t n = 0;

	while (n < size - 1 && read(control, answer + n, 1) == 1 && answer[n] != '\n')
		n++;
	answer[n] = '\0';
	if (strncmp(answer, "ok", 2))
		printf("# %s: %s\n", line, answer);
	return !strncmp(answer, "ok", 2);
}

/* Ask outside. */
static inline bool ask_for(int control, const char *line, char *answer, size_t size)
{
	return dprintf(control, "%s\n", line) > 0 && hear(control, line, answer, size);
}

static inline bool ask(int control, const char *line)
{
	char answer[1024];

	return ask_for(control, line, answer, sizeof(answer));
}

/* Wait until the device has begun to fail: what was submitted may not have reached it yet. */
static inline bool wait_faults(int control, unsigned long number)
{
	char answer[256];

	for (int i = 0; i < 1000; i++) {
		unsigned long seen;

		if (!ask_for(control, "device count", answer, sizeof(answer)))
			return false;
		if (sscanf(answer, "ok faults=%lu", &seen) == 1 && seen >= number)
			return true;
		usleep(10000);
	}
	printf("# %s: %lu faults were to come\n", answer, number);
	return false;
}

static inline unsigned long faults(int control)
{
	char answer[256];
	unsigned long n = 0;

	if (ask_for(control, "device count", answer, sizeof(answer)))
		sscanf(answer, "ok faults=%lu", &n);
	return n;
}

static inline bool wait_state(const char *wanted, int seconds)
{
	char state[32] = "";

	for (int i = 0; i < 20 * seconds; i++) {
		get(SYSFS "state", state, sizeof(state));
		if (!strcmp(state, wanted))
			return true;
		usleep(50000);
	}
	printf("# state is %s, not %s\n", state, wanted);
	return false;
}

static inline unsigned long generation(void)
{
	return number(SYSFS "generation");
}

static inline int check_data(int fd, uint32_t handle, const unsigned char *data, size_t size)
{
	unsigned char *seen = malloc(size);
	int err = nms_transfer(fd, NMS_CMD_READ, handle, 0, seen, size);

	if (!err && memcmp(seen, data, size))
		err = -EILSEQ;
	free(seen);
	return err;
}

/* The way to ask outside, or -1: then, or without root, there is nothing to test. */
static inline int control_open(void)
{
	const char *control = getenv("NMS_CONTROL");

	return control && !geteuid() ? open(control, O_RDWR | O_NOCTTY) : -1;
}

/* The name of the device's PCI function. */
static inline bool pci_name(char *name, size_t size)
{
	char target[256];
	ssize_t n = readlink(SYSFS "device", target, sizeof(target) - 1);

	if (n <= 0)
		return false;
	target[n] = '\0';
	snprintf(name, size, "%s", strrchr(target, '/') + 1);
	return true;
}

/* A line "key: number" of a file of /proc. */
static inline long proc_number(const char *path, const char *key)
{
	FILE *f = fopen(path, "r");
	char line[256];
	long value = -1;

	while (f && value < 0 && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			value = strtol(line + strlen(key), NULL, 0);
	if (f)
		fclose(f);
	return value;
}

/* Pages that the context has pinned, which can be asked for whatever became of the device. */
static inline long pinned(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return proc_number(path, "nms-pinned-pages:");
}

/* What RLIMIT_MEMLOCK is charged with, in KiB. */
static inline long charged(void)
{
	return proc_number("/proc/self/status", "VmPin:");
}

static inline uint64_t near_free(int fd)
{
	struct nms_query_device d;

	return nms_query(fd, NMS_QUERY_DEVICE, 0, &d, sizeof(d)) ? UINT64_MAX : d.near_free;
}

#endif /* NMS_CONTROL_H */

// SPDX-License-Identifier: GPL-2.0-only
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cost.h"
#include "json.h"
#include "nmsctl.h"
#include "node.h"

struct watch {
	const struct nmsctl_options *options;
	char path[NODE_PATH_SIZE];
	int fd;
	struct nms_query_counters then, now;
	double seconds;		/* between them */
};

static int look(struct watch *w, struct nms_query_counters *c)
{
	int error = node_query(w->fd, NMS_QUERY_DEVICE_COUNTERS, 0, c, sizeof(*c));

	if (error == -EPERM || error == -EACCES)
		return nmsctl_fail("%s: only an administrator (CAP_PERFMON) may read the device's "
				   "counters: energy tells what others compute", w->path);
	return error ? nmsctl_fail("%s: %s", w->path, strerror(-error)) : 0;
}

/* A second's worth; 0 where the device has begun to count anew. */
static double rate(const struct watch *w, uint64_t then, uint64_t now)
{
	return now < then ? 0 : (double)(now - then) / w->seconds;
}

/* Picojoules in a second are picowatts. */
static double milliwatts(const struct watch *w, int domain)
{
	return 1e-9 * rate(w, w->then.energy[domain], w->now.energy[domain]);
}

static void print_head(void)
{
	printf("%8s", "mW:");
	for (int d = 0; d < NMS_ENERGY_DOMAINS; d++)
		printf("%10s", domain_names[d]);
	printf("%10s%14s%14s%10s%8s\n", "total", "link in B/s", "link out B/s", "jobs/s", "errors");
}

static void print_line(const struct watch *w)
{
	double total = 0;

	printf("%8.2f", w->seconds);
	for (int d = 0; d < NMS_ENERGY_DOMAINS; d++) {
		printf("%10.4g", milliwatts(w, d));
		total += milliwatts(w, d);
	}
	printf("%10.4g%14.4g%14.4g%10.4g%8llu\n", total, rate(w, w->then.link_in, w->now.link_in),
	       rate(w, w->then.link_out, w->now.link_out), rate(w, w->then.jobs, w->now.jobs),
	       (unsigned long long)(w->now.errors - w->then.errors));
}

static int put_line(struct json_object *root, const struct watch *w)
{
	struct json_object *to;
	double total = 0;
	int error = json_put_real(root, "seconds", w->seconds, 6);

	to = json_put_object(root, "milliwatts");
	for (int d = 0; d < NMS_ENERGY_DOMAINS; d++) {
		error |= json_put_real(to, domain_names[d], milliwatts(w, d), 9);
		total += milliwatts(w, d);
	}
	error |= json_put_real(to, "total", total, 9);
	error |= json_put_flag(root, "modelled", 1);
	to = json_put_object(root, "per_second");
	error |= json_put_real(to, "link_in", rate(w, w->then.link_in, w->now.link_in), 9);
	error |= json_put_real(to, "link_out", rate(w, w->then.link_out, w->now.link_out), 9);
	error |= json_put_real(to, "near_read", rate(w, w->then.near_read, w->now.near_read), 9);
	error |= json_put_real(to, "near_write", rate(w, w->then.near_write, w->now.near_write), 9);
	error |= json_put_real(to, "jobs", rate(w, w->then.jobs, w->now.jobs), 9);
	return error | json_put_u64(root, "errors", w->now.errors - w->then.errors);
}

static int json_line(const struct watch *w)
{
	struct json_object *root = json_object_new_object();
	int error = put_line(root, w);

	if (!error)
		puts(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN));
	json_object_put(root);
	return error ? nmsctl_fail("out of memory") : 0;
}

static void add(struct timespec *t, double seconds)
{
	double whole = (double)(long long)seconds;

	t->tv_sec += (time_t)whole;
	t->tv_nsec += (long)(1e9 * (seconds - whole));
	if (t->tv_nsec >= 1000000000) {
		t->tv_nsec -= 1000000000;
		t->tv_sec++;
	}
}

static int go_on(struct watch *w)
{
	double began, ended;
	struct timespec next;
	int status = look(w, &w->then);

	clock_gettime(CLOCK_MONOTONIC, &next);
	began = seconds_now();
	if (!status && !w->options->json)
		print_head();
	while (!status) {
		if (fflush(stdout))
			return nmsctl_fail("standard output: %s", strerror(errno));
		add(&next, w->options->watch);
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
		status = look(w, &w->now);
		ended = seconds_now();
		w->seconds = ended - began;
		if (!status && w->options->json)
			status = json_line(w);
		else if (!status)
			print_line(w);
		began = ended;
		w->then = w->now;
	}
	return status;
}

int energy_watch(const struct nmsctl_options *options)
{
	struct watch w = { .options = options };
	int error = node_find(options->device, w.path), status;

	if (options->noperands)
		return nmsctl_usage("energy --watch: a dataset is not expected: %s",
				    options->operand[0]);
	if (error == -EINVAL)
		return nmsctl_usage("--device %s: only a device can be watched, such as /dev/nms0",
				    options->device);
	if (error)
		return nmsctl_fail("energy --watch: there is no /dev/nms0; the software accelerator "
				   "begins anew in each process");
	w.fd = open(w.path, O_RDWR | O_CLOEXEC);
	if (w.fd < 0)
		return nmsctl_fail("%s: %s", w.path, strerror(errno));
	status = go_on(&w);
	close(w.fd);
	return status;
}

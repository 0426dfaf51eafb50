// SPDX-License-Identifier: GPL-2.0-only
/* nmsctl top for people: some lines for each device. */
#include <errno.h>
#include <math.h>
#include <pwd.h>
#include <string.h>

#include "cost.h"
#include "report.h"
#include "top.h"

/* In 11 columns, with a power of a thousand where it is large; "-" where it is not known. */
static void print_number(FILE *to, double value)
{
	static const char prefix[] = " kMGTP";
	int i = 0;

	if (isnan(value)) {
		fprintf(to, "%10s ", "-");
		return;
	}
	for (; value >= 9999.5 && prefix[i + 1]; i++)
		value /= 1000;
	fprintf(to, "%10.4g%c", value, prefix[i]);
}

static const char *why_not(const struct top_device *d)
{
	switch (d->error) {
	case -EAGAIN:
		return "none while the device is not live";
	case -EPERM:
		return "for administrators (CAP_PERFMON): they tell what others compute";
	case -EINVAL:
		return "the driver is older than this program";
	default:
		return strerror(-d->error);
	}
}

static void print_near(FILE *to, const struct top_device *d)
{
	char used[32], size[32];

	fprintf(to, "  near memory  %s of %s bytes", grouped(d->near_used, used),
		grouped(d->near_size, size));
	if (d->near_size)
		fprintf(to, " (%.1f %%)", 100. * (double)d->near_used / (double)d->near_size);
	fputc('\n', to);
}

static void print_rates(FILE *to, const struct top_device *then, const struct top_device *now)
{
	const struct nms_query_counters *c = &now->counters, *b = then ? &then->counters : c;
	const struct top_device *base = top_rates_known(then, now) ? then : NULL;
	double busy = top_busy(base, now);

	fprintf(to, "  busy         ");
	if (isnan(busy))
		fprintf(to, "-");
	else
		fprintf(to, "%.3g %%", 100 * busy);
	fprintf(to, " of the datapath's cycles; compute: %llu running, %llu waiting; %llu jobs\n",
		(unsigned long long)c->compute_running, (unsigned long long)c->compute_waiting,
		(unsigned long long)c->active_jobs);
	fprintf(to, "  %-11s%11s%11s%11s%11s%11s%11s\n", "power, mW", domain_names[0],
		domain_names[1], domain_names[2], domain_names[3], domain_names[4], "total");
	fprintf(to, "  %-11s", "  modelled");
	for (int d = 0; d <= NMS_ENERGY_DOMAINS; d++)
		print_number(to, top_milliwatts(base, now, b->energy, c->energy, d));
	fprintf(to, "\n  %-11s%11s%11s%11s%11s%11s%11s\n  %-11s", "a second", "jobs", "link in",
		"link out", "near read", "near write", "errors", "");
	print_number(to, top_rate(base, now, b->jobs, c->jobs));
	print_number(to, top_rate(base, now, b->link_in, c->link_in));
	print_number(to, top_rate(base, now, b->link_out, c->link_out));
	print_number(to, top_rate(base, now, b->near_read, c->near_read));
	print_number(to, top_rate(base, now, b->near_write, c->near_write));
	print_number(to, top_rate(base, now, b->errors, c->errors));
	fputc('\n', to);
}

static void print_queues(FILE *to, const struct top_device *then, const struct top_device *now)
{
	bool known = top_rates_known(then, now) && then->nqueues == now->nqueues;

	fprintf(to, "  %-11s%11s%11s%11s%11s\n", "QUEUE", "STATE", "IN FLIGHT", "WAITING",
		"COMMANDS/S");
	for (size_t i = 0; i < now->nqueues; i++) {
		const struct nms_query_queue *q = &now->queue[i];
		char name[16];

		snprintf(name, sizeof(name), q->id ? "%u" : "%u admin", q->id);
		fprintf(to, "  %-11s%11s%11u%11u", name, top_queue_state(q->state), q->in_flight,
			q->waiting);
		print_number(to, top_rate(known ? then : NULL, now,
					  known ? then->queue[i].completions : 0, q->completions));
		fputc('\n', to);
	}
}

static void print_context(FILE *to, const struct top_device *then, const struct top_device *now,
			  const struct top_context *c)
{
	const struct top_context *b = top_context_before(then, c);
	const struct top_device *base = b ? then : NULL;
	struct passwd *user = getpwuid(c->uid);
	char uid[16];

	snprintf(uid, sizeof(uid), "%u", (unsigned int)c->uid);
	fprintf(to, "  %-8u%8d %-9.9s%-16.16s", c->id, (int)c->pid, user ? user->pw_name : uid,
		c->command);
	print_number(to, (double)c->near_used);
	fprintf(to, "%7llu", (unsigned long long)c->active);
	print_number(to, top_rate(base, now, b ? b->jobs : 0, c->jobs));
	fprintf(to, "%8llu", (unsigned long long)c->errors);
	if (b && b->counted && c->counted)
		print_number(to, top_milliwatts(base, now, b->energy, c->energy,
						NMS_ENERGY_DOMAINS));
	else
		print_number(to, NAN);
	fputc('\n', to);
}

static void print_contexts(FILE *to, const struct top_device *then, const struct top_device *now,
			   bool all)
{
	if (now->ncontexts)
		fprintf(to, "  %-8s%8s %-9s%-16s%11s%7s%11s%8s%11s\n", "CONTEXT", "PID", "USER",
			"COMMAND", "NEAR BYTES", "ACTIVE", "JOBS/S", "ERRORS", "MW");
	for (size_t i = 0; i < now->ncontexts; i++)
		print_context(to, then, now, &now->context[i]);
	if (!now->ncontexts)
		fprintf(to, "  no contexts%s\n", all ? "" : " of one's own");
	else if (!all)
		fprintf(to, "  contexts of one's own processes; root sees all\n");
}

void top_print(FILE *to, const struct top_look *then, const struct top_look *now)
{
	fprintf(to, "nmsctl top   %.2f s   %zu device%s\n", then->at > 0 ? now->at - then->at : 0,
		now->ndevices, now->ndevices == 1 ? "" : "s");
	for (size_t i = 0; i < now->ndevices; i++) {
		const struct top_device *d = &now->device[i], *b = top_device_before(then, d);

		fprintf(to, "\n%s  %s  %s  %s\n", d->name, d->model, d->function, d->state);
		print_near(to, d);
		if (d->error) {
			fprintf(to, "  counters     %s\n", why_not(d));
		} else {
			print_rates(to, b, d);
			print_queues(to, b, d);
		}
		print_contexts(to, b, d, now->all);
	}
}

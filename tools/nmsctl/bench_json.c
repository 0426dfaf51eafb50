// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "bench.h"
#include "json.h"

static int put_stat(struct json_object *to, const struct bench_stat *s)
{
	int error = json_put_real(to, "median", s->median, 6);

	error |= json_put_real(to, "low", s->low, 6);
	return error | json_put_real(to, "high", s->high, 6);
}

static int put_way(struct json_object *root, const struct bench *b, const struct bench_way *w)
{
	struct json_object *to = json_put_object(root, w->key);
	int error = put_stat(to, &w->stat);

	error |= json_put_u64(to, "commands", w->commands);
	error |= json_put_u64(to, "submissions", w->submissions);
	error |= json_put_u64(to, "sleeps", w->sleeps);
	if (b->counted && w->ours) {
		error |= json_put_u64(to, "doorbells", w->doorbells);
		error |= json_put_u64(to, "interrupts", w->interrupts);
	}
	return error;
}

static int put_copies(struct json_object *root, const struct bench *b)
{
	const struct bench_copies *c = b->copies;
	struct json_object *all = json_put_object(root, "bytes_per_second");
	int error = 0;

	for (int w = 0; w < BENCH_NCOPIES; w++) {
		struct json_object *to;

		if (!c->stat[w].count)
			continue;
		to = json_put_object(all, bench_copy_keys[w]);
		error |= json_put_real(to, "first", c->first[w], 6);
		error |= put_stat(to, &c->stat[w]);
	}
	return error;
}

static int put_head(struct json_object *root, const struct bench *b)
{
	struct utsname host;
	int error = json_put_text(root, "node", b->node);

	uname(&host);
	error |= json_put_text(root, "device", b->device.model);
	error |= json_put_text(root, "kernel", host.release);
	error |= json_put_u64(root, "queues", b->device.queues);
	error |= json_put_u64(root, "vectors", b->device.vectors);
	error |= json_put_text(root, "ring", b->ring);
	error |= json_put_text(root, "peer", b->no_peer[0] ? NULL : b->peer);
	error |= json_put_u64(root, "rounds", b->rounds);
	if (b->counted)
		error |= json_put_flag(root, "alone", b->alone);
	if (b->no_peer[0])
		error |= json_put_text(root, "no_peer", b->no_peer);
	if (b->no_copies[0])
		error |= json_put_text(root, "no_transfers", b->no_copies);
	return error;
}

int bench_json(const struct bench *bench)
{
	struct json_object *root = json_object_new_object(), *to;
	struct bench_stat ratio[BENCH_NRATIOS];
	int error = put_head(root, bench);

	to = json_put_object(root, "commands_per_second");
	for (size_t i = 0; i < bench->nways; i++)
		error |= put_way(to, bench, &bench->way[i]);
	if (!bench->no_copies[0])
		error |= put_copies(root, bench);
	bench_ratios(bench, ratio);
	to = json_put_object(root, "ratios");
	for (int i = 0; i < BENCH_NRATIOS; i++)
		if (ratio[i].count)
			error |= put_stat(json_put_object(to, bench_ratio_keys[i]), &ratio[i]);
	if (!error)
		error = json_print(stdout, root);
	json_object_put(root);
	return error ? -ENOMEM : 0;
}

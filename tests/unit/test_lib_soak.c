// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software accelerator under many contexts at once: no job is lost, none brings
 * what is another's, each context has its share, and nothing grows or is left behind.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "test_lib_blobs.h"

#define MIB (1ull << 20)
#define CONTEXTS 20
#define JOBS 40			/* of a context */
#define AT_ONCE 5
#define COUNT 12
#define BYTES 20000
#define POOL 2

static const char *const methods[] = { "random", "herding", "kcentre", "kmedoids" };

#define METHODS (sizeof(methods) / sizeof(methods[0]))

static struct {
	uint32_t index[COUNT];
	float weight[COUNT];
} known[METHODS];

enum kind { COPY, FRESH, SAMPLE, KINDS };

struct flight {
	enum kind kind;
	struct nms_job *job;
	struct nms_sample *sample;
	struct nms_buffer *buffer;
	size_t method;
	bool cancelled;
	unsigned char out[BYTES], in[BYTES];
};

struct client {
	struct nms_context *context;
	uint64_t random;
	struct blobs blobs;
	struct flight flight[AT_ONCE];
	/* Of the jobs begun, each is in one of the others at the end. */
	unsigned int begun, completed, cancelled, lost, wrong, failed;
};

static uint64_t next(struct client *c, uint64_t limit)
{
	return (uint64_t)(blob_uniform(&c->random) * (double)limit);
}

static struct nms_sample_params params_of(size_t method)
{
	struct nms_sample_params params;

	NMS_INIT(&params);
	params.method = methods[method];
	params.count = COUNT;
	params.seed = 7 + method;
	params.profile = "portable";
	return params;
}

/* What each method gives where nobody else is, with one thread. */
static void know(void)
{
	struct place p = place_open(16 * MIB, 1);
	struct nms_sample_result r;
	static struct blobs b;
	struct nms_sample *s;

	blobs_make(p.context, &b);
	for (size_t i = 0; i < METHODS; i++) {
		struct nms_sample_params params = params_of(i);

		ok(blobs_sample(p.context, &b, &params, &s, &r));
		ck_assert_uint_eq(r.count, COUNT);
		memcpy(known[i].index, r.index, sizeof(known[i].index));
		memcpy(known[i].weight, r.weight, sizeof(known[i].weight));
		nms_sample_destroy(s);
	}
	place_close(&p);
}

/* ---- a job's life -------------------------------------------------------------------- */

static int begin_copy(struct client *c, struct flight *f)
{
	struct nms_command cmd[2];
	int err = nms_buffer_create(c->context, BYTES, &f->buffer);

	if (err)
		return err;
	for (size_t i = 0; i < BYTES; i++)
		f->out[i] = (unsigned char)(next(c, 255) + 1);
	memset(f->in, 0, BYTES);
	cmd[0] = copy_command(NMS_OP_WRITE, f->buffer, f->out, BYTES);
	cmd[1] = copy_command(NMS_OP_READ, f->buffer, f->in, BYTES);
	/* A new buffer is read first: whatever others left there, it is zero. */
	return f->kind == FRESH ? nms_job_submit(c->context, &cmd[1], 1, &f->job) :
				  nms_job_submit(c->context, cmd, 2, &f->job);
}

static int begin_sample(struct client *c, struct flight *f)
{
	struct nms_sample_params params;
	int err;

	f->method = next(c, METHODS);
	params = params_of(f->method);
	err = nms_sample_submit(c->context, &c->blobs.data, &params, &f->sample);
	f->job = err ? NULL : nms_sample_job(f->sample);
	return err;
}

static void begin(struct client *c, struct flight *f)
{
	int err;

	memset(f, 0, offsetof(struct flight, out));
	f->kind = (enum kind)next(c, KINDS);
	c->begun++;
	err = f->kind == SAMPLE ? begin_sample(c, f) : begin_copy(c, f);
	if (err) {
		c->failed++;
		nms_buffer_destroy(f->buffer);
		f->job = NULL;
		return;
	}
	/* A job keeps what it uses. */
	if (f->buffer && !next(c, 4)) {
		nms_buffer_destroy(f->buffer);
		f->buffer = NULL;
	}
	f->cancelled = !next(c, 6);
	if (f->cancelled)
		nms_job_cancel(f->job);
}

static bool sample_is_right(struct flight *f)
{
	struct nms_sample_result r;

	NMS_INIT(&r);
	return !nms_sample_result(f->sample, &r) && r.count == COUNT &&
	       !memcmp(r.index, known[f->method].index, sizeof(known[0].index)) &&
	       !memcmp(r.weight, known[f->method].weight, sizeof(known[0].weight));
}

static bool is_right(struct flight *f)
{
	if (f->kind == SAMPLE)
		return sample_is_right(f);
	if (f->kind == COPY)
		return !memcmp(f->in, f->out, BYTES);
	return !f->in[0] && !memcmp(f->in, f->in + 1, BYTES - 1);
}

static void end(struct client *c, struct flight *f)
{
	struct timespec limit = after_ms(240000);
	int err;

	if (!f->job)
		return;
	err = nms_job_wait(f->job, &limit);
	if (err == -ETIMEDOUT)
		c->lost++;
	else if (err == -ECANCELED && f->cancelled)
		c->cancelled++;
	else if (err)
		c->failed++;
	else if (is_right(f))
		c->completed++;
	else
		c->wrong++;
	if (f->sample)
		nms_sample_destroy(f->sample);
	else
		nms_job_destroy(f->job);
	/* Never zeros: the next one must not find it. */
	nms_buffer_destroy(f->buffer);
	f->job = NULL;
}

static void *client(void *arg)
{
	struct client *c = arg;

	for (unsigned int i = 0; i < JOBS; i++) {
		struct flight *f = &c->flight[next(c, AT_ONCE)];

		end(c, f);
		begin(c, f);
	}
	for (unsigned int i = 0; i < AT_ONCE; i++)
		end(c, &c->flight[i]);
	return NULL;
}

/* ---- many of them --------------------------------------------------------------------- */

static unsigned int threads_now(void)
{
	unsigned int n = 0;
	char line[128];
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Threads: %u", &n) == 1)
			break;
	if (f)
		fclose(f);
	return n;
}

static struct client clients[CONTEXTS];

START_TEST(no_job_is_lost)
{
	struct place p = place_open(64 * MIB, POOL);
	pthread_t thread[CONTEXTS];
	unsigned int completed = 0, cancelled = 0, before = threads_now();
	struct nms_device_info info;

	know();
	for (unsigned int i = 0; i < CONTEXTS; i++) {
		struct client *c = &clients[i];

		c->random = 1000 * (unsigned int)_i + i + 1;
		ok(nms_context_create(p.device, &c->context));
		blobs_make(c->context, &c->blobs);
		ck_assert_int_eq(pthread_create(&thread[i], NULL, client, c), 0);
	}
	/* One for each context beside its client's, however many jobs there are. */
	for (int i = 0; i < 20; i++) {
		ck_assert_uint_le(threads_now(), before + 2 * CONTEXTS);
		usleep(5000);
	}
	for (unsigned int i = 0; i < CONTEXTS; i++) {
		struct client *c = &clients[i];

		pthread_join(thread[i], NULL);
		ck_assert_uint_eq(c->lost, 0);
		ck_assert_uint_eq(c->wrong, 0);
		ck_assert_uint_eq(c->failed, 0);
		ck_assert_uint_eq(c->begun, JOBS);
		ck_assert_uint_eq(c->begun, c->completed + c->cancelled);
		completed += c->completed;
		cancelled += c->cancelled;
		nms_buffer_destroy(c->blobs.data.buffer);
		nms_context_destroy(c->context);
	}
	ck_assert_uint_gt(cancelled, 0);
	printf("%u completed, %u cancelled, none lost\n", completed, cancelled);
	NMS_INIT(&info);
	ok(nms_device_info(p.device, &info));
	ck_assert_uint_eq(info.near_used, 0);
	place_close(&p);
}
END_TEST

/* ---- each his share -------------------------------------------------------------------- */

#define SHORT 6
#define LONG 2
#define QUEUED 20		/* long ones of a context, one behind the other */
#define ENOUGH 8

static atomic_uint count[SHORT];
static atomic_bool enough;

static void *short_jobs(void *arg)
{
	struct client *c = arg;
	atomic_uint *mine = &count[c - clients];
	struct nms_sample_params params = params_of(1);
	struct nms_sample_result r;
	struct nms_sample *s;

	while (!atomic_load(&enough) && !c->failed) {
		c->failed = blobs_sample(c->context, &c->blobs, &params, &s, &r) != 0;
		if (!c->failed)
			nms_sample_destroy(s);
		atomic_fetch_add(mine, 1);
	}
	return NULL;
}

/* Rows that are embedded at several perplexities take some hundred times as long. */
static void submit_long(struct client *c, struct nms_sample **s)
{
	struct nms_sample_params params = params_of(0);

	params.method = "adapsne";
	for (int i = 0; i < QUEUED; i++)
		ok(nms_sample_submit(c->context, &c->blobs.data, &params, &s[i]));
}

/* The datapath is shared from when both of them embed. */
static void wait_embeds(struct nms_sample *s)
{
	struct nms_progress progress;

	NMS_INIT(&progress);
	do {
		usleep(1000);
		ok(nms_job_progress(nms_sample_job(s), &progress));
	} while (progress.phase != NMS_PHASE_EMBED || !progress.total);
}

static bool all_have(unsigned int n)
{
	for (int i = 0; i < SHORT; i++)
		if (atomic_load(&count[i]) < n)
			return false;
	return true;
}

static void check_shares(void)
{
	uint64_t began = now_ms();
	unsigned int n[SHORT];

	while (!all_have(ENOUGH) && now_ms() - began < 200000)
		usleep(1000);
	for (int i = 0; i < SHORT; i++)
		n[i] = atomic_load(&count[i]);
	for (int i = 0; i < SHORT; i++) {
		printf("context %d: %u jobs\n", i, n[i]);
		ck_assert_uint_ge(n[i], ENOUGH);
		ck_assert_uint_le(n[i], 4 * ENOUGH);
	}
}

/* Beside some that take long, and among each other: when the last has had enough, so have all. */
START_TEST(each_has_its_share)
{
	struct place p = place_open(64 * MIB, POOL);
	struct nms_sample *slow[LONG][QUEUED];
	pthread_t thread[SHORT];

	memset(clients, 0, sizeof(clients));
	for (int i = 0; i < SHORT + LONG; i++) {
		ok(nms_context_create(p.device, &clients[i].context));
		blobs_make(clients[i].context, &clients[i].blobs);
	}
	for (int i = 0; i < LONG; i++)
		submit_long(&clients[SHORT + i], slow[i]);
	for (int i = 0; i < LONG; i++)
		wait_embeds(slow[i][0]);
	for (int i = 0; i < SHORT; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, short_jobs, &clients[i]), 0);
	check_shares();
	atomic_store(&enough, true);
	for (int i = 0; i < LONG; i++) {
		/* There was no moment at which the datapath was free. */
		ck_assert_int_eq(nms_job_poll(nms_sample_job(slow[i][QUEUED - 1])), -EAGAIN);
		for (int j = QUEUED - 1; j >= 0; j--)
			nms_sample_destroy(slow[i][j]);
	}
	for (int i = 0; i < SHORT; i++) {
		pthread_join(thread[i], NULL);
		ck_assert_uint_eq(clients[i].failed, 0);
	}
	for (int i = 0; i < SHORT + LONG; i++) {
		nms_buffer_destroy(clients[i].blobs.data.buffer);
		nms_context_destroy(clients[i].context);
	}
	place_close(&p);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lib-soak");
	TCase *t = tcase_create("soak");

	setlinebuf(stdout);
	tcase_set_timeout(t, 280);
	tcase_add_loop_test(t, no_job_is_lost, 0, 2);
	tcase_add_test(t, each_has_its_share);
	suite_add_tcase(s, t);
	return run_suite(s);
}

// SPDX-License-Identifier: GPL-2.0-only
/* Commands that take turns on the datapath, and what their hosts see meanwhile. */
#include "model_fixture.h"

#include <pthread.h>
#include <unistd.h>

#include "exec.h"
#include "pause.h"

#define N 600u
#define COLS 12u
#define FEATURES 5u
#define COUNT 25u

static bool never(void *data)
{
	(void)data;
	return false;
}

static bool always(void *data)
{
	(void)data;
	return true;
}

/* ---- the queue ---------------------------------------------------------- */

static struct turn turn;
static char order[64];
static unsigned int turns;

static void await_length(struct turn *t, unsigned int length)
{
	while (atomic_load(&t->length) != length)
		usleep(100);
}

/* Three turns, each under the other's eyes. */
static void *three_turns(void *arg)
{
	struct turn_ticket ticket;

	turn_take(&turn, &ticket, never, NULL);
	for (int i = 0; i < 3; i++) {
		order[turns++] = *(const char *)arg;
		if (i < 2)
			turn_pass(&turn, &ticket, never, NULL);
	}
	turn_give(&turn, &ticket);
	return NULL;
}

START_TEST(turns_go_round)
{
	const char *name = "abc";
	struct turn_ticket mine;
	pthread_t thread[3];

	turns = 0;
	ck_assert_int_eq(turn_init(&turn), 0);
	ck_assert_int_eq(turn_take(&turn, &mine, never, NULL), 0);
	ck_assert(!turn_over(&turn, &mine));
	for (unsigned int i = 0; i < 3; i++) {
		pthread_create(&thread[i], NULL, three_turns, (void *)(uintptr_t)(name + i));
		await_length(&turn, i + 2);
	}
	while (!turn_over(&turn, &mine))
		usleep(1000);
	ck_assert_uint_ge(clock_ns() - mine.since, turn.quantum);
	turn_give(&turn, &mine);
	for (unsigned int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	order[turns] = '\0';
	ck_assert_str_eq(order, "abcabcabc");
	ck_assert_uint_eq(atomic_load(&turn.length), 0);
	turn_fini(&turn);
}
END_TEST

static void *pass_when_stopped(void *arg)
{
	struct turn_ticket ticket;

	(void)arg;
	turn_take(&turn, &ticket, never, NULL);
	turn_pass(&turn, &ticket, always, NULL);
	order[turns++] = 's';
	turn_give(&turn, &ticket);
	return NULL;
}

START_TEST(who_is_stopped_comes_first)
{
	struct turn_ticket mine;
	pthread_t stopped, others[2];

	turns = 0;
	ck_assert_int_eq(turn_init(&turn), 0);
	turn.quantum = UINT64_MAX;
	ck_assert_int_eq(turn_take(&turn, &mine, never, NULL), 0);
	pthread_create(&stopped, NULL, pass_when_stopped, NULL);
	await_length(&turn, 2);
	for (int i = 0; i < 2; i++) {
		pthread_create(&others[i], NULL, three_turns, (void *)(uintptr_t)"o");
		await_length(&turn, 3 + (unsigned int)i);
	}
	/* Let it have the turn: it passes, is stopped, and the quantum counts no more. */
	turn_pass(&turn, &mine, never, NULL);
	turn_give(&turn, &mine);
	pthread_join(stopped, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(others[i], NULL);
	order[turns] = '\0';
	/* One of the others has the turn when it is stopped, and ends that. */
	ck_assert_str_eq(order, "osooooo");
	ck_assert_uint_eq(atomic_load(&turn.hurried), 0);
	turn_fini(&turn);
}
END_TEST

/* ---- the same bits ------------------------------------------------------- */

/* A command with near memory of its own, so that nothing but the datapath is shared. */
struct work {
	struct runner r;
	union {
		struct nms_hw_param_header header;
		struct nms_hw_reduce reduce;
		struct nms_hw_embed embed;
		struct nms_hw_select select;
	} block;
	struct nms_hw_result result;
	struct nms_hw_near out;
	uint64_t size;			/* of out */
	pthread_t thread;
};

static struct nms_hw_near features(struct nms_model *m, uint32_t cols)
{
	float *x = malloc(N * cols * sizeof(*x));
	struct nms_hw_near near;
	uint64_t state = 5;

	for (uint32_t i = 0; i < N * cols; i++)
		x[i] = (float)noise(&state) + (float)(i / cols % 6);
	near = range_of(m, x, N * cols * sizeof(*x));
	free(x);
	return near;
}

static struct nms_hw_near classes(struct nms_model *m)
{
	uint32_t label[N];

	for (uint32_t i = 0; i < N; i++)
		label[i] = i % 4;
	return range_of(m, label, sizeof(label));
}

static void make_reduce(struct nms_model *m, struct work *w)
{
	w->size = N * FEATURES * 4;
	w->out = range_new(m, w->size);
	w->block.reduce = (struct nms_hw_reduce){
		.header = header_of(NMS_HW_REDUCE, sizeof(w->block.reduce)),
		.input = matrix_of(features(m, COLS), N, COLS, NMS_HW_F32, 4),
		.output = matrix_of(w->out, N, FEATURES, NMS_HW_F32, 4),
		.seed = 3,
	};
}

static void make_embed(struct nms_model *m, struct work *w, bool entropy)
{
	w->size = N * 8;
	w->out = range_new(m, w->size);
	w->block.embed = (struct nms_hw_embed){
		.header = header_of(NMS_HW_EMBED, sizeof(w->block.embed)),
		.features = matrix_of(features(m, FEATURES), N, FEATURES, NMS_HW_F32, 4),
		.output = matrix_of(w->out, N, 2, NMS_HW_F32, 4),
		.search = entropy ? NMS_HW_SEARCH_FWA : NMS_HW_SEARCH_NEWTON,
		.options = entropy ? NMS_HW_EMBED_ENTROPY : 0,
		.candidates = entropy ? 2 : 0,
		.perplexity = bits(20), .iterations = 40, .stop = bits(-1), .seed = 3,
	};
}

static void make_select(struct nms_model *m, struct work *w, uint32_t rule, bool by_class)
{
	struct nms_hw_near weight;
	bool plane = rule == NMS_HW_RULE_GRID || rule == NMS_HW_RULE_STRATA;

	w->size = COUNT * 8;
	w->out = range_new(m, w->size);
	weight = w->out;
	weight.offset = COUNT * 4;
	w->block.select = (struct nms_hw_select){
		.header = header_of(NMS_HW_SELECT, sizeof(w->block.select)),
		.index = { .near = w->out, .count = COUNT },
		.weight = { .near = weight, .count = COUNT },
		.rows = N, .count = COUNT, .seed = 3, .rule = rule,
		.budget = NMS_HW_BUDGET_PROPORTIONAL,
		.search = NMS_HW_SEARCH_NEWTON, .perplexity = bits(10),
	};
	if (plane)
		w->block.select.embedding = matrix_of(features(m, 2), N, 2, NMS_HW_F32, 4);
	else
		w->block.select.features = matrix_of(features(m, FEATURES), N, FEATURES,
						     NMS_HW_F32, 4);
	if (by_class)
		w->block.select.labels = (struct nms_hw_vector){ .near = classes(m), .count = N };
}

#define RULES (NMS_HW_RULE_EDITED - NMS_HW_RULE_RANDOM + 1)
#define WORKS (3 + 2 * RULES)

static void make_all(struct nms_model *m, struct work *w, uint32_t profile)
{
	unsigned int n = 3;

	make_reduce(m, &w[0]);
	make_embed(m, &w[1], false);
	make_embed(m, &w[2], true);
	for (uint32_t rule = NMS_HW_RULE_RANDOM; rule <= NMS_HW_RULE_EDITED; rule++) {
		make_select(m, &w[n++], rule, false);
		make_select(m, &w[n++], rule, true);
	}
	for (unsigned int i = 0; i < n; i++) {
		w[i].block.header.profile = profile;
		w[i].r.model = m;
		w[i].r.cmd = compute_cmd(&w[i].block, &w[i].result);
	}
}

static void start(struct work *w)
{
	pthread_create(&w->thread, NULL, execute, &w->r);
}

/* The output, and the result block without what is as it happened to run. */
static void take_output(struct nms_model *m, struct work *w, uint8_t *out,
			struct nms_hw_result *result)
{
	ck_assert_int_eq(w->r.cqe.status >> 1, NMS_HW_OK);
	ck_assert_int_eq(move(m, NMS_HW_READ, w->out, w->size, out), NMS_HW_OK);
	*result = w->result;
	memset(result->nanoseconds, 0, sizeof(result->nanoseconds));
	result->progress_beat = 0;
}

static void check_turns_change_no_bits(uint32_t profile, unsigned int threads)
{
	static struct work alone[WORKS], together[WORKS];
	static uint8_t a[N * FEATURES * 4], b[N * FEATURES * 4];
	struct nms_model *m = model_new(1 << 24, threads);
	struct nms_hw_result ra, rb;
	struct turn_ticket mine;

	memset(alone, 0, sizeof(alone));
	memset(together, 0, sizeof(together));
	make_all(m, alone, profile);
	make_all(m, together, profile);
	for (unsigned int i = 0; i < WORKS; i++)
		execute(&alone[i].r);
	ck_assert_uint_eq(m->datapath.passes, 0);
	m->datapath.quantum = 0;
	ck_assert_int_eq(turn_take(&m->datapath, &mine, never, NULL), 0);
	for (unsigned int i = 0; i < WORKS; i++)
		start(&together[i]);
	await_length(&m->datapath, WORKS + 1);
	turn_give(&m->datapath, &mine);
	for (unsigned int i = 0; i < WORKS; i++)
		pthread_join(together[i].thread, NULL);
	ck_assert_uint_gt(m->datapath.passes, 500);
	for (unsigned int i = 0; i < WORKS; i++) {
		take_output(m, &alone[i], a, &ra);
		take_output(m, &together[i], b, &rb);
		ck_assert_mem_eq(a, b, alone[i].size);
		ck_assert_mem_eq(&ra, &rb, sizeof(ra));
	}
	nms_model_destroy(m);
}

START_TEST(turns_change_no_bits)
{
	struct nms_model *m = model_new(1 << 20, 1);
	struct nms_model_info info;

	nms_model_info(m, &info);
	nms_model_destroy(m);
	for (uint32_t profile = NMS_HW_PROFILE_PORTABLE; profile <= NMS_HW_PROFILE_FMA; profile++)
		if (info.profiles & 1u << profile)
			check_turns_change_no_bits(profile, 1 + (unsigned int)_i);
	check_turns_change_no_bits(NMS_HW_PROFILE_FIXED | 8 << 8 | 6 << 16 | 12 << 24,
				   1 + (unsigned int)_i);
}
END_TEST

/* ---- long and short --------------------------------------------------------- */

/* Commands that would take minutes, under way, and one that would not. */
struct crowd {
	struct nms_model *model;
	struct nms_hw_embed block[3];
	struct nms_hw_result result[3];
	struct runner r[3];
	pthread_t thread[3];
	unsigned int n;
	struct work quick;
};

static void crowd_start(struct crowd *c, unsigned int n, uint32_t deadline_ms)
{
	memset(c, 0, sizeof(*c));
	c->model = model_new(1 << 24, 2);
	c->n = n;
	make_select(c->model, &c->quick, NMS_HW_RULE_HERDING, true);
	c->quick.r.model = c->model;
	c->quick.r.cmd = compute_cmd(&c->quick.block, &c->quick.result);
	for (unsigned int i = 0; i < n; i++) {
		c->block[i] = long_embed(c->model, 3000);
		c->r[i].model = c->model;
		c->r[i].cmd = compute_cmd(&c->block[i], &c->result[i]);
		c->r[i].cmd.deadline_ms = deadline_ms;
		pthread_create(&c->thread[i], NULL, execute, &c->r[i]);
	}
}

/* All of them have got as far as the descent. */
static void crowd_await(struct crowd *c)
{
	for (unsigned int i = 0; i < c->n; i++)
		while (atomic_load(&c->r[i].seen.phase) != NMS_HW_PHASE_EMBED)
			usleep(1000);
}

static uint64_t crowd_join(struct crowd *c, unsigned int i)
{
	uint64_t before = clock_ns();

	pthread_join(c->thread[i], NULL);
	return clock_ns() - before;
}

static void crowd_end(struct crowd *c)
{
	for (unsigned int i = 0; i < c->n; i++)
		atomic_store(&c->r[i].seen.cancel, true);
	for (unsigned int i = 0; i < c->n; i++) {
		pthread_join(c->thread[i], NULL);
		ck_assert_int_eq(c->r[i].cqe.status >> 1, NMS_HW_CANCELLED);
	}
	nms_model_destroy(c->model);
}

START_TEST(short_one_among_long_ones)
{
	static struct crowd c;
	uint64_t before;

	crowd_start(&c, 3, 0);
	crowd_await(&c);
	before = clock_ns();
	execute(&c.quick.r);
	ck_assert_int_eq(c.quick.r.cqe.status >> 1, NMS_HW_OK);
	ck_assert_uint_lt(clock_ns() - before, 5000000000u);
	crowd_end(&c);
}
END_TEST

START_TEST(stopped_between_turns)
{
	static struct crowd c;

	crowd_start(&c, 3, 0);
	crowd_await(&c);
	/* Each in turn, whether it happens to have the turn or not. */
	for (unsigned int i = 0; i < 3; i++) {
		atomic_store(&c.r[i].seen.cancel, true);
		ck_assert_uint_lt(crowd_join(&c, i), 3000000000u);
		ck_assert_int_eq(c.r[i].cqe.status >> 1, NMS_HW_CANCELLED);
	}
	c.n = 0;
	crowd_end(&c);
}
END_TEST

/* From the first turn on, through those of others; whose time is not one's own. */
START_TEST(deadline_and_time_among_others)
{
	static struct crowd c;
	uint64_t before, wall, own = 0;

	before = clock_ns();
	crowd_start(&c, 3, 1500);
	for (unsigned int i = 0; i < 3; i++)
		pthread_join(c.thread[i], NULL);
	wall = clock_ns() - before;
	ck_assert_uint_lt(wall, 6000000000u);
	ck_assert_uint_ge(wall, 1500000000u);
	for (unsigned int i = 0; i < 3; i++) {
		uint64_t spent = c.r[i].seen.spent.busy_ns;

		ck_assert_int_eq(c.r[i].cqe.status >> 1, NMS_HW_DEADLINE);
		ck_assert_uint_gt(spent, wall / 8);
		own += spent;
	}
	ck_assert_uint_le(own, wall);
	nms_model_destroy(c.model);
}
END_TEST

/* Who holds the memory that another needs may be waiting for its turn: the other must not have it. */
START_TEST(memory_is_not_waited_for_in_turn)
{
	static struct crowd c;
	struct nms_hw_embed same;
	struct nms_hw_result result;
	struct runner second;
	pthread_t thread;

	crowd_start(&c, 2, 0);
	crowd_await(&c);
	same = c.block[0];	/* writes what the first one does */
	second = (struct runner){ .model = c.model, .cmd = compute_cmd(&same, &result) };
	pthread_create(&thread, NULL, execute, &second);
	usleep(300000);
	execute(&c.quick.r);
	ck_assert_int_eq(c.quick.r.cqe.status >> 1, NMS_HW_OK);
	ck_assert_uint_eq(atomic_load(&second.seen.done), 0);
	atomic_store(&c.r[0].seen.cancel, true);
	pthread_join(c.thread[0], NULL);
	while (atomic_load(&second.seen.phase) != NMS_HW_PHASE_EMBED)
		usleep(1000);
	atomic_store(&second.seen.cancel, true);
	pthread_join(thread, NULL);
	ck_assert_int_eq(second.cqe.status >> 1, NMS_HW_CANCELLED);
	/* The first has ended; only the other is left to be stopped. */
	ck_assert_int_eq(c.r[0].cqe.status >> 1, NMS_HW_CANCELLED);
	atomic_store(&c.r[1].seen.cancel, true);
	pthread_join(c.thread[1], NULL);
	nms_model_destroy(c.model);
}
END_TEST

/* ---- beats ------------------------------------------------------------------- */

/* A host that can be looked at while it is written to. */
static pthread_mutex_t window_lock = PTHREAD_MUTEX_INITIALIZER;

static int window_read(void *data, uint64_t addr, void *dst, size_t size)
{
	(void)data;
	pthread_mutex_lock(&window_lock);
	memcpy(dst, (void *)(uintptr_t)addr, size);
	pthread_mutex_unlock(&window_lock);
	return 0;
}

static int window_write(void *data, uint64_t addr, const void *src, size_t size)
{
	(void)data;
	pthread_mutex_lock(&window_lock);
	memcpy((void *)(uintptr_t)addr, src, size);
	pthread_mutex_unlock(&window_lock);
	return 0;
}

static struct nms_hw_result look(const struct nms_hw_result *result)
{
	struct nms_hw_result copy;

	window_read(NULL, (uintptr_t)result, &copy, sizeof(copy));
	return copy;
}

static struct nms_model *model_with_window(void)
{
	struct nms_model_config config = {
		.near_size = 1 << 24, .threads = 2, .profile = "portable",
		.host = { window_read, window_write, NULL },
	};
	struct nms_model *m;
	char why[256];

	ck_assert_int_eq(nms_model_create(&config, &m, why, sizeof(why)), 0);
	return m;
}

/* Two a second at least, of a command that does nothing but wait; and nothing else is written. */
static void watch_beats(const struct nms_hw_result *result, unsigned int seconds)
{
	struct nms_hw_result seen = look(result), blank;
	uint32_t first = seen.progress_beat;

	memset(&blank, 0x55, sizeof(blank));
	for (unsigned int i = 0; i < 2 * seconds; i++) {
		uint32_t before = seen.progress_beat;

		usleep(500000);
		seen = look(result);
		ck_assert_uint_gt(seen.progress_beat, before);
		ck_assert_uint_le(seen.progress_done, seen.progress_total);
	}
	ck_assert_uint_ge(seen.progress_beat - first, 2 * seconds);
	ck_assert_mem_eq(&seen, &blank, offsetof(struct nms_hw_result, progress_done));
	ck_assert_mem_eq(seen.reserved, blank.reserved, sizeof(seen.reserved));
}

static void *embed_runner(struct runner *r, struct nms_model *m, struct nms_hw_embed *block,
			  struct nms_hw_result *result)
{
	*block = long_embed(m, 500);
	memset(result, 0x55, sizeof(*result));
	*r = (struct runner){ .model = m, .cmd = compute_cmd(block, result) };
	return r;
}

/* Written over after the completion, it stays as it is. */
static void check_left_alone(struct nms_hw_result *result)
{
	struct nms_hw_result pattern;

	memset(&pattern, 0xa5, sizeof(pattern));
	*result = pattern;
	usleep(600000);
	ck_assert_mem_eq(result, &pattern, sizeof(pattern));
}

START_TEST(beats_while_it_waits)
{
	struct nms_model *m = model_with_window();
	struct nms_hw_embed block;
	struct nms_hw_result result;
	struct turn_ticket mine;
	struct near_hold h = { 0 };
	struct runner r;
	pthread_t thread;

	embed_runner(&r, m, &block, &result);
	ck_assert_int_eq(turn_take(&m->datapath, &mine, never, NULL), 0);
	/* For its first turn, and then for near memory. */
	ck_assert_int_eq(near_claim(m->near, CTX, &block.output.near, 4, true, &h.claim[0]),
			 NMS_HW_OK);
	ck_assert_int_eq(near_hold(m->near, &h, never, NULL), 0);
	pthread_create(&thread, NULL, execute, &r);
	usleep(500000);
	watch_beats(&result, 1);
	turn_give(&m->datapath, &mine);
	watch_beats(&result, 1);
	near_release(m->near, &h);
	/* And at work. */
	while (atomic_load(&r.seen.phase) != NMS_HW_PHASE_EMBED)
		usleep(1000);
	watch_beats(&result, 1);
	atomic_store(&r.seen.cancel, true);
	pthread_join(thread, NULL);
	ck_assert_uint_eq(result.status, NMS_HW_CANCELLED);
	ck_assert_uint_ge(result.progress_beat, 6);
	ck_assert_uint_eq(result.progress_phase, NMS_HW_PHASE_EMBED);
	check_left_alone(&result);
	nms_model_destroy(m);
}
END_TEST

/* Ends at all phases of the beat; a beat that came late would fall on the pattern. */
START_TEST(no_beat_after_the_end)
{
	struct nms_model *m = model_with_window();
	static struct nms_hw_embed block[24];
	static struct nms_hw_result result[24];
	struct runner r;
	pthread_t thread;

	for (unsigned int i = 0; i < 24; i++) {
		struct nms_hw_result pattern;

		embed_runner(&r, m, &block[i], &result[i]);
		pthread_create(&thread, NULL, execute, &r);
		usleep(190000 + 1000 * i);
		atomic_store(&r.seen.cancel, true);
		pthread_join(thread, NULL);
		memset(&pattern, 0xa5, sizeof(pattern));
		result[i] = pattern;
	}
	usleep(600000);
	for (unsigned int i = 0; i < 24; i++)
		for (size_t b = 0; b < sizeof(result[i]); b++)
			ck_assert_uint_eq(((uint8_t *)&result[i])[b], 0xa5);
	nms_model_destroy(m);
}
END_TEST

/* A block that is refused, for its size, is not written at all. */
START_TEST(no_beat_into_a_small_block)
{
	struct nms_model *m = model_with_window();
	struct nms_hw_result result, pattern;
	struct nms_hw_cmd cmd = { .opcode = NMS_HW_NOP, .cid = 1, .context = CTX };

	memset(&pattern, 0xa5, sizeof(pattern));
	result = pattern;
	cmd.result = (uintptr_t)&result;
	cmd.result_size = sizeof(result) - 1;
	ck_assert_int_eq(run(m, &cmd, NULL), NMS_HW_INVALID_SIZE);
	ck_assert_mem_eq(&result, &pattern, sizeof(result));
	nms_model_destroy(m);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("model-turns");
	TCase *t = tcase_create("turns");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 240);
	tcase_add_test(t, turns_go_round);
	tcase_add_test(t, who_is_stopped_comes_first);
	tcase_add_loop_test(t, turns_change_no_bits, 0, 3);
	tcase_add_test(t, short_one_among_long_ones);
	tcase_add_test(t, stopped_between_turns);
	tcase_add_test(t, deadline_and_time_among_others);
	tcase_add_test(t, memory_is_not_waited_for_in_turn);
	tcase_add_test(t, beats_while_it_waits);
	tcase_add_test(t, no_beat_after_the_end);
	tcase_add_test(t, no_beat_into_a_small_block);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}

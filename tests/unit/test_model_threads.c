// SPDX-License-Identifier: GPL-2.0-only
/* The model with several contexts at once: turns, interlock, cancel, deadline. */
#include "model_fixture.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "exec.h"

#define SIZE (256u << 10)

static bool never(void *data)
{
	(void)data;
	return false;
}

/* ---- order of arrival ------------------------------------------------- */

static struct turn turn;
static unsigned int order[8], arrived;

static unsigned int waiting(void)
{
	unsigned int n = 0;

	pthread_mutex_lock(&turn.lock);
	for (struct turn_ticket *t = turn.first; t; t = t->next)
		n++;
	pthread_mutex_unlock(&turn.lock);
	return n;
}

static void *take_a_turn(void *arg)
{
	struct turn_ticket ticket;

	turn_take(&turn, &ticket, never, NULL);
	order[arrived++] = (unsigned int)(uintptr_t)arg;
	turn_give(&turn, &ticket);
	return NULL;
}

START_TEST(turns_come_in_order_of_arrival)
{
	struct turn_ticket mine;
	pthread_t thread[8];

	arrived = 0;
	ck_assert_int_eq(turn_init(&turn), 0);
	ck_assert_int_eq(turn_take(&turn, &mine, never, NULL), 0);
	for (unsigned int i = 0; i < 8; i++) {
		pthread_create(&thread[i], NULL, take_a_turn, (void *)(uintptr_t)i);
		while (waiting() < i + 2)
			usleep(100);
	}
	turn_give(&turn, &mine);
	for (unsigned int i = 0; i < 8; i++)
		pthread_join(thread[i], NULL);
	for (unsigned int i = 0; i < 8; i++)
		ck_assert_uint_eq(order[i], i);
	turn_fini(&turn);
}
END_TEST

static bool always(void *data)
{
	(void)data;
	return true;
}

START_TEST(who_gives_up_loses_no_turn_of_others)
{
	struct turn_ticket mine, gone;
	pthread_t thread;

	arrived = 0;
	ck_assert_int_eq(turn_init(&turn), 0);
	ck_assert_int_eq(turn_take(&turn, &mine, never, NULL), 0);
	ck_assert_int_eq(turn_take(&turn, &gone, always, NULL), -ECANCELED);
	pthread_create(&thread, NULL, take_a_turn, NULL);
	while (waiting() < 2)
		usleep(100);
	ck_assert_int_eq(turn_take(&turn, &gone, always, NULL), -ECANCELED);
	ck_assert_uint_eq(waiting(), 2);
	turn_give(&turn, &mine);
	pthread_join(thread, NULL);
	ck_assert_uint_eq(arrived, 1);
	ck_assert_uint_eq(waiting(), 0);
	turn_fini(&turn);
}
END_TEST

/* ---- the interlock ------------------------------------------------------ */

struct mover {
	struct nms_model *model;
	struct nms_hw_near near;
	uint8_t byte;		/* written over and over; 0: read instead */
	unsigned int torn;
};

static void *move_over_and_over(void *arg)
{
	struct mover *mover = arg;
	uint8_t *data = malloc(SIZE);
	struct nms_hw_sge sge;
	struct nms_hw_cmd cmd = data_cmd(mover->byte ? NMS_HW_WRITE : NMS_HW_READ, mover->near,
					 SIZE, data, &sge);
	struct nms_hw_cqe cqe;

	memset(data, mover->byte, SIZE);
	for (int i = 0; i < 60; i++) {
		nms_model_execute(mover->model, &cmd, NULL, &cqe);
		mover->torn += cqe.status != 0;
		for (unsigned int b = 1; b < SIZE; b++)
			mover->torn += data[b] != data[0];
	}
	free(data);
	return NULL;
}

START_TEST(commands_do_not_tear)
{
	struct nms_model *m = model_new(1 << 20, 1);
	struct nms_hw_near near = range_new(m, SIZE);
	struct mover mover[4] = {
		{ m, near, 0x11, 0 }, { m, near, 0x22, 0 }, { m, near, 0, 0 }, { m, near, 0, 0 },
	};
	pthread_t thread[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, move_over_and_over, &mover[i]);
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	for (int i = 0; i < 4; i++)
		ck_assert_uint_eq(mover[i].torn, 0);
	nms_model_destroy(m);
}
END_TEST

/* Another command's claim on @near, held. */
static void hold(struct nms_model *m, struct nms_hw_near near, uint64_t length, bool write,
		 struct near_hold *h)
{
	memset(h, 0, sizeof(*h));
	ck_assert_int_eq(near_claim(m->near, CTX, &near, length, write, &h->claim[0]), NMS_HW_OK);
	ck_assert_int_eq(near_hold(m->near, h, never, NULL), 0);
}

START_TEST(only_what_conflicts_waits)
{
	struct nms_model *m = model_new(1 << 20, 1);
	struct nms_hw_near near = range_new(m, 128), upper = near;
	uint8_t data[64] = { 0 };
	struct near_hold h;
	struct nms_hw_sge sge;
	struct nms_hw_cmd late;

	upper.offset = 64;
	hold(m, near, 64, false, &h);
	ck_assert_int_eq(nms_model_range_destroy(m, &near), -EBUSY);
	ck_assert_int_eq(move(m, NMS_HW_READ, near, 64, data), NMS_HW_OK);
	ck_assert_int_eq(move(m, NMS_HW_WRITE, upper, 64, data), NMS_HW_OK);
	late = data_cmd(NMS_HW_WRITE, near, 64, data, &sge);
	late.deadline_ms = 5;
	ck_assert_int_eq(run(m, &late, NULL), NMS_HW_DEADLINE);
	near_release(m->near, &h);
	ck_assert_int_eq(run(m, &late, NULL), NMS_HW_OK);
	hold(m, near, 64, true, &h);
	late = data_cmd(NMS_HW_READ, near, 1, data, &sge);
	late.deadline_ms = 5;
	ck_assert_int_eq(run(m, &late, NULL), NMS_HW_DEADLINE);
	near_release(m->near, &h);
	ck_assert_int_eq(nms_model_range_destroy(m, &near), 0);
	nms_model_destroy(m);
}
END_TEST

/* ---- cancel ----------------------------------------------------------- */

START_TEST(cancelled_while_it_waits)
{
	struct nms_model *m = model_new(1 << 20, 1);
	struct nms_hw_near in = range_new(m, 400), out = range_new(m, 400);
	struct nms_hw_reduce block = {
		.header = header_of(NMS_HW_REDUCE, sizeof(block)),
		.input = matrix_of(in, 20, 5, NMS_HW_F32, 4),
		.output = matrix_of(out, 20, 2, NMS_HW_F32, 4),
	};
	struct nms_hw_result result;
	struct runner r = { .model = m, .cmd = compute_cmd(&block, &result) };
	struct turn_ticket mine;
	pthread_t thread;

	ck_assert_int_eq(turn_take(&m->datapath, &mine, never, NULL), 0);
	pthread_create(&thread, NULL, execute, &r);
	usleep(5000);
	/* Commands of data do not wait for the datapath. */
	ck_assert_int_eq(move(m, NMS_HW_ZERO, in, 400, NULL), NMS_HW_OK);
	atomic_store(&r.seen.cancel, true);
	pthread_join(thread, NULL);
	ck_assert_int_eq(r.cqe.status >> 1, NMS_HW_CANCELLED);
	ck_assert_uint_eq(result.status, NMS_HW_CANCELLED);
	turn_give(&m->datapath, &mine);
	nms_model_destroy(m);
}
END_TEST

START_TEST(cancelled_while_it_runs)
{
	struct nms_model *m = model_new(1 << 24, 2);
	struct nms_hw_embed block = long_embed(m, 3000);
	struct nms_hw_result result;
	struct runner r = { .model = m, .cmd = compute_cmd(&block, &result) };
	pthread_t thread;

	pthread_create(&thread, NULL, execute, &r);
	while (atomic_load(&r.seen.phase) != NMS_HW_PHASE_EMBED || !atomic_load(&r.seen.done))
		usleep(1000);
	atomic_store(&r.seen.cancel, true);
	pthread_join(thread, NULL);
	ck_assert_int_eq(r.cqe.status >> 1, NMS_HW_CANCELLED);
	ck_assert_uint_eq(result.progress_phase, NMS_HW_PHASE_EMBED);
	ck_assert_uint_gt(result.progress_done, 0);
	ck_assert_uint_gt(result.energy[NMS_HW_COMPUTE], 0);
	nms_model_destroy(m);
}
END_TEST

START_TEST(late_while_it_runs)
{
	struct nms_model *m = model_new(1 << 24, 2);
	struct nms_hw_embed block = long_embed(m, 3000);
	struct nms_hw_result result;
	struct nms_hw_cmd cmd = compute_cmd(&block, &result);

	cmd.deadline_ms = 200;
	ck_assert_int_eq(run(m, &cmd, NULL), NMS_HW_DEADLINE);
	ck_assert_uint_eq(result.status, NMS_HW_DEADLINE);
	nms_model_destroy(m);
}
END_TEST

/* ---- all at once ------------------------------------------------------- */

#define ROWS 400u
#define COLS 10u
#define FEATURES 3u

struct context {
	struct nms_model *model;
	uint32_t id;
	float features[ROWS * FEATURES];
	unsigned int failed;
};

static struct nms_hw_near owned(struct context *c, uint64_t size)
{
	struct nms_hw_near near = { 0 };

	c->failed += nms_model_range_create(c->model, c->id, size, NULL, RW, &near) != 0;
	return near;
}

static void must(struct context *c, struct nms_hw_cmd cmd)
{
	struct nms_hw_cqe cqe;

	cmd.context = c->id;
	nms_model_execute(c->model, &cmd, NULL, &cqe);
	c->failed += cqe.status != 0;
}

static void *reduce_over_and_over(void *arg)
{
	struct context *c = arg;
	float *x = malloc(ROWS * COLS * sizeof(*x));
	struct nms_model_counters counters;
	uint64_t state = 99, seen = 0;
	struct nms_hw_sge sge;

	for (unsigned int i = 0; i < ROWS * COLS; i++)
		x[i] = (float)noise(&state);
	for (int i = 0; i < 10; i++) {
		struct nms_hw_near in = owned(c, ROWS * COLS * 4);
		struct nms_hw_near out = owned(c, ROWS * FEATURES * 4);
		struct nms_hw_reduce block = {
			.header = header_of(NMS_HW_REDUCE, sizeof(block)),
			.input = matrix_of(in, ROWS, COLS, NMS_HW_F32, 4),
			.output = matrix_of(out, ROWS, FEATURES, NMS_HW_F32, 4),
		};

		must(c, data_cmd(NMS_HW_WRITE, in, ROWS * COLS * 4, x, &sge));
		must(c, compute_cmd(&block, NULL));
		must(c, data_cmd(NMS_HW_READ, out, sizeof(c->features), c->features, &sge));
		c->failed += nms_model_range_destroy(c->model, &in) != 0;
		c->failed += nms_model_range_destroy(c->model, &out) != 0;
		nms_model_counters(c->model, &counters);
		c->failed += counters.commands < seen + 3;
		seen = counters.commands;
	}
	free(x);
	return NULL;
}

START_TEST(contexts_at_once)
{
	struct nms_model *m = model_new(1 << 20, 2);
	static struct context context[3];
	struct nms_model_info info;
	pthread_t thread[3];

	memset(context, 0, sizeof(context));
	for (uint32_t i = 0; i < 3; i++) {
		context[i].model = m;
		context[i].id = i + 1;
		pthread_create(&thread[i], NULL, reduce_over_and_over, &context[i]);
	}
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	for (int i = 0; i < 3; i++) {
		ck_assert_uint_eq(context[i].failed, 0);
		ck_assert_mem_eq(context[i].features, context[0].features,
				 sizeof(context[0].features));
	}
	nms_model_info(m, &info);
	ck_assert_uint_eq(info.near_used, 0);
	nms_model_destroy(m);
}
END_TEST

/* A search whose budget is as good as none, for an error that no number has. */
START_TEST(search_without_end_can_be_stopped)
{
	static const enum nms_hw_search searches[] = {
		NMS_HW_SEARCH_NEWTON, NMS_HW_SEARCH_BISECT, NMS_HW_SEARCH_DE, NMS_HW_SEARCH_FWA,
	};
	struct nms_model *m = model_new(1 << 20, 1);
	struct nms_hw_embed block = long_embed(m, 100);
	struct nms_hw_cmd cmd = compute_cmd(&block, NULL);
	enum nms_hw_status status;

	block.iterations = 1;
	block.tolerance = bits(1e-40f);
	block.evaluations = UINT32_MAX;
	cmd.deadline_ms = 100;
	block.search = searches[_i];
	status = run(m, &cmd, NULL);
	/* an exact zero ends it, too */
	ck_assert(status == NMS_HW_DEADLINE || status == NMS_HW_OK);
	if (block.search == NMS_HW_SEARCH_DE)
		ck_assert_int_eq(status, NMS_HW_DEADLINE);
	nms_model_destroy(m);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("model-threads");
	TCase *t = tcase_create("threads");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, search_without_end_can_be_stopped, 0, 4);
	tcase_add_test(t, turns_come_in_order_of_arrival);
	tcase_add_test(t, who_gives_up_loses_no_turn_of_others);
	tcase_add_test(t, commands_do_not_tear);
	tcase_add_test(t, only_what_conflicts_waits);
	tcase_add_test(t, cancelled_while_it_waits);
	tcase_add_test(t, cancelled_while_it_runs);
	tcase_add_test(t, late_while_it_runs);
	tcase_add_test(t, contexts_at_once);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}

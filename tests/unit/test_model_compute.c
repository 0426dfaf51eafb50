// SPDX-License-Identifier: GPL-2.0-only
/* The model does the work: REDUCE, EMBED, SELECT, GATHER on near memory, and says what it cost. */
#include "model_fixture.h"

#include <math.h>

#define N 300u
#define D 12u
#define F 4u
#define CLASSES 3u
#define COUNT 30u

static struct nms_model *model;
static float data[N * D];
static uint32_t labels[N];
static struct nms_hw_near rows, features, plane, label_range, index_range, weight_range;

static double gauss(uint64_t *state)
{
	double sum = 0;

	for (int i = 0; i < 12; i++)
		sum += noise(state);
	return sum - 6;
}

/* Three clouds, far apart, longer in some directions than in others. */
static void setup(void)
{
	uint64_t state = 42;

	model = model_new(1 << 24, 2);
	for (unsigned int i = 0; i < N; i++) {
		labels[i] = 10 + i % CLASSES;
		for (unsigned int j = 0; j < D; j++)
			data[i * D + j] = (float)(gauss(&state) * (j < 6 ? 3 : 0.5) +
						  (i % CLASSES == j ? 30 : 0));
	}
	rows = range_of(model, data, sizeof(data));
	features = range_new(model, N * F * 4);
	plane = range_new(model, N * 2 * 4);
	label_range = range_of(model, labels, sizeof(labels));
	index_range = range_new(model, COUNT * 4);
	weight_range = range_new(model, COUNT * 4);
}

static void teardown(void)
{
	nms_model_destroy(model);
}

static struct nms_hw_vector vector(struct nms_hw_near near, uint64_t count)
{
	return (struct nms_hw_vector){ .near = near, .count = count };
}

static void must_run(const void *param, struct nms_hw_result *result, uint64_t value)
{
	struct nms_hw_cmd cmd = compute_cmd(param, result);
	struct nms_hw_cqe cqe;
	enum nms_hw_status status;

	memset(result, 0xee, sizeof(*result));
	status = run(model, &cmd, &cqe);
	ck_assert_msg(status == NMS_HW_OK, "%s, detail %u", nms_model_status_text(status),
		      cqe.detail);
	ck_assert_uint_eq(cqe.value, value);
	ck_assert_uint_eq(result->status, NMS_HW_OK);
	ck_assert_uint_eq(result->count, value);
	ck_assert_uint_eq(result->size, sizeof(*result));
	ck_assert_uint_eq(result->numerics, NMS_HW_NUMERICS_VERSION);
	ck_assert_uint_eq(result->profile, NMS_HW_PROFILE_PORTABLE);
}

static void must_fail(const void *param, enum nms_hw_status expected, uint32_t detail,
		      struct nms_hw_result *result)
{
	struct nms_hw_cmd cmd = compute_cmd(param, result);
	struct nms_hw_cqe cqe;
	enum nms_hw_status status = run(model, &cmd, &cqe);

	ck_assert_msg(status == expected, "%#x, not %#x", status, expected);
	ck_assert_uint_eq(cqe.detail, detail);
	ck_assert_uint_eq(result->status, expected);
	ck_assert_uint_eq(result->error_field, detail);
}

static struct nms_hw_reduce reduce_block(void)
{
	return (struct nms_hw_reduce){
		.header = header_of(NMS_HW_REDUCE, sizeof(struct nms_hw_reduce)),
		.input = matrix_of(rows, N, D, NMS_HW_F32, 4),
		.output = matrix_of(features, N, F, NMS_HW_F32, 4),
		.seed = 1,
	};
}

static void reduce(void)
{
	struct nms_hw_reduce block = reduce_block();
	struct nms_hw_result result;

	must_run(&block, &result, N);
}

static double variance(const float *x, size_t n, size_t stride)
{
	double sum = 0, square = 0;

	for (size_t i = 0; i < n; i++) {
		sum += (double)x[i * stride];
		square += (double)x[i * stride] * (double)x[i * stride];
	}
	return (square - sum * sum / (double)n) / (double)(n - 1);
}

START_TEST(reduce_keeps_the_variance_it_says)
{
	struct nms_hw_reduce block = reduce_block();
	struct nms_hw_result result;
	double total = 0, kept = 0;
	float out[N * F];

	must_run(&block, &result, N);
	ck_assert_uint_eq(result.opcode, NMS_HW_REDUCE);
	ck_assert_uint_eq(result.features, F);
	ck_assert_int_eq(move(model, NMS_HW_READ, features, sizeof(out), out), NMS_HW_OK);
	for (unsigned int j = 0; j < D; j++)
		total += variance(data + j, N, D);
	for (unsigned int f = 0; f < F; f++)
		kept += variance(out + f, N, F);
	ck_assert_double_eq_tol((double)from_bits(result.variance_kept), kept / total, 1e-5);
	ck_assert_double_gt(kept / total, 0.8);
	ck_assert_double_lt(kept / total, 1);
}
END_TEST

START_TEST(reduce_names_what_is_not_finite)
{
	struct nms_hw_reduce block = reduce_block();
	struct nms_hw_result result;
	double limit;

	data[17 * D + 5] = NAN;
	ck_assert_int_eq(move(model, NMS_HW_WRITE, rows, sizeof(data), data), NMS_HW_OK);
	must_fail(&block, NMS_HW_NOT_FINITE, offsetof(struct nms_hw_reduce, input), &result);
	ck_assert_uint_eq(result.error_row, 17);
	ck_assert_uint_eq(result.error_col, 5);
	memcpy(&limit, &result.error_limit, sizeof(limit));
	ck_assert(limit > 1e17);
}
END_TEST

START_TEST(padding_becomes_zero)
{
	struct nms_hw_reduce block = reduce_block();
	struct nms_hw_near wide = range_new(model, N * 8 * 4);
	float out[N * 8], packed[N * F];
	struct nms_hw_result result;

	reduce();
	memset(out, 0xff, sizeof(out));
	ck_assert_int_eq(move(model, NMS_HW_WRITE, wide, sizeof(out), out), NMS_HW_OK);
	block.output.near = wide;
	block.output.stride = 32;
	must_run(&block, &result, N);
	ck_assert_int_eq(move(model, NMS_HW_READ, wide, sizeof(out), out), NMS_HW_OK);
	ck_assert_int_eq(move(model, NMS_HW_READ, features, sizeof(packed), packed), NMS_HW_OK);
	for (unsigned int i = 0; i < N; i++) {
		ck_assert_mem_eq(out + 8 * i, packed + F * i, F * 4);
		for (unsigned int j = F; j < 8; j++)
			ck_assert(out[8 * i + j] == 0);
	}
}
END_TEST

START_TEST(energy_adds_up_and_repeats)
{
	struct nms_hw_reduce block = reduce_block();
	struct nms_model_counters before, after;
	struct nms_hw_result a, b;
	uint64_t sum = 0, cycles = 0, ns = 0;

	nms_model_counters(model, &before);
	must_run(&block, &a, N);
	nms_model_counters(model, &after);
	for (int d = 0; d < NMS_HW_NDOMAINS; d++) {
		ck_assert_uint_eq(after.energy[d] - before.energy[d], a.energy[d]);
		sum += a.energy[d];
	}
	for (int p = 0; p < NMS_HW_NPHASES; p++) {
		cycles += a.cycles[p];
		ns += a.nanoseconds[p];
	}
	ck_assert_uint_gt(sum, 0);
	ck_assert_uint_gt(cycles, 0);
	ck_assert_uint_gt(a.cycles[NMS_HW_PHASE_REDUCE], 0);
	ck_assert_uint_eq(after.busy_ns - before.busy_ns, ns);
	ck_assert_uint_eq(after.near_read - before.near_read, a.near_read);
	ck_assert_uint_ge(a.near_read, sizeof(data));
	ck_assert_uint_ge(a.near_write, N * F * 4);
	ck_assert_uint_ge(a.mac, (uint64_t)N * D * F);
	/* no row crosses the link: a command and a block in, a result and a completion out */
	ck_assert_uint_eq(a.link_in, 64 + sizeof(block));
	ck_assert_uint_eq(a.link_out, 32 + sizeof(a));
	must_run(&block, &b, N);
	memset(a.nanoseconds, 0, sizeof(a.nanoseconds));
	memset(b.nanoseconds, 0, sizeof(b.nanoseconds));
	a.progress_beat = b.progress_beat = 0;
	ck_assert_mem_eq(&a, &b, sizeof(a));
}
END_TEST

static struct nms_hw_select select_block(enum nms_hw_rule rule)
{
	return (struct nms_hw_select){
		.header = header_of(NMS_HW_SELECT, sizeof(struct nms_hw_select)),
		.features = matrix_of(features, N, F, NMS_HW_F32, 4),
		.labels = vector(label_range, N),
		.index = vector(index_range, COUNT),
		.weight = vector(weight_range, COUNT),
		.rows = N, .count = COUNT, .rule = rule, .seed = 3,
		.budget = NMS_HW_BUDGET_PROPORTIONAL,
		.search = NMS_HW_SEARCH_NEWTON, .perplexity = bits(10),
	};
}

/* Read the chosen rows: distinct, of the data, @per[c] of class c. */
static void check_chosen(uint32_t *index, const unsigned int *per)
{
	unsigned int found[CLASSES] = { 0 };
	bool seen[N] = { false };

	ck_assert_int_eq(move(model, NMS_HW_READ, index_range, COUNT * 4, index), NMS_HW_OK);
	for (unsigned int i = 0; i < COUNT; i++) {
		ck_assert_uint_lt(index[i], N);
		ck_assert(!seen[index[i]]);
		seen[index[i]] = true;
		found[labels[index[i]] - 10]++;
	}
	for (unsigned int c = 0; c < CLASSES; c++)
		ck_assert_uint_eq(found[c], per[c]);
}

static double sum_of_weights(void)
{
	float weight[COUNT];
	double sum = 0;

	ck_assert_int_eq(move(model, NMS_HW_READ, weight_range, sizeof(weight), weight), NMS_HW_OK);
	for (unsigned int i = 0; i < COUNT; i++)
		sum += (double)weight[i];
	return sum;
}

START_TEST(select_by_each_rule_on_features)
{
	const enum nms_hw_rule rules[] = {
		NMS_HW_RULE_RANDOM, NMS_HW_RULE_KMEDOIDS, NMS_HW_RULE_KCENTRE,
		NMS_HW_RULE_HERDING, NMS_HW_RULE_FACILITY, NMS_HW_RULE_EDITED,
	};
	const unsigned int per[CLASSES] = { 10, 10, 10 };
	struct nms_hw_result result;
	uint32_t index[COUNT];

	reduce();
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct nms_hw_select block = select_block(rules[i]);

		must_run(&block, &result, COUNT);
		ck_assert_uint_eq(result.groups, CLASSES);
		check_chosen(index, per);
		ck_assert_double_eq_tol(sum_of_weights(), N, 1e-3);
	}
}
END_TEST

START_TEST(select_keeps_drops_and_fills_quotas)
{
	const uint32_t keep[] = { 299, 0 }, drop[] = { 7, 1, 7, 4 }, quota[] = { 3, 7, 20 };
	const unsigned int per[CLASSES] = { 3, 7, 20 };
	struct nms_hw_select block = select_block(NMS_HW_RULE_HERDING);
	struct nms_hw_result result;
	uint32_t index[COUNT];
	unsigned int kept = 0;

	reduce();
	block.keep = vector(range_of(model, keep, sizeof(keep)), 2);
	block.drop = vector(range_of(model, drop, sizeof(drop)), 4);
	block.quota = vector(range_of(model, quota, sizeof(quota)), CLASSES);
	block.budget = NMS_HW_BUDGET_GIVEN;
	must_run(&block, &result, COUNT);
	check_chosen(index, per);
	ck_assert_double_eq_tol(sum_of_weights(), N - 3, 1e-3);
	for (unsigned int i = 0; i < COUNT; i++) {
		kept += index[i] == 299 || index[i] == 0;
		ck_assert(index[i] != 7 && index[i] != 1 && index[i] != 4);
	}
	ck_assert_uint_eq(kept, 2);
}
END_TEST

#define S(member) offsetof(struct nms_hw_select, member)

START_TEST(select_refuses_lists_that_do_not_fit)
{
	const uint32_t beyond[] = { 1, N }, twice[] = { 5, 6, 5 }, five[] = { 5 };
	const uint32_t quota[] = { 3, 7, 19 }, many[] = { 101, 0, 0 };
	struct nms_hw_select good = select_block(NMS_HW_RULE_RANDOM), block = good;
	uint32_t most[N - COUNT + 1];
	struct nms_hw_result result;

	block.keep = vector(range_of(model, beyond, sizeof(beyond)), 2);
	must_fail(&block, NMS_HW_BAD_INDEX, S(keep), &result);
	ck_assert_uint_eq(result.error_row, 1);
	block = good;
	block.drop = vector(range_of(model, beyond, sizeof(beyond)), 2);
	must_fail(&block, NMS_HW_BAD_INDEX, S(drop), &result);
	block = good;
	block.keep = vector(range_of(model, twice, sizeof(twice)), 3);
	must_fail(&block, NMS_HW_BAD_INDEX, S(keep), &result);
	ck_assert_uint_eq(result.error_row, 2);
	block.drop = vector(range_of(model, five, sizeof(five)), 1);
	must_fail(&block, NMS_HW_BAD_INDEX, S(keep), &result);
	ck_assert_uint_eq(result.error_row, 0);
	block = good;
	for (uint32_t i = 0; i < N - COUNT + 1; i++)
		most[i] = i;
	block.drop = vector(range_of(model, most, sizeof(most)), N - COUNT + 1);
	must_fail(&block, NMS_HW_BAD_COUNT, S(count), &result);
	block = good;
	block.budget = NMS_HW_BUDGET_GIVEN;
	block.quota = vector(range_of(model, quota, sizeof(quota)), 3);
	must_fail(&block, NMS_HW_BAD_QUOTA, S(quota), &result);
	block.quota = vector(range_of(model, many, sizeof(many)), 3);
	must_fail(&block, NMS_HW_BAD_QUOTA, S(quota), &result);
	block.quota.count = 2;
	must_fail(&block, NMS_HW_BAD_QUOTA, S(quota.count), &result);
}
END_TEST

START_TEST(select_refuses_values_that_are_not_finite)
{
	struct nms_hw_select block = select_block(NMS_HW_RULE_GRID);
	float y[2 * N] = { 0 }, mass[N];
	struct nms_hw_result result;

	y[2 * 100 + 1] = INFINITY;
	plane = range_of(model, y, sizeof(y));
	block.embedding = matrix_of(plane, N, 2, NMS_HW_F32, 4);
	must_fail(&block, NMS_HW_NOT_FINITE, S(embedding), &result);
	ck_assert_uint_eq(result.error_row, 100);
	ck_assert_uint_eq(result.error_col, 1);

	reduce();
	for (unsigned int i = 0; i < N; i++)
		mass[i] = 1;
	mass[50] = -1;
	block = select_block(NMS_HW_RULE_HERDING);
	block.mass = vector(range_of(model, mass, sizeof(mass)), N);
	must_fail(&block, NMS_HW_INVALID_FIELD, S(mass), &result);
	ck_assert_uint_eq(result.error_row, 50);
	mass[50] = NAN;
	block.mass = vector(range_of(model, mass, sizeof(mass)), N);
	must_fail(&block, NMS_HW_NOT_FINITE, S(mass), &result);
}
END_TEST

#define TRACE_LINES 8u

static struct nms_hw_embed embed_block(void)
{
	return (struct nms_hw_embed){
		.header = header_of(NMS_HW_EMBED, sizeof(struct nms_hw_embed)),
		.features = matrix_of(features, N, F, NMS_HW_F32, 4),
		.output = matrix_of(plane, N, 2, NMS_HW_F32, 4),
		.search = NMS_HW_SEARCH_NEWTON, .perplexity = bits(15), .iterations = 200,
		.exaggeration_iterations = 50, .seed = 5,
	};
}

START_TEST(embed_fills_the_plane)
{
	const uint32_t drop[] = { 9, N - 1 };
	struct nms_hw_near flags = range_new(model, N * 4);
	struct nms_hw_embed block = embed_block();
	struct nms_hw_result result;
	uint64_t flagged = 0;
	uint32_t flag[N];
	float y[2 * N];

	reduce();
	block.drop = vector(range_of(model, drop, sizeof(drop)), 2);
	block.flags = vector(flags, N);
	must_run(&block, &result, N - 2);
	ck_assert_uint_eq(result.groups, 1);
	ck_assert_float_eq(from_bits(result.perplexity), 15);
	ck_assert_uint_gt(result.iterations, 50);
	ck_assert_uint_gt(result.evaluations, N - 2);
	/* each phase has its own account */
	ck_assert_uint_gt(result.cycles[NMS_HW_PHASE_NEIGHBOURS], 0);
	ck_assert_uint_gt(result.cycles[NMS_HW_PHASE_SEARCH], 0);
	ck_assert_uint_gt(result.cycles[NMS_HW_PHASE_EMBED], result.cycles[NMS_HW_PHASE_SEARCH]);
	for (int f = 0; f < NMS_HW_NROW_FLAGS; f++)
		flagged += result.row_flags[f];
	ck_assert_uint_eq(flagged, N - 2);
	ck_assert_int_eq(move(model, NMS_HW_READ, plane, sizeof(y), y), NMS_HW_OK);
	for (unsigned int i = 0; i < N; i++)
		ck_assert(isfinite(y[2 * i]) == (i != 9 && i != N - 1));
	ck_assert_int_eq(move(model, NMS_HW_READ, flags, sizeof(flag), flag), NMS_HW_OK);
	for (unsigned int i = 0; i < N; i++)
		ck_assert((flag[i] < NMS_HW_NROW_FLAGS) == (i != 9 && i != N - 1));
}
END_TEST

START_TEST(embed_with_gaps_and_labels_then_select)
{
	const unsigned int per[CLASSES] = { 10, 10, 10 };
	struct nms_hw_embed block = embed_block();
	struct nms_hw_select choice = select_block(NMS_HW_RULE_STRATA);
	struct nms_hw_near wide = range_new(model, N * 16);
	struct nms_hw_result result;
	float y[2 * N], spread[4 * N];
	uint32_t index[COUNT], again[COUNT];

	reduce();
	block.labels = vector(label_range, N);
	must_run(&block, &result, N);
	ck_assert_uint_eq(result.groups, CLASSES);
	ck_assert_int_eq(move(model, NMS_HW_READ, plane, sizeof(y), y), NMS_HW_OK);
	block.output.near = wide;
	block.output.stride = 16;
	must_run(&block, &result, N);
	ck_assert_int_eq(move(model, NMS_HW_READ, wide, sizeof(spread), spread), NMS_HW_OK);
	for (unsigned int i = 0; i < N; i++) {
		ck_assert_mem_eq(spread + 4 * i, y + 2 * i, 8);
		ck_assert(spread[4 * i + 2] == 0 && spread[4 * i + 3] == 0);
	}
	choice.embedding = matrix_of(plane, N, 2, NMS_HW_F32, 4);
	must_run(&choice, &result, COUNT);
	check_chosen(index, per);
	choice.embedding = block.output;
	must_run(&choice, &result, COUNT);
	check_chosen(again, per);
	ck_assert_mem_eq(index, again, sizeof(index));
}
END_TEST

START_TEST(embed_traces_its_choice)
{
	struct nms_hw_near near = range_new(model, TRACE_LINES * sizeof(struct nms_hw_trace));
	struct nms_hw_embed block = embed_block();
	struct nms_hw_trace trace[TRACE_LINES];
	struct nms_hw_result result;
	unsigned int chosen = 0;

	reduce();
	block.options = NMS_HW_EMBED_ENTROPY;
	block.perplexity_min = bits(5);
	block.perplexity_max = bits(40);
	block.candidates = 4;
	block.iterations = 60;
	block.trace = vector(near, TRACE_LINES * 8);
	must_run(&block, &result, N);
	ck_assert_uint_ge(result.trace_lines, 2);
	ck_assert_uint_le(result.trace_lines, 4);
	ck_assert_int_eq(move(model, NMS_HW_READ, near, sizeof(trace), trace), NMS_HW_OK);
	ck_assert_uint_eq(trace[0].perplexity, bits(15));
	for (unsigned int i = 0; i < result.trace_lines; i++) {
		chosen += trace[i].chosen;
		if (trace[i].chosen)
			ck_assert_uint_eq(trace[i].perplexity, result.perplexity);
	}
	ck_assert_uint_eq(chosen, 1);
	for (unsigned int i = result.trace_lines; i < TRACE_LINES; i++)
		ck_assert_uint_eq(trace[i].rows, 0);
}
END_TEST

START_TEST(gather_brings_the_chosen_rows)
{
	struct nms_hw_select choice = select_block(NMS_HW_RULE_RANDOM);
	struct nms_hw_gather block = {
		.header = header_of(NMS_HW_GATHER, sizeof(block)),
		.input = matrix_of(rows, N, D, NMS_HW_F32, 4),
		.index = vector(index_range, COUNT),
	};
	const unsigned int per[CLASSES] = { 10, 10, 10 };
	float chosen[COUNT * D];
	struct nms_hw_sge sge[2] = {
		{ .addr = (uintptr_t)chosen, .length = 100 },
		{ .addr = (uintptr_t)chosen + 100, .length = sizeof(chosen) - 100 },
	};
	struct nms_hw_result result;
	struct nms_hw_cmd cmd = compute_cmd(&block, &result);
	struct nms_hw_cqe cqe;
	uint32_t index[COUNT];

	reduce();
	must_run(&choice, &result, COUNT);
	check_chosen(index, per);
	cmd.sgl = (uintptr_t)sge;
	cmd.sgl_entries = 2;
	ck_assert_int_eq(run(model, &cmd, &cqe), NMS_HW_OK);
	ck_assert_uint_eq(cqe.value, sizeof(chosen));
	for (unsigned int i = 0; i < COUNT; i++)
		ck_assert_mem_eq(chosen + i * D, data + index[i] * D, D * 4);
	ck_assert_uint_eq(result.link_out, sizeof(chosen) + 32 + sizeof(result));
	ck_assert_uint_eq(result.near_read, sizeof(chosen) + sizeof(index));
	sge[1].length--;
	ck_assert_int_eq(run(model, &cmd, &cqe), NMS_HW_INVALID_SIZE);
}
END_TEST

START_TEST(estimates)
{
	struct nms_hw_reduce r = reduce_block();
	struct nms_hw_select s = select_block(NMS_HW_RULE_HERDING);
	struct nms_hw_embed e = embed_block();
	uint64_t small, large;

	ck_assert_uint_gt(nms_model_estimate(model, &r, sizeof(r)), 0);
	ck_assert_uint_gt(nms_model_estimate(model, &s, sizeof(s)), 0);
	small = nms_model_estimate(model, &e, sizeof(e));
	e.features.rows = 100 * N;
	large = nms_model_estimate(model, &e, sizeof(e));
	ck_assert_uint_gt(large, small);
	ck_assert_uint_lt(large, 1000 * small);
	ck_assert_uint_eq(nms_model_estimate(model, &e, sizeof(e) - 1), 0);
	ck_assert_uint_eq(nms_model_estimate(model, &e, 3), 0);
	e.header.version = 2;
	ck_assert_uint_eq(nms_model_estimate(model, &e, sizeof(e)), 0);
	s.rule = 99;
	ck_assert_uint_eq(nms_model_estimate(model, &s, sizeof(s)), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("model-compute");
	TCase *t = tcase_create("compute");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, reduce_keeps_the_variance_it_says);
	tcase_add_test(t, reduce_names_what_is_not_finite);
	tcase_add_test(t, padding_becomes_zero);
	tcase_add_test(t, energy_adds_up_and_repeats);
	tcase_add_test(t, select_by_each_rule_on_features);
	tcase_add_test(t, select_keeps_drops_and_fills_quotas);
	tcase_add_test(t, select_refuses_lists_that_do_not_fit);
	tcase_add_test(t, select_refuses_values_that_are_not_finite);
	tcase_add_test(t, embed_fills_the_plane);
	tcase_add_test(t, embed_with_gaps_and_labels_then_select);
	tcase_add_test(t, embed_traces_its_choice);
	tcase_add_test(t, gather_brings_the_chosen_rows);
	tcase_add_test(t, estimates);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/* The model: near memory, rights, commands of data, scatter lists, counters. */
#include "model_fixture.h"

#include <errno.h>

START_TEST(create_refuses)
{
	struct nms_model_config config = { .near_size = 1 << 20, .threads = 1 };
	struct nms_model *m = NULL;
	char why[256] = "";

	config.profile = "decimal";
	ck_assert_int_eq(nms_model_create(&config, &m, why, sizeof(why)), -EINVAL);
	ck_assert_ptr_nonnull(strstr(why, "decimal"));
	config.profile = NULL;
	config.energy = "ddr99";
	ck_assert_int_eq(nms_model_create(&config, &m, why, sizeof(why)), -ENOENT);
	ck_assert_ptr_nonnull(strstr(why, "lpddr4"));
	config.energy = "/nowhere/at/all.json";
	ck_assert_int_eq(nms_model_create(&config, &m, why, sizeof(why)), -ENOENT);
	ck_assert_ptr_null(m);
}
END_TEST

START_TEST(info_names_what_runs)
{
	struct nms_model *m = model_new(1 << 20, 2);
	struct nms_hw_near near;
	struct nms_model_info info;

	near = range_new(m, 1);
	nms_model_info(m, &info);
	ck_assert_uint_eq(info.near_size, 1 << 20);
	ck_assert_uint_eq(info.near_used, 4096);
	ck_assert_uint_eq(info.threads, 2);
	ck_assert_str_eq(info.profile, "portable");
	ck_assert_str_eq(info.energy, "ddr4");
	ck_assert_ptr_nonnull(strstr(info.energy_source, "odelled"));
	ck_assert_uint_eq(info.numerics, NMS_HW_NUMERICS_VERSION);
	ck_assert_int_eq(nms_model_range_destroy(m, &near), 0);
	nms_model_info(m, &info);
	ck_assert_uint_eq(info.near_used, 0);
	nms_model_destroy(m);
}
END_TEST

START_TEST(ranges_fill_up)
{
	struct nms_model *m = model_new(8192, 1);
	struct nms_hw_near a, b, c;

	ck_assert_int_eq(nms_model_range_create(m, CTX, 0, NULL, RW, &a), -EINVAL);
	ck_assert_int_eq(nms_model_range_create(m, CTX, 1, NULL, 0x8, &a), -EINVAL);
	ck_assert_int_eq(nms_model_range_create(m, CTX, 8193, NULL, RW, &a), -ENOSPC);
	ck_assert_int_eq(nms_model_range_create(m, CTX, UINT64_MAX, NULL, RW, &a), -ENOSPC);
	a = range_new(m, 4097);
	ck_assert_int_eq(nms_model_range_create(m, CTX, 1, NULL, RW, &b), -ENOSPC);
	ck_assert_int_eq(nms_model_range_destroy(m, &a), 0);
	ck_assert_int_eq(nms_model_range_destroy(m, &a), -ENOENT);
	b = range_new(m, 4096);
	c = range_new(m, 4096);
	ck_assert_uint_ne(a.range, b.range);
	ck_assert_uint_ne(b.range, c.range);
	ck_assert_int_eq(nms_model_range_grant(m, &a, CTX, RW), -ENOENT);
	ck_assert_int_eq(nms_model_range_grant(m, &b, CTX, 0x4), -EINVAL);
	nms_model_destroy(m);
}
END_TEST

START_TEST(memory_is_zeroed)
{
	struct nms_model *m = model_new(1 << 20, 1);
	uint8_t data[4096], zero[4096] = { 0 }, back[4096];
	struct nms_hw_near near;

	memset(data, 0xa5, sizeof(data));
	for (int i = 0; i < 8; i++) {
		near = range_new(m, sizeof(data));
		ck_assert_int_eq(move(m, NMS_HW_READ, near, sizeof(back), back), NMS_HW_OK);
		ck_assert_mem_eq(back, zero, sizeof(zero));
		ck_assert_int_eq(move(m, NMS_HW_WRITE, near, sizeof(data), data), NMS_HW_OK);
		ck_assert_int_eq(nms_model_range_destroy(m, &near), 0);
	}
	near = range_of(m, data, sizeof(data));
	near.offset = 100;
	ck_assert_int_eq(move(m, NMS_HW_ZERO, near, 50, NULL), NMS_HW_OK);
	near.offset = 0;
	ck_assert_int_eq(move(m, NMS_HW_READ, near, sizeof(back), back), NMS_HW_OK);
	memset(data + 100, 0, 50);
	ck_assert_mem_eq(back, data, sizeof(data));
	nms_model_destroy(m);
}
END_TEST

START_TEST(wrapped_memory_stands_for_near)
{
	struct nms_model *m = model_new(4096, 1);
	static uint8_t mine[10000];
	uint8_t data[10000];
	struct nms_model_info info;
	struct nms_hw_near near;

	memset(mine, 0x11, sizeof(mine));
	memset(data, 0x22, sizeof(data));
	ck_assert_int_eq(nms_model_range_create(m, CTX, sizeof(mine), mine, RW, &near), 0);
	ck_assert_uint_eq(mine[5], 0x11);
	nms_model_info(m, &info);
	ck_assert_uint_eq(info.near_used, 0);
	ck_assert_int_eq(move(m, NMS_HW_WRITE, near, sizeof(data), data), NMS_HW_OK);
	ck_assert_mem_eq(mine, data, sizeof(data));
	ck_assert_int_eq(nms_model_range_destroy(m, &near), 0);
	ck_assert_uint_eq(mine[5], 0x22);
	nms_model_destroy(m);
}
END_TEST

START_TEST(places_are_checked)
{
	struct nms_model *m = model_new(1 << 20, 1);
	struct nms_hw_near good = range_new(m, 100);
	uint8_t data[128] = { 0 };
	struct nms_hw_sge sge;
	const struct {
		struct nms_hw_near near;
		uint64_t length;
		enum nms_hw_status status;
		uint32_t detail;
	} bad[] = {
		{ { 0, good.generation, 0 }, 8, NMS_HW_NO_RANGE, 8 },
		{ { good.range + 1, good.generation, 0 }, 8, NMS_HW_NO_RANGE, 8 },
		{ { good.range, good.generation + 1, 0 }, 8, NMS_HW_STALE_RANGE, 12 },
		{ { good.range, good.generation, 93 }, 8, NMS_HW_OUT_OF_RANGE, 16 },
		{ { good.range, good.generation, 101 }, 1, NMS_HW_OUT_OF_RANGE, 16 },
		{ { good.range, good.generation, UINT64_MAX }, 8, NMS_HW_OUT_OF_RANGE, 16 },
		{ { good.range, good.generation, 0 }, 101, NMS_HW_OUT_OF_RANGE, 16 },
		{ { good.range, good.generation, 0 }, 0, NMS_HW_INVALID_FIELD, 24 },
	};
	struct nms_hw_cqe cqe;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		for (int op = NMS_HW_WRITE; op <= NMS_HW_ZERO; op++) {
			struct nms_hw_cmd cmd = data_cmd((enum nms_hw_opcode)op, bad[i].near,
							 bad[i].length, data, &sge);

			ck_assert_int_eq(run(m, &cmd, &cqe), bad[i].status);
			ck_assert_uint_eq(cqe.detail, bad[i].detail);
			ck_assert_uint_eq(cqe.value, 0);
		}
	}
	good.offset = 92;
	ck_assert_int_eq(move(m, NMS_HW_WRITE, good, 8, data), NMS_HW_OK);
	nms_model_destroy(m);
}
END_TEST

START_TEST(rights_are_checked)
{
	struct nms_model *m = model_new(1 << 20, 1);
	struct nms_hw_near near = range_new(m, 64);
	uint8_t data[64] = { 1 };
	struct nms_hw_sge sge;
	struct nms_hw_cmd w = data_cmd(NMS_HW_WRITE, near, 64, data, &sge);
	struct nms_hw_cmd r = data_cmd(NMS_HW_READ, near, 64, data, &sge);
	struct nms_hw_cmd z = data_cmd(NMS_HW_ZERO, near, 64, NULL, NULL);

	w.context = r.context = z.context = 8;
	ck_assert_int_eq(run(m, &w, NULL), NMS_HW_NO_RIGHT);
	ck_assert_int_eq(run(m, &r, NULL), NMS_HW_NO_RIGHT);
	ck_assert_int_eq(nms_model_range_grant(m, &near, 8, NMS_MODEL_READ), 0);
	ck_assert_int_eq(run(m, &r, NULL), NMS_HW_OK);
	ck_assert_int_eq(run(m, &w, NULL), NMS_HW_NO_RIGHT);
	ck_assert_int_eq(run(m, &z, NULL), NMS_HW_NO_RIGHT);
	ck_assert_int_eq(nms_model_range_grant(m, &near, 8, NMS_MODEL_WRITE), 0);
	ck_assert_int_eq(run(m, &w, NULL), NMS_HW_OK);
	ck_assert_int_eq(run(m, &z, NULL), NMS_HW_OK);
	ck_assert_int_eq(run(m, &r, NULL), NMS_HW_NO_RIGHT);
	ck_assert_int_eq(nms_model_range_grant(m, &near, 8, 0), 0);
	ck_assert_int_eq(run(m, &w, NULL), NMS_HW_NO_RIGHT);
	ck_assert_int_eq(move(m, NMS_HW_READ, near, 64, data), NMS_HW_OK);
	nms_model_destroy(m);
}
END_TEST

START_TEST(scatter_lists_scatter)
{
	struct nms_model *m = model_new(1 << 20, 1);
	uint8_t data[300], back[300] = { 0 };
	struct nms_hw_sge list[] = {
		{ .addr = (uintptr_t)data, .length = 1 },
		{ .addr = (uintptr_t)(data + 1), .length = 0 },
		{ .addr = (uintptr_t)(data + 1), .length = 199 },
		{ .addr = (uintptr_t)(data + 200), .length = 100 },
	};
	struct nms_hw_near near = range_new(m, 250);
	struct nms_hw_cmd cmd = data_cmd(NMS_HW_WRITE, near, 250, data, &(struct nms_hw_sge){ 0 });
	struct nms_hw_cqe cqe;

	for (int i = 0; i < 300; i++)
		data[i] = (uint8_t)(i * 7);
	cmd.sgl = (uintptr_t)list;
	cmd.sgl_entries = 4;
	ck_assert_int_eq(run(m, &cmd, &cqe), NMS_HW_OK);
	ck_assert_uint_eq(cqe.value, 250);
	ck_assert_int_eq(move(m, NMS_HW_READ, near, 250, back), NMS_HW_OK);
	ck_assert_mem_eq(back, data, 250);
	ck_assert_uint_eq(back[250], 0);
	nms_model_destroy(m);
}
END_TEST

START_TEST(scatter_lists_are_checked)
{
	struct nms_model *m = model_new(1 << 20, 1);
	struct nms_hw_near near = range_new(m, 64);
	uint8_t data[64] = { 3 }, back[64], zero[64] = { 0 };
	struct nms_hw_sge sge;
	struct nms_hw_cmd good = data_cmd(NMS_HW_WRITE, near, 64, data, &sge), cmd;
	struct nms_hw_cqe cqe;

	cmd = good;
	cmd.sgl_entries = 0;
	ck_assert_int_eq(run(m, &cmd, &cqe), NMS_HW_INVALID_FIELD);
	ck_assert_uint_eq(cqe.detail, offsetof(struct nms_hw_cmd, sgl_entries));
	cmd.sgl_entries = NMS_MODEL_SGL_ENTRIES + 1;
	ck_assert_int_eq(run(m, &cmd, NULL), NMS_HW_INVALID_FIELD);
	cmd = good;
	cmd.sgl = 0;
	ck_assert_int_eq(run(m, &cmd, &cqe), NMS_HW_DMA_ERROR);
	ck_assert_uint_eq(cqe.detail, offsetof(struct nms_hw_cmd, sgl));
	sge.length = 63;
	ck_assert_int_eq(run(m, &good, NULL), NMS_HW_INVALID_SIZE);
	sge.length = 64;
	sge.reserved = 1;
	ck_assert_int_eq(run(m, &good, NULL), NMS_HW_RESERVED_NOT_ZERO);
	sge.reserved = 0;
	sge.addr = UINT64_MAX - 5;
	ck_assert_int_eq(run(m, &good, NULL), NMS_HW_INVALID_FIELD);
	sge.addr = 0;
	ck_assert_int_eq(run(m, &good, NULL), NMS_HW_DMA_ERROR);
	ck_assert_int_eq(move(m, NMS_HW_READ, near, 64, back), NMS_HW_OK);
	ck_assert_mem_eq(back, zero, 64);
	nms_model_destroy(m);
}
END_TEST

START_TEST(reserved_fields_are_checked)
{
	struct nms_model *m = model_new(1 << 20, 1);
	struct nms_hw_cmd nop = { .opcode = NMS_HW_NOP, .cid = 9 }, cmd;
	const size_t unused[] = { 1, 8, 12, 16, 24, 32, 40, 60 };
	struct nms_hw_cqe cqe;

	ck_assert_int_eq(run(m, &nop, &cqe), NMS_HW_OK);
	for (size_t i = 0; i < sizeof(unused) / sizeof(unused[0]); i++) {
		cmd = nop;
		((uint8_t *)&cmd)[unused[i]] = 1;
		ck_assert_int_eq(run(m, &cmd, &cqe), NMS_HW_RESERVED_NOT_ZERO);
		ck_assert_uint_le(cqe.detail, unused[i]);
	}
	for (unsigned int op = 4; op < 256; op++) {
		if (op >= NMS_HW_REDUCE && op <= NMS_HW_GATHER)
			continue;
		cmd = (struct nms_hw_cmd){ .opcode = (uint8_t)op };
		ck_assert_int_eq(run(m, &cmd, NULL), NMS_HW_INVALID_OPCODE);
	}
	nms_model_destroy(m);
}
END_TEST

/* Any command may name a result block: what it cost is there, by itself. */
START_TEST(data_commands_leave_a_result)
{
	struct nms_model *m = model_new(1 << 20, 1);
	struct nms_hw_near near = range_new(m, 4096);
	struct nms_hw_cmd cmd = { .opcode = NMS_HW_ZERO, .context = CTX };
	struct nms_model_run spent = { 0 };
	struct nms_hw_result r;
	struct nms_hw_cqe cqe;

	cmd.data.near = near;
	cmd.data.length = 4096;
	cmd.result = (uintptr_t)&r;
	cmd.result_size = sizeof(r);
	memset(&r, 0xff, sizeof(r));
	nms_model_execute(m, &cmd, &spent, &cqe);
	ck_assert_uint_eq(cqe.status, NMS_HW_OK);
	ck_assert_uint_eq(r.opcode, NMS_HW_ZERO);
	ck_assert_uint_eq(r.status, NMS_HW_OK);
	ck_assert_uint_eq(r.near_write, 4096);
	ck_assert_uint_eq(r.near_read, 0);
	ck_assert_mem_eq(r.energy, spent.spent.energy, sizeof(r.energy));
	ck_assert_uint_gt(r.energy[NMS_HW_NEAR], 0);
	/* The command, its completion and the block itself. */
	ck_assert_uint_eq(r.link_in, sizeof(cmd));
	ck_assert_uint_eq(r.link_out, sizeof(cqe) + sizeof(r));

	cmd.data.length = 4097;
	nms_model_execute(m, &cmd, NULL, &cqe);
	ck_assert_uint_eq(cqe.status >> 1, NMS_HW_OUT_OF_RANGE);
	ck_assert_uint_eq(r.status, NMS_HW_OUT_OF_RANGE);

	cmd.result_size--;
	ck_assert_int_eq(run(m, &cmd, &cqe), NMS_HW_INVALID_SIZE);
	ck_assert_uint_eq(cqe.detail, offsetof(struct nms_hw_cmd, result_size));
	cmd.result = 0;
	ck_assert_int_eq(run(m, &cmd, &cqe), NMS_HW_INVALID_FIELD);
	ck_assert_uint_eq(cqe.detail, offsetof(struct nms_hw_cmd, result));
	nms_model_destroy(m);
}
END_TEST

/* Host memory of 256 bytes at address 0x1000, and nothing else. */
static uint8_t window[256];

static int window_read(void *data, uint64_t addr, void *dst, size_t size)
{
	(void)data;
	if (addr < 0x1000 || addr - 0x1000 > sizeof(window) ||
	    size > sizeof(window) - (addr - 0x1000))
		return -EFAULT;
	memcpy(dst, window + (addr - 0x1000), size);
	return 0;
}

static int window_write(void *data, uint64_t addr, const void *src, size_t size)
{
	(void)data;
	if (addr < 0x1000 || addr - 0x1000 > sizeof(window) ||
	    size > sizeof(window) - (addr - 0x1000))
		return -EFAULT;
	memcpy(window + (addr - 0x1000), src, size);
	return 0;
}

START_TEST(host_memory_by_callback)
{
	struct nms_model_config config = {
		.near_size = 4096, .threads = 1, .host = { window_read, window_write, NULL },
	};
	struct nms_hw_sge *sge = (struct nms_hw_sge *)(void *)window;
	struct nms_hw_cmd cmd;
	struct nms_model *m;
	char why[64];

	ck_assert_int_eq(nms_model_create(&config, &m, why, sizeof(why)), 0);
	memset(window, 0, sizeof(window));
	memset(window + 64, 0x77, 64);
	*sge = (struct nms_hw_sge){ .addr = 0x1040, .length = 64 };
	cmd = (struct nms_hw_cmd){
		.opcode = NMS_HW_WRITE, .context = CTX, .sgl = 0x1000, .sgl_entries = 1,
		.data = { .near = range_new(m, 64), .length = 64 },
	};
	ck_assert_int_eq(run(m, &cmd, NULL), NMS_HW_OK);
	sge->addr = 0x1080;
	cmd.opcode = NMS_HW_READ;
	ck_assert_int_eq(run(m, &cmd, NULL), NMS_HW_OK);
	ck_assert_mem_eq(window + 128, window + 64, 64);
	sge->addr = 0x10f0;
	ck_assert_int_eq(run(m, &cmd, NULL), NMS_HW_DMA_ERROR);
	nms_model_destroy(m);
	config.host.write = NULL;
	ck_assert_int_eq(nms_model_create(&config, &m, why, sizeof(why)), -EINVAL);
}
END_TEST

START_TEST(counters_count)
{
	struct nms_model *m = model_new(1 << 20, 1);
	struct nms_hw_near near = range_new(m, 1000);
	struct nms_model_counters before, after;
	struct nms_model_run seen = { 0 };
	static uint8_t data[1000];
	struct nms_hw_sge sge;
	struct nms_hw_cmd cmd = data_cmd(NMS_HW_WRITE, near, 1000, data, &sge);
	struct nms_hw_cqe cqe;

	nms_model_counters(m, &before);
	nms_model_execute(m, &cmd, &seen, &cqe);
	nms_model_counters(m, &after);
	ck_assert_uint_eq(after.commands - before.commands, 1);
	ck_assert_uint_eq(after.errors, before.errors);
	ck_assert_uint_eq(after.near_write - before.near_write, 1000);
	ck_assert_uint_eq(after.near_read, before.near_read);
	/* command, scatter entry, data; completion */
	ck_assert_uint_eq(after.link_in - before.link_in, 64 + 16 + 1000);
	ck_assert_uint_eq(after.link_out - before.link_out, 32);
	for (int d = 0; d < NMS_HW_NDOMAINS; d++) {
		ck_assert_uint_eq(after.energy[d] - before.energy[d], seen.spent.energy[d]);
		ck_assert(d == NMS_HW_COMPUTE || d == NMS_HW_SCRATCH || seen.spent.energy[d] > 0);
	}
	cmd.data.near.range = 0;
	nms_model_execute(m, &cmd, &seen, &cqe);
	nms_model_counters(m, &before);
	ck_assert_uint_eq(before.errors - after.errors, 1);
	ck_assert_uint_eq(before.near_write, after.near_write);
	nms_model_destroy(m);
}
END_TEST

START_TEST(cancelled_before_it_began)
{
	struct nms_model *m = model_new(1 << 20, 1);
	struct nms_hw_near near = range_new(m, 64);
	struct nms_model_run seen = { 0 };
	uint8_t data[64] = { 1 }, back[64] = { 1 }, zero[64] = { 0 };
	struct nms_hw_sge sge;
	struct nms_hw_cmd cmd = data_cmd(NMS_HW_WRITE, near, 64, data, &sge);
	struct nms_hw_cqe cqe;

	atomic_store(&seen.cancel, true);
	nms_model_execute(m, &cmd, &seen, &cqe);
	ck_assert_int_eq(cqe.status >> 1, NMS_HW_CANCELLED);
	ck_assert_int_eq(move(m, NMS_HW_READ, near, 64, back), NMS_HW_OK);
	ck_assert_mem_eq(back, zero, 64);
	nms_model_destroy(m);
}
END_TEST

START_TEST(every_status_has_a_text)
{
	const char *unknown = nms_model_status_text((enum nms_hw_status)0x7e);

	for (int s = NMS_HW_OK; s <= NMS_HW_RESERVED_NOT_ZERO; s++)
		ck_assert_str_ne(nms_model_status_text((enum nms_hw_status)s), unknown);
	for (int s = NMS_HW_NO_RANGE; s <= NMS_HW_NO_SPACE; s++)
		ck_assert_str_ne(nms_model_status_text((enum nms_hw_status)s), unknown);
	for (int s = NMS_HW_NOT_FINITE; s <= NMS_HW_NO_MEMORY; s++)
		ck_assert_str_ne(nms_model_status_text((enum nms_hw_status)s), unknown);
	ck_assert_str_eq(nms_model_status_text(NMS_HW_STALE_RANGE), "stale range");
}
END_TEST

/* One text per cause: of those that there are, no two the same. */
START_TEST(status_texts)
{
	static const enum nms_hw_status status[] = {
		NMS_HW_OK, NMS_HW_INVALID_OPCODE, NMS_HW_INVALID_FIELD, NMS_HW_INVALID_VERSION,
		NMS_HW_INVALID_SIZE, NMS_HW_RESERVED_NOT_ZERO, NMS_HW_NO_RANGE, NMS_HW_STALE_RANGE,
		NMS_HW_NO_RIGHT, NMS_HW_OUT_OF_RANGE, NMS_HW_NO_SPACE, NMS_HW_DMA_ERROR, NMS_HW_NOT_FINITE,
		NMS_HW_BAD_COUNT, NMS_HW_BAD_FEATURES, NMS_HW_BAD_PERPLEXITY, NMS_HW_BAD_INDEX,
		NMS_HW_BAD_QUOTA, NMS_HW_BAD_PROFILE, NMS_HW_DIVERGED, NMS_HW_NO_MEMORY, NMS_HW_CANCELLED,
		NMS_HW_DEADLINE, NMS_HW_ABORTED, NMS_HW_BAD_QUEUE, NMS_HW_BAD_VECTOR, NMS_HW_QUEUE_BUSY,
		NMS_HW_BAD_LOG_PAGE, NMS_HW_BAD_FEATURE, NMS_HW_NOT_FOUND, NMS_HW_TOO_MANY_EVENTS,
		NMS_HW_RANGE_BUSY, NMS_HW_INTERNAL,
	};
	const size_t count = sizeof(status) / sizeof(status[0]);
	const char *unknown = nms_model_status_text((enum nms_hw_status)0x7e);

	for (size_t i = 0; i < count; i++) {
		ck_assert_str_ne(nms_model_status_text(status[i]), unknown);
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(nms_model_status_text(status[i]),
					 nms_model_status_text(status[j]));
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("model");
	TCase *t = tcase_create("data");
	SRunner *r;
	int failed;

	tcase_add_test(t, create_refuses);
	tcase_add_test(t, status_texts);
	tcase_add_test(t, info_names_what_runs);
	tcase_add_test(t, ranges_fill_up);
	tcase_add_test(t, memory_is_zeroed);
	tcase_add_test(t, wrapped_memory_stands_for_near);
	tcase_add_test(t, places_are_checked);
	tcase_add_test(t, rights_are_checked);
	tcase_add_test(t, scatter_lists_scatter);
	tcase_add_test(t, scatter_lists_are_checked);
	tcase_add_test(t, reserved_fields_are_checked);
	tcase_add_test(t, data_commands_leave_a_result);
	tcase_add_test(t, host_memory_by_callback);
	tcase_add_test(t, counters_count);
	tcase_add_test(t, cancelled_before_it_began);
	tcase_add_test(t, every_status_has_a_text);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}

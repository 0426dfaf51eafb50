/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of nms_fuzz share: random numbers, the caller's memory, counts. */
#ifndef NMS_FUZZ_H
#define NMS_FUZZ_H

#include <liburing.h>
#include <stdatomic.h>

#include "nms_blocks.h"

#define THREADS 4
#define DEVICES 3
#define NHANDLES 12
#define NJOBS 12
#define NPASSED 6
#define NBLOCKS 3
#define ROWS 48u
#define COLS 6u

/* All that a call may have the kernel read, by thread; the mutator knows it as words. */
union block {
	struct nms_hw_param_header header;
	struct nms_hw_reduce reduce;
	struct nms_hw_embed embed;
	struct nms_hw_select select;
	struct nms_hw_gather gather;
};

union arg {
	struct nms_query query;
	struct nms_buffer_create create;
	struct nms_buffer_destroy destroy;
	struct nms_buffer_export export;
	struct nms_buffer_import import;
	struct nms_dataset_create name;
	struct nms_dataset_open open;
	struct nms_dataset_unlink unlink;
	struct nms_submit submit;
	struct nms_wait wait;
	struct nms_cancel cancel;
	struct nms_job_progress progress;
	unsigned char bytes[192];
};

struct slot {
	union arg arg;
	struct nms_uring_cmd payload;
	struct nms_cmd cmd[NBLOCKS];
	union block block[NBLOCKS];
};

enum op {
	OP_QUERY, OP_CREATE, OP_DESTROY, OP_EXPORT, OP_IMPORT, OP_NAME, OP_OPEN_NAME, OP_UNLINK,
	OP_SUBMIT, OP_WAIT, OP_CANCEL, OP_PROGRESS,
	OP_LAST_IOCTL = OP_PROGRESS,
	OP_URING, OP_URING_DONE, OP_OPEN, OP_CLOSE, OP_PASS, OP_RECEIVE, OP_POLL, OP_FDINFO,
	OP_MEMORY, OP_FORK, OP_ALIEN,
	OP_COUNT
};

#define MOST_ERRNO 134
#define CORPUS 512
#define SEEN (1u << 20)

struct kept {
	atomic_uint ready;	/* op + 1 */
	struct slot slot;
};

/* Seen by all processes. */
struct shared {
	atomic_ullong calls[OP_COUNT], faulted;
	atomic_ullong answers[OP_COUNT][MOST_ERRNO];
	atomic_uint fresh, kept;
	atomic_uchar seen[SEEN];
	struct kept corpus[CORPUS];
};

static struct shared *shared;

/* splitmix64 */
static inline uint64_t next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

static inline uint32_t below(uint64_t *state, uint32_t limit)
{
	return next(state) % limit;
}

static inline bool one_in(uint64_t *state, uint32_t n)
{
	return !below(state, n);
}

static inline uint64_t interesting(uint64_t *state)
{
	static const uint64_t values[] = {
		0, 1, 2, 3, 4, 7, 8, 63, 64, 65, 255, 256, 511, 512, 4095, 4096, 4097, 65535,
		1 << 20, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 1ull << 32,
		(1ull << 47) - 4096, 1ull << 47, INT64_MAX, 1ull << 63, UINT64_MAX - 4095,
		UINT64_MAX - 1, UINT64_MAX,
	};

	return values[below(state, sizeof(values) / sizeof(values[0]))];
}

/* Write over a word of @size bytes of memory, as many are whole there. */
static inline void mutate(uint64_t *state, void *memory, size_t size)
{
	bool wide = one_in(state, 2);
	size_t width = wide ? 8 : 4;
	unsigned char *at = (unsigned char *)memory + below(state, size / width) * width;
	uint64_t value = 0;

	memcpy(&value, at, width);
	switch (below(state, 4)) {
	case 0:
		value ^= 1ull << below(state, 8 * width);
		break;
	case 1:
		value += below(state, 2) ? 1 : -1;
		break;
	default:
		value = interesting(state);
	}
	memcpy(at, &value, width);
}

static inline void answered(enum op op, long err)
{
	err = err < 0 ? -err : 0;
	atomic_fetch_add(&shared->calls[op], 1);
	atomic_fetch_add(&shared->answers[op][err < MOST_ERRNO ? err : MOST_ERRNO - 1], 1);
}

#endif /* NMS_FUZZ_H */

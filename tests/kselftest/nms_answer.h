/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whatever has become of the device meanwhile: the same selection gives the same
 * exemplars as before, and nothing has been kept that should have been given back.
 */
#ifndef NMS_ANSWER_H
#define NMS_ANSWER_H

#include "nms_blocks.h"
#include "nms_control.h"

struct nms_answer {
	uint32_t index[NMS_COUNT];
	float weight[NMS_COUNT], chosen[NMS_COUNT][NMS_COLS];
};

/* The whole selection, from rows that are in near memory. */
static inline int nms_answer_get(int fd, struct nms_pipeline *p, struct nms_answer *answer)
{
	int err;

	nms_pipeline_params(p);
	memset(p->chosen, 0, sizeof(p->chosen));
	err = nms_run(fd, p->cmd, 4, NULL);
	if (!err)
		err = nms_transfer(fd, NMS_CMD_READ, p->index, 0, answer->index,
				   sizeof(answer->index));
	if (!err)
		err = nms_transfer(fd, NMS_CMD_READ, p->weight, 0, answer->weight,
				   sizeof(answer->weight));
	memcpy(answer->chosen, p->chosen, sizeof(p->chosen));
	return err;
}

static inline int nms_answer_check(int fd, struct nms_pipeline *p, const struct nms_answer *before)
{
	struct nms_answer now;
	int err = nms_answer_get(fd, p, &now);

	return !err && memcmp(&now, before, sizeof(now)) ? -EILSEQ : err;
}

/* Pages pinned less those given back; counted by each processor, and added up when asked. */
static inline long nms_pins(void)
{
	put("/proc/sys/vm/stat_refresh", "1");
	return proc_number("/proc/vmstat", "nr_foll_pin_acquired ") -
	       proc_number("/proc/vmstat", "nr_foll_pin_released ");
}

/* Pages are given back a little after the call has returned that they were for. */
static inline long nms_pins_settled(long wanted)
{
	long pins = nms_pins();

	for (int i = 0; i < 100 && pins != wanted; i++) {
		usleep(20000);
		pins = nms_pins();
	}
	return pins;
}

/* From any state to live; 0 or a negative errno. */
static inline int nms_revive(void)
{
	char state[32];

	for (int i = 0; i < 100; i++) {
		get(SYSFS "state", state, sizeof(state));
		if (!strcmp(state, "live"))
			return 0;
		if (!strcmp(state, "dead"))
			put(SYSFS "recover", "1");
		else
			usleep(100000);
	}
	printf("# state is %s, not live\n", state);
	return -ETIMEDOUT;
}

#endif /* NMS_ANSWER_H */

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the software accelerator have in common. */
#ifndef NMS_EMU_H
#define NMS_EMU_H

#include "internal.h"
#include "model.h"

struct emu {
	struct nms_model *model;
	atomic_uint last_context;	/* context ids are not used again */
	pthread_mutex_t lock;		/* datasets, and the shares of contexts */
	struct list datasets;		/* struct emu_dataset */
};

struct emu_context {
	struct emu *emu;
	uint32_t id;
	struct list shares;		/* struct emu_share */
};

void nms_emu_range_destroy(struct emu *emu, const struct nms_hw_near *near);

/* ---- emu_dataset.c ------------------------------------------------------ */

int nms_emu_dataset_create(void *context, const struct nms_hw_near *near,
			   const struct nms_dataset_info *info);
int nms_emu_dataset_open(void *context, const char *name, struct nms_hw_near *near,
			 struct nms_dataset_info *info);
int nms_emu_dataset_unlink(void *context, const char *name);
int nms_emu_dataset_info(void *context, size_t i, struct nms_dataset_info *info);
/* The context gives a handle back; false if the range is no dataset's. */
bool nms_emu_dataset_put(struct emu_context *c, const struct nms_hw_near *near);
/* The device goes, and its near memory with it. */
void nms_emu_datasets_free(struct emu *emu);

/* ---- emu_job.c ---------------------------------------------------------- */

void nms_emu_run(struct nms_context *context, struct nms_job *job);
void nms_emu_cancel(struct nms_job *job);
void nms_emu_progress(struct nms_job *job, struct nms_progress *progress);

#endif /* NMS_EMU_H */

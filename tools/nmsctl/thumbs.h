/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows that are images, made small, many to a sheet, within a budget of bytes. */
#ifndef NMSCTL_THUMBS_H
#define NMSCTL_THUMBS_H

#include <stdbool.h>

#include "env.h"
#include "input.h"
#include "sheet.h"

#define THUMB_COLUMNS 32	/* on a sheet */

struct thumbs {
	size_t width, height, channels;
	unsigned int levels;		/* of a sample: 16 or 256 */
	size_t count, per_sheet, nsheets;
	uint32_t *row;			/* which rows, count of them */
	struct sheet *sheet;
};

struct thumbs_wish {
	const uint32_t *row;	/* in order of importance; NULL: all */
	size_t count;
	size_t side;		/* at most, of the longer side */
	unsigned int levels;
	size_t budget;		/* bytes of all sheets */
	uint64_t seed;		/* of which rows to leave out, where all are asked for */
};

/* Height, width, channels of a row that is an image; false if it is none. */
bool thumbs_shape(const struct dataset *dataset, size_t shape[3]);

/*
 * As large as fits the budget; where even small ones are too many, some are left
 * out.  Samples are area averages; elements other than u8 are scaled from their least to their
 * largest.  The dataset must be at the host, of images, and finite.  0 or -ENOMEM.
 * Free with thumbs_free(), in any case.
 */
int thumbs_make(const struct eng_env *env, const struct dataset *dataset,
		const struct thumbs_wish *wish, struct thumbs *thumbs);
void thumbs_free(struct thumbs *thumbs);

#endif /* NMSCTL_THUMBS_H */

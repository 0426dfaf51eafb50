/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NMSCTL_FORMAT_H
#define NMSCTL_FORMAT_H

#include "content.h"

typedef int (*content_reader)(struct content *content, struct message *why);

/** The reader for content->source, which is not gzip, by its content.  NULL and @why: none. */
content_reader format_detect(const struct content *content, struct message *why);

#endif /* NMSCTL_FORMAT_H */

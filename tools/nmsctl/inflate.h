/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NMSCTL_INFLATE_H
#define NMSCTL_INFLATE_H

#include <stdbool.h>

#include "source.h"

bool source_is_gzip(const struct source *source);
/** Decompress gzip (RFC 1952, all its members) in place, to at most @limit bytes. */
int source_inflate(struct source *source, uint64_t limit, struct message *why);

#endif /* NMSCTL_INFLATE_H */

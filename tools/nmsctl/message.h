/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NMSCTL_MESSAGE_H
#define NMSCTL_MESSAGE_H

/** Why something failed: one line, without a newline: what, where, what was expected. */
struct message {
	char text[4608];	/* a longest path, and why */
};

/**
 * Set @why (may be NULL) as printf does and return @error, for `return message_set(...)`.
 * What is not printable, which file names and files may hold, becomes '?' (printable.h); text that
 * is too long is cut: it is one line whatever is printed into it.
 */
int message_set(struct message *why, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif /* NMSCTL_MESSAGE_H */

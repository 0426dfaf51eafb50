/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NMSCTL_COMMAND_LINE_H
#define NMSCTL_COMMAND_LINE_H

/* "nmsctl", @command and @words, quoted as a shell wants them; free() it.  NULL: out of memory. */
char *command_line(const char *command, const char *const *words, int count);

#endif /* NMSCTL_COMMAND_LINE_H */

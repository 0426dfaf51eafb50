/* SPDX-License-Identifier: GPL-2.0-only */
/* The terminal as a page that is drawn again and again. */
#ifndef NMSCTL_SCREEN_H
#define NMSCTL_SCREEN_H

#include <stdbool.h>

/* False: the standard output is no terminal that can be written to anywhere. */
bool screen_open(void);
/* As much of it as fits. */
void screen_draw(const char *text);
/* The key that is pressed before @deadline (seconds_now()), or 0; a signal ends it too. */
int screen_key(double deadline);
/* Leave the terminal as it was. */
void screen_close(void);

#endif /* NMSCTL_SCREEN_H */

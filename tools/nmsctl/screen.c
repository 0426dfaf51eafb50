// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE		/* ppoll() */
#include "screen.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <curses.h>
#include <term.h>

#include "input.h"
#include "interrupt.h"

static struct {
	bool is_open, keys, changed;
	struct termios before;
	sigset_t signals;
} screen;

static int put(int c)
{
	return putchar(c);
}

/* What the terminal has of it. */
static void capability(const char *name)
{
	const char *text = tigetstr(name);

	if (text && text != (const char *)-1)
		tputs(text, 1, put);
}

static bool has(const char *name)
{
	const char *text = tigetstr(name);

	return text && text != (const char *)-1;
}

/* A size that changes ends a wait, so that the page is drawn anew. */
static void resized(int signal)
{
	(void)signal;
}

/* Keys at once and unseen; Ctrl-C stays a signal, Ctrl-Z would leave a page without an owner. */
static void take_keys(void)
{
	struct termios now;

	screen.keys = isatty(STDIN_FILENO) && !tcgetattr(STDIN_FILENO, &screen.before);
	if (!screen.keys)
		return;
	screen.changed = true;
	now = screen.before;
	now.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	now.c_cc[VMIN] = 1;
	now.c_cc[VTIME] = 0;
	now.c_cc[VSUSP] = _POSIX_VDISABLE;
	tcsetattr(STDIN_FILENO, TCSANOW, &now);
}

bool screen_open(void)
{
	struct sigaction action = { .sa_handler = resized };
	sigset_t winch;
	int error;

	if (!isatty(STDOUT_FILENO) || setupterm(NULL, STDOUT_FILENO, &error) != OK)
		return false;
	if (!has("home") || !has("el") || !has("ed"))
		return false;
	/* Signals are taken only while it waits for a key: none is lost in between. */
	sigemptyset(&winch);
	sigaddset(&winch, SIGWINCH);
	pthread_sigmask(SIG_BLOCK, &winch, &screen.signals);
	interrupt_hold();
	interrupt_block();
	sigaction(SIGWINCH, &action, NULL);
	take_keys();
	capability("smcup");
	capability("civis");
	screen.is_open = true;
	return true;
}

static void size_of(size_t *rows, size_t *width)
{
	struct winsize size;

	*rows = 24;
	*width = 80;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col) {
		*rows = size.ws_row;
		*width = size.ws_col;
	}
}

void screen_draw(const char *text)
{
	size_t rows, width, n;

	size_of(&rows, &width);
	capability("home");
	for (size_t row = 0; row < rows && *text; row++) {
		n = strcspn(text, "\n");
		if (row)
			putchar('\n');
		/* the last column is left free: some terminals go on after it */
		printf("%.*s", (int)(n < width ? n : width - 1), text);
		capability("el");
		text += n;
		text += *text == '\n';
	}
	capability("ed");
	fflush(stdout);
}

int screen_key(double deadline)
{
	struct pollfd wanted = { .fd = screen.keys ? STDIN_FILENO : -1, .events = POLLIN };
	double left = deadline - seconds_now();
	struct timespec wait = { 0 };
	unsigned char key;

	if (left > 0) {
		wait.tv_sec = (time_t)left;
		wait.tv_nsec = (long)(1e9 * (left - (double)wait.tv_sec));
	}
	if (ppoll(&wanted, 1, &wait, &screen.signals) <= 0)
		return 0;
	if (read(STDIN_FILENO, &key, 1) == 1)
		return key;
	screen.keys = false;	/* nobody types any more */
	return 0;
}

void screen_close(void)
{
	if (!screen.is_open)
		return;
	screen.is_open = false;
	capability("cnorm");
	capability("rmcup");
	fflush(stdout);
	if (screen.changed)
		tcsetattr(STDIN_FILENO, TCSANOW, &screen.before);
}

// SPDX-License-Identifier: GPL-2.0-only
#include "message.h"

#include <stdarg.h>
#include <stdio.h>

#include "printable.h"

int message_set(struct message *why, int error, const char *format, ...)
{
	va_list args;

	if (!why)
		return error;
	va_start(args, format);
	if (vsnprintf(why->text, sizeof(why->text), format, args) < 0)
		why->text[0] = '\0';
	va_end(args);
	printable(why->text);
	return error;
}

// SPDX-License-Identifier: GPL-2.0-only
#include "doctor.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void doctor_say(struct doctor *doctor, enum doctor_verdict verdict, const char *what,
		const char *remedy, const char *format, ...)
{
	struct doctor_check *check = &doctor->check[doctor->nchecks++];
	va_list args;

	check->verdict = verdict;
	check->what = what;
	snprintf(check->remedy, sizeof(check->remedy), "%s", remedy ? remedy : "");
	va_start(args, format);
	vsnprintf(check->text, sizeof(check->text), format, args);
	va_end(args);
	if (verdict == DOCTOR_MISSING)
		doctor->usable = false;
}

static void path_of(const struct doctor *doctor, char path[PATH_MAX], const char *format,
		    va_list args)
{
	int n = snprintf(path, PATH_MAX, "%s", doctor->root);

	if (n >= 0 && n < PATH_MAX)
		vsnprintf(path + n, PATH_MAX - (size_t)n, format, args);
}

bool doctor_read(const struct doctor *doctor, char *line, size_t size, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	FILE *file;
	bool found;

	va_start(args, format);
	path_of(doctor, path, format, args);
	va_end(args);
	line[0] = '\0';
	file = fopen(path, "re");
	if (!file)
		return false;
	found = fgets(line, (int)size, file);
	line[strcspn(line, "\n")] = '\0';
	fclose(file);
	return found;
}

bool doctor_has(const struct doctor *doctor, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;

	va_start(args, format);
	path_of(doctor, path, format, args);
	va_end(args);
	return !access(path, F_OK);
}

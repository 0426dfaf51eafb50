// SPDX-License-Identifier: GPL-2.0-only
#include "command_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_word(FILE *to, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "%+,-./:=@_";

	if (*word && word[strspn(word, plain)] == '\0') {
		fputs(word, to);
		return;
	}
	fputc('\'', to);
	for (; *word; word++)
		if (*word == '\'')
			fputs("'\\''", to);
		else
			fputc(*word, to);
	fputc('\'', to);
}

char *command_line(const char *command, const char *const *words, int count)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	int failed;

	if (!to)
		return NULL;
	fprintf(to, "nmsctl %s", command);
	for (int i = 0; i < count; i++) {
		fputc(' ', to);
		put_word(to, words[i]);
	}
	failed = ferror(to);
	if (fclose(to) || failed) {
		free(text);
		return NULL;
	}
	return text;
}

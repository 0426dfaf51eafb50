// SPDX-License-Identifier: GPL-2.0-only
/* Output that appears whole or not at all, and files too large to be anything but mapped. */
#define _GNU_SOURCE
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dataset.h"
#include "output.h"

static char folder[] = "/tmp/test-output-XXXXXX";
static char path[64];

static void setup(void)
{
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/out", folder);
}

/* How many files there are; they are removed. */
static int count_files(void)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int count = 0;

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' && (!entry->d_name[1] || !strcmp(entry->d_name, "..")))
			continue;
		unlinkat(dirfd(dir), entry->d_name, 0);
		count++;
	}
	closedir(dir);
	return count;
}

static void teardown(void)
{
	count_files();
	rmdir(folder);
}

static void read_back(char *text, size_t room)
{
	FILE *file = fopen(path, "r");

	ck_assert_ptr_nonnull(file);
	text[fread(text, 1, room - 1, file)] = '\0';
	fclose(file);
}

START_TEST(appears_with_the_commit)
{
	struct message why;
	struct output *output;
	char text[16];

	ck_assert_int_eq(output_open(path, &output, &why), 0);
	ck_assert_int_eq(access(path, F_OK), -1);
	ck_assert_int_eq(fputs("hello", output_stream(output)), 1);
	ck_assert_int_eq(access(path, F_OK), -1);
	ck_assert_int_eq(output_commit(output, &why), 0);
	read_back(text, sizeof(text));
	ck_assert_str_eq(text, "hello");
	ck_assert_int_eq(count_files(), 1);
}
END_TEST

START_TEST(abort_keeps_what_was)
{
	struct message why;
	struct output *output;
	char text[16];

	ck_assert_int_eq(output_open(path, &output, &why), 0);
	fputs("old", output_stream(output));
	ck_assert_int_eq(output_commit(output, &why), 0);
	ck_assert_int_eq(output_open(path, &output, &why), 0);
	fputs("new", output_stream(output));
	output_abort(output);
	output_abort(NULL);
	read_back(text, sizeof(text));
	ck_assert_str_eq(text, "old");
	ck_assert_int_eq(count_files(), 1);
}
END_TEST

START_TEST(as_many_as_there_are_slots)
{
	struct output *outputs[64];
	struct message why;
	int count, error = 0;

	/* twice: a slot that is given back can be had again */
	for (int round = 0; round < 2; round++) {
		for (count = 0; count < 64; count++) {
			error = output_open(path, &outputs[count], &why);
			if (error)
				break;
		}
		ck_assert_int_eq(error, -EMFILE);
		ck_assert_int_eq(count, 16);
		while (count--)
			output_abort(outputs[count]);
		ck_assert_int_eq(count_files(), 0);
	}
}
END_TEST

START_TEST(refuses_what_is_no_file)
{
	static const char *const names[] = { "", "/dev/null", "/dev/full", "/", "/proc/self/fd/1/x" };
	struct output *output;
	struct message why;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		why.text[0] = '\0';
		ck_assert_int_lt(output_open(names[i], &output, &why), 0);
		ck_assert_ptr_null(output);
		ck_assert_int_gt(strlen(why.text), 0);
	}
	ck_assert_int_lt(output_open(folder, &output, &why), 0);
	ck_assert_int_eq(count_files(), 0);
}
END_TEST

START_TEST(target_that_became_a_folder)
{
	struct output *output;
	struct message why;

	ck_assert_int_eq(output_open(path, &output, &why), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_lt(output_commit(output, &why), 0);
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(count_files(), 0);
}
END_TEST

static void on_signal(int number)
{
	output_unlink_all();
	_exit(128 + number);
}

START_TEST(signal_leaves_nothing)
{
	char name[80];
	int status, ready[2];
	char byte;
	pid_t child;

	ck_assert_int_eq(pipe(ready), 0);
	child = fork();
	if (!child) {
		struct output *outputs[3];

		signal(SIGTERM, on_signal);
		for (int i = 0; i < 3; i++) {
			snprintf(name, sizeof(name), "%s%d", path, i);
			if (output_open(name, &outputs[i], NULL))
				_exit(1);
		}
		fputs("done", output_stream(outputs[0]));
		if (output_commit(outputs[0], NULL) || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	kill(child, SIGTERM);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(WEXITSTATUS(status), 128 + SIGTERM);
	close(ready[0]);
	close(ready[1]);
	/* the one that was committed */
	ck_assert_int_eq(count_files(), 1);
}
END_TEST

/* 64 GiB of rows, of which a few bytes are on the disk. */
START_TEST(larger_than_memory)
{
	const char *dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (16777216, 1024), }";
	const off_t size = 128 + ((off_t)16777216 * 1024 * 4);
	const float last = 1.5f;
	struct dataset *dataset;
	struct message why;
	char header[128];
	int fd;

	snprintf(header, sizeof(header), "%cNUMPY%c%c%c%c%-117s", 0x93, 1, 0, 118, 0, dictionary);
	header[127] = '\n';
	fd = open(path, O_RDWR | O_CREAT, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, size), 0);
	ck_assert_int_eq(pwrite(fd, header, sizeof(header), 0), 128);
	ck_assert_int_eq(pwrite(fd, &last, sizeof(last), size - 4), 4);
	close(fd);
	ck_assert_msg(!dataset_open(path, NULL, &dataset, &why), "%s", why.text);
	ck_assert_uint_eq(dataset->rows, 16777216);
	ck_assert_uint_eq(dataset->stride, 4096);
	ck_assert(((const float *)dataset->base)[dataset->rows * dataset->cols - 1] == last);
	ck_assert(((const float *)dataset->base)[12345] == 0);
	dataset_close(dataset);
}
END_TEST

START_TEST(message_is_one_line)
{
	struct message why;

	ck_assert_int_eq(message_set(&why, -EINVAL, "%s\n\t%s", "a", "b"), -EINVAL);
	ck_assert_str_eq(why.text, "a??b");
	ck_assert_int_eq(message_set(NULL, -ENOENT, "x"), -ENOENT);
	ck_assert_int_eq(message_set(&why, 0, "%*d", 10000, 1), 0);
	ck_assert_uint_eq(strlen(why.text), sizeof(why.text) - 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("output");
	TCase *all = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(all, setup, teardown);
	tcase_add_test(all, appears_with_the_commit);
	tcase_add_test(all, abort_keeps_what_was);
	tcase_add_test(all, as_many_as_there_are_slots);
	tcase_add_test(all, refuses_what_is_no_file);
	tcase_add_test(all, target_that_became_a_folder);
	tcase_add_test(all, signal_leaves_nothing);
	tcase_add_test(all, larger_than_memory);
	tcase_add_test(all, message_is_one_line);
	suite_add_tcase(suite, all);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

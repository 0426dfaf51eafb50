/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The macros of the kernel's kselftest_harness.h as far as they are used here,
 * since no package ships that header: in a kernel tree the tests take the
 * kernel's.  Each test runs in a process of its own; results are TAP.
 */
#ifndef KSELFTEST_HARNESS_H
#define KSELFTEST_HARNESS_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define KSFT_PASS 0
#define KSFT_FAIL 1
#define KSFT_SKIP 4

#define __TEST_TIMEOUT 120	/* seconds */

struct __test_results {
	char reason[256];
};

struct __test_metadata {
	const char *fixture, *name;
	void (*fn)(struct __test_metadata *_metadata);
	int exit_code;
	int timeout;
	struct __test_results *results;
	struct __test_metadata *next;
};

static struct __test_metadata *__test_list, **__test_tail = &__test_list;

static inline void __test_register(struct __test_metadata *t)
{
	*__test_tail = t;
	__test_tail = &t->next;
}

#define TH_LOG(fmt, ...) \
	fprintf(stderr, "# %s:%d:%s:" fmt "\n", __FILE__, __LINE__, _metadata->name, ##__VA_ARGS__)

#define SKIP(statement, fmt, ...) do {						\
	snprintf(_metadata->results->reason, sizeof(_metadata->results->reason), fmt, \
		 ##__VA_ARGS__);						\
	_metadata->exit_code = KSFT_SKIP;					\
	statement;								\
} while (0)

#define __TEST_IMPL(test_name, limit)						\
	static void test_name(struct __test_metadata *_metadata);		\
	static struct __test_metadata _##test_name##_object = {			\
		.fixture = "global", .name = #test_name, .fn = test_name, .timeout = limit }; \
	static void __attribute__((constructor)) _register_##test_name(void)	\
	{									\
		__test_register(&_##test_name##_object);			\
	}									\
	static void test_name(struct __test_metadata *_metadata __attribute__((unused)))

#define TEST(test_name) __TEST_IMPL(test_name, __TEST_TIMEOUT)

#define FIXTURE_DATA(datatype_name) struct _test_data_##datatype_name
#define FIXTURE(fixture_name) FIXTURE_DATA(fixture_name)
#define FIXTURE_SETUP(fixture_name)						\
	static void fixture_name##_setup(					\
		struct __test_metadata *_metadata __attribute__((unused)),	\
		FIXTURE_DATA(fixture_name) *self __attribute__((unused)))
#define FIXTURE_TEARDOWN(fixture_name)						\
	static void fixture_name##_teardown(					\
		struct __test_metadata *_metadata __attribute__((unused)),	\
		FIXTURE_DATA(fixture_name) *self __attribute__((unused)))

#define TEST_F(fixture_name, test_name) TEST_F_TIMEOUT(fixture_name, test_name, __TEST_TIMEOUT)
#define TEST_F_TIMEOUT(fixture_name, test_name, limit)				\
	static void fixture_name##_##test_name(					\
		struct __test_metadata *_metadata, FIXTURE_DATA(fixture_name) *self); \
	static void wrapper_##fixture_name##_##test_name(			\
		struct __test_metadata *_metadata)				\
	{									\
		FIXTURE_DATA(fixture_name) self;				\
										\
		memset(&self, 0, sizeof(self));					\
		fixture_name##_setup(_metadata, &self);				\
		if (_metadata->exit_code)					\
			return;							\
		fixture_name##_##test_name(_metadata, &self);			\
		fixture_name##_teardown(_metadata, &self);			\
	}									\
	static struct __test_metadata _##fixture_name##_##test_name##_object = { \
		.fixture = #fixture_name, .name = #test_name,			\
		.fn = wrapper_##fixture_name##_##test_name, .timeout = limit };	\
	static void __attribute__((constructor))				\
	_register_##fixture_name##_##test_name(void)				\
	{									\
		__test_register(&_##fixture_name##_##test_name##_object);	\
	}									\
	static void fixture_name##_##test_name(					\
		struct __test_metadata *_metadata __attribute__((unused)),	\
		FIXTURE_DATA(fixture_name) *self __attribute__((unused)))

/* An ASSERT ends the test, an EXPECT lets it go on. */
#define __EXPECT(expected, expected_str, seen, seen_str, op, fatal) do {	\
	__typeof__(expected) __exp = (expected);				\
	__typeof__(seen) __seen = (seen);					\
	if (!(__exp op __seen)) {						\
		fprintf(stderr, "# %s:%d:%s:Expected %s (%lld) " #op " %s (%lld)\n", \
			__FILE__, __LINE__, _metadata->name, expected_str,	\
			(long long)(__exp), seen_str, (long long)(__seen));	\
		_metadata->exit_code = KSFT_FAIL;				\
		if (fatal)							\
			_exit(KSFT_FAIL);					\
	}									\
} while (0)

#define ASSERT_EQ(e, s) __EXPECT(e, #e, s, #s, ==, 1)
#define ASSERT_NE(e, s) __EXPECT(e, #e, s, #s, !=, 1)
#define ASSERT_LT(e, s) __EXPECT(e, #e, s, #s, <, 1)
#define ASSERT_LE(e, s) __EXPECT(e, #e, s, #s, <=, 1)
#define ASSERT_GT(e, s) __EXPECT(e, #e, s, #s, >, 1)
#define ASSERT_GE(e, s) __EXPECT(e, #e, s, #s, >=, 1)
#define ASSERT_TRUE(s) __EXPECT(0, "0", !!(s), #s, !=, 1)
#define ASSERT_FALSE(s) __EXPECT(0, "0", !!(s), #s, ==, 1)
#define EXPECT_EQ(e, s) __EXPECT(e, #e, s, #s, ==, 0)
#define EXPECT_NE(e, s) __EXPECT(e, #e, s, #s, !=, 0)
#define EXPECT_LT(e, s) __EXPECT(e, #e, s, #s, <, 0)
#define EXPECT_LE(e, s) __EXPECT(e, #e, s, #s, <=, 0)
#define EXPECT_GT(e, s) __EXPECT(e, #e, s, #s, >, 0)
#define EXPECT_GE(e, s) __EXPECT(e, #e, s, #s, >=, 0)
#define EXPECT_TRUE(s) __EXPECT(0, "0", !!(s), #s, !=, 0)
#define EXPECT_FALSE(s) __EXPECT(0, "0", !!(s), #s, ==, 0)

static int __test_run(struct __test_metadata *t)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return KSFT_FAIL;
	if (!pid) {
		alarm(t->timeout);
		t->fn(t);
		exit(t->exit_code);
	}
	if (waitpid(pid, &status, 0) != pid)
		return KSFT_FAIL;
	if (WIFSIGNALED(status))
		printf("# %s: %s\n", t->name, WTERMSIG(status) == SIGALRM ?
		       "timed out" : strsignal(WTERMSIG(status)));
	return WIFEXITED(status) ? WEXITSTATUS(status) : KSFT_FAIL;
}

/* With arguments: only the tests of these names. */
static bool __test_wanted(const struct __test_metadata *t, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], t->name))
			return true;
	return argc < 2;
}

static int __attribute__((unused)) test_harness_run(int argc, char **argv)
{
	struct __test_results *results = mmap(NULL, sizeof(*results), PROT_READ | PROT_WRITE,
					      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned int n = 0, failed = 0;
	struct __test_metadata *t;

	if (results == MAP_FAILED)
		return KSFT_FAIL;
	for (t = __test_list; t; t = t->next)
		n += __test_wanted(t, argc, argv);
	printf("TAP version 13\n1..%u\n", n);
	n = 0;
	for (t = __test_list; t; t = t->next) {
		int code;

		if (!__test_wanted(t, argc, argv))
			continue;
		t->results = results;
		results->reason[0] = '\0';
		code = __test_run(t);
		failed += code != KSFT_PASS && code != KSFT_SKIP;
		printf("%s %u %s.%s%s%s\n", code == KSFT_PASS || code == KSFT_SKIP ? "ok" : "not ok",
		       ++n, t->fixture, t->name, code == KSFT_SKIP ? " # SKIP " : "",
		       code == KSFT_SKIP ? results->reason : "");
	}
	return failed ? KSFT_FAIL : KSFT_PASS;
}

#define TEST_HARNESS_MAIN							\
	int main(int argc, char **argv)						\
	{									\
		return test_harness_run(argc, argv);				\
	}

#endif /* KSELFTEST_HARNESS_H */

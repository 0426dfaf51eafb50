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

/* What a fixture's tests are run with, each with each. */
struct __test_variant {
	const char *name;
	const void *data;
	struct __test_variant *next;
};

struct __test_fixture {
	const char *name;
	struct __test_variant *variants;
};

struct __test_metadata {
	const struct __test_fixture *fixture;
	const char *name;
	void (*fn)(struct __test_metadata *_metadata);
	const struct __test_variant *variant;	/* of this run; NULL: the fixture has none */
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

static inline void __test_add_variant(struct __test_fixture *fixture, struct __test_variant *v)
{
	struct __test_variant **tail = &fixture->variants;

	while (*tail)
		tail = &(*tail)->next;
	*tail = v;
}

#define TH_LOG(fmt, ...) \
	fprintf(stderr, "# %s:%d:%s:" fmt "\n", __FILE__, __LINE__, _metadata->name, ##__VA_ARGS__)

#define SKIP(statement, fmt, ...) do {						\
	snprintf(_metadata->results->reason, sizeof(_metadata->results->reason), fmt, \
		 ##__VA_ARGS__);						\
	_metadata->exit_code = KSFT_SKIP;					\
	statement;								\
} while (0)

static const struct __test_fixture __test_global = { .name = "global" };

#define __TEST_IMPL(test_name, limit)						\
	static void test_name(struct __test_metadata *_metadata);		\
	static struct __test_metadata _##test_name##_object = {			\
		.fixture = &__test_global, .name = #test_name, .fn = test_name, .timeout = limit }; \
	static void __attribute__((constructor)) _register_##test_name(void)	\
	{									\
		__test_register(&_##test_name##_object);			\
	}									\
	static void test_name(struct __test_metadata *_metadata __attribute__((unused)))

#define TEST(test_name) __TEST_IMPL(test_name, __TEST_TIMEOUT)

#define FIXTURE_DATA(datatype_name) struct _test_data_##datatype_name
#define FIXTURE_VARIANT(fixture_name) struct _test_variant_##fixture_name
#define FIXTURE(fixture_name)							\
	FIXTURE_VARIANT(fixture_name);						\
	static struct __test_fixture _##fixture_name##_fixture = { .name = #fixture_name }; \
	FIXTURE_DATA(fixture_name)
#define FIXTURE_VARIANT_ADD(fixture_name, variant_name)				\
	static const FIXTURE_VARIANT(fixture_name) _variant_##fixture_name##_##variant_name; \
	static void __attribute__((constructor))				\
	_register_variant_##fixture_name##_##variant_name(void)				\
	{									\
		static struct __test_variant v = {				\
			.name = #variant_name, .data = &_variant_##fixture_name##_##variant_name }; \
										\
		__test_add_variant(&_##fixture_name##_fixture, &v);		\
	}									\
	static const FIXTURE_VARIANT(fixture_name) _variant_##fixture_name##_##variant_name =
#define __TEST_VARIANT(fixture_name) \
	const FIXTURE_VARIANT(fixture_name) *variant __attribute__((unused))
#define FIXTURE_SETUP(fixture_name)						\
	static void fixture_name##_setup(					\
		struct __test_metadata *_metadata __attribute__((unused)),	\
		FIXTURE_DATA(fixture_name) *self __attribute__((unused)),	\
		__TEST_VARIANT(fixture_name))
#define FIXTURE_TEARDOWN(fixture_name)						\
	static void fixture_name##_teardown(					\
		struct __test_metadata *_metadata __attribute__((unused)),	\
		FIXTURE_DATA(fixture_name) *self __attribute__((unused)),	\
		__TEST_VARIANT(fixture_name))

#define TEST_F(fixture_name, test_name) TEST_F_TIMEOUT(fixture_name, test_name, __TEST_TIMEOUT)
#define TEST_F_TIMEOUT(fixture_name, test_name, limit)				\
	static void fixture_name##_##test_name(					\
		struct __test_metadata *_metadata, FIXTURE_DATA(fixture_name) *self, \
		__TEST_VARIANT(fixture_name));					\
	static void wrapper_##fixture_name##_##test_name(			\
		struct __test_metadata *_metadata)				\
	{									\
		const void *variant = _metadata->variant ? _metadata->variant->data : NULL; \
		FIXTURE_DATA(fixture_name) self;				\
										\
		memset(&self, 0, sizeof(self));					\
		fixture_name##_setup(_metadata, &self, variant);		\
		if (_metadata->exit_code)					\
			return;							\
		fixture_name##_##test_name(_metadata, &self, variant);		\
		fixture_name##_teardown(_metadata, &self, variant);		\
	}									\
	static struct __test_metadata _##fixture_name##_##test_name##_object = { \
		.fixture = &_##fixture_name##_fixture, .name = #test_name,	\
		.fn = wrapper_##fixture_name##_##test_name, .timeout = limit };	\
	static void __attribute__((constructor))				\
	_register_##fixture_name##_##test_name(void)				\
	{									\
		__test_register(&_##fixture_name##_##test_name##_object);	\
	}									\
	static void fixture_name##_##test_name(					\
		struct __test_metadata *_metadata __attribute__((unused)),	\
		FIXTURE_DATA(fixture_name) *self __attribute__((unused)),	\
		__TEST_VARIANT(fixture_name))

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

/* "fixture.test", or "fixture.variant.test". */
static void __test_full_name(const struct __test_metadata *t, char *name, size_t size)
{
	const struct __test_variant *v = t->variant;

	snprintf(name, size, "%s.%s%s%s", t->fixture->name, v ? v->name : "", v ? "." : "",
		 t->name);
}

/* With arguments: only the tests of these names, "test" or "variant.test". */
static bool __test_wanted(const struct __test_metadata *t, int argc, char **argv)
{
	size_t skip = strlen(t->fixture->name) + 1;
	char name[128];

	__test_full_name(t, name, sizeof(name));
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], t->name) || !strcmp(argv[i], name + skip))
			return true;
	return argc < 2;
}

/* The next test, or the same with its next variant; NULL after the last one. */
static struct __test_metadata *__test_next(struct __test_metadata *t)
{
	if (t && t->variant && t->variant->next) {
		t->variant = t->variant->next;
		return t;
	}
	t = t ? t->next : __test_list;
	if (t)
		t->variant = t->fixture->variants;
	return t;
}

static int __attribute__((unused)) test_harness_run(int argc, char **argv)
{
	struct __test_results *results = mmap(NULL, sizeof(*results), PROT_READ | PROT_WRITE,
					      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned int n = 0, failed = 0;
	struct __test_metadata *t;

	if (results == MAP_FAILED)
		return KSFT_FAIL;
	for (t = __test_next(NULL); t; t = __test_next(t))
		n += __test_wanted(t, argc, argv);
	printf("TAP version 13\n1..%u\n", n);
	n = 0;
	for (t = __test_next(NULL); t; t = __test_next(t)) {
		char name[128];
		int code;

		if (!__test_wanted(t, argc, argv))
			continue;
		t->results = results;
		results->reason[0] = '\0';
		code = __test_run(t);
		failed += code != KSFT_PASS && code != KSFT_SKIP;
		__test_full_name(t, name, sizeof(name));
		printf("%s %u %s%s%s\n", code == KSFT_PASS || code == KSFT_SKIP ? "ok" : "not ok",
		       ++n, name, code == KSFT_SKIP ? " # SKIP " : "",
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

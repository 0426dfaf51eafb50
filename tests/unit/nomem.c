// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into a program: one of its allocations fails.
 *
 *   NMS_NOMEM_LOG=FILE	write the number of each allocation, from 1, that comes from a place which
 *			none before it came from: by the calls that led there
 *   NMS_NOMEM_AT=N	the Nth fails, and only that
 *
 * The places are told apart within a process alone; addresses need not be the same in the next.
 * Those in libraries that end the program, or go on as if nothing had happened, are left out: what
 * json-c 0.16, libgcrypt 1.10, cairo and what is behind it do there is not for us to mend.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEPTH 12
#define PLACES 65536u	/* a power of two, never full */

static void *(*next_malloc)(size_t size);
static void *(*next_calloc)(size_t n, size_t size);
static void *(*next_realloc)(void *p, size_t size);
static void (*next_free)(void *p);

static atomic_ulong count;
static unsigned long fail_at;
static int log_fd = -1;
static _Atomic uint64_t places[PLACES];
static _Thread_local bool within;

/* What is allocated before begin(), when the calls of this file may not lead anywhere yet. */
static bool begun;
static _Alignas(16) char early[1 << 20];
static size_t early_used;

static void *take_early(size_t size)
{
	void *p = early + early_used;

	early_used += (size + 15) / 16 * 16;
	if (early_used > sizeof(early))
		abort();
	return p;
}

static bool is_early(const void *p)
{
	return (const char *)p >= early && (const char *)p < early + sizeof(early);
}

static void __attribute__((constructor)) begin(void)
{
	const char *at = getenv("NMS_NOMEM_AT"), *log = getenv("NMS_NOMEM_LOG");
	void *frame[DEPTH];

	next_calloc = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
	next_realloc = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
	next_free = (void (*)(void *))dlsym(RTLD_NEXT, "free");
	next_malloc = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
	begun = true;
	within = true;
	/* loads what it needs, once */
	backtrace(frame, DEPTH);
	if (log)
		log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	within = false;
	fail_at = at ? strtoul(at, NULL, 10) : 0;
}

/* Whose allocation is it: the first caller that is neither this file nor the C library. */
static bool is_left_out(void *const *frame, int n)
{
	static const char *const out[] = {
		"libjson-c", "libgcrypt", "libgpg-error", "libcairo", "libpixman", "libfontconfig", "libfreetype",
		"libexpat", "libX", "libxcb", "libpopt", "ld-linux",
	};
	Dl_info self, it;

	if (!dladdr((void *)(uintptr_t)is_left_out, &self))
		abort();
	for (int i = 0; i < n; i++) {
		if (!dladdr(frame[i], &it) || it.dli_fbase == self.dli_fbase || strstr(it.dli_fname, "libc.so"))
			continue;
		for (size_t k = 0; k < sizeof(out) / sizeof(out[0]); k++)
			if (strstr(it.dli_fname, out[k]))
				return true;
		return false;
	}
	return true;
}

static bool is_new_place(void)
{
	uint64_t hash = 0xcbf29ce484222325, none = 0;
	void *frame[DEPTH];
	int n;

	within = true;
	n = backtrace(frame, DEPTH);
	if (is_left_out(frame, n))
		n = 0;
	within = false;
	if (!n)
		return false;
	for (int i = 0; i < n; i++)
		hash = (hash ^ (uint64_t)(uintptr_t)frame[i]) * 0x100000001b3;
	for (size_t at = hash % PLACES; ; at = (at + 1) % PLACES, none = 0) {
		if (atomic_compare_exchange_strong(&places[at], &none, hash))
			return true;
		if (none == hash)
			return false;
	}
}

static bool refused(void)
{
	unsigned long number;
	char line[24];
	int n;

	if (within || (!fail_at && log_fd < 0))
		return false;
	number = atomic_fetch_add(&count, 1) + 1;
	if (log_fd >= 0 && is_new_place()) {
		n = snprintf(line, sizeof(line), "%lu\n", number);
		if (write(log_fd, line, (size_t)n) != n)
			abort();
	}
	if (number != fail_at)
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	if (!begun)
		return take_early(size);
	return refused() ? NULL : next_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	if (!begun)
		return take_early(n * size);
	return refused() ? NULL : next_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	size_t left;
	void *q;

	if (begun && !is_early(p))
		return refused() ? NULL : next_realloc(p, size);
	/* how long it was is not known: as much as there may have been */
	q = malloc(size);
	left = p ? (size_t)(early + sizeof(early) - (char *)p) : 0;
	for (size_t i = 0; q && i < size && i < left; i++)
		((char *)q)[i] = ((char *)p)[i];
	return q;
}

void free(void *p)
{
	if (p && begun && !is_early(p))
		next_free(p);
}

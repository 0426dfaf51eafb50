/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a fuzz target is made of.  With clang it is linked with libFuzzer, else with main.c, which
 * reads files of a corpus and changes them at random, without being guided.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Of the target. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned int seed);

/* Of libFuzzer, or of main.c: some change or other, in place; the new size. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);

/* An answer that must not be: ends the program, which keeps the input. */
static inline void fuzz_fail(const char *what)
{
	fprintf(stderr, "fuzz: %s\n", what);
	abort();
}

/* splitmix64 */
static inline uint64_t fuzz_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

#endif /* FUZZ_H */

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Counter-based random numbers: the value is a function of seed, stream and
 * counter alone, so that it does not matter who asks first.  The mixing is the
 * finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), applied twice.
 */
#ifndef ENG_RNG_H
#define ENG_RNG_H

#include <stdint.h>

/* One stream per purpose, so that no two uses see the same numbers. */
enum eng_stream {
	ENG_STREAM_PCA = 1,
	ENG_STREAM_DE,
	ENG_STREAM_FWA,
	ENG_STREAM_EMBED,
	ENG_STREAM_SELECT,
	ENG_STREAM_NEIGHBOURS,
	ENG_STREAM_COVERAGE,
};

static inline uint64_t eng_mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static inline uint64_t eng_random(uint64_t seed, enum eng_stream stream, uint64_t counter)
{
	uint64_t key = eng_mix(seed + 0x9e3779b97f4a7c15u * (uint64_t)stream);

	return eng_mix(key ^ eng_mix(counter + 0x9e3779b97f4a7c15u));
}

/* Uniform in [0, 1): 24 bits, exact in float32. */
static inline float eng_uniform(uint64_t seed, enum eng_stream stream, uint64_t counter)
{
	return (float)(eng_random(seed, stream, counter) >> 40) * 0x1p-24f;
}

/* Uniform in [0, bound), bound > 0, by multiplication (bias below bound / 2^64). */
static inline uint64_t eng_below(uint64_t seed, enum eng_stream stream, uint64_t counter,
				 uint64_t bound)
{
	__extension__ typedef unsigned __int128 u128;

	return (uint64_t)(((u128)eng_random(seed, stream, counter) * bound) >> 64);
}

#endif /* ENG_RNG_H */

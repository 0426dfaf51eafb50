// SPDX-License-Identifier: GPL-2.0-only
/* Compiled once per variant, as the engine's hot loops are, and with their arithmetic. */
#include "rates.h"

#include "hot/hot.h"

/* Chains that do not wait for one another: latency times units, and what the registers hold. */
#define CHAINS 12

typedef eng_native nat;

struct chains {
	nat c[CHAINS];
};

static inline nat n_fma(nat a, nat b, nat c)
{
#if !defined(ENG_FMA)
	return a * b + c;
#elif VNATIVE == 16
	return (nat)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#else
	return (nat)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#endif
}

/* Each begins elsewhere: a compiler sees that two are the same. */
static inline void start(struct chains *t)
{
	for (int i = 0; i < CHAINS; i++)
		t->c[i] = (nat){} + (float)(i + 1);
}

static inline void fold(const struct chains *t, float *sink)
{
	nat sum = t->c[0];
	float x[VNATIVE];

	for (int i = 1; i < CHAINS; i++)
		sum += t->c[i];
	memcpy(x, &sum, sizeof(x));
	for (int i = 0; i < VNATIVE; i++)
		*sink += x[i];
}

static double flops(size_t n, float *sink)
{
	const nat a = (nat){} + (0.5f + *sink * 0.0f), b = (nat){} + (0.25f + *sink * 0.0f);
	struct chains t;

	start(&t);
	for (size_t s = 0; s < n; s++)
		for (int i = 0; i < CHAINS; i++)
			t.c[i] = n_fma(t.c[i], a, b);
	fold(&t, sink);
	return 2.0 * CHAINS * VNATIVE * (double)n;
}

static double divs(size_t n, float *sink)
{
	const nat a = (nat){} + (1.5f + *sink * 0.0f);
	struct chains t;

	start(&t);
	for (size_t s = 0; s < n; s++)
		for (int i = 0; i < CHAINS; i++)
			t.c[i] = a / t.c[i];
	fold(&t, sink);
	return (double)CHAINS * VNATIVE * (double)n;
}

/* Four at a time, of arguments that change: as the bandwidth search has it. */
static double exps(size_t n, float *sink)
{
	vf x = v_set(-0.5f + *sink * 0.0f), s0 = v_zero(), s1 = v_zero(), s2 = v_zero(),
	   s3 = v_zero();
	const vf step = v_set(-0.001f);

	for (size_t s = 0; s < n; s++) {
		s0 = v_add(s0, v_exp_neg(x));
		s1 = v_add(s1, v_exp_neg(v_add(x, step)));
		s2 = v_add(s2, v_exp_neg(v_sub(x, step)));
		s3 = v_add(s3, v_exp_neg(v_mul(x, step)));
		x = v_min(v_add(x, step), v_set(-0.01f));
	}
	*sink += v_sum(v_add(v_add(s0, s1), v_add(s2, s3)));
	return 4.0 * VLANES * (double)n;
}

static inline nat n_load(const float *x)
{
	nat r;

	memcpy(&r, x, sizeof(r));
	return r;
}

#define SUMS 8	/* that a read is added to */

static double read_all(const float *x, size_t n, float *sink)
{
	struct chains t = { 0 };

	for (size_t i = 0; i < n; i += SUMS * VNATIVE)
		for (size_t k = 0; k < SUMS; k++)
			t.c[k] += n_load(x + i + k * VNATIVE);
	fold(&t, sink);
	return (double)n * sizeof(*x);
}

static double triad(float *a, const float *b, const float *c, size_t n)
{
	const nat f = (nat){} + 0.5f;

	for (size_t i = 0; i < n; i += 4 * VNATIVE)
		for (size_t k = i; k < i + 4 * VNATIVE; k += VNATIVE) {
			nat t = n_fma(f, n_load(c + k), n_load(b + k));

			memcpy(a + k, &t, sizeof(t));
		}
	return 3.0 * (double)n * sizeof(*a);
}

#define RATES ENG_HOT(rates)

const struct hot_rates RATES = {
	.flops = flops,
	.exps = exps,
	.divs = divs,
	.read = read_all,
	.triad = triad,
};

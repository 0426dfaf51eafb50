// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Stockham autosort transforms, sixteen at a time (C. Van Loan, Computational
 * Frameworks for the FFT, SIAM 1992, section 1.7).  A pass reads
 *
 *	x[q + s (p + k m)], k < r, and writes y[q + s (r p + j)], j < r,
 *
 * for p < m, q < s.  The lanes never meet, so a pass works on one native
 * vector at a time and keeps its butterfly in registers.  The inverse is the
 * forward transform with real and imaginary parts exchanged.
 */
#include "hot.h"
#include "fft.h"

#define GROUP ENG_FFT_GROUP

typedef eng_native nat;
typedef float v4 __attribute__((vector_size(16), may_alias, aligned(4)));

struct cnat {
	nat re, im;
};

/* Where the parts of a sequence lie: real first, or exchanged for the inverse. */
struct seq {
	float *re, *im;
};

ENG_INLINE struct seq seq_of(float *x, bool inverse)
{
	return inverse ? (struct seq){ x + VLANES, x } : (struct seq){ x, x + VLANES };
}

ENG_INLINE nat n_fma(nat a, nat b, nat c)
{
#if !defined(ENG_FMA)
	return a * b + c;
#elif VNATIVE == 16
	return (nat)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#else
	return (nat)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#endif
}

ENG_INLINE nat n_set(float x)
{
	return (nat){} + x;
}

ENG_INLINE struct cnat c_load(struct seq x, size_t i)
{
	struct cnat r;

	memcpy(&r.re, x.re + i, sizeof(nat));
	memcpy(&r.im, x.im + i, sizeof(nat));
	return r;
}

ENG_INLINE void c_store(struct seq y, size_t i, struct cnat a)
{
	memcpy(y.re + i, &a.re, sizeof(nat));
	memcpy(y.im + i, &a.im, sizeof(nat));
}

ENG_INLINE struct cnat c_add(struct cnat a, struct cnat b)
{
	return (struct cnat){ a.re + b.re, a.im + b.im };
}

ENG_INLINE struct cnat c_sub(struct cnat a, struct cnat b)
{
	return (struct cnat){ a.re - b.re, a.im - b.im };
}

/* a - i b and a + i b */
ENG_INLINE struct cnat c_sub_i(struct cnat a, struct cnat b)
{
	return (struct cnat){ a.re + b.im, a.im - b.re };
}

ENG_INLINE struct cnat c_add_i(struct cnat a, struct cnat b)
{
	return (struct cnat){ a.re - b.im, a.im + b.re };
}

/* a + c b, c real */
ENG_INLINE struct cnat c_axpy(float c, struct cnat b, struct cnat a)
{
	return (struct cnat){ n_fma(n_set(c), b.re, a.re), n_fma(n_set(c), b.im, a.im) };
}

ENG_INLINE struct cnat c_mul(struct cnat a, const float *w)
{
	nat re = n_set(w[0]), im = n_set(w[1]);

	return (struct cnat){ n_fma(a.re, re, -(a.im * im)), n_fma(a.re, im, a.im * re) };
}

/* The loops of every pass: over p, q and the native parts of sixteen lanes. */
#define PASS_BEGIN(R)								\
	const size_t in = st->s * st->m * GROUP, out = st->s * GROUP;		\
	for (size_t p = 0; p < st->m; p++) {					\
		const float *w = st->twiddle + 2 * (R - 1) * p;			\
		for (size_t q = 0; q < st->s * VPARTS; q++) {			\
			size_t lane = q / VPARTS * GROUP + q % VPARTS * VNATIVE; \
			size_t i = st->s * p * GROUP + lane;			\
			size_t o = st->s * R * p * GROUP + lane;
#define PASS_END }}

static void pass2(const struct eng_fft_step *st, struct seq x, struct seq y)
{
	PASS_BEGIN(2)
		struct cnat a = c_load(x, i), b = c_load(x, i + in);

		c_store(y, o, c_add(a, b));
		c_store(y, o + out, c_mul(c_sub(a, b), w));
	PASS_END
}

static void pass3(const struct eng_fft_step *st, struct seq x, struct seq y)
{
	const float sin60 = 0.866025403784438646763723170752936183f;

	PASS_BEGIN(3)
		struct cnat a = c_load(x, i), b = c_load(x, i + in), c = c_load(x, i + 2 * in);
		struct cnat sum = c_add(b, c), dif = c_sub(b, c);
		struct cnat mid = c_axpy(-0.5f, sum, a);

		dif.re *= sin60;
		dif.im *= sin60;
		c_store(y, o, c_add(a, sum));
		c_store(y, o + out, c_mul(c_sub_i(mid, dif), w));
		c_store(y, o + 2 * out, c_mul(c_add_i(mid, dif), w + 2));
	PASS_END
}

static void pass4(const struct eng_fft_step *st, struct seq x, struct seq y)
{
	PASS_BEGIN(4)
		struct cnat a = c_load(x, i), b = c_load(x, i + in);
		struct cnat c = c_load(x, i + 2 * in), d = c_load(x, i + 3 * in);
		struct cnat ac = c_add(a, c), bd = c_add(b, d);
		struct cnat a_c = c_sub(a, c), b_d = c_sub(b, d);

		c_store(y, o, c_add(ac, bd));
		c_store(y, o + out, c_mul(c_sub_i(a_c, b_d), w));
		c_store(y, o + 2 * out, c_mul(c_sub(ac, bd), w + 2));
		c_store(y, o + 3 * out, c_mul(c_add_i(a_c, b_d), w + 4));
	PASS_END
}

static void pass5(const struct eng_fft_step *st, struct seq x, struct seq y)
{
	const float c1 = 0.309016994374947424102293417182819059f;
	const float c2 = -0.809016994374947424102293417182819059f;
	const float s1 = 0.951056516295153572116439333379382143f;
	const float s2 = 0.587785252292473129168705954639072769f;

	PASS_BEGIN(5)
		struct cnat a = c_load(x, i), b = c_load(x, i + in), c = c_load(x, i + 2 * in);
		struct cnat d = c_load(x, i + 3 * in), e = c_load(x, i + 4 * in);
		struct cnat be = c_add(b, e), cd = c_add(c, d), b_e = c_sub(b, e), c_d = c_sub(c, d);
		struct cnat even1 = c_axpy(c2, cd, c_axpy(c1, be, a));
		struct cnat even2 = c_axpy(c1, cd, c_axpy(c2, be, a));
		struct cnat odd1 = c_axpy(s1, b_e, (struct cnat){ c_d.re * s2, c_d.im * s2 });
		struct cnat odd2 = c_axpy(s2, b_e, (struct cnat){ c_d.re * -s1, c_d.im * -s1 });

		c_store(y, o, c_add(a, c_add(be, cd)));
		c_store(y, o + out, c_mul(c_sub_i(even1, odd1), w));
		c_store(y, o + 2 * out, c_mul(c_sub_i(even2, odd2), w + 2));
		c_store(y, o + 3 * out, c_mul(c_add_i(even2, odd2), w + 4));
		c_store(y, o + 4 * out, c_mul(c_add_i(even1, odd1), w + 6));
	PASS_END
}

/* First passes whose upper half of inputs is zero. */
static void pass2_half_in(const struct eng_fft_step *st, struct seq x, struct seq y)
{
	PASS_BEGIN(2)
		struct cnat a = c_load(x, i);

		(void)in;
		c_store(y, o, a);
		c_store(y, o + out, c_mul(a, w));
	PASS_END
}

static void pass4_half_in(const struct eng_fft_step *st, struct seq x, struct seq y)
{
	PASS_BEGIN(4)
		struct cnat a = c_load(x, i), b = c_load(x, i + in);

		c_store(y, o, c_add(a, b));
		c_store(y, o + out, c_mul(c_sub_i(a, b), w));
		c_store(y, o + 2 * out, c_mul(c_sub(a, b), w + 2));
		c_store(y, o + 3 * out, c_mul(c_add_i(a, b), w + 4));
	PASS_END
}

/* Last passes (m = 1, no twiddles) whose upper half of outputs is not wanted. */
static void pass2_half_out(const struct eng_fft_step *st, struct seq x, struct seq y)
{
	PASS_BEGIN(2)
		(void)out;
		(void)w;
		c_store(y, o, c_add(c_load(x, i), c_load(x, i + in)));
	PASS_END
}

static void pass4_half_out(const struct eng_fft_step *st, struct seq x, struct seq y)
{
	PASS_BEGIN(4)
		struct cnat a = c_load(x, i), b = c_load(x, i + in);
		struct cnat c = c_load(x, i + 2 * in), d = c_load(x, i + 3 * in);

		(void)w;
		c_store(y, o, c_add(c_add(a, c), c_add(b, d)));
		c_store(y, o + out, c_sub_i(c_sub(a, c), c_sub(b, d)));
	PASS_END
}

static void pass(const struct eng_fft_step *st, struct seq x, struct seq y)
{
	switch (st->radix) {
	case 2:
		pass2(st, x, y);
		break;
	case 3:
		pass3(st, x, y);
		break;
	case 4:
		pass4(st, x, y);
		break;
	default:
		pass5(st, x, y);
	}
}

/* Transform @a, with @b to help; returns the one of them that holds the result. */
static float *forward(const struct eng_fft *plan, float *a, float *b, bool full)
{
	for (unsigned int i = 0; i < plan->forward.count; i++) {
		const struct eng_fft_step *st = &plan->forward.step[i];
		struct seq x = seq_of(a, false), y = seq_of(b, false);
		float *t = a;

		if (i || full)
			pass(st, x, y);
		else if (st->radix == 2)
			pass2_half_in(st, x, y);
		else
			pass4_half_in(st, x, y);
		a = b;
		b = t;
	}
	return a;
}

static float *inverse(const struct eng_fft *plan, float *a, float *b)
{
	for (unsigned int i = 0; i < plan->inverse.count; i++) {
		const struct eng_fft_step *st = &plan->inverse.step[i];
		struct seq x = seq_of(a, true), y = seq_of(b, true);
		float *t = a;

		if (i + 1 < plan->inverse.count)
			pass(st, x, y);
		else if (st->radix == 2)
			pass2_half_out(st, x, y);
		else
			pass4_half_out(st, x, y);
		a = b;
		b = t;
	}
	return a;
}

/* y = transpose of the 16 x 16 matrix x, rows @ldx and @ldy floats apart. */
static void transpose16(const float *x, size_t ldx, float *y, size_t ldy)
{
	for (size_t i = 0; i < VLANES; i += 4) {
		for (size_t j = 0; j < VLANES; j += 4) {
			const float *p = x + i * ldx + j;
			float *q = y + j * ldy + i;
			v4 a = *(const v4 *)p, b = *(const v4 *)(p + ldx);
			v4 c = *(const v4 *)(p + 2 * ldx), d = *(const v4 *)(p + 3 * ldx);
			v4 ab = __builtin_shufflevector(a, b, 0, 4, 1, 5);
			v4 AB = __builtin_shufflevector(a, b, 2, 6, 3, 7);
			v4 cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
			v4 CD = __builtin_shufflevector(c, d, 2, 6, 3, 7);

			*(v4 *)q = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
			*(v4 *)(q + ldy) = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
			*(v4 *)(q + 2 * ldy) = __builtin_shufflevector(AB, CD, 0, 1, 4, 5);
			*(v4 *)(q + 3 * ldy) = __builtin_shufflevector(AB, CD, 2, 3, 6, 7);
		}
	}
}

/*
 * Two real columns went through as one complex sequence z; apart again:
 * x1(k) = (z(k) + conj z(n-k)) / 2 and x2(k) = (z(k) - conj z(n-k)) / 2i.
 * Rows of @b: re x1, im x1, re x2, im x2, each for sixteen k.
 */
static void split_block(const struct eng_fft *plan, const float *z, size_t block,
			float b[4][VLANES * VLANES])
{
	const vf half = v_set(0.5f);

	for (size_t j = 0; j < VLANES; j++) {
		size_t k = block * VLANES + j, r = k ? plan->n - k : 0;
		vf zr, zi, cr, ci;

		if (k > plan->half) {
			for (int i = 0; i < 4; i++)
				v_store(b[i] + j * VLANES, v_zero());
			continue;
		}
		zr = v_mul(v_load(z + k * GROUP), half);
		zi = v_mul(v_load(z + k * GROUP + VLANES), half);
		cr = v_mul(v_load(z + r * GROUP), half);
		ci = v_mul(v_load(z + r * GROUP + VLANES), half);
		v_store(b[0] + j * VLANES, v_add(zr, cr));
		v_store(b[1] + j * VLANES, v_sub(zi, ci));
		v_store(b[2] + j * VLANES, v_add(zi, ci));
		v_store(b[3] + j * VLANES, v_sub(cr, zr));
	}
}

static void columns_forward(const struct eng_fft *plan, const float *in, size_t ld,
			    size_t cols, bool full, float *t, size_t width, float *work)
{
	size_t rows = full ? plan->n : plan->half;
	float b[4][VLANES * VLANES];
	float *z;

	for (size_t y = 0; y < rows; y++) {
		memcpy(work + y * GROUP, in + y * ld, cols * sizeof(*in));
		memset(work + y * GROUP + cols, 0, (GROUP - cols) * sizeof(*in));
	}
	z = forward(plan, work, work + plan->n * GROUP, full);
	for (size_t block = 0; block < plan->blocks; block++) {
		float *o = t + block * width * GROUP;

		split_block(plan, z, block, b);
		transpose16(b[0], VLANES, o, GROUP);
		transpose16(b[1], VLANES, o + VLANES, GROUP);
		transpose16(b[2], VLANES, o + VLANES * GROUP, GROUP);
		transpose16(b[3], VLANES, o + VLANES * GROUP + VLANES, GROUP);
	}
}

static void rows_forward(const struct eng_fft *plan, const float *t, bool full,
			 float *spectrum, float *work)
{
	float *z;

	memcpy(work, t, (full ? plan->n : plan->half) * GROUP * sizeof(*t));
	z = forward(plan, work, work + plan->n * GROUP, full);
	memcpy(spectrum, z, plan->n * GROUP * sizeof(*z));
}

static void rows_inverse(const struct eng_fft *plan, const float *spectrum,
			 const float *kernel, float scale, float *t, float *work)
{
	const vf s = v_set(scale);
	float *z;

	for (size_t i = 0; i < plan->n * GROUP; i += GROUP) {
		vf ar = v_load(spectrum + i), ai = v_load(spectrum + i + VLANES);
		vf br = v_mul(s, v_load(kernel + i)), bi = v_mul(s, v_load(kernel + i + VLANES));

		v_store(work + i, v_sub(v_mul(ar, br), v_mul(ai, bi)));
		v_store(work + i + VLANES, v_add(v_mul(ar, bi), v_mul(ai, br)));
	}
	z = inverse(plan, work, work + plan->n * GROUP);
	memcpy(t, z, plan->half * GROUP * sizeof(*t));
}

static void rows_filter(const struct eng_fft *plan, const float *kernel, float *t, float *work)
{
	float *other = work + plan->n * GROUP;
	float *z;

	memcpy(work, t, plan->half * GROUP * sizeof(*t));
	z = forward(plan, work, other, false);
	for (size_t i = 0; i < plan->n; i++) {
		vf k = v_load(kernel + i * VLANES);

		v_store(z + i * GROUP, v_mul(v_load(z + i * GROUP), k));
		v_store(z + i * GROUP + VLANES, v_mul(v_load(z + i * GROUP + VLANES), k));
	}
	z = inverse(plan, z, z == work ? other : work);
	memcpy(t, z, plan->half * GROUP * sizeof(*t));
}

/* The reverse of split_block(): z(k) = x1(k) + i x2(k), z(n-k) = conj x1(k) + i conj x2(k). */
static void join_block(const struct eng_fft *plan, float *z, size_t block,
		       float b[4][VLANES * VLANES])
{
	for (size_t j = 0; j < VLANES; j++) {
		size_t k = block * VLANES + j, r = plan->n - k;
		vf x1r = v_load(b[0] + j * VLANES), x1i = v_load(b[1] + j * VLANES);
		vf x2r = v_load(b[2] + j * VLANES), x2i = v_load(b[3] + j * VLANES);

		if (k > plan->half)
			return;
		/* Real at the two frequencies that are their own mirror image. */
		if (!k || k == plan->half)
			x1i = x2i = v_zero();
		v_store(z + k * GROUP, v_sub(x1r, x2i));
		v_store(z + k * GROUP + VLANES, v_add(x1i, x2r));
		if (!k)
			continue;
		v_store(z + r * GROUP, v_add(x1r, x2i));
		v_store(z + r * GROUP + VLANES, v_sub(x2r, x1i));
	}
}

static void columns_inverse(const struct eng_fft *plan, const float *t, size_t width,
			    float *out, size_t ld, size_t cols, float *work)
{
	float b[4][VLANES * VLANES];
	float *z;

	for (size_t block = 0; block < plan->blocks; block++) {
		const float *o = t + block * width * GROUP;

		transpose16(o, GROUP, b[0], VLANES);
		transpose16(o + VLANES, GROUP, b[1], VLANES);
		transpose16(o + VLANES * GROUP, GROUP, b[2], VLANES);
		transpose16(o + VLANES * GROUP + VLANES, GROUP, b[3], VLANES);
		join_block(plan, work, block, b);
	}
	z = inverse(plan, work, work + plan->n * GROUP);
	for (size_t y = 0; y < plan->half; y++)
		memcpy(out + y * ld, z + y * GROUP, cols * sizeof(*out));
}

const struct eng_fft_ops ENG_HOT(fft) = {
	.columns_forward = columns_forward,
	.rows_forward = rows_forward,
	.rows_inverse = rows_inverse,
	.rows_filter = rows_filter,
	.columns_inverse = columns_inverse,
};

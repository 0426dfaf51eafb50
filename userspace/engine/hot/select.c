// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hot/select.h"

#include <math.h>

#include "hot/hot.h"

/* Strips worked on at once: as many sums in flight as hide the latency of one. */
#define ABREAST 4

static void dist2(const float *x, size_t strips, size_t d, const float *q, float *out)
{
	const size_t step = d * ENG_STRIP;
	size_t s = 0;

	for (; s + ABREAST <= strips; s += ABREAST, x += ABREAST * step) {
		vf a0 = v_zero(), a1 = v_zero(), a2 = v_zero(), a3 = v_zero();

		for (size_t k = 0; k < d; k++) {
			const vf qk = v_set(q[k]);
			const float *xk = x + k * ENG_STRIP;
			const vf t0 = v_sub(v_load(xk), qk);
			const vf t1 = v_sub(v_load(xk + step), qk);
			const vf t2 = v_sub(v_load(xk + 2 * step), qk);
			const vf t3 = v_sub(v_load(xk + 3 * step), qk);

			a0 = v_fma(t0, t0, a0);
			a1 = v_fma(t1, t1, a1);
			a2 = v_fma(t2, t2, a2);
			a3 = v_fma(t3, t3, a3);
		}
		v_store(out + s * ENG_STRIP, a0);
		v_store(out + (s + 1) * ENG_STRIP, a1);
		v_store(out + (s + 2) * ENG_STRIP, a2);
		v_store(out + (s + 3) * ENG_STRIP, a3);
	}
	for (; s < strips; s++, x += step) {
		vf a = v_zero();

		for (size_t k = 0; k < d; k++) {
			const vf t = v_sub(v_load(x + k * ENG_STRIP), v_set(q[k]));

			a = v_fma(t, t, a);
		}
		v_store(out + s * ENG_STRIP, a);
	}
}

/* Where a > b: a's strip number. */
struct lanes {
	vf value;
	vi strip;
};

ENG_INLINE struct lanes lanes_start(void)
{
	struct lanes l = { .value = v_set(-INFINITY) };

	VEACH l.strip.p[v_] = (eng_nativei){};
	return l;
}

/* Later strips win only if larger, so that each lane keeps its first. */
ENG_INLINE struct lanes lanes_add(struct lanes l, vf x, size_t strip)
{
	VEACH {
		const eng_nativei m = x.p[v_] > l.value.p[v_];
		const eng_nativei s = (eng_nativei){} + (int32_t)strip;

		l.value.p[v_] = (eng_native)((m & (eng_nativei)x.p[v_]) |
					     (~m & (eng_nativei)l.value.p[v_]));
		l.strip.p[v_] = (m & s) | (~m & l.strip.p[v_]);
	}
	return l;
}

ENG_INLINE struct eng_best lanes_fold(struct lanes l)
{
	float value[VLANES];
	int32_t strip[VLANES];
	struct eng_best best;

	v_store(value, l.value);
	memcpy(strip, &l.strip, sizeof(strip));
	best = (struct eng_best){ .value = value[0], .index = (size_t)strip[0] * ENG_STRIP };
	for (size_t i = 1; i < VLANES; i++) {
		const size_t index = (size_t)strip[i] * ENG_STRIP + i;

		if (value[i] > best.value || (value[i] == best.value && index < best.index))
			best = (struct eng_best){ .value = value[i], .index = index };
	}
	return best;
}

static struct eng_best nearest(const float *d2, size_t strips, float *near)
{
	struct lanes l = lanes_start();

	for (size_t s = 0; s < strips; s++) {
		const vf x = v_min(v_load(d2 + s * ENG_STRIP), v_load(near + s * ENG_STRIP));

		v_store(near + s * ENG_STRIP, x);
		l = lanes_add(l, x, s);
	}
	return lanes_fold(l);
}

static struct eng_best herd(const float *d2, size_t strips, const float *mean, float inv,
			    float *sum)
{
	const vf half = v_set(-0.5f), share = v_set(-inv);
	struct lanes l = lanes_start();

	for (size_t s = 0; s < strips; s++) {
		const size_t at = s * ENG_STRIP;
		const vf k = v_exp_neg(v_mul(v_load(d2 + at), half));
		const vf all = v_add(v_load(sum + at), k);

		v_store(sum + at, all);
		l = lanes_add(l, v_fma(all, share, v_load(mean + at)), s);
	}
	return lanes_fold(l);
}

static struct eng_best largest(const float *x, size_t strips)
{
	struct lanes l = lanes_start();

	for (size_t s = 0; s < strips; s++)
		l = lanes_add(l, v_load(x + s * ENG_STRIP), s);
	return lanes_fold(l);
}

ENG_INLINE vf rbf_term(const float *c, vf a, const float *b, const float *mass, vf sum)
{
	const vf e = v_sub(v_sub(v_load(c), a), v_load(b));

	return v_fma(v_exp_neg(v_min(e, v_zero())), v_load(mass), sum);
}

static void rbf(const float *c, size_t ldc, size_t m, size_t n, const float *a, const float *b,
		const float *mass, double *out)
{
	for (size_t i = 0; i < m; i++, c += ldc) {
		const vf ai = v_set(a[i]);
		vf s0 = v_zero(), s1 = v_zero();
		size_t j = 0;

		for (; j + 2 * VLANES <= n; j += 2 * VLANES) {
			s0 = rbf_term(c + j, ai, b + j, mass + j, s0);
			s1 = rbf_term(c + j + VLANES, ai, b + j + VLANES, mass + j + VLANES, s1);
		}
		if (j < n)
			s0 = rbf_term(c + j, ai, b + j, mass + j, s0);
		out[i] += (double)v_sum(v_add(s0, s1));
	}
}

/* A row's running smallest, and where it was. */
struct least {
	vf value;
	vi at;
};

ENG_INLINE void least_add(struct least *l, vf x, int32_t here)
{
	VEACH {
		const eng_nativei less = x.p[v_] < l->value.p[v_];

		l->value.p[v_] = (eng_native)((less & (eng_nativei)x.p[v_]) |
					      (~less & (eng_nativei)l->value.p[v_]));
		l->at.p[v_] = (less & ((eng_nativei){} + here)) | (~less & l->at.p[v_]);
	}
}

/* Rows abreast: each comparison waits for the one before in its row. */
#define ROWS_ABREAST (VNATIVE == 16 ? 4 : 2)

ENG_INLINE void lesser_of(const float *c, size_t ldc, size_t n, const float *b, uint32_t first,
			  float *value, int32_t *index, const int rows)
{
	struct least l[ROWS_ABREAST];

	ENG_UNROLL
	for (int r = 0; r < rows; r++) {
		l[r].value = v_load(value + r * VLANES);
		memcpy(&l[r].at, index + r * VLANES, sizeof(l[r].at));
	}
	for (size_t j = 0; j < n; j += VLANES) {
		const vf bj = v_load(b + j);

		ENG_UNROLL
		for (int r = 0; r < rows; r++)
			least_add(&l[r], v_sub(bj, v_load(c + (size_t)r * ldc + j)),
				  (int32_t)(first + j));
	}
	ENG_UNROLL
	for (int r = 0; r < rows; r++) {
		v_store(value + r * VLANES, l[r].value);
		memcpy(index + r * VLANES, &l[r].at, sizeof(l[r].at));
	}
}

static void lesser(const float *c, size_t ldc, size_t m, size_t n, const float *b,
		   uint32_t first, float *value, int32_t *index)
{
	size_t i = 0;

	if (VNATIVE > 4)
		for (; i + ROWS_ABREAST <= m; i += ROWS_ABREAST)
			lesser_of(c + i * ldc, ldc, n, b, first, value + i * VLANES,
				  index + i * VLANES, ROWS_ABREAST);
	for (; i < m; i++)
		lesser_of(c + i * ldc, ldc, n, b, first, value + i * VLANES, index + i * VLANES, 1);
}

static void fold(const float *value, const int32_t *index, size_t m, uint32_t *out)
{
	for (size_t i = 0; i < m; i++, value += VLANES, index += VLANES) {
		float best = value[0];
		uint32_t at = (uint32_t)index[0];

		for (uint32_t l = 1; l < VLANES; l++) {
			const uint32_t here = (uint32_t)index[l] + l;

			if (value[l] < best || (value[l] == best && here < at)) {
				best = value[l];
				at = here;
			}
		}
		out[i] = at;
	}
}

const struct eng_select_ops ENG_HOT(select) = {
	.dist2 = dist2,
	.nearest = nearest,
	.herd = herd,
	.largest = largest,
	.rbf = rbf,
	.lesser = lesser,
	.fold = fold,
};

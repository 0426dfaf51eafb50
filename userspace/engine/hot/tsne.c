// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hot.h"
#include "tsne.h"
#include "spline.h"

/* Pairs summed in float32 before they go to a double. */
#define PAIR_BLOCK 2048
/* Of which so many at most are held back for a second point. */
#define PAIR_BLOCKS 32

ENG_INLINE vf inverse_square(vf dx, vf dy)
{
	const vf one = v_set(1.0f);

	return v_div(one, v_fma(dy, dy, v_fma(dx, dx, one)));
}

/* What one point adds up over all others. */
struct pair_sums {
	vf x, y, q;
};

ENG_INLINE void pair_add(struct pair_sums *s, vf xi, vf yi, vf xj, vf yj)
{
	vf dx = v_sub(xi, xj), dy = v_sub(yi, yj);
	vf q = inverse_square(dx, dy), q2 = v_mul(q, q);

	s->q = v_add(s->q, q);
	s->x = v_fma(q2, dx, s->x);
	s->y = v_fma(q2, dy, s->y);
}

/*
 * One point or two from the @i-th: where there are registers for both, the sums of
 * one hide the latency of those of the other.  @z takes the sums of blocks point by
 * point, so that those of the second wait.
 */
ENG_INLINE void pairs_of(const float *x, const float *y, size_t n, size_t i, double *z,
			 float *force, const size_t points)
{
	struct pair_sums s[2];
	double later[PAIR_BLOCKS];

	ENG_UNROLL
	for (size_t p = 0; p < points; p++)
		s[p] = (struct pair_sums){ v_zero(), v_zero(), v_zero() };
	for (size_t b = 0; b < n; b += PAIR_BLOCK) {
		size_t end = b + PAIR_BLOCK < n ? b + PAIR_BLOCK : n;

		for (size_t j = b; j < end; j += VLANES) {
			const vf xj = v_load(x + j), yj = v_load(y + j);

			ENG_UNROLL
			for (size_t p = 0; p < points; p++)
				pair_add(&s[p], v_set(x[i + p]), v_set(y[i + p]), xj, yj);
		}
		*z += (double)v_sum(s[0].q);
		s[0].q = v_zero();
		if (points == 2) {
			later[b / PAIR_BLOCK] = (double)v_sum(s[1].q);
			s[1].q = v_zero();
		}
	}
	for (size_t b = 0; points == 2 && b < n; b += PAIR_BLOCK)
		*z += later[b / PAIR_BLOCK];
	for (size_t p = 0; p < points && force; p++) {
		force[2 * (i + p)] = v_sum(s[p].x);
		force[2 * (i + p) + 1] = v_sum(s[p].y);
	}
}

static double pairs(const float *x, const float *y, size_t n, size_t first, size_t count,
		    float *force)
{
	size_t i = first, end = first + count;
	double z = 0.0;

	if (VNATIVE == VLANES && n <= PAIR_BLOCKS * PAIR_BLOCK)
		for (; i + 2 <= end; i += 2)
			pairs_of(x, y, n, i, &z, force, 2);
	for (; i < end; i++)
		pairs_of(x, y, n, i, &z, force, 1);
	return z;
}

#if VNATIVE == 16
/* Two points, and four; loads beat the gather instructions of most processors. */
static inline __m128 two_points(const float *y, const uint32_t *col)
{
	__m128d low = _mm_load_sd((const double *)(const void *)(y + 2 * (size_t)col[0]));

	return _mm_castpd_ps(_mm_loadh_pd(low, (const double *)(const void *)
					       (y + 2 * (size_t)col[1])));
}

static inline __m256 four_points(const float *y, const uint32_t *col)
{
	return _mm256_insertf128_ps(_mm256_castps128_ps256(two_points(y, col)),
				    two_points(y, col + 2), 1);
}
#endif

/* The points that @col names, coordinates apart: y is n x 2. */
ENG_INLINE void gather_points(const float *y, const uint32_t *col, vf *x_out, vf *y_out)
{
#if VNATIVE == 16
	const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14,
					       16, 18, 20, 22, 24, 26, 28, 30);
	const __m512i odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
	__m512 a = _mm512_insertf32x8(_mm512_castps256_ps512(four_points(y, col)),
				      four_points(y, col + 4), 1);
	__m512 b = _mm512_insertf32x8(_mm512_castps256_ps512(four_points(y, col + 8)),
				      four_points(y, col + 12), 1);

	x_out->p[0] = (eng_native)_mm512_permutex2var_ps(a, even, b);
	y_out->p[0] = (eng_native)_mm512_permutex2var_ps(a, odd, b);
#else
	float gx[VLANES], gy[VLANES];

	for (int i = 0; i < VLANES; i++) {
		gx[i] = y[2 * (size_t)col[i]];
		gy[i] = y[2 * (size_t)col[i] + 1];
	}
	*x_out = v_load(gx);
	*y_out = v_load(gy);
#endif
}

/* Sixteen sums of sixteen lanes: lane r of the result is the sum of row r of @a. */
ENG_INLINE vf sum_rows(const float a[VLANES][VLANES])
{
	float t[VLANES][VLANES];

	for (int i = 0; i < VLANES; i++)
		for (int j = 0; j < VLANES; j++)
			t[j][i] = a[i][j];
	for (int half = VLANES / 2; half; half /= 2)
		for (int j = 0; j < half; j++)
			v_store(t[j], v_add(v_load(t[j]), v_load(t[j + half])));
	return v_load(t[0]);
}

/*
 * Edges that far on are asked for: two pages, as the processor stops its own
 * prefetching at the end of one, and the points between throw it out of step.
 */
#define AHEAD 2048

ENG_INLINE void edges_ahead(const struct eng_edges *e, size_t k)
{
	__builtin_prefetch(e->col + k + AHEAD);
	__builtin_prefetch(e->p + k + AHEAD);
}

static void attract(const struct eng_edges *e, const float *y, size_t first, size_t last,
		    float *force)
{
	float ax[VLANES][VLANES] = { 0 }, ay[VLANES][VLANES] = { 0 };
	float fx[VLANES], fy[VLANES];

	for (size_t i = first; i < last; i++) {
		const vf xi = v_set(y[2 * i]), yi = v_set(y[2 * i + 1]);
		vf sx = v_zero(), sy = v_zero();

		for (size_t k = e->start[i] * VLANES; k < e->start[i + 1] * VLANES; k += VLANES) {
			vf xj, yj, dx, dy, w;

			edges_ahead(e, k);
			gather_points(y, e->col + k, &xj, &yj);
			dx = v_sub(xi, xj);
			dy = v_sub(yi, yj);
			w = v_mul(v_load(e->p + k), inverse_square(dx, dy));
			sx = v_fma(w, dx, sx);
			sy = v_fma(w, dy, sy);
		}
		v_store(ax[i - first], sx);
		v_store(ay[i - first], sy);
	}
	v_store(fx, sum_rows(ax));
	v_store(fy, sum_rows(ay));
	for (size_t i = first; i < last; i++) {
		force[2 * i] = fx[i - first];
		force[2 * i + 1] = fy[i - first];
	}
}

/*
 * log x for normal x >= 1.  Relative error below 2e-7 away from 1, absolute
 * near it; reduction to [sqrt(1/2), sqrt(2)), coefficients from Cephes logf
 * (S. Moshier).
 */
ENG_INLINE vf v_log(vf x)
{
	static const float c[] = {
		-1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f, 1.4249322787e-1f,
		-1.6668057665e-1f, 2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f,
	};
	vf e, m, r2, y = v_set(7.0376836292e-2f);

	VEACH {
		/* Exponent such that the mantissa lies in [sqrt(1/2), sqrt(2)). */
		eng_nativei bits = (eng_nativei)x.p[v_] - 0x3f3504f3;
		eng_nativei k = bits >> 23;

		e.p[v_] = __builtin_convertvector(k, eng_native);
		m.p[v_] = (eng_native)((eng_nativei)x.p[v_] - (k << 23)) - 1.0f;
	}
	r2 = v_mul(m, m);
	for (int i = 0; i < 8; i++)
		y = v_fma(y, m, v_set(c[i]));
	y = v_mul(v_mul(y, m), r2);
	y = v_fma(e, v_set(-2.12194440e-4f), y);
	y = v_fma(r2, v_set(-0.5f), y);
	return v_fma(e, v_set(0.693359375f), v_add(m, y));
}

static double log_distance(const struct eng_edges *e, const float *y, size_t first, size_t last)
{
	double total = 0.0;

	for (size_t i = first; i < last; i++) {
		const vf xi = v_set(y[2 * i]), yi = v_set(y[2 * i + 1]), one = v_set(1.0f);
		vf sum = v_zero();

		for (size_t k = e->start[i] * VLANES; k < e->start[i + 1] * VLANES; k += VLANES) {
			vf xj, yj, dx, dy;

			edges_ahead(e, k);
			gather_points(y, e->col + k, &xj, &yj);
			dx = v_sub(xi, xj);
			dy = v_sub(yi, yj);
			sum = v_fma(v_load(e->p + k),
				    v_log(v_fma(dy, dy, v_fma(dx, dx, one))), sum);
		}
		total += (double)v_sum(sum);
	}
	return total;
}

/* Gains rise where gradient and velocity differ in sign, as bh_tsne has it: sign(0) = 0. */
ENG_INLINE vf new_gain(vf gain, vf grad, vf velocity)
{
	VEACH {
		eng_nativei g = (grad.p[v_] < 0.0f) - (grad.p[v_] > 0.0f);
		eng_nativei s = (velocity.p[v_] < 0.0f) - (velocity.p[v_] > 0.0f);
		eng_nativei up = (eng_nativei)(gain.p[v_] + 0.2f);
		eng_nativei down = (eng_nativei)(gain.p[v_] * 0.8f);
		eng_nativei same = g == s;

		gain.p[v_] = (eng_native)((same & down) | (~same & up));
	}
	return v_max(gain, v_set(0.01f));
}

static struct eng_moved move(const struct eng_move *m, size_t count, const float *attraction,
			     const float *repulsion, float *gain, float *velocity, float *y)
{
	const vf attract_by = v_set(m->attract), repel_by = v_set(-m->repel);
	const vf rate = v_set(-m->rate), momentum = v_set(m->momentum);
	vf sum = v_zero(), sum2 = v_zero();
	struct eng_moved moved = { 0 };
	float lanes[VLANES];

	for (size_t i = 0; i < count; i += VLANES) {
		vf v = v_load(velocity + i), at = v_load(y + i);
		vf grad = v_fma(repel_by, v_load(repulsion + i),
				v_mul(attract_by, v_load(attraction + i)));
		vf g = new_gain(v_load(gain + i), grad, v);

		v = v_fma(momentum, v, v_mul(rate, v_mul(g, grad)));
		v = v_min(v_max(v, v_set(-m->longest)), v_set(m->longest));
		at = v_add(at, v);
		v_store(gain + i, g);
		v_store(velocity + i, v);
		v_store(y + i, at);
		sum = v_add(sum, at);
		sum2 = v_fma(grad, grad, sum2);
	}
	v_store(lanes, sum);
	for (int i = 0; i < VLANES; i += 2) {
		moved.x += (double)lanes[i];
		moved.y += (double)lanes[i + 1];
	}
	moved.grad2 = (double)v_sum(sum2);
	return moved;
}

const struct eng_tsne_ops ENG_HOT(tsne) = {
	.spread = spread,
	.gather = gather,
	.pairs = pairs,
	.attract = attract,
	.log_distance = log_distance,
	.move = move,
};
